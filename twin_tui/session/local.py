"""A running twin as a screen sees it: builds frames, carries out commands, in the twin's own loop."""

import asyncio
import shlex
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from twin_tui.commands import values as words
from twin_tui.commands.device import outcome
from twin_tui.documents.files import write_whole
from twin_tui.engine import formats
from twin_tui.engine.events import ClearEverything, Event, Mark, Pin, check_types
from twin_tui.engine.view import (
    ActiveFault,
    Command,
    Frame,
    Freeze,
    Pause,
    PlayScenario,
    Recording,
    Resume,
    SaveScenario,
    SetSpeed,
    StartRecording,
    Steer,
    StepTicks,
    StopRecording,
    TimelineStep,
    ViewRequest,
)
from twin_tui.engine.weather import DAY_S
from twin_tui.errors import CommandError
from twin_tui.protocols.vocabulary import site_view
from twin_tui.run.scenario import Scenario, find, shipped_titles
from twin_tui.run.verdicts import Judge, prepared
from twin_tui.session.energy import EnergyToday
from twin_tui.session.link_views import LinkViews
from twin_tui.session.scenario_draft import Done, Draft, check_path, without_registers
from twin_tui.session.write_traces import WriteTraces
from twin_tui.twin import Twin

ORIGIN = "console"


