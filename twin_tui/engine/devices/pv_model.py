"""Parameters, commands, state and telemetry of a PV plant."""

from dataclasses import field
from enum import Enum
from math import fsum
from typing import Annotated

from twin_tui.engine import bounds
from twin_tui.engine.bounds import NO_LIMIT_W, Efficiency, NotNegative, Positive, Range, Share
from twin_tui.engine.device import DeviceState, FaultKind, latching
from twin_tui.engine.devices.grid_tie import UNTIED, Tie
from twin_tui.engine.devices.pv_inputs import MOST_STRINGS, PvString
from twin_tui.engine.grid_code import GridCode
from twin_tui.engine.grid_settings import NO_SETTINGS, GridSettings, GridTied
from twin_tui.engine.physics.pv import inverter_loss
from twin_tui.engine.physics.sun import Plane, plane
from twin_tui.engine.signals import commanded, derive, grouped, measured, value
from twin_tui.engine.weather import Series
from twin_tui.errors import ConfigError


class CellModel(Enum):
    """How the cell temperature follows from light, air and wind."""

    NOCT = "noct"
    FAIMAN = "faiman"


@value
class PvParams:
    """What a PV plant is."""

    rated_w: Positive
    """AC rating of the inverter, W."""
    peak_w: NotNegative
    """Power of the modules at 1000 W/m² and 25 °C, W: area · efficiency · 1000 W/m²."""
    rated_va: Annotated[float | None, Range(above=0.0)] = None
    """Apparent power that the inverter's current allows at nominal voltage, VA; none is the AC rating."""
    max_current_pu: Annotated[float, Range(1.0, 10.0)] = 1.0
    """Greatest current of a phase over that of the apparent power at nominal voltage."""
    tilt_deg: Annotated[float, Range(0.0, 180.0)] = 30.0
    """Of the modules, 0 is flat."""
    azimuth_deg: Annotated[float, Range(-360.0, 360.0)] = 180.0
    """Direction that the modules face, clockwise from north."""
    albedo: Share = 0.2
    """Share of the sunlight that the ground reflects."""
    series: Series | None = None
    """Measured or forecast AC power, W, in place of what sun and modules would give."""
    dc_loss_fraction: Share = 0.0
    """Soiling, mismatch, wiring: what never reaches the inverter."""
    cell_model: CellModel = CellModel.NOCT
    """How warm the modules get: by NOCT, or by Faiman with the wind."""
    noct_c: Annotated[float, Range(20.0, 100.0)] = 45.0
    """Nominal operating temperature of the cells."""
    gamma_per_k: Annotated[float, Range(-0.02, 0.02)] = -0.004
    """Change of the modules' power with their temperature."""
    nominal_efficiency: Efficiency = 0.96
    """Of the inverter at its rating."""
    ramp_w_per_s: Positive = 1e9
    """Fastest change of the active power."""
    q_priority: bool = False
    """Whether reactive power goes before active power where the rating allows only one."""
    vmp_v: Positive = 600.0
    """DC voltage at the greatest power."""
    voc_v: float = 720.0
    """DC voltage without current."""
    inverter_rise_k: NotNegative = 35.0
    """How much warmer than the air the inverter gets at full load."""
    inverter_tau_s: Positive = 1800.0
    """How slowly it warms and cools."""
    derate_from_c: float = 75.0
    """The inverter gives less from this temperature of its own up, nothing from ``derate_to_c`` up."""
    derate_to_c: float = 100.0
    """It gives nothing from here up."""
    over_temperature_c: float = 90.0
    """The inverter stops here, and comes back ``OVER_TEMPERATURE_HYSTERESIS_K`` below."""
    grid_code: GridCode | None = None
    """Protection and grid support; none only stops when the grid's voltage is gone."""
    pv_strings: Annotated[int, Range(1, MOST_STRINGS)] = 1
    """Strings of equal modules with the same view of the sun, each at an input with a tracker of its own."""
    strings: tuple[PvString, ...] = ()
    """Strings with a peak power, tilt and azimuth each, in place of those above and of ``pv_strings``."""
    night_w: NotNegative = 0.0
    """What the inverter takes from the grid in standby and off while the modules give it nothing."""
    initial_total_wh: NotNegative = 0.0
    """Reading of the total yield at the start."""
    initial_consumed_wh: NotNegative = 0.0
    """Reading of the counter of the energy taken from the grid."""
    s_max_va: float = field(init=False)
    surface: Plane = field(init=False)
    k_per_w: float = field(init=False)

    def __post_init__(self) -> None:
        what = "a PV plant"
        bounds.check(self, what)
        bounds.rising(self, what, "vmp_v", "voc_v")
        bounds.rising(self, what, "derate_from_c", "derate_to_c")
        count = len(self.strings)
        if count:
            if count > MOST_STRINGS or self.pv_strings not in (1, count):
                most = f"up to {MOST_STRINGS} strings"
                raise ConfigError(f"expected {most} of a PV plant, as many as pv_strings; found {count}")
            derive(self, pv_strings=count, peak_w=fsum(string.peak_w for string in self.strings))
        # the curve of an inverter with 0.994 and more at full load loses most without load
        no_load_w = inverter_loss(0.0, self.rated_w, self.nominal_efficiency)
        full_loss_w = max(no_load_w, self.rated_w * (1.0 / self.nominal_efficiency - 1.0))
        derive(
            self,
            s_max_va=self.rated_w if self.rated_va is None else self.rated_va,
            surface=plane(self.tilt_deg, self.azimuth_deg),
            k_per_w=self.inverter_rise_k / full_loss_w,
        )


