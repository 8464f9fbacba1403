"""Makes the page of a package index from README.md: links and pictures lead to the repository there.

The build calls it (``tool.hatch.metadata.hooks.custom`` of pyproject.toml). While ``repository`` is empty,
links stay relative.
"""

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

RELATIVE = re.compile(r"(!?)(\[[^\]]*\])\((?!\w+:|#|/)([^)\s]+)\)")


def page(text: str, repository: str, version: str) -> str:
    """Return a page whose relative links lead to the files of a release; unchanged without a repository."""
    if not repository:
        return text
    base = repository.rstrip("/")

    def absolute(found: re.Match[str]) -> str:
        picture, label, target = found.groups()
        return f"{picture}{label}({base}/{'raw' if picture else 'blob'}/v{version}/{target})"

    return RELATIVE.sub(absolute, text)


class PackagePage(MetadataHookInterface):
    """Adds readme and urls to the metadata of the package."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Fill in what depends on the address of the repository."""
        repository = self.config["repository"].rstrip("/")
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": page(text, repository, metadata["version"]),
        }
        if repository:
            metadata["urls"] = {
                "Source": repository,
                "Changelog": f"{repository}/blob/v{metadata['version']}/CHANGELOG.md",
            }
