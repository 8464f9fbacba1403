"""A grid code as numbers: when to trip, when to come back, how to support the grid."""

from dataclasses import field
from enum import Enum
from itertools import pairwise
from math import inf

from twin_tui.engine.frequency_meter import FrequencyMeter
from twin_tui.engine.signals import derive, value


class Quantity(Enum):
    """What a protection stage watches."""

    VOLTAGE = "voltage"
    """Lowest or highest of the phase and line voltages, per unit."""
    MEAN_VOLTAGE = "voltage_10min"
    """Sliding mean of the highest voltage over ten minutes, per unit."""
    FREQUENCY = "frequency"
    """Hz."""
    ROCOF = "rocof"
    """Magnitude of the rate of change of the filtered frequency, Hz/s."""


@value
class TripStage:
    """Trip when a quantity stays beyond a limit for the clearing time."""

    name: str
    quantity: Quantity
    over: bool
    limit: float
    clearing_s: float


@value
class EnterService:
    """Window, delay and ramp of every start; the window includes its limits.

    The delay counts from when the grid became fit. The ramp applies to a start that had to wait.
    """

    v_low_pu: float
    v_high_pu: float
    f_low_hz: float
    f_high_hz: float
    delay_s: float
    ramp_s: float
    """From nothing to rated power."""


@value
class FrequencyDroop:
    """Active power against frequency: deadbands, droops, and the time to 90 % of the answer.

    A droop is of the rating; ``of_power`` and ``under_storage_only`` narrow that for other devices.
    """

    over_deadband_hz: float
    over_droop: float
    of_power: bool = False
    """Whether a generator's droop above the nominal frequency is of its present power."""
    under_deadband_hz: float = inf
    under_droop: float = 0.05
    under_storage_only: bool = False
    """Whether only storage answers a low frequency."""
    response_s: float = 0.0


@value
class VoltageCurve:
    """A share of the rating against the voltage per unit, and the time to 90 % of the answer."""

    points: tuple[tuple[float, float], ...]
    response_s: float = 0.0


@value
class PowerFactorCurve:
    """A power factor against the active power over the rating, and the time to 90 % of the answer.

    Positive power factors inject vars, negative ones take them.
    """

    points: tuple[tuple[float, float], ...]
    response_s: float = 0.0


def neutral_range(points: tuple[tuple[float, float], ...], neutral: float) -> tuple[float, float]:
    """Return the voltages about the nominal one between which a curve has its neutral value."""
    low, high = -inf, inf
    ends = ((-inf, points[0][1]), *points, (inf, points[-1][1]))
    for (before, first), (after, last) in pairwise(ends):
        if first == last == neutral:
            continue
        if after <= 1.0:
            low = max(low, after)
        elif before >= 1.0:
            high = min(high, before)
        else:
            return 1.0, 1.0
    return low, high


