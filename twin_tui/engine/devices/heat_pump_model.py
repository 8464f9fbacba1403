"""Parameters, state and faults of a heat pump or boiler, and what it and its house follow."""

from enum import Enum
from typing import Annotated

from twin_tui.engine import bounds
from twin_tui.engine.bounds import Efficiency, NotNegative, Positive, Range, Share
from twin_tui.engine.device import DeviceState, FaultKind, latching
from twin_tui.engine.devices.terminals import Connection, Draw, constant_current, mean_draw, resistive
from twin_tui.engine.physics.heat import WATER_WH_PER_L_K, building_demand, carnot_cop
from twin_tui.engine.signals import value
from twin_tui.engine.surroundings import Surroundings
from twin_tui.engine.weather import Series
from twin_tui.errors import ConfigError


class Technology(Enum):
    """How electricity becomes heat."""

    AIR = "air"
    """Heat pump; its source is the outdoor air."""
    GROUND = "ground"
    """Heat pump; its source has one temperature all year."""
    BOILER = "boiler"
    """Electric boiler: as much heat as electricity."""


@value
class HeatPumpParams:
    """What a heat pump or boiler, its tank and its house are."""

    rated_heat_w: Positive = 8_000.0
    """Greatest heat into the tank."""
    technology: Technology = Technology.AIR
    """Heat pump on outdoor air or ground, or electric boiler."""
    min_modulation: Share = 0.3
    """Least heat while it runs, as a share of the rating."""
    quality: Efficiency = 0.45
    """Share of the Carnot cycle."""
    max_cop: Positive = 7.0
    """Best coefficient of performance."""
    ground_c: Annotated[float, Range(-60.0, 60.0)] = 8.0
    """Temperature of the ground."""
    flow_rise_k: NotNegative = 5.0
    """How much warmer than the tank the water that heats it is."""
    ramp_s: NotNegative = 30.0
    """From nothing to the rating."""
    min_pause_s: NotNegative = 180.0
    """Rest between two runs, for the sake of the compressor."""
    tank_l: Positive = 500.0
    """Water in the tank."""
    tank_loss_w_per_k: NotNegative = 2.5
    """Of the tank, to its room."""
    room_c: Annotated[float, Range(-60.0, 60.0)] = 18.0
    """Temperature of the room of the tank."""
    initial_tank_c: float = 45.0
    """Temperature of the tank at the start."""
    min_tank_c: float = 35.0
    """Below it heats regardless of its commands."""
    max_tank_c: float = 60.0
    """At it stops regardless of its commands."""
    hysteresis_k: NotNegative = 6.0
    """Between the thermostat's on and off; half of it ends a forced run."""
    usable_c: float = 28.0
    """Below it the tank cannot heat the house."""
    heat_loss_w_per_k: NotNegative = 150.0
    """Of the house."""
    heating_limit_c: float = 15.0
    """Outdoors from here up the house needs no heating."""
    hot_water_w: NotNegative = 200.0
    """Mean heat for hot water."""
    heat_demand: Series | None = None
    """Heat that the house asks for, W, in place of the two above."""
    phase: Connection = Connection.ABC
    """Where it is connected."""
    initial_energy_wh: NotNegative = 0.0
    """Reading of the counter of electrical energy at the start."""
    initial_heat_wh: NotNegative = 0.0
    """Reading of the heat counter."""
    initial_operating_h: NotNegative = 0.0
    """Reading of the hour counter."""
    initial_starts: Annotated[int, Range(0.0)] = 0
    """Reading of the counter of starts."""

    def __post_init__(self) -> None:
        what = "a heat pump"
        bounds.check(self, what)
        if not self.usable_c <= self.min_tank_c < self.max_tank_c <= 95.0:
            raise ConfigError(
                "expected usable_c ≤ min_tank_c < max_tank_c ≤ 95 of a heat pump, found "
                f"{self.usable_c:g}, {self.min_tank_c:g}, {self.max_tank_c:g}"
            )
        bounds.Range(self.usable_c, self.max_tank_c).require("initial_tank_c", self.initial_tank_c, what)

    @property
    def tank_wh_per_k(self) -> float:
        """Heat capacity of the tank."""
        return self.tank_l * WATER_WH_PER_L_K


