"""The engine of a CHP: the sequence of its unit states and what its sensors see meanwhile."""

from enum import IntEnum
from functools import lru_cache
from math import exp

from twin_tui.engine.signals import new, value


class ChpUnit(IntEnum):
    """The unit states, with the numbers that gas engine controllers put into their state register."""

    FAULT = 0
    READY = 1
    STARTING = 2
    IDLE = 3
    SYNCHRONIZING = 4
    RUNNING = 5
    STOPPING = 6
    START_BLOCKED = 7
    WARMUP = 18


TURNING = frozenset({ChpUnit.STARTING, ChpUnit.WARMUP, ChpUnit.IDLE, ChpUnit.SYNCHRONIZING, ChpUnit.RUNNING})
AT_SPEED = TURNING - {ChpUnit.STARTING}
NEXT = {
    ChpUnit.STARTING: ChpUnit.WARMUP,
    ChpUnit.WARMUP: ChpUnit.IDLE,
    ChpUnit.IDLE: ChpUnit.SYNCHRONIZING,
    ChpUnit.SYNCHRONIZING: ChpUnit.RUNNING,
    ChpUnit.STOPPING: ChpUnit.READY,
}

# representative of lean-burn gas engines of the megawatt class
COOLANT_C = 82.0
COOLANT_PER_LOAD_K = 6.0
COOLANT_SPREAD_K = 12.0
OIL_OVER_COOLANT_K = 6.0
IDLE_EXHAUST_C = 200.0
EXHAUST_C = 380.0
EXHAUST_PER_LOAD_K = 70.0
INTAKE_RISE_K = 5.0
OIL_PRESSURE_BAR = 4.5
CHARGE_PRESSURE_BAR = 2.0
IDLE_THROTTLE = 0.08
UNCOOLED_C = 140.0
"""Where the coolant tends to when no heat is carried off."""


@value
class Sensors:
    """What the engine's sensors see."""

    speed_rpm: float
    throttle: float
    coolant_c: float
    oil_c: float
    exhaust_c: float
    intake_c: float
    oil_bar: float
    charge_bar: float


fill = Sensors.__init__


@lru_cache(maxsize=16)
def _shares(dt_s: float) -> tuple[float, float, float, float, float, float, float]:
    """Return the share of the way to its target that each lag goes in a step, 1 − e^(−dt/τ)."""
    taus = (3.0, 60.0, 1800.0, 15.0, 300.0, 2.0, 1.0)
    a, b, c, d, e, f, g = (1.0 - exp(-dt_s / tau) for tau in taus)
    return a, b, c, d, e, f, g


def at_rest(ambient_c: float) -> Sensors:
    """Return a cold engine at a standstill."""
    return Sensors(0.0, 0.0, ambient_c, ambient_c, ambient_c, ambient_c, 0.0, 0.0)


def advance_sensors(
    sensors: Sensors,
    unit: ChpUnit,
    load_pu: float,
    dt_s: float,
    breaker_closed: bool,
    synchronous_rpm: float,
    rated_rpm: float,
    ambient_c: float,
    cooled: bool,
    oil_fed: bool,
) -> Sensors:
    r"""Advance speed, temperatures and pressures of the engine by one step, in the unit state at hand.

    With the breaker closed the generator turns at the synchronous speed that the grid's frequency dictates,
    else the governor holds the rated one; ``cooled`` and ``oil_fed`` say whether the pumps do their work.

    Notes
    -----
    Each quantity x follows its target in the state at hand with a first-order lag, exact for any step:
    :math:`x + (x_{target} - x)(1 - e^{-dt/\tau})`. A generator on the grid turns at synchronous speed,
    :math:`n = 120 f / p`. Valid for following a start, a run and a stop; not a model of combustion.
    """
    fast, warm, cold, exhaust, intake, pressure, throttle = _shares(dt_s)
    turning = unit in TURNING
    if breaker_closed:
        speed = synchronous_rpm
    else:
        speed = sensors.speed_rpm + ((rated_rpm if turning else 0.0) - sensors.speed_rpm) * fast
    if turning:
        coolant_target = COOLANT_C + COOLANT_PER_LOAD_K * load_pu if cooled else UNCOOLED_C
        exhaust_target = EXHAUST_C + EXHAUST_PER_LOAD_K * load_pu if load_pu > 0.0 else IDLE_EXHAUST_C
        throttle_target = load_pu if load_pu > IDLE_THROTTLE else IDLE_THROTTLE
        oil_target, share = coolant_target + OIL_OVER_COOLANT_K, warm
    else:
        coolant_target = oil_target = exhaust_target = ambient_c
        throttle_target, share = 0.0, cold
    half = 0.5 * rated_rpm
    oil_bar = (OIL_PRESSURE_BAR * (speed / half if speed < half else 1.0)) if oil_fed else 0.0
    after = new(Sensors)
    fill(
        after,
        speed,
        sensors.throttle + (throttle_target - sensors.throttle) * throttle,
        sensors.coolant_c + (coolant_target - sensors.coolant_c) * share,
        sensors.oil_c + (oil_target - sensors.oil_c) * share,
        sensors.exhaust_c + (exhaust_target - sensors.exhaust_c) * exhaust,
        sensors.intake_c + (ambient_c + (INTAKE_RISE_K if turning else 0.0) - sensors.intake_c) * intake,
        sensors.oil_bar + (oil_bar - sensors.oil_bar) * pressure,
        sensors.charge_bar + (CHARGE_PRESSURE_BAR * load_pu - sensors.charge_bar) * pressure,
    )
    return after
