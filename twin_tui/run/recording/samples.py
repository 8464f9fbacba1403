"""What a recording samples: the status and every signal of each device, of the grid and of the weather."""

from collections.abc import Iterator, Mapping
from operator import attrgetter
from typing import Any, NamedTuple

from twin_tui.engine.engine import Engine
from twin_tui.engine.observing import SITE_TELEMETRY
from twin_tui.engine.signals import signals_of
from twin_tui.engine.surroundings import Surroundings
from twin_tui.run.recording.rows import getter, row_of

STATUS = "status"
_inputs = attrgetter("state", "commands", "pins")
_status = attrgetter("status._value_")  # a tenth of the time of status.value on Python 3.11
Columns = dict[str, Any]
"""Names of values, in the form of a sample: lists under "grid", "weather" and, by device, under "devices"."""
Values = dict[str, Any]
"""A sample: as the columns, with values in place of their names, and its time."""


class Moment(NamedTuple):
    """All that determines the values of one tick: nothing in it changes later."""

    tick: int
    time_s: float
    surroundings: Surroundings
    devices: list[tuple[Any, Any, Mapping[str, Any]]]
    """State, commands and forced values of each."""


class Column(NamedTuple):
    """One value of a sample as tables name it: its device, signal, unit and type."""

    device: str
    signal: str
    unit: str
    type: type


class Sampler:
    """Notes what determines a tick, at once, and works the values out later, many ticks one after the other.

    That takes half the time of working them out at once, when the processor has just done something else.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        surroundings = engine.surroundings
        self._devices = list(engine.devices.values())
        self._signals = {
            device.name: signals_of(type(device.telemetry(surroundings))) for device in self._devices
        }
        self._site = [
            (name, observe, signals_of(kind))
            for name, (kind, observe) in SITE_TELEMETRY.items()
            if name not in engine.devices
        ]
        """Grid and weather; a device of that name comes first, as everywhere."""
        self._site_rows = [(name, row_of(observe, signals)) for name, observe, signals in self._site]
        self._rows = [
            (name, device, row_of(device.type.observe, signals), getter(signals))
            for device, (name, signals) in zip(self._devices, self._signals.items(), strict=True)
        ]

    def moment(self) -> Moment:
        """Return what determines the values at this tick."""
        engine = self._engine
        return Moment(
            engine.tick,
            engine.time_s,
            engine.surroundings.copy(),
            [*map(_inputs, self._devices)],
        )

    def columns(self) -> Columns:
        """Return the names of all values, in the form of a sample."""
        return {
            **{name: list(signals) for name, _, signals in self._site},
            "devices": {name: [STATUS, *signals] for name, signals in self._signals.items()},
        }

    def values(self, moment: Moment) -> Values:
        """Return the values of a tick."""
        surroundings = moment.surroundings
        return {
            "tick": moment.tick,
            "t": moment.time_s,
            **{name: row(surroundings) for name, row in self._site_rows},
            "devices": {
                name: (
                    _status(state),
                    *(
                        get(device.observe(state, commands, surroundings, pins))
                        if pins
                        else row(device.params, state, commands, surroundings)
                    ),
                )
                for (name, device, row, get), (state, commands, pins) in zip(
                    self._rows, moment.devices, strict=True
                )
            },
        }

    def table(self) -> list[Column]:
        """Return the columns of a table."""
        found = [
            Column(name, signal.name, signal.unit, signal.type)
            for name, _, signals in self._site
            for signal in signals.values()
        ]
        for name, signals in self._signals.items():
            found.append(Column(name, STATUS, "", str))
            found += [Column(name, signal.name, signal.unit, signal.type) for signal in signals.values()]
        return found

    def row(self, moment: Moment) -> list[Any]:
        """Return the values of a tick in the order of the table."""
        values = self.values(moment)
        found: list[Any] = []
        for name, _, _ in self._site:
            found += values[name]
        for part in values["devices"].values():
            found += part
        return found


def sample(sampler: Sampler) -> dict[str, Any]:
    """Return what every device reports at this tick, by name."""
    moment = sampler.moment()
    values = named(sampler.columns(), sampler.values(moment))
    return {"tick": moment.tick, "t": moment.time_s, **dict(values)}


def named(columns: Mapping[str, Any], values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the parts of a sample with a name for each value; raise ValueError where there are too many."""
    for name, names in columns.items():
        if isinstance(names, Mapping):
            yield name, dict(named(names, values[name]))
        else:
            yield name, dict(zip(names, values[name], strict=True))
