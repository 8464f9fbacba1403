"""What was shown lately, for sparklines and trends; kept by the screen, not by the engine."""

import math
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Any

from twin_tui.engine.signals import signals_of
from twin_tui.engine.snapshot import Snapshot
from twin_tui.widgets.model import metered_w, setpoint_w

NEWEST = 2400
"""How many of the newest frames are all kept: ten minutes at four frames a second."""
ONE_OF = 240
"""Of so many older frames the last one is kept."""
OLDER = 1440
"""How many older frames are kept: a day, one a minute."""
BATCH = 60
"""How many of the oldest go at once."""
MOVES = 12
"""A page moves on by so many parts of its width: between two moves only its newest column changes, so that a
chart costs little to draw and to send."""

GRID = ""
"""The grid among the devices; no device is without a name."""
SETPOINT = "setpoint_w"
"""What a device was asked for, in W, among its signals."""
POWER = "power_w"
"""What it delivers, in W, + into the bus; of a meter what it reads."""


class History:
    """The newest frames of a site: times, the signals of the grid and of each device as numbers."""

    def __init__(self) -> None:
        self.times = array("d")
        self._seen: dict[str, dict[str, array[float]]] = {}
        self.until_s: float | None = None
        """The simulated time that is looked back at, None for now."""
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
        seen = {GRID: _numbers(snapshot.grid)}
        for device in snapshot.devices:
            numbers = seen[device.name] = _numbers(device.telemetry)
            numbers[POWER] = device.active_power_w if device.flow_group else metered_w(device, snapshot)
            numbers[SETPOINT] = _number(setpoint_w(device))
        for gone in self._seen.keys() - seen.keys():
            del self._seen[gone]
        for name, numbers in seen.items():
            kept = self._seen.get(name)
            if kept is None or kept.keys() != numbers.keys():
                kept = self._seen[name] = {signal: array("d", [math.nan]) * missing for signal in numbers}
            for signal, course in kept.items():
                course.append(numbers[signal])
        self._forget()

    def signal(self, device: str, name: str) -> list[float | None]:
        """Return a signal of a device or of the grid, one value per remembered time."""
        course = self._seen.get(device, {}).get(name)
        if course is None:
            return [None] * len(self.times)
        return [None if value != value else value for value in course]  # noqa: PLR0124 - NaN

    def end_s(self, columns: int, window_s: float) -> float:
        """Return the simulated time at the right end of a page: its next move, or the time looked back at."""
        if self.until_s is not None:
            return self.until_s
        return (self._last_column(columns, window_s) + 1) * window_s / columns

    def newest(self, device: str, name: str) -> float | None:
        """Return the last value of a signal, up to the time that is looked back at."""
        course = self._seen.get(device, {}).get(name)
        behind = len(self.times) if self.until_s is None else bisect_right(self.times, self.until_s + 1e-9)
        value = course[behind - 1] if course is not None and behind else math.nan
        return None if value != value else value  # noqa: PLR0124 - NaN

    def columns(
        self, device: str, name: str, columns: int, window_s: float, *, paged: bool = False
    ) -> list[float | None]:
        """Return the last ``window_s`` of simulated time as ``columns`` values, the newest at the right.

        Columns lie on fixed multiples of their width, so a drawing moves on once a column and not once a
        frame; a column without a sample repeats the one before it. A page ends at ``end_s``, and its columns
        that time has not reached yet have no value.
        """
        drawn: list[float | None] = [None] * columns
        course = self._seen.get(device, {}).get(name)
        if course is None or not self.times or columns < 1:
            return drawn
        width_s = window_s / columns
        times = self.times
        newest = len(times) if self.until_s is None else bisect_right(times, self.until_s + 1e-9)
        now = self._column_now(width_s)
        first = (self._last_column(columns, window_s) if paged else now) - columns + 1
        count = min(columns, now - first + 1)
        behind = 0
        for column in range(count):
            ends = (first + column + 1) * width_s - 1e-9 * width_s
            behind = bisect_left(times, ends, behind, newest) if column < count - 1 else newest
            if behind:
                value = course[behind - 1]
                drawn[column] = None if value != value else value  # noqa: PLR0124 - NaN
        return drawn

    def _column_now(self, width_s: float) -> int:
        """Return the number of the column in which it is now, counted from the start of the run."""
        now_s = self.until_s if self.until_s is not None else self.times[-1] if self.times else 0.0
        return int(now_s / width_s + 1e-9)

    def _last_column(self, columns: int, window_s: float) -> int:
        """Return the number of the column at the right end of a page."""
        now = self._column_now(window_s / columns)
        parts = max(1, columns // MOVES)
        return now if self.until_s is not None else (now // parts + 1) * parts - 1

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


def _numbers(values: Any) -> dict[str, float]:
    return {name: _number(getattr(values, name)) for name in signals_of(type(values))}


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else math.nan
