"""An energy meter: what flows through one point of the bus, per phase, and the energy that has passed."""

from dataclasses import field, replace
from math import sqrt
from operator import add
from typing import Annotated

from twin_tui.engine import bounds
from twin_tui.engine.bounds import NotNegative, Positive, Range
from twin_tui.engine.device import DeviceState, DeviceType, FaultKind, Stage, Status, fault_constraints
from twin_tui.engine.devices.meter_demand import BLOCK, SLIDING, Demand, add_slot, begin, block_ends
from twin_tui.engine.devices.meter_registers import NO_REACTIVE, Registers, add_reactive, first_readings
from twin_tui.engine.devices.terminals import Phases
from twin_tui.engine.physics.electrical import NO_VOLTAGE_PU, line_voltages, neutral_current
from twin_tui.engine.physics.noise import generator
from twin_tui.engine.signals import commanded, derive, measured, new, signals_of, value
from twin_tui.engine.surroundings import Surroundings
from twin_tui.engine.why import Why


@value
class MeterParams:
    """What a meter is. Its gain errors follow from the accuracy class and the site's seed."""

    accuracy_class: Annotated[float, Range(0.0, 20.0)] = 0.0
    """Largest error of the current channels, %: 0.5 for a class 0.5 meter, 0 for a perfect one."""
    current_transformer_ratio: Positive = 1.0
    """Ratio of the transformers as they are built in; the command says what the meter takes it for."""
    voltage_transformer_ratio: Positive = 1.0
    """The same for voltages."""
    drift_per_hour: Annotated[float, Range(-10.0, 10.0)] = 0.05
    """How fast the gain runs away under the fault sensor_drift, 1/h."""
    initial_import_wh: NotNegative = 0.0
    """Reading of the import register at the start; those of the phases start with a third of it each."""
    initial_import_phases_wh: tuple[float, ...] = ()
    """Readings of the phases a, b and c in place of thirds; without a reading of the sum, theirs."""
    initial_export_wh: NotNegative = 0.0
    """Reading of the export register, likewise."""
    initial_export_phases_wh: tuple[float, ...] = ()
    """Readings of its phases."""
    initial_q1_varh: NotNegative = 0.0
    """Reading of the reactive register of quadrant 1, likewise."""
    initial_q1_phases_varh: tuple[float, ...] = ()
    """Readings of its phases."""
    initial_q2_varh: NotNegative = 0.0
    """Of quadrant 2."""
    initial_q2_phases_varh: tuple[float, ...] = ()
    """Readings of its phases."""
    initial_q3_varh: NotNegative = 0.0
    """Of quadrant 3."""
    initial_q3_phases_varh: tuple[float, ...] = ()
    """Readings of its phases."""
    initial_q4_varh: NotNegative = 0.0
    """Of quadrant 4."""
    initial_q4_phases_varh: tuple[float, ...] = ()
    """Readings of its phases."""
    gains: Phases = field(default=(1.0, 1.0, 1.0), init=False)
    readings: tuple[float, ...] = field(init=False)
    """Of all energy registers, in the order of their signals."""

    def __post_init__(self) -> None:
        bounds.check(self, "a meter")
        names = [(f"initial_{what}_wh", f"initial_{what}_phases_wh") for what in ("import", "export")]
        names += [(f"initial_q{q}_varh", f"initial_q{q}_phases_varh") for q in (1, 2, 3, 4)]
        readings = (
            first_readings(getattr(self, whole), phases, getattr(self, phases)) for whole, phases in names
        )
        derive(self, readings=tuple(each for four in readings for each in four))


@value
class MeterCommands:
    """What can be set on a meter."""

    current_transformer_ratio: float = commanded(
        1.0, "Current transformer ratio that the meter reckons with", "1", low=0.001, high=100_000
    )
    voltage_transformer_ratio: float = commanded(
        1.0, "Voltage transformer ratio that the meter reckons with", "1", low=0.001, high=100_000
    )
    demand_interval_s: float = commanded(900.0, "Interval of the demand average", "s", low=1, high=86_400)
    demand_method: int = commanded(
        SLIDING,
        "Course of the demand interval; blocks begin at local midnight",
        options={SLIDING: "Sliding", BLOCK: "Block"},
    )
    reset_demand: int = commanded(0, "1 resets the greatest demand", low=0, high=65535, momentary=True)


