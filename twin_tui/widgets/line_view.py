"""The base of everything that is drawn line by line: only what has changed is sent to the terminal."""

from collections.abc import Sequence
from typing import ClassVar, Protocol

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from twin_tui.widgets.spans import ROLES, Span, ascii_only, cut, merged
from twin_tui.widgets.themes import KINDS

Drawn = tuple[tuple[str, str], ...]


class Lines(Protocol):
    """Lines of text, perhaps each of them made only when it is asked for."""

    def __len__(self) -> int: ...

    def __getitem__(self, y: int, /) -> Sequence[Span]: ...


class LineView(ScrollView):
    """Draws lines of (text, role). ``show`` takes new lines and redraws those that differ."""

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
        self.drawn: Lines = []
        self._seen: dict[int, Drawn] = {}
        """The lines that are on the screen."""
        self._styles_known: dict[tuple[str, bool], Style] = {}
        self._cursor_line = -1

    def show(self, lines: Lines, cursor: int = -1) -> None:
        """Draw these lines; ``cursor`` is the line that is marked. Only lines that are seen are asked for."""
        count, before = len(lines), len(self.drawn)
        self.drawn = lines
        moved = {self._cursor_line, cursor} if cursor != self._cursor_line else set()
        self._cursor_line = cursor
        top = int(self.scroll_offset.y)
        old = self._seen
        new = self._seen = {y: tuple(lines[y]) for y in range(top, min(top + self.size.height, count))}
        if count != before:
            self._grow(before, count)
            if max(count, before) <= self.size.height or not count:
                self.refresh()
                return
        if not self.is_on_screen:
            self.refresh()  # nothing of it is drawn now, so no columns of it either
            return
        changed = [
            y
            for y in range(top, min(top + self.size.height, max(count, before)))
            if y in moved or y not in old or y not in new or new[y] != old[y]
        ]
        if changed:
            self.refresh(*(Region(0, y - top, self.size.width, 1) for y in changed))

    def _grow(self, before: int, count: int) -> None:
        """Have the scroll bar follow; only where it comes or goes is the whole screen laid out again."""
        size, height = Size(self.scrollable_content_region.width, count), self.size.height
        if height and (before > height) == (count > height) == self.show_vertical_scrollbar:
            self.set_reactive(LineView.virtual_size, size)
            self._scroll_update(size)
        else:
            self.virtual_size = size

    def render_line(self, y: int) -> Strip:
        line = y + int(self.scroll_offset.y)
        width = self.size.width
        if line >= len(self.drawn):
            return Strip([Segment(" " * width, self.role_style("plain"))], width)
        marked = line == self._cursor_line
        if line not in self._seen:
            self._seen[line] = tuple(self.drawn[line])
        spans = cut(self._seen[line], width)
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
