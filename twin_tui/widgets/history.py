"""What was shown lately, for sparklines and trends; kept by the screen, not by the engine."""

import math
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from typing import Any

from twin_tui.engine.signals import signals_of
from twin_tui.engine.snapshot import Snapshot

NEWEST = 240
"""How many of the newest frames are all kept: a minute at four frames a second."""
ONE_OF = 4
"""Of so many older frames the last one is kept."""
OLDER = 540
"""How many older frames are kept: nine minutes, one a second."""
BATCH = 60
"""How many of the oldest go at once."""

GRID = ""
"""The grid among the devices; no device is without a name."""


class History:
    """The newest frames of a site: times, the signals of the grid and of each device as numbers."""

    def __init__(self) -> None:
        self.times = array("d")
        self._seen: dict[str, dict[str, array[float]]] = {}
        self._older = 0
        """How many of the kept frames stand for ``ONE_OF``."""

    def add(self, snapshot: Snapshot) -> None:
        """Remember a snapshot; one of a tick that is known already, or of a run started again, is handled."""
        if self.times:
            if snapshot.time_s == self.times[-1]:
                return
            if snapshot.time_s < self.times[-1]:
                self.times = array("d")
                self._seen.clear()
                self._older = 0
        missing = len(self.times)
        self.times.append(snapshot.time_s)
        seen = {GRID: snapshot.grid, **{device.name: device.telemetry for device in snapshot.devices}}
        for gone in self._seen.keys() - seen.keys():
            del self._seen[gone]
        for device, values in seen.items():
            names = signals_of(type(values))
            kept = self._seen.get(device)
            if kept is None or kept.keys() != names.keys():
                kept = self._seen[device] = {name: array("d", [math.nan]) * missing for name in names}
            for name, course in kept.items():
                course.append(_number(getattr(values, name)))
        self._forget()

    def signal(self, device: str, name: str) -> list[float | None]:
        """Return a signal of a device or of the grid, one value per remembered time."""
        course = self._seen.get(device, {}).get(name)
        if course is None:
            return [None] * len(self.times)
        return [None if value != value else value for value in course]  # noqa: PLR0124 - NaN

    def columns(self, values: list[float | None], columns: int, window_s: float) -> list[float | None]:
        """Return the last ``window_s`` of simulated time as ``columns`` values, the newest at the right.

        Columns lie on fixed multiples of their width, so a drawing moves on once a column and not once a
        frame; a column without a sample repeats the one before it.
        """
        drawn: list[float | None] = [None] * columns
        if not self.times or columns < 1:
            return drawn
        width_s = window_s / columns
        times = self.times
        first = int(times[-1] / width_s + 1e-9) - columns + 1
        behind = 0
        for column in range(columns):
            ends = (first + column + 1) * width_s - 1e-9 * width_s
            behind = bisect_left(times, ends, behind) if column < columns - 1 else len(times)
            drawn[column] = values[behind - 1] if behind else None
        return drawn

    def _forget(self) -> None:
        """Thin out what is older than the newest frames, and drop the oldest."""
        if len(self.times) == self._older + NEWEST + ONE_OF:
            for course in self._courses():
                del course[self._older : self._older + ONE_OF - 1]
            self._older += 1
        if self._older == OLDER + BATCH:
            for course in self._courses():
                del course[:BATCH]
            self._older -= BATCH

    def _courses(self) -> "Iterator[array[float]]":
        yield self.times
        for kept in self._seen.values():
            yield from kept.values()


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else math.nan
