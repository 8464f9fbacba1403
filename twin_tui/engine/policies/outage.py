"""What an island does to keep its balance: sheds loads, curtails PV, takes both back step by step."""

from dataclasses import replace
from typing import Any

from twin_tui.engine.formats import kilowatts
from twin_tui.engine.running import Device, Run
from twin_tui.engine.snapshot import LogKind
from twin_tui.engine.transfer import IslandParams
from twin_tui.errors import ConfigError, did_you_mean

MODE = "OUTAGE_SUPPLY"
MARGIN_W = 1e-3
LONGEST_WAIT_S = 1800.0
"""Most time from a trial that failed to the next one, unless ``reconnect_s`` is longer."""


class OutageRelief:
    """Keeps an island in balance beyond what its batteries can; the commands come back when it ends.

    The loads of the site's order are shed first, in that order, whatever the mode of the batteries; in mode
    OUTAGE_SUPPLY then the smallest other load that suffices, and PV is curtailed.
    """

    def __init__(self, run: Run, params: IslandParams) -> None:
        self._run = run
        self._order = tuple(_shed_first(name, run) for name in params.shed_order)
        self._reconnect_ticks = run.ticks(params.reconnect_s)
        self._step_ticks = run.ticks(params.load_step_s)
        self._longest_ticks = run.ticks(LONGEST_WAIT_S)
        self.in_mode = False
        """Whether a grid-forming battery is in mode OUTAGE_SUPPLY."""
        self._shed: list[Device] = []
        """In the order in which they were shed."""
        self._curtailed: dict[Device, Any] = {}
        self._noted: set[str] = set()
        self._retry_tick = 0
        self._wait_ticks = self._reconnect_ticks
        """From the last load that was shed to the next trial; doubled by each that does not hold."""
        self._trial: Device | None = None
        """The load that was reconnected last: it may turn out to be too much."""
        self._reconnected: dict[Device, int] = {}
        """When each load was last tried."""

    @property
    def possible(self) -> bool:
        """Whether it may shed loads at all."""
        return self.in_mode or bool(self._order)

    def begin(self, tick: int) -> None:
        """Try again with all the sun, and after a while with one load more."""
        self._uncurtail()
        self._shed = [device for device in self._shed if not _is_on(device)]
        if self._shed and tick >= self._retry_tick:
            device = self._shed.pop()
            _switch(device, on=True)
            self._retry_tick = tick + self._step_ticks
            self._trial = device
            self._reconnected[device] = tick

    def shed_all(self, tick: int) -> None:
        """Disconnect every load that may be shed: a black start takes them up one after the other."""
        for device in (*self._order, *sorted(self._others(), key=_consumption_w)):
            if _is_on(device) and not _is_pinned(device):
                _switch(device, on=False)
                self._shed.append(device)
        self._retry_tick = tick + self._step_ticks

    def ease(self, excess_w: float, tick: int, phase: int | None = None) -> bool:
        """Take off load or PV for an ``excess_w`` of the bus, or of a phase; return whether anything was."""
        if excess_w < 0.0:
            return self._drop(-excess_w, tick, phase)
        return self.in_mode and self._curtail(excess_w if phase is None else 3.0 * excess_w, tick)

    def end(self) -> None:
        """Give all commands back."""
        self._uncurtail()
        for device in self._shed:
            _switch(device, on=True)
        self._shed.clear()
        self._noted.clear()
        self._trial = None
        self._reconnected.clear()
        self._wait_ticks = self._reconnect_ticks

    def _others(self) -> list[Device]:
        """Return the loads beside the order that may be shed."""
        if not self.in_mode:
            return []
        return [d for d in self._run.devices.values() if d.type.shed_by and d not in self._order]

    def _drop(self, missing_w: float, tick: int, phase: int | None) -> bool:
        device = self._next(missing_w, phase)
        if device is None:
            return False
        power_w = _consumption_w(device)
        _switch(device, on=False)
        self._shed.append(device)
        failed = tick - self._reconnected.get(device, -self._reconnect_ticks) < self._reconnect_ticks
        longest = max(self._reconnect_ticks, self._longest_ticks)
        self._wait_ticks = min(2 * self._wait_ticks, longest) if failed else self._reconnect_ticks
        self._retry_tick = tick + self._wait_ticks
        self._trial = None
        where = "" if phase is None else f" on phase {'abc'[phase]}"
        text = f"load of {kilowatts(power_w)} kW shed: {kilowatts(missing_w)} kW missing{where}"
        self._note_once(device, text, tick)
        return True

    def _next(self, missing_w: float, phase: int | None) -> Device | None:
        """Return the load to shed: the one just tried, the next of the order, or one of the others."""

        def relief_w(device: Device) -> float:
            return _consumption_w(device) * (1.0 if phase is None else _share(device, phase))

        tried = [self._trial] if self._trial is not None else []
        for device in (*tried, *self._order):
            if _is_on(device) and not _is_pinned(device) and relief_w(device) > 0.0:
                return device
        on = [device for device in self._others() if _is_on(device) and not _is_pinned(device)]
        on = sorted((device for device in on if relief_w(device) > 0.0), key=relief_w)
        return next((device for device in on if relief_w(device) >= missing_w), on[-1] if on else None)

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
            self._run.note(LogKind.MODE, device.name, text, MODE if self.in_mode else "island", tick)

    def _uncurtail(self) -> None:
        for device, limit_w in self._curtailed.items():
            device.commands = replace(device.commands, **{device.type.curtailed_by: limit_w})
        self._curtailed.clear()


def _shed_first(name: str, run: Run) -> Device:
    """Return the load of that name in the order; raise ConfigError for anything else."""
    loads = [device.name for device in run.devices.values() if device.type.shed_by]
    if name not in loads:
        raise ConfigError(f"shed_order: {name!r} is not a load of this site{did_you_mean(name, loads)}")
    return run.devices[name]


def _consumption_w(device: Device) -> float:
    return -device.state.active_power_w


def _share(device: Device, phase: int) -> float:
    shares = device.type.shares
    return 1.0 / 3.0 if shares is None else shares(device.params, device.state)[phase]


def _is_on(device: Device) -> bool:
    return bool(getattr(device.commands, device.type.shed_by))


def _is_pinned(device: Device) -> bool:
    return device.type.shed_by in device.pins


def _switch(device: Device, *, on: bool) -> None:
    device.commands = replace(device.commands, **{device.type.shed_by: on})
    device.forget_observation()


def supplied(device: Device) -> bool:
    """Return whether a device is in the mode that carries an outage."""
    return device.guide is not None and device.guide.mode == MODE
