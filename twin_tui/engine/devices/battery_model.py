"""Parameters, commands, state and telemetry of a battery."""

from dataclasses import field
from enum import Enum
from typing import Annotated

from twin_tui.engine import bounds
from twin_tui.engine.bounds import NO_LIMIT_W, Efficiency, NotNegative, Positive, Range, Share
from twin_tui.engine.device import DeviceState, FaultKind, latching
from twin_tui.engine.devices.battery_ageing import LEAST_SOH, UNKNOWN_AGE, Ageing
from twin_tui.engine.devices.grid_tie import UNTIED, Tie
from twin_tui.engine.grid_code import GridCode
from twin_tui.engine.grid_settings import NO_SETTINGS, GridSettings, GridTied
from twin_tui.engine.physics.battery import (
    LFP,
    CellType,
    ConverterLosses,
    converter_loss,
    efficiency_loss,
    lookup,
    pack_layout,
    power_at_voltage,
)
from twin_tui.engine.signals import commanded, derive, grouped, measured, value

ON, OFF, STANDBY = 1, 2, 3


class Housing(Enum):
    """The housing of a battery, which decides to which air its cells pass their heat."""

    OPEN = "open"
    INDOORS = "indoors"
    CONTAINER = "container"


_CALM_STEPS = 200
CALM_RESISTANCE = 1.5
"""Growth of the resistance up to which ``BatteryParams.calm`` holds."""