@value
class MeterState(DeviceState):
    """How a meter is after a step. It puts nothing onto the bus itself; what it measures is + on import."""

    status: Status = Status.RUNNING
    phases_w: Phases = (0.0, 0.0, 0.0)
    phases_var: Phases = (0.0, 0.0, 0.0)
    imported_wh: Registers = (0.0, 0.0, 0.0, 0.0)
    exported_wh: Registers = (0.0, 0.0, 0.0, 0.0)
    reactive_varh: tuple[float, ...] = NO_REACTIVE
    """Of the four quadrants one after the other, each as the registers above."""
    demand: Demand = field(default_factory=Demand)
    slot_wh: float = 0.0
    """Imported in the slot of the demand that is filling, and its ticks so far."""
    slot_ticks: int = 0
    drift_ticks: int = 0


@value
class MeterTelemetry:
    """What a meter shows. Powers are + when the site, or the metered group, takes from the bus."""

    active_power_w: float = measured("Active power, + import", "W")
    active_power_a_w: float = measured("Active power of phase a, + import", "W")
    active_power_b_w: float = measured("Active power of phase b, + import", "W")
    active_power_c_w: float = measured("Active power of phase c, + import", "W")
    reactive_power_var: float = measured("Reactive power, + import", "var")
    reactive_power_a_var: float = measured("Reactive power of phase a, + import", "var")
    reactive_power_b_var: float = measured("Reactive power of phase b, + import", "var")
    reactive_power_c_var: float = measured("Reactive power of phase c, + import", "var")
    apparent_power_va: float = measured("Apparent power, √(P² + Q²) of the sums", "VA", low=0)
    apparent_power_a_va: float = measured("Apparent power of phase a", "VA", low=0)
    apparent_power_b_va: float = measured("Apparent power of phase b", "VA", low=0)
    apparent_power_c_va: float = measured("Apparent power of phase c", "VA", low=0)
    power_factor: float = measured(
        "Power factor P/S, negative on export, 1 without power", "1", low=-1, high=1
    )
    power_factor_a: float = measured("Power factor of phase a", "1", low=-1, high=1)
    power_factor_b: float = measured("Power factor of phase b", "1", low=-1, high=1)
    power_factor_c: float = measured("Power factor of phase c", "1", low=-1, high=1)
    frequency_hz: float = measured("Frequency", "Hz", low=0)
    import_energy_wh: float = measured("Energy imported, phases netted", "Wh", low=0)
    import_energy_a_wh: float = measured("Energy imported over phase a", "Wh", low=0)
    import_energy_b_wh: float = measured("Energy imported over phase b", "Wh", low=0)
    import_energy_c_wh: float = measured("Energy imported over phase c", "Wh", low=0)
    export_energy_wh: float = measured("Energy exported, phases netted", "Wh", low=0)
    export_energy_a_wh: float = measured("Energy exported over phase a", "Wh", low=0)
    export_energy_b_wh: float = measured("Energy exported over phase b", "Wh", low=0)
    export_energy_c_wh: float = measured("Energy exported over phase c", "Wh", low=0)
    reactive_energy_q1_varh: float = measured(
        "Reactive energy of quadrant 1: P and Q imported", "varh", low=0
    )
    reactive_energy_q1_a_varh: float = measured("Reactive energy of quadrant 1, phase a", "varh", low=0)
    reactive_energy_q1_b_varh: float = measured("Reactive energy of quadrant 1, phase b", "varh", low=0)
    reactive_energy_q1_c_varh: float = measured("Reactive energy of quadrant 1, phase c", "varh", low=0)
    reactive_energy_q2_varh: float = measured(
        "Reactive energy of quadrant 2: P exported, Q imported", "varh", low=0
    )
    reactive_energy_q2_a_varh: float = measured("Reactive energy of quadrant 2, phase a", "varh", low=0)
    reactive_energy_q2_b_varh: float = measured("Reactive energy of quadrant 2, phase b", "varh", low=0)
    reactive_energy_q2_c_varh: float = measured("Reactive energy of quadrant 2, phase c", "varh", low=0)
    reactive_energy_q3_varh: float = measured(
        "Reactive energy of quadrant 3: P and Q exported", "varh", low=0
    )
    reactive_energy_q3_a_varh: float = measured("Reactive energy of quadrant 3, phase a", "varh", low=0)
    reactive_energy_q3_b_varh: float = measured("Reactive energy of quadrant 3, phase b", "varh", low=0)
    reactive_energy_q3_c_varh: float = measured("Reactive energy of quadrant 3, phase c", "varh", low=0)
    reactive_energy_q4_varh: float = measured(
        "Reactive energy of quadrant 4: P imported, Q exported", "varh", low=0
    )
    reactive_energy_q4_a_varh: float = measured("Reactive energy of quadrant 4, phase a", "varh", low=0)
    reactive_energy_q4_b_varh: float = measured("Reactive energy of quadrant 4, phase b", "varh", low=0)
    reactive_energy_q4_c_varh: float = measured("Reactive energy of quadrant 4, phase c", "varh", low=0)
    voltage_a_v: float = measured("Voltage of phase a to neutral", "V", low=0)
    voltage_b_v: float = measured("Voltage of phase b to neutral", "V", low=0)
    voltage_c_v: float = measured("Voltage of phase c to neutral", "V", low=0)
    voltage_ab_v: float = measured("Line voltage a to b", "V", low=0)
    voltage_bc_v: float = measured("Line voltage b to c", "V", low=0)
    voltage_ca_v: float = measured("Line voltage c to a", "V", low=0)
    current_a_a: float = measured("Current of phase a", "A", low=0)
    current_b_a: float = measured("Current of phase b", "A", low=0)
    current_c_a: float = measured("Current of phase c", "A", low=0)
    current_n_a: float = measured("Current of the neutral", "A", low=0)
    demand_w: float = measured(
        "Mean import over the demand interval, or over the last whole block", "W", low=0
    )
    max_demand_w: float = measured("Greatest mean import over one whole interval", "W", low=0)
    fault_code: int = measured("Code of the first fault, 0 for none", low=0, high=65535)


