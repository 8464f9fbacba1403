"""What was shown lately, for sparklines and trends; kept by the screen, not by the engine."""

from bisect import bisect_left
from collections import deque
from typing import Any

from twin_tui.engine.snapshot import Snapshot

SAMPLES = 2400
"""Ten minutes at four frames a second."""


GRID = ""
"""The grid among the devices; no device is without a name."""


class History:
    """The newest frames of a site: times, the grid and the telemetry of each device."""

    def __init__(self, samples: int = SAMPLES) -> None:
        self.times: deque[float] = deque(maxlen=samples)
        self._seen: dict[str, deque[Any]] = {}
        self._samples = samples

    def add(self, snapshot: Snapshot) -> None:
        """Remember a snapshot; one of a tick that is known already, or of a run started again, is handled."""
        if self.times:
            if snapshot.time_s == self.times[-1]:
                return
            if snapshot.time_s < self.times[-1]:
                self.times.clear()
                self._seen.clear()
        missing = len(self.times)
        self.times.append(snapshot.time_s)
        seen = {GRID: snapshot.grid, **{device.name: device.telemetry for device in snapshot.devices}}
        for gone in self._seen.keys() - seen.keys():
            del self._seen[gone]
        for name, values in seen.items():
            if name not in self._seen:
                self._seen[name] = deque([None] * missing, maxlen=self._samples)
            self._seen[name].append(values)

    def signal(self, device: str, name: str) -> list[float | None]:
        """Return a signal of a device or of the grid, one value per remembered time."""
        kept = self._seen.get(device)
        if kept is None:
            return [None] * len(self.times)
        return [_number(getattr(seen, name, None)) for seen in kept]

    def columns(self, values: list[float | None], columns: int, window_s: float) -> list[float | None]:
        """Return the last ``window_s`` of simulated time as ``columns`` values, the newest at the right.

        Columns lie on fixed multiples of their width, so a drawing moves on once a column and not once a
        frame; a column without a sample repeats the one before it.
        """
        drawn: list[float | None] = [None] * columns
        if not self.times or columns < 1:
            return drawn
        width_s = window_s / columns
        last = int(self.times[-1] / width_s + 1e-9)
        first = last - columns + 1
        times = list(self.times)
        start = bisect_left(times, first * width_s)
        held = values[start - 1] if start > 0 else None
        position = start
        for column in range(columns):
            ends = (first + column + 1) * width_s - 1e-9 * width_s
            while position < len(times) and (times[position] < ends or column == columns - 1):
                held = values[position]
                position += 1
            drawn[column] = held
        return drawn


def _number(seen: Any) -> float | None:
    if isinstance(seen, int | float):
        return float(seen)
    return None
