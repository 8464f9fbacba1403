"""A PV plant: modules on the DC side, an inverter on the AC side."""

from dataclasses import field
from enum import Enum
from math import exp, sqrt

from twin_tui.engine.device import DeviceType, FaultKind, Stage, Status, settle_faults
from twin_tui.engine.physics.electrical import limit_apparent_power, reactive_power
from twin_tui.engine.physics.pv import (
    dc_power,
    dc_voltage,
    faiman_cell_temperature,
    inverter_ac_power,
    inverter_dc_power,
    noct_cell_temperature,
)
from twin_tui.engine.physics.sun import Plane, plane, plane_irradiance
from twin_tui.engine.signals import commanded, measured, value
from twin_tui.engine.surroundings import Surroundings

_SQRT3 = sqrt(3.0)
NO_LIMIT_W = 1e9


class CellModel(Enum):
    """How the cell temperature follows from light, air and wind."""

    NOCT = "noct"
    FAIMAN = "faiman"


@value
class PvParams:
    """What a PV plant is."""

    rated_w: float
    """AC rating of the inverter, W."""
    peak_w: float
    """Power of the modules at 1000 W/m² and 25 °C, W: area · efficiency · 1000 W/m²."""
    rated_va: float | None = None
    """Apparent power that the inverter's current allows, VA; None is the AC rating."""
    tilt_deg: float = 30.0
    azimuth_deg: float = 180.0
    """Where the modules look, clockwise from north."""
    albedo: float = 0.2
    dc_loss_fraction: float = 0.0
    """Soiling, mismatch, wiring: what never reaches the inverter."""
    cell_model: CellModel = CellModel.NOCT
    noct_c: float = 45.0
    gamma_per_k: float = -0.004
    nominal_efficiency: float = 0.96
    ramp_w_per_s: float = 1e9
    q_priority: bool = False
    vmp_v: float = 600.0
    voc_v: float = 720.0
    inverter_rise_k: float = 35.0
    """How much warmer than the air the inverter gets at full load."""
    inverter_tau_s: float = 1800.0
    over_temperature_c: float = 90.0
    initial_total_wh: float = 0.0
    s_max_va: float = field(init=False)
    surface: Plane = field(init=False)
    k_per_w: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "s_max_va", self.rated_w if self.rated_va is None else self.rated_va)
        object.__setattr__(self, "surface", plane(self.tilt_deg, self.azimuth_deg))
        full_loss_w = self.rated_w * (1.0 / self.nominal_efficiency - 1.0)
        object.__setattr__(self, "k_per_w", self.inverter_rise_k / full_loss_w if full_loss_w > 0 else 0.0)


@value
class PvCommands:
    """What an energy manager can tell a PV inverter."""

    on: bool = commanded(True, "Run command")
    active_power_limit_pu: float = commanded(
        1.0, "Most active power, as a share of the rating", "1", low=0.0, high=1.0
    )
    active_power_limit_w: float = commanded(NO_LIMIT_W, "Most active power", "W", low=0.0)
    reactive_power_pu: float = commanded(
        0.0, "Reactive power asked for, as a share of the rating", "1", low=-1.0, high=1.0
    )
    reactive_power_setpoint_var: float = commanded(0.0, "Reactive power asked for", "var")
    power_factor_setpoint: float = commanded(
        1.0,
        "Power factor asked for while no reactive power is; + injects vars, 0 is not set",
        "1",
        low=-1.0,
        high=1.0,
    )
    fault_reset: int = commanded(0, "1 resets latched faults", low=0, high=65535, momentary=True)


@value
class PvState:
    """How a PV plant is after a step."""

    active_power_w: float
    reactive_power_var: float
    status: Status
    causes: int
    faults: int
    dc_power_w: float
    day_wh: float
    total_wh: float
    inverter_c: float
    weather_tick: int
    """The weather that the next five values belong to: they move once a second, not once a tick."""
    day_s: float
    plane_w_m2: float
    cell_c: float
    dc_available_w: float
    ac_available_w: float


