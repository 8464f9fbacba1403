"""The site cut off from a dead grid, held up by its grid-forming devices."""

import math

from twin_tui.engine.bus import Bus, step_devices
from twin_tui.engine.device import DeviceState
from twin_tui.engine.formats import kilowatts
from twin_tui.engine.policies.outage import OutageRelief, supplied
from twin_tui.engine.running import Device, Run
from twin_tui.engine.snapshot import LogKind
from twin_tui.engine.surroundings import Surroundings

RETRY_S = 10.0
"""How long after a collapse the grid-forming devices try again."""
BALANCE_W = 1e-6


class Island:
    """Decides when the site runs as an island, and steps its devices then.

    The grid-forming devices step last and share what the others leave, by their ratings. What they cannot
    cover ends the island within the tick: steps are pure, so the tick is run again with a dead bus.
    """

    def __init__(self, run: Run, bus: Bus, resync_s: float) -> None:
        self.up = False
        self._bus = bus
        self._resync_ticks = run.ticks(resync_s)
        self._run = run
        self._devices = tuple(d for d in run.devices.values() if d.type.forms is not None)
        self._relief = OutageRelief(run)
        self._retry_tick = 0
        self._return_tick: int | None = None

    @property
    def possible(self) -> bool:
        """Whether any device of the site can be grid-forming."""
        return bool(self._devices)

    def takes_over(self, surroundings: Surroundings) -> bool:
        """Say whether this tick runs as an island; called with the grid's own voltage in ``surroundings``."""
        run, tick = self._run, surroundings.tick
        if not self.up:
            if surroundings.grid_live or tick < self._retry_tick or not self._ready():
                return False
            self.up = True
            self._return_tick = None
            names = ", ".join(device.name for device, _, _ in self._ready())
            run.note(LogKind.STATE, "grid", f"islanded: {names} holds up the site", tick=tick)
            return True
        if not surroundings.grid_live:
            self._return_tick = None
            return True
        if self._return_tick is None:
            self._return_tick = tick + self._resync_ticks
        if tick < self._return_tick:
            return True
        self._leave(surroundings)
        run.note(LogKind.STATE, "grid", "back on the grid", tick=tick)
        return False

    def step(self, surroundings: Surroundings) -> tuple[float, float]:
        """Run the sources and storage of this tick; return what they put into the bus, W and var."""
        self._run.grid.unsettle()
        before = [(device, device.state) for device in (*self._bus.sources, *self._bus.storage)]
        formers = self._ready()
        surroundings.islanded = True
        surroundings.grid_live = True
        surroundings.va_pu = surroundings.vb_pu = surroundings.vc_pu = 1.0
        surroundings.v_min_pu = surroundings.v_max_pu = 1.0
        shift_hz = max((shift for _, _, shift in formers), default=0.0)
        surroundings.frequency_hz = surroundings.nominal_hz + shift_hz
        relieves = any(supplied(device) for device, _, _ in formers)
        if relieves:
            self._relief.begin(surroundings.tick)
        active_w, reactive_var = self._step(surroundings, formers)
        while relieves and abs(active_w) > BALANCE_W and self._relief.ease(active_w, surroundings.tick):
            self._undo(before)
            active_w, reactive_var = self._step(surroundings, formers)
        if not (formers and abs(active_w) <= BALANCE_W and abs(reactive_var) <= BALANCE_W):
            self._undo(before)
            self._collapse(surroundings, active_w)
            active_w, reactive_var = self._step(surroundings, [])
        return active_w, reactive_var

    def _undo(self, before: list[tuple[Device, DeviceState]]) -> None:
        self._bus.changes.clear()
        for device, state in before:
            device.state = state

    def _ready(self) -> list[tuple[Device, float, float]]:
        """Return the devices that can form a grid now, with rating and frequency shift."""
        found = []
        for device in self._devices:
            assert device.type.forms is not None
            offer = device.type.forms(device.params, device.state, device.commands)
            if offer is not None:
                found.append((device, *offer))
        return found

    def _step(
        self, surroundings: Surroundings, formers: list[tuple[Device, float, float]]
    ) -> tuple[float, float]:
        bus, changes = self._bus, self._bus.changes
        last = {device for device, _, _ in formers}
        rest = tuple(device for device in bus.storage if device not in last)
        active_w, reactive_var = step_devices(((False, bus.sources), (True, rest)), surroundings, changes)
        rating_left = math.fsum(rating for _, rating, _ in formers)
        for device, rating, _ in formers:
            share = rating / rating_left
            rating_left -= rating
            surroundings.island_w, surroundings.island_var = -active_w * share, -reactive_var * share
            alone = ((False, (device,)),)
            active_w, reactive_var = step_devices(alone, surroundings, changes, active_w, reactive_var)
        bus.steer_sources(surroundings, active_w)
        return active_w, reactive_var

    def _collapse(self, surroundings: Surroundings, active_w: float) -> None:
        run = self._run
        self._leave(surroundings)
        self._retry_tick = surroundings.tick + run.ticks(RETRY_S)
        what = "missing" if active_w < 0 else "too much"
        text = f"the island collapses: {kilowatts(abs(active_w))} kW {what}"
        run.note(LogKind.ALARM, "grid", text, tick=surroundings.tick)
        surroundings.grid_live = False
        surroundings.frequency_hz = 0.0
        surroundings.va_pu = surroundings.vb_pu = surroundings.vc_pu = 0.0
        surroundings.v_min_pu = surroundings.v_max_pu = 0.0

    def _leave(self, surroundings: Surroundings) -> None:
        self._relief.end()
        self.up = False
        self._return_tick = None
        surroundings.islanded = False
        surroundings.island_w = surroundings.island_var = 0.0
