"""What a recording samples: the status and every signal of each device, of the grid and of the weather."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any

from twin_tui.engine.engine import Engine
from twin_tui.engine.observing import SITE_TELEMETRY
from twin_tui.engine.running import Device
from twin_tui.engine.signals import Signal, signals_of
from twin_tui.engine.signals import value as plain_value

STATUS = "status"
Values = dict[str, Any]
Columns = dict[str, Any]
"""Names of values, in the form of a sample: lists under "grid", "weather" and, by device, under "devices"."""


def sample(engine: Engine) -> dict[str, Any]:
    """Return what every device reports at this tick, by name."""
    devices = {
        name: {STATUS: device.state.status.value, **engine.shown(name)}
        for name, device in engine.devices.items()
    }
    return {
        "tick": engine.tick,
        "t": engine.time_s,
        **{name: engine.shown(name) for name in SITE_TELEMETRY},
        "devices": devices,
    }


@plain_value
class Column:
    """One value of a sample as tables name it: its device, signal, unit and type."""

    device: str
    signal: str
    unit: str
    type: type

    @property
    def name(self) -> str:
        """The name of the column in a table."""
        return f"{self.device}.{self.signal}"


class Sampler:
    """Reads all values of a site at a tick, fast: their names are known beforehand."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._site = [(name, _getter(signals_of(type(engine.telemetry(name))))) for name in SITE_TELEMETRY]
        self._devices: list[tuple[str, Device, Callable[[Any], Sequence[Any]]]] = [
            (name, device, _getter(signals_of(type(device.telemetry(engine.surroundings)))))
            for name, device in engine.devices.items()
        ]

    def columns(self) -> Columns:
        """Return the names of all values, in the form of a sample."""
        engine = self._engine
        return {
            **{name: list(signals_of(type(engine.telemetry(name)))) for name in SITE_TELEMETRY},
            "devices": {name: [STATUS, *engine.shown(name)] for name in engine.devices},
        }

    def values(self) -> Values:
        """Return the values at this tick."""
        engine = self._engine
        surroundings = engine.surroundings
        return {
            "tick": engine.tick,
            "t": engine.time_s,
            **{name: get(engine.telemetry(name)) for name, get in self._site},
            "devices": {
                name: (device.state.status.value, *get(device.telemetry(surroundings)))
                for name, device, get in self._devices
            },
        }

    def table(self) -> list[Column]:
        """Return the columns of a table: a device named like the grid takes its place, as everywhere."""
        engine = self._engine
        found = [
            Column(name, signal.name, signal.unit, signal.type)
            for name in SITE_TELEMETRY
            if name not in engine.devices
            for signal in signals_of(type(engine.telemetry(name))).values()
        ]
        for name in engine.devices:
            found.append(Column(name, STATUS, "", str))
            signals: Mapping[str, Signal] = signals_of(type(engine.telemetry(name)))
            found += [Column(name, signal.name, signal.unit, signal.type) for signal in signals.values()]
        return found

    def row(self) -> list[Any]:
        """Return the values at this tick in the order of the table."""
        engine = self._engine
        surroundings = engine.surroundings
        found: list[Any] = []
        for name, get in self._site:
            if name not in engine.devices:
                found += get(engine.telemetry(name))
        for _, device, get in self._devices:
            found.append(device.state.status.value)
            found += get(device.telemetry(surroundings))
        return found


def named(columns: Mapping[str, Any], values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the parts of a sample with a name for each value; raise ValueError where there are too many."""
    for name, names in columns.items():
        if isinstance(names, Mapping):
            yield name, dict(named(names, values[name]))
        else:
            yield name, dict(zip(names, values[name], strict=True))


def _getter(signals: Mapping[str, Signal]) -> Callable[[Any], Sequence[Any]]:
    names = tuple(signals)
    if len(names) > 1:
        return attrgetter(*names)
    return lambda seen: tuple(getattr(seen, name) for name in names)
