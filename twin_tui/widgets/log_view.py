"""The event log as a list: follow or hold, filter, acknowledge."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from twin_tui.engine.snapshot import LogEntry
from twin_tui.engine.view import Frame
from twin_tui.widgets.cursor_view import CursorView
from twin_tui.widgets.dialogs import TextDialog
from twin_tui.widgets.keys import key
from twin_tui.widgets.line_view import LineView
from twin_tui.widgets.log_lines import (
    LogFilter,
    Missing,
    as_text,
    log_line,
    sifted,
    unacknowledged,
    whole_entry,
)
from twin_tui.widgets.looks import Looks
from twin_tui.widgets.model import ALARMS
from twin_tui.widgets.spans import Line, rule


class LogList(CursorView):
    """The newest entries at the bottom; the list follows them until the cursor moves up."""

    KEYS: ClassVar[tuple[Binding, ...]] = (
        key("follow", "F", "follow", "Follow", "log: follow the newest entry, or hold"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [*KEYS]

    def __init__(self, looks: Looks, *, id: str | None = None) -> None:
        super().__init__(looks, id=id)
        self.entries: list[LogEntry] = []
        self.shown: list[LogEntry | Missing] = []
        self.filter = LogFilter()
        self.follows = True
        self._look: object = None
        """For what the kept lines were drawn: a log of 2,000 entries is much for every frame."""
        self._lines: dict[int, tuple[LogEntry, bool, Line]] = {}

    def watch_frame(self) -> None:
        self.entries = self.looks.journal.entries
        super().watch_frame()

    def draw(self, frame: Frame) -> None:
        self.shown = sifted(self.entries, self.filter)
        if not self.shown:
            filtered = f"Nothing matches the filter; {self.looks.keys['back']} ends it."
            nothing = filtered if self.entries else "Nothing has happened yet."
            self.show([[(f" {nothing}", "label")]])
            return
        if self.follows:
            self.row = len(self.shown) - 1
        width, looks = self.scrollable_content_region.width, self.looks
        names = max([4, *(len(device.name) for device in looks.site.devices)])
        look = width, looks.glyphs, names
        known = self._lines if look == self._look else {}
        self._look, self._lines = look, {}
        lines = []
        for entry in self.shown:
            if isinstance(entry, Missing):
                lines.append([(f" {looks.glyphs.cut} {entry.text}", "strong")])
                continue
            waiting = entry.number > looks.acknowledged and entry.kind in ALARMS
            kept = known.get(entry.number)
            if kept is None or kept[0] is not entry or kept[1] is not waiting:
                line = log_line(entry, width, looks.glyphs, names=names, unacknowledged=waiting)
                kept = entry, waiting, line
            self._lines[entry.number] = kept
            lines.append(kept[2])
        self.show(lines, self.row if self.has_focus else -1)
        if self.follows:
            self.scroll_to(y=max(0, len(lines) - self.size.height), animate=False)

    def move_to(self, row: int) -> None:
        """Move the cursor; at the last entry the list follows again."""
        self.follows = row >= len(self.shown) - 1
        super().move_to(row)

    def action_follow(self) -> None:
        self.follows = not self.follows
        self.redraw()

    def action_choose(self) -> None:
        """Show everything of the chosen entry."""
        entry = self.shown[self.row] if self.row < len(self.shown) else None
        if isinstance(entry, LogEntry):
            self.app.push_screen(TextDialog(entry.kind.value, whole_entry(entry)))

    def on_blur(self) -> None:
        self.follows = True

    def as_text(self) -> str:
        return as_text(self.shown)


class LogPane(Vertical):
    """The log under a heading that says what is not acknowledged."""

    DEFAULT_CSS = """
    LogPane { height: 1fr; }
    LogPane > .title { height: 1; }
    LogPane > LogList { height: 1fr; }
    """

    def __init__(self, looks: Looks, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.looks = looks
        self.title_line = LineView(classes="title")
        self.list = LogList(looks)

    def compose(self) -> ComposeResult:
        yield self.title_line
        yield self.list

    def present(self, frame: Frame) -> None:
        self.list.frame = frame
        self.retitle()

    def retitle(self) -> None:
        """Say what is shown and what waits for acknowledgement."""
        waiting = unacknowledged(self.list.entries, self.looks.acknowledged)
        said, keys = [], self.looks.keys
        if self.filter_text:
            said.append(f"filter: {self.filter_text}")
        if not self.list.follows:
            said.append(f"held, {keys['last']} follows")
        if waiting:
            said.append(f"{waiting} unacked, {keys['acknowledge']} acknowledges")
        title = rule("events", self.size.width, self.looks.glyphs.line, "  ".join(said))
        self.title_line.show([title])

    @property
    def filter_text(self) -> str:
        return " ".join(self.list.filter.text.casefold().split())

    def set_filter(self, text: str) -> None:
        """Show only entries in which every word occurs."""
        self.list.filter = LogFilter(text)
        self.list.redraw()
        self.retitle()

    def acknowledge(self) -> int:
        """Acknowledge every alarm; return how many there were."""
        waiting = unacknowledged(self.list.entries, self.looks.acknowledged)
        self.looks.acknowledged = self.list.entries[-1].number if self.list.entries else 0
        self.list.redraw()
        self.retitle()
        return waiting
