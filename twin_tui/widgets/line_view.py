"""The base of everything that is drawn line by line: only what has changed is sent to the terminal."""

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from twin_tui.engine.formats import columns
from twin_tui.widgets.spans import ROLES, Line, ascii_only, cut, merged
from twin_tui.widgets.themes import KINDS

Drawn = tuple[tuple[str, str], ...]


class LineView(ScrollView):
    """Draws lines of (text, role). ``show`` takes new lines and redraws the columns that differ."""

    DEFAULT_CSS = (
        """
    LineView { background: $background; color: $foreground; overflow-x: hidden; scrollbar-size-vertical: 1; }
    LineView > .lines--plain { color: $foreground; }
    LineView > .lines--strong { color: $foreground; text-style: bold; }
    LineView > .lines--label { color: $role-label; }
    LineView > .lines--axis { color: $role-axis; }
    LineView > .lines--rule { color: $role-rule; }
    LineView > .lines--focus { color: $role-focus; text-style: bold; }
    LineView > .lines--notice { color: $foreground; text-style: bold reverse; }
    LineView > .lines--written { color: $role-fresh; }
    LineView > .lines--fresh { color: $role-fresh; text-style: bold reverse; }
    LineView > .lines--alarm { color: $role-alarm; text-style: bold; }
    LineView > .lines--chosen { background: $role-chosen; text-style: bold; }
    """
        + "\n".join(f"LineView > .lines--{kind} {{ color: $role-{kind}; }}" for kind in KINDS)
        + "\n".join(
            f"LineView > .lines--{kind}-hung {{ color: $role-{kind}; text-style: reverse; }}"
            for kind in KINDS
        )
    )
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"lines--{role}" for role in (*ROLES, "chosen")}
    can_focus = False

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.drawn: list[Drawn] = []
        self._styles_known: dict[tuple[str, bool], Style] = {}
        self._cursor_line = -1

    def show(self, lines: Sequence[Line], cursor: int = -1) -> None:
        """Draw these lines; ``cursor`` is the line that is marked."""
        new = [tuple(line) for line in lines]
        old = self.drawn
        self.drawn = new
        moved = {self._cursor_line, cursor} if cursor != self._cursor_line else set()
        self._cursor_line = cursor
        width = self.scrollable_content_region.width
        if len(new) != len(old):
            self.virtual_size = Size(width, len(new))
            if max(len(new), len(old)) <= self.size.height or not new:
                self.refresh()
                return
        if not self.is_on_screen:
            self.refresh()  # nothing of it is drawn now, so no columns of it either
            return
        top = int(self.scroll_offset.y)
        for y in range(top, min(top + self.size.height, max(len(new), len(old)))):
            if y in moved or y >= len(old) or y >= len(new):
                self.refresh(Region(0, y - top, self.size.width, 1))
            elif new[y] != old[y]:
                first, last = _difference(old[y], new[y])
                if first < last:
                    self.refresh(Region(first, y - top, last - first, 1))

    def render_line(self, y: int) -> Strip:
        line = y + int(self.scroll_offset.y)
        width = self.size.width
        if line >= len(self.drawn):
            return Strip([Segment(" " * width, self.role_style("plain"))], width)
        marked = line == self._cursor_line
        spans = cut(self.drawn[line], width)
        if self.app.has_class("-ascii"):
            spans = [(ascii_only(text), role) for text, role in spans]
        return Strip([Segment(text, self.role_style(role, marked)) for text, role in merged(spans)], width)

    def role_style(self, role: str, marked: bool = False) -> Style:
        """Return the style of a role in the present theme."""
        key = (role, marked)
        style = self._styles_known.get(key)
        if style is None:
            style = self.get_component_rich_style(f"lines--{role}")
            if marked:
                mark = self.get_component_rich_style("lines--chosen")
                style = style + Style(bgcolor=mark.bgcolor, bold=True)
            self._styles_known[key] = style
        return style

    def notify_style_update(self) -> None:
        """Forget the styles of the theme before."""
        self._styles_known.clear()
        super().notify_style_update()


def _difference(old: Drawn, new: Drawn) -> tuple[int, int]:
    """Return the columns, first and behind the last, in which two lines differ."""
    before, after = _cells(old), _cells(new)
    if len(before) != len(after):
        return 0, max(len(before), len(after))
    differ = [place for place, (one, other) in enumerate(zip(before, after, strict=True)) if one != other]
    return (differ[0], differ[-1] + 1) if differ else (0, 0)


def _cells(line: Drawn) -> list[tuple[str, str]]:
    """Return a pair a column: the second column of a wide character has no text."""
    return [
        (part, role)
        for text, role in line
        for character in text
        for part in (character, *[""] * (columns(character) - 1))
    ]
