"""What waits for its tick: filed events, and callbacks at regular simulated times."""

import heapq
import math
from collections.abc import Callable, Iterator
from contextvars import ContextVar

from twin_tui.engine.running import Event

ON_FAILURE: ContextVar[Callable[[str, BaseException], None] | None] = ContextVar("ON_FAILURE", default=None)
"""Called with what failed and why, in place of ending the run; set while a connector is called."""


class Agenda:
    """Events in the order of their ticks; in a tick the engine's own come first, then those from outside.

    So what ends or wakes automatically does so before anything new begins, whenever either was filed.
    """

    __slots__ = ("_filed", "_waiting", "next_due")

    def __init__(self) -> None:
        self._waiting: list[tuple[int, bool, int, Event]] = []
        self._filed = 0
        self.next_due: float = math.inf
        """The tick of the first one."""

    def file(self, event: Event, tick: int, *, recorded: bool) -> None:
        """Have an event carried out at the start of a tick."""
        self._filed += 1
        heapq.heappush(self._waiting, (tick, recorded, self._filed, event))
        self.next_due = self._waiting[0][0]

    def due(self, tick: int, *, own: bool = False) -> Iterator[tuple[Event, bool]]:
        """Take out what is due, with whether it is recorded; also what is filed for this tick meanwhile.

        ``own`` takes out only what comes before the first event from outside.
        """
        while self._waiting and self._waiting[0][0] <= tick and not (own and self._waiting[0][1]):
            _, recorded, _, event = heapq.heappop(self._waiting)
            yield event, recorded
        self.next_due = self._waiting[0][0] if self._waiting else math.inf


class Watcher:
    """A callback at regular simulated times: a recording, a trend, a verdict."""

    __slots__ = ("due", "every", "look", "on_failure")

    def __init__(self, every: int, tick: int, look: Callable[[], None]) -> None:
        self.every = every
        self.due = (tick // every + 1) * every
        self.look = look
        self.on_failure = ON_FAILURE.get()


class Watchers:
    """All callbacks at regular simulated times."""

    __slots__ = ("_watchers", "next_due")

    def __init__(self) -> None:
        self._watchers: list[Watcher] = []
        self.next_due: float = math.inf

    def add(self, watcher: Watcher) -> None:
        """Call a watcher from its due tick on."""
        self._watchers.append(watcher)
        self._sort()

    def remove(self, watcher: Watcher) -> None:
        """Stop calling a watcher; removing it twice is no error."""
        if watcher in self._watchers:
            self._watchers.remove(watcher)
        self._sort()

    def show(self, tick: int) -> None:
        """Call those that are due."""
        for watcher in list(self._watchers):
            if tick >= watcher.due:
                watcher.due = tick + watcher.every
                try:
                    watcher.look()
                except Exception as error:
                    if watcher.on_failure is None:
                        raise
                    self.remove(watcher)
                    watcher.on_failure("callback", error)
        self._sort()

    def _sort(self) -> None:
        self.next_due = min((watcher.due for watcher in self._watchers), default=math.inf)