@value
class BatteryParams:
    """What a battery is.

    Without a ``converter`` the one-way efficiencies, between the AC terminals and the cells, are all
    losses. With one, its part-load curve and the inner resistance of the cells make them. Losses of the
    converter follow its apparent power.
    """

    capacity_wh: Positive
    """Energy between empty and full of new cells; the state of health times this is what they hold."""
    max_charge_w: NotNegative
    """Greatest charge power at the terminals."""
    max_discharge_w: NotNegative
    """Greatest discharge power at the terminals."""
    rated_va: Positive
    """Apparent power that the converter's current allows at nominal voltage; with lower voltages it falls."""
    initial_soc: Share = 0.5
    """State of charge at the start."""
    charge_efficiency: Efficiency = 0.9592
    """Share of the charge power that reaches the cells, without ``converter``."""
    discharge_efficiency: Efficiency = 0.9592
    """Share of what leaves the cells that reaches the terminals, without ``converter``."""
    converter: ConverterLosses | None = None
    """Curve of its efficiency over part load, in place of the two efficiencies above."""
    standby_w: NotNegative = 0.0
    """What the converter takes from the cells while it is energised, running or in standby."""
    deadtime_s: NotNegative = 0.0
    """Between a setpoint and the first movement toward it."""
    ramp_w_per_s: Positive = 1e9
    """Fastest change of the active power."""
    q_priority: bool = False
    """Whether reactive power is served first when both do not fit the current."""
    max_current_pu: Annotated[float, Range(1.0, 10.0)] = 1.0
    """Greatest current of a phase over that of ``rated_va`` at nominal voltage."""
    cell: CellType = LFP
    """Chemistry: the open-circuit voltage and resistance over the state of charge."""
    nominal_dc_v: Positive = 400.0
    """Nominal voltage of the cells' string."""
    initial_soh: Annotated[float, Range(LEAST_SOH, 1.0)] = 1.0
    """State of health at the start: the loss counts as one of the calendar, the resistance is that of new
    cells.
    """
    ageing_speed: NotNegative = 1.0
    """How many times faster the cells age than by their laws; 0 is not at all."""
    initial_cell_c: Annotated[float, Range(-80.0, 150.0)] = 20.0
    """Temperature of the cells at the start."""
    thermal_capacity_j_per_k: Positive = 500_000.0
    """Heat that warms the cells by 1 K."""
    thermal_conductance_w_per_k: Positive = 200.0
    """Heat that they pass to the air for each K above it."""
    housing: Housing = Housing.OPEN
    """Whose air that is: the air outside, a room's, or an insulated container's with climate control."""
    room_c: Annotated[float, Range(-80.0, 80.0)] = 20.0
    """Temperature of the room, indoors."""
    container_j_per_k: Positive = 640_000.0
    """Heat that warms the container's air and what is within its insulation by 1 K."""
    container_w_per_k: NotNegative = 115.0
    """Heat that its walls pass for each K."""
    heating_w: NotNegative = 15_000.0
    """Heat that its climate control puts in while it heats."""
    cooling_w: NotNegative = 30_000.0
    """Heat that it takes out while it cools."""
    heating_cop: Positive = 2.5
    """Heat that it puts in for each unit of electricity."""
    cooling_cop: Positive = 3.0
    """Heat that it takes out for each unit of electricity."""
    heat_below_c: float = 15.0
    """Temperature of the cells below which it begins to heat."""
    cool_above_c: float = 28.0
    """Temperature of the cells above which it begins to cool."""
    thermostat_band_k: NotNegative = 3.0
    """How far the cells come back before it stops."""
    cold_zero_c: float = -20.0
    """Discharging: no power below, all of it from ``cold_full_c`` up."""
    cold_full_c: float = 0.0
    """Full discharge power from here up."""
    charge_cold_zero_c: float = 0.0
    """Charging: no power below, all of it from ``charge_cold_full_c`` up."""
    charge_cold_full_c: float = 10.0
    """Full charge power from here up."""
    hot_full_c: float = 45.0
    """Full power up to here, none from ``hot_zero_c`` up."""
    hot_zero_c: float = 60.0
    """No power from here up."""
    over_temperature_c: float = 65.0
    """The cells trip here, and may be reset ``OVER_TEMPERATURE_HYSTERESIS_K`` below."""
    grid_code: GridCode | None = None
    """Protection and grid support; none only stops when the grid's voltage is gone."""
    grid_forming: bool = False
    """Whether it can hold up the site when the grid is gone."""
    initial_charged_wh: NotNegative = 0.0
    """Reading of the counter of charged energy at the start; it ages nothing, ``initial_soh`` does."""
    initial_discharged_wh: NotNegative = 0.0
    """Reading of the counter of discharged energy."""
    initial_auxiliary_wh: NotNegative = 0.0
    """Reading of the counter of the climate control's energy."""
    initial_cycles: NotNegative = 0.0
    """Reading of the counter of equivalent full cycles."""
    forming_frequency_droop: Annotated[float, Range(0.0, 0.1)] = 0.004
    """Then the frequency falls by it from no to rated active power, per unit; 0.2 Hz leave PV alone."""
    forming_voltage_droop: Annotated[float, Range(0.0, 0.2)] = 0.04
    """Then the voltage falls by it from no to rated reactive power, per unit."""
    # worked out once: what every step would otherwise compute again
    charge_limit_w: float = field(init=False)
    discharge_limit_w: float = field(init=False)
    cooling_per_s: float = field(init=False)
    kelvin_per_w: float = field(init=False)
    series: int = field(init=False)
    parallel: float = field(init=False)
    calm: tuple[float, float] = field(init=False)
    """States of charge between which no power can bring a cell to the limits of its voltage."""

    def __post_init__(self) -> None:
        what = "a battery"
        bounds.check(self, what)
        bounds.rising(self, what, "cold_zero_c", "cold_full_c", "hot_full_c", "hot_zero_c")
        bounds.rising(self, what, "heat_below_c", "cool_above_c")
        Range(0.0, self.cool_above_c - self.heat_below_c).require(
            "thermostat_band_k", self.thermostat_band_k, what
        )
        bounds.rising(self, what, "charge_cold_zero_c", "charge_cold_full_c", "hot_full_c")
        series, parallel = pack_layout(self.cell, self.capacity_wh, self.nominal_dc_v)
        derive(
            self,
            charge_limit_w=min(self.max_charge_w, self.rated_va),
            discharge_limit_w=min(self.max_discharge_w, self.rated_va),
            cooling_per_s=self.thermal_conductance_w_per_k / self.thermal_capacity_j_per_k,
            kelvin_per_w=1.0 / self.thermal_conductance_w_per_k,
            series=series,
            parallel=parallel,
        )
        derive(self, calm=self._calm(series * parallel))

    def lost_w(self, power_w: float, var: float) -> float:
        """Return the loss of the converter while it switches, without its standby loss."""
        if self.converter is not None:
            return converter_loss(power_w, var, self.rated_va, self.converter)
        return efficiency_loss(power_w, var, self.charge_efficiency, self.discharge_efficiency)

    def _calm(self, cells: float) -> tuple[float, float]:
        cell, steps = self.cell, _CALM_STEPS
        # reactive power adds to the losses: at most those of the rating
        worst_w = max(self.lost_w(self.rated_va, 0.0), self.lost_w(-self.rated_va, 0.0))
        out_w = (self.discharge_limit_w + worst_w + self.standby_w) / cells
        in_w = (self.charge_limit_w - self.lost_w(-self.charge_limit_w, 0.0)) / cells

        def calm(soc: float) -> bool:
            ocv = lookup(cell.ocv_v, soc)
            out_ohm = max(lookup(cell.discharge_ohm_10c, soc), lookup(cell.discharge_ohm_25c, soc))
            in_ohm = max(lookup(cell.charge_ohm_10c, soc), lookup(cell.charge_ohm_25c, soc))
            return out_w <= power_at_voltage(cell.low_v, ocv, CALM_RESISTANCE * out_ohm) and (
                in_w <= power_at_voltage(cell.high_v, ocv, CALM_RESISTANCE * in_ohm)
            )

        low = high = steps // 2
        if not calm(0.5):
            return 1.0, 0.0
        while low > 0 and calm((low - 1) / steps):
            low -= 1
        while high < steps and calm((high + 1) / steps):
            high += 1
        return low / steps, high / steps


