"""What each event does to a running engine, and when it is refused."""

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from twin_tui.engine.disturbance import Target
from twin_tui.engine.events import (
    END_OF_DURATION,
    ClearDisturbance,
    ClearEverything,
    ClearFault,
    ClearLinkFault,
    Disturb,
    Event,
    Fault,
    Instruct,
    LinkFault,
    Mark,
    Pin,
    ReportStatus,
    Revoke,
    Scalar,
    SelectControl,
    SelectMode,
    Unpin,
    Wake,
    Write,
)
from twin_tui.engine.policies.guide import check_mode, overridden, select_mode
from twin_tui.engine.policies.handles import HANDLES, check_report, take_report
from twin_tui.engine.s2 import actions
from twin_tui.engine.signals import Signal, bounds, short
from twin_tui.engine.snapshot import LogKind
from twin_tui.errors import CommandError, ConfigError, did_you_mean

if TYPE_CHECKING:
    from twin_tui.engine.engine import Engine
    from twin_tui.engine.running import Device


def accepted(device: "Device", name: str, wanted: Scalar, *, command: bool | None = None) -> Any:
    """Return ``wanted`` in the type of the device's signal, or raise CommandError saying why not."""
    signal = device.type.signals.get(name)
    if signal is None or (command is not None and signal.command is not command):
        known = [s.name for s in device.type.signals.values() if command is None or s.command is command]
        what = "signal" if command is None else "command"
        raise CommandError(f"{device.name} has no {what} {name!r}{did_you_mean(name, known)}")
    return _converted(signal, wanted, f"{device.name}.{name}")


def _converted(signal: Signal, wanted: Scalar, place: str) -> Any:
    if signal.type is str:
        return str(wanted)
    if signal.type is bool:
        if wanted in (0, 1):
            return bool(wanted)
        raise CommandError(f"{place} takes 0 or 1, not {wanted!r}")
    if isinstance(wanted, str):
        raise CommandError(f"{place} takes a number, not {wanted!r}")
    if not math.isfinite(wanted):
        raise CommandError(f"{place} takes a finite number, not {wanted!r}")
    low, high = signal.low, signal.high
    if (low is not None and wanted < low) or (high is not None and wanted > high):
        unit = f" {signal.unit}" if signal.unit not in ("", "1") else ""
        raise CommandError(f"{place} takes {bounds(low, high)}{unit}, not {wanted:g}")
    if signal.type is int:
        if wanted != int(wanted):
            raise CommandError(f"{place} takes a whole number, not {wanted!r}")
        if signal.options is not None and int(wanted) not in signal.options:
            choices = ", ".join(f"{key} = {text}" for key, text in signal.options.items())
            raise CommandError(f"{place} takes {choices}; not {wanted:g}")
        return int(wanted)
    return float(wanted)


def check(engine: "Engine", event: Event, *, later: bool = False) -> None:
    """Raise CommandError when the event makes no sense on this site, now or later; change nothing."""
    _CHECKS[type(event)](engine, event)
    if not later:
        _check_there(engine, event)


def _check_there(engine: "Engine", event: Event) -> None:
    """Refuse to end what is not there now; what an event for later ends may begin before it."""
    if isinstance(event, Unpin) and event.signal:
        pins = engine.device(event.device).pins
        if event.signal not in pins:
            raise CommandError(
                f"{event.device}.{event.signal} is not forced{did_you_mean(event.signal, pins)}"
            )
    if isinstance(event, ClearLinkFault) and event.label and event.label not in engine.link_faults:
        hint = did_you_mean(event.label, engine.link_faults)
        raise CommandError(f"no link fault {event.label!r} is in force{hint}")


def carry_out(engine: "Engine", event: Event, tick: int) -> None:
    """Do what a checked event says, so that it shows in ``tick``."""
    _ACTIONS[type(event)](engine, event, tick)


def _check_write(engine: "Engine", event: Write) -> None:
    device = engine.device(event.device)
    for name, wanted in event.values.items():
        accepted(device, name, wanted, command=True)


def _write(engine: "Engine", event: Write, tick: int) -> None:
    device = engine.device(event.device)
    changes = {name: accepted(device, name, wanted, command=True) for name, wanted in event.values.items()}
    old = device.commands
    parts = []
    for name, new in changes.items():
        unit = device.type.signals[name].unit
        suffix = f" {unit}" if unit not in ("", "1") else ""
        parts.append(f"{name} {short(getattr(old, name))} → {short(new)}{suffix}")
    device.commands = replace(old, **{**changes, **_pinned_commands(device)})
    device.forget_observation()
    if any(name in device.momentary for name in changes):
        engine.await_momentary(device)
    text = "  ".join(filter(None, (", ".join(parts), event.detail)))
    engine.note(LogKind.WRITE, event.device, text, event.origin, tick)
    if device.guide is not None:
        overridden(engine, device, changes, event.origin, tick)
    _advise(engine, device, changes, tick)


