"""The log as one screen has collected it from frames, and what of it is missing."""

from bisect import bisect_right
from collections.abc import Sequence

from twin_tui.engine.log import LOG_LENGTH
from twin_tui.engine.snapshot import LogEntry
from twin_tui.widgets.log_lines import merged

FEW = 200


class Journal:
    """Collects the log frame by frame; where a frame shows a gap, the next one is to bring the whole log."""

    def __init__(self, most: int = LOG_LENGTH) -> None:
        self._entries: list[LogEntry] = []
        self.until_s: float | None = None
        """The simulated time that is looked back at, None for now."""
        self.wanted = LOG_LENGTH
        """How many entries the next frame is to carry."""
        self._most = most

    @property
    def entries(self) -> list[LogEntry]:
        """What is known of the log, up to the time that is looked back at."""
        if self.until_s is None:
            return self._entries
        return self._entries[: bisect_right(self._entries, self.until_s + 1e-9, key=lambda each: each.time_s)]

    def ask_for_all(self) -> None:
        """Have the next frame carry every entry that the twin still has."""
        self.wanted = LOG_LENGTH

    def add(self, log: Sequence[LogEntry], asked: int) -> None:
        """Take in the log of a frame that was requested with so many entries."""
        last = self._entries[-1].number if self._entries else 0
        gap = bool(log) and (log[0].number > last + 1 or log[-1].number < last)
        self._entries = merged(self._entries, log, self._most)
        self.wanted = LOG_LENGTH if gap and asked < LOG_LENGTH else FEW
