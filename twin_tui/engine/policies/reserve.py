"""Frequency reserves as a controller provides them: measured frequency, curves, dead time, lag, energy."""

from collections import deque
from math import exp

from twin_tui.engine.frequency_meter import FrequencyMeter, Heard, measure
from twin_tui.engine.physics.droop import FCR_CURVES, piecewise
from twin_tui.engine.signals import value
from twin_tui.engine.steering import ModeInputs
from twin_tui.engine.steps import nearest_steps
from twin_tui.engine.surroundings import Surroundings

BIDS = {"fcr_n_w": "fcr_n", "fcr_d_up_w": "fcr_d_up", "fcr_d_down_w": "fcr_d_down"}
"""The parameters that sell a capacity, and the curve of each."""
WINDOW_S = 300.0
"""Energy management acts by the mean of the last five minutes."""
_STEPS_PER_HZ = 1_000_000
"""Frequencies are summed up as whole numbers of 1 µHz: a sum that slides for a year stays exact."""


@value
class Endurance:
    """When energy management begins and ends, by the minutes that the energy lasts at full activation.

    Technical Requirements for FCR in the Nordic synchronous area, v1.1, limited energy reservoirs.
    """

    neutral_hz: float
    """The frequency, relative to nominal, at which the product asks for nothing."""
    low_hz: float
    high_hz: float
    """Between these, relative to nominal, the reference of AEM may move."""
    up: bool
    down: bool
    """Whether the product takes energy out of the reservoir, or puts it in."""
    nem_share: float
    """Power of NEM over the capacity that was sold."""
    nem_from_min: float
    nem_to_min: float
    aem_from_min: float = 5.0
    aem_to_min: float = 10.0


ENDURANCE = {
    "fcr_n": Endurance(0.0, -0.1, 0.1, True, True, 0.34, 30.0, 57.5),
    "fcr_d_up": Endurance(-0.1, -0.5, -0.1, True, False, 0.2, 20.0, 20.0),
    "fcr_d_down": Endurance(0.1, 0.1, 0.5, False, True, 0.2, 20.0, 20.0),
}
NORMAL_HZ = 0.1
"""NEM works only within the normal band of frequency."""


class EnergyManagement:
    r"""Keeps the reservoir of one product between empty and full.

    Notes
    -----
    NEM (normal state) adds a power while the frequency is within ±0.1 Hz:

    .. math:: P_{NEM} = k\,C\,\overline{a}_{300\,s},\quad a \in \{-1, 0, 1\}

    with a = -1 (charging) from when the energy lasts less than the lower limit of minutes until it lasts the
    upper one. AEM (alert state) moves the frequency at which the product asks for nothing to the mean over
    300 s of the measured frequency, held within the product's band, so that the answer fades. Products that
    are sold together each reckon with the whole reservoir, so both begin later than the sum would ask for.

    References
    ----------
    Technical Requirements for Frequency Containment Reserve Provision in the Nordic Synchronous Area, v1.1,
    28 March 2025.
    """

    def __init__(self, product: str, capacity_w: float, *, alert: bool, dt_s: float) -> None:
        self._limits, self._capacity_w, self._alert = ENDURANCE[product], capacity_w, alert
        length = nearest_steps(WINDOW_S, dt_s, 1)
        self._allowed: deque[int] = deque([0] * length, length)
        neutral = round(self._limits.neutral_hz * _STEPS_PER_HZ)
        self._references: deque[int] = deque([neutral] * length, length)
        self._allowed_sum, self._reference_sum = 0, neutral * length
        self._direction = 0
        self._in_alert = False

    def step(self, deviation_hz: float, up_wh: float, down_wh: float) -> tuple[float, float]:
        """Return the power of NEM in W, + discharges, and how far AEM has moved the curve, Hz.

        ``up_wh`` can still be delivered, ``down_wh`` still be taken in.
        """
        limits = self._limits
        up_min = 60.0 * up_wh / self._capacity_w if limits.up else float("inf")
        down_min = 60.0 * down_wh / self._capacity_w if limits.down else float("inf")
        self._direction = self._next_direction(up_min, down_min)
        least = min(up_min, down_min)
        self._in_alert = self._alert and least < (
            limits.aem_to_min if self._in_alert else limits.aem_from_min
        )
        allowed = self._direction if abs(deviation_hz) < NORMAL_HZ else 0
        wanted_hz = limits.neutral_hz
        if self._in_alert:
            wanted_hz = min(max(deviation_hz, limits.low_hz), limits.high_hz)
        reference = round(wanted_hz * _STEPS_PER_HZ)
        self._allowed_sum += allowed - self._allowed[0]
        self._allowed.append(allowed)
        self._reference_sum += reference - self._references[0]
        self._references.append(reference)
        length = len(self._allowed)
        nem_w = limits.nem_share * self._capacity_w * self._allowed_sum / length
        moved_hz = self._reference_sum / length / _STEPS_PER_HZ - limits.neutral_hz
        return nem_w, moved_hz

    def go_on_from(self, before: "EnergyManagement") -> None:
        """Take over what an earlier one of the product has done in the last five minutes."""
        self._allowed, self._allowed_sum = before._allowed, before._allowed_sum
        self._references, self._reference_sum = before._references, before._reference_sum
        self._direction, self._in_alert = before._direction, before._in_alert

    def _next_direction(self, up_min: float, down_min: float) -> int:
        limits = self._limits
        if self._direction < 0:
            return -1 if up_min < limits.nem_to_min else 0
        if self._direction > 0:
            return 1 if down_min < limits.nem_to_min else 0
        if up_min < limits.nem_from_min:
            return -1
        return 1 if down_min < limits.nem_from_min else 0


