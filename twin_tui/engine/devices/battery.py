"""A battery with its converter: cells, losses, limits, ramp, heat."""

from math import exp, sqrt

from twin_tui.engine.device import DeviceType, FaultKind, Stage, Status, settle_faults
from twin_tui.engine.signals import commanded, measured, value
from twin_tui.engine.surroundings import Surroundings

ON, OFF, STANDBY = 1, 2, 3
_SQRT3 = sqrt(3.0)


@value
class BatteryParams:
    """What a battery is. Efficiencies are one-way, between the AC terminals and the cells."""

    capacity_wh: float
    max_charge_w: float
    max_discharge_w: float
    rated_va: float
    initial_soc: float = 0.5
    charge_efficiency: float = 0.9592
    discharge_efficiency: float = 0.9592
    ramp_w_per_s: float = 1e9
    thermal_capacity_j_per_k: float = 500_000.0
    thermal_conductance_w_per_k: float = 200.0
    nominal_dc_v: float = 400.0


@value
class BatteryCommands:
    """What an energy manager can tell a battery."""

    start_stop: int = commanded(
        OFF, "Run command", options={ON: "Power On", OFF: "Power Off", STANDBY: "Standby"}
    )
    active_power_setpoint_w: float = commanded(0.0, "Active power asked for, + discharges", "W")
    reactive_power_setpoint_var: float = commanded(0.0, "Reactive power asked for", "var")
    soc_lower_limit_2: float = commanded(0.20, "No discharge below", "1", low=0.0, high=1.0)
    soc_lower_limit_1: float = commanded(0.25, "Full discharge power from here up", "1", low=0.0, high=1.0)
    soc_upper_limit_1: float = commanded(0.85, "Full charge power up to here", "1", low=0.0, high=1.0)
    soc_upper_limit_2: float = commanded(0.90, "No charge above", "1", low=0.0, high=1.0)
    local_remote: int = commanded(1, "Who may command", options={0: "Local/Remote", 1: "Remote", 2: "Local"})
    power_control_mode: int = commanded(1, "Power control mode", low=0, high=65535)
    fault_reset: int = commanded(0, "1 resets latched faults", low=0, high=65535, momentary=True)


@value
class BatteryState:
    """How a battery is after a step."""

    active_power_w: float
    reactive_power_var: float
    status: Status
    causes: int
    faults: int
    energy_wh: float
    cell_c: float
    charged_wh: float
    """Energy taken in at the AC terminals since the start."""
    discharged_wh: float
    loss_w: float


@value
class BatteryTelemetry:
    """What a battery shows."""

    active_power_w: float = measured("Active power, + discharges", "W")
    reactive_power_var: float = measured("Reactive power, + into the grid", "var")
    apparent_power_va: float = measured("Apparent power", "VA", low=0)
    soc: float = measured("State of charge", "1", low=0, high=1)
    soh: float = measured("State of health", "1", low=0, high=1)
    working_status: int = measured(
        "Condition as a number", options={0: "Idle or standby", 1: "Running", 2: "Fault"}
    )
    fault_code: int = measured("Code of the first fault, 0 for none", low=0, high=65535)
    dc_voltage_v: float = measured("Voltage of the cells' string", "V", low=0)
    dc_current_a: float = measured("Current of the cells' string, + discharges", "A")
    cell_temperature_c: float = measured("Temperature of the cells", "degC")
    energy_wh: float = measured("Energy in the cells", "Wh", low=0)
    charged_energy_wh: float = measured("Energy taken in at the terminals", "Wh", low=0)
    discharged_energy_wh: float = measured("Energy given out at the terminals", "Wh", low=0)
    cycles: float = measured("Equivalent full cycles", "cycles", low=0)
    max_charge_power_w: float = measured("Rated charge power", "W", low=0)
    max_discharge_power_w: float = measured("Rated discharge power", "W", low=0)
    available_charge_power_w: float = measured("Charge power possible now", "W", low=0)
    available_discharge_power_w: float = measured("Discharge power possible now", "W", low=0)
    loss_w: float = measured("Power lost as heat", "W", low=0)
    frequency_hz: float = measured("Grid frequency at the terminals", "Hz", low=0)
    voltage_ab_v: float = measured("Line voltage a to b", "V", low=0)
    voltage_bc_v: float = measured("Line voltage b to c", "V", low=0)
    voltage_ca_v: float = measured("Line voltage c to a", "V", low=0)


FAULTS = (
    FaultKind("over_temperature", 1001, "The cells are too hot"),
    FaultKind("dc_contactor_open", 1002, "The DC contactor has opened"),
    FaultKind("emergency_stop", 1003, "The emergency stop is pressed"),
)
_LATCHING = 0b111


def initial(params: BatteryParams) -> BatteryState:
    """Return a battery at rest at its first state of charge."""
    return BatteryState(
        active_power_w=0.0,
        reactive_power_var=0.0,
        status=Status.OFF,
        causes=0,
        faults=0,
        energy_wh=params.capacity_wh * params.initial_soc,
        cell_c=20.0,
        charged_wh=0.0,
        discharged_wh=0.0,
        loss_w=0.0,
    )


def available_w(params: BatteryParams, commands: BatteryCommands, soc: float) -> tuple[float, float]:
    """Return the charge and discharge power that the state of charge allows, both positive, W."""
    charge = params.max_charge_w * _between(soc, commands.soc_upper_limit_2, commands.soc_upper_limit_1)
    discharge = params.max_discharge_w * _between(soc, commands.soc_lower_limit_2, commands.soc_lower_limit_1)
    return charge, discharge


