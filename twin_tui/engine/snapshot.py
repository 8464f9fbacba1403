"""What the engine shows: immutable values, computed on access."""

from collections.abc import Mapping
from dataclasses import field
from enum import Enum
from typing import Any

from twin_tui.engine.signals import measured, value
from twin_tui.engine.why import NOTHING_BINDS, Why


class LogKind(Enum):
    """The kinds of entries in the event log."""

    __hash__ = object.__hash__  # that of Enum is a function in Python, and each write is counted by its kind

    WRITE = "WRITE"
    INJECT = "INJECT"
    CLEAR = "CLEAR"
    FAULT = "FAULT"
    TRIP = "TRIP"
    CEASE = "CEASE"
    STATE = "STATE"
    FORCE = "FORCE"
    MODE = "MODE"
    S2 = "S2"
    LINK = "LINK"
    MARK = "MARK"
    GAP = "GAP"
    ALARM = "ALARM"


@value
class LogEntry:
    """One thing that happened: when, of which kind, to which device, in a sentence, and its author."""

    number: int
    tick: int
    time_s: float
    kind: LogKind
    device: str
    text: str
    origin: str = ""
    repeats: int = 1
    """How often it happened in a row: a client that writes the same again makes no new entry."""


@value
class Author:
    """Who set a signal: a client's address, "console", "mode PEAK_SHAVING"; since when, and to what."""

    who: str
    since_s: float
    value: Any


@value
class ControlSnapshot:
    """The S2 control type of a device: what is active, what could follow, what was refused."""

    control: str
    mode: str
    factor: float
    next_modes: tuple[str, ...]
    timers: tuple[tuple[str, float], ...]
    """Running timers with the seconds that remain."""
    last: str
    """The last instruction in a few words."""
    refused: str
    """The last instruction that was refused, and why."""


@value
class DeviceSnapshot:
    """One device at one tick. Powers are positive into the site's bus."""

    name: str
    kind: str
    title: str
    status: str
    active_power_w: float
    reactive_power_var: float
    faults: tuple[str, ...]
    telemetry: Any
    commands: Any
    pinned: tuple[str, ...]
    role: str = "CONSUMER"
    """What the device is to the site's energy: "PRODUCER", "STORAGE" or "CONSUMER"."""
    flow_group: str = ""
    """Under which name the power flow sums it; "" is a meter, which has no power of its own."""
    mode: str = ""
    factor: float = 1.0
    explanation: str = ""
    """What binds it, in words."""
    why: Why = NOTHING_BINDS
    """The same as values, with what was asked and what is given; ``why.sentence()`` is in words."""
    grid_code: str = ""
    """The title of the grid code, and which of its numbers nobody has read in the source."""
    control: ControlSnapshot | None = None
    authors: Mapping[str, Author] = field(default_factory=dict)
    """Who has set each signal that is no longer as at the start."""


@value
class ActiveDisturbance:
    """A disturbance that is in force, and for how long still (None: until cleared)."""

    label: str
    text: str
    target: str
    remaining_s: float | None


NOTHING, GRID, TRANSFER, ISLAND, SYNCHRONISING = range(5)
SUPPLIES = {
    NOTHING: "nothing",
    GRID: "grid",
    TRANSFER: "transfer",
    ISLAND: "island",
    SYNCHRONISING: "island, synchronising",
}


@value
class GridSnapshot:
    """The point of connection at one tick: the signals of "grid".

    The voltages are those of the site's bus, which a meter at the connection point measures.
    """

    frequency_hz: float = measured("Frequency", "Hz", low=0)
    voltage_a_pu: float = measured("Voltage of phase a to neutral", "pu", low=0)
    voltage_b_pu: float = measured("Voltage of phase b to neutral", "pu", low=0)
    voltage_c_pu: float = measured("Voltage of phase c to neutral", "pu", low=0)
    active_power_w: float = measured("Active power, + import", "W")
    reactive_power_var: float = measured("Reactive power, + import", "var")
    live: bool = measured("Whether there is voltage on the site's bus")
    islanded: bool = measured("Whether the site is cut off and held up by a grid-forming device")
    supply: int = measured("What supplies the site's bus", options=SUPPLIES)
    source_voltage_a_pu: float = measured(
        "Phase a of the grid before its impedance or the switch", "pu", low=0
    )
    source_voltage_b_pu: float = measured(
        "Phase b of the grid before its impedance or the switch", "pu", low=0
    )
    source_voltage_c_pu: float = measured(
        "Phase c of the grid before its impedance or the switch", "pu", low=0
    )
    source_frequency_hz: float = measured("Frequency of the grid before the switch", "Hz", low=0)
    applied_frequency_hz: float = measured(
        "Frequency that reserves answer: a test signal, without one the grid's", "Hz", low=0
    )
    loss_w: float = measured("Loss in the impedance of the connection, before the meter", "W", low=0)
    slip_deg: float = measured("Angle by which an island's voltage leads the grid's", "deg")
    nominal_hz: float
    nominal_v: float

    @property
    def voltages_pu(self) -> tuple[float, float, float]:
        """The three phase voltages."""
        return self.voltage_a_pu, self.voltage_b_pu, self.voltage_c_pu


@value
class WeatherSnapshot:
    """The weather at one tick: the signals of "weather"."""

    ghi_w_m2: float = measured("Global horizontal irradiance", "W/m2", low=0)
    ambient_c: float = measured("Temperature of the air", "degC")
    clear_sky_w_m2: float = measured("Global horizontal irradiance of a cloudless sky", "W/m2", low=0)
    wind_m_s: float = measured("Wind speed", "m/s", low=0)


@value
class Snapshot:
    """The whole site at one tick."""

    site: str
    tick: int
    time_s: float
    dt_s: float
    unix_s: float
    day_s: float
    devices: tuple[DeviceSnapshot, ...]
    grid: GridSnapshot
    weather: WeatherSnapshot
    disturbances: tuple[ActiveDisturbance, ...]
    log: tuple[LogEntry, ...]
    """The newest entries, oldest first."""

    def device(self, name: str) -> DeviceSnapshot:
        """Return the device of that name; KeyError when there is none."""
        for device in self.devices:
            if device.name == name:
                return device
        raise KeyError(name)