class FrequencyReserve:
    r"""Answers to the frequency with the sum of the products that are sold.

    Notes
    -----
    .. math::
        P^*(t) = P_0 + \sum_i C_i\, s_i(\hat f(t - D) - f_{AEM,i}) + P_{NEM,i},\quad
        \tau \dot P = P^* - P

    with the curve s of each product, the measured frequency, the dead time D and the lag τ. The lag begins at
    the power that the first frequency asks for. Selected again with other parameters, it goes on from the
    power, the frequencies and the energy management that there were: a base point moves with the lag.
    """

    def __init__(self, inputs: ModeInputs) -> None:
        dt_s = inputs.dt_s
        sold = {
            curve: inputs.number(name) for name, curve in BIDS.items() if inputs.parameters[name] is not None
        }
        if not sold:
            both = min(inputs.limits.charge_w, inputs.limits.discharge_w)
            sold = {str(inputs.parameters["product"]): both}
        self._products = [
            (FCR_CURVES[curve], inputs.factor * capacity_w) for curve, capacity_w in sold.items()
        ]
        self._meter = FrequencyMeter(
            inputs.number("measure_s"), inputs.number("measure_delay_s"), inputs.number("resolution_hz")
        )
        self._heard: Heard = ()
        self._base_w = inputs.number("base_w")
        late, lag_s = nearest_steps(inputs.number("deadtime_s"), dt_s), inputs.number("lag_s")
        self._on_the_way: deque[float] = deque(maxlen=late + 1)
        self._share = 1.0 - exp(-dt_s / lag_s) if lag_s > 0.0 else 1.0
        self._power_w: float | None = None
        self._dt_s = dt_s
        self._inputs = inputs
        self._soc_low, self._soc_high = inputs.number("soc_low"), inputs.number("soc_high")
        kind = str(inputs.parameters["energy_management"])
        self._management = {
            curve: EnergyManagement(curve, inputs.factor * capacity_w, alert=kind == "nem_aem", dt_s=dt_s)
            if kind != "none" and curve in ENDURANCE and inputs.factor * capacity_w > 0.0
            else None
            for curve, capacity_w in sold.items()
        }

    def go_on_from(self, before: "FrequencyReserve") -> None:
        """Take over from an earlier reserve of the device, which had other parameters."""
        self._heard, self._power_w = before._heard, before._power_w
        if self._on_the_way.maxlen == before._on_the_way.maxlen:
            self._on_the_way = before._on_the_way
        for curve, management in self._management.items():
            earlier = before._management.get(curve)
            if management is not None and earlier is not None:
                management.go_on_from(earlier)

    def __call__(self, net_w: float, soc: float, surroundings: Surroundings) -> float:
        """Return the power of this tick in W, + charges."""
        # without voltage there is no frequency to answer
        hz = surroundings.applied_hz or surroundings.frequency_hz or surroundings.nominal_hz
        self._heard, hz = measure(self._meter, self._heard, hz, self._dt_s)
        deviation_hz = hz - surroundings.nominal_hz
        wanted_w = 0.0
        for (curve, capacity_w), management in zip(self._products, self._management.values(), strict=True):
            moved_hz = 0.0
            if management is not None:
                capacity_wh = self._inputs.capacity_wh
                up_wh = max(0.0, soc - self._soc_low) * capacity_wh
                down_wh = max(0.0, self._soc_high - soc) * capacity_wh
                nem_w, moved_hz = management.step(deviation_hz, up_wh, down_wh)
                wanted_w += nem_w
            wanted_w += capacity_w * piecewise(deviation_hz - moved_hz, curve)
        on_the_way = self._on_the_way
        on_the_way.append(wanted_w)
        while len(on_the_way) < (on_the_way.maxlen or 1):
            on_the_way.append(wanted_w)
        target_w = self._base_w + on_the_way[0]
        before_w = target_w if self._power_w is None else self._power_w
        self._power_w = target_w if self._share == 1.0 else before_w + (target_w - before_w) * self._share
        return -self._power_w
