"""Parameters, state and faults of a CHP."""

from dataclasses import field
from typing import Annotated

from twin_tui.engine import bounds
from twin_tui.engine.bounds import Efficiency, NotNegative, Positive, Range
from twin_tui.engine.device import DeviceState, FaultKind, latching
from twin_tui.engine.devices.chp_engine import ChpUnit, Sensors, at_rest
from twin_tui.engine.devices.grid_tie import UNTIED, Tie
from twin_tui.engine.grid_code import GridCode
from twin_tui.engine.physics.heat import WATER_WH_PER_L_K
from twin_tui.engine.signals import derive, value
from twin_tui.engine.weather import Series

LONG = 1 << 40
"""Ticks before any time that a CHP waits for."""


@value
class ChpParams:
    """What a CHP is."""

    rated_w: Positive
    """Electrical rating."""
    heat_to_power_ratio: NotNegative = 1.0
    """Heat for each unit of electricity."""
    # the Willans line gives more than it gets in overload when the losses at the rating are smaller
    total_efficiency: Annotated[float, Range(above=0.0, high=0.95)] = 0.88
    """Electricity and heat over fuel at rated power; it falls toward part load."""
    min_load_pu: Positive = 0.30
    """Least load while it runs, as a share of the rating."""
    max_load_pu: Annotated[float, Range(0.0, 2.0)] = 1.10
    """Greatest load."""
    ramp_pu_per_s: Positive = 0.05
    """Fastest change of the load."""
    starting_s: NotNegative = 10.0
    """Length of the first stage of a start."""
    warmup_s: NotNegative = 60.0
    """Then it warms up."""
    idle_s: NotNegative = 30.0
    """Then it runs without load."""
    synchronizing_s: NotNegative = 15.0
    """Then it gets into step with the grid."""
    stopping_s: NotNegative = 20.0
    """From a stop request to rest."""
    min_run_s: NotNegative = 0.0
    """Least time from a start to the next stop: a stop that comes earlier waits, at the least load."""
    min_rest_s: NotNegative = 0.0
    """Least time at rest before the next start."""
    heat_tau_s: NotNegative = 86.0
    """How slowly the heat delivered follows the load: the engine's thermal mass over its heat exchanger."""
    buffer_l: NotNegative = 0.0
    """Water in the buffer store; without one, 0, the heating circuit takes any heat."""
    buffer_loss_w_per_k: NotNegative = 5.0
    """Of the buffer, to its room."""
    room_c: Annotated[float, Range(-60.0, 60.0)] = 18.0
    """Temperature of the room of the buffer."""
    initial_buffer_c: float = 60.0
    """Temperature of the buffer at the start."""
    buffer_usable_c: float = 45.0
    """Below it the buffer cannot heat the building."""
    buffer_full_c: float = 75.0
    """At it the buffer is full: the engine stops, and starts again ``buffer_restart_k`` below."""
    buffer_restart_k: NotNegative = 15.0
    """How far a full buffer cools before the engine starts again."""
    buffer_throttle_k: NotNegative = 10.0
    """So far below full the load is reduced from its greatest, to the least at full; 0: it is not."""
    return_trip_c: Annotated[float, Range(20.0, 120.0)] = 80.0
    """Return temperature at which the engine trips."""
    heat_loss_w_per_k: NotNegative = 0.0
    """Of the building that the buffer heats."""
    heating_limit_c: float = 15.0
    """Outdoors from here up the building needs no heating."""
    hot_water_w: NotNegative = 0.0
    """Mean heat for hot water."""
    heat_demand: Series | None = None
    """Heat that the building asks for, W, in place of the two above."""
    rated_rpm: Positive = 1500.0
    """Speed at the nominal frequency."""
    rated_power_factor: Efficiency = 0.8
    """Sets the apparent power that the generator bears: rating over this."""
    over_temperature_c: Annotated[float, Range(90.0, 200.0)] = 105.0
    """Coolant temperature at which it trips."""
    initial_operating_h: NotNegative = 0.0
    """Reading of the hour counter at the start."""
    initial_starts: Annotated[int, Range(0.0)] = 0
    """Reading of the counter of starts."""
    initial_energy_wh: NotNegative = 0.0
    """Reading of the counter of electrical energy."""
    initial_heat_wh: NotNegative = 0.0
    """Reading of the heat counter."""
    initial_fuel_wh: NotNegative = 0.0
    """Reading of the gas counter, lower heating value."""
    grid_code: GridCode | None = None
    """Protection and grid support; none only opens the breaker when the voltage is gone."""

    buffer_wh_per_k: float = field(init=False)
    """Heat capacity of the buffer."""

    def __post_init__(self) -> None:
        what = "a CHP"
        bounds.check(self, what)
        bounds.rising(self, what, "min_load_pu", "max_load_pu")
        if self.buffer_l:
            bounds.rising(self, what, "buffer_usable_c", "buffer_full_c", "return_trip_c")
            bounds.Range(0.0, self.return_trip_c).require("initial_buffer_c", self.initial_buffer_c, what)
        derive(self, buffer_wh_per_k=self.buffer_l * WATER_WH_PER_L_K)


