"""From a frame to what a row or a card says: the one place that knows which signal plays which part."""

from dataclasses import dataclass

from twin_tui.engine.formats import power, quantity
from twin_tui.engine.signals import Signal, signals_of
from twin_tui.engine.snapshot import (
    ISLAND,
    SYNCHRONISING,
    TRANSFER,
    Author,
    DeviceSnapshot,
    GridSnapshot,
    LogEntry,
    LogKind,
    Snapshot,
)
from twin_tui.engine.view import Energy, Frame, WriteTrace
from twin_tui.engine.why import NOTHING_BINDS, Why
from twin_tui.widgets.themes import role_of

STATUS_LOOK = {
    "RUN": "label",
    "STARTING": "strong",
    "STOPPING": "strong",
    "WAITING": "strong",
    "CEASED": "alarm",
    "TRIPPED": "alarm",
    "FAULT": "alarm",
    "SAG": "alarm",
    "SWELL": "alarm",
    "OUT": "alarm",
    "FREQ": "alarm",
    "TRANSFER": "alarm",
    "ISLAND": "strong",
    "SYNC": "strong",
    "OK": "label",
}
"""The role of a status; its word carries the meaning, the role only helps."""

OWN_ORIGINS = frozenset(
    (
        "",
        "console",
        "scenario",
        "site file",
        "end of duration",
        "python",
        "watchdog",
        "compare",
        "command line",
    )
)
"""Who writes from inside; every other origin is an energy manager or another client."""
STEERING = ("mode ", "S2 ")
"""How an author begins that steers a device in place of writes."""
NO_LIMIT_W = 1e8
"""Power limits from here up mean that there is none."""


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """One device as overview and cards show it."""

    name: str
    kind: str
    status: str
    power_w: float
    setpoint_w: float | None = None
    soc: float | None = None
    soc_forced: bool = False
    mode: str = ""
    alarm: str = ""
    write_age_s: float | None = None
    writer: str = ""
    pinned: int = 0
    extra: str = ""
    direction: str = ""
    colour: str = "grid"
    """The role of its name, bar and sparkline."""
    why: Why = NOTHING_BINDS
    """What binds it; ``why.sentence(keys, brief=True)`` is for a row."""
    consumes: bool = False
    """Whether its own direction is out of the bus."""
    energy: Energy | None = None
    """What it has delivered and taken since midnight."""
    setter: str = ""
    """Who has set the setpoint in force, where that is no client."""

    @property
    def look(self) -> str:
        return STATUS_LOOK.get(self.status, "plain")


def device_row(device: DeviceSnapshot, frame: Frame) -> DeviceRow:
    trace = last_ems_write(frame, device.name)
    soc, author = getattr(device.telemetry, "soc", None), setpoint_author(device)
    return DeviceRow(
        name=device.name,
        kind=device.kind,
        status=device.status,
        power_w=device.active_power_w if device.flow_group else metered_w(device, frame.snapshot),
        setpoint_w=setpoint_w(device),
        soc=soc if isinstance(soc, int | float) else None,
        soc_forced="soc" in device.pinned,
        mode=device.mode,
        alarm=", ".join(device.faults),
        write_age_s=trace.age_s if trace else None,
        writer=trace.origin if trace else "",
        pinned=len(device.pinned),
        direction=direction(device),
        colour=role_of(device.flow_group or "Grid", device.role),
        why=device.why,
        consumes=device.role == "CONSUMER" and bool(device.flow_group),
        energy=frame.energy.get(device.name) if device.flow_group else None,
        setter=author.who if author is not None and not is_client(author.who) else "",
    )


def grid_row(snapshot: Snapshot, energy: Energy | None = None) -> DeviceRow:
    """Return the row of the grid connection; import is positive."""
    grid = snapshot.grid
    state, lowest = grid_state(snapshot), min(grid.voltages_pu)
    return DeviceRow(
        name="GRID",
        kind="grid",
        status=state,
        power_w=grid.active_power_w,
        extra=f"{concerned(grid) if state == 'SAG' else ''}{lowest * grid.nominal_v:.0f} V",
        direction="imports" if grid.active_power_w > 0.5 else "exports" if grid.active_power_w < -0.5 else "",
        energy=energy,
    )


LOW_PU, HIGH_PU = 0.9, 1.1
"""The voltages of a sag and of a swell, per unit."""


def concerned(grid: GridSnapshot) -> str:
    """Return the phases whose voltage is out of range, as "a " before it; "" when all are or none."""
    found = [n for n, pu in zip("abc", grid.voltages_pu, strict=False) if not LOW_PU <= pu <= HIGH_PU]
    return f"{''.join(found)} " if 0 < len(found) < len(grid.voltages_pu) else ""


_WITHOUT_GRID = {TRANSFER: "TRANSFER", ISLAND: "ISLAND", SYNCHRONISING: "SYNC"}


def grid_state(snapshot: Snapshot) -> str:
    """Return one word for the grid: OK, OUT, SAG, SWELL or FREQ; ISLAND, TRANSFER or SYNC without it."""
    grid = snapshot.grid
    if grid.supply in _WITHOUT_GRID:
        return _WITHOUT_GRID[grid.supply]
    if not grid.live:
        return "OUT"
    if min(grid.voltages_pu) < LOW_PU:
        return "SAG"
    if max(grid.voltages_pu) > HIGH_PU:
        return "SWELL"
    if abs(grid.frequency_hz - grid.nominal_hz) > 0.2:
        return "FREQ"
    return "OK"