class LocalSession:
    """A session with a twin in this process: everything here runs in the twin's own loop."""

    def __init__(self, twin: Twin, clock: Callable[[], float] = time.monotonic) -> None:
        self.twin = twin
        self._clock = clock
        self.traces = WriteTraces(twin.engine, clock)
        self.links = LinkViews(twin, self.traces, clock)
        self.energy = EnergyToday(twin.engine)
        self._marks = 0
        self.done: list[Done] = []
        """What the user did, in order."""
        self._others: Counter[str] = Counter()
        """How many events came from elsewhere, by their origins."""
        self._frozen: set[tuple[str, str]] = set()
        self._jump_day_s = 0.0
        twin.engine.listeners.append(self._event)
        self.site = replace(
            site_view(twin.engine.plan, self.links.infos, twin.links.faults),
            scenarios=shipped_titles(twin.engine.plan.name),
        )
        self._played: Judge | None = None
        """The verdicts of the scenario that was played from here."""

    async def frame(self, view: ViewRequest) -> Frame:
        twin = self.twin
        pacer, recorder = twin.pacer, twin.recorder
        return Frame(
            snapshot=twin.engine.snapshot(view.log),
            speed=pacer.speed,
            paused=pacer.paused,
            overruns=pacer.overruns,
            links=self.links.links(),
            registers=self.links.registers(view.device, view.registers, self._frozen)
            if view.past is None
            else self.links.past_registers(view.device, view.registers, view.past),
            changed=self.links.changed(view.device, view.changed_within_s),
            traces=self.traces.traces(),
            effects=self.traces.effects(),
            injected=tuple(self._injected()),
            timeline=tuple(self._timeline()),
            traffic=self.links.traffic(view.traffic_device),
            recording=None
            if recorder is None
            else Recording(str(recorder.path), recorder.since_s, recorder.failed),
            marks=self._marks,
            jumping_to_s=self._jump_day_s if pacer.jump_tick is not None else None,
            over=pacer.over,
            energy=self.energy.today(),
            energy_since_s=self.energy.since_s,
        )

    async def check(self, command: Command) -> None:
        if isinstance(command, Event):
            check_types(command)
            self.twin.engine.check_submission(command)
        elif isinstance(command, Freeze):
            self._value_of(command)
        elif isinstance(command, PlayScenario):
            prepared(await self._scenario(command), self.twin.engine, self.site)

    async def send(self, command: Command, line: str = "") -> str:
        if isinstance(command, Event):
            at_s, anything = self.twin.engine.time_s, self.is_anything_injected()
            self.twin.submit(command)
            if line:
                self.done.append(Done(at_s, without_registers(line, command, self.site)))
            cleared = "everything injected is cleared" if anything else "nothing was injected"
            return cleared if isinstance(command, ClearEverything) else outcome(command, self.site)
        if isinstance(command, Freeze):
            return self._freeze(command)
        if isinstance(command, StartRecording):
            self.twin.record(command.path, force=command.force)
            return f"recording to {command.path}"
        if isinstance(command, StopRecording):
            return self._stop_recording()
        if isinstance(command, SaveScenario | PlayScenario):
            return await (self._save(command) if isinstance(command, SaveScenario) else self._play(command))
        return self._steer(command)

    async def _save(self, command: SaveScenario) -> str:
        twin = self.twin
        path = check_path(command.path, twin.site.files, force=command.force)
        done = sorted((done for done in self.done if done.at_s <= twin.time_s), key=lambda done: done.at_s)
        draft = Draft(twin.site, path, tuple(done), twin.engine.tick, dict(self._others))
        try:
            written = await asyncio.to_thread(draft.text)  # playing the session again may take a while
        finally:
            draft.abandoned = True
        write_whole(path, written)
        steps = "1 step" if len(done) == 1 else f"{len(done)} steps"
        return f"{steps} saved in {command.path}; edit its expectations"

    async def _scenario(self, command: PlayScenario) -> Scenario:
        """Return a scenario that begins now; raise ConfigError for an invalid one."""
        judge = self.twin.judge
        if judge is not None and judge is not self._played:
            raise CommandError(f"this run is judged by {judge.scenario.name!r}: start another to play one")
        if judge is not None and self.twin.time_s <= judge.ends_s:
            ends = formats.duration(judge.ends_s - self.twin.time_s)
            raise CommandError(f"{judge.scenario.name!r} is still played, for {ends}")
        found = await asyncio.to_thread(find, command.scenario)  # the servers answer meanwhile
        return found.later(self.twin.time_s)

    async def _play(self, command: PlayScenario) -> str:
        scenario = await self._scenario(command)
        if self._played is not None:
            self._played.close()
        self._played = self.twin.play(scenario)
        self.done += (Done(step.at_s, step.text) for step in scenario.steps if step.kind == "do")
        lasting = formats.duration(self._played.ends_s - self.twin.time_s)
        return f"{scenario.name}: {len(scenario.steps)} steps in {lasting}"

    def _steer(self, command: Steer) -> str:
        pacer = self.twin.pacer
        if isinstance(command, Pause):
            pacer.pause()
            return "paused; the servers go on answering"
        if isinstance(command, Resume):
            pacer.resume()
            return f"running {words.speed(pacer.speed)}"
        if isinstance(command, StepTicks):
            pacer.step(command.ticks)
            return f"{command.ticks} step{'s' * (command.ticks != 1)}"
        if isinstance(command, SetSpeed):
            pacer.set_speed(command.speed)
            return f"speed {words.speed(command.speed)}"
        engine = self.twin.engine
        now_day_s = engine.plan.start_unix_s + engine.surroundings.utc_offset_s + engine.time_s
        ahead_s = (command.day_s - now_day_s) % DAY_S or DAY_S
        self._jump_day_s = command.day_s
        pacer.jump(engine.tick + max(1, round(ahead_s / engine.dt_s)))
        return f"running on to {words.day_time(command.day_s)}"

    def _value_of(self, command: Freeze) -> Any:
        device = self.twin.engine.device(command.device)
        seen = device.commands
        if not hasattr(seen, command.signal):
            seen = device.telemetry(self.twin.engine.surroundings)
        if not hasattr(seen, command.signal):
            raise CommandError(f"{command.device} has no signal {command.signal!r}")
        return getattr(seen, command.signal)

    def _freeze(self, command: Freeze) -> str:
        at_s, value = self.twin.engine.time_s, self._value_of(command)
        self.twin.submit(Pin(command.device, command.signal, value, ORIGIN))
        self.done.append(Done(at_s, f"force {command.device} {command.signal} {shlex.quote(str(value))}"))
        self._frozen.add((command.device, command.signal))
        return f"{command.device} {command.signal} is frozen"

    def _stop_recording(self) -> str:
        recorder = self.twin.recorder
        if recorder is None:
            raise CommandError("nothing is being recorded")
        self.twin.stop_recording()
        return f"recorded to {recorder.path}"

    def _event(self, tick: int, event: Event) -> None:
        if event.origin != ORIGIN:
            self._others[event.origin] += 1
        if isinstance(event, Mark):
            self._marks += 1
        elif isinstance(event, Pin):
            self._frozen.discard((event.device, event.signal))

    def _timeline(self) -> list[TimelineStep]:
        judge, now_s = self.twin.judge, self.twin.engine.time_s
        if judge is None:
            return []
        verdicts = {id(verdict.step): verdict for verdict in judge.verdicts}
        found = []
        for step in sorted(judge.scenario.steps, key=lambda step: step.at_s):
            verdict = verdicts.get(id(step))
            if verdict is None:
                state = "done" if step.at_s <= now_s else "to come"
            elif verdict.passed is None:
                state = "open" if step.at_s <= now_s else "to come"
            else:
                state = "passed" if verdict.passed else "failed"
            text = step.text if step.kind == "do" else f"{step.kind} {step.text}"
            found.append(TimelineStep(step.at_s, text, state, verdict.seen if verdict is not None else ""))
        return found

    def _left_s(self, end_tick: int | None) -> float | None:
        engine = self.twin.engine
        return None if end_tick is None else (end_tick - engine.tick) * engine.dt_s

    def is_anything_injected(self) -> bool:
        """Return whether a disturbance, a fault, a forced value or a link fault is in force."""
        engine = self.twin.engine
        return bool(self._injected() or engine.grid.active(engine.tick))

    def _injected(self) -> list[ActiveFault]:
        engine = self.twin.engine
        found = []
        for device in engine.devices.values():
            for fault in device.type.fault_names(device.state.causes):
                left_s = self._left_s(engine.fault_ends.get((device.name, fault)))
                found.append(
                    ActiveFault(f"clear {device.name} {fault}", device.name, f"fault {fault}", left_s)
                )
            for signal in device.pins:
                frozen = (device.name, signal) in self._frozen
                text = f"{signal} {'frozen' if frozen else 'forced'}"
                found.append(
                    ActiveFault(
                        f"release {device.name} {signal}", device.name, text, frozen=signal if frozen else ""
                    )
                )
        for label, (event, end_tick) in engine.link_faults.items():
            left_s = self._left_s(end_tick)
            text = f"link {event.rule.get('kind', 'fault')}"
            found.append(ActiveFault(f"clear link {label}", event.device, text, left_s))
        return found
