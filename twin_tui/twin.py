"""One running twin: a site's engine, its pacer and its servers."""

import asyncio
import math
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, TypeVar, cast

from twin_tui.config import Site, load_site
from twin_tui.engine.device import AnyDeviceType, DeviceType, Status
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import ClearFault, Event, Fault, Pin, Scalar, SelectMode, Unpin, Write
from twin_tui.engine.running import Device
from twin_tui.engine.snapshot import Snapshot
from twin_tui.errors import CommandError
from twin_tui.protocols.links import Links
from twin_tui.protocols.vocabulary import site_view
from twin_tui.run.pacer import Pacer
from twin_tui.run.recording import History, Recorder
from twin_tui.run.scenario import Scenario, injection
from twin_tui.run.verdicts import Judge

T = TypeVar("T")
C = TypeVar("C")


class Handle(Generic[T, C]):
    """One device of a twin: read what it shows, tell it what to do."""

    def __init__(self, engine: Engine, device: Device) -> None:
        self._engine = engine
        self._device = device

    @property
    def name(self) -> str:
        """The device's name in its site."""
        return self._device.name

    @property
    def type(self) -> AnyDeviceType:
        """The device's type: its parameters, signals and faults."""
        return self._device.type

    @property
    def telemetry(self) -> T:
        """What the device shows at this tick, in SI units."""
        return cast(T, self._device.telemetry(self._engine.surroundings))

    @property
    def commands(self) -> C:
        """What the device was told, in SI units."""
        return cast(C, self._device.commands)

    @property
    def status(self) -> Status:
        """The device's condition."""
        return self._device.state.status

    @property
    def faults(self) -> tuple[str, ...]:
        """The names of the faults that the device reports."""
        return self._device.type.fault_names(self._device.state.faults)

    def write(self, origin: str = "python", **values: Scalar) -> None:
        """Set commands by name, all or none; raise CommandError for what makes no sense."""
        self._engine.submit(Write(self.name, values, origin))

    def select_mode(self, mode: str, factor: float = 1.0, **parameters: Scalar) -> None:
        """Give the device an operation mode, "" its own setpoints; raise CommandError for what cannot be."""
        self._engine.submit(SelectMode(self.name, mode, factor, parameters, "python"))

    def fault(self, fault: str, duration_s: float | None = None) -> None:
        """Bring about a fault's cause, for a while or until it is cleared."""
        self._engine.submit(Fault(self.name, fault, duration_s, "python"))

    def clear_fault(self, fault: str = "") -> None:
        """Remove the cause of one fault, or of all."""
        self._engine.submit(ClearFault(self.name, fault, "python"))

    def force(self, signal: str, forced: Scalar) -> None:
        """Pin a signal to a value until it is released."""
        self._engine.submit(Pin(self.name, signal, forced, "python"))

    def release(self, signal: str = "") -> None:
        """Release one forced signal, or all of the device."""
        self._engine.submit(Unpin(self.name, signal, "python"))


class Twin:
    """A twin of one site.

    Stepped by its caller, without a clock::

        twin = Twin.from_file("site.yaml")
        twin.device("battery-1").write(start_stop=1, active_power_setpoint_w=-20_000)
        twin.advance(1200)

    Or live, with its servers, in an asyncio loop::

        async with Twin.from_file("site.yaml") as twin:
            await twin.run(60)
    """

    def __init__(self, site: Site, *, speed: float | None = None) -> None:
        self.site = site
        self.engine = Engine(site.plan)
        self.links = Links(self.engine, site.endpoints, site.links)
        self.pacer = Pacer(self.engine, speed if speed is not None else site.speed)
        self._history = History(self.engine)
        self.recorder: Recorder | None = None
        self.judge: Judge | None = None
        """Keeps the verdicts of the scenario that is being played, if one is."""
        self._running: asyncio.Task[None] | None = None

    @classmethod
    def from_file(cls, path: str | Path, *, seed: int | None = None, speed: float | None = None) -> "Twin":
        """Build a twin from a site file, or from a shipped site by its name; raise ConfigError."""
        return cls(load_site(path, seed=seed), speed=speed)

    @classmethod
    def from_dict(
        cls, site: dict[str, Any], *, seed: int | None = None, speed: float | None = None
    ) -> "Twin":
        """Build a twin from what a site file would hold; raise ConfigError."""
        return cls(load_site(site, seed=seed), speed=speed)

    async def start(self, *, servers: bool = True, paced: bool | None = None) -> None:
        """Start the servers and, for a real-time site, the pacer; nothing stays half-started.

        ``paced`` False leaves the stepping to the caller while the servers answer.
        """
        if servers:
            await self.links.start()
        if paced if paced is not None else self.site.real_time:
            self._running = asyncio.create_task(self.pacer.run(), name="pacer")

    async def stop(self) -> None:
        """Stop pacer and servers and close the recording."""
        running, self._running = self._running, None
        if running is not None:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        await self.links.stop()
        self.stop_recording()

    async def __aenter__(self) -> "Twin":
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def run(self, seconds: float = math.inf) -> None:
        """Run at the pacer's speed for a simulated time; the servers answer meanwhile."""
        if self._running is not None:
            raise CommandError("this twin is running already")
        ticks = seconds if seconds == math.inf else round(seconds / self.engine.dt_s)
        await self.pacer.run(self.engine.tick + ticks)

    def step_once(self) -> None:
        """Run one tick."""
        self.engine.step()

    def advance(self, seconds: float) -> None:
        """Run a simulated time as fast as the machine can."""
        self.engine.advance(seconds)

    def submit(self, event: Event, *, at_s: float | None = None) -> None:
        """Give the engine an event, for now or for a simulated time; raise CommandError."""
        self.engine.submit(event, at_s=at_s)

    def device(self, name: str, kind: DeviceType[Any, Any, C, T] | None = None) -> Handle[T, C]:
        """Return a device by name; with its type given, what it shows and takes is typed."""
        found = self.engine.device(name)
        if kind is not None and found.type is not kind:
            raise CommandError(f"{name} is a {found.type.kind}, not a {kind.kind}")
        return Handle(self.engine, found)

    def devices(self) -> tuple[Handle[Any, Any], ...]:
        """Return every device of the site."""
        return tuple(Handle(self.engine, found) for found in self.engine.devices.values())

    def snapshot(self) -> Snapshot:
        """Return the whole site as it is at this tick."""
        return self.engine.snapshot()

    def record(self, path: str | Path, every_s: float = 1.0) -> Recorder:
        """Record this run to a file, from now on; its replay begins at the start all the same."""
        self.stop_recording()
        self.recorder = Recorder(
            self.engine, Path(path), self.site.source, self.site.plan.seed, self._history, every_s
        )
        return self.recorder

    def play(self, scenario: Scenario) -> Judge:
        """Play a scenario from now on; raise ConfigError when it does not fit the site."""
        self.judge = Judge(scenario, self.engine, site_view(self.engine))
        return self.judge

    def inject(self, text: str) -> float:
        """Have a command happen at a simulated time, "10s sag grid 0.7 2s", and return that time, s."""
        at_s, event = injection(text, site_view(self.engine))
        self.engine.submit(event, at_s=at_s)
        return at_s

    def stop_recording(self) -> None:
        """Close the recording, if there is one."""
        recorder, self.recorder = self.recorder, None
        if recorder is not None:
            recorder.close()
