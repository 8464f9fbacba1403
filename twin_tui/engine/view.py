"""What a screen asks of a running twin and gets: plain values, which may cross a process border."""

import math
from collections.abc import Mapping
from dataclasses import field
from typing import Protocol

from twin_tui.engine.events import Event
from twin_tui.engine.link_view import LinkView, TrafficLine
from twin_tui.engine.signals import Scalar, Signal, value
from twin_tui.engine.snapshot import Snapshot


@value
class RegisterInfo:
    """What never changes about one register: where it is, what it means, what it takes."""

    table: str
    """Such as "holding registers"."""
    address: int
    name: str
    type: str
    """The type on the wire, such as "int16"."""
    count: int = 1
    device: str = ""
    signal: str = ""
    """The signal behind the register; empty for constants."""
    unit: str = ""
    """The unit of the value as the register map scales it."""
    meaning: str = ""
    writable: bool = False
    readable: bool = True
    low: float | None = None
    high: float | None = None
    options: Mapping[int, str] = field(default_factory=dict)


@value
class RegisterValue:
    """One register now. Ages are wall seconds, None when it never happened."""

    index: int
    words: tuple[int, ...]
    text: str
    """The value in the map's unit."""
    option: str = ""
    """The meaning of a code, or an empty text."""
    changed_age_s: float | None = None
    writer: str = ""
    write_age_s: float | None = None
    verdict: str = ""
    """What became of the last write: "ok" or why it was refused."""
    author: str = ""
    """Who has set the value where that is not the last writer: "mode PEAK_SHAVING"."""
    since_s: float | None = None
    """Since when, in simulated time."""
    wrote: str = ""
    """The value of the last write, where it is not in force."""
    held: str = ""
    """"forced" or "frozen" while the signal behind it is pinned."""
    reads: int | None = None
    """How often clients read it since the device's registers are on a screen."""


@value
class WriteTrace:
    """One write as it came in, and what the device did about it."""

    device: str
    time_s: float
    age_s: float
    origin: str
    text: str
    signals: tuple[str, ...]
    effect: str = ""
    entry: int = 0
    """Its entry in the log, once something has followed."""


@value
class ActiveFault:
    """A fault, forced value or link fault that somebody brought about and that is still in force."""

    label: str
    device: str
    text: str
    remaining_s: float | None = None
    frozen: str = ""
    """The signal that is forced to the value that it had."""


@value
class TimelineStep:
    """One step of the scenario that is being played."""

    at_s: float
    text: str
    state: str
    """"done", "to come", "open", "passed" or "failed"."""
    seen: str = ""
    """What was seen where an expectation failed."""


@value
class Recording:
    """What is being recorded, and since when in simulated time."""

    path: str
    since_s: float
    failed: str = ""
    """Why it could not go on, "" while all is well."""


@value
class Energy:
    """What went into the site's bus and what out of it, in Wh; of the grid what was imported and exported."""

    into_wh: float = 0.0
    out_wh: float = 0.0


@value
class Frame:
    """Everything a screen shows at one moment."""

    snapshot: Snapshot
    speed: float = 1.0
    paused: bool = False
    overruns: int = 0
    links: tuple[LinkView, ...] = ()
    registers: tuple[RegisterValue, ...] = ()
    """The registers of the requested window, in the requested order."""
    changed: tuple[int, ...] = ()
    """Indices of the registers that changed lately, where requested."""
    traces: tuple[WriteTrace, ...] = ()
    """The newest writes, oldest first."""
    effects: Mapping[int, str] = field(default_factory=dict)
    """What followed, by the numbers of the newest entries of the log."""
    injected: tuple[ActiveFault, ...] = ()
    traffic: tuple[TrafficLine, ...] = ()
    timeline: tuple[TimelineStep, ...] = ()
    """The scenario that is being played, in the order of its times."""
    recording: Recording | None = None
    marks: int = 0
    jumping_to_s: float | None = None
    over: bool = False
    """Whether the run has reached its end."""
    energy: Mapping[str, Energy] = field(default_factory=dict)
    """The energy of each device since midnight, by name; that of the grid has an empty name."""
    energy_since_s: float = 0.0
    """Since when it is counted, in simulated time: midnight, or the start of the run."""

    def is_frozen(self, device: str, signal: str) -> bool:
        """Return whether a signal is forced to the value that it had."""
        return any(item.device == device and item.frozen == signal for item in self.injected)


