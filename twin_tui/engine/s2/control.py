"""A control type at work on a device: instructions come in, power requests and updates go out."""

import math
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from twin_tui.engine.device import Status
from twin_tui.engine.policies import guide
from twin_tui.engine.policies.modes import FAULT
from twin_tui.engine.running import Device, Event, Guide, Run
from twin_tui.engine.s2.model import ControlType, InstructionStatus
from twin_tui.engine.signals import value
from twin_tui.engine.snapshot import ControlSnapshot, LogKind
from twin_tui.engine.surroundings import Surroundings
from twin_tui.errors import CommandError

UPDATES_KEPT = 1000
_LAST_UNIX_S = 1e12


@value
class InstructionUpdate:
    """An instruction has reached a status."""

    instruction: str
    status: InstructionStatus
    moment: int
    reason: str = ""


@value
class ActuatorUpdate:
    """An actuator has another mode or factor."""

    actuator: str
    mode: str
    factor: float
    previous: str
    since: int | None


@value
class TimerUpdate:
    """A timer was started."""

    actuator: str
    timer: str
    finishes: int


@value
class ProfileUpdate:
    """A power sequence has another status."""

    sequence: str
    status: str
    progress_ms: int | None


Update = InstructionUpdate | ActuatorUpdate | TimerUpdate | ProfileUpdate


@value
class Instruction:
    """What every instruction has, whatever the control type."""

    id: str
    due: int
    """The moment at which it is to be carried out."""
    abnormal: bool
    content: Any


@value
class Wake(Event):
    """Have the control type of a device do what is due; control types file this themselves, unrecorded."""

    device: str
    origin: str = "engine"

    def carry_out(self, run: Run, tick: int) -> None:
        """Do what is due at the beginning of this tick; a device without a control type sleeps on."""
        control = run.device(self.device).control
        if isinstance(control, Control):
            control.wake(tick - 1)


