"""The base of everything that is drawn line by line: only what has changed is sent to the terminal."""

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from twin_tui.widgets.keys import key
from twin_tui.widgets.spans import ROLES, Line, ascii_only, cut, merged

Drawn = tuple[tuple[str, str], ...]


class LineView(ScrollView):
    """Draws lines of (text, role). ``show`` takes new lines and redraws the columns that differ."""

    DEFAULT_CSS = """
    LineView { background: $background; color: $foreground; overflow-x: hidden; scrollbar-size-vertical: 1; }
    LineView > .lines--plain { color: $foreground; }
    LineView > .lines--dim { color: $foreground 60%; }
    LineView > .lines--head { color: $foreground 70%; text-style: bold; }
    LineView > .lines--good { color: $success; }
    LineView > .lines--warn { color: $warning; text-style: bold; }
    LineView > .lines--bad { color: $error; text-style: bold; }
    LineView > .lines--accent { color: $accent; }
    LineView > .lines--fresh { color: $background; background: $accent; text-style: bold; }
    LineView > .lines--spark { color: $secondary; }
    LineView > .lines--title { color: $primary; text-style: bold; }
    LineView > .lines--cursor { background: $primary 30%; text-style: bold; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"lines--{role}" for role in (*ROLES, "cursor")}
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
        top = int(self.scroll_offset.y)
        for y in range(top, min(top + self.size.height, max(len(new), len(old)))):
            if y in moved or y >= len(old) or y >= len(new):
                self.refresh(Region(0, y - top, self.size.width, 1))
            elif new[y] != old[y]:
                first, last = _difference(old[y], new[y])
                if first < last:
                    self.refresh(Region(first, y - top, last - first, 1))

    def render_line(self, y: int) -> Strip:
        """Return one line of the widget as styled segments."""
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
                mark = self.get_component_rich_style("lines--cursor")
                style = style + Style(bgcolor=mark.bgcolor, bold=True)
            self._styles_known[key] = style
        return style

    def notify_style_update(self) -> None:
        """Forget the styles of the theme before."""
        self._styles_known.clear()
        super().notify_style_update()


class CursorView(LineView, can_focus=True):
    """A list with a cursor: j and k, arrows, pages, ends, a click."""

    KEYS: ClassVar[tuple[Binding, ...]] = (
        key("open", "enter", "choose", "Open", "open what is under the cursor"),
        key("down", "down,j", "move(1)", "Down", "move the cursor"),
        key("up", "up,k", "move(-1)", "Up", "move the cursor"),
        key("page-down", "pagedown", "page(1)", "Page down", "move the cursor"),
        key("page-up", "pageup", "page(-1)", "Page up", "move the cursor"),
        key("first", "home,g", "move_to(0)", "First", "move the cursor"),
        key("last", "end,G", "move_to(-1)", "Last", "move the cursor"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [*KEYS]
    heading = 0
    """How many lines at the top are headings that the cursor never enters."""

    class Moved(Message):
        """The cursor stands on another row."""

        def __init__(self, view: "CursorView", row: int) -> None:
            super().__init__()
            self.view = view
            self.row = row

        @property
        def control(self) -> "CursorView":
            return self.view

    class Chosen(Message):
        """A row was opened."""

        def __init__(self, view: "CursorView", row: int) -> None:
            super().__init__()
            self.view = view
            self.row = row

        @property
        def control(self) -> "CursorView":
            return self.view

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.row = 0

    @property
    def rows(self) -> int:
        """How many rows the list has."""
        return max(0, len(self.drawn) - self.heading)

    def redraw(self) -> None:
        """Work out the lines anew; every list knows how."""

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        self.move_to(self.row + by)

    def action_page(self, by: int) -> None:
        """Move the cursor by a page."""
        self.move_to(self.row + by * max(1, self.size.height - self.heading - 1))

    def action_move_to(self, row: int) -> None:
        """Move the cursor to the first or last row."""
        self.move_to(row if row >= 0 else self.rows - 1)

    def move_to(self, row: int) -> None:
        """Put the cursor on a row, or on the nearest one there is."""
        row = max(0, min(row, self.rows - 1))
        if row != self.row:
            self.row = row
            self.redraw()
            self.post_message(self.Moved(self, row))
        self.reveal()

    def reveal(self) -> None:
        """Scroll so far that the cursor can be seen."""
        line = self.row + self.heading
        top, height = int(self.scroll_offset.y), self.size.height
        if self.row == 0:
            self.scroll_to(y=0, animate=False)
        elif line < top + self.heading:
            self.scroll_to(y=line - self.heading, animate=False)
        elif line >= top + height:
            self.scroll_to(y=line - height + 1, animate=False)

    def action_choose(self) -> None:
        """Open the row under the cursor."""
        if self.rows:
            self.post_message(self.Chosen(self, self.row))

    def row_at(self, y: int) -> int:
        """Return the row that is drawn at a line of the widget."""
        return y + int(self.scroll_offset.y) - self.heading

    def on_click(self, event: object) -> None:
        """Put the cursor where the mouse was clicked."""
        row = self.row_at(int(getattr(event, "y", 0)))
        if 0 <= row < self.rows:
            self.move_to(row)


def _difference(old: Drawn, new: Drawn) -> tuple[int, int]:
    """Return the columns, first and behind the last, in which two lines differ."""
    before, after = _cells(old), _cells(new)
    if len(before) != len(after):
        return 0, max(len(before), len(after))
    first = 0
    last = len(after)
    while first < last and before[first] == after[first]:
        first += 1
    while last > first and before[last - 1] == after[last - 1]:
        last -= 1
    return first, last


def _cells(line: Drawn) -> list[tuple[str, str]]:
    return [(character, role) for text, role in line for character in text]
