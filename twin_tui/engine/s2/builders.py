"""The S2 descriptions of the device types that come with the package, made from their parameters."""

from itertools import pairwise, permutations
from math import fsum, inf
from typing import Any

from twin_tui.engine.device import Described, Status
from twin_tui.engine.physics.charger import charging_loss, discharging_loss
from twin_tui.engine.s2.model import (
    L1,
    SYMMETRIC,
    Actuator,
    ControlType,
    Element,
    EnvelopeDescription,
    FillTarget,
    Leakage,
    ModeDescription,
    OperationMode,
    PowerRange,
    ProfileDescription,
    Sequence,
    Storage,
    Timer,
    Transition,
)
from twin_tui.engine.surroundings import Surroundings

IDLE, CHARGE, DISCHARGE = "idle", "charge", "discharge"
OFF, RUN, HEAT = "off", "run", "heat"
LEAST_CURRENT_A = 6.0
"""What a pilot offers at least, IEC 61851-1."""
_ZONE_STEPS = 4
_DAY_MS = 86_400_000


def quantity_of(device: Described) -> str:
    """Return the S2 quantity of a device's power: three phases alike, or one, in S2 always L1."""
    shares = device.type.shares
    return SYMMETRIC if shares is None or max(shares(device.params, device.state)) < 1.0 else L1


def freely(*modes: str) -> tuple[Transition, ...]:
    """Return a transition from every mode to every other, at once."""
    return tuple(Transition(f"{a}-{b}", a, b) for a, b in permutations(modes, 2))


def _factor(now_w: float, start_w: float, end_w: float) -> float:
    """Return the factor at which a range between two powers comes closest to the present one."""
    share = (now_w - start_w) / (end_w - start_w) if end_w != start_w else 0.0
    return min(1.0, max(0.0, share))


def _steps(low: float, high: float) -> list[float]:
    return [low + (high - low) * step / _ZONE_STEPS for step in range(_ZONE_STEPS + 1)]


def _at_rest(quantity: str, low: float = -inf, high: float = inf) -> tuple[Element, ...]:
    return (Element((PowerRange(0.0, 0.0, quantity),), low, high),)


def battery_frbc(device: Described, surroundings: Surroundings) -> ModeDescription:
    """Describe a battery: idle, charge from 0 to its limit, discharge from its limit to 0.

    Where the limits of the state of charge reduce the power, elements of a quarter of that zone carry the
    power of their middle.
    """
    params, commands, quantity = device.params, device.commands, quantity_of(device)
    per_s = 1.0 / (3600.0 * device.telemetry(surroundings).capacity_wh)
    low_2, low_1 = commands.soc_lower_limit_2, commands.soc_lower_limit_1
    high_1, high_2 = commands.soc_upper_limit_1, commands.soc_upper_limit_2

    def charging(low: float, high: float, share: float) -> Element:
        power = params.max_charge_w * share
        rate = power * params.charge_efficiency * per_s
        return Element((PowerRange(0.0, power, quantity),), low, high, 0.0, rate)

    def discharging(low: float, high: float, share: float) -> Element:
        power = params.max_discharge_w * share
        rate = power / params.discharge_efficiency * per_s
        return Element((PowerRange(-power, 0.0, quantity),), low, high, -rate, 0.0)

    charge = [charging(0.0, high_1, 1.0)]
    if high_2 > high_1:
        middle = [
            (a, b, (high_2 - (a + b) / 2) / (high_2 - high_1)) for a, b in pairwise(_steps(high_1, high_2))
        ]
        charge += [charging(*zone) for zone in middle]
    if high_2 < 1.0:
        charge.append(charging(high_2, 1.0, 0.0))
    discharge = [discharging(0.0, low_2, 0.0)] if low_2 > 0.0 else []
    if low_1 > low_2:
        middle = [(a, b, ((a + b) / 2 - low_2) / (low_1 - low_2)) for a, b in pairwise(_steps(low_2, low_1))]
        discharge += [discharging(*zone) for zone in middle]
    discharge.append(discharging(low_1, 1.0, 1.0))
    modes = (
        OperationMode(IDLE, _at_rest(quantity, 0.0, 1.0)),
        OperationMode(CHARGE, tuple(charge)),
        OperationMode(DISCHARGE, tuple(discharge)),
    )
    converter = Actuator("converter", modes, freely(IDLE, CHARGE, DISCHARGE), initial=IDLE)
    standby_w = getattr(params, "standby_w", 0.0)
    leakage = (Leakage(0.0, 1.0, standby_w * per_s),) if standby_w else ()
    storage = Storage(low_2, high_2, label="battery", leakage=leakage)
    return ModeDescription(ControlType.FRBC, (converter,), storage)


