"""Who wrote what, and what the devices did about it: kept beside the engine."""

import math
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import islice, takewhile

from twin_tui.engine.agenda import Watcher
from twin_tui.engine.device import Status
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Disturb, Event, Fault, Write
from twin_tui.engine.formats import kilowatts, quantity
from twin_tui.engine.log import REPEATS_WITHIN
from twin_tui.engine.running import Device
from twin_tui.engine.snapshot import LogEntry, LogKind
from twin_tui.engine.view import WriteTrace

KEPT = 200
WATCHED_S = 30.0
"""How long after a write the power is watched, in simulated time."""
SETTLED_S = 2.0
"""How long the power must stay constant to count as settled."""
NOISE_W = 1.0
OFF = (Status.TRIPPED, Status.CEASED, Status.WAITING, Status.FAULT)


@dataclass(slots=True)
class _Open:
    """A write or a fault whose effect is still being watched."""

    number: int
    device: str
    kind: LogKind
    start_tick: int
    start_s: float
    from_w: float
    last_w: float
    moved_s: float
    steers: bool
    """Whether a setpoint or a switch was written: it should move the power."""
    already: str = ""
    """The values that were set before, where nothing was changed."""
    entry: int = 0
    """The entry of the log, once it is known."""


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
        self._open: dict[str, _Open] = {}
        self._ridden: list[_Ridden] = []
        self._trips: dict[str, tuple[int, float]] = {}
        """The newest trip of each device that is not back: its entry, and when it was."""
        self._seen = 0
        """The newest entry of the log that was looked at for trips."""
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
        self._follow_trips()
        for number in list(islice(self._effects, max(0, len(self._effects) - KEPT))):
            del self._effects[number]
        return dict(self._effects)

    def _event(self, tick: int, event: Event) -> None:
        if isinstance(event, Write):
            self._written(tick, event)
        elif isinstance(event, Fault):
            self._watch(tick, self._engine.devices[event.device], LogKind.INJECT, steers=False)
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
        steering = device.type.steering
        steers = steering is not None and bool(
            event.values.keys() & (steering.setpoints | steering.start.keys())
        )
        already = ""
        if event.values and all(before[name] == wanted for name, wanted in event.values.items()):
            already = ", ".join(quantity(found, signals[name].unit) for name, found in before.items())
        self._watch(tick, device, LogKind.WRITE, steers=steers, already=already)

    def _watch(self, tick: int, device: Device, kind: LogKind, *, steers: bool, already: str = "") -> None:
        power_w, start_s = device.state.active_power_w, tick * self._engine.dt_s
        number = self._count if kind is LogKind.WRITE else 0
        self._open[device.name] = _Open(
            number, device.name, kind, tick, start_s, power_w, power_w, start_s, steers, already
        )
        self._look_on()

    def _look_on(self) -> None:
        if self._watcher is None:
            self._watcher = self._engine.watch(self._engine.dt_s, self._look)

    def _look(self) -> None:
        engine = self._engine
        now_s = engine.time_s
        for name, item in list(self._open.items()):
            device = engine.devices[name]
            power_w = device.state.active_power_w
            first = not item.entry
            if first:
                item.entry = self._entry(item.kind, name, item.start_tick) or -1
            moved = abs(power_w - item.last_w) > NOISE_W
            if moved:
                item.last_w = power_w
                item.moved_s = now_s
            ends = now_s - item.start_s > WATCHED_S or now_s - item.moved_s > SETTLED_S
            if moved or ends or (first and (item.already or device.state.status in OFF)):
                self._tell(item, device, settled=ends)
            if ends:
                del self._open[name]
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

    def _tell(self, item: _Open, device: Device, *, settled: bool) -> None:
        if item.last_w == item.from_w and item.moved_s == item.start_s:
            effect = self._nothing(item, device)
        else:
            after_s = item.moved_s - item.start_s + self._engine.dt_s
            effect = f"P {kilowatts(item.from_w)} → {kilowatts(item.last_w)} kW after {after_s:.3g} s"
            if settled or device.state.status in OFF:
                effect += self._remainder(item, device)
        if effect:
            self._keep(item.entry, effect)
            self._into_trace(item, effect)

    def _nothing(self, item: _Open, device: Device) -> str:
        """Return why nothing followed, where something should have."""
        why = device.why(self._engine.surroundings)
        status = device.state.status
        if status in OFF:
            reasons = why.reasons(None, brief=True)
            return f"no effect: {reasons or status.value}"
        if item.already:
            return f"no effect: already {item.already}"
        if item.steers and why.differs:
            return f"no effect: {why.reasons(None, brief=True) or 'nothing moves'}"
        return ""

    def _remainder(self, item: _Open, device: Device) -> str:
        """Return what keeps the device from what it was asked."""
        why = device.why(self._engine.surroundings)
        reasons = why.reasons(None, brief=True)
        if device.state.status in OFF:
            return f": {reasons or device.state.status.value}"
        if item.steers and why.differs and why.asked_w is not None:
            return f", asked {kilowatts(why.asked_w)}" + (f": {reasons}" if reasons else "")
        return ""

    def _into_trace(self, item: _Open, effect: str) -> None:
        for place, (number, wall, trace) in enumerate(self._traces):
            if number == item.number:
                self._traces[place] = (number, wall, replace(trace, effect=effect, entry=max(0, item.entry)))
                return

    def _keep(self, entry: int, effect: str) -> None:
        if entry > 0:
            self._effects.pop(entry, None)
            self._effects[entry] = effect

    def _follow_trips(self) -> None:
        """Say of each trip when the device is back, how long it was away, or into what it turned."""
        engine = self._engine
        fresh = takewhile(
            lambda entry: entry.number > self._seen, islice(reversed(engine.log), REPEATS_WITHIN)
        )
        for entry in reversed(list(fresh)):
            if entry.kind is not LogKind.TRIP or entry.device not in engine.devices:
                continue
            if entry.device in self._trips:
                self._end_trip(entry.device, entry)
            self._trips[entry.device] = entry.number, entry.time_s
        self._seen = engine.log[-1].number if engine.log else 0
        for name, (number, _) in list(self._trips.items()):
            device = engine.devices[name]
            status = device.state.status
            if status not in OFF:
                self._end_trip(name, None)
                continue
            constraints = device.why(engine.surroundings).constraints if status is not Status.CEASED else ()
            left = [each.left_s for each in constraints if each.left_s]
            self._keep(number, f"back in {max(0.0, left[0]):.0f} s" if left else "waits for the grid")

    def _end_trip(self, device: str, newer: LogEntry | None) -> None:
        """Say how a trip ended: the device came back, or it tripped further."""
        number, since_s = self._trips.pop(device)
        before = newer.number if newer is not None else math.inf
        back_s = self._back_s(device, number, before)
        if newer is not None and back_s is None:
            word = newer.text.partition(":")[0].rpartition("→ ")[2]
            self._keep(number, f"{word} after {newer.time_s - since_s:.3g} s")
            return
        back_s = self._engine.time_s if back_s is None else back_s
        self._keep(number, f"back after {back_s - since_s:.3g} s")

    def _back_s(self, device: str, trip: int, before: float) -> float | None:
        """Return when a device has come back from a trip, as the log has it."""
        for entry in reversed(self._engine.log):
            if entry.number <= trip:
                break
            runs = entry.text.partition(":")[0].endswith(f"→ {Status.RUNNING.value}")
            if runs and entry.number < before and entry.kind is LogKind.STATE and entry.device == device:
                return entry.time_s
        return None


def _shown(number: object) -> str:
    return f"{number:g}" if isinstance(number, float) else str(number)
