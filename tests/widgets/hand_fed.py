"""A site, frames and a session made by hand, so that screens can be tested without a running twin."""

from dataclasses import replace

from twin_tui.engine.device import FaultKind
from twin_tui.engine.link_view import ClientView, LinkView
from twin_tui.engine.signals import commanded, measured, signals_of, value
from twin_tui.engine.snapshot import (
    ActiveDisturbance,
    DeviceSnapshot,
    GridSnapshot,
    LogEntry,
    LogKind,
    Snapshot,
    WeatherSnapshot,
)
from twin_tui.engine.view import (
    Command,
    DeviceView,
    Frame,
    ModeView,
    ParameterView,
    RegisterInfo,
    RegisterValue,
    SiteView,
    ViewRequest,
    WriteTrace,
)
from twin_tui.errors import CommandError
from twin_tui.run.scenario import shipped_titles

CLIENT = "10.0.0.7:51234"
FAULTS = (
    FaultKind("over_temperature", 1001, "The cells are too hot"),
    FaultKind("emergency_stop", 1003, "The emergency stop is pressed"),
)
LINK_FAULTS = {
    "silence": "does not answer",
    "exception": "answers with an exception",
    "delay": "answers late",
}


@value
class BatteryCommands:
    """What this battery is told; its own, so that no picture changes with a device model."""

    start_stop: int = commanded(2, "Run command", options={1: "Power On", 2: "Power Off"})
    active_power_setpoint_w: float = commanded(0.0, "Active power setpoint, + discharges", "W")
    soc_lower_limit_1: float = commanded(0.25, "Full discharge power from here up", "1", low=0.0, high=1.0)
    soc_lower_limit_2: float = commanded(0.20, "No discharge below", "1", low=0.0, high=1.0)


@value
class BatteryTelemetry:
    """What this battery shows."""

    active_power_w: float = measured("Active power, + discharges", "W")
    reactive_power_var: float = measured("Reactive power, + into the grid", "var")
    soc: float = measured("State of charge", "1", low=0, high=1)
    working_status: int = measured("Condition", options={0: "Idle", 1: "Running", 2: "Fault"})
    cell_temperature_c: float = measured("Temperature of the cells", "degC")
    energy_wh: float = measured("Energy in the cells", "Wh", low=0)
    frequency_hz: float = measured("Grid frequency at the terminals", "Hz", low=0)
    voltage_ab_v: float = measured("Line voltage a to b", "V", low=0)


@value
class LoadCommands:
    """What this load is told."""

    extra_w: float = commanded(0.0, "Additional consumption", "W")


@value
class LoadTelemetry:
    """What this load shows."""

    active_power_w: float = measured("Active power, negative while consuming", "W")


REGISTERS = (
    RegisterInfo(
        "holding registers", 10126, "on_grid_power_setpoint", "int16", device="bess-1",
        signal="active_power_setpoint_w", unit="kW", meaning="Power asked for",
        writable=True, low=-500, high=500,
    ),
    RegisterInfo("input registers", 10050, "working_status", "uint16", device="bess-1",
                 signal="working_status", options={0: "Idle", 1: "Running", 2: "Fault"}, meaning="Condition"),
    RegisterInfo("input registers", 10200, "system_soc", "uint16", device="bess-1", signal="soc", unit="%"),
    RegisterInfo("input registers", 10210, "model", "string", count=4, device="bess-1"),
)  # fmt: skip


def site(registers: tuple[RegisterInfo, ...] = REGISTERS) -> SiteView:
    """Return a site with a battery and a load."""
    return SiteView(
        name="site-a",
        devices=(
            DeviceView(
                "bess-1",
                "battery",
                "Battery",
                signals_of(BatteryCommands),
                signals_of(BatteryTelemetry),
                faults={fault.name: fault.meaning for fault in FAULTS},
                modes={
                    "SELF_CONSUMPTION": ModeView("Keep the grid at zero"),
                    "PEAK_SHAVING": ModeView(
                        "Keep imports low", {"peak_target_w": ParameterView("Import let through", "W", 0.0)}
                    ),
                    "IDLE": ModeView("Do nothing"),
                },
                link_faults=LINK_FAULTS,
                registers=registers,
                role="STORAGE",
                flow_group="Battery",
            ),
            DeviceView("load", "load", "Load", signals_of(LoadCommands), signals_of(LoadTelemetry)),
        ),
        link_faults=LINK_FAULTS,
        link_options={"delay_s": ParameterView("delay", "s", 1.0, 0.0, 3600.0, kinds=("delay",))},
        scenarios=shipped_titles("site-a"),
    )


