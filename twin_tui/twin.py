"""One running twin: a site's engine, its pacer and its servers."""

import asyncio
import contextlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from os import PathLike
from pathlib import Path
from threading import get_ident
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn

from twin_tui.config import Site, load_site
from twin_tui.device_handles import DeviceAccess
from twin_tui.documents.files import identity
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Event, check_types
from twin_tui.engine.read_only import read_only
from twin_tui.engine.snapshot import Snapshot
from twin_tui.errors import (
    ArgumentError,
    CommandError,
    ConfigError,
    LinkError,
    RunError,
    check_argument,
    file_name,
    number,
)
from twin_tui.protocols.connector import end_tasks
from twin_tui.protocols.links import SiteLinks
from twin_tui.run import recording
from twin_tui.run.pacer import Pacer
from twin_tui.run.recording import Difference, EventHistory, Recorder, RecordingPlan

if TYPE_CHECKING:
    from twin_tui.run.scenario import Scenario
    from twin_tui.run.verdicts import Judge


class Twin(DeviceAccess):
    """A twin of one site.

    Stepped by its caller, without a clock:

    >>> twin = Twin.from_file("site.yaml")
    >>> twin.battery("bess").write(start_stop="Power On", active_power_setpoint_w=-5_000)
    >>> twin.advance(1200)
    >>> twin["bess"].telemetry.active_power_w
    -5000.0

    Or live, with its servers, in an asyncio loop:

    >>> async def main():
    ...     async with Twin.from_file("site.yaml", speed=1000) as twin:
    ...         await twin.run(60)  # until 60 more simulated seconds have passed
    ...         return twin.time_s
    >>> asyncio.run(main())
    60.0
    """

    def __init__(self, site: Site, *, speed: float | None = None) -> None:
        if not isinstance(site, Site):
            raise ArgumentError(f"Twin takes a loaded site, not {site!r}: use Twin.from_file({site!r})")
        check_argument(speed is None or number(speed), "speed takes a number", speed)
        self.site = site
        self.engine = Engine(site.plan)
        self.links = SiteLinks(self.engine, site.endpoints, site.links)
        self.pacer = Pacer(self.engine, speed if speed is not None else site.speed)
        self._history = EventHistory(self.engine)
        self.recorder: Recorder | None = None
        self._planned_recording: RecordingPlan | None = None
        self._lost: list[str] = []
        """What could not be written to its end, until ``stop`` reports it."""
        self.judge: Judge | None = None
        """Keeps the verdicts of the scenario that is being played, if one is."""
        self._started = False
        self._pacing: asyncio.Task[None] | None = None
        self._thread = 0
        self._body: asyncio.Task[Any] | None = None
        self._failure_raised = False
        self._interrupted = False

    def __repr__(self) -> str:
        return f"<Twin {self.site.plan.name!r}: {len(self.engine.devices)} devices, {self.time_s:g} s>"

    def __reduce__(self) -> NoReturn:
        raise ArgumentError("a Twin cannot be copied or pickled; build another one, or copy its snapshot()")

    @classmethod
    def from_file(
        cls,
        path: str | Path,
        *,
        seed: int | None = None,
        speed: float | None = None,
        allow_outside: bool = False,
    ) -> "Twin":
        """Build a twin from a site file, or from a shipped site by its name; raise ConfigError.

        ``allow_outside`` lets the file name files outside its folder.
        """
        check_argument(isinstance(path, str | PathLike), "from_file takes a path or a name", path)
        return cls(load_site(path, seed=seed, allow_outside=allow_outside), speed=speed)

    @classmethod
    def from_dict(
        cls, site: dict[str, Any], *, seed: int | None = None, speed: float | None = None
    ) -> "Twin":
        """Build a twin from what a site file would hold, with files from anywhere; raise ConfigError."""
        check_argument(isinstance(site, Mapping), "from_dict takes a dict, from_file a file", site)
        return cls(load_site(site, seed=seed, allow_outside=True), speed=speed)

    @property
    def time_s(self) -> float:
        """Simulated seconds since the start."""
        return self.engine.time_s

    @property
    def tick(self) -> int:
        """Ticks since the start."""
        return self.engine.tick

    @property
    def dt_s(self) -> float:
        """Simulated seconds of a tick."""
        return self.engine.dt_s

    async def start(
        self, *, servers: bool = True, paced: bool | None = None, duration_s: float = math.inf
    ) -> None:
        """Start the servers and, for a real-time site, the pacer; nothing stays half-started.

        ``paced`` False leaves the stepping to the caller while the servers answer. After the duration
        simulated time is paused, and the servers keep running.
        """
        if self._started:
            raise CommandError("this twin is started already")
        self._started = True
        try:
            if servers:
                await self.links.start()
            planned, self._planned_recording = self._planned_recording, None
            if planned is not None:
                self._record(planned)
        except BaseException:
            self._started = False
            await self.links.stop()
            raise
        if paced if paced is not None else self.site.real_time:
            self._failure_raised = False
            self._thread = get_ident()
            self._pacing = asyncio.create_task(self.pacer.run(self._tick_after(duration_s)), name="pacer")
            self._pacing.add_done_callback(self._pacing_ended)

    async def stop(self) -> None:
        """Stop pacer and servers and close the recording.

        Raises what the engine failed with, if it did, or RunError when a recording or capture is incomplete.
        """
        pacing, self._pacing = self._pacing, None
        await end_tasks(pacing)
        try:
            await self.links.stop()
        finally:
            self._started = False
            self._end_recording()
        if pacing is not None and pacing.done() and not pacing.cancelled() and not self._failure_raised:
            self._failure_raised = True
            pacing.result()
        lost, self._lost = [*self._lost, *self.links.lost()], []
        if lost:
            raise RunError("\n".join(lost))

    async def __aenter__(self) -> "Twin":
        await self.start()
        self._body, self._interrupted = asyncio.current_task(), False
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        body, self._body = self._body, None
        if self._interrupted and body is not None:
            body.uncancel()
            if error is None:  # the body ended before it could be interrupted
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.sleep(0)
        await self.stop()

    async def run(self, seconds: float = math.inf) -> None:
        """Run for a simulated time while the servers answer, and raise what the engine fails with.

        A started real-time twin is paced already: then this waits until the time has passed.
        """
        check_argument(number(seconds), "run takes simulated seconds", seconds)
        tick, pacing = self._tick_after(seconds), self._pacing
        if pacing is None:
            await self.pacer.run(tick)
            return
        try:
            if pacing.done():
                pacing.result()
            await self.pacer.reach(tick)
        except Exception:
            self._failure_raised = True
            raise

    def _tick_after(self, seconds: float) -> float:
        return math.inf if seconds == math.inf else self.tick + self.engine.whole_ticks(seconds)

    def _pacing_ended(self, pacing: asyncio.Task[None]) -> None:
        """Interrupt the body of an ``async with`` whose engine failed, unless ``run`` has raised it there."""
        if pacing.cancelled() or pacing.exception() is None or self._failure_raised:
            return
        if self._body is not None and not self._body.done():
            self._interrupted = True
            self._body.cancel()

    def step_once(self) -> None:
        """Run one tick."""
        self._check_thread()
        self.engine.step()
        self.pacer.resync()

    def advance(self, seconds: float) -> None:
        """Run a simulated time as fast as the machine can."""
        check_argument(number(seconds), "advance takes simulated seconds", seconds)
        self._check_thread()
        self.engine.advance(seconds)
        self.pacer.resync()

    def _check_thread(self) -> None:
        """Raise CommandError where the twin is paced in the event loop of another thread."""
        if self._pacing is not None and not self._pacing.done() and self._thread != get_ident():
            raise CommandError(
                "this twin is running in another thread: step it in its own, or start(paced=False)"
            )

    def submit(self, event: Event, *, at_s: float | None = None) -> None:
        """Give the engine an event, for now or for a simulated time; raise CommandError."""
        check_argument(isinstance(event, Event), "submit takes an event", event)
        check_argument(at_s is None or number(at_s), "at_s takes simulated seconds", at_s)
        check_types(event)
        self.engine.submit(event, at_s=at_s)

    def port(self, device: str, *, unit: int | None = None, index: int | None = None) -> int:
        """Return the TCP port of a device, the free one that port 0 got; raise LinkError without one.

        A device on several ports needs ``unit``, or ``index`` in the order of its site file.
        """
        name = self.engine.device(device).name
        ports = self.links.tcp_ports(name, unit)
        if not ports:
            raise LinkError(f"{name} has no TCP port" + ("" if unit is None else f" with unit {unit}"))
        if index is None and len(ports) > 1:
            listed = ", ".join(f"{place}: {port}" for place, port in enumerate(ports))
            raise LinkError(f"{name} has {len(ports)} TCP ports, give unit or index: {listed}")
        if index is not None and not 0 <= index < len(ports):
            raise LinkError(f"{name} has TCP ports 0 to {len(ports) - 1}, not {index}")
        port = ports[index or 0]
        if not port:
            raise LinkError(f"the port of {name} is chosen when its server starts")
        return port

    def snapshot(self) -> Snapshot:
        """Return the whole site as it is at this tick."""
        seen = self.engine.snapshot()
        devices = tuple(
            replace(device, telemetry=read_only(device.telemetry), commands=read_only(device.commands))
            for device in seen.devices
        )
        return replace(seen, devices=devices)

    def record(
        self, path: str | Path, every_s: float = 1.0, *, layout: str = "wide", force: bool = False
    ) -> Recorder:
        """Record this run to a new file, from now on; its replay begins at the start all the same.

        The name ends in .jsonl or .jsonl.gz, or, for pandas, in .csv or .parquet, in a wide or long layout.
        ``force`` overwrites an existing file.
        """
        check_argument(isinstance(path, str | PathLike), "record takes a path", path)
        return self._record(RecordingPlan(Path(path), every_s, layout, force))

    def record_from_start(self, plan: RecordingPlan) -> None:
        """Record once everything else has started; raise ConfigError now for what will not work then."""
        self._check(plan)
        self._planned_recording = plan

    def _record(self, plan: RecordingPlan) -> Recorder:
        self._check(plan)
        before = self.recorder
        if before is not None and identity(before.path) == identity(plan.path):
            self._end_recording()
        recorder = Recorder(self.engine, plan, self.site.source, self.site.plan.seed, self._history)
        self._end_recording()
        self.recorder = recorder
        return recorder

    def _check(self, plan: RecordingPlan) -> None:
        plan.check(self.dt_s)
        if identity(plan.path) in map(identity, self.site.files):
            raise ConfigError(f"{file_name(plan.path)}: is a file of this site; choose another name")

    @classmethod
    def replay(cls, path: str | Path) -> Iterator[Difference]:
        """Run a recording again on a fresh twin; yield each value that differs; ConfigError if incomplete."""
        check_argument(isinstance(path, str | PathLike), "replay takes a path", path)
        head, rows = recording.read(Path(path))
        yield from recording.replay(recording.fresh_engine(head), rows)

    def play(self, scenario: "Scenario | str | Path") -> "Judge":
        """Play a scenario, its file or a shipped one from now on; raise ConfigError if it does not fit."""
        from twin_tui.protocols.vocabulary import site_view  # noqa: PLC0415 - most twins play none
        from twin_tui.run.scenario import Scenario, find  # noqa: PLC0415
        from twin_tui.run.verdicts import Judge  # noqa: PLC0415

        named = isinstance(scenario, Scenario | str | PathLike)
        check_argument(named, "play takes a scenario, its path or its name", scenario)
        played = scenario if isinstance(scenario, Scenario) else find(str(scenario))
        self.judge = Judge(played, self.engine, site_view(self.site.plan))
        return self.judge

    def inject(self, text: str) -> float:
        """Have a command happen at a simulated time, "10s sag grid 0.7 2s", and return that time, s.

        "now sag grid 0.7 2s" happens at once; a time in the past is refused.
        """
        from twin_tui.protocols.vocabulary import site_view  # noqa: PLC0415
        from twin_tui.run.scenario import injection  # noqa: PLC0415

        check_argument(isinstance(text, str), "inject takes a time and a command", text)
        at_s, event = injection(text, site_view(self.site.plan))
        self.engine.submit(event, at_s=at_s)
        return self.time_s if at_s is None else at_s

    def _end_recording(self) -> None:
        """Close the recording, if there is one; ``stop`` reports what is missing in it."""
        with contextlib.suppress(RunError):
            self.stop_recording()

    def stop_recording(self) -> None:
        """Close the recording, if there is one; raise RunError when something is missing in it."""
        recorder, self.recorder = self.recorder, None
        if recorder is None:
            return
        try:
            recorder.close()
        except RunError as error:
            self._lost.append(str(error))
            raise