@value
class PvTelemetry:
    """What a PV plant shows."""

    inverter_status: int = measured(
        "Condition as a number", options={0: "Off or standby", 1: "Running", 2: "Fault"}
    )
    dc_power_w: float = measured("Power from the modules", "W", low=0)
    active_power_w: float = measured("Active power", "W")
    reactive_power_var: float = measured("Reactive power, + into the grid", "var")
    apparent_power_va: float = measured("Apparent power", "VA", low=0)
    power_factor: float = measured("Active over apparent power", "1", low=0, high=1)
    frequency_hz: float = measured("Grid frequency at the terminals", "Hz", low=0)
    day_energy_wh: float = measured("Energy delivered since local midnight", "Wh", low=0)
    total_energy_wh: float = measured("Energy delivered since commissioning", "Wh", low=0)
    inverter_temperature_c: float = measured("Temperature of the inverter", "degC")
    cell_temperature_c: float = measured("Temperature of the modules' cells", "degC")
    fault_code: int = measured("Code of the first fault, 0 for none", low=0, high=65535)
    voltage_a_v: float = measured("Voltage of phase a to neutral", "V", low=0)
    voltage_b_v: float = measured("Voltage of phase b to neutral", "V", low=0)
    voltage_c_v: float = measured("Voltage of phase c to neutral", "V", low=0)
    voltage_ab_v: float = measured("Line voltage a to b", "V", low=0)
    voltage_bc_v: float = measured("Line voltage b to c", "V", low=0)
    voltage_ca_v: float = measured("Line voltage c to a", "V", low=0)
    current_a_a: float = measured("Current of phase a", "A", low=0)
    current_b_a: float = measured("Current of phase b", "A", low=0)
    current_c_a: float = measured("Current of phase c", "A", low=0)
    dc_voltage_v: float = measured("Voltage of the modules' strings", "V", low=0)
    dc_current_a: float = measured("Current of the modules", "A", low=0)
    irradiance_w_m2: float = measured("Irradiance in the plane of the modules", "W/m2", low=0)
    available_power_w: float = measured("Active power that the sun would allow", "W", low=0)


FAULTS = (
    FaultKind("over_temperature", 2001, "The inverter is too hot", latched=False),
    FaultKind("isolation", 2002, "The isolation of the DC side is too low"),
    FaultKind("emergency_stop", 2003, "The emergency stop is pressed"),
)
_LATCHING = 0b110


def initial(params: PvParams) -> PvState:
    """Return a plant at rest that has not seen the sun yet."""
    return PvState(
        active_power_w=0.0,
        reactive_power_var=0.0,
        status=Status.STANDBY,
        causes=0,
        faults=0,
        dc_power_w=0.0,
        day_wh=0.0,
        total_wh=params.initial_total_wh,
        inverter_c=20.0,
        weather_tick=-1,
        day_s=0.0,
        plane_w_m2=0.0,
        cell_c=20.0,
        dc_available_w=0.0,
        ac_available_w=0.0,
    )


def harvest(params: PvParams, around: Surroundings) -> tuple[float, float, float, float]:
    """Return irradiance in the plane (W/m²), cell temperature (°C), DC power and AC power possible (W)."""
    light = around.ghi_w_m2
    if around.sun is not None:
        light = plane_irradiance(light, around.unix_s, around.sun, params.surface, params.albedo)
    if params.cell_model is CellModel.NOCT:
        cell = noct_cell_temperature(around.ambient_c, light, params.noct_c)
    else:
        cell = faiman_cell_temperature(around.ambient_c, light, around.wind_m_s)
    dc = dc_power(light, cell, params.peak_w, params.gamma_per_k) * (1.0 - params.dc_loss_fraction)
    return light, cell, dc, inverter_ac_power(dc, params.rated_w, params.nominal_efficiency)