@value
class HeatPumpState(DeviceState):
    """How a heat pump or boiler is after a step; consuming is negative power."""

    tank_c: float = 0.0
    seen_tank_c: float = 0.0
    """Tank temperature as the controller sees it."""
    heat_w: float = 0.0
    calling: bool = False
    """Whether the thermostat calls for heat."""
    forced: bool = False
    """Whether it heats because the tank is too cold."""
    rest_ticks: int = 1 << 40
    """Ticks since it last stopped."""
    drift_ticks: int = 0
    demand_w: float = 0.0
    delivered_w: float = 0.0
    loss_w: float = 0.0
    unmet_wh: float = 0.0
    energy_wh: float = 0.0
    heat_wh: float = 0.0
    starts: int = 0
    run_ticks: int = 0


FAULTS = (
    FaultKind("emergency_stop", 7001, "The emergency stop is pressed"),
    FaultKind("high_pressure", 7002, "The pressure switch has stopped the compressor"),
    FaultKind("circulation_pump", 7003, "No water flows; the heater is off", latched=False),
    FaultKind(
        "fan", 7004, "The fan is blocked; half the heat at two thirds of the performance", latched=False
    ),
    FaultKind("sensor_stuck", 7005, "The tank thermometer no longer changes", latched=False),
    FaultKind("sensor_drift", 7006, "The tank thermometer reads ever lower, 2 K an hour", latched=False),
)
ESTOP, PRESSURE, PUMP, FAN, STUCK, DRIFT = (1 << bit for bit in range(len(FAULTS)))
STOPS = ESTOP | PRESSURE | PUMP
LATCHING = latching(FAULTS)
DRIFT_K_PER_H = -2.0
FAN_HEAT, FAN_COP = 0.5, 2.0 / 3.0


def performance(params: HeatPumpParams, tank_c: float, ambient_c: float, faults: int = 0) -> float:
    """Return heat over electricity at these temperatures."""
    if params.technology is Technology.BOILER:
        return 1.0
    source = ambient_c if params.technology is Technology.AIR else params.ground_c
    cop = carnot_cop(tank_c + params.flow_rise_k, source, params.quality, params.max_cop)
    return max(1.0, cop * FAN_COP) if faults & FAN else cop


def demand_w(params: HeatPumpParams, surroundings: Surroundings) -> float:
    """Return the heat that the house asks for."""
    if params.heat_demand is not None:
        return max(0.0, params.heat_demand.at(surroundings.unix_s, surroundings.time_s))
    heating = building_demand(params.heat_loss_w_per_k, params.heating_limit_c, surroundings.ambient_c)
    return heating + params.hot_water_w


def power_share(params: HeatPumpParams, surroundings: Surroundings) -> float:
    r"""Return the greatest power at the voltages of this tick over that at nominal voltage.

    Notes
    -----
    .. math:: p = \tfrac1n \sum_x u_x^2 \text{ (boiler)},\quad p = \min(1, \tfrac1n \sum_x u_x)

    over the connected phases: a boiler is a resistance, and the converter of a heat pump's compressor has a
    limit of its current. A compressor without converter keeps its power and takes more current until its
    contactor opens, at 0.5 per unit; it closes again at 0.85 (IEC 60947-4-1, recalled).
    """
    if params.technology is Technology.BOILER:
        return mean_draw(params.phase.shares, surroundings, resistive)[0]
    return min(1.0, mean_draw(params.phase.shares, surroundings, constant_current)[0])


def draw(params: HeatPumpParams, state: HeatPumpState) -> Draw:
    """Return how the phases divide the power by their voltages."""
    return resistive if params.technology is Technology.BOILER else constant_current