@value
class BatteryCommands(GridTied):
    """The commands of a battery."""

    start_stop: int = commanded(
        OFF, "Run command", options={ON: "Power On", OFF: "Power Off", STANDBY: "Standby"}
    )
    active_power_setpoint_w: float = commanded(0.0, "Active power setpoint, + discharges", "W")
    charge_limit_w: float = commanded(
        NO_LIMIT_W, "Most charge power; negative forces a discharge of at least so much", "W"
    )
    discharge_limit_w: float = commanded(
        NO_LIMIT_W, "Most discharge power; negative forces a charge of at least so much", "W"
    )
    charge_from_grid: bool = commanded(True, "Whether it may charge with more than the site has to spare")
    ramp_pu_per_s: float = commanded(
        0.0,
        "Fastest change of the active power on command, as a share of the rating; 0 is as built",
        "1",
        low=0.0,
    )
    reactive_power_setpoint_var: float = commanded(0.0, "Reactive power setpoint", "var")
    power_factor_setpoint: float = commanded(
        1.0,
        "Power factor setpoint while no reactive power is; + injects vars, 0 is not set",
        "1",
        low=-1.0,
        high=1.0,
    )
    soc_lower_limit_2: float = commanded(0.20, "No discharge below", "1", low=0.0, high=1.0)
    soc_lower_limit_1: float = commanded(0.25, "Full discharge power from here up", "1", low=0.0, high=1.0)
    soc_upper_limit_1: float = commanded(0.85, "Full charge power up to here", "1", low=0.0, high=1.0)
    soc_upper_limit_2: float = commanded(0.90, "No charge above", "1", low=0.0, high=1.0)
    local_remote: int = commanded(
        1, "Who may command; kept, without effect", options={0: "Local/Remote", 1: "Remote", 2: "Local"}
    )
    power_control_mode: int = commanded(1, "Power control mode; kept, without effect", low=0, high=65535)
    fault_reset: int = commanded(0, "1 resets latched faults", low=0, high=65535, momentary=True)
    settings: GridSettings = grouped(NO_SETTINGS)


@value
class BatteryMemory:
    """What changes rarely: commands on their way, and what the sensors wrongly show."""

    asked_w: float = 0.0
    asked_var: float = 0.0
    on_the_way: tuple[tuple[float, float, float], ...] = ()
    """Setpoints within the deadtime: (time they act at in s, W, var)."""
    stuck_soc: float | None = None
    soc_offset: float = 0.0


AT_REST = BatteryMemory()


@value
class Climate:
    """The air in a battery's container, and what its climate control does."""

    air_c: float
    running: int = 0
    """1 heats, -1 cools, 0 rests."""
    heat_w: float = 0.0
    """Heat that goes into the air, - out of it."""
    auxiliary_w: float = 0.0
    auxiliary_wh: float = 0.0
    converter_w: float = 0.0
    """Power of the converter; at the terminals of the whole battery it is less by the auxiliary power."""


AT_EASE = Climate(20.0)
"""Of a battery without a container."""


@value
class DcSide:
    """What was at the terminals of the cells' string in a step."""

    voltage_v: float
    current_a: float
    limit: str
    """Which limit of the cells' voltage held the power back: "low", "high" or none."""


UNMEASURED = DcSide(0.0, 0.0, "")
"""Of a step that needs no voltage: it is worked out when somebody looks."""


@value
class BatteryState(DeviceState):
    """How a battery is after a step."""

    energy_wh: float = 0.0
    cell_c: float = 20.0
    ageing: Ageing = UNKNOWN_AGE
    charged_wh: float = 0.0
    """Energy taken in at the AC terminals since the start."""
    discharged_wh: float = 0.0
    drawn_wh: float = 0.0
    """Energy taken out of the cells since the start."""
    loss_w: float = 0.0
    """What the cells gave beyond the AC power, or took less: the energy falls by P + loss."""
    moved_wh: float = 0.0
    """Energy that has moved out of and into the cells, and its integral with the power in W²h."""
    square_w2h: float = 0.0
    dc: DcSide = UNMEASURED
    climate: Climate = AT_EASE
    tie: Tie = UNTIED
    memory: BatteryMemory = AT_REST