@value
class ViewRequest:
    """What the screen wants to see beyond the site itself."""

    device: str = ""
    registers: tuple[int, ...] = ()
    """Indices into the device's registers, those in the window only."""
    changed_within_s: float | None = None
    traffic_device: str = ""
    log: int = 200
    past: Frame | None = None
    """The frame of another time, of which the registers are to be, not of now."""


@value
class ParameterView:
    """What a mode or a link fault may be given besides its name."""

    meaning: str
    unit: str = ""
    default: Scalar | None = None
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    """The link faults that it belongs to, empty for all."""


@value
class ModeView:
    """What never changes about one operation mode."""

    meaning: str
    parameters: Mapping[str, ParameterView] = field(default_factory=dict)


@value
class DeviceView:
    """What never changes about one device: its words for commands, help and completion."""

    name: str
    kind: str
    title: str
    commands: Mapping[str, Signal]
    telemetry: Mapping[str, Signal]
    faults: Mapping[str, str] = field(default_factory=dict)
    """Fault names and their meanings."""
    modes: Mapping[str, ModeView] = field(default_factory=dict)
    """Operation modes by name."""
    link_faults: Mapping[str, str] = field(default_factory=dict)
    """The ways in which its links can be made to misbehave, and their meanings."""
    registers: tuple[RegisterInfo, ...] = ()
    role: str = "CONSUMER"
    flow_group: str = ""
    rated_w: float = math.inf
    """The most active power that it can give or take, where that is known."""


@value
class SiteView:
    """What never changes about one site."""

    name: str
    devices: tuple[DeviceView, ...]
    link_faults: Mapping[str, str] = field(default_factory=dict)
    """The ways in which a link can be made to misbehave, on whatever wire, and their meanings."""
    link_options: Mapping[str, ParameterView] = field(default_factory=dict)
    """Which requests such a fault affects, and how."""
    scenarios: Mapping[str, str] = field(default_factory=dict)
    """The shipped scenarios and what they are about."""

    def device(self, name: str) -> DeviceView | None:
        """Return the device of that name, or None."""
        for device in self.devices:
            if device.name == name:
                return device
        return None


@value
class Pause:
    """Stop simulated time."""


@value
class Resume:
    """Let simulated time go on."""


@value
class StepTicks:
    """Pause and run a number of ticks."""

    ticks: int = 1


@value
class SetSpeed:
    """Run at so many simulated seconds a second; infinity is as fast as the machine can."""

    speed: float


@value
class JumpTo:
    """Run as fast as the machine can until a time of day comes up, then go on as before."""

    day_s: float


@value
class Freeze:
    """Pin a signal to the value it has now."""

    device: str
    signal: str


@value
class StartRecording:
    """Record the run to a file."""

    path: str
    force: bool = False
    """Whether to overwrite an existing file."""


@value
class StopRecording:
    """Close the recording."""


@value
class SaveScenario:
    """Write what was done in this session as a scenario."""

    path: str
    force: bool = False
    """Whether to overwrite an existing file."""


@value
class PlayScenario:
    """Play a scenario from now on: a shipped one by its name, or a file."""

    scenario: str


Steer = Pause | Resume | StepTicks | SetSpeed | JumpTo
Command = Steer | Freeze | StartRecording | StopRecording | SaveScenario | PlayScenario | Event


class TwinSession(Protocol):
    """What a screen needs of a twin, wherever that twin runs."""

    @property
    def site(self) -> SiteView: ...

    async def frame(self, view: ViewRequest) -> Frame:
        """Return the twin as it is now."""
        ...

    async def check(self, command: Command) -> None:
        """Raise CommandError when ``send`` would refuse a command now; change nothing."""
        ...

    async def send(self, command: Command, line: str = "") -> str:
        """Carry out a command and return the message for the user; raise CommandError when it is refused.

        ``line`` is how the user wrote it, for the scenario that a session may be saved as.
        """
        ...
