"""Who wrote what, and what the devices did about it: kept beside the engine."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import islice

from twin_tui.engine.agenda import Watcher
from twin_tui.engine.device import Status
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Disturb, Event, Fault, SelectMode, Write
from twin_tui.engine.formats import quantity
from twin_tui.engine.log import REPEATS_WITHIN
from twin_tui.engine.running import Device
from twin_tui.engine.snapshot import LogKind
from twin_tui.engine.view import WriteTrace
from twin_tui.session.power_watch import OFF, SETTLED_S, WATCHED_S, PowerWatch, at_limit
from twin_tui.session.trip_effects import TripEffects

KEPT = 200


@dataclass(slots=True)
class _Ridden:
    """A disturbance, and the devices that it has put out of service so far."""

    start_tick: int
    end_s: float
    entry: int
    before: frozenset[str]
    out: dict[str, str]


class WriteTraces:
    """Listens to an engine's events; measures, tick by tick while one is fresh, what the devices do."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.monotonic) -> None:
        self._engine = engine
        self._clock = clock
        self._traces: deque[tuple[int, float, WriteTrace]] = deque(maxlen=KEPT)
        self._open: dict[tuple[str, LogKind, bool], PowerWatch] = {}
        """By device, kind, and whether power follows: an EMS writes much else besides a setpoint."""
        self._ridden: list[_Ridden] = []
        self._trips = TripEffects(engine, self._keep)
        self._watcher: Watcher | None = None
        self._count = 0
        self._effects: dict[int, str] = {}
        self.last: dict[tuple[str, str], tuple[float, str]] = {}
        """Wall time and origin of the last write to a (device, signal)."""
        engine.listeners.append(self._event)

    def traces(self) -> tuple[WriteTrace, ...]:
        """Return the newest writes, oldest first, with their ages now."""
        now = self._clock()
        return tuple(replace(trace, age_s=now - wall) for _, wall, trace in self._traces)

    def effects(self) -> Mapping[int, str]:
        """Return what followed, by the numbers of the entries of the log."""
        self._trips.follow()
        for number in list(islice(self._effects, max(0, len(self._effects) - KEPT))):
            del self._effects[number]
        return dict(self._effects)

    def _event(self, tick: int, event: Event) -> None:
        if isinstance(event, Write):
            self._written(tick, event)
        elif isinstance(event, Fault):
            device = self._engine.devices[event.device]
            self._open[device.name, LogKind.INJECT, True] = self._watch(tick, device, LogKind.INJECT)
        elif isinstance(event, SelectMode):
            watch = self._open.get((event.device, LogKind.WRITE, False))
            if watch is not None and watch.tick == tick:  # of a register that selects a mode
                watch.steers = True
        elif isinstance(event, Disturb):
            lasts_s = min(event.disturbance.duration_s or WATCHED_S, WATCHED_S)
            before = frozenset(d.name for d in self._engine.devices.values() if d.state.status in OFF)
            end_s = tick * self._engine.dt_s + lasts_s + SETTLED_S
            self._ridden.append(_Ridden(tick, end_s, 0, before, {}))
            self._look_on()

    def _written(self, tick: int, event: Write) -> None:
        engine = self._engine
        device = engine.devices[event.device]
        signals = device.type.signals
        before = {name: getattr(device.commands, name, None) for name in event.values}
        parts = [f"{name} {_shown(before[name])} → {_shown(wanted)}" for name, wanted in event.values.items()]
        now = self._clock()
        text = "  ".join(filter(None, (", ".join(parts), event.detail)))
        self._count += 1
        trace = WriteTrace(event.device, tick * engine.dt_s, 0.0, event.origin, text, tuple(event.values))
        self._traces.append((self._count, now, trace))
        for name in event.values:
            self.last[event.device, name] = (now, event.origin)
        changed = {name: wanted for name, wanted in event.values.items() if before[name] != wanted}
        watch = self._watch(tick, device, LogKind.WRITE)
        watch.values = event.values
        steering = device.type.steering
        if steering is not None:
            resets = device.state.status is Status.FAULT and event.values.keys() & device.momentary.keys()
            watch.steers = bool(resets or event.values.keys() & (steering.setpoints | steering.start.keys()))
            watch.switches_off = any(changed.get(name, on) != on for name, on in steering.start.items())
        else:
            powers = [name for name in changed if signals[name].unit == "W"]
            watch.step_w = sum(abs(float(changed[name]) - float(before[name] or 0.0)) for name in powers)
        if event.values and not changed:
            watch.already = ", ".join(quantity(found, signals[name].unit) for name, found in before.items())
        elif watch.steers and all("limit" in name for name in changed):
            watch.follows = at_limit(device, engine)
        self._open[device.name, LogKind.WRITE, watch.steers and not watch.already] = watch

    def _watch(self, tick: int, device: Device, kind: LogKind) -> PowerWatch:
        self._look_on()
        return PowerWatch(self._engine, device, kind, self._count if kind is LogKind.WRITE else 0, tick)

    def _look_on(self) -> None:
        if self._watcher is None:
            self._watcher = self._engine.watch(self._engine.dt_s, self._look)

    def _look(self) -> None:
        engine = self._engine
        now_s = engine.time_s
        for key, watch in list(self._open.items()):
            first = not watch.entry
            if first:
                watch.entry = self._entry(watch.kind, watch.device.name, watch.tick) or -1
                watch.aim()
            news = watch.look()
            if news or (first and (watch.already or watch.started or watch.device.state.status in OFF)):
                self._tell(watch)
            if watch.ended:
                del self._open[key]
        for ridden in list(self._ridden):
            self._ride(ridden, now_s)
        if not self._open and not self._ridden and self._watcher is not None:
            engine.unwatch(self._watcher)
            self._watcher = None

    def _ride(self, ridden: _Ridden, now_s: float) -> None:
        """Say which devices a disturbance has put out of service; at its end that there were none."""
        ridden.entry = ridden.entry or self._entry(LogKind.INJECT, "grid", ridden.start_tick) or -1
        before = dict(ridden.out)
        for device in self._engine.devices.values():
            status = device.state.status
            if status in OFF and device.name not in ridden.before and status is not Status.WAITING:
                ridden.out[device.name] = status.value
        if ridden.out != before:
            by_status: dict[str, list[str]] = {}
            for name, word in ridden.out.items():
                by_status.setdefault(word, []).append(name)
            self._keep(ridden.entry, "; ".join(f"{', '.join(n)} {word}" for word, n in by_status.items()))
        if now_s >= ridden.end_s:
            if not ridden.out:
                self._keep(ridden.entry, "no device trips")
            self._ridden.remove(ridden)

    def _entry(self, kind: LogKind, device: str, tick: int) -> int:
        """Return the entry of the log about an event of this tick, or the one that counts its repeats."""
        log = self._engine.log
        for entry in islice(reversed(log), REPEATS_WITHIN):
            if entry.kind is kind and entry.device == device and entry.tick <= tick:
                return entry.number if entry.tick == tick or entry.repeats > 1 else 0
        return 0

    def _tell(self, watch: PowerWatch) -> None:
        effect = watch.effect()
        self._keep(watch.entry, effect)
        for place, (number, wall, trace) in enumerate(self._traces if effect else ()):
            if number == watch.number:
                told = replace(trace, effect=effect, entry=max(0, watch.entry))
                self._traces[place] = (number, wall, told)
                return

    def _keep(self, entry: int, effect: str) -> None:
        if entry > 0 and effect:
            self._effects.pop(entry, None)
            self._effects[entry] = effect


def _shown(number: object) -> str:
    return f"{number:g}" if isinstance(number, float) else str(number)
