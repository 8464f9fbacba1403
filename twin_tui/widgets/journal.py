"""The log as one screen has collected it from frames, and what of it passes a filter."""

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence

from twin_tui.engine.log import LOG_LENGTH
from twin_tui.engine.snapshot import LogEntry
from twin_tui.engine.view import Frame
from twin_tui.widgets.log_lines import LogFilter, Missing, sifted
from twin_tui.widgets.model import ALARMS

FEW = 200


class Journal:
    """Collects the log frame by frame; where a frame shows a gap, the next one is to bring the whole log.

    Only what has changed is looked at, here and by readers: a frame costs the same with a full log.
    """

    def __init__(self, most: int = LOG_LENGTH) -> None:
        self.entries: list[LogEntry] = []
        self.alarms: list[int] = []
        """The numbers of the alarms among them."""
        self.readers: list[LogRows] = []
        self.until_s: float | None = None
        """The simulated time that is looked back at, None for now."""
        self.wanted = LOG_LENGTH
        """How many entries the next frame is to carry."""
        self._most = most
        self._effects: dict[int, str] = {}
        """What followed the entries, by their numbers: a frame has only that of the newest."""

    def look_back(self, time_s: float | None) -> None:
        """Show readers the log as it was at a simulated time, None for now."""
        self.until_s = time_s
        for reader in self.readers:
            reader.changed = 0

    def seen(self) -> list[LogEntry]:
        """Return what is known of the log, up to the time that is looked back at."""
        if self.until_s is None:
            return self.entries
        return self.entries[: bisect_right(self.entries, self.until_s + 1e-9, key=lambda each: each.time_s)]

    def ask_for_all(self) -> None:
        """Have the next frame carry every entry that the twin still has."""
        self.wanted = LOG_LENGTH

    def add(self, log: Sequence[LogEntry], asked: int) -> None:
        """Take in the log of a frame that was requested with so many entries; a new run's log replaces it."""
        last = self.entries[-1].number if self.entries else 0
        gap = bool(log) and (log[0].number > last + 1 or log[-1].number < last)
        self.wanted = LOG_LENGTH if gap and asked < LOG_LENGTH else FEW
        if not log:
            return
        at = new = 0
        if log[-1].number >= last:
            at = bisect_right(self.entries, log[0].number - 1, key=_number)
            while at < len(self.entries) and new < len(log) and self.entries[at] == log[new]:
                at += 1
                new += 1
        if new < len(log) or at < len(self.entries):
            self._replace(at, log[new:])

    def effects_in(self, frame: Frame) -> Mapping[int, str]:
        """Return what had followed each entry by the time of a frame."""
        if self.until_s is not None:
            return frame.effects
        self._effects |= frame.effects
        return self._effects

    def _replace(self, at: int, newer: Sequence[LogEntry]) -> None:
        """Put entries in place of those from here on; the oldest go when there are a tenth too many."""
        changed = self.entries[at].number if at < len(self.entries) else newer[0].number
        if not at:
            self._effects.clear()
        self.entries[at:] = newer
        self.alarms[bisect_right(self.alarms, changed - 1) :] = [
            entry.number for entry in newer if entry.kind in ALARMS
        ]
        if len(self.entries) > self._most + self._most // 10:
            del self.entries[: -self._most]
            first = self.entries[0].number
            self._effects = {number: text for number, text in self._effects.items() if number >= first}
            del self.alarms[: bisect_right(self.alarms, self.entries[0].number - 1)]
            changed = 0
        for reader in self.readers:
            reader.changed = min(reader.changed, changed)

    def unacknowledged(self, acknowledged: int) -> int:
        """Return how many alarms are newer than the last acknowledged entry."""
        return len(self.alarms) - bisect_right(self.alarms, acknowledged)


class LogRows:
    """The entries of a journal that pass a filter, and where entries are missing."""

    def __init__(self, journal: Journal) -> None:
        self.rows: list[LogEntry | Missing] = []
        self.changed: float = math.inf
        """The number of the first entry that has changed since the last update."""
        self.last = 0
        """The number of the newest entry that was looked at."""
        self._journal = journal
        self._filter = LogFilter()
        journal.readers.append(self)

    @property
    def filter(self) -> LogFilter:
        """What passes; another one has every entry looked at again."""
        return self._filter

    @filter.setter
    def filter(self, which: LogFilter) -> None:
        self._filter = which
        self.changed = 0
        self.update()

    @property
    def only_newer(self) -> bool:
        """Whether the journal has newer entries, and nothing before them has changed."""
        entries = self._journal.seen()
        return self.changed > self.last and bool(entries) and entries[-1].number > self.last

    def update(self) -> None:
        """Bring the rows up to date."""
        if self.changed <= self.last:
            while self.rows and (isinstance(row := self.rows[-1], Missing) or row.number >= self.changed):
                self.rows.pop()
            self.last = row.number if self.rows and isinstance(row := self.rows[-1], LogEntry) else 0
        entries = self._journal.seen()
        newer = entries[bisect_right(entries, self.last, key=_number) :]
        rows = sifted(newer, self._filter, self.last + 1)
        if rows and self.rows and isinstance(gap := rows[0], Missing) and isinstance(self.rows[-1], Missing):
            rows[0] = Missing(gap.count + self.rows.pop().count)  # type: ignore[union-attr]
        self.rows += rows
        self.last = newer[-1].number if newer else self.last
        self.changed = math.inf


def _number(entry: LogEntry) -> int:
    return entry.number