@value
class PvCommands(GridTied):
    """The commands of a PV inverter."""

    on: bool = commanded(True, "Run command")
    active_power_limit_pu: float = commanded(
        1.0, "Most active power, as a share of the rating", "1", low=0.0, high=1.0
    )
    active_power_limit_w: float = commanded(NO_LIMIT_W, "Most active power", "W", low=0.0)
    export_limit_w: float = commanded(
        NO_LIMIT_W, "Most power that the site feeds into the grid; beyond it the plant gives way", "W"
    )
    ramp_pu_per_s: float = commanded(
        0.0, "Fastest change of the active power, as a share of the rating; 0 is as built", "1", low=0.0
    )
    reactive_power_pu: float = commanded(
        0.0, "Reactive power setpoint, as a share of the rating", "1", low=-1.0, high=1.0
    )
    reactive_power_setpoint_var: float = commanded(0.0, "Reactive power setpoint", "var")
    power_factor_setpoint: float = commanded(
        1.0,
        "Power factor setpoint while no reactive power is; + injects vars, 0 is not set",
        "1",
        low=-1.0,
        high=1.0,
    )
    fault_reset: int = commanded(0, "1 resets latched faults", low=0, high=65535, momentary=True)
    settings: GridSettings = grouped(NO_SETTINGS)


@value
class PvMemory:
    """What the irradiance sensor wrongly shows."""

    stuck_w_m2: float | None = None
    offset_w_m2: float = 0.0


AT_REST = PvMemory()


@value
class PvState(DeviceState):
    """How a PV plant is after a step."""

    dc_power_w: float = 0.0
    day_wh: float = 0.0
    total_wh: float = 0.0
    consumed_wh: float = 0.0
    inverter_c: float = 20.0
    weather_tick: int = -1
    """The weather that the next five values belong to: they move once a second, not once a tick."""
    day_s: float = 0.0
    plane_w_m2: float = 0.0
    cell_c: float = 20.0
    dc_available_w: float = 0.0
    ac_available_w: float = 0.0
    tie: Tie = UNTIED
    memory: PvMemory = AT_REST


