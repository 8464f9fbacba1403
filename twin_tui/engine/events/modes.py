"""Events that have something steer a device: operation modes, reported states, S2 control types."""

import math
from dataclasses import field
from typing import Any

from twin_tui.engine.events.registry import event
from twin_tui.engine.policies import guide
from twin_tui.engine.running import PYTHON, Device, Event, Run
from twin_tui.engine.s2.controls import control_of, control_type, deselect, select
from twin_tui.engine.s2.descriptions import description_of
from twin_tui.engine.signals import Scalar, short
from twin_tui.engine.snapshot import LogKind
from twin_tui.errors import CommandError, did_you_mean


@event
class SelectMode(Event):
    """Give a device an operation mode and factor; mode "" returns it to its direct setpoints."""

    device: str
    mode: str
    factor: float = 1.0
    parameters: dict[str, Scalar] = field(default_factory=dict)
    origin: str = PYTHON

    def check(self, run: Run) -> None:
        """Refuse an unknown mode, an invalid factor or parameter, and all but IDLE in mode FAULT."""
        guide.check_mode(run.device(self.device), self.mode, self.factor, self.parameters)

    def carry_out(self, run: Run, tick: int) -> None:
        device = run.device(self.device)
        text = guide.select_mode(run, device, self.mode, self.factor, self.parameters)
        run.note(LogKind.MODE, device.name, text, self.origin, tick)


_MODE_KEYS = ("mode", "factor")
"""Keys of a reported status that choose a mode; all others are quantities of the device."""


@event
class ReportStatus(Event):
    """Bring the twin to what a real device reports of itself."""

    device: str
    status: dict[str, Scalar]
    origin: str = PYTHON

    def check(self, run: Run) -> None:
        """Refuse quantities that the device cannot take over, and an invalid mode."""
        device = run.device(self.device)
        if not self.status:
            raise CommandError(f"{self.device}: the reported status is empty")
        self._numbers(device)
        if "mode" in self.status:
            self._mode().check(run)
        elif "factor" in self.status:
            raise CommandError(f"{self.device}: a factor is reported without its mode")

    def carry_out(self, run: Run, tick: int) -> None:
        """Set the device's state and mode; without a mode, hold the reported power."""
        device = run.device(self.device)
        steering = guide.steering_of(device)
        for key, number in self._numbers(device).items():
            device.change_state(**steering.report[key](device.params, device.state, number))
        device.forget_observation()
        reported = ", ".join(f"{key} {short(number)}" for key, number in self.status.items())
        run.note(LogKind.FORCE, self.device, f"reported {reported}", self.origin, tick)
        if "mode" in self.status:
            self._mode().carry_out(run, tick)
        elif "power_w" in self.status and device.guide is None:
            guide.hold_power(device, float(self.status["power_w"]))

    def _numbers(self, device: Device) -> dict[str, float]:
        known = device.type.steering.report if device.type.steering is not None else {}
        numbers = {}
        for key, number in self.status.items():
            if key in _MODE_KEYS:
                continue
            if key not in known:
                hint = did_you_mean(key, known)
                raise CommandError(f"a {device.type.kind} cannot take over a reported {key}{hint}")
            place = f"{device.name}: reported {key}"
            if isinstance(number, str) or not math.isfinite(number):
                raise CommandError(f"{place} takes a finite number, not {number!r}")
            if key == "soc" and not 0.0 <= number <= 1.0:
                raise CommandError(f"{place} takes 0 … 1, not {number:g}")
            numbers[key] = float(number)
        return numbers

    def _mode(self) -> SelectMode:
        factor = self.status.get("factor", 1.0)
        if isinstance(factor, str):
            raise CommandError(f"{self.device}: reported factor takes a number, not {factor!r}")
        return SelectMode(self.device, str(self.status["mode"]), float(factor), origin=self.origin)


@event
class SelectControl(Event):
    """Give a device to an energy manager under an S2 control type ("FRBC"); "" ends it."""

    device: str
    control: str
    origin: str = PYTHON

    def check(self, run: Run) -> None:
        device = run.device(self.device)
        if self.control:
            description_of(device, control_type(self.control), run.surroundings)

    def carry_out(self, run: Run, tick: int) -> None:
        """End the control type in force, and put the device under the new one."""
        device = run.device(self.device)
        ended = deselect(device)
        if self.control:
            description = description_of(device, control_type(self.control), run.surroundings)
            control = select(run, device, description)
            run.note(LogKind.S2, device.name, f"{self.control} selected", self.origin, tick)
            control.take_over()
        elif ended:
            run.note(LogKind.S2, device.name, f"{ended} ends", self.origin, tick)


@event
class Instruct(Event):
    """Give a device under an S2 control type an instruction: id, time, and what the type wants."""

    device: str
    instruction: dict[str, Any]
    origin: str = PYTHON

    def check(self, run: Run) -> None:
        control_of(run.device(self.device)).check(self.instruction)

    def carry_out(self, run: Run, tick: int) -> None:
        control_of(run.device(self.device)).receive(self.instruction, self.origin)


@event
class Revoke(Event):
    """Take back an S2 instruction that waits for its time."""

    device: str
    instruction: str
    origin: str = PYTHON

    def check(self, run: Run) -> None:
        reason = control_of(run.device(self.device)).can_revoke(self.instruction)
        if reason:
            raise CommandError(reason)

    def carry_out(self, run: Run, tick: int) -> None:
        control_of(run.device(self.device)).revoke(self.instruction, self.origin)
