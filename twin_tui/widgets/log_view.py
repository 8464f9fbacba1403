"""The event log as a list: follow or hold, filter, acknowledge."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from twin_tui.engine.snapshot import LogEntry
from twin_tui.engine.view import Frame
from twin_tui.widgets.cursor_view import CursorView
from twin_tui.widgets.dialogs import TextDialog
from twin_tui.widgets.journal import LogRows
from twin_tui.widgets.keys import key
from twin_tui.widgets.line_view import LineView
from twin_tui.widgets.log_lines import LogFilter, Missing, as_text, log_line, whole_entry
from twin_tui.widgets.looks import Budget, Looks
from twin_tui.widgets.model import ALARMS
from twin_tui.widgets.spans import Line, rule

MOVES_AT_ONCE = 24


@dataclass(slots=True)
class LogLines:
    """The rows of a log as lines, each drawn only when somebody looks at it."""

    rows: Sequence[LogEntry | Missing]
    looks: Looks
    width: int
    names: int
    effects: Mapping[int, str]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, row: int, /) -> Line:
        entry, looks = self.rows[row], self.looks
        if isinstance(entry, Missing):
            return [(f" {looks.glyphs.cut} {entry.text}", "strong")]
        waiting = entry.number > looks.acknowledged and entry.kind in ALARMS
        return log_line(
            entry,
            self.width,
            looks.glyphs,
            names=self.names,
            unacknowledged=waiting,
            effect=self.effects.get(entry.number, ""),
            colour=looks.colour(entry.device),
        )


class LogList(CursorView):
    """The newest entries at the bottom; the list follows them until the cursor moves up."""

    KEYS: ClassVar[tuple[Binding, ...]] = (
        key("follow", "F", "follow", "Follow", "log: follow the newest entry, or hold"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [*KEYS]

    def __init__(self, looks: Looks, *, id: str | None = None) -> None:
        super().__init__(looks, id=id)
        self.kept = LogRows(looks.journal)
        self.follows = True
        self._moves = Budget(MOVES_AT_ONCE)
        self._waits = False

    @property
    def shown(self) -> list[LogEntry | Missing]:
        """What passes the filter."""
        return self.kept.rows

    def watch_frame(self) -> None:
        """Draw what is new; the whole list moves for it, so of a stream of entries several come at once."""
        if not (self.follows and self.kept.only_newer) or self._moves.allows():
            self.kept.update()
        elif not self._waits:
            self._waits = True
            self.set_timer(1.0, self._draw_late)
        super().watch_frame()

    def _draw_late(self) -> None:
        """Draw entries that had to wait: nothing may change any more, while the simulation is paused."""
        self._waits = False
        self.kept.update()
        self.redraw()

    def draw(self, frame: Frame) -> None:
        if not self.shown:
            filtered = f"Nothing matches the filter; {self.looks.keys['back']} ends it."
            nothing = filtered if self.kept.last else "Nothing has happened yet."
            self.show([[(f" {nothing}", "label")]])
            return
        if self.follows:
            self.row = len(self.shown) - 1
        width, looks = self.scrollable_content_region.width, self.looks
        names = max([4, *(len(device.name) for device in looks.site.devices)])
        lines = LogLines(list(self.shown), looks, width, names, looks.journal.effects_in(frame))
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
            self.app.push_screen(TextDialog(entry.kind.value, whole_entry(entry, self.effect_of(entry))))

    def effect_of(self, entry: LogEntry) -> str:
        """Return what followed an entry, as far as the screen shows it."""
        return self.looks.journal.effects_in(self.frame).get(entry.number, "") if self.frame else ""

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
        waiting = self.looks.journal.unacknowledged(self.looks.acknowledged)
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
        return " ".join(self.list.kept.filter.text.casefold().split())

    def set_filter(self, text: str) -> None:
        """Show only entries in which every word occurs."""
        self.list.kept.filter = LogFilter(text)
        self.list.redraw()
        self.retitle()

    def acknowledge(self) -> int:
        """Acknowledge every alarm; return how many there were."""
        waiting = self.looks.journal.unacknowledged(self.looks.acknowledged)
        self.looks.acknowledged = self.list.kept.last
        waiting -= self.looks.journal.unacknowledged(self.looks.acknowledged)
        self.list.redraw()
        self.retitle()
        return waiting