def _advise(engine: "Engine", device: "Device", changes: dict[str, Any], tick: int) -> None:
    """Say once what is worth saying of a write that is legal and yet may not be meant."""
    if device.type.advise is None:
        return
    advice = device.type.advise(device.params, device.commands, changes)
    if advice and advice != device.advice:
        engine.note(LogKind.ALARM, device.name, advice, tick=tick)
    device.advice = advice


def _pinned_commands(device: "Device") -> dict[str, Any]:
    return {name: pin for name, pin in device.pins.items() if device.type.signals[name].command}


def _check_pin(engine: "Engine", event: Pin) -> None:
    accepted(engine.device(event.device), event.signal, event.value)


def _pin(engine: "Engine", event: Pin, tick: int) -> None:
    device = engine.device(event.device)
    device.pins[event.signal] = accepted(device, event.signal, event.value)
    device.commands = replace(device.commands, **_pinned_commands(device))
    device.forget_observation()
    text = f"{event.signal} forced to {short(event.value)}"
    engine.note(LogKind.FORCE, event.device, text, event.origin, tick)


def _check_unpin(engine: "Engine", event: Unpin) -> None:
    if event.device:
        device = engine.device(event.device)
        if event.signal and event.signal not in device.type.signals:
            hint = did_you_mean(event.signal, device.type.signals)
            raise CommandError(f"{event.device} has no signal {event.signal!r}{hint}")


def _unpin(engine: "Engine", event: Unpin, tick: int) -> None:
    for device in [engine.device(event.device)] if event.device else list(engine.devices.values()):
        released = [event.signal] if event.signal else list(device.pins)
        for name in released:
            if device.pins.pop(name, None) is not None:
                engine.note(LogKind.FORCE, device.name, f"{name} released", event.origin, tick)
        device.forget_observation()


def _check_disturb(engine: "Engine", event: Disturb) -> None:
    event.disturbance.check()
    if event.disturbance.target is Target.LOAD and not any(
        device.type.kind == "load" for device in engine.devices.values()
    ):
        raise CommandError("this site has no load whose consumption could step")


def _disturb(engine: "Engine", event: Disturb, tick: int) -> None:
    disturbance = event.disturbance
    if not disturbance.label:
        disturbance = replace(disturbance, label=engine.next_label(disturbance.target.value))
    engine.grid.add(disturbance, tick)
    engine.refresh_surroundings()
    engine.note(LogKind.INJECT, "grid", disturbance.text(), event.origin, tick)


def _check_nothing(engine: "Engine", event: Event) -> None:
    pass


def _clear_disturbance(engine: "Engine", event: ClearDisturbance, tick: int) -> None:
    for disturbance in engine.grid.clear(event.label):
        engine.note(LogKind.CLEAR, "grid", f"{disturbance.text()} cleared", event.origin, tick)
    engine.refresh_surroundings()


def _check_fault(engine: "Engine", event: Fault | ClearFault) -> None:
    if not event.device:
        return
    device = engine.device(event.device)
    if event.fault:
        try:
            device.type.fault_bit(event.fault)
        except ConfigError as error:
            raise CommandError(str(error)) from None
    if isinstance(event, Fault):
        _check_duration(event.duration_s)


def _check_duration(duration_s: float | None) -> None:
    if duration_s is not None and not (math.isfinite(duration_s) and duration_s > 0):
        raise CommandError(f"duration {duration_s:g} s is not above 0")


def _fault(engine: "Engine", event: Fault, tick: int) -> None:
    device = engine.device(event.device)
    bit = device.type.fault_bit(event.fault)
    device.state = replace(device.state, causes=device.state.causes | bit)  # type: ignore[type-var]
    device.forget_observation()
    lasting = f" for {event.duration_s:g} s" if event.duration_s is not None else ""
    engine.note(LogKind.INJECT, event.device, f"fault {event.fault}{lasting}", event.origin, tick)
    if event.duration_s is not None:
        engine.end_fault_later(event.device, event.fault, event.duration_s, tick)


def _clear_fault(engine: "Engine", event: ClearFault, tick: int) -> None:
    for device in [engine.device(event.device)] if event.device else list(engine.devices.values()):
        kept = 0
        if event.fault:
            kept = device.state.causes & ~device.type.fault_bit(event.fault)
        for name in device.type.fault_names(device.state.causes & ~kept):
            engine.note(LogKind.CLEAR, device.name, f"cause of {name} removed", event.origin, tick)
        device.state = replace(device.state, causes=kept)  # type: ignore[type-var]
        device.forget_observation()


def _check_link(engine: "Engine", event: LinkFault) -> None:
    engine.device(event.device)
    _check_duration(event.duration_s)
    if engine.check_link_fault is not None:
        engine.check_link_fault(event)


def _link(engine: "Engine", event: LinkFault, tick: int) -> None:
    if not event.label:
        event = replace(event, label=engine.next_label("link"))
    engine.keep_link_fault(event, tick)
    if engine.link_fault is not None:
        engine.link_fault(event)
    lasting = f" for {event.duration_s:g} s" if event.duration_s is not None else ""
    what = ", ".join(f"{key} {wanted}" for key, wanted in event.rule.items() if key != "kind")
    text = f"link fault {event.rule.get('kind', '')} {what}".rstrip() + lasting
    engine.note(LogKind.LINK, event.device, text, event.origin, tick)


