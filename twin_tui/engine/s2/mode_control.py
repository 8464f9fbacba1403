"""FRBC, OMBC and DDBC: control by operation modes."""

import math
from collections.abc import Mapping
from typing import Any

from twin_tui.engine.policies.guide import steering_of
from twin_tui.engine.running import Device, Run
from twin_tui.engine.s2.control import (
    ActuatorUpdate,
    Control,
    Instruction,
    InstructionUpdate,
    TimerUpdate,
    Update,
)
from twin_tui.engine.s2.machine import ActuatorMachine
from twin_tui.engine.s2.model import InstructionStatus, ModeDescription, OperationMode
from twin_tui.engine.signals import value
from twin_tui.engine.snapshot import ControlSnapshot
from twin_tui.engine.surroundings import Surroundings
from twin_tui.errors import CommandError, did_you_mean


@value
class WantedMode:
    """The content of a mode instruction."""

    actuator: str
    mode: OperationMode
    factor: float


class ModeControl(Control):
    """Runs the actuators of a device as an energy manager instructs them."""

    def __init__(self, run: Run, device: Device, description: ModeDescription) -> None:
        super().__init__(run, device)
        self.kind = description.control
        self.description = description
        self.machines = {a.id: ActuatorMachine(a, run.dt_s, run.tick) for a in description.actuators}
        for machine in self.machines.values():
            for finish in machine.finishes.values() if machine.mode.ends_in else ():
                self._wake_at(finish)
        self._steering = steering_of(device)
        self._settling: dict[str, Instruction] = {}

    @property
    def mode(self) -> str:
        """Return the active modes, of several actuators with a plus between them."""
        return " + ".join(machine.mode.label or machine.mode.id for machine in self.machines.values())

    @property
    def factor(self) -> float:
        """Return the factor of the first actuator."""
        return next(iter(self.machines.values())).factor

    @property
    def level(self) -> float:
        """Return the fill level of the device."""
        return self._steering.level(self._device.params, self._device.state)

    def power_w(self, device: Device, surroundings: Surroundings, bus_w: float) -> float:
        """Return the power of the active elements, W into the bus; or the heat that they supply."""
        level = self._steering.level(device.params, device.state)
        moment = self._run.tick
        if self._steering.steered_by_supply:
            return math.fsum(machine.supply(level, moment) for machine in self.machines.values())
        return -math.fsum(machine.power_w(level, moment) for machine in self.machines.values())

    def statuses(self) -> list[Update]:
        """Return the state of every actuator and timer, for a session that begins."""
        updates: list[Update] = []
        for machine in self.machines.values():
            updates.append(self._actuator_update(machine))
            updates += [
                TimerUpdate(machine.actuator.id, timer.id, machine.finishes.get(timer.id, 0))
                for timer in machine.actuator.timers
            ]
        return updates

    def shown(self, moment: int) -> ControlSnapshot:
        level, dt_s = self.level, self._run.dt_s
        machines = self.machines.values()
        return ControlSnapshot(
            control=self.kind.name,
            mode=self.mode,
            factor=self.factor,
            next_modes=tuple(mode for machine in machines for mode in machine.next_modes(level, moment)),
            timers=tuple(
                (timer, (machine.finishes[timer] - moment) * dt_s)
                for machine in machines
                for timer in machine.running(moment)
            ),
            last=self._last,
            refused=self._refused,
        )

    def _parse(self, data: Mapping[str, Any]) -> WantedMode:
        actuators = self.description.actuators
        actuator_id = data.get("actuator", actuators[0].id if len(actuators) == 1 else "")
        actuator = self.description.actuator(str(actuator_id))
        if actuator is None:
            known = [a.id for a in actuators]
            raise CommandError(f"unknown actuator {actuator_id!r}{did_you_mean(str(actuator_id), known)}")
        mode_id = str(data.get("mode", ""))
        mode = actuator.mode(mode_id)
        if mode is None:
            known = [m.id for m in actuator.modes]
            raise CommandError(f"unknown operation mode {mode_id!r}{did_you_mean(mode_id, known)}")
        factor = data.get("factor", 1.0)
        if not isinstance(factor, int | float) or not 0.0 <= factor <= 1.0:
            raise CommandError(f"operation mode factor {factor!r} is not in 0 … 1")
        return WantedMode(actuator.id, mode, float(factor))

    def _obstacle(self, instruction: Instruction, moment: int) -> str:
        wanted, level = instruction.content, self.level
        machine = self.machines[wanted.actuator]
        reason = machine.obstacle(wanted.mode, level, instruction.abnormal, moment)
        element = wanted.mode.element(level)
        if (
            reason
            or wanted.mode.id == machine.mode.id
            or element is None
            or not element.power_w(wanted.factor)
        ):
            return reason
        return self._steering.unready(self._device.telemetry(self._run.surroundings))

    def _busy_until(self, instruction: Instruction) -> int:
        # a change can begin only when the one before has come to its end
        machine = self.machines[instruction.content.actuator]
        return 0 if instruction.content.mode.id == machine.mode.id else machine.settles

    def _begin(self, instruction: Instruction, moment: int) -> int:
        wanted = instruction.content
        machine = self.machines[wanted.actuator]
        changes = wanted.mode.id != machine.mode.id
        started = machine.enter(wanted.mode, wanted.factor, instruction.abnormal, moment)
        self._publish(self._actuator_update(machine))
        for timer in started:
            self._publish(TimerUpdate(wanted.actuator, timer, machine.finishes[timer]))
            if wanted.mode.ends_in:
                self._wake_at(machine.finishes[timer])
        if changes and machine.settles > moment:
            self._settling[wanted.actuator] = instruction
            self._wake_at(machine.settles)
            return machine.settles
        return moment

    def _elapsed(self, moment: int) -> None:
        for actuator, instruction in list(self._settling.items()):
            if self.machines[actuator].settles <= moment:
                del self._settling[actuator]
                self._publish(InstructionUpdate(instruction.id, InstructionStatus.SUCCEEDED, moment))
                self.follow()
        for machine in self.machines.values():
            following = machine.ended(moment)
            if following is not None and not machine.obstacle(following, self.level, False, moment):
                machine.enter(following, 0.0, False, moment)
                self._publish(self._actuator_update(machine))
                self.follow()

    def give_back(self) -> None:
        """End the control type; a transition that takes its time still is aborted."""
        for instruction in self._settling.values():
            self._tell(instruction, InstructionStatus.ABORTED, self._run.tick, "the session has ended")
        self._settling.clear()
        super().give_back()

    def _text(self, content: Any) -> str:
        name = content.mode.label or content.mode.id
        several = f"{content.actuator}: " if len(self.machines) > 1 else ""
        return f"{several}{name} f={content.factor:.2f}"

    def _actuator_update(self, machine: ActuatorMachine) -> ActuatorUpdate:
        previous = machine.previous.id if machine.previous is not None else ""
        return ActuatorUpdate(machine.actuator.id, machine.mode.id, machine.factor, previous, machine.since)
