"""When a site leaves the grid for an island, and when it may come back."""

from typing import Annotated

from twin_tui.engine import bounds
from twin_tui.engine.bounds import NotNegative, Range
from twin_tui.engine.signals import value
from twin_tui.engine.steps import nearest_steps
from twin_tui.engine.surroundings import Surroundings

DAY_S = 86_400.0
Time = Annotated[float, Range(0.0, DAY_S)]


@value
class IslandParams:
    """The transfer switch of a site with a grid-forming device, and its operation without the grid.

    A frequency limit that is not set is a share of the nominal frequency: 0.95 and 1.03 (47.5 and 51.5 Hz)
    for leaving, 0.99 and 1.01 for coming back. The limits of synchronism are those of IEEE Std 1547-2018,
    table 5, up to 500 kVA (recalled); the other values are assumptions.
    """

    transfer_v_low_pu: Annotated[float, Range(0.0, 1.0)] = 0.8
    """The site leaves the grid when a phase is below it for ``transfer_delay_s``; without voltage at once."""
    transfer_v_high_pu: Annotated[float, Range(1.0, 2.0)] = 1.15
    """Or above it."""
    transfer_f_low_hz: NotNegative | None = None
    """Or when the frequency is below it."""
    transfer_f_high_hz: NotNegative | None = None
    """Or above it."""
    transfer_delay_s: Time = 0.2
    """How long the grid is outside these limits before the switch opens."""
    transfer_time_s: Time = 0.1
    """From the opening of the switch to the voltage of the island: the devices are without voltage."""
    return_v_low_pu: Annotated[float, Range(0.0, 1.0)] = 0.9
    """Coming back needs every phase of the grid above it for ``resync_s``."""
    return_v_high_pu: Annotated[float, Range(1.0, 2.0)] = 1.1
    """And below it."""
    return_f_low_hz: NotNegative | None = None
    """And the frequency above it."""
    return_f_high_hz: NotNegative | None = None
    """And below it."""
    resync_s: Time = 5.0
    """How long the grid must be within these limits."""
    sync_v_pu: Annotated[float, Range(0.0, 1.0)] = 0.1
    """Largest difference of the voltages at which the switch closes."""
    sync_f_hz: Annotated[float, Range(0.0, 5.0)] = 0.3
    """Largest difference of the frequencies."""
    sync_angle_deg: Annotated[float, Range(0.0, 180.0)] = 20.0
    """Largest angle between the voltages."""
    sync_s: Time = 0.5
    """How long all three must hold."""
    sync_slip_hz: Annotated[float, Range(0.001, 5.0)] = 0.2
    """By how much the frequency of the island differs from the grid's to bring the angle to 0."""
    sync_timeout_s: Time = 60.0
    """Without synchronism for so long, the site returns by way of an interruption of ``transfer_time_s``."""
    restart_s: Time = 10.0
    """From a collapse to the next attempt to supply the site; from the third on doubled, up to 5 min."""
    shed_order: tuple[str, ...] = ()
    """Loads that an overloaded island sheds in this order, whatever the mode of its batteries."""
    reconnect_s: Time = 60.0
    """How long a load stays shed before it is tried again, the last one of the order first; doubled, up to
    30 min, by each load that does not stay on for as long.
    """
    load_step_s: Time = 5.0
    """From one load to the next, then and in a black start."""

    def __post_init__(self) -> None:
        what = "an island"
        bounds.check(self, what)
        for kind in ("transfer", "return"):
            low, high = getattr(self, f"{kind}_f_low_hz"), getattr(self, f"{kind}_f_high_hz")
            if low is not None and high is not None:
                bounds.rising(self, what, f"{kind}_f_low_hz", f"{kind}_f_high_hz")


@value
class GridWindow:
    """Limits within which all phase voltages and the frequency are."""

    v_low_pu: float
    v_high_pu: float
    f_low_hz: float
    f_high_hz: float

    def holds(self, surroundings: Surroundings) -> bool:
        """Return whether voltages and frequency are within the limits."""
        return (
            self.v_low_pu <= surroundings.v_min_pu
            and surroundings.v_max_pu <= self.v_high_pu
            and self.f_low_hz <= surroundings.frequency_hz <= self.f_high_hz
        )


def leaving(params: IslandParams, nominal_hz: float) -> GridWindow:
    """Return the limits outside which the site leaves the grid."""
    low, high = params.transfer_f_low_hz, params.transfer_f_high_hz
    return GridWindow(
        params.transfer_v_low_pu,
        params.transfer_v_high_pu,
        0.95 * nominal_hz if low is None else low,
        1.03 * nominal_hz if high is None else high,
    )


def returning(params: IslandParams, nominal_hz: float) -> GridWindow:
    """Return the limits within which the grid must be for the site to come back."""
    low, high = params.return_f_low_hz, params.return_f_high_hz
    return GridWindow(
        params.return_v_low_pu,
        params.return_v_high_pu,
        0.99 * nominal_hz if low is None else low,
        1.01 * nominal_hz if high is None else high,
    )


class Synchroniser:
    r"""Follows the angle between island and grid, and steers the island into step with the grid.

    Notes
    -----
    .. math:: \delta' = \delta + 360°\,(f - f_g)\,dt,\quad
        f = f_g - \operatorname{clip}\!\left(\frac{\delta}{360°\,dt}, \pm f_{slip}\right)

    so that the angle reaches 0 without passing it, whatever the step.
    """

    def __init__(self, params: IslandParams, dt_s: float, nominal_hz: float) -> None:
        self._params = params
        self._dt_s = dt_s
        self._nominal_hz = nominal_hz
        self._needed = nearest_steps(params.sync_s, dt_s)
        self._ticks = 0
        self._angle_deg = 0.0

    @property
    def holds(self) -> bool:
        """Whether voltages, frequencies and angle have been close for long enough."""
        return self._ticks >= max(1, self._needed)

    def reference(self, source: tuple[float, float, float, float]) -> tuple[float, float]:
        """Return the voltage, pu, and the frequency, Hz, that bring the island into step with the grid."""
        a, b, c, grid_hz = source
        most = self._params.sync_slip_hz
        slip_hz = self._angle_deg / (360.0 * self._dt_s)
        return (a + b + c) / 3.0, grid_hz - min(most, max(-most, slip_hz))

    def separate(self) -> None:
        """Begin at the angle of the grid, from which the site has just parted."""
        self._angle_deg = 0.0
        self._ticks = 0

    def follow(self, surroundings: Surroundings) -> None:
        """Take in a tick of the island: the angle moves on, and what is close is timed."""
        source = surroundings.source
        assert source is not None
        a, b, c, grid_hz = source
        apart_hz = surroundings.frequency_hz - (grid_hz or self._nominal_hz)
        angle = self._angle_deg + 360.0 * apart_hz * self._dt_s
        self._angle_deg = angle = (angle + 180.0) % 360.0 - 180.0
        surroundings.slip_deg = angle
        params, v = self._params, surroundings.va_pu
        close = (
            abs(angle) <= params.sync_angle_deg
            and abs(surroundings.frequency_hz - grid_hz) <= params.sync_f_hz
            and max(abs(a - v), abs(b - v), abs(c - v)) <= params.sync_v_pu
        )
        self._ticks = self._ticks + 1 if close else 0