@value
class GridCode:
    """What a grid operator asks of a device at the point of connection."""

    name: str
    title: str
    nominal_hz: float
    stages: tuple[TripStage, ...]
    enter_service: EnterService
    cease_low_pu: float = -inf
    """No current at or below this voltage, at once and without a trip."""
    cease_at_low: bool = True
    """Whether that includes the voltage itself."""
    cease_high_pu: float = inf
    """Nor above this one; at the limit itself IEEE 1547 wants continuous operation."""
    cease_back_s: float = 0.0
    """How long the voltage has to be within these limits before current flows again."""
    frequency_needs_pu: float = 0.3
    """Frequency is not judged while the highest voltage is lower: there is nothing to measure it on."""
    meter: FrequencyMeter | None = None
    """How the droop's frequency is measured; none is the frequency itself."""
    frequency_droop: FrequencyDroop | None = None
    volt_var: VoltageCurve | None = None
    volt_watt: VoltageCurve | None = None
    watt_pf: PowerFactorCurve | None = None
    """cos φ(P), in place of volt-var."""
    spare_droop: FrequencyDroop | None = None
    """What the setting that switches it on begins with; likewise the curves."""
    spare_volt_var: VoltageCurve | None = None
    spare_volt_watt: VoltageCurve | None = None
    spare_watt_pf: PowerFactorCurve | None = None
    recalled: tuple[str, ...] = ()
    """The entries whose numbers nobody has read in the source."""
    # What a healthy grid looks like: strictly between these, nothing has to be timed and a device may start.
    calm_v_low_pu: float = field(init=False, default=-inf)
    calm_v_high_pu: float = field(init=False, default=inf)
    calm_f_low_hz: float = field(init=False, default=-inf)
    calm_f_high_hz: float = field(init=False, default=inf)
    mean_v_high_pu: float = field(init=False, default=inf)
    """Limit of the ten-minute mean: no way back above it."""
    rocof_limit_hz_per_s: float = field(init=False, default=inf)
    needs_mean: bool = field(init=False, default=False)
    """Whether a stage needs the ten-minute mean of the voltage."""
    needs_rocof: bool = field(init=False, default=False)
    """Whether a stage needs the rate of change of the frequency."""
    # Strictly between these, within the calm limits, the support functions ask for nothing either.
    quiet_v_low_pu: float = field(init=False, default=-inf)
    quiet_v_high_pu: float = field(init=False, default=inf)
    quiet_f_low_hz: float = field(init=False, default=-inf)
    quiet_f_high_hz: float = field(init=False, default=inf)

    def __post_init__(self) -> None:
        def limits(quantity: Quantity, over: bool) -> list[float]:
            return [s.limit for s in self.stages if s.quantity is quantity and s.over is over]

        window = self.enter_service
        derive(
            self,
            calm_v_low_pu=max([window.v_low_pu, self.cease_low_pu, *limits(Quantity.VOLTAGE, over=False)]),
            calm_v_high_pu=min([window.v_high_pu, self.cease_high_pu, *limits(Quantity.VOLTAGE, over=True)]),
            calm_f_low_hz=max([window.f_low_hz, *limits(Quantity.FREQUENCY, over=False)]),
            calm_f_high_hz=min([window.f_high_hz, *limits(Quantity.FREQUENCY, over=True)]),
            mean_v_high_pu=min(limits(Quantity.MEAN_VOLTAGE, over=True), default=inf),
            rocof_limit_hz_per_s=min(limits(Quantity.ROCOF, over=True), default=inf),
            needs_mean=any(s.quantity is Quantity.MEAN_VOLTAGE for s in self.stages),
            needs_rocof=any(s.quantity is Quantity.ROCOF for s in self.stages),
        )
        low_pu, high_pu = self.calm_v_low_pu, min(self.calm_v_high_pu, self.mean_v_high_pu)
        for curve, neutral in (self.volt_var, 0.0), (self.volt_watt, 1.0):
            if curve is not None:
                first, last = neutral_range(curve.points, neutral)
                low_pu, high_pu = max(low_pu, first), min(high_pu, last)
        if self.watt_pf is not None:
            low_pu = inf  # it asks for something at any voltage
        low_hz, high_hz, droop = self.calm_f_low_hz, self.calm_f_high_hz, self.frequency_droop
        if droop is not None:
            low_hz = max(low_hz, self.nominal_hz - droop.under_deadband_hz)
            high_hz = min(high_hz, self.nominal_hz + droop.over_deadband_hz)
        derive(
            self,
            quiet_v_low_pu=low_pu,
            quiet_v_high_pu=high_pu,
            quiet_f_low_hz=low_hz,
            quiet_f_high_hz=high_hz,
        )

    def ceases(self, v_min_pu: float, v_max_pu: float) -> bool:
        """Return whether no current may flow at these extremes of the voltages."""
        low = v_min_pu <= self.cease_low_pu if self.cease_at_low else v_min_pu < self.cease_low_pu
        return low or v_max_pu > self.cease_high_pu