def pv_pebc(device: Described, surroundings: Surroundings) -> EnvelopeDescription:
    """Describe a PV plant: what it feeds in can be limited between nothing and its rating."""
    return EnvelopeDescription(
        upper=(0.0, 0.0), lower=(-device.params.rated_w, 0.0), quantity=quantity_of(device)
    )


def ev_frbc(device: Described, surroundings: Surroundings) -> ModeDescription:
    """Describe a charging station: idle, charge between 6 A a phase and its limit, discharge where it can.

    Above the knee of the vehicle's taper, elements of a quarter of the rest carry the power of their middle.
    """
    params, quantity = device.params, quantity_of(device)
    seen = device.telemetry(surroundings)
    phases = seen.phases_active
    least_w = LEAST_CURRENT_A * phases * surroundings.nominal_v
    most_w = min(params.max_charge_power_w, params.max_current_a * phases * surroundings.nominal_v)
    per_s = 1.0 / (3600.0 * params.capacity_wh)

    def filling(power_w: float) -> float:
        loss = charging_loss(power_w, params.charging_efficiency, params.charging_loss_w)
        return float((power_w - loss) * per_s)

    knee = params.taper_from_soc

    def charging(low: float, high: float) -> Element:
        fall = (
            (1.0 - params.taper_to_pu) * max(0.0, (low + high) / 2 - knee) / (1.0 - knee)
            if knee < 1.0
            else 0.0
        )
        power_w = max(least_w, most_w * (1.0 - fall)) if low >= knee else most_w
        rates = filling(least_w), filling(power_w)
        return Element((PowerRange(least_w, power_w, quantity),), low, high, *rates)

    zones = [(0.0, knee)] if knee > 0.0 else []
    zones += list(pairwise(_steps(knee, 1.0))) if knee < 1.0 else []
    targets: tuple[FillTarget, ...] = ()
    if seen.time_to_departure_s > 0.0:
        until_ms = round(seen.time_to_departure_s * 1000)
        targets = (
            FillTarget(until_ms, 0.0, 1.0),
            FillTarget(3_600_000, min(seen.target_soc, params.max_soc), 1.0),
        )
    modes = [
        OperationMode(IDLE, _at_rest(quantity, 0.0, 1.0)),
        OperationMode(CHARGE, tuple(charging(*zone) for zone in zones)),
    ]
    if params.max_discharge_power_w and params.min_soc < 1.0:
        give_w = min(params.max_discharge_power_w, params.max_current_a * phases * surroundings.nominal_v)
        loss = discharging_loss(give_w, params.discharging_efficiency, params.charging_loss_w)
        power = (PowerRange(-give_w, 0.0, quantity),)
        discharge = [Element(power, params.min_soc, 1.0, -(give_w + loss) * per_s, 0.0)]
        if params.min_soc > 0.0:
            discharge.insert(0, Element((PowerRange(0.0, 0.0, quantity),), 0.0, params.min_soc))
        modes.append(OperationMode(DISCHARGE, tuple(discharge)))
    station = Actuator("station", tuple(modes), freely(*(mode.id for mode in modes)), initial=IDLE)
    storage = Storage(0.0, params.max_soc, label="vehicle", targets=targets)
    return ModeDescription(ControlType.FRBC, (station,), storage)


def appliance_ombc(device: Described, surroundings: Surroundings) -> ModeDescription:
    """Describe an appliance: off, or run; a run holds for its whole duration and then ends.

    What runs already is described as running, here and in the other kinds that do not stop at once.
    """
    params, quantity = device.params, quantity_of(device)
    whole = fsum(params.profile)
    mean_w = params.consumption_wh * 3600.0 / params.duration_s
    spans_w = [height / whole * len(params.profile) * mean_w for height in params.profile]
    run = Element((PowerRange(min(w for w in spans_w if w), max(spans_w), quantity),))
    seen = device.telemetry(surroundings)
    timer = Timer("programme", round(params.duration_s * 1000), left_ms=round(seen.remaining_s * 1000))
    modes = (OperationMode(OFF, _at_rest(quantity)), OperationMode(RUN, (run,), ends_in=OFF))
    changes = (
        Transition("start", OFF, RUN, start_timers=(timer.id,)),
        Transition("stop", RUN, OFF, blocking_timers=(timer.id,)),
    )
    programme = Actuator("programme", modes, changes, (timer,), initial=RUN if seen.running else OFF)
    return ModeDescription(ControlType.OMBC, (programme,))


