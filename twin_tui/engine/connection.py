"""The connection to a grid whose voltage the site moves: devices and voltage agree in every tick."""

from math import sqrt

from twin_tui.engine.bus import Bus, step_devices
from twin_tui.engine.device import DeviceState, Status
from twin_tui.engine.formats import kilowatts
from twin_tui.engine.grid import GridParams
from twin_tui.engine.physics.fixed_point import FixedPoint, Point
from twin_tui.engine.physics.two_bus import far_voltage, shifted_sources, voltage_at_admittance
from twin_tui.engine.running import Device
from twin_tui.engine.surroundings import Surroundings

PASSES = 12
"""How often a tick is run for devices and voltage to agree, before two runs at other points."""
AGREES_PU = 1e-6
NEAR_PU = 0.01
"""A search that came so near without agreement goes on from there in the next tick."""
HIGHEST_PU = 2.0
RETRY_S = 1.0
"""From one attempt to the next of what would only be driven out again."""
MOVED_PU = 0.01
"""A change of the grid's own voltage after which the next attempt is at once."""
NO_FLOWS = ((0.0, 0.0),) * 3


class GridConnection:
    """Steps the devices at the voltage that their power leaves behind the impedance of the grid.

    Each phase is a source behind an R + jX of its own, with the neutral in common. Without an impedance of
    the neutral, as by default, a single-phase device moves the voltage of its phase only, and by half of
    what it would with a neutral as thin as the phase. The angles between the phases at the site's bus, which
    unbalance moves by some degrees, count as 120° in voltages between them.
    """

    def __init__(self, params: GridParams, bus: Bus) -> None:
        self._r, self._x = params.r_per_w, params.x_per_w
        self._neutral = params.neutral_per_w
        self._neutral_w = 0.0
        """What the impedance of the neutral takes."""
        self._bus = bus
        self._search = FixedPoint(3, falling=True)
        self._flows = NO_FLOWS
        """What the site took from each phase in the last tick, W and var."""
        self._drops: Point | None = None
        """Where a search without agreement goes on in the next tick: the drops from the source."""
        self.passes = 0
        """How often the last tick was run."""
        self._held: tuple[Device, ...] = ()
        """What is about to come back, and stays out in this run of the tick."""
        self._caused_pu = (1.0, 1.0)
        """Lowest and highest voltage that it would cause."""
        self._turns = 0
        """So often one of several that are about to come back was tried alone."""
        self._refused: tuple[Device, ...] = ()
        """What stayed out of the last attempts, each of them tried alone: it waits for the next."""
        self._failed = 0
        """How many attempts in a row brought nothing back."""
        self._retry_tick = 0
        self._tried_at: Point = (1.0, 1.0, 1.0)
        """The voltages of the grid at the last attempt."""

    def predict(self, surroundings: Surroundings) -> None:
        """Write the voltages at the connection point with the power of the last tick, from the grid's."""
        a, b, c, hz = surroundings.va_pu, surroundings.vb_pu, surroundings.vc_pu, surroundings.frequency_hz
        surroundings.source = a, b, c, hz
        if self._drops is None:
            found, _ = self._voltages((a, b, c), (a, b, c))
        else:
            found = tuple([max(0.0, e - drop) for e, drop in zip((a, b, c), self._drops, strict=True)])
        write_voltages(surroundings, found)

    def demand(self) -> str:
        """Return what the last tick demanded of the connection, and what it is, as a log entry has it."""
        active_w = reactive_var = 0.0
        for p, q in self._flows:
            active_w += p
            reactive_var += q
        short_circuit_va = 3.0 / sqrt(self._r * self._r + self._x * self._x)
        way = "import" if active_w >= 0.0 else "export"
        return (
            f"{kilowatts(abs(active_w))} kW {way} and {kilowatts(reactive_var)} kvar"
            f" over a short-circuit power of {short_circuit_va / 1e6:.3g} MVA"
        )

    def disconnect(self) -> None:
        """Note that nothing flows."""
        self._flows, self._drops = NO_FLOWS, None

    def step(self, surroundings: Surroundings) -> tuple[float, float] | None:
        """Run the sources and storage of this tick; return what they put into the bus, W and var.

        None means that the voltage collapses: the impedance cannot carry what they take. The devices are as
        before then.
        """
        bus, source = self._bus, surroundings.source
        assert source is not None
        before = bus.states()
        first: Point = (surroundings.va_pu, surroundings.vb_pu, surroundings.vc_pu)
        self._drops = None
        self.passes = 0
        if self._waits(surroundings.tick, source):
            self._held = self._refused
        power, found, carried, agrees = self._find(surroundings, first, source, before)
        if self._held and not agrees:
            self._held = ()
            bus.restore(before)
            power, found, carried, agrees = self._find(surroundings, first, source, before)
        back = () if agrees else tuple([device for device, old, new in bus.changes if _is_back(old, new)])
        if back:
            # what is about to come back would drive itself out again within the tick: one of it comes back
            # if it can, the rest stays as it is
            self._caused_pu = min(found), max(found)
            one = back[self._turns % len(back)]
            self._turns += 1
            for self._held in (tuple([device for device in back if device is not one]), back):
                if self._held:
                    bus.restore(before)
                    power, found, carried, agrees = self._find(surroundings, first, source, before)
                    if agrees:
                        break
            self._put_off(back, surroundings, source)
        elif not self._held:
            self._refused, self._failed = (), 0
        self._held = ()
        if not carried:
            bus.restore(before)
            return None
        # devices and meter have one voltage in a tick: that at which the devices have stepped
        loss_w = 0.0
        seen = surroundings.va_pu, surroundings.vb_pu, surroundings.vc_pu
        for (p, q), v in zip(self._flows, seen, strict=True):
            loss_w += self._r * (p * p + q * q) / (v * v) if v else 0.0
        surroundings.loss_w = loss_w + self._neutral_w
        bus.steer_sources(surroundings, power[0])
        return power

    def _waits(self, tick: int, source: Point) -> bool:
        """Return whether what was refused stays out until the next attempt, at the same grid."""
        return (
            bool(self._refused)
            and tick < self._retry_tick
            and all(device.state.status is Status.CEASED for device in self._refused)
            and _apart(self._tried_at, source[:3]) <= MOVED_PU
        )

    def _put_off(self, back: tuple[Device, ...], surroundings: Surroundings, source: Point) -> None:
        """Note an attempt; once each has failed alone, the next one comes later: all cost a dozen runs."""
        out = tuple([device for device in back if device.state.status in _OFF_GRID])
        self._failed = self._failed + 1 if len(out) == len(back) else 0
        self._refused = out if self._failed >= len(back) else ()
        self._retry_tick = surroundings.tick + max(1, round(RETRY_S / surroundings.dt_s))
        self._tried_at = source[:3]

    def _find(
        self, surroundings: Surroundings, first: Point, source: Point, before: list[DeviceState]
    ) -> tuple[tuple[float, float], Point, bool, bool]:
        """Step the devices until their voltages agree; return the last run, and whether they do."""
        bus, search, seen = self._bus, self._search, first
        search.begin()
        for run in range(PASSES):
            if run:
                bus.restore(before)
            power, found, carried = self._run(surroundings, seen, source)
            if _apart(found, seen) <= AGREES_PU:
                return power, found, carried, True
            seen = tuple([min(HIGHEST_PU, max(0.0, v)) for v in search.next(seen, found)])
        bus.restore(before)
        power, found, carried = self._run(surroundings, first, source)
        if not bus.changes:
            # no protection has acted: a curve is too steep for the search to follow within the tick
            bus.restore(before)
            seen = search.best
            power, found, carried = self._run(surroundings, seen, source)
            if _apart(found, seen) <= NEAR_PU:
                self._drops = tuple([e - v for e, v in zip(source, seen, strict=False)])
        return power, found, carried, False

    def _run(
        self, surroundings: Surroundings, seen: Point, source: Point
    ) -> tuple[tuple[float, float], Point, bool]:
        """Step the devices at these voltages; return their power, and what `_voltages` makes of it."""
        bus = self._bus
        write_voltages(surroundings, seen)
        self.passes += 1
        power = self._step(surroundings) if self._held else step_devices(bus.steps, surroundings, bus.changes)
        bus.write_connection(surroundings, *power)
        self._flows = (
            (surroundings.grid_a_w, surroundings.grid_a_var),
            (surroundings.grid_b_w, surroundings.grid_b_var),
            (surroundings.grid_c_w, surroundings.grid_c_var),
        )
        return power, *self._voltages(seen, source)

    def _step(self, surroundings: Surroundings) -> tuple[float, float]:
        """Step the devices, some of which answer to the voltages that they would cause by coming back."""
        power = 0.0, 0.0
        for steered, devices in self._bus.steps:
            for device in devices:
                surroundings.caused_pu = self._caused_pu if device in self._held else None
                power = step_devices(((steered, (device,)),), surroundings, self._bus.changes, *power)
        surroundings.caused_pu = None
        return power

    def _voltages(self, seen: Point, source: Point) -> tuple[Point, bool]:
        """Return the voltages that the flows leave, and whether the impedance carries them all.

        Where it does not, what takes the power counts as the admittance that it is at the voltage seen.
        """
        if self._neutral:
            lifted, current = shifted_sources(source[:3], self._flows, (self._r, self._x), self._neutral)
            self._neutral_w = self._neutral.real * abs(current) ** 2
            source = lifted
        found = []
        carried = True
        for (p, q), v_seen, e in zip(self._flows, seen, source, strict=False):
            v = far_voltage(e, p, q, self._r, self._x)
            if v is None:
                carried = False
                v = voltage_at_admittance(e, v_seen, p, q, self._r, self._x)
            found.append(v)
        return tuple(found), carried


_OFF_GRID = frozenset({Status.CEASED, Status.TRIPPED, Status.WAITING})


def _is_back(old: DeviceState, new: DeviceState) -> bool:
    return old.status in _OFF_GRID and new.status not in _OFF_GRID


def _apart(one: Point, other: Point) -> float:
    return max([abs(a - b) for a, b in zip(one, other, strict=True)])


def write_voltages(surroundings: Surroundings, voltages: Point) -> None:
    """Write the phase voltages of the site's bus, pu, and their extremes."""
    a, b, c = voltages
    surroundings.va_pu, surroundings.vb_pu, surroundings.vc_pu = a, b, c
    surroundings.v_min_pu, surroundings.v_max_pu = min(voltages), max(voltages)


def black_out(surroundings: Surroundings) -> None:
    """Write a bus without voltage."""
    write_voltages(surroundings, (0.0, 0.0, 0.0))
    surroundings.frequency_hz = 0.0
    surroundings.grid_live = False
