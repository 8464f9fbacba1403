"""The places of the parts of a document in its text."""

from bisect import bisect_right
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Place:
    """Line and column of a value (of its key if it has one), and the places of the values in it."""

    line: int
    column: int
    inner: dict[Any, "Place"] | list["Place"] | None = None

    def find(self, path: str) -> "Place":
        """Return the place of a path like ``assets[0].port``, or of the nearest enclosing part."""
        found = self
        while path:
            inner, path = found._step(path)
            if inner is None:
                break
            found = inner
        return found

    def _step(self, path: str) -> tuple["Place | None", str]:
        if isinstance(self.inner, list):
            index, closed, rest = path.removeprefix("[").partition("]")
            if not closed or not index.isdecimal() or int(index) >= len(self.inner):
                return None, ""
            return self.inner[int(index)], rest
        path = path.removeprefix(".")
        names = [name for name in self.inner or () if path.startswith(str(name))]
        names = [name for name in names if path[len(str(name)) :][:1] in ("", ".", "[")]
        if self.inner is None or not names:
            return None, ""
        longest = max(names, key=lambda name: len(str(name)))
        return self.inner[longest], path[len(str(longest)) :]


class LineStarts:
    """Converts positions in a text to line and column, counted from 1."""

    def __init__(self, text: str) -> None:
        self._starts = [0]
        at = text.find("\n")
        while at >= 0:
            self._starts.append(at + 1)
            at = text.find("\n", at + 1)

    def at(self, position: int) -> tuple[int, int]:
        """Return line and column of a position."""
        line = bisect_right(self._starts, position)
        return line, position - self._starts[line - 1] + 1