class Control(ABC):
    """One selected control type of one device; it guides the device until another master takes over."""

    kind: ControlType

    def __init__(self, run: Run, device: Device) -> None:
        self._run = run
        self._device = device
        self._before: Guide | None = None
        self.updates: deque[Update] = deque(maxlen=UPDATES_KEPT)
        self.notify: Callable[[], None] | None = None
        """Called after each update; set by the protocol layer."""
        self._seen: set[str] = set()
        self._held: dict[str, Instruction] = {}
        self._last = ""
        self._refused = ""

    @property
    @abstractmethod
    def mode(self) -> str:
        """Return the name of what the control type has the device do."""

    @property
    def factor(self) -> float:
        """Return the factor of the mode; 1 where the control type knows none."""
        return 1.0

    @abstractmethod
    def power_w(self, device: Device, surroundings: Surroundings, bus_w: float) -> float:
        """Return the power that the device should have now, W into the bus."""

    @abstractmethod
    def _parse(self, data: Mapping[str, Any]) -> Any:
        """Return the content of an instruction, or raise CommandError for an invalid one."""

    def _obstacle(self, instruction: Instruction, moment: int) -> str:
        """Return why an instruction cannot be carried out now, "" when it can."""
        return ""

    @abstractmethod
    def _begin(self, instruction: Instruction, moment: int) -> int:
        """Carry out an instruction; return the moment from which it is fulfilled."""

    @abstractmethod
    def _text(self, content: Any) -> str:
        """Return an instruction in a few words, for the log."""

    def _busy_until(self, instruction: Instruction) -> int:
        """Return the moment before which an instruction cannot begin, whatever it asks."""
        return 0

    @abstractmethod
    def _elapsed(self, moment: int) -> None:
        """Do what is due by now."""

    def shown(self, moment: int) -> ControlSnapshot:
        """Return what the screen shows."""
        return ControlSnapshot(self.kind.name, self.mode, self.factor, (), (), self._last, self._refused)

    def check(self, data: Mapping[str, Any]) -> None:
        """Raise CommandError for an instruction with unknown ids, a bad factor or a known id."""
        try:
            instruction = self._instruction(data)
        except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
            raise CommandError(f"no {self.kind.name} instruction: {error!r}") from None
        if instruction.id in self._seen:
            raise CommandError(f"instruction {instruction.id} was sent before")

    def receive(self, data: Mapping[str, Any], origin: str) -> None:
        """Take a checked instruction: now, or held until its time."""
        instruction = self._instruction(data)
        self._seen.add(instruction.id)
        moment = self._run.tick
        self._last = self._text(instruction.content)
        text = f"{self.kind.name} {self._last}"
        due = max(instruction.due, self._busy_until(instruction))
        if due > moment:
            self._tell(instruction, InstructionStatus.ACCEPTED, moment)
            self._hold(instruction, due)
            self._run.note(LogKind.S2, self._device.name, f"{text} at {due * self._run.dt_s:g} s", origin)
            return
        reason = self._refusal(instruction, moment)
        if reason:
            self._refuse(instruction, InstructionStatus.REJECTED, moment, reason)
            return
        self._tell(instruction, InstructionStatus.ACCEPTED, moment)
        self._run.note(LogKind.S2, self._device.name, text, origin)
        self._carry_out(instruction, moment)

    def statuses(self) -> list[Update]:
        """Return the state of everything, for a session that begins."""
        return []

    def _hold(self, instruction: Instruction, due: int) -> None:
        self._held[instruction.id] = instruction
        self._wake_at(due)

    def can_revoke(self, instruction_id: str) -> str:
        """Return why an instruction cannot be revoked, "" when it can."""
        if instruction_id in self._held:
            return ""
        if instruction_id in self._seen:
            return (
                f"instruction {instruction_id} does not wait any more: it was carried out, refused or revoked"
            )
        return f"unknown instruction {instruction_id}"

    def revoke(self, instruction_id: str, origin: str) -> None:
        """Forget a held instruction."""
        instruction = self._held.pop(instruction_id)
        self._tell(instruction, InstructionStatus.REVOKED, self._run.tick)
        text = f"{self.kind.name} {self._text(instruction.content)} revoked"
        self._run.note(LogKind.S2, self._device.name, text, origin)

    def wake(self, moment: int) -> None:
        """Do what has become due, in the order of its time and of its arrival."""
        self._elapsed(moment)
        due = [item for item in self._held.values() if item.due <= moment]
        for instruction in sorted(due, key=lambda item: item.due):
            busy = self._busy_until(instruction)
            if busy > moment:
                self._wake_at(busy)
                continue
            del self._held[instruction.id]
            reason = self._refusal(instruction, moment)
            if reason:
                self._refuse(instruction, InstructionStatus.ABORTED, moment, reason)
            else:
                self._carry_out(instruction, moment)

    def take_over(self) -> None:
        """Guide the device in place of what did before; a device in mode FAULT stays in it."""
        if self._device.guide is not self and not self._in_fault_mode():
            self._before = self._device.guide
            guide.take_hold(self._run, self._device, self)

    def give_back(self) -> None:
        """End the control type: what guided the device before it does so again."""
        for instruction in list(self._held.values()):
            self._refuse(instruction, InstructionStatus.ABORTED, self._run.tick, "the session has ended")
        self._held.clear()
        self.notify = None
        if self._device.guide is self:
            guide.hand_back(self._run, self._device)
            if self._before is not None:
                guide.take_hold(self._run, self._device, self._before)

    def _instruction(self, data: Mapping[str, Any]) -> Instruction:
        execute = data.get("execute_unix_s")
        due = 0
        if execute is not None:
            if not isinstance(execute, int | float) or not abs(execute) < _LAST_UNIX_S:
                raise CommandError(f"invalid execution time: {execute!r}")
            due = math.floor((execute - self._run.start_unix_s) / self._run.dt_s + 1e-6)
        identity = data.get("id")
        if not isinstance(identity, str) or not identity:
            raise CommandError("an instruction needs an id")
        return Instruction(identity, due, bool(data.get("abnormal", False)), self._parse(data))

    def _refusal(self, instruction: Instruction, moment: int) -> str:
        device = self._device
        if self._in_fault_mode():
            return "the device is in mode FAULT"
        if device.state.faults:
            return f"the device has a fault: {', '.join(device.type.fault_names(device.state.faults))}"
        if device.state.status is Status.TRIPPED:
            return "the device has tripped"
        return self._obstacle(instruction, moment)

    def _carry_out(self, instruction: Instruction, moment: int) -> None:
        self._tell(instruction, InstructionStatus.STARTED, moment)
        fulfilled = self._begin(instruction, moment)
        self.take_over()
        self.follow()
        if fulfilled <= moment:
            self._tell(instruction, InstructionStatus.SUCCEEDED, moment)

    def _in_fault_mode(self) -> bool:
        return self._device.guide is not None and self._device.guide.mode == FAULT

    def follow(self) -> None:
        """Have the device's command say what the control type asks now."""
        if self._device.guide is self:
            guide.steer(self._device, self._run.surroundings, 0.0)
            self._device.forget_observation()

    def _refuse(self, instruction: Instruction, status: InstructionStatus, moment: int, why: str) -> None:
        self._refused = f"{self._text(instruction.content)}: {why}"
        self._tell(instruction, status, moment, why)
        text = f"{self.kind.name} {status.value.lower()} {self._refused}"
        self._run.note(LogKind.S2, self._device.name, text)

    def _tell(
        self, instruction: Instruction, status: InstructionStatus, moment: int, reason: str = ""
    ) -> None:
        self._publish(InstructionUpdate(instruction.id, status, moment, reason))

    def _publish(self, update: Update) -> None:
        self.updates.append(update)
        if self.notify is not None:
            self.notify()

    def _wake_at(self, moment: int) -> None:
        self._run.file_event(Wake(self._device.name), moment + 1)
