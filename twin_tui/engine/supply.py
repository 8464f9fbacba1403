"""What supplies the site's bus in each tick: the grid, nothing for a moment, or an island."""

from twin_tui.engine.bus import Bus
from twin_tui.engine.connection import GridConnection, black_out
from twin_tui.engine.grid import GridParams
from twin_tui.engine.island import Island
from twin_tui.engine.running import Run
from twin_tui.engine.snapshot import GRID, ISLAND, NOTHING, SYNCHRONISING, TRANSFER, LogKind
from twin_tui.engine.steps import nearest_steps
from twin_tui.engine.surroundings import Surroundings
from twin_tui.engine.transfer import IslandParams, Synchroniser, leaving, returning

LONGEST_RESTART_S = 300.0
SOON = 2
"""So many attempts come after the first time, then it doubles with each."""
PROVEN_S = 60.0
"""What has held so long has not failed: after a later collapse the next attempt comes as soon as at first."""
_NEVER = 2**62


class Supply:
    """The switch between grid and site: opens, transfers, restarts, synchronises and closes again.

    Of a site with a grid-forming device, or one whose grid has an impedance; others do not need it.
    """

    def __init__(self, run: Run, bus: Bus, grid: GridParams, params: IslandParams) -> None:
        dt_s, nominal_hz = run.dt_s, grid.nominal_hz
        self._run = run
        self._bus = bus
        self._island = Island(run, bus, params)
        self.connection = GridConnection(grid, bus) if grid.r_per_w or grid.x_per_w else None
        self._leaving, self._returning = leaving(params, nominal_hz), returning(params, nominal_hz)
        self._delay_ticks = nearest_steps(params.transfer_delay_s, dt_s)
        self._transfer_ticks = nearest_steps(params.transfer_time_s, dt_s)
        self._resync_ticks = nearest_steps(params.resync_s, dt_s)
        self._timeout_ticks = nearest_steps(params.sync_timeout_s, dt_s)
        self._synchroniser = Synchroniser(params, dt_s, nominal_hz)
        self._restart_s = params.restart_s
        self._failures = 0
        """Collapses in a row."""
        self._at = GRID
        self._outside_tick: int | None = None
        """Since when the grid has been outside the limits for leaving."""
        self._healthy_tick: int | None = None
        """Since when it has been within those for coming back."""
        self._start_tick = 0
        """When the grid-forming devices begin an island."""
        self._began_tick = 0
        """Since when the island, or the connection to the grid, holds."""
        self._black = False
        self._close_tick = 0
        """Not before that the switch closes again."""
        self._interrupts = False
        """Whether the site is without voltage only on its way back to the grid."""

    @property
    def needed(self) -> bool:
        """Whether the site can be islanded, or moves the voltage of its grid."""
        return self._island.possible or self.connection is not None

    def step(self, surroundings: Surroundings) -> tuple[float, float]:
        """Run the sources and storage of this tick; return what they put into the bus, W and var.

        Called with the grid's own voltages and frequency in ``surroundings``.
        """
        connection, healthy = self.connection, False
        if self._at != GRID:
            healthy = self._is_healthy(surroundings)
            if healthy and self._closes(surroundings):
                self._close(surroundings)
        if self._at == GRID:
            if connection is None:
                if not (self._leaves(surroundings) and self._open(surroundings)):
                    return self._bus.step(surroundings)
                surroundings.source = _voltages(surroundings)
            else:
                connection.predict(surroundings)
                self._run.grid.unsettle()
                if not (self._leaves(surroundings) and self._open(surroundings)):
                    flows = connection.step(surroundings)
                    if flows is not None:
                        return flows
                    self._give_up(surroundings)
        else:
            surroundings.source = _voltages(surroundings)
        return self._alone(surroundings, healthy=healthy)

    def _leaves(self, surroundings: Surroundings) -> bool:
        """Return whether the grid has been outside its limits for long enough."""
        if not self._island.possible:
            return False
        if surroundings.grid_live:
            if self._leaving.holds(surroundings):
                self._outside_tick = None
                return False
            if self._outside_tick is None:
                self._outside_tick = surroundings.tick
            return surroundings.tick - self._outside_tick >= self._delay_ticks
        return True

    def _open(self, surroundings: Surroundings) -> bool:
        """Open the switch if a device can form an island; return whether it is open."""
        if not self._island.ready():
            return False
        self._separate(surroundings)
        self._at = TRANSFER
        self._start_tick = surroundings.tick + self._transfer_ticks
        self._black = False
        self._failures = 0
        a, b, c, hz = surroundings.source or _voltages(surroundings)
        text = f"the site leaves the grid at {a:.2f}, {b:.2f}, {c:.2f} pu and {hz:.2f} Hz"
        self._run.note(LogKind.TRIP, "grid", text, tick=surroundings.tick)
        return True

    def _give_up(self, surroundings: Surroundings) -> None:
        """Open the switch of a connection whose voltage has collapsed."""
        demand = self.connection.demand() if self.connection is not None else ""
        self._separate(surroundings)
        self._at = NOTHING
        restart_s = self._put_off(surroundings.tick)
        self._close_tick = self._start_tick
        if self._island.possible:
            self._start_tick = surroundings.tick + self._transfer_ticks
        self._black = True
        text = f"voltage collapse: {demand}; the switch opens, next try in {restart_s:g} s"
        self._run.note(LogKind.ALARM, "grid", text, tick=surroundings.tick)

    def _separate(self, surroundings: Surroundings) -> None:
        self._outside_tick = self._healthy_tick = None
        self._synchroniser.separate()
        self._interrupts = False
        surroundings.loss_w = 0.0
        if self.connection is not None:
            self.connection.disconnect()

    def _put_off(self, tick: int) -> float:
        """Set the next attempt to supply the site; return the seconds until then."""
        if tick - self._began_tick >= self._run.ticks(PROVEN_S):
            self._failures = 0
        self._failures += 1
        doubled_s = self._restart_s * 2.0 ** min(max(0, self._failures - SOON), 30)
        restart_s = min(doubled_s, max(LONGEST_RESTART_S, self._restart_s))
        self._start_tick = tick + self._run.ticks(restart_s)
        return restart_s

    def _is_healthy(self, surroundings: Surroundings) -> bool:
        """Return whether the grid is fit for coming back, and time it."""
        tick = surroundings.tick
        if not self._island.possible:
            return surroundings.grid_live
        if not self._returning.holds(surroundings):
            self._healthy_tick = None
            if self._interrupts:
                self._interrupts = False
                self._start_tick = tick
            return False
        if self._healthy_tick is None:
            self._healthy_tick = tick
        return True

    def _closes(self, surroundings: Surroundings) -> bool:
        """Return whether the switch closes in this tick, at a grid that is healthy."""
        tick = surroundings.tick
        if tick < self._close_tick:
            return False
        if self._interrupts or self._healthy_tick is None:
            return True
        healthy_ticks = tick - self._healthy_tick
        if healthy_ticks < self._resync_ticks:
            return False
        if self._at != ISLAND or self._synchroniser.holds:
            return True
        if healthy_ticks < self._resync_ticks + self._timeout_ticks:
            return False
        text = "not in step with the grid: the site returns by way of an interruption"
        self._run.note(LogKind.STATE, "grid", text, tick=tick)
        self._stop_island(surroundings)
        self._at = TRANSFER
        self._interrupts = True
        self._start_tick = _NEVER
        self._close_tick = tick + self._transfer_ticks
        return self._transfer_ticks == 0

    def _close(self, surroundings: Surroundings) -> None:
        apart_deg = abs(surroundings.slip_deg) if self._at == ISLAND else 0.0
        left = f", {apart_deg:.1f}° apart" if apart_deg >= 0.05 else ""
        self._stop_island(surroundings)
        self._at = surroundings.supply = GRID
        self._outside_tick = None
        self._close_tick = 0
        self._began_tick = surroundings.tick
        surroundings.source = None
        surroundings.slip_deg = 0.0
        self._run.note(LogKind.STATE, "grid", f"back on the grid{left}", tick=surroundings.tick)

    def _stop_island(self, surroundings: Surroundings) -> None:
        self._island.end()
        surroundings.islanded = False
        surroundings.island_w = surroundings.island_var = 0.0
        surroundings.island_unbalance = None

    def _alone(self, surroundings: Surroundings, *, healthy: bool) -> tuple[float, float]:
        """Run the tick with the switch open."""
        tick = surroundings.tick
        self._run.grid.unsettle()
        if self._at != ISLAND and tick >= self._start_tick:
            self._form(tick)
        source = surroundings.source
        assert source is not None
        if self._at == ISLAND:
            reference = self._synchroniser.reference(source) if healthy else None
            flows = self._island.step(surroundings, reference)
            if flows is not None:
                surroundings.supply = ISLAND if reference is None else SYNCHRONISING
                self._synchroniser.follow(surroundings)
                return flows
            self._island.end()
            self._at = NOTHING
            self._black = True
            self._put_off(tick)
        surroundings.supply = self._at
        black_out(surroundings)
        return self._bus.step(surroundings)

    def _form(self, tick: int) -> None:
        """Have the devices that can form a grid begin an island; without any the site stays dark."""
        ready = self._island.ready()
        if not ready:
            if self._at == TRANSFER:
                text = "no device can supply the site: it is dark"
                self._run.note(LogKind.ALARM, "grid", text, tick=tick)
                self._at = NOTHING
                self._black = True
            return
        self._at = ISLAND
        self._began_tick = tick
        self._island.begin(tick, black=self._black)
        how = ", black start" if self._black else ""
        hold = f"{', '.join(ready)} {'holds' if len(ready) == 1 else 'hold'} up the site"
        self._run.note(LogKind.STATE, "grid", f"islanded: {hold}{how}", tick=tick)


def _voltages(surroundings: Surroundings) -> tuple[float, float, float, float]:
    return surroundings.va_pu, surroundings.vb_pu, surroundings.vc_pu, surroundings.frequency_hz