def step(params: PvParams, state: PvState, commands: PvCommands, around: Surroundings) -> PvState:
    """Advance a PV plant by one tick.

    The sun sets what is possible, curtailment and the inverter's current what is allowed; power rises, and
    falls on command, at the ramp rate, but never stays above what the sun gives.
    """
    dt_s = around.dt_s
    day_wh = state.day_wh
    if around.weather_tick != state.weather_tick:
        light, cell, dc_available, ac_available = harvest(params, around)
        if around.day_s < state.day_s:
            day_wh = 0.0
    else:
        light, cell = state.plane_w_m2, state.cell_c
        dc_available, ac_available = state.dc_available_w, state.ac_available_w

    faults = state.faults
    if faults or state.causes:
        faults = settle_faults(faults, state.causes, _LATCHING, commands.fault_reset == 1)
    power = var = dc = 0.0
    if faults:
        status = Status.FAULT
    elif not commands.on:
        status = Status.OFF
    elif not around.grid_live:
        status = Status.TRIPPED
    elif ac_available <= 0.0:
        status = Status.STANDBY
    else:
        status = Status.RUNNING
        target = params.rated_w * commands.active_power_limit_pu
        target = min(target, commands.active_power_limit_w)
        target = min(target, ac_available)
        power = state.active_power_w
        reach = params.ramp_w_per_s * dt_s
        if target > power + reach:
            power += reach
        elif target < power - reach:
            power -= reach
        else:
            power = target
        power = min(power, ac_available)
        var = commands.reactive_power_setpoint_var + commands.reactive_power_pu * params.s_max_va
        if not var and commands.power_factor_setpoint != 1.0:
            var = reactive_power(power, commands.power_factor_setpoint)
        if var or power > params.s_max_va:
            power, var = limit_apparent_power(power, var, params.s_max_va, params.q_priority)
        dc = (
            dc_available
            if power == ac_available < params.rated_w
            else inverter_dc_power(power, params.rated_w, params.nominal_efficiency)
        )

    energy = power * dt_s / 3600.0
    settled = around.ambient_c + (dc - power) * params.k_per_w
    return PvState(
        power,
        var,
        status,
        state.causes,
        faults,
        dc,
        day_wh + energy,
        state.total_wh + energy,
        settled + (state.inverter_c - settled) * exp(-dt_s / params.inverter_tau_s),
        around.weather_tick,
        around.day_s,
        light,
        cell,
        dc_available,
        ac_available,
    )


def observe(params: PvParams, state: PvState, commands: PvCommands, around: Surroundings) -> PvTelemetry:
    """Return what the plant shows at this tick."""
    power, var = state.active_power_w, state.reactive_power_var
    apparent = sqrt(power * power + var * var)
    phase_v = around.nominal_v
    a, b, c = around.va_pu, around.vb_pu, around.vc_pu
    used = state.dc_power_w / state.dc_available_w if state.dc_available_w > 0.0 else 0.0
    dc_v = dc_voltage(used, state.cell_c, params.vmp_v, params.voc_v) if state.plane_w_m2 > 0.0 else 0.0
    third = apparent / 3.0
    return PvTelemetry(
        inverter_status=2 if state.faults else 1 if state.status is Status.RUNNING else 0,
        dc_power_w=state.dc_power_w,
        active_power_w=power,
        reactive_power_var=var,
        apparent_power_va=apparent,
        power_factor=abs(power) / apparent if apparent > 0.0 else 1.0,
        frequency_hz=around.frequency_hz,
        day_energy_wh=state.day_wh,
        total_energy_wh=state.total_wh,
        inverter_temperature_c=state.inverter_c,
        cell_temperature_c=state.cell_c,
        fault_code=PV.fault_code(state.faults),
        voltage_a_v=phase_v * a,
        voltage_b_v=phase_v * b,
        voltage_c_v=phase_v * c,
        voltage_ab_v=phase_v * sqrt(a * a + a * b + b * b),
        voltage_bc_v=phase_v * sqrt(b * b + b * c + c * c),
        voltage_ca_v=phase_v * sqrt(c * c + c * a + a * a),
        current_a_a=third / (phase_v * a) if a > 0.0 else 0.0,
        current_b_a=third / (phase_v * b) if b > 0.0 else 0.0,
        current_c_a=third / (phase_v * c) if c > 0.0 else 0.0,
        dc_voltage_v=dc_v,
        dc_current_a=state.dc_power_w / dc_v if dc_v > 0.0 else 0.0,
        irradiance_w_m2=state.plane_w_m2,
        available_power_w=state.ac_available_w,
    )


def explain(params: PvParams, state: PvState) -> str:
    """Return why the plant is in its status."""
    if state.status is Status.TRIPPED:
        return "no grid voltage"
    return ", ".join(PV.fault_names(state.faults))


PV = DeviceType(
    kind="pv",
    title="PV inverter",
    params=PvParams,
    commands=PvCommands,
    telemetry=PvTelemetry,
    initial=initial,
    step=step,
    observe=observe,
    stage=Stage.SOURCE,
    faults=FAULTS,
    aliases=("inverter",),
    explain=explain,
)
