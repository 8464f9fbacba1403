"""What a battery in mode OUTAGE_SUPPLY does to the rest of an island: sheds loads, curtails PV."""

from dataclasses import replace
from typing import Any

from twin_tui.engine.formats import kilowatts
from twin_tui.engine.running import Device, Run
from twin_tui.engine.snapshot import LogKind

MODE = "OUTAGE_SUPPLY"
RECONNECT_S = 60.0
"""How long a load stays off before it is tried again."""
MARGIN_W = 1e-3


class OutageRelief:
    """Keeps an island in balance beyond what its batteries can; the commands come back when it ends."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._shed: list[Device] = []
        self._curtailed: dict[Device, Any] = {}
        self._noted: set[str] = set()
        self._retry_tick = 0

    def begin(self, tick: int) -> None:
        """Try again with all the sun, and after a while with all the loads."""
        self._uncurtail()
        if self._shed and tick >= self._retry_tick:
            self._reconnect()

    def ease(self, excess_w: float, tick: int) -> bool:
        """Take off load or PV for a bus that is ``excess_w`` out of balance; return whether anything was."""
        return self._curtail(excess_w, tick) if excess_w > 0.0 else self._drop(-excess_w, tick)

    def end(self) -> None:
        """Give all commands back."""
        self._uncurtail()
        self._reconnect()
        self._noted.clear()

    def _drop(self, missing_w: float, tick: int) -> bool:
        on = [
            (-device.state.active_power_w, device)
            for device in self._run.devices.values()
            if (switch := device.type.shed_by)
            and getattr(device.commands, switch)
            and switch not in device.pins
        ]
        on = sorted((pair for pair in on if pair[0] > 0.0), key=lambda pair: pair[0])
        if not on:
            return False
        power_w, device = next((pair for pair in on if pair[0] >= missing_w), on[-1])
        device.commands = replace(device.commands, **{device.type.shed_by: False})
        device.forget_observation()
        self._shed.append(device)
        self._retry_tick = tick + self._run.ticks(RECONNECT_S)
        self._note_once(
            device, f"load of {kilowatts(power_w)} kW shed: {kilowatts(missing_w)} kW missing", tick
        )
        return True

    def _curtail(self, excess_w: float, tick: int) -> bool:
        for device in self._run.devices.values():
            power_w, limit = device.state.active_power_w, device.type.curtailed_by
            if not limit or power_w <= 0.0 or limit in device.pins:
                continue
            limit_w = max(0.0, power_w - excess_w)
            if limit_w < MARGIN_W:
                limit_w = 0.0
            if limit_w >= getattr(device.commands, limit):
                continue  # it was curtailed before, and cannot follow within this tick
            self._curtailed.setdefault(device, getattr(device.commands, limit))
            device.commands = replace(device.commands, **{limit: limit_w})
            device.forget_observation()
            self._note_once(device, f"PV curtailed: {kilowatts(excess_w)} kW too much", tick)
            return True
        return False

    def _note_once(self, device: Device, text: str, tick: int) -> None:
        if device.name not in self._noted:
            self._noted.add(device.name)
            self._run.note(LogKind.MODE, device.name, text, MODE, tick)

    def _uncurtail(self) -> None:
        for device, limit_w in self._curtailed.items():
            device.commands = replace(device.commands, **{device.type.curtailed_by: limit_w})
        self._curtailed.clear()

    def _reconnect(self) -> None:
        for device in self._shed:
            device.commands = replace(device.commands, **{device.type.shed_by: True})
        self._shed.clear()


def supplied(device: Device) -> bool:
    """Return whether a device is in the mode that carries an outage."""
    return device.guide is not None and device.guide.mode == MODE
