"""PPBC: control by the choice and the start of a power profile."""

from collections.abc import Mapping
from typing import Any

from twin_tui.engine.policies.guide import steering_of
from twin_tui.engine.running import Device, Run
from twin_tui.engine.s2.control import Control, Instruction, ProfileUpdate, Update
from twin_tui.engine.s2.machine import steps
from twin_tui.engine.s2.model import ControlType, InstructionStatus, ProfileDescription, Sequence
from twin_tui.engine.signals import value
from twin_tui.engine.surroundings import Surroundings
from twin_tui.errors import CommandError, did_you_mean

SCHEDULE = "schedule"


@value
class Choice:
    """The content of a profile instruction."""

    sequence: Sequence
    action: str


class ProfileControl(Control):
    """Runs one of the described sequences once, when an energy manager has scheduled it."""

    kind = ControlType.PPBC

    def __init__(self, run: Run, device: Device, description: ProfileDescription) -> None:
        super().__init__(run, device)
        self.description = description
        self._ends_at = run.tick + steps(description.horizon_ms, run.dt_s)
        self._running: Instruction | None = None
        self._since = self._until = 0
        self._state = "NOT_SCHEDULED"
        self._chosen = ""

    @property
    def mode(self) -> str:
        return self._state.lower().replace("_", " ")

    def power_w(self, device: Device, surroundings: Surroundings, bus_w: float) -> float:
        """Return the greatest power of the running sequence, W into the bus: the device keeps its own course.

        A pause within the sequence is no reason to stop.
        """
        if self._running is None:
            return 0.0
        choice: Choice = self._running.content
        return -max(power_w for _, power_w in choice.sequence.elements)

    def statuses(self) -> list[Update]:
        """Return the state of the profile, for a session that begins."""
        return [ProfileUpdate(self._chosen, self._state, self._progress_ms(self._run.tick))]

    def revoke(self, instruction_id: str, origin: str) -> None:
        """Forget a scheduled start."""
        super().revoke(instruction_id, origin)
        if not self._held and self._state == "SCHEDULED":
            self._turn("NOT_SCHEDULED", "", self._run.tick)

    def _hold(self, instruction: Instruction, due: int) -> None:
        super()._hold(instruction, due)
        if self._running is None:
            self._turn("SCHEDULED", instruction.content.sequence.id, self._run.tick)

    def _parse(self, data: Mapping[str, Any]) -> Choice:
        name = str(data.get("sequence", ""))
        known = {sequence.id: sequence for sequence in self.description.sequences}
        if name not in known:
            raise CommandError(f"unknown power sequence {name!r}{did_you_mean(name, known)}")
        return Choice(known[name], str(data.get("action", SCHEDULE)))

    def _obstacle(self, instruction: Instruction, moment: int) -> str:
        choice = instruction.content
        if choice.action != SCHEDULE:
            return f"the sequence {choice.sequence.id} is not interruptible"
        if choice.sequence.abnormal_only and not instruction.abnormal:
            return f"the sequence {choice.sequence.id} is for abnormal conditions only"
        if self._running is not None or self._state == "FINISHED":
            return "the profile has been started already"
        if moment + self._length(choice.sequence) > self._ends_at:
            return "the sequence would not be finished by the end of the profile"
        return steering_of(self._device).unready(self._device.telemetry(self._run.surroundings))

    def _begin(self, instruction: Instruction, moment: int) -> int:
        self._running = instruction
        self._since, self._until = moment, moment + self._length(instruction.content.sequence)
        self._turn("EXECUTING", instruction.content.sequence.id, moment)
        self._wake_at(self._until)
        return self._until

    def _elapsed(self, moment: int) -> None:
        if self._running is not None and moment >= self._until:
            self._tell(self._running, InstructionStatus.SUCCEEDED, moment)
            self._turn("FINISHED", self._chosen, moment)
            self._running = None
            self.follow()

    def give_back(self) -> None:
        """End the control type; the device finishes what it has begun."""
        if self._running is not None:
            self._tell(self._running, InstructionStatus.ABORTED, self._run.tick, "the session has ended")
        super().give_back()

    def _length(self, sequence: Sequence) -> int:
        return sum(steps(duration_ms, self._run.dt_s) for duration_ms, _ in sequence.elements)

    def _progress_ms(self, moment: int) -> int | None:
        if self._state not in ("EXECUTING", "FINISHED"):
            return None
        return round((min(moment, self._until) - self._since) * self._run.dt_s * 1000)

    def _turn(self, state: str, chosen: str, moment: int) -> None:
        self._state, self._chosen = state, chosen
        self._publish(ProfileUpdate(chosen, state, self._progress_ms(moment)))

    def _text(self, content: Any) -> str:
        return f"{content.action} {content.sequence.id}"
