"""The context of a value in a site file."""

from collections.abc import Callable, Hashable
from dataclasses import field
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Any, TypeVar

from twin_tui.documents.loader import Document, open_document, read_text, to_document
from twin_tui.documents.shipped import KINDS, shipped_folder
from twin_tui.engine.signals import value
from twin_tui.errors import shown

T = TypeVar("T")


@value
class Context:
    """The folder of the site file, keys of its top level, and the content of the files that it names.

    Content is read once: a recording that starts later has the content at the time of loading.
    """

    folder: Path = Path()
    zone: tzinfo = UTC
    allow_outside: bool = False
    """Whether the file may name files outside its folder."""
    nominal_hz: float | None = None
    files: set[Path] = field(default_factory=set, compare=False, repr=False)
    """The files that the site file names, to be read."""
    kept: dict[Hashable, Any] = field(default_factory=dict, compare=False, repr=False)

    def file(self, name: str) -> Path:
        """Return the path of a file to be read that the site file names; ValueError for one outside."""
        path = self.place(name)
        self.files.add(path)
        return path

    def place(self, name: str) -> Path:
        """Return the path of a file that the site file names; raise ValueError for one outside its folder."""
        return self.folder / name if self.allow_outside else _inside(self.folder, name)

    def once(self, key: Hashable, read: Callable[[], T]) -> T:
        """Return the content under a key; read it the first time."""
        if key not in self.kept:
            self.kept[key] = read()
        found: T = self.kept[key]
        return found

    def document(self, path: Path) -> Document:
        """Return the document in a file, and keep its text."""
        document = open_document(path)
        self.kept[path] = document.text
        return document

    def keep(self, path: Path) -> None:
        """Keep the text of a file that another reader opens."""
        self.once(path, lambda: read_text(path))

    def content(self, path: Path) -> Any:
        """Return the data of a file whose text was kept."""
        as_json = {".json": True, ".yaml": False, ".yml": False}.get(path.suffix.lower())
        return to_document(self.kept[path], str(path), as_json=as_json).data


def _inside(folder: Path, name: str) -> Path:
    """Return the path of a name in a site file; raise ValueError for one outside the folder of the site.

    Symbolic links are followed first.
    """
    path = folder / name
    allowed = (folder, *map(shipped_folder, KINDS))
    try:
        real = path.resolve()
        if any(real.is_relative_to(place.resolve()) for place in allowed):
            return path
    except (OSError, RuntimeError, ValueError) as error:
        raise ValueError(f"invalid file name {shown(name)}: {error}") from None
    outside = f"{real} is outside the folder of the site, {folder.resolve()}"
    raise ValueError(f"{outside}: move it there, or allow it with --allow-outside")


NO_CONTEXT = Context()
