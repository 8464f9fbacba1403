"""A list with a cursor."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from twin_tui.engine.view import Frame
from twin_tui.widgets.keys import key
from twin_tui.widgets.looks import FrameLines, Looks


class CursorView(FrameLines, can_focus=True):
    """A list with a cursor, worked out from the frame."""

    DEFAULT_CSS = """
    CursorView {
        overflow-y: auto;
        scrollbar-gutter: stable;
        scrollbar-background: $background;
        scrollbar-background-hover: $background;
        scrollbar-background-active: $background;
        scrollbar-color: $role-rule;
        scrollbar-color-hover: $role-axis;
        scrollbar-color-active: $role-axis;
    }
    """
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
        """The cursor is on another row."""

    class Chosen(Message):
        """A row was opened."""

        def __init__(self, view: "CursorView") -> None:
            super().__init__()
            self.view = view

    def __init__(self, looks: Looks, *, id: str | None = None) -> None:
        super().__init__(looks, id=id)
        self.row = 0

    @property
    def rows(self) -> int:
        return max(0, len(self.drawn) - self.heading)

    def present(self, frame: Frame) -> None:
        self.frame = frame

    def on_resize(self) -> None:
        """Keep the cursor in sight, as soon as the new size is drawn."""
        self.call_after_refresh(self.reveal)

    def on_focus(self) -> None:
        self.redraw()

    def on_blur(self) -> None:
        self.redraw()

    def action_move(self, by: int) -> None:
        self.move_to(self.row + by)

    def action_page(self, by: int) -> None:
        self.move_to(self.row + by * max(1, self.size.height - self.heading - 1))

    def action_move_to(self, row: int) -> None:
        self.move_to(row if row >= 0 else self.rows - 1)

    def move_to(self, row: int) -> None:
        """Put the cursor on a row, or on the nearest one there is."""
        row = max(0, min(row, self.rows - 1))
        if row != self.row:
            self.row = row
            self.redraw()
            self.post_message(self.Moved())
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
        if self.rows:
            self.post_message(self.Chosen(self))

    def row_at(self, y: int) -> int:
        """Return the row that is drawn at a line of the widget."""
        return y + int(self.scroll_offset.y) - self.heading

    def on_click(self, event: object) -> None:
        row = self.row_at(int(getattr(event, "y", 0)))
        if 0 <= row < self.rows:
            self.move_to(row)
