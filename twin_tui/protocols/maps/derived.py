"""Registers whose values derive from several signals, from conditions, from the clock or from a period."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial, reduce
from itertools import groupby
from math import hypot
from operator import add, attrgetter
from typing import Any

from twin_tui.engine.engine import Engine
from twin_tui.engine.running import Device
from twin_tui.protocols.maps.clocks import CLOCKS, PERIODS, local_time, seconds_to_hour
from twin_tui.protocols.maps.image import Cell, RegisterGroup, family
from twin_tui.protocols.maps.model import Condition

PEAK_EVERY_S = 10.0
"""How often a peak is measured."""

Source = tuple[str, bool]
"""A role, and whether its commands or its telemetry."""
Seen = Mapping[Source, Any]
Value = Callable[[Seen], Any]


class Derived:
    """The derived registers of a unit.

    What counts since the beginning of an hour, day, month or year begins with the run at the earliest;
    periods begin on the hour of the site's local time, and cost nothing between.
    """

    def __init__(self, engine: Engine, devices: Mapping[str, Device], cells: Sequence[Cell]) -> None:
        self._engine = engine
        self._devices = devices
        self._sources: set[Source] = set()
        self._values: dict[int, Value] = {}
        """The value of a cell before its period, by the id of the cell."""
        self._periods: dict[int, tuple[int, ...]] = {}
        self._begun: dict[int, float] = {}
        """The value at the beginning of the period, or its peak so far, likewise."""
        mine = [cell for cell in cells if cell.reader.composed]
        valued = [cell for cell in mine if cell.reader.signal is not None]
        for cell in valued:
            self._values[id(cell)] = self._value_of(cell)
        scaled = sorted((cell for cell in valued if cell.reader.scaled), key=lambda c: str(family(c)))
        self._groups = [
            RegisterGroup(members, partial(_all, [self._shown(cell) for cell in members]))
            for members in (list(found) for _, found in groupby(scaled, key=family))
        ]
        self._others = [(cell, self._shown(cell)) for cell in valued if not cell.reader.scaled]
        self._coded = self._coded_groups(
            [cell for cell in mine if cell.reader.signal is None and not cell.reader.clock]
        )
        self._clocks = [cell for cell in mine if cell.reader.clock]
        self._counted = [cell for cell in valued if cell.reader.since]
        self._peaks = [cell for cell in valued if cell.reader.peak]
        if self._counted or self._peaks:
            self._begin_periods()
            self._await_hour(seconds_to_hour(engine))
        if self._peaks:
            engine.watch(PEAK_EVERY_S, self._measure_peaks)

    def fill(self) -> None:
        """Store the present values."""
        seen = self._look()
        for scaled in self._groups:
            scaled.fill(seen)
        for cell, value in self._others:
            cell.put(value(seen))
        for group in self._coded:
            group.fill(seen)
        if self._clocks:
            now = local_time(self._engine)
            for cell in self._clocks:
                cell.data = cell.reader.layout.pack(CLOCKS[cell.reader.clock](now))

    def signal(self, role: str, name: str) -> Any:
        """Return the present value of a device's signal."""
        device = self._devices[role]
        command = device.type.signals[name].command
        return getattr(device.commands if command else device.telemetry(self._engine.surroundings), name)

    def _look(self) -> Seen:
        surroundings = self._engine.surroundings
        return {
            (role, command): self._devices[role].commands
            if command
            else self._devices[role].telemetry(surroundings)
            for role, command in self._sources
        }

    def _value_of(self, cell: Cell) -> Value:
        """Return how the value of a cell is worked out, without its period."""
        register = cell.reader
        assert register.signal is not None
        parts = ((register.role, register.signal.name), *register.parts)
        value = self._sum(parts)
        if register.mean:
            value = _over(value, sum(role in self._devices for role, _ in parts))
        if register.less:
            value = _less(value, self._sum(register.less))
        if register.beside:
            value = _beside(value, self._sum([(role, register.beside) for role, _ in parts]))
        if register.per is not None:
            name, parameter = register.per
            if parameter:
                return _over(value, getattr(cell.device.params, name))
            return _per(value, self._sum([(register.role, name)]))
        return value

    def _shown(self, cell: Cell) -> Value:
        """Return how the number in a cell is worked out."""
        value = self._values[id(cell)]
        if cell.reader.since:
            return lambda seen: value(seen) - self._begun[id(cell)]
        return (lambda seen: self._peak(cell, value(seen))) if cell.reader.peak else value

    def _sum(self, parts: Sequence[tuple[str, str]]) -> Value:
        getters = []
        for role, name in parts:
            if role in self._devices:
                source = role, self._devices[role].type.signals[name].command
                self._sources.add(source)
                getters.append((source, attrgetter(name)))
        if len(getters) == 1:
            ((source, get),) = getters
            return lambda seen: get(seen[source])
        if len(getters) == 2:
            (first, get_first), (second, get_second) = getters
            return lambda seen: get_first(seen[first]) + get_second(seen[second])
        # not sum, which rounds differently from Python 3.12 on
        return lambda seen: reduce(add, [get(seen[source]) for source, get in getters], 0.0)

    def _coded_groups(self, cells: Sequence[Cell]) -> "list[_Coded]":
        """Return the registers with conditions, those of the same signals together."""
        groups: dict[frozenset[tuple[str, str]], list[Cell]] = {}
        for cell in cells:
            inputs = {(c.role, c.signal) for c in _conditions(cell).values() if c.role in self._devices}
            groups.setdefault(frozenset(inputs), []).append(cell)
        return [self._coded_group(sorted(inputs), members) for inputs, members in groups.items()]

    def _coded_group(self, inputs: Sequence[tuple[str, str]], cells: Sequence[Cell]) -> "_Coded":
        getters = []
        for role, name in inputs:
            signal = self._devices[role].type.signals[name]
            source = role, signal.command
            self._sources.add(source)
            getters.append((source, attrgetter(f"{signal.group}.{name}" if signal.group else name)))
        return _Coded(inputs, getters, cells)

    def _begin_periods(self) -> None:
        now, seen = local_time(self._engine), self._look()
        for cell in (*self._counted, *self._peaks):
            period = PERIODS[cell.reader.since or cell.reader.peak](now)
            if self._periods.get(id(cell)) != period:
                self._periods[id(cell)], self._begun[id(cell)] = period, self._values[id(cell)](seen)

    def _await_hour(self, seconds: float) -> None:
        watcher = self._engine.watch(seconds, lambda: self._hour_begins(stop()))
        stop = partial(self._engine.unwatch, watcher)

    def _hour_begins(self, _stopped: None) -> None:
        self._begin_periods()
        self._await_hour(seconds_to_hour(self._engine))

    def _measure_peaks(self) -> None:
        seen = self._look()
        for cell in self._peaks:
            self._peak(cell, self._values[id(cell)](seen))

    def _peak(self, cell: Cell, value: float) -> float:
        """Return the greatest value of the present period with this one, as the register has its sign."""
        greatest = (max if cell.reader.quantum > 0 else min)(value, self._begun[id(cell)])
        self._begun[id(cell)] = greatest
        return greatest


