"""Registers whose values derive from several signals, from conditions, from the clock or from a period."""

from collections.abc import Mapping, Sequence
from functools import partial, reduce
from math import hypot
from operator import add
from typing import Any

from twin_tui.engine.engine import Engine
from twin_tui.engine.running import Device
from twin_tui.protocols.maps.clocks import CLOCKS, PERIODS, local_time, seconds_to_hour
from twin_tui.protocols.maps.image import Cell
from twin_tui.protocols.maps.model import Condition

PEAK_EVERY_S = 10.0
"""How often a peak is measured."""


class Derived:
    """The derived registers of a unit.

    What counts since the beginning of an hour, day, month or year begins with the run at the earliest;
    periods begin on the hour of the site's local time, and cost nothing between.
    """

    def __init__(self, engine: Engine, devices: Mapping[str, Device], cells: Sequence[Cell]) -> None:
        self._engine = engine
        self._devices = devices
        self._cells = [cell for cell in cells if cell.reader.composed]
        self._counted = [cell for cell in self._cells if cell.reader.since]
        self._peaks = [cell for cell in self._cells if cell.reader.peak]
        self._begun: dict[int, tuple[tuple[int, ...], float]] = {}
        """Period and value at its beginning, or its peak so far, by the id of the cell."""
        if self._counted:
            self._begin_periods()
            self._await_hour(seconds_to_hour(engine))
        if self._peaks:
            self._measure_peaks()
            engine.watch(PEAK_EVERY_S, self._measure_peaks)

    def fill(self) -> None:
        """Store the present values."""
        for cell in self._cells:
            cell.data = self._data(cell)

    def signal(self, role: str, name: str) -> Any:
        """Return the present value of a device's signal."""
        device = self._devices[role]
        command = device.type.signals[name].command
        return getattr(device.commands if command else device.telemetry(self._engine.surroundings), name)

    def _data(self, cell: Cell) -> bytes:
        register = cell.reader
        if register.bits is not None:
            word = sum(1 << bit for bit, condition in register.bits.items() if self._holds(condition))
            return register.layout.pattern(word)
        if register.states is not None:
            holding = (code for code, condition in register.states.items() if self._holds(condition))
            code = next(holding, register.constant)
            return register.nothing() if code is None else register.layout.pack(code)
        if register.clock:
            return register.layout.pack(CLOCKS[register.clock](local_time(self._engine)))
        value = self._value(cell)
        if register.since:
            value -= self._begun[id(cell)][1]
        elif register.peak:
            value = self._peak(cell, value)
        return register.encode(value)

    def _value(self, cell: Cell) -> Any:
        register = cell.reader
        assert register.signal is not None
        parts = ((register.role, register.signal.name), *register.parts)
        value = self._sum(parts)
        if register.mean:
            value /= sum(role in self._devices for role, _ in parts)
        if register.less:
            value = max(0.0, value - self._sum(register.less))
        if register.beside:
            value = hypot(value, self._sum([(role, register.beside) for role, _ in parts]))
        if register.per is not None:
            name, parameter = register.per
            by = getattr(cell.device.params, name) if parameter else self.signal(register.role, name)
            value = value / by if by else 0.0
        return value

    def _sum(self, parts: Sequence[tuple[str, str]]) -> Any:
        numbers = [self.signal(role, name) for role, name in parts if role in self._devices]
        return reduce(add, numbers, 0.0)  # not sum, which rounds differently from Python 3.12 on

    def _holds(self, condition: Condition) -> bool:
        return condition.role in self._devices and condition.holds(
            self.signal(condition.role, condition.signal)
        )

    def _begin_periods(self) -> None:
        now = local_time(self._engine)
        for cell in self._counted:
            period = PERIODS[cell.reader.since](now)
            if self._begun.get(id(cell), (None,))[0] != period:
                self._begun[id(cell)] = period, self._value(cell)

    def _await_hour(self, seconds: float) -> None:
        watcher = self._engine.watch(seconds, lambda: self._hour_begins(stop()))
        stop = partial(self._engine.unwatch, watcher)

    def _hour_begins(self, _stopped: None) -> None:
        self._begin_periods()
        self._await_hour(seconds_to_hour(self._engine))

    def _measure_peaks(self) -> None:
        for cell in self._peaks:
            self._peak(cell, self._value(cell))

    def _peak(self, cell: Cell, value: float) -> float:
        """Return the greatest value of the present period with this one, as the register has its sign."""
        period = PERIODS[cell.reader.peak](local_time(self._engine))
        before = self._begun.get(id(cell))
        sign = 1 if cell.reader.quantum > 0 else -1
        if before is None or before[0] != period or sign * value > sign * before[1]:
            self._begun[id(cell)] = period, value
        return self._begun[id(cell)][1]