@value
class BatteryTelemetry:
    """What a battery shows."""

    active_power_w: float = measured("Active power of the converter, + discharges", "W")
    reactive_power_var: float = measured("Reactive power, + into the grid", "var")
    apparent_power_va: float = measured("Apparent power", "VA", low=0)
    power_factor: float = measured("Active over apparent power", "1", low=0, high=1)
    soc: float = measured("State of charge", "1", low=0, high=1)
    soh: float = measured("State of health: the capacity over that of new cells", "1", low=0, high=1)
    capacity_wh: float = measured("Energy between empty and full now", "Wh", low=0)
    calendar_loss: float = measured("Share of the capacity lost with time", "1", low=0)
    cycle_loss: float = measured("Share of the capacity lost with cycles", "1", low=0)
    resistance_pu: float = measured("Inner resistance over that of new cells", "1", low=1)
    faded_wh: float = measured("Stored energy lost with the capacity since the start", "Wh", low=0)
    working_status: int = measured(
        "Condition as a number", options={0: "Idle or standby", 1: "Running", 2: "Fault"}
    )
    fault_code: int = measured("Code of the first fault, 0 for none", low=0, high=65535)
    dc_voltage_v: float = measured("Voltage of the cells' string at its terminals", "V", low=0)
    dc_current_a: float = measured("Current of the cells' string, + discharges", "A")
    dc_power_w: float = measured("Power at the cells' terminals, + discharges", "W")
    open_circuit_v: float = measured("Voltage of the cells' string without current", "V", low=0)
    cell_temperature_c: float = measured("Temperature of the cells", "degC")
    air_temperature_c: float = measured("Temperature of the air around the cells", "degC")
    auxiliary_power_w: float = measured("Power that heating or cooling takes from the site", "W", low=0)
    auxiliary_energy_wh: float = measured("Energy that they have taken", "Wh", low=0)
    energy_wh: float = measured("Energy in the cells", "Wh", low=0)
    charged_energy_wh: float = measured("Energy taken in at the terminals", "Wh", low=0)
    discharged_energy_wh: float = measured("Energy discharged at the terminals", "Wh", low=0)
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
    current_a_a: float = measured("Current of phase a", "A", low=0)
    current_b_a: float = measured("Current of phase b", "A", low=0)
    current_c_a: float = measured("Current of phase c", "A", low=0)


FAULTS = (
    FaultKind("over_temperature", 1001, "The cells are too hot: stopped"),
    FaultKind("dc_contactor_open", 1002, "The DC contactor has opened: stopped, no DC voltage"),
    FaultKind("emergency_stop", 1003, "The emergency stop is pressed: stopped"),
    FaultKind("isolation", 1004, "The isolation of the DC side is too low: stopped"),
    FaultKind(
        "bms_comms_loss", 1005, "No word from the cells: stopped, SOC keeps its last value", latched=False
    ),
    FaultKind("grid_loss", 1006, "The AC breaker has opened: stopped", latched=False),
    FaultKind("grid_voltage", 1007, "Tripped by the grid's voltage", latched=False),
    FaultKind("grid_frequency", 1008, "Tripped by the grid's frequency", latched=False),
    FaultKind("cell_imbalance", 1009, "One cell is ahead of the others: half power", latched=False),
    FaultKind("fan", 1010, "A fan has stopped: a quarter of the cooling", latched=False),
    FaultKind("sensor_stuck", 1011, "The SOC that is shown does not move", latched=False),
    FaultKind("sensor_drift", 1012, "The SOC that is shown drifts away", latched=False),
)
OVER_TEMPERATURE, DC_CONTACTOR_OPEN, ESTOP, ISOLATION, BMS_COMMS_LOSS, GRID_LOSS = (
    1 << bit for bit in range(6)
)
GRID_VOLTAGE, GRID_FREQUENCY, CELL_IMBALANCE, FAN, SENSOR_STUCK, SENSOR_DRIFT = (
    1 << bit for bit in range(6, 12)
)
STOPPING = OVER_TEMPERATURE | DC_CONTACTOR_OPEN | ESTOP | ISOLATION | BMS_COMMS_LOSS | GRID_LOSS
GRID_TRIPS = GRID_VOLTAGE | GRID_FREQUENCY
"""These stop a battery by way of its protection; brought about on purpose, they do it themselves."""
LATCHING = latching(FAULTS)

OVER_TEMPERATURE_HYSTERESIS_K = 10.0
SHARE_WITH_IMBALANCE = 0.5
SHARE_WITHOUT_FAN = 0.25
SOC_DRIFT_PER_S = 0.01 / 60.0
