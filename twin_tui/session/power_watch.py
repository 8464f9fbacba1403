"""Whether the power of a device follows from a write or a fault, or from something else, and how far."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice

from twin_tui.engine.device import Status
from twin_tui.engine.engine import Engine
from twin_tui.engine.formats import kilowatts
from twin_tui.engine.log import REPEATS_WITHIN
from twin_tui.engine.running import Device
from twin_tui.engine.signals import Scalar
from twin_tui.engine.snapshot import LogKind
from twin_tui.engine.why import SAME_SHARE, SAME_W

WATCHED_S = 30.0
"""How long after a write the power is watched, in simulated time."""
SETTLED_S = 2.0
"""How long the power must stay constant to count as settled."""
SERVICE_WITHIN_S = 900.0
"""How long a write to a device out of service waits for it, in simulated time."""
NOISE_W = 1.0
SHARE_OF_STEP = 0.5
"""By how much a step may differ from what was written, since voltage and noise change it too."""
OFF = (Status.TRIPPED, Status.CEASED, Status.WAITING, Status.FAULT)
CAUSES = (LogKind.INJECT, LogKind.FAULT, LogKind.TRIP, LogKind.CEASE, LogKind.FORCE, LogKind.MODE, LogKind.S2)
"""The kinds of what may move the power of a device after a write."""


@dataclass(slots=True)
class PowerWatch:
    """The power of a device after a write or a fault.

    Moves are credited while the device is in service and comes nearer to what was asked; without a power that
    was asked, as long as they go on in the direction of the first. The first other move ends the watch of a
    write, and what the log has about the device or the grid meanwhile is named.
    """

    engine: Engine
    device: Device
    kind: LogKind
    number: int
    """The number of the trace of a write."""
    tick: int
    steers: bool = False
    """Whether a setpoint, a switch or the mode was written: only then does the power follow."""
    switches_off: bool = False
    follows: bool = True
    """Whether the power follows what is asked: below a limit that it has not reached it does not."""
    step_w: float | None = None
    """Of a device that nobody steers: by how much the write changes its power, at once."""
    already: str = ""
    """The values that were set before, where nothing was changed."""
    values: Mapping[str, Scalar] = field(default_factory=dict)
    entry: int = 0
    """The entry of the log, once it is known."""
    ended: bool = False
    from_w: float = 0.0
    last_w: float = 0.0
    """The power after the last move that is credited."""
    moved_s: float = 0.0
    _before_w: float = 0.0
    _before: Status = Status.RUNNING
    """The condition before."""
    _aim_w: float | None = None
    _way_w: float = 0.0
    _off_s: float = 0.0
    """When the device was last seen out of service, after a write that nothing has followed yet."""
    _steered_by: str = ""
    _between: str = ""
    _other: str = ""
    """What has what was written in hand in place of writes."""

    def __post_init__(self) -> None:
        """Begin with the power as it is."""
        self.from_w = self.last_w = self._before_w = self.device.state.active_power_w
        self.moved_s = self.start_s
        self._before = self.device.state.status

    @property
    def start_s(self) -> float:
        return self.tick * self.engine.dt_s

    def aim(self) -> None:
        """Note what is asked, and who asks, after the step of the write."""
        why = self.device.why(self.engine.surroundings)
        self._steered_by = self.device.steered_by
        if self.steers and not self.switches_off and not why.quantity:
            self._aim_w = why.asked_w
            self.follows |= why.asked_w is not None and abs(why.asked_w) < abs(self.from_w)
        self._other = next(filter(None, map(self._overrules, self.values)), "")

    def look(self) -> bool:
        """Credit a move of the power, or end the watch; return whether there is something new to say."""
        now_s, power_w = self.engine.time_s, self.device.state.active_power_w
        moved = abs(power_w - self._before_w) > NOISE_W
        credited = moved and self._caused(power_w)
        if moved:
            self._before_w = power_w
        if credited:
            self.last_w, self.moved_s = power_w, now_s
        elif self.steers and not self.already and (moved or self.device.steered_by != self._steered_by):
            self.ended = True
            self._between = self._meanwhile() if moved else ""
        since_s = max(self.start_s, self._off_s)
        self.ended |= now_s - since_s > WATCHED_S or now_s - max(self.moved_s, since_s) > SETTLED_S
        if self.ended and self._waits_for_service():
            news, self._off_s, self._between, self.ended = not self._off_s, now_s, "", False
            return news
        return credited or self.ended

    def _waits_for_service(self) -> bool:
        """Return whether the device may follow the write as soon as it is back in service."""
        asked = self.kind is LogKind.WRITE and self.steers and not (self.already or self._other)
        within = self.engine.time_s - self.start_s < SERVICE_WITHIN_S
        return asked and within and self.last_w == self.from_w and self.device.state.status in OFF

    def _caused(self, power_w: float) -> bool:
        off, before_w = self.device.state.status in OFF, self._before_w
        if self.step_w is not None:
            at_once = self.engine.tick <= self.tick + 1
            return at_once and abs(abs(power_w - before_w) - self.step_w) <= SHARE_OF_STEP * self.step_w
        if self.kind is LogKind.INJECT:
            binds = off or self.device.state.faults
        else:
            in_force = self.steers and not (self.already or self._other)
            binds = in_force and self.follows and not off and self.device.steered_by == self._steered_by
        if not binds:
            return False
        if self._aim_w is not None:
            return abs(power_w - self._aim_w) < abs(before_w - self._aim_w)
        self._way_w = self._way_w or power_w - before_w
        return (power_w - before_w) * self._way_w > 0.0

    def _meanwhile(self) -> str:
        """Return what has happened to the device or the grid since the write, "" for nothing."""
        for entry in islice(reversed(self.engine.log), REPEATS_WITHIN):
            if entry.number <= self.entry or entry.tick < self.tick:
                break
            if entry.kind in CAUSES and entry.device in (self.device.name, "grid"):
                return entry.text
        return ""

    def effect(self) -> str:
        """Return what has followed so far, "" for nothing that can be credited."""
        if self.moved_s == self.start_s and self.last_w == self.from_w:
            found = self.started or self._nothing()
        else:
            after_s = self.moved_s - self.start_s + self.engine.dt_s
            found = f"P {kilowatts(self.from_w)} → {kilowatts(self.last_w)} kW after {after_s:.3g} s"
            found += self._remainder()
        if self._between and not self._other and self.device.state.status not in OFF:
            found = f"{found}, then {self._between}" if found else f"followed by {self._between}"
        return found

    def _nothing(self) -> str:
        """Return why nothing followed, where something should have."""
        why = self.device.why(self.engine.surroundings)
        status = self.device.state.status
        reasons = why.reasons(None, brief=True)
        if status in OFF and (self.steers or self.kind is LogKind.INJECT):
            return f"no effect: {reasons or status.value}"
        if self.already:
            return f"no effect: already {self.already}"
        if self._other and self.steers:
            return f"no effect: {self._other}"
        if self.steers and why.differs and not self._between:
            return f"no effect: {reasons or 'nothing moves'}"
        return ""

    @property
    def started(self) -> str:
        """Return that a write has cleared a fault, or made a device that was off wait, and for how long."""
        status = self.device.state.status
        if self._before is Status.FAULT:
            done = status is not Status.FAULT and not self.device.state.faults
        else:
            done = status is Status.WAITING and self._before in (Status.OFF, Status.STANDBY)
        if not done or not self.steers or self.kind is not LogKind.WRITE:
            return ""
        news = "fault cleared" if self._before is Status.FAULT else status.value
        why = self.device.why(self.engine.surroundings)
        left = [each.left_s for each in why.constraints if each.left_s]
        if left and status is Status.WAITING:
            return f"{news}, starts in {left[0] + self.engine.time_s - self.start_s:.0f} s"
        return ", ".join(filter(None, (news, why.reasons(None, brief=True))))

    def _overrules(self, name: str) -> str:
        """Return what has set a command to something else than was written, "" for nothing."""
        if getattr(self.device.commands, name, self.values[name]) == self.values[name]:
            return ""
        return f"{name} is forced" if name in self.device.pins else self.device.steered_by

    def _remainder(self) -> str:
        """Return what keeps the device from what it was asked, once it has settled."""
        off = self.device.state.status in OFF
        if not off and (not self.ended or self._between):
            return ""
        why = self.device.why(self.engine.surroundings)
        reasons = why.reasons(None, brief=True)
        if off:
            return f": {reasons or self.device.state.status.value}"
        if self.steers and why.differs and why.asked_w is not None:
            return f", asked {kilowatts(why.asked_w)}" + (f": {reasons}" if reasons else "")
        return ""


def at_limit(device: Device, engine: Engine) -> bool:
    """Return whether the power of a device is what it was allowed, so that it follows a higher limit."""
    asked_w, power_w = device.why(engine.surroundings).asked_w, device.state.active_power_w
    return asked_w is not None and abs(asked_w - power_w) <= max(SAME_W, SAME_SHARE * abs(asked_w))