def setpoint_of(device: DeviceSnapshot) -> tuple[str, float] | None:
    """Return the signal and the value of the device's active power setpoint, if its type has one."""
    found = getattr(device.commands, "active_power_setpoint_w", None)
    if isinstance(found, int | float):
        return "active_power_setpoint_w", float(found)
    share = getattr(device.commands, "load_setpoint_pu", None)
    rated = getattr(device.telemetry, "rated_power_w", None)
    if isinstance(share, int | float) and isinstance(rated, int | float):
        return "load_setpoint_pu", float(share * rated)
    limit = getattr(device.commands, "active_power_limit_w", None)
    if isinstance(limit, int | float) and limit < NO_LIMIT_W:
        return "active_power_limit_w", float(limit)
    return None


def setpoint_w(device: DeviceSnapshot) -> float | None:
    """Return the device's active power setpoint, if its type has one."""
    found = setpoint_of(device)
    return found[1] if found is not None else None


def setpoint_author(device: DeviceSnapshot) -> Author | None:
    """Return who has set the setpoint that is in force, None where it is as at the start."""
    found = setpoint_of(device)
    return device.authors.get(found[0]) if found is not None else None


def is_client(origin: str) -> bool:
    """Return whether an origin is a client or another energy manager, not the twin itself or its user."""
    return origin not in OWN_ORIGINS and not origin.startswith(STEERING)


def metered_w(device: DeviceSnapshot, snapshot: Snapshot) -> float:
    """Return what a meter reads: it has no power of its own."""
    found = getattr(device.telemetry, "active_power_w", None)
    return float(found) if isinstance(found, int | float) else snapshot.grid.active_power_w


def direction(device: DeviceSnapshot) -> str:
    """Return a word for which way the power flows."""
    power_w = device.active_power_w
    if abs(power_w) < 0.5 or not device.flow_group or device.kind == "load":
        return ""
    stores = hasattr(device.telemetry, "soc")
    if power_w > 0:
        return "discharging" if stores else "generating"
    return "charging" if stores else "consuming"


def last_write(frame: Frame, device: str) -> WriteTrace | None:
    """Return the newest write to a device, whoever wrote it."""
    return next((trace for trace in reversed(frame.traces) if trace.device == device), None)


def last_ems_write(frame: Frame, device: str) -> WriteTrace | None:
    """Return the newest write to a device that came from outside."""
    for trace in reversed(frame.traces):
        if trace.device == device and is_client(trace.origin):
            return trace
    return None


@dataclass(frozen=True, slots=True)
class SignalRow:
    """One signal of a device with its value now."""

    signal: Signal
    value: object
    pinned: bool


def shown(number: object, unit: str) -> str:
    """Return a value as every view of a device shows it: powers as in its heading."""
    if unit in ("W", "VA", "var") and isinstance(number, int | float) and abs(number) < NO_LIMIT_W:
        return power(number, unit)
    return quantity(number, unit)


def signal_rows(device: DeviceSnapshot) -> list[SignalRow]:
    """Return what the device shows, then its commands."""
    return [
        SignalRow(signal, getattr(values, name, None), name in device.pinned)
        for values in (device.telemetry, device.commands)
        for name, signal in signals_of(type(values)).items()
    ]


FLOW_ROLES = ("PRODUCER", "STORAGE", "CONSUMER")
"""The order of the flow groups."""


def power_flow(snapshot: Snapshot) -> list[tuple[str, float, str]]:
    """Return who puts power into the bus (+) and who takes it (−), the grid first, in W and its colour."""
    groups: dict[str, tuple[float, str]] = {}
    for role in FLOW_ROLES:
        for device in snapshot.devices:
            if device.role == role and device.flow_group:
                power_w, first = groups.get(device.flow_group, (0.0, role_of(device.flow_group, role)))
                groups[device.flow_group] = power_w + device.active_power_w, first
    grid_w = snapshot.grid.active_power_w
    return [("Grid", grid_w, "grid"), *((title, *found) for title, found in groups.items())]


def flow_energy(frame: Frame) -> dict[str, Energy]:
    """Return what each kind of the power flow has delivered and taken since midnight, by its title."""
    found = {"Grid": frame.energy[""]} if "" in frame.energy else {}
    for device in frame.snapshot.devices:
        own = frame.energy.get(device.name)
        if own is not None and device.flow_group:
            sums = found.get(device.flow_group, Energy())
            found[device.flow_group] = Energy(sums.into_wh + own.into_wh, sums.out_wh + own.out_wh)
    return found


LOG_LOOK = {
    LogKind.WRITE: "written",
    LogKind.INJECT: "strong",
    LogKind.FAULT: "alarm",
    LogKind.TRIP: "alarm",
    LogKind.CEASE: "alarm",
    LogKind.ALARM: "alarm",
    LogKind.LINK: "strong",
    LogKind.FORCE: "strong",
    LogKind.MARK: "strong",
    LogKind.GAP: "strong",
}


def log_look(entry: LogEntry) -> str:
    """Return the role of the kind of an entry: that of writes is for those of clients."""
    if entry.kind is LogKind.WRITE and not is_client(entry.origin):
        return "strong"
    return LOG_LOOK.get(entry.kind, "plain")


ALARMS = (LogKind.FAULT, LogKind.TRIP, LogKind.CEASE, LogKind.ALARM)
