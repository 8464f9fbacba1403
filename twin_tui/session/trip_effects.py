"""What followed a trip: when the device is back, how long it was away, or into what it turned."""

import math
from collections.abc import Callable
from itertools import islice, takewhile

from twin_tui.engine.device import Status
from twin_tui.engine.engine import Engine
from twin_tui.engine.log import REPEATS_WITHIN
from twin_tui.engine.snapshot import LogEntry, LogKind
from twin_tui.session.power_watch import OFF


class TripEffects:
    """Follows the newest trip of each device that is not back."""

    def __init__(self, engine: Engine, keep: Callable[[int, str], None]) -> None:
        self._engine = engine
        self._keep = keep
        self._trips: dict[str, tuple[int, float]] = {}
        """The newest trip of each device that is not back: its entry, and when it was."""
        self._seen = 0
        """The newest entry of the log that was looked at for trips."""

    def follow(self) -> None:
        """Say of each trip when the device is back, how long it was away, or into what it turned."""
        engine = self._engine
        fresh = takewhile(
            lambda entry: entry.number > self._seen, islice(reversed(engine.log), REPEATS_WITHIN)
        )
        for entry in reversed(list(fresh)):
            if entry.kind not in (LogKind.TRIP, LogKind.CEASE) or entry.device not in engine.devices:
                continue
            if entry.device in self._trips:
                self._end_trip(entry.device, entry)
            self._trips[entry.device] = entry.number, entry.time_s
        self._seen = engine.log[-1].number if engine.log else 0
        for name, (number, _) in list(self._trips.items()):
            device = engine.devices[name]
            status = device.state.status
            if status not in OFF:
                self._end_trip(name, None)
                continue
            constraints = device.why(engine.surroundings).constraints if status is not Status.CEASED else ()
            left = [each.left_s for each in constraints if each.left_s]
            self._keep(number, f"back in {max(0.0, left[0]):.0f} s" if left else "waits for the grid")

    def _end_trip(self, device: str, newer: LogEntry | None) -> None:
        """Say how a trip ended: the device came back, or it tripped further."""
        number, since_s = self._trips.pop(device)
        before = newer.number if newer is not None else math.inf
        back_s = self._back_s(device, number, before)
        if newer is not None and back_s is None:
            word = newer.text.partition(":")[0].rpartition("→ ")[2]
            self._keep(number, f"{word} after {newer.time_s - since_s:.3g} s")
            return
        back_s = self._engine.time_s if back_s is None else back_s
        self._keep(number, f"back after {back_s - since_s:.3g} s")

    def _back_s(self, device: str, trip: int, before: float) -> float | None:
        """Return when a device has come back from a trip, as the log has it."""
        for entry in reversed(self._engine.log):
            if entry.number <= trip:
                break
            runs = entry.text.partition(":")[0].endswith(f"→ {Status.RUNNING.value}")
            if runs and entry.number < before and entry.kind is LogKind.STATE and entry.device == device:
                return entry.time_s
        return None