_MEASURED = tuple(name for name in signals_of(MeterTelemetry) if name != "fault_code")

FAULTS = (
    FaultKind("sensor_stuck", 4001, "The measured powers no longer change", latched=False),
    FaultKind("sensor_drift", 4002, "The gain of the current channels runs away", latched=False),
    FaultKind(
        "ct_reversed", 4003, "The current transformer of phase a sits the wrong way round", latched=False
    ),
    FaultKind("phase_loss", 4004, "The voltage input of phase c is open", latched=False),
)
_STUCK, _DRIFT, _REVERSED, _PHASE_LOSS = 1, 2, 4, 8

fill = MeterState.__init__


def prepare(params: MeterParams, name: str, seed: int, dt_s: float) -> MeterParams:
    """Return the parameters with the gain errors that this site's seed gives the meter of that name."""
    if not params.accuracy_class:
        return params
    random = generator(seed, f"{name} accuracy")
    a, b, c = (1.0 + params.accuracy_class / 100.0 * random.uniform(-1.0, 1.0) for _ in range(3))
    prepared = replace(params)
    derive(prepared, gains=(a, b, c))
    return prepared


def step(
    params: MeterParams, state: MeterState, commands: MeterCommands, surroundings: Surroundings
) -> MeterState:
    """Measure one tick.

    The registers of the sum count the net of the three phases of each tick, as a three-phase meter that
    settles energy does: 1 kW imported over one phase and 1 kW exported over another count as nothing. The
    registers of a phase count that phase alone.
    """
    dt_s = surroundings.dt_s
    causes = state.causes
    gain_a, gain_b, gain_c = params.gains
    scale = (commands.current_transformer_ratio / params.current_transformer_ratio) * (
        commands.voltage_transformer_ratio / params.voltage_transformer_ratio
    )
    drift_ticks = 0
    if causes:
        if causes & _DRIFT:
            drift_ticks = state.drift_ticks + 1
            scale *= 1.0 + params.drift_per_hour * drift_ticks * dt_s / 3600.0
        if causes & _REVERSED:
            gain_a = -gain_a
        if causes & _PHASE_LOSS:
            gain_c = 0.0
    if causes & _STUCK:
        a, b, c = state.phases_w
        phases_var = state.phases_var
    else:
        gain_a *= scale
        gain_b *= scale
        gain_c *= scale
        a, b, c = (
            surroundings.grid_a_w * gain_a,
            surroundings.grid_b_w * gain_b,
            surroundings.grid_c_w * gain_c,
        )
        phases_var = (
            surroundings.grid_a_var * gain_a,
            surroundings.grid_b_var * gain_b,
            surroundings.grid_c_var * gain_c,
        )
    total = a + b + c
    hours = dt_s / 3600.0
    in_sum, in_a, in_b, in_c = state.imported_wh
    out_sum, out_a, out_b, out_c = state.exported_wh
    imported = 0.0
    if total > 0.0:
        imported = total * hours
        in_sum += imported
    else:
        out_sum -= total * hours
    if a > 0.0:
        in_a += a * hours
    else:
        out_a -= a * hours
    if b > 0.0:
        in_b += b * hours
    else:
        out_b -= b * hours
    if c > 0.0:
        in_c += c * hours
    else:
        out_c -= c * hours
    reactive = state.reactive_varh
    var_a, var_b, var_c = phases_var
    if var_a or var_b or var_c:
        var = var_a + var_b + var_c, var_a, var_b, var_c
        reactive = add_reactive(reactive, (total, a, b, c), var, hours)
    demand, slot_wh, slot_ticks = state.demand, state.slot_wh + imported, state.slot_ticks + 1
    if commands.reset_demand == 1:
        demand = replace(demand, greatest_w=0.0)
    if demand.interval_s != commands.demand_interval_s or demand.method != commands.demand_method:
        demand = begin(demand, commands.demand_interval_s, commands.demand_method, dt_s)
        slot_wh, slot_ticks = imported, 1
    if slot_ticks >= demand.slot_ticks or (demand.method == BLOCK and block_ends(demand, surroundings)):
        demand = add_slot(demand, slot_wh, slot_ticks, dt_s)
        slot_wh, slot_ticks = 0.0, 0
    after = new(MeterState)
    fill(
        after,
        0.0,
        0.0,
        Status.FAULT if causes else Status.RUNNING,
        causes,
        causes,
        (a, b, c),
        phases_var,
        (in_sum, in_a, in_b, in_c),
        (out_sum, out_a, out_b, out_c),
        reactive,
        demand,
        slot_wh,
        slot_ticks,
        drift_ticks,
    )
    return after


