"""Parameters, state and faults of a charging station and its vehicle."""

from dataclasses import field
from typing import Annotated

from twin_tui.engine import bounds
from twin_tui.engine.bounds import Efficiency, NotNegative, Positive, Range, Share
from twin_tui.engine.device import DeviceState, FaultKind, latching
from twin_tui.engine.devices.ev_session import ChargingSession
from twin_tui.engine.devices.ev_signals import Pilot
from twin_tui.engine.devices.grid_tie import UNTIED, Tie
from twin_tui.engine.grid_code import GridCode
from twin_tui.engine.signals import derive, value
from twin_tui.errors import ConfigError

LONG_AGO = -(1 << 40)
"""A tick from before any pause."""
MIN_CURRENT_A = 6.0
"""The least current that a pilot can offer, IEC 61851-1 table A.7."""
LEAST_V = 50.0
"""Below it the station has no supply to offer anything."""
PLAIN_PILOT_A = 51.0
"""Up to here the duty cycle can signal any current."""


@value
class EvParams:
    """What a charging station and its vehicle are."""

    capacity_wh: Positive = 60_000.0
    """Of the vehicle's battery."""
    initial_soc: Share = 0.5
    """State of charge at the start."""
    max_soc: Share = 1.0
    """Where the vehicle ends its charge."""
    charging_efficiency: Efficiency = 0.88
    """Share of the energy from the site that reaches the cells, less ``charging_loss_w``."""
    charging_loss_w: NotNegative = 0.0
    """What the vehicle's own systems take while it charges or discharges."""
    max_charge_power_w: Positive = 11_000.0
    """What the vehicle's charger takes."""
    max_discharge_power_w: NotNegative = 0.0
    """What the vehicle's charger gives back; 0: station or vehicle is not bidirectional."""
    discharging_efficiency: Efficiency = 0.88
    """Share of the energy from the cells that reaches the site, less ``charging_loss_w``."""
    min_soc: Share = 0.2
    """Down to here the vehicle discharges."""
    vehicle_current_a: Annotated[float | None, Range(above=0.0)] = None
    """Most current of a phase of its charger; none is that of its power at nominal voltage, rounded up."""
    grid_code: GridCode | None = None
    """Protection and droop of a bidirectional vehicle; it has no reactive power."""
    max_current_a: Positive = 16.0
    """What the station can offer on each phase."""
    station_phases: int = 3
    """1 or 3."""
    vehicle_phases: int = 3
    """1 or 3; the fewer of the two charge."""
    phase_switch_pause_s: NotNegative = 120.0
    """Without current before the contactors change between one phase and three."""
    phase_switch_interval_s: NotNegative = 300.0
    """Between two such changes."""
    taper_from_soc: Share = 0.8
    """From here on the vehicle takes less and less."""
    taper_to_pu: Share = 0.1
    """Share of its power that the vehicle still takes when full."""
    ramp_a_per_s: Positive = 10.0
    """Fastest change of the current."""
    plugged_in: bool = True
    """Whether a vehicle is plugged in at the start; sessions decide when there are any."""
    sessions: tuple[ChargingSession, ...] = field(default_factory=tuple)
    """When a vehicle comes and goes."""
    needs_ventilation: bool = False
    """Whether the vehicle asks for ventilation (state D)."""
    ventilated: bool = True
    """Whether the place has it."""
    initial_total_wh: NotNegative = 0.0
    """Reading of the counter of charged energy at the start."""
    initial_discharged_wh: NotNegative = 0.0
    """Reading of the counter of discharged energy."""
    initial_sessions: Annotated[int, Range(0.0)] = 0
    """Reading of the counter of sessions."""
    most_phases: int = field(init=False)
    rated_w: float = field(init=False)
    """The larger of its powers."""

    def __post_init__(self) -> None:
        what = "an EV charger"
        bounds.check(self, what)
        for name in ("station_phases", "vehicle_phases"):
            if getattr(self, name) not in (1, 3):
                raise ConfigError(f"{name} {getattr(self, name)} of an EV charger is neither 1 nor 3")
        derive(
            self,
            most_phases=min(self.station_phases, self.vehicle_phases),
            rated_w=max(self.max_charge_power_w, self.max_discharge_power_w),
        )


@value
class EvState(DeviceState):
    """How a charging station and its vehicle are after a step; charging is negative power."""

    pilot: Pilot = Pilot.A
    plugged_in: bool = False
    session: int | None = None
    """The scheduled session that is on, -1 for none, None before the first step."""
    energy_wh: float = 0.0
    current_a: float = 0.0
    """Of each phase, negative while discharging."""
    offered_a: float = 0.0
    phases: int = 3
    flowed_tick: int = LONG_AGO
    """When current flowed last."""
    switched_tick: int = LONG_AGO
    """When the contactors last changed the phases."""
    phase_switches: int = 0
    switching_s: float = 0.0
    """How long charging still pauses for a change of the phases."""
    session_wh: float = 0.0
    session_ticks: int = 0
    total_wh: float = 0.0
    sessions: int = 0
    discharged_wh: float = 0.0
    metered_w: float = 0.0
    """Power as the station's meter shows it, negative while discharging."""
    loss_w: float = 0.0
    tie: Tie = UNTIED


FAULTS = (
    FaultKind("emergency_stop", 5001, "The emergency stop is pressed"),
    FaultKind("residual_current", 5002, "A residual current has opened the contactor"),
    FaultKind("contactor_welded", 5003, "The contactor does not open"),
    FaultKind("over_temperature", 5004, "The station is too hot to charge", latched=False),
    FaultKind("pilot_short", 5005, "The pilot line is shorted", latched=False),
    FaultKind("sensor_stuck", 5006, "The station's meter no longer changes", latched=False),
    FaultKind(
        "ventilation_missing", 5007, "The vehicle requires ventilation, which is not available", latched=False
    ),
    FaultKind("grid_voltage", 5008, "Tripped by the grid's voltage", latched=False),
    FaultKind("grid_frequency", 5009, "Tripped by the grid's frequency", latched=False),
)
ESTOP, RCD, WELDED, HOT, SHORT, STUCK, NO_AIR, GRID_VOLTAGE, GRID_FREQUENCY = (
    1 << bit for bit in range(len(FAULTS))
)
GRID_TRIPS = GRID_VOLTAGE | GRID_FREQUENCY
NOT_AVAILABLE = ESTOP | RCD | WELDED | HOT
LATCHING = latching(FAULTS)