@value
class ChpHeat:
    """The heat of a CHP after a step."""

    engine_wh: float = 0.0
    """Held by the engine above the temperature of the return."""
    output_w: float = 0.0
    """From the engine into the heating circuit, or its buffer."""
    buffer_c: float = 0.0
    full: bool = False
    """Whether the buffer has been full and has not cooled enough since."""
    demand_w: float = 0.0
    supplied_w: float = 0.0
    """From the buffer to the building."""
    loss_w: float = 0.0
    unmet_wh: float = 0.0


COLD = ChpHeat()


@value
class ChpState(DeviceState):
    """How a CHP is after a step."""

    unit: ChpUnit = ChpUnit.READY
    ticks: int = 0
    """Ticks since the unit state was entered."""
    since_ticks: int = LONG
    """Ticks since the engine last started, or came to rest."""
    stop_waits: bool = False
    """Whether the least run time keeps it from a stop."""
    armed: bool = True
    """Whether a start demand counts: after a fault a new start command is required."""
    breaker_closed: bool = False
    load_pu: float = 0.0
    permitted_pu: float = 0.0
    sensors: Sensors = at_rest(20.0)
    seen_coolant_c: float = 20.0
    """Coolant temperature as the controller sees it."""
    run_ticks: int = 0
    starts: int = 0
    energy_wh: float = 0.0
    heat_wh: float = 0.0
    fuel_wh: float = 0.0
    heat: ChpHeat = COLD
    tie: Tie = UNTIED


def duration_s(params: ChpParams, unit: ChpUnit) -> float:
    """Return how long a unit state of the sequence lasts."""
    if unit is ChpUnit.STARTING:
        return params.starting_s
    if unit is ChpUnit.WARMUP:
        return params.warmup_s
    if unit is ChpUnit.IDLE:
        return params.idle_s
    if unit is ChpUnit.SYNCHRONIZING:
        return params.synchronizing_s
    return params.stopping_s


FAULTS = (
    FaultKind("emergency_stop", 3001, "The emergency stop is pressed"),
    FaultKind("over_temperature", 3002, "The coolant is too hot"),
    FaultKind("oil_pressure_low", 3003, "The oil pump has failed"),
    FaultKind("start_failure", 3004, "The engine does not ignite"),
    FaultKind("synchronizing_failure", 3005, "The generator does not come into step with the grid"),
    FaultKind("power_supply_failure", 3006, "The controller's supply has failed"),
    FaultKind("grid_loss", 3007, "No voltage at the terminals", latched=False),
    FaultKind("grid_voltage", 3008, "Tripped by the grid's voltage", latched=False),
    FaultKind("grid_frequency", 3009, "Tripped by the grid's frequency", latched=False),
    FaultKind("cooling_failure", 3101, "The coolant pump has failed", latched=False),
    FaultKind("fuel_shortage", 3102, "The gas pressure allows half the power only", latched=False),
    FaultKind("sensor_stuck", 3103, "The coolant thermometer no longer changes", latched=False),
    FaultKind("return_temperature", 3010, "The heating water returns too hot"),
)
ESTOP, HOT, OIL, NO_START, NO_SYNC, SUPPLY = (1 << bit for bit in range(6))
NO_GRID, GRID_VOLTAGE, GRID_FREQUENCY, NO_COOLING, NO_FUEL, STUCK, RETURN = (1 << bit for bit in range(6, 13))
SHUTS_DOWN = ESTOP | HOT | OIL | NO_START | NO_SYNC | SUPPLY | RETURN
OFF_GRID = NO_GRID | GRID_VOLTAGE | GRID_FREQUENCY
WARNS = OFF_GRID | NO_COOLING | NO_FUEL | STUCK
LATCHING = latching(FAULTS)
AT_ONCE = ~(NO_START | NO_SYNC)
"""Causes that are a fault as soon as they are there; the others wait for the step that then fails."""