def observe(
    params: MeterParams, state: MeterState, commands: MeterCommands, surroundings: Surroundings
) -> MeterTelemetry:
    """Return what the meter shows at this tick."""
    (w_a, w_b, w_c), (var_a, var_b, var_c) = state.phases_w, state.phases_var
    total_w, total_var = w_a + w_b + w_c, var_a + var_b + var_c
    va = sqrt(total_w * total_w + total_var * total_var)
    va_a, va_b = sqrt(w_a * w_a + var_a * var_a), sqrt(w_b * w_b + var_b * var_b)
    va_c = sqrt(w_c * w_c + var_c * var_c)
    scale_v = surroundings.nominal_v * commands.voltage_transformer_ratio / params.voltage_transformer_ratio
    pu_a, pu_b = surroundings.va_pu, surroundings.vb_pu
    pu_c = 0.0 if state.faults & _PHASE_LOSS else surroundings.vc_pu
    volts_a, volts_b, volts_c = pu_a * scale_v, pu_b * scale_v, pu_c * scale_v
    amps_a = va_a / volts_a if pu_a > NO_VOLTAGE_PU else 0.0
    amps_b = va_b / volts_b if pu_b > NO_VOLTAGE_PU else 0.0
    amps_c = va_c / volts_c if pu_c > NO_VOLTAGE_PU else 0.0
    neutral_a = neutral_current(
        # each current lags its voltage by its own angle
        complex(w_a / volts_a, -var_a / volts_a) if pu_a > NO_VOLTAGE_PU else 0j,
        complex(w_b / volts_b, -var_b / volts_b) if pu_b > NO_VOLTAGE_PU else 0j,
        complex(w_c / volts_c, -var_c / volts_c) if pu_c > NO_VOLTAGE_PU else 0j,
    )
    in_order = (
        *(total_w, w_a, w_b, w_c),
        *(total_var, var_a, var_b, var_c),
        *(va, va_a, va_b, va_c),
        _power_factor(total_w, va),
        *(_power_factor(w_a, va_a), _power_factor(w_b, va_b), _power_factor(w_c, va_c)),
        surroundings.frequency_hz,
        *map(add, params.readings, (*state.imported_wh, *state.exported_wh, *state.reactive_varh)),
        *(volts_a, volts_b, volts_c, *line_voltages(volts_a, volts_b, volts_c)),
        *(amps_a, amps_b, amps_c, neutral_a),
        *(state.demand.mean_w, state.demand.greatest_w),
    )
    measured_now = dict(zip(_MEASURED, in_order, strict=True))
    return MeterTelemetry(**measured_now, fault_code=METER.fault_code(state.faults))


def _power_factor(p_w: float, s_va: float) -> float:
    if not s_va > 1e-9:
        return 1.0
    found = p_w / s_va
    return -1.0 if found < -1.0 else 1.0 if found > 1.0 else found


def explain(
    params: MeterParams, state: MeterState, commands: MeterCommands, surroundings: Surroundings
) -> Why:
    """Return the faults of the meter."""
    return Why(fault_constraints(FAULTS, state))


METER = DeviceType(
    kind="meter",
    title="Energy meter",
    params=MeterParams,
    commands=MeterCommands,
    telemetry=MeterTelemetry,
    initial=lambda params: MeterState(),
    step=step,
    observe=observe,
    stage=Stage.METER,
    faults=FAULTS,
    aliases=("energy_meter",),
    explain=explain,
    prepare=prepare,
)
