"""The stepping engine: one site, an integer clock, events in, snapshots out."""

import heapq
import math
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from twin_tui.engine import apply
from twin_tui.engine.device import Stage, State, Status
from twin_tui.engine.disturbance import Disturbance
from twin_tui.engine.events import END_OF_DURATION, ClearFault, ClearLinkFault, Event, LinkFault
from twin_tui.engine.grid import Grid
from twin_tui.engine.island import Island
from twin_tui.engine.metering import measured_devices, write_flows
from twin_tui.engine.policies.guide import steer
from twin_tui.engine.running import Device, Watcher
from twin_tui.engine.site import SitePlan
from twin_tui.engine.snapshot import (
    DeviceSnapshot,
    GridSnapshot,
    LogEntry,
    LogKind,
    Snapshot,
    WeatherSnapshot,
)
from twin_tui.engine.surroundings import Surroundings
from twin_tui.engine.weather import DAY_S, Weather
from twin_tui.errors import CommandError, ConfigError, did_you_mean

LOG_LENGTH = 2000
REPEATS_WITHIN = 30
"""How far back in the log a write is looked for that says the same."""


class Engine:
    """Runs a site plan tick by tick. Plain and synchronous: it never sleeps and never reads a clock."""

    def __init__(self, plan: SitePlan) -> None:
        if not (math.isfinite(plan.dt_s) and plan.dt_s > 0):
            raise ConfigError(f"step {plan.dt_s:g} s is not above 0")
        self.plan = plan
        self.dt_s = plan.dt_s
        self.tick = 0
        self.devices: dict[str, Device] = {}
        for device_plan in plan.devices:
            if device_plan.name in self.devices:
                raise ConfigError(f"two devices are named {device_plan.name!r}")
            self.devices[device_plan.name] = Device(device_plan, plan.seed, plan.dt_s)
        self.surroundings = Surroundings(
            dt_s=plan.dt_s,
            nominal_v=plan.grid.nominal_v,
            nominal_hz=plan.grid.nominal_hz,
            frequency_hz=plan.grid.nominal_hz,
            unix_s=plan.start_unix_s,
            utc_offset_s=plan.utc_offset_s,
            day_s=(plan.start_unix_s + plan.utc_offset_s) % DAY_S,
        )
        self.grid = Grid(plan.grid, plan.dt_s, plan.seed)
        self.weather = Weather(plan.weather, plan.dt_s, plan.seed)
        self.log: deque[LogEntry] = deque(maxlen=LOG_LENGTH)
        self.listeners: list[Callable[[int, Event], None]] = []
        """Called with (tick it takes effect in, event) for every event, in order."""
        self.check_link_fault: Callable[[LinkFault], object] | None = None
        """Set by who serves the wire: raises CommandError for a link fault that makes no sense."""
        self.link_fault: Callable[[Event], None] | None = None
        """Set by who serves the wire: carries out LinkFault and ClearLinkFault."""
        self.link_faults: dict[str, tuple[LinkFault, int | None]] = {}
        """The link faults in force by label, each with the tick in which it ends, if it does."""
        self._entries = 0
        self._labels = 0
        self._agenda: list[tuple[int, int, Event, bool]] = []
        self._filed = 0
        self._next_due: float = math.inf
        self._momentary: set[Device] = set()
        self._watchers: list[Watcher] = []
        self._watch_tick: float = math.inf
        self._weather_tick = 0
        self.sort_devices()
        self._grid_meters = tuple(meter for meter in self._meters if not meter.plan.meters)
        self._submeters = tuple(
            (meter, measured_devices(meter, self.devices)) for meter in self._meters if meter.plan.meters
        )
        self._unbalanced = tuple(d for d in self.devices.values() if d.type.shares is not None)
        self.island = Island(self)
        self._may_island = self.island.possible
        self.weather.step(self.surroundings, self.grid)
        for at_s, event in plan.events:
            self.submit(event, at_s=at_s)

    @property
    def time_s(self) -> float:
        """Simulated seconds since the start."""
        return self.tick * self.dt_s

    def step(self) -> None:
        """Run one tick: events, surroundings, devices, balance, meters."""
        tick = self.tick + 1
        if tick >= self._next_due:
            self._run_agenda(tick)
        surroundings = self.surroundings
        surroundings.tick = tick
        surroundings.time_s = tick * self.dt_s
        ended = self.grid.step(surroundings)
        if ended:
            self._note_ended(ended, tick)
        if tick >= self._weather_tick:
            self._step_weather(tick)

        if (
            self._may_island
            and (self.island.up or not surroundings.grid_live)
            and self.island.takes_over(surroundings)
        ):
            active_w, reactive_var = self.island.step(surroundings)
        else:
            active_w, reactive_var = self._step_devices(surroundings, tick)
        surroundings.grid_w = -active_w
        surroundings.grid_var = -reactive_var
        if self._meters:
            self._step_meters(surroundings, tick)
        if tick >= self._watch_tick:
            self.tick = tick
            self._show_watchers(tick)
        if self._momentary:
            for device in self._momentary:
                device.commands = replace(device.commands, **device.momentary)
            self._momentary.clear()
        self.tick = tick

    def _step_devices(self, surroundings: Surroundings, tick: int) -> tuple[float, float]:
        active_w = reactive_var = 0.0
        for device in self._sources:
            old = device.state
            state = device.step(device.params, old, device.commands, surroundings)
            device.state = state
            active_w += state.active_power_w
            reactive_var += state.reactive_power_var
            if state.status is not old.status or state.faults != old.faults:
                self.note_change(device, old, state, tick)
        surroundings.sources_w = active_w
        surroundings.sources_var = reactive_var
        for device in self._storage:
            old = device.state
            state = device.step(device.params, old, device.commands, surroundings)
            device.state = state
            active_w += state.active_power_w
            reactive_var += state.reactive_power_var
            if state.status is not old.status or state.faults != old.faults:
                self.note_change(device, old, state, tick)
        if self._guided:
            active_w, reactive_var = self._step_guided(surroundings, active_w, reactive_var)
        return active_w, reactive_var

    def advance(self, seconds: float) -> None:
        """Run as many ticks as fit ``seconds`` of simulated time, to the nearest one."""
        if not (math.isfinite(seconds) and seconds >= 0):
            raise CommandError(f"cannot advance by {seconds:g} s")
        step = self.step
        for _ in range(round(seconds / self.dt_s)):
            step()

    def submit(self, event: Event, *, at_s: float | None = None) -> None:
        """Take an event: now, before the next tick, or at a simulated time.

        Raises CommandError, and changes nothing, when it makes no sense.
        """
        apply.check(self, event, later=at_s is not None)
        if at_s is None:
            self._carry_out(event, self.tick + 1)
            return
        if not (math.isfinite(at_s) and at_s >= 0):
            raise CommandError(f"an event at {at_s:g} s cannot be")
        # an event at t shows in the first tick that ends after t
        self.file(event, max(self.tick, math.floor(at_s / self.dt_s + 1e-9)) + 1)

    def file(self, event: Event, tick: int, *, given: bool = True) -> None:
        """Have an event carried out at the start of a tick; ``given`` ones, from outside, are recorded."""
        self._filed += 1
        heapq.heappush(self._agenda, (tick, self._filed, event, given))
        self._next_due = self._agenda[0][0]

    def watch(self, every_s: float, look: Callable[[], None]) -> "Watcher":
        """Call ``look`` after each further ``every_s`` seconds; return what ``unwatch`` takes."""
        watcher = Watcher(max(1, round(every_s / self.dt_s)), look)
        watcher.due = (self.tick // watcher.every + 1) * watcher.every
        self._watchers.append(watcher)
        self._watch_tick = min(self._watch_tick, watcher.due)
        return watcher

    def unwatch(self, watcher: "Watcher") -> None:
        """Stop calling a watcher; one that is gone already is no error."""
        if watcher in self._watchers:
            self._watchers.remove(watcher)
        self._watch_tick = min((w.due for w in self._watchers), default=math.inf)

    def note(self, kind: LogKind, device: str, text: str, origin: str = "", tick: int | None = None) -> None:
        """Add an entry to the event log."""
        at = self.tick + 1 if tick is None else tick
        if kind is LogKind.WRITE and self._repeated(device, text, origin, at):
            return
        self._entries += 1
        self.log.append(LogEntry(self._entries, at, at * self.dt_s, kind, device, text, origin))

    def _repeated(self, device: str, text: str, origin: str, at: int) -> bool:
        """Count a write that says the same as the device's last one; return whether it was such a one."""
        for back in range(1, min(len(self.log), REPEATS_WITHIN) + 1):
            entry = self.log[-back]
            if entry.kind is LogKind.WRITE and entry.device == device:
                if entry.text != text or entry.origin != origin:
                    return False
                self.log[-back] = replace(entry, repeats=entry.repeats + 1, last_s=at * self.dt_s)
                return True
        return False

    def device(self, name: str) -> Device:
        """Return the device of that name, or raise CommandError with the nearest one."""
        found = self.devices.get(name)
        if found is None:
            raise CommandError(f"unknown device {name!r}{did_you_mean(name, self.devices)}")
        return found

    def telemetry(self, name: str) -> Any:
        """Return the telemetry of a device at this tick."""
        return self.device(name).telemetry(self.surroundings)

    def snapshot(self, log: int = 200) -> Snapshot:
        """Return the whole site as it is at this tick, with the newest ``log`` entries."""
        surroundings = self.surroundings
        entries = tuple(self.log) if log >= len(self.log) else tuple(self.log)[len(self.log) - log :]
        return Snapshot(
            site=self.plan.name,
            tick=self.tick,
            time_s=self.time_s,
            dt_s=self.dt_s,
            unix_s=surroundings.unix_s,
            day_s=surroundings.day_s,
            devices=tuple(self._device_snapshot(device) for device in self.devices.values()),
            grid=GridSnapshot(
                frequency_hz=surroundings.frequency_hz,
                nominal_hz=surroundings.nominal_hz,
                nominal_v=surroundings.nominal_v,
                voltages_pu=(surroundings.va_pu, surroundings.vb_pu, surroundings.vc_pu),
                live=surroundings.grid_live,
                active_power_w=surroundings.grid_w,
                reactive_power_var=surroundings.grid_var,
                islanded=surroundings.islanded,
            ),
            weather=WeatherSnapshot(ghi_w_m2=surroundings.ghi_w_m2, ambient_c=surroundings.ambient_c),
            disturbances=self.grid.active(self.tick),
            log=entries,
        )

    def next_label(self, what: str) -> str:
        """Return a label that no disturbance of this run has had: "voltage-3"."""
        self._labels += 1
        return f"{what}-{self._labels}"

    def await_momentary(self, device: Device) -> None:
        """Return the device's momentary commands to their defaults after the next tick."""
        self._momentary.add(device)

    def sort_devices(self) -> None:
        """Put the devices into the order in which they step: guided storage last, as it answers the rest."""
        by_stage: dict[Stage, list[Device]] = {stage: [] for stage in Stage}
        guided: list[Device] = []
        for device in self.devices.values():
            stage = device.type.stage
            (guided if device.guide is not None and stage is Stage.STORAGE else by_stage[stage]).append(
                device
            )
        self._sources, self._storage, self._meters = (tuple(by_stage[stage]) for stage in Stage)
        self._guided_storage = tuple(guided)
        self._guided_sources = tuple(device for device in self._sources if device.guide is not None)
        self._guided = bool(self._guided_storage or self._guided_sources)

    def refresh_surroundings(self) -> None:
        """Have the weather worked out in the next tick: a disturbance came or went."""
        self._weather_tick = self.tick + 1

    def _show_watchers(self, tick: int) -> None:
        for watcher in list(self._watchers):
            if tick >= watcher.due:
                watcher.due = tick + watcher.every
                watcher.look()
        self._watch_tick = min((w.due for w in self._watchers), default=math.inf)

    def _device_snapshot(self, device: Device) -> DeviceSnapshot:
        state = device.state
        explain = device.type.explain
        return DeviceSnapshot(
            name=device.name,
            kind=device.type.kind,
            title=device.type.title,
            status=state.status.value,
            active_power_w=state.active_power_w,
            reactive_power_var=state.reactive_power_var,
            faults=device.type.fault_names(state.faults),
            telemetry=device.telemetry(self.surroundings),
            commands=device.commands,
            pinned=tuple(device.pins),
            mode=device.guide.mode if device.guide is not None else "",
            factor=device.guide.factor if device.guide is not None else 1.0,
            explanation=explain(device.params, state) if explain is not None else "",
            control=device.control.shown(self.tick) if device.control is not None else None,
        )

    def _step_weather(self, tick: int) -> None:
        self._weather_tick = tick + self.weather.every_ticks
        surroundings = self.surroundings
        surroundings.unix_s = self.plan.start_unix_s + surroundings.time_s
        surroundings.day_s = (surroundings.unix_s + surroundings.utc_offset_s) % DAY_S
        self.weather.step(surroundings, self.grid)

    def _step_guided(
        self, surroundings: Surroundings, active_w: float, reactive_var: float
    ) -> tuple[float, float]:
        for device in self._guided_storage:
            steer(device, surroundings, active_w)
            old = device.state
            state = device.step(device.params, old, device.commands, surroundings)
            device.state = state
            active_w += state.active_power_w
            reactive_var += state.reactive_power_var
            if state.status is not old.status or state.faults != old.faults:
                self.note_change(device, old, state, surroundings.tick)
        # sources have stepped: this is for their next tick; at its start their guide steers them once itself
        for device in self._guided_sources:
            steer(device, surroundings, active_w)
        return active_w, reactive_var

    def _step_meters(self, surroundings: Surroundings, tick: int) -> None:
        for meter, group in self._submeters:
            write_flows(surroundings, group, 0.0, 0.0)
            self._step_meter(meter, surroundings, tick)
        balanced_w, balanced_var = -surroundings.grid_w, -surroundings.grid_var
        for device in self._unbalanced:
            balanced_w -= device.state.active_power_w
            balanced_var -= device.state.reactive_power_var
        write_flows(surroundings, self._unbalanced, balanced_w, balanced_var)
        for meter in self._grid_meters:
            self._step_meter(meter, surroundings, tick)

    def _step_meter(self, meter: Device, surroundings: Surroundings, tick: int) -> None:
        old = meter.state
        meter.state = meter.step(meter.params, old, meter.commands, surroundings)
        if meter.state.status is not old.status or meter.state.faults != old.faults:
            self.note_change(meter, old, meter.state, tick)

    def _run_agenda(self, tick: int) -> None:
        while self._agenda and self._agenda[0][0] <= tick:
            _, _, event, given = heapq.heappop(self._agenda)
            try:
                apply.check(self, event)
            except CommandError as error:
                self.note(LogKind.ALARM, "", f"event refused: {error}", tick=tick)
                continue
            self._carry_out(event, tick, given=given)
        self._next_due = self._agenda[0][0] if self._agenda else math.inf

    def _carry_out(self, event: Event, tick: int, *, given: bool = True) -> None:
        if given:
            for listener in self.listeners:
                listener(tick, event)
        apply.carry_out(self, event, tick)

    def end_fault_later(self, device: str, fault: str, duration_s: float, tick: int) -> None:
        """Have a fault's cause removed by itself."""
        ends = tick + max(1, round(duration_s / self.dt_s))
        self.file(ClearFault(device, fault, origin=END_OF_DURATION), ends, given=False)

    def keep_link_fault(self, event: LinkFault, tick: int) -> None:
        """Note a link fault as in force, and have it end by itself when it has a duration."""
        ends = None
        if event.duration_s is not None:
            ends = tick + max(1, round(event.duration_s / self.dt_s))
            self.file(ClearLinkFault(event.label, origin=END_OF_DURATION), ends, given=False)
        self.link_faults[event.label] = (event, ends)

    def _note_ended(self, ended: tuple[Disturbance, ...], tick: int) -> None:
        self._weather_tick = tick
        for disturbance in ended:
            self.note(LogKind.CLEAR, "grid", f"{disturbance.text()} has ended", tick=tick)

    def powered_stages(self) -> tuple[tuple[Device, ...], tuple[Device, ...]]:
        """Return the sources and the storage, guided ones included, each in the order in which they step."""
        return self._sources, self._storage + self._guided_storage

    def powered_devices(self) -> tuple[Device, ...]:
        """Return every device that puts power into the bus or takes it out."""
        sources, storage = self.powered_stages()
        return sources + storage

    def note_change(self, device: Device, old: State, new: State, tick: int) -> None:
        """Log what changed in a device's faults and status."""
        kind, names = device.type, device.type.fault_names
        if new.faults != old.faults:
            for name in names(new.faults & ~old.faults):
                code = next(fault.code for fault in kind.faults if fault.name == name)
                self.note(LogKind.FAULT, device.name, f"{name} (code {code})", tick=tick)
            for name in names(old.faults & ~new.faults):
                self.note(LogKind.CLEAR, device.name, f"{name} is gone", tick=tick)
        if new.status is not old.status:
            why = kind.explain(device.params, new) if kind.explain is not None else ""
            tripped = new.status in (Status.TRIPPED, Status.CEASED)
            text = f"{old.status.value} → {new.status.value}" + (f": {why}" if why else "")
            self.note(LogKind.TRIP if tripped else LogKind.STATE, device.name, text, tick=tick)
