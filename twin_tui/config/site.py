"""Sites by file, by name and from data."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twin_tui.config.reader import Site, SiteReader
from twin_tui.documents.files import present
from twin_tui.documents.loader import Document, open_document, plain
from twin_tui.documents.shipped import find_shipped, hides_shipped, shipped_names
from twin_tui.errors import ConfigError, did_you_mean, file_name, shown


def load_site(site: str | Path | Mapping[str, Any], *, allow_outside: bool = False, **overrides: Any) -> Site:
    """Return the site of a file, of the name of a shipped site, or of a dict with the content of a file.

    ``overrides`` replace keys of the top level, such as ``seed``, ``step`` or ``start``; None keeps the key.
    ``allow_outside`` lets the site name files outside its folder (for a dict, the working folder).
    Raises one ConfigError that lists all errors.
    """
    path = None
    if isinstance(site, Mapping):
        folder = Path.cwd()
        document = Document(plain(dict(site), "site"), "site")
    else:
        path = find_site(site)
        folder = path.parent
        document = open_document(path, file_name(site) if path == Path(site) else path.name)
    data = document.data
    if not isinstance(data, dict):
        raise ConfigError(f"{document.name}: expected an object with keys like assets, found {shown(data)}")
    data.update((key, value) for key, value in overrides.items() if value is not None)
    return SiteReader(document, folder, path, allow_outside=allow_outside).read()


def find_site(site: str | Path) -> Path:
    """Return the path of a site file: an existing path, or else the shipped site of that name."""
    path = Path(site)
    try:
        if present(path) and not hides_shipped("sites", path):
            return path
        near = {item.name for item in path.parent.iterdir() if item.suffix in (".json", ".yaml", ".yml")}
    except (OSError, ValueError):
        near = set()
    found = find_shipped("sites", str(site))
    if found is not None:
        return found
    names = near | set(shipped_names("sites")) if path.suffix else shipped_names("sites")
    raise ConfigError(f"{file_name(site)}: no such file and no shipped site{did_you_mean(path.name, names)}")