def _between(x: float, none: float, full: float) -> float:
    if none < full:
        return 0.0 if x <= none else 1.0 if x >= full else (x - none) / (full - none)
    return 0.0 if x >= none else 1.0 if x <= full else (none - x) / (none - full)


def step(
    params: BatteryParams, state: BatteryState, commands: BatteryCommands, around: Surroundings
) -> BatteryState:
    """Advance a battery by one tick.

    Discharging P at the terminals takes P/η out of the cells, charging P puts P·η in. Power moves at the ramp
    rate toward the setpoint within the limits; it is cut where energy would cross its bounds within the step.
    """
    dt_s = around.dt_s
    faults = state.faults
    if faults or state.causes:
        faults = settle_faults(faults, state.causes, _LATCHING, commands.fault_reset == 1)
    power = state.active_power_w
    energy = state.energy_wh
    capacity = params.capacity_wh
    var = 0.0
    if faults:
        status = Status.FAULT
        power = 0.0
    else:
        run = commands.start_stop
        status = Status.RUNNING if run == ON else Status.STANDBY if run == STANDBY else Status.OFF
        charge, discharge = available_w(params, commands, energy / capacity)
        target = commands.active_power_setpoint_w if run == ON else 0.0
        target = -charge if target < -charge else discharge if target > discharge else target
        reach = params.ramp_w_per_s * dt_s
        if target > power + reach:
            power += reach
        elif target < power - reach:
            power -= reach
        else:
            power = target
        if run == ON and commands.reactive_power_setpoint_var:
            spare = sqrt(max(0.0, params.rated_va * params.rated_va - power * power))
            wanted = commands.reactive_power_setpoint_var
            var = -spare if wanted < -spare else spare if wanted > spare else wanted

    hours = dt_s / 3600.0
    charged, discharged = state.charged_wh, state.discharged_wh
    loss = 0.0
    if power > 0.0:
        cells = power / params.discharge_efficiency
        if cells * hours > energy:
            cells = energy / hours
            power = cells * params.discharge_efficiency
        energy -= cells * hours
        discharged += power * hours
        loss = cells - power
    elif power < 0.0:
        cells = -power * params.charge_efficiency
        if cells * hours > capacity - energy:
            cells = (capacity - energy) / hours
            power = -cells / params.charge_efficiency
        energy += cells * hours
        charged -= power * hours
        loss = -power - cells
    decay = exp(-dt_s * params.thermal_conductance_w_per_k / params.thermal_capacity_j_per_k)
    settled = around.ambient_c + loss / params.thermal_conductance_w_per_k
    return BatteryState(
        power,
        var,
        status,
        state.causes,
        faults,
        energy if energy > 0.0 else 0.0,
        settled + (state.cell_c - settled) * decay,
        charged,
        discharged,
        loss,
    )


def observe(
    params: BatteryParams, state: BatteryState, commands: BatteryCommands, around: Surroundings
) -> BatteryTelemetry:
    """Return what the battery shows at this tick."""
    soc = state.energy_wh / params.capacity_wh
    charge, discharge = available_w(params, commands, soc)
    line_v = around.nominal_v * _SQRT3
    power = state.active_power_w
    cell_side = power + state.loss_w
    return BatteryTelemetry(
        active_power_w=power,
        reactive_power_var=state.reactive_power_var,
        apparent_power_va=sqrt(power * power + state.reactive_power_var**2),
        soc=soc,
        soh=1.0,
        working_status=2 if state.faults else 1 if state.status is Status.RUNNING else 0,
        fault_code=BATTERY.fault_code(state.faults),
        dc_voltage_v=params.nominal_dc_v,
        dc_current_a=cell_side / params.nominal_dc_v,
        cell_temperature_c=state.cell_c,
        energy_wh=state.energy_wh,
        charged_energy_wh=state.charged_wh,
        discharged_energy_wh=state.discharged_wh,
        cycles=state.discharged_wh / params.discharge_efficiency / params.capacity_wh,
        max_charge_power_w=params.max_charge_w,
        max_discharge_power_w=params.max_discharge_w,
        available_charge_power_w=charge,
        available_discharge_power_w=discharge,
        loss_w=state.loss_w,
        frequency_hz=around.frequency_hz,
        voltage_ab_v=line_v * sqrt((around.va_pu**2 + around.va_pu * around.vb_pu + around.vb_pu**2) / 3.0),
        voltage_bc_v=line_v * sqrt((around.vb_pu**2 + around.vb_pu * around.vc_pu + around.vc_pu**2) / 3.0),
        voltage_ca_v=line_v * sqrt((around.vc_pu**2 + around.vc_pu * around.va_pu + around.va_pu**2) / 3.0),
    )


def explain(params: BatteryParams, state: BatteryState) -> str:
    """Return why the battery is in its status."""
    return ", ".join(BATTERY.fault_names(state.faults))


BATTERY = DeviceType(
    kind="battery",
    title="Battery",
    params=BatteryParams,
    commands=BatteryCommands,
    telemetry=BatteryTelemetry,
    initial=initial,
    step=step,
    observe=observe,
    stage=Stage.STORAGE,
    faults=FAULTS,
    aliases=("bess",),
    explain=explain,
)