def battery(power_w: float = -20_000.0, soc: float = 0.431, **changes: object) -> DeviceSnapshot:
    """Return a battery that charges."""
    telemetry = BatteryTelemetry(power_w, 0.0, soc, 1, 24.6, soc * 30_000.0, 50.0, 400.0)
    found = DeviceSnapshot(
        name="bess-1",
        kind="battery",
        title="Battery",
        status="RUN",
        active_power_w=power_w,
        reactive_power_var=0.0,
        faults=(),
        telemetry=telemetry,
        commands=replace(BatteryCommands(), active_power_setpoint_w=-20_000.0, start_stop=1),
        pinned=(),
        role="STORAGE",
        flow_group="Battery",
    )
    return replace(found, **changes)


def load(power_w: float = -8_000.0) -> DeviceSnapshot:
    """Return a load."""
    telemetry = LoadTelemetry(**{**dict.fromkeys(signals_of(LoadTelemetry), 0.0), "active_power_w": power_w})
    return DeviceSnapshot(
        "load", "load", "Load", "RUN", power_w, 0.0, (), telemetry, LoadCommands(), (), "CONSUMER", "Load"
    )


def snapshot(time_s: float = 724.3, **changes: object) -> Snapshot:
    """Return a snapshot of the site."""
    found = Snapshot(
        site="site-a",
        tick=round(time_s * 10),
        time_s=time_s,
        dt_s=0.1,
        unix_s=1_781_913_600.0 + time_s,
        day_s=(36_000.0 + time_s) % 86_400,
        devices=(battery(), load()),
        grid=GridSnapshot(
            *(50.0, 1.0, 1.0, 1.0, 28_000.0, 0.0, True, False, 1, 1.0, 1.0, 1.0, 50.0, 50.0),
            *(0.0, 0.0, 50.0, 230.94),
        ),
        weather=WeatherSnapshot(500.0, 20.0, 700.0, 1.0),
        disturbances=(),
        log=(
            LogEntry(1, 10, 1.0, LogKind.STATE, "bess-1", "OFF → RUN"),
            LogEntry(2, 7200, 720.0, LogKind.WRITE, "bess-1", "active_power_setpoint_w 0 → -20000 W", CLIENT),
        ),
    )
    return replace(found, **changes)


def frame(**changes: object) -> Frame:
    """Return a frame with a client that has just written."""
    found = Frame(
        snapshot=snapshot(),
        links=(
            LinkView(
                "bess-1", "127.0.0.1:5021 unit 1", "Modbus TCP",
                (ClientView(CLIENT, 0.1, 700),), 700, 12.0,
            ),
        ),
        traces=(
            WriteTrace(
                "bess-1", 720.0, 0.4, CLIENT, "active_power_setpoint_w 0 → -20000",
                ("active_power_setpoint_w",), "P 0.00 → -20.00 kW after 4.3 s",
            ),
        ),
    )  # fmt: skip
    return replace(found, **changes)


SAG = ActiveDisturbance("voltage-1", "sag to 0.70 pu for 2 s", "voltage", 1.2)


class HandFedSession:
    """A session that shows the frame it was given and remembers what it was told."""

    def __init__(self, shown: Frame | None = None, site_view: SiteView | None = None) -> None:
        self.site = site_view or site()
        self.shown = shown or frame()
        self.commands: list[Command] = []
        self.requests: list[ViewRequest] = []
        self.refuse = ""

    async def frame(self, view: ViewRequest) -> Frame:
        self.requests.append(view)
        values = []
        if view.device == "bess-1":
            for index in view.registers:
                info = self.site.devices[0].registers[index]
                written = info.writable
                values.append(
                    RegisterValue(
                        index,
                        (0xFF38,) * info.count,
                        "-20.0 kW" if written else "1",
                        info.options.get(1, ""),
                        writer=CLIENT if written else "",
                        write_age_s=0.4 if written else None,
                    )
                )
        return replace(self.shown, registers=tuple(values))

    async def check(self, command: Command) -> None:
        if self.refuse:
            raise CommandError(self.refuse)

    async def send(self, command: Command, line: str = "") -> str:
        if self.refuse:
            raise CommandError(self.refuse)
        self.commands.append(command)
        return ""
