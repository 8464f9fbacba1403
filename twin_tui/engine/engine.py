"""The stepping engine: one site, an integer clock, events in, snapshots out."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from twin_tui.engine.agenda import Agenda, Watcher, Watchers
from twin_tui.engine.bus import Bus
from twin_tui.engine.disturbance import Disturbance
from twin_tui.engine.grid import Grid
from twin_tui.engine.log import BURST_S, EventLog
from twin_tui.engine.observing import SITE_TELEMETRY, observe_site
from twin_tui.engine.running import Device, Event, device_named
from twin_tui.engine.signals import Signal, signals_of
from twin_tui.engine.site import SitePlan
from twin_tui.engine.snapshot import LogKind, Snapshot
from twin_tui.engine.steps import MOST_STEPS, nearest_steps, whole_steps
from twin_tui.engine.supply import Supply
from twin_tui.engine.weather import DAY_S, Weather
from twin_tui.errors import CommandError, ConfigError

_NEVER = (math.inf, 0.0)


class Engine:
    """Runs a site plan tick by tick. Plain and synchronous: it never sleeps and never reads a clock."""

    def __init__(self, plan: SitePlan) -> None:
        if not (math.isfinite(plan.dt_s) and plan.dt_s > 0):
            raise ConfigError(f"step {plan.dt_s:g} s is not above 0")
        self.plan = plan
        self.dt_s = plan.dt_s
        self.start_unix_s = plan.start_unix_s
        self.tick = 0
        self.devices: dict[str, Device] = {}
        for device_plan in plan.devices:
            if device_plan.name in self.devices:
                raise ConfigError(f"two devices are named {device_plan.name!r}")
            self.devices[device_plan.name] = Device(device_plan, plan.seed, plan.dt_s)
        self.surroundings = plan.surroundings()
        self.grid = Grid(plan.grid, plan.dt_s, plan.seed)
        self.weather = Weather(plan.weather, plan.dt_s, plan.seed)
        self.log = EventLog(plan.dt_s)
        self._log_watcher: Watcher | None = None
        self.listeners: list[Callable[[int, Event], None]] = []
        """Called with (tick it takes effect in, event) for every recorded event, in order."""
        self.check_link_fault: Callable[[Any], object] | None = None
        self.link_fault: Callable[[Event], None] | None = None
        self.fault_ends: dict[tuple[str, str], int] = {}
        self.link_faults: dict[str, tuple[Any, int | None]] = {}
        self._labels = 0
        self._agenda = Agenda()
        self._watchers = Watchers()
        self._momentary: set[Device] = set()
        self._weather_tick = 0
        self._clock_changes = iter(plan.clock_changes)
        self._next_clock_change = next(self._clock_changes, _NEVER)
        self._exact_dt_s = Fraction(str(plan.dt_s))
        self._owed_s = Fraction(0)
        self._bus = Bus(self.devices)
        self.regroup = self._bus.regroup
        supply = Supply(self, self._bus, plan.grid, plan.island)
        self.supply = supply if supply.needed else None
        self._step_devices = (self.supply or self._bus).step
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
        if tick >= self._agenda.next_due:
            self._run_agenda(tick)
        surroundings, bus = self.surroundings, self._bus
        surroundings.tick = tick
        surroundings.time_s = tick * self.dt_s
        ended = self.grid.step(surroundings)
        if ended:
            self._note_ended(ended, tick)
        if tick >= self._weather_tick:
            self._step_weather(tick)
        active_w, reactive_var = self._step_devices(surroundings)
        surroundings.grid_w = -active_w
        surroundings.grid_var = -reactive_var
        if bus.metered:
            bus.step_meters(surroundings)
        if bus.changes:
            for device, old, new in bus.changes:
                self.log.note_change(device, old, new, tick, surroundings)
            bus.changes.clear()
        if self._momentary:
            for device in self._momentary:
                device.commands = replace(device.commands, **device.momentary)
            self._momentary.clear()
        self.tick = tick
        if tick >= self._watchers.next_due:
            self._watchers.show(tick)

    def advance(self, seconds: float) -> None:
        """Run simulated time, to the nearest tick; the next call makes up for what this one rounds."""
        step = self.step
        for _ in range(self.whole_ticks(seconds)):
            step()

    def whole_ticks(self, seconds: float) -> int:
        """Return the ticks of a time that is about to be run; the next call makes up for what it rounds."""
        if not (math.isfinite(seconds) and seconds >= 0):
            raise CommandError(f"cannot advance by {seconds:g} s")
        # seconds as they are written, in fractions: a thousand times 0.15 s is 150 s
        self._owed_s += Fraction(str(seconds))
        ticks = round(self._owed_s / self._exact_dt_s)
        self._owed_s -= ticks * self._exact_dt_s
        return ticks

    def submit(self, event: Event, *, at_s: float | None = None) -> None:
        """Take an event: now, before the next tick, or at a simulated time that is not in the past.

        Raises CommandError, and changes nothing, when the event is invalid.
        """
        event.check_duration(self.dt_s)
        if at_s is None:
            self.repeat(event)
            return
        self.check(event, later=True)
        # an event at t shows in the first tick that ends after t
        self.file_event(event, self.tick_at(at_s) + 1, recorded=True)

    def check_submission(self, event: Event) -> None:
        """Raise CommandError when ``submit`` would refuse an event now; change nothing."""
        event.check_duration(self.dt_s)
        self._check_repeat(event)

    def _check_repeat(self, event: Event) -> None:
        lasting_s = event.lasting_s()
        if lasting_s is not None and not 0 < lasting_s / self.dt_s < MOST_STEPS:
            raise CommandError(f"invalid duration: {lasting_s:g} s")
        self.check(event)

    def repeat(self, event: Event) -> None:
        """Carry out an event now, before the next tick, as a recording has it: whatever its duration is."""
        self._check_repeat(event)
        if self.tick + 1 >= self._agenda.next_due:
            # what ends automatically in the next tick does so before the event, as it does before filed ones
            self._run_agenda(self.tick + 1, own=True)
            self.check(event)
        self._carry_out(event, self.tick + 1)

    def tick_at(self, at_s: float) -> int:
        """Return the tick that ends at a simulated time; raise CommandError for one between ticks or past."""
        if not (math.isfinite(at_s) and at_s >= 0):
            raise CommandError(f"invalid event time: {at_s:g} s")
        tick = whole_steps(at_s, self.dt_s, "time")
        if tick < self.tick:
            raise CommandError(f"{at_s:.12g} s is in the past: simulated time is {self.time_s:.12g} s")
        return tick

    def check(self, event: Event, *, later: bool = False) -> None:
        """Raise CommandError when an event is invalid on this site, now or later; change nothing."""
        event.check(self)
        if not later:
            event.check_now(self)

    def file_event(self, event: Event, tick: int, *, recorded: bool = False) -> None:
        """Have an event carried out at the start of a tick; ``recorded`` is what comes from outside."""
        self._agenda.file(event, tick, recorded=recorded)

    def watch(self, every_s: float, look: Callable[[], None]) -> Watcher:
        """Call ``look`` after each further ``every_s`` seconds; return what ``unwatch`` takes."""
        watcher = Watcher(self.ticks(every_s), self.tick, look)
        self._watchers.add(watcher)
        return watcher

    def unwatch(self, watcher: Watcher) -> None:
        """Stop calling a watcher; doing so twice is no error."""
        self._watchers.remove(watcher)

    def note(self, kind: LogKind, device: str, text: str, origin: str = "", tick: int | None = None) -> None:
        """Add an entry to the event log."""
        log = self.log
        log.note(kind, device, text, origin, self.tick + 1 if tick is None else tick)
        if log.held and self._log_watcher is None:
            self._log_watcher = self.watch(BURST_S, self.settle_log)

    def settle_log(self) -> None:
        """Have the log say how many entries it holds back."""
        if not self.log.held and self._log_watcher is not None:
            self.unwatch(self._log_watcher)
            self._log_watcher = None
        self.log.settle(self.tick)

    def ticks(self, seconds: float) -> int:
        """Return the ticks nearest to a duration, at least one."""
        return nearest_steps(seconds, self.dt_s, 1)

    def device(self, name: str) -> Device:
        """Return the device of that name, or raise CommandError with the nearest one."""
        return device_named(name, self.devices)

    def telemetry(self, name: str) -> Any:
        """Return the telemetry of a device at this tick, or of "grid" or "weather"."""
        if name in SITE_TELEMETRY and name not in self.devices:
            return SITE_TELEMETRY[name][1](self.surroundings)
        return self.device(name).telemetry(self.surroundings)

    def signals(self, name: str) -> Mapping[str, Signal]:
        """Return the signals of a device, or of "grid" or "weather"; a device of that name comes first."""
        if name in SITE_TELEMETRY and name not in self.devices:
            return signals_of(SITE_TELEMETRY[name][0])
        return self.device(name).type.signals

    def shown(self, name: str) -> dict[str, Any]:
        """Return the telemetry of a device, of "grid" or of "weather" by signal."""
        seen = self.telemetry(name)
        return {signal: getattr(seen, signal) for signal in signals_of(type(seen))}

    def snapshot(self, log: int = 200) -> Snapshot:
        """Return the whole site as it is at this tick, with the newest ``log`` entries."""
        return observe_site(self, self.plan.name, self.log, log)

    def next_label(self, what: str) -> str:
        """Return a label that no disturbance of this run has had: "voltage-3"."""
        self._labels += 1
        return f"{what}-{self._labels}"

    def await_momentary(self, device: Device) -> None:
        """Return the device's momentary commands to their defaults after the next tick."""
        self._momentary.add(device)

    def refresh_weather(self) -> None:
        """Compute the weather in the next tick: a disturbance began or ended."""
        self._weather_tick = self.tick + 1

    def _step_weather(self, tick: int) -> None:
        self._weather_tick = tick + self.weather.every_ticks
        surroundings = self.surroundings
        surroundings.unix_s = self.start_unix_s + surroundings.time_s
        while surroundings.unix_s >= self._next_clock_change[0]:
            surroundings.utc_offset_s = self._next_clock_change[1]
            self._next_clock_change = next(self._clock_changes, _NEVER)
            self.note(LogKind.STATE, "", f"clocks change to {surroundings.utc_offset_s / 3600.0:+g} h of UTC")
        surroundings.day_s = (surroundings.unix_s + surroundings.utc_offset_s) % DAY_S
        self.weather.step(surroundings, self.grid)

    def _run_agenda(self, tick: int, *, own: bool = False) -> None:
        for event, recorded in self._agenda.due(tick, own=own):
            try:
                self.check(event)
            except CommandError as error:
                self.note(LogKind.ALARM, "", f"event refused: {error}", tick=tick)
                continue
            self._carry_out(event, tick, recorded=recorded)

    def _carry_out(self, event: Event, tick: int, *, recorded: bool = True) -> None:
        if recorded:
            for listener in self.listeners:
                listener(tick, event)
        event.carry_out(self, tick)

    def _note_ended(self, ended: tuple[Disturbance, ...], tick: int) -> None:
        self._weather_tick = tick
        for disturbance in ended:
            self.note(LogKind.CLEAR, "grid", f"{disturbance.text()} has ended", tick=tick)
