"""Commands of rules that end after a time, or when a signal reaches a number."""

from collections.abc import Callable, Mapping

from twin_tui.engine.agenda import Watcher
from twin_tui.engine.engine import Engine
from twin_tui.protocols.maps.model import Rule

HALF = 0.5
"""Of a tick: times are sums, and ticks are what counts."""


class Lasting:
    """The commands in force that will end; each is checked in every tick."""

    def __init__(self, engine: Engine, end: Callable[[Mapping[str, int]], None]) -> None:
        self._engine = engine
        self._end = end
        """Writes stored registers."""
        self._watchers: dict[int, Watcher] = {}

    def forget(self, rule: Rule) -> None:
        """End nothing for a rule that was applied again."""
        watcher = self._watchers.pop(id(rule), None)
        if watcher is not None:
            self._engine.unwatch(watcher)

    def begin(
        self,
        rule: Rule,
        then: Mapping[str, int],
        seconds: float | None,
        missing: Callable[[], float] | None,
    ) -> None:
        """End a rule's commands after some seconds, or when what is missing to a number changes its sign.

        A time of 0 never ends.
        """
        if missing is None and not seconds:
            return
        engine, begun = self._engine, self._engine.tick
        first = 0.0 if missing is None else missing()

        def check() -> None:
            over = seconds is not None and (engine.tick - begun + HALF) * engine.dt_s >= seconds
            if over or (missing is not None and missing() * first <= 0.0):
                self.forget(rule)
                self._end(then)

        self._watchers[id(rule)] = engine.watch(engine.dt_s, check)
