"""Events that command a device: write, force a value, release it."""

import re
from collections.abc import Mapping
from typing import Any

from twin_tui.engine.events.registry import event
from twin_tui.engine.policies.guide import overridden
from twin_tui.engine.running import PYTHON, Device, Event, Run
from twin_tui.engine.signals import Scalar, after_number, short
from twin_tui.engine.snapshot import LogKind
from twin_tui.errors import CommandError, did_you_mean

ADVISE_AGAIN_S = 60.0
_NUMBER = re.compile(r"-?\d[\d.]*")


@event
class Write(Event):
    """Set commands of one device, all of them or none."""

    device: str
    values: dict[str, Scalar]
    origin: str = PYTHON
    detail: str = ""

    def check(self, run: Run) -> None:
        """Refuse unknown commands and invalid values."""
        self._changes(run.device(self.device))

    def carry_out(self, run: Run, tick: int) -> None:
        """Set the commands; end the guide that they override."""
        device = run.device(self.device)
        changes = self._changes(device)
        old = device.commands
        parts = []
        for name, new in changes.items():
            unit = after_number(device.type.signals[name].unit)
            before = getattr(old, name)
            stays = self.detail and before == new
            parts.append(f"{name} {'stays' if stays else f'{short(before)} →'} {short(new)}{unit}")
        device.change(changes)
        for name, new in changes.items():
            device.authors[name] = self.origin, tick, new
        device.forget_observation()
        if any(name in device.momentary for name in changes):
            run.await_momentary(device)
        text = "  ".join(filter(None, (", ".join(parts), self.detail)))
        run.note(LogKind.WRITE, self.device, text, self.origin, tick)
        if device.guide is not None:
            overridden(run, device, changes, self.origin, tick)
        _advise(run, device, changes, self.origin, tick)

    def _changes(self, device: Device) -> dict[str, Any]:
        changes = {name: device.accept(name, wanted, "command") for name, wanted in self.values.items()}
        device.check({**changes, **device.pinned_commands()})
        return changes


@event
class Pin(Event):
    """Force a signal, telemetry or command, to a value until it is released."""

    device: str
    signal: str
    value: Scalar
    origin: str = PYTHON

    def check(self, run: Run) -> None:
        device = run.device(self.device)
        accepted = device.accept(self.signal, self.value)
        if device.type.signals[self.signal].command:
            device.check({self.signal: accepted})

    def carry_out(self, run: Run, tick: int) -> None:
        device = run.device(self.device)
        forced = device.accept(self.signal, self.value)
        device.pins = {**device.pins, self.signal: forced}
        new = getattr(device.commands, self.signal, forced) != forced
        device.pinned_by[self.signal] = self.origin, tick, forced, new
        device.change({})
        device.forget_observation()
        text = f"{self.signal} forced to {short(self.value)}"
        run.note(LogKind.FORCE, self.device, text, self.origin, tick)


@event
class Unpin(Event):
    """Release one forced signal, all of a device (signal "") or all of the site (device "")."""

    device: str = ""
    signal: str = ""
    origin: str = PYTHON

    def check(self, run: Run) -> None:
        if self.device:
            device = run.device(self.device)
            if self.signal and self.signal not in device.type.signals:
                hint = did_you_mean(self.signal, device.type.signals)
                raise CommandError(f"{self.device} has no signal {self.signal!r}{hint}")

    def check_now(self, run: Run) -> None:
        """Refuse to release what is not forced."""
        if self.signal:
            pins = run.device(self.device).pins
            if self.signal not in pins:
                hint = did_you_mean(self.signal, pins)
                raise CommandError(f"{self.device}.{self.signal} is not forced{hint}")

    def carry_out(self, run: Run, tick: int) -> None:
        """Release the values; a command keeps the last one."""
        for device in [run.device(self.device)] if self.device else list(run.devices.values()):
            for name in [self.signal] if self.signal else list(device.pins):
                if name in device.pins:
                    device.pins = {kept: pin for kept, pin in device.pins.items() if kept != name}
                    _keep_author(device, name)
                    run.note(LogKind.FORCE, device.name, f"{name} released", self.origin, tick)
            device.forget_observation()


def _keep_author(device: Device, name: str) -> None:
    """Note who has set the value that a released command keeps: a frozen one keeps that of its writer."""
    origin, tick, forced, new = device.pinned_by.pop(name)
    written = device.authors.get(name)
    if device.type.signals[name].command and (new if written is None else written[2] != forced):
        device.authors[name] = origin, tick, forced


def _advise(run: Run, device: Device, changes: Mapping[str, Any], origin: str, tick: int) -> None:
    """Say what a valid write may not have been meant to do; to each again only after a while without such."""
    if device.type.advise is None:
        return
    advice = device.type.advise(device.params, device.commands, changes)
    if not advice:
        return
    kind = _NUMBER.sub("", f"{origin} {advice}")
    last = device.advised.get(kind)
    device.advised[kind] = tick
    if last is None or (tick - last) * run.dt_s >= ADVISE_AGAIN_S:
        run.note(LogKind.ALARM, device.name, advice, tick=tick)