@value
class PvTelemetry:
    """What a PV plant shows."""

    inverter_status: int = measured(
        "Condition as a number", options={0: "Off or standby", 1: "Running", 2: "Fault"}
    )
    dc_power_w: float = measured("Power from the modules", "W", low=0)
    active_power_w: float = measured("Active power, negative while it takes from the grid at night", "W")
    reactive_power_var: float = measured("Reactive power, + into the grid", "var")
    apparent_power_va: float = measured("Apparent power", "VA", low=0)
    power_factor: float = measured("Active over apparent power", "1", low=0, high=1)
    frequency_hz: float = measured("Grid frequency at the terminals", "Hz", low=0)
    day_energy_wh: float = measured("Energy delivered since local midnight", "Wh", low=0)
    total_energy_wh: float = measured("Energy delivered since commissioning", "Wh", low=0)
    consumed_energy_wh: float = measured("Energy taken from the grid at night", "Wh", low=0)
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
    string_1_voltage_v: float = measured("Voltage of string 1", "V", low=0)
    string_1_current_a: float = measured("Current of string 1", "A", low=0)
    string_1_power_w: float = measured("Power of string 1", "W", low=0)
    string_2_voltage_v: float = measured("Voltage of string 2", "V", low=0)
    string_2_current_a: float = measured("Current of string 2", "A", low=0)
    string_2_power_w: float = measured("Power of string 2", "W", low=0)
    string_3_voltage_v: float = measured("Voltage of string 3", "V", low=0)
    string_3_current_a: float = measured("Current of string 3", "A", low=0)
    string_3_power_w: float = measured("Power of string 3", "W", low=0)
    string_4_voltage_v: float = measured("Voltage of string 4", "V", low=0)
    string_4_current_a: float = measured("Current of string 4", "A", low=0)
    string_4_power_w: float = measured("Power of string 4", "W", low=0)
    irradiance_w_m2: float = measured("Irradiance in the plane of the modules", "W/m2", low=0)
    available_power_w: float = measured("Active power that the sun would allow", "W", low=0)


FAULTS = (
    FaultKind("over_temperature", 2001, "The inverter is too hot: stopped until it cools", latched=False),
    FaultKind("isolation", 2002, "The isolation of the DC side is too low: stopped"),
    FaultKind("emergency_stop", 2003, "The emergency stop is pressed: stopped"),
    FaultKind("dc_contactor_open", 2004, "The DC switch is open: stopped, no DC voltage"),
    FaultKind("arc", 2005, "An arc on the DC side: stopped"),
    FaultKind("grid_loss", 2006, "The AC breaker has opened: stopped", latched=False),
    FaultKind("grid_voltage", 2007, "Tripped by the grid's voltage", latched=False),
    FaultKind("grid_frequency", 2008, "Tripped by the grid's frequency", latched=False),
    FaultKind("fan", 2009, "A fan has stopped: a quarter of the cooling", latched=False),
    FaultKind("sensor_stuck", 2010, "The irradiance that is shown does not move", latched=False),
    FaultKind("sensor_drift", 2011, "The irradiance that is shown drifts away", latched=False),
    FaultKind("string_open", 2012, "The fuse of string 1 has blown: the string is missing", latched=False),
)
OVER_TEMPERATURE, ISOLATION, ESTOP, DC_CONTACTOR_OPEN, ARC, GRID_LOSS = (1 << bit for bit in range(6))
GRID_VOLTAGE, GRID_FREQUENCY, FAN, SENSOR_STUCK, SENSOR_DRIFT, STRING_OPEN = (
    1 << bit for bit in range(6, 12)
)
STOPPING = OVER_TEMPERATURE | ISOLATION | ESTOP | DC_CONTACTOR_OPEN | ARC | GRID_LOSS
GRID_TRIPS = GRID_VOLTAGE | GRID_FREQUENCY
"""These stop a plant by way of its protection; brought about on purpose, they do it themselves."""
LATCHING = latching(FAULTS)

OVER_TEMPERATURE_HYSTERESIS_K = 10.0
SHARE_WITHOUT_FAN = 0.25
IRRADIANCE_DRIFT_W_M2_PER_S = 1.0
