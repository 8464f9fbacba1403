"""What every device sees of the world in one tick."""

from dataclasses import dataclass, fields
from operator import attrgetter


@dataclass(slots=True)
class Surroundings:
    """The grid, the weather, the clock and the bus at one tick; the engine writes it, everyone else reads.

    Voltages are phase to neutral in per unit of ``nominal_v``; powers follow the house rule: positive flows
    into the site's bus, so ``grid_w`` is positive when the site imports.
    """

    dt_s: float
    tick: int = 0
    time_s: float = 0.0
    # clock: Unix time (UTC), the site's offset from it, and the local time of day
    unix_s: float = 0.0
    utc_offset_s: float = 0.0
    day_s: float = 0.0
    # the site's bus: the grid at the point of connection, or the island
    nominal_v: float = 230.94
    nominal_hz: float = 50.0
    frequency_hz: float = 50.0
    applied_hz: float = 0.0
    """A test signal that frequency reserves answer in place of the grid's frequency; 0 is none."""
    va_pu: float = 1.0
    vb_pu: float = 1.0
    vc_pu: float = 1.0
    v_min_pu: float = 1.0
    v_max_pu: float = 1.0
    caused_pu: tuple[float, float] | None = None
    """Lowest and highest voltage that devices about to come back would cause; None: those above."""
    phase_jump_deg: float = 0.0
    grid_live: bool = True
    """Whether there is voltage on the site's bus, from the grid or from a grid-forming device."""
    islanded: bool = False
    """Whether the site is cut off from the grid and held up by a grid-forming device."""
    island_w: float = 0.0
    """While islanded: what the grid-forming device that steps next has to deliver."""
    island_var: float = 0.0
    island_unbalance: tuple[float, float, float, float, float, float] | None = None
    """While islanded: what grid-forming devices deliver to each phase beyond a third of their power, W
    and then var, over their rating in VA; None is nothing.
    """
    supply: int = 1
    """What the site's bus is connected to, as in `snapshot.SUPPLIES`."""
    source: tuple[float, float, float, float] | None = None
    """Voltages, pu, and frequency, Hz, of the grid before its impedance or an open switch; None: as above."""
    slip_deg: float = 0.0
    """While islanded: how far the island's voltage leads the grid's."""
    loss_w: float = 0.0
    """What the impedance of the grid connection takes."""
    # weather, and the tick it was worked out in: devices need not do their part more often
    weather_tick: int = 0
    sun: tuple[float, float, float] | None = None
    """Direction of the sun, a unit vector east, north, up; None when the irradiance is that of the plane."""
    ghi_w_m2: float = 0.0
    beam_w_m2: float | None = None
    """Direct normal irradiance of a weather file; None is worked out from the global one."""
    diffuse_w_m2: float = 0.0
    """Diffuse horizontal irradiance beside it."""
    clear_sky_w_m2: float = 0.0
    ambient_c: float = 20.0
    wind_m_s: float = 1.0
    load_step_w: float = 0.0
    spare_w: float = 0.0
    """What the devices that have stepped before in this tick put onto the bus."""
    # the bus, complete for meters
    grid_w: float = 0.0
    grid_var: float = 0.0
    grid_a_w: float = 0.0
    grid_b_w: float = 0.0
    grid_c_w: float = 0.0
    grid_a_var: float = 0.0
    grid_b_var: float = 0.0
    grid_c_var: float = 0.0

    def copy(self) -> "Surroundings":
        """Return them as they are now, for who looks at this tick later."""
        return Surroundings(*_values(self))


_values = attrgetter(*(item.name for item in fields(Surroundings)))