def appliance_ppbc(device: Described, surroundings: Surroundings) -> ProfileDescription:
    """Describe an appliance's programme as one profile to be run once within the next day."""
    params = device.params
    span_ms = params.duration_s * 1000.0 / len(params.profile)
    whole = fsum(params.profile)
    per_share_w = params.consumption_wh * 3600.0 / params.duration_s * len(params.profile) / whole
    borders = [round(span_ms * number) for number in range(len(params.profile) + 1)]
    elements = tuple(
        (end - begin, height * per_share_w)
        for (begin, end), height in zip(pairwise(borders), params.profile, strict=True)
    )
    return ProfileDescription((Sequence("programme", elements, quantity_of(device)),), _DAY_MS)


def chp_ddbc(device: Described, surroundings: Surroundings) -> ModeDescription:
    """Describe a CHP: off, or run between its greatest and its least load; the supply is its heat in W.

    Its least run time and its least rest are timers.
    """
    params, quantity = device.params, quantity_of(device)
    least_w, most_w = params.min_load_pu * params.rated_w, params.max_load_pu * params.rated_w
    heat = params.heat_to_power_ratio
    start_s = params.starting_s + params.warmup_s + params.idle_s + params.synchronizing_s
    running = device.state.status is Status.RUNNING
    seen = device.telemetry(surroundings)
    run_time = Timer("run time", round(params.min_run_s * 1000), left_ms=round(seen.run_left_s * 1000))
    rest_s = params.min_rest_s + params.stopping_s if params.min_rest_s else 0.0
    rest = Timer("rest", round(rest_s * 1000), left_ms=round(seen.rest_left_s * 1000))
    run = Element(
        (PowerRange(-most_w, -least_w, quantity),), rate_start=heat * most_w, rate_end=heat * least_w
    )
    engine = Actuator(
        "engine",
        (OperationMode(OFF, _at_rest(quantity)), OperationMode(RUN, (run,))),
        (
            Transition(
                "start",
                OFF,
                RUN,
                start_timers=(run_time.id,),
                blocking_timers=(rest.id,),
                duration_ms=round(start_s * 1000),
            ),
            Transition(
                "stop",
                RUN,
                OFF,
                start_timers=(rest.id,),
                blocking_timers=(run_time.id,),
                duration_ms=round(params.stopping_s * 1000),
            ),
        ),
        (run_time, rest),
        initial=RUN if running else OFF,
        initial_factor=_factor(device.state.active_power_w, most_w, least_w) if running else 0.0,
        commodities=("ELECTRICITY", "GAS", "HEAT"),
        device_takes_time=True,
    )
    return ModeDescription(ControlType.DDBC, (engine,), demand=(0.0, heat * most_w))


def heat_pump_ddbc(device: Described, surroundings: Surroundings) -> ModeDescription:
    """Describe a heat pump or boiler: off, or heat; power follows from heat by the present COP.

    The rest that the compressor needs between two runs is a timer.
    """
    params, quantity = device.params, quantity_of(device)
    state: Any = device.state
    seen = device.telemetry(surroundings)
    least_w, most_w = params.min_modulation * params.rated_heat_w, params.rated_heat_w
    heat = Element(
        (PowerRange(least_w / seen.cop, most_w / seen.cop, quantity),), rate_start=least_w, rate_end=most_w
    )
    rested_ms = state.rest_ticks * surroundings.dt_s * 1000.0
    pause_ms = params.min_pause_s * 1000.0
    left_ms = 0.0 if seen.running else max(0.0, pause_ms - rested_ms)
    pause = Timer("pause", round(pause_ms), left_ms=round(left_ms))
    compressor = Actuator(
        "compressor",
        (OperationMode(OFF, _at_rest(quantity)), OperationMode(HEAT, (heat,))),
        (
            Transition("start", OFF, HEAT, blocking_timers=(pause.id,)),
            Transition("stop", HEAT, OFF, start_timers=(pause.id,)),
        ),
        (pause,),
        initial=HEAT if seen.running else OFF,
        initial_factor=_factor(seen.heat_power_w, least_w, most_w) if seen.running else 0.0,
        commodities=("ELECTRICITY", "HEAT"),
    )
    return ModeDescription(ControlType.DDBC, (compressor,), demand=(seen.heat_demand_w, seen.heat_demand_w))
