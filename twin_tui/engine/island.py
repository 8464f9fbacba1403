"""The site cut off from a dead grid, held up by its grid-forming devices."""

from typing import TYPE_CHECKING

from twin_tui.engine.policies.guide import steer
from twin_tui.engine.policies.outage import OutageRelief, supplied
from twin_tui.engine.snapshot import LogKind
from twin_tui.engine.surroundings import Surroundings

if TYPE_CHECKING:
    from twin_tui.engine.engine import Engine
    from twin_tui.engine.running import Device

RETRY_S = 10.0
"""How long after a collapse the grid-forming devices try again."""
BALANCE_W = 1e-6


class Island:
    """Decides when the site stands alone, and runs its devices then.

    The grid-forming devices step last and share what the others leave, by their ratings. What they cannot
    cover ends the island within the tick: steps are pure, so the tick is run again with a dead bus.
    """

    def __init__(self, engine: "Engine") -> None:
        self.up = False
        self._engine = engine
        self._devices = tuple(d for d in engine.devices.values() if d.type.forms is not None)
        self._relief = OutageRelief(engine)
        self._retry_tick = 0
        self._return_tick: int | None = None

    @property
    def possible(self) -> bool:
        """Whether any device of the site can be grid-forming."""
        return bool(self._devices)

    def takes_over(self, surroundings: Surroundings) -> bool:
        """Say whether this tick runs as an island; called with the grid's own voltage in ``surroundings``."""
        engine, tick = self._engine, surroundings.tick
        if not self.up:
            if surroundings.grid_live or tick < self._retry_tick or not self._ready():
                return False
            self.up = True
            self._return_tick = None
            names = ", ".join(device.name for device, _, _ in self._ready())
            engine.note(LogKind.STATE, "grid", f"islanded: {names} holds up the site", tick=tick)
            return True
        if not surroundings.grid_live:
            self._return_tick = None
            return True
        if self._return_tick is None:
            self._return_tick = tick + max(1, round(engine.plan.grid.resync_s / engine.dt_s))
        if tick < self._return_tick:
            return True
        self._leave(surroundings)
        engine.note(LogKind.STATE, "grid", "back on the grid", tick=tick)
        return False

    def step(self, surroundings: Surroundings) -> tuple[float, float]:
        """Run the sources and storage of this tick; return what they put into the bus, W and var."""
        engine = self._engine
        engine.grid.unsettle()
        before = [(device, device.state) for device in engine.powered_devices()]
        formers = self._ready()
        surroundings.islanded = True
        surroundings.grid_live = True
        surroundings.va_pu = surroundings.vb_pu = surroundings.vc_pu = surroundings.v_min_pu = (
            surroundings.v_max_pu
        ) = 1.0
        surroundings.frequency_hz = surroundings.nominal_hz + max(
            (shift for _, _, shift in formers), default=0.0
        )
        relieves = any(supplied(device) for device, _, _ in formers)
        if relieves:
            self._relief.begin(surroundings.tick)
        active_w, reactive_var = self._run(surroundings, formers)
        while relieves and abs(active_w) > BALANCE_W and self._relief.ease(active_w, surroundings.tick):
            for device, state in before:
                device.state = state
            active_w, reactive_var = self._run(surroundings, formers)
        if not (formers and abs(active_w) <= BALANCE_W and abs(reactive_var) <= BALANCE_W):
            for device, state in before:
                device.state = state
            self._collapse(surroundings, active_w)
            active_w, reactive_var = self._run(surroundings, [])
        for device, old in before:
            new = device.state
            if new.status is not old.status or new.faults != old.faults:
                engine.note_change(device, old, new, surroundings.tick)
        return active_w, reactive_var

    def _ready(self) -> list[tuple["Device", float, float]]:
        """Return the devices that can form a grid now, with rating and frequency shift."""
        found = []
        for device in self._devices:
            assert device.type.forms is not None
            offer = device.type.forms(device.params, device.state, device.commands)
            if offer is not None:
                found.append((device, *offer))
        return found

    def _run(
        self, surroundings: Surroundings, formers: list[tuple["Device", float, float]]
    ) -> tuple[float, float]:
        active_w = reactive_var = 0.0
        last = {device.name for device, _, _ in formers}
        sources, storage = self._engine.powered_stages()
        for device in sources:
            state = device.state = device.step(device.params, device.state, device.commands, surroundings)
            active_w += state.active_power_w
            reactive_var += state.reactive_power_var
        surroundings.sources_w, surroundings.sources_var = active_w, reactive_var
        for device in storage:
            if device.name in last:
                continue
            steer(device, surroundings, active_w)
            state = device.state = device.step(device.params, device.state, device.commands, surroundings)
            active_w += state.active_power_w
            reactive_var += state.reactive_power_var
        rating_left = sum(rating for _, rating, _ in formers)
        for device, rating, _ in formers:
            share = rating / rating_left
            rating_left -= rating
            surroundings.island_w, surroundings.island_var = -active_w * share, -reactive_var * share
            state = device.state = device.step(device.params, device.state, device.commands, surroundings)
            active_w += state.active_power_w
            reactive_var += state.reactive_power_var
        for device in sources:
            steer(device, surroundings, active_w)
        return active_w, reactive_var

    def _collapse(self, surroundings: Surroundings, active_w: float) -> None:
        engine = self._engine
        self._leave(surroundings)
        self._retry_tick = surroundings.tick + max(1, round(RETRY_S / engine.dt_s))
        what = "missing" if active_w < 0 else "too much"
        text = f"the island collapses: {abs(active_w) / 1e3:.2f} kW {what}"
        engine.note(LogKind.ALARM, "grid", text, tick=surroundings.tick)
        surroundings.grid_live = False
        surroundings.frequency_hz = 0.0
        surroundings.va_pu = surroundings.vb_pu = surroundings.vc_pu = surroundings.v_min_pu = (
            surroundings.v_max_pu
        ) = 0.0

    def _leave(self, surroundings: Surroundings) -> None:
        self._relief.end()
        self.up = False
        self._return_tick = None
        surroundings.islanded = False
        surroundings.island_w = surroundings.island_var = 0.0
