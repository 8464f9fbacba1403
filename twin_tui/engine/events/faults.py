"""Events that fail a device or its wire, and what ends them."""

from dataclasses import replace
from typing import Any

from twin_tui.engine.disturbance import check_label
from twin_tui.engine.events.registry import event
from twin_tui.engine.running import PYTHON, Device, Event, Run
from twin_tui.engine.snapshot import LogKind
from twin_tui.engine.steps import check_duration
from twin_tui.errors import CommandError, ConfigError, did_you_mean

END_OF_DURATION = "end of duration"
"""The origin of what ends with its duration."""


@event
class Fault(Event):
    """Bring about a device fault's cause, for a while or until it is cleared."""

    device: str
    fault: str
    duration_s: float | None = None
    origin: str = PYTHON

    def check(self, run: Run) -> None:
        _check_fault(run.device(self.device), self.fault)
        check_duration(self.duration_s)

    def lasting_s(self) -> float | None:
        return self.duration_s

    def carry_out(self, run: Run, tick: int) -> None:
        """Set the cause's bit."""
        device = run.device(self.device)
        device.change_state(causes=device.state.causes | device.type.fault_bit(self.fault))
        device.forget_observation()
        text = f"fault {self.fault}{_lasting(self.duration_s)}"
        run.note(LogKind.INJECT, self.device, text, self.origin, tick)
        run.fault_ends.pop((device.name, self.fault), None)
        if self.duration_s is not None:
            run.fault_ends[device.name, self.fault] = ends = tick + run.ticks(self.duration_s)
            run.file_event(ClearFault(self.device, self.fault, origin=END_OF_DURATION), ends)


@event
class ClearFault(Event):
    """Remove a fault's cause (fault "" is all of the device, device "" all of the site)."""

    device: str = ""
    fault: str = ""
    origin: str = PYTHON

    def check(self, run: Run) -> None:
        if self.device:
            device = run.device(self.device)
            if self.fault:
                _check_fault(device, self.fault)

    def carry_out(self, run: Run, tick: int) -> None:
        """Clear the bits of the causes."""
        if self.origin == END_OF_DURATION and run.fault_ends.get((self.device, self.fault)) != tick:
            return  # it was cleared before its time, or has begun again meanwhile
        for device in [run.device(self.device)] if self.device else list(run.devices.values()):
            kept = 0
            if self.fault:
                kept = device.state.causes & ~device.type.fault_bit(self.fault)
            for name in device.type.fault_names(device.state.causes & ~kept):
                run.note(LogKind.CLEAR, device.name, f"cause of {name} removed", self.origin, tick)
                run.fault_ends.pop((device.name, name), None)
            device.change_state(causes=kept)
            device.forget_observation()


@event
class LinkFault(Event):
    """Make the wire of a device misbehave; ``rule`` is the protocol's own description of how."""

    device: str
    rule: dict[str, Any]
    label: str = ""
    duration_s: float | None = None
    origin: str = PYTHON

    def check(self, run: Run) -> None:
        """Refuse an invalid duration or label, and what the protocol layer refuses."""
        run.device(self.device)
        check_label(self.label)
        check_duration(self.duration_s)
        if run.check_link_fault is not None:
            run.check_link_fault(self)

    def lasting_s(self) -> float | None:
        return self.duration_s

    def carry_out(self, run: Run, tick: int) -> None:
        """Hand the fault to the protocol layer, and file its end."""
        fault = self if self.label else replace(self, label=run.next_label("link"))
        ends = None
        if self.duration_s is not None:
            ends = tick + run.ticks(self.duration_s)
            run.file_event(ClearLinkFault(fault.label, origin=END_OF_DURATION), ends)
        run.link_faults[fault.label] = (fault, ends)
        if run.link_fault is not None:
            run.link_fault(fault)
        what = ", ".join(f"{key} {wanted}" for key, wanted in self.rule.items() if key != "kind")
        text = f"link fault {self.rule.get('kind', '')} {what}".rstrip() + _lasting(self.duration_s)
        run.note(LogKind.LINK, self.device, text, self.origin, tick)


@event
class ClearLinkFault(Event):
    """End a link fault by its label, or all of them."""

    label: str = ""
    origin: str = PYTHON

    def check_now(self, run: Run) -> None:
        """Refuse a label that is not in force; one whose fault was cleared before its time has ended."""
        if self.origin != END_OF_DURATION and self.label and self.label not in run.link_faults:
            hint = did_you_mean(self.label, run.link_faults)
            raise CommandError(f"no link fault {self.label!r} is in force{hint}")

    def carry_out(self, run: Run, tick: int) -> None:
        """End the faults, here and in the protocol layer."""
        if self.origin == END_OF_DURATION:
            _, ends = run.link_faults.get(self.label, (None, None))
            if ends is None or ends > tick:
                return  # it was cleared before its time, or its label names a later one
        for label in [self.label] if self.label else list(run.link_faults):
            ended = run.link_faults.pop(label, None)
            if ended is not None:
                text = f"link fault {ended[0].rule.get('kind', '')} ended"
                run.note(LogKind.CLEAR, ended[0].device, text, self.origin, tick)
        if run.link_fault is not None:
            run.link_fault(self)


def _check_fault(device: Device, fault: str) -> None:
    try:
        device.type.fault_bit(fault)
    except ConfigError as error:
        raise CommandError(str(error)) from None


def _lasting(duration_s: float | None) -> str:
    return f" for {duration_s:g} s" if duration_s is not None else ""
