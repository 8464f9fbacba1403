"""What a charging station offers and its vehicle takes, as pure functions of both."""

from functools import lru_cache
from math import ceil

from twin_tui.engine.devices.ev_model import LEAST_V, MIN_CURRENT_A, PLAIN_PILOT_A, EvParams
from twin_tui.engine.devices.ev_signals import EvCommands
from twin_tui.engine.physics.electrical import NO_VOLTAGE_PU, pilot_current, pilot_duty
from twin_tui.engine.surroundings import Surroundings

_ROUNDING_A = 1e-3


def taper(params: EvParams, soc: float) -> float:
    """Return the share of its power that the vehicle takes: 1 up to the knee, then falling evenly."""
    knee = params.taper_from_soc
    if soc <= knee or knee >= 1.0:
        return 1.0
    return 1.0 - (1.0 - params.taper_to_pu) * (min(soc, 1.0) - knee) / (1.0 - knee)


def phase_voltage(surroundings: Surroundings, phases: int) -> float:
    """Return the mean voltage of the phases that charging goes over, V; a dead one counts as 0."""
    total = surroundings.va_pu
    if total <= NO_VOLTAGE_PU:
        total = 0.0
    if phases == 3:
        if surroundings.vb_pu > NO_VOLTAGE_PU:
            total += surroundings.vb_pu
        if surroundings.vc_pu > NO_VOLTAGE_PU:
            total += surroundings.vc_pu
    return surroundings.nominal_v * total / phases


def offered_current(params: EvParams, commands: EvCommands, phases: int, volts: float) -> float:
    r"""Return the current that the pilot offers on each of the phases that charging goes over, A.

    :math:`\min(I_{station}, I_{limit}, P_{limit} / (n V))`; 0 where that is below 6 A, or the station is not
    enabled: no duty cycle signals less (IEC 61851-1:2017, annex A).
    """
    if not commands.enabled or volts < LEAST_V:
        return 0.0
    limit, offer = commands.current_limit_a, commands.active_power_limit_w / (phases * volts)
    limit = limit if limit < params.max_current_a else params.max_current_a
    offer = offer if offer < limit else limit
    if offer < MIN_CURRENT_A:
        return MIN_CURRENT_A if offer >= MIN_CURRENT_A - 1e-9 else 0.0
    return offer if offer <= PLAIN_PILOT_A else pilot_current(pilot_duty(offer))


def vehicle_current(params: EvParams, nominal_v: float) -> float:
    """Return the most current of a phase that the vehicle's charger carries, A.

    Unless it is given, it is that of its power at nominal voltage over all phases that charging may go over,
    up to a whole ampere, as chargers are rated: 16 A for 11 kW over three phases, also when one is in use.
    """
    if params.vehicle_current_a is not None:
        return params.vehicle_current_a
    return _usual_current(params.rated_w, params.most_phases, nominal_v)


@lru_cache(maxsize=256)  # every step asks for it
def _usual_current(rated_w: float, phases: int, nominal_v: float) -> float:
    return float(ceil(rated_w / (phases * nominal_v) - _ROUNDING_A))


def discharge_power(
    params: EvParams, commands: EvCommands, phases: int, volts: float, vehicle_a: float
) -> float:
    """Return the power that the vehicle is to give back, W, within its limit and the currents."""
    if not commands.discharge_setpoint_w or not commands.enabled or volts < LEAST_V:
        return 0.0
    amps = min(params.max_current_a, commands.current_limit_a, vehicle_a)
    return min(commands.discharge_setpoint_w, params.max_discharge_power_w, amps * phases * volts)