class _Coded:
    """Registers whose bits or codes depend on the same signals; worked out when one of these has changed."""

    def __init__(
        self,
        inputs: Sequence[tuple[str, str]],
        getters: Sequence[tuple[Source, Callable[[Any], Any]]],
        cells: Sequence[Cell],
    ) -> None:
        self._inputs = inputs
        self._getters = getters
        self._cells = cells
        self._values: list[Any] | None = None

    def fill(self, seen: Seen) -> None:
        """Store the present values."""
        values = [get(seen[source]) for source, get in self._getters]
        if values == self._values:
            return
        self._values = values
        present = dict(zip(self._inputs, values, strict=True))
        for cell in self._cells:
            cell.data = _code(cell, present)


def _conditions(cell: Cell) -> Mapping[int, Condition]:
    return cell.reader.bits if cell.reader.bits is not None else cell.reader.states or {}


def _code(cell: Cell, present: Mapping[tuple[str, str], Any]) -> bytes:
    """Return the bits whose conditions hold, or the first code whose condition does."""
    register = cell.reader
    holding = [
        code
        for code, condition in _conditions(cell).items()
        if (place := (condition.role, condition.signal)) in present and condition.holds(present[place])
    ]
    if register.bits is not None:
        return register.layout.pattern(sum(1 << bit for bit in holding))
    code = holding[0] if holding else register.constant
    return register.nothing() if code is None else register.layout.pack(code)


def _all(values: Sequence[Value], seen: Seen) -> tuple[Any, ...]:
    return tuple([value(seen) for value in values])


def _over(value: Value, divisor: float) -> Value:
    return (lambda seen: value(seen) / divisor) if divisor else lambda seen: 0.0


def _per(value: Value, divisor: Value) -> Value:
    return lambda seen: value(seen) / by if (by := divisor(seen)) else 0.0


def _less(value: Value, less: Value) -> Value:
    return lambda seen: max(0.0, value(seen) - less(seen))


def _beside(value: Value, other: Value) -> Value:
    return lambda seen: hypot(value(seen), other(seen))
