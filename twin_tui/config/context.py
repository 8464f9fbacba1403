"""What a value of a site file may need to know of the rest of it."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Any, TypeVar

from twin_tui.documents.loader import Document, open_document, read_text, to_document

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Context:
    """Where the file lies, what its top level says, and what the other files hold that it names.

    What was read once is kept: a recording that starts later has it as it was when the site was loaded.
    """

    folder: Path = Path()
    zone: tzinfo = UTC
    nominal_hz: float | None = None
    kept: dict[Hashable, Any] = field(default_factory=dict, compare=False, repr=False)

    def once(self, key: Hashable, read: Callable[[], T]) -> T:
        """Return what was kept under a key, read now if it was not yet."""
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
        """Keep the text of a file that somebody else reads."""
        self.once(path, lambda: read_text(path))

    def content(self, path: Path) -> Any:
        """Return the data of a file whose text was kept."""
        as_json = {".json": True, ".yaml": False, ".yml": False}.get(path.suffix.lower())
        return to_document(self.kept[path], str(path), as_json=as_json).data


NOWHERE = Context()