def _clear_link(engine: "Engine", event: ClearLinkFault, tick: int) -> None:
    if event.origin == END_OF_DURATION:
        _, ends = engine.link_faults.get(event.label, (None, None))
        if ends is None or ends > tick:
            return  # it was cleared before its time, or its label stands for another one since
    for label in [event.label] if event.label else list(engine.link_faults):
        ended = engine.link_faults.pop(label, None)
        if ended is not None:
            text = f"link fault {ended[0].rule.get('kind', '')} is over"
            engine.note(LogKind.CLEAR, ended[0].device, text, event.origin, tick)
    if engine.link_fault is not None:
        engine.link_fault(event)


def _clear_everything(engine: "Engine", event: ClearEverything, tick: int) -> None:
    origin = event.origin
    for each in (
        ClearDisturbance(origin=origin),
        ClearFault(origin=origin),
        Unpin(origin=origin),
        ClearLinkFault(origin=origin),
    ):
        carry_out(engine, each, tick)


REPORTED = ("mode", "factor")
"""Keys of a reported status that choose a mode; all others are quantities of the device."""


def _check_report(engine: "Engine", event: ReportStatus) -> None:
    device = engine.device(event.device)
    if not event.status:
        raise CommandError(f"{event.device}: the reported status is empty")
    _reported_numbers(device, event)
    if "mode" in event.status:
        check_mode(engine, _reported_mode(event))
    elif "factor" in event.status:
        raise CommandError(f"{event.device}: a factor is reported without its mode")


def _reported_numbers(device: "Device", event: ReportStatus) -> dict[str, float]:
    wanted = {key: number for key, number in event.status.items() if key not in REPORTED}
    check_report(device, list(wanted))
    numbers = {}
    for key, number in wanted.items():
        place = f"{device.name}: reported {key}"
        if isinstance(number, str) or not math.isfinite(number):
            raise CommandError(f"{place} takes a finite number, not {number!r}")
        if key == "soc" and not 0.0 <= number <= 1.0:
            raise CommandError(f"{place} takes 0 … 1, not {number:g}")
        numbers[key] = float(number)
    return numbers


def _reported_mode(event: ReportStatus) -> SelectMode:
    factor = event.status.get("factor", 1.0)
    if isinstance(factor, str):
        raise CommandError(f"{event.device}: reported factor takes a number, not {factor!r}")
    return SelectMode(event.device, str(event.status["mode"]), float(factor), origin=event.origin)


def _report(engine: "Engine", event: ReportStatus, tick: int) -> None:
    device = engine.device(event.device)
    take_report(device, _reported_numbers(device, event))
    device.forget_observation()
    told = ", ".join(f"{key} {short(number)}" for key, number in event.status.items())
    engine.note(LogKind.FORCE, event.device, f"reported {told}", event.origin, tick)
    if "mode" in event.status:
        select_mode(engine, _reported_mode(event), tick)
    elif "power_w" in event.status and device.guide is None:
        _hold_power(device, float(event.status["power_w"]))


def _hold_power(device: "Device", power_w: float) -> None:
    """Keep a reported power: without a mode the device would fall back to its old setpoint."""
    handle = HANDLES[device.type.kind]
    wanted = {**handle.encode(device.params, power_w), **handle.start}
    device.commands = replace(device.commands, **{**wanted, **_pinned_commands(device)})


def _mark(engine: "Engine", event: Mark, tick: int) -> None:
    engine.note(LogKind.MARK, "", event.note, event.origin, tick)


_CHECKS: dict[type, Any] = {
    Write: _check_write,
    Pin: _check_pin,
    Unpin: _check_unpin,
    Disturb: _check_disturb,
    ClearDisturbance: _check_nothing,
    Fault: _check_fault,
    ClearFault: _check_fault,
    LinkFault: _check_link,
    ClearLinkFault: _check_nothing,
    ClearEverything: _check_nothing,
    SelectMode: check_mode,
    ReportStatus: _check_report,
    SelectControl: actions.check_select,
    Instruct: actions.check_instruct,
    Revoke: actions.check_revoke,
    Wake: actions.check_wake,
    Mark: _check_nothing,
}
_ACTIONS: dict[type, Any] = {
    Write: _write,
    Pin: _pin,
    Unpin: _unpin,
    Disturb: _disturb,
    ClearDisturbance: _clear_disturbance,
    Fault: _fault,
    ClearFault: _clear_fault,
    LinkFault: _link,
    ClearLinkFault: _clear_link,
    ClearEverything: _clear_everything,
    SelectMode: select_mode,
    ReportStatus: _report,
    SelectControl: actions.select,
    Instruct: actions.instruct,
    Revoke: actions.revoke,
    Wake: actions.wake,
    Mark: _mark,
}
