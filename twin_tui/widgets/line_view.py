"""The base of everything that is drawn line by line: only what has changed is sent to the terminal."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from twin_tui.widgets.spans import HUNG, Span, ascii_only, cut, merged
from twin_tui.widgets.themes import KINDS

Drawn = tuple[tuple[str, str], ...]


class Lines(Protocol):
    """Lines of text, perhaps each of them made only when it is asked for."""

    def __len__(self) -> int: ...

    def __getitem__(self, y: int, /) -> Sequence[Span]: ...


PLAIN = ("foreground", Style())
BOLD, REVERSE, BOLD_REVERSE = Style(bold=True), Style(reverse=True), Style(bold=True, reverse=True)
ROLE_STYLES: Mapping[str, tuple[str, Style]] = {
    "plain": PLAIN,
    "strong": ("foreground", BOLD),
    "label": ("role-label", Style()),
    "axis": ("role-axis", Style()),
    "rule": ("role-rule", Style()),
    "focus": ("role-focus", BOLD),
    "notice": ("foreground", BOLD_REVERSE),
    "written": ("role-fresh", Style()),
    "fresh": ("role-fresh", BOLD_REVERSE),
    "alarm": ("role-alarm", BOLD),
    **{kind: (f"role-{kind}", Style()) for kind in KINDS},
    **{kind + HUNG: (f"role-{kind}", REVERSE) for kind in KINDS},
}
"""What a text is, and so its colour in the theme and its style: plain values, strong ones, labels and units,
axes, separators, what is chosen and the keys, what a client wrote, that just now, alarms, kinds of devices.

They are no component classes of the widget: Textual would match every rule of the stylesheet against each
of them whenever a view is opened.
"""


class LineView(ScrollView):
    """Draws lines of (text, role). ``show`` takes new lines and redraws those that differ."""

    DEFAULT_CSS = """
    LineView { background: $background; color: $foreground; overflow: hidden; scrollbar-size-vertical: 1; }
    """
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
            colour, look = ROLE_STYLES[role]
            style = self.rich_style + Style(color=self._colour(colour)) + look
            if marked:
                style += Style(bgcolor=self._colour("role-chosen"), bold=True)
            self._styles_known[key] = style
        return style

    def _colour(self, name: str) -> RichColor:
        return Color.parse(self.app.theme_variables[name]).rich_color

    def notify_style_update(self) -> None:
        """Forget the styles of the theme before."""
        self._styles_known.clear()
        super().notify_style_update()
