"""Telemetry and commands of a charging station."""

from enum import IntEnum

from twin_tui.engine.bounds import NO_LIMIT_W
from twin_tui.engine.grid_settings import NO_SETTINGS, GridSettings, GridTied
from twin_tui.engine.signals import commanded, grouped, measured, value

PLUG, UNPLUG = 1, 2


class Pilot(IntEnum):
    """The states of IEC 61851-1, as the control pilot shows them."""

    A = 0
    B = 1
    C = 2
    D = 3
    E = 4
    F = 5


PILOT_TEXT = {
    Pilot.A.value: "A: no vehicle",
    Pilot.B.value: "B: vehicle connected",
    Pilot.C.value: "C: charging",
    Pilot.D.value: "D: charging with ventilation",
    Pilot.E.value: "E: no pilot",
    Pilot.F.value: "F: station not available",
}


@value
class EvCommands(GridTied):
    """What an energy manager, or a hand, can do to a charging station."""

    enabled: bool = commanded(True, "Offers current to a connected vehicle")
    current_limit_a: float = commanded(
        80.0, "Most current of each phase; below 6 A charging pauses", "A", low=0.0, high=80.0
    )
    active_power_limit_w: float = commanded(
        NO_LIMIT_W, "Most charging power; below 6 A of each phase charging pauses", "W", low=0.0
    )
    discharge_setpoint_w: float = commanded(
        0.0, "Power to discharge into the site, where the vehicle can; 0 charges", "W", low=0.0
    )
    phases: int = commanded(
        3,
        "Phases to charge over; a change waits for its interval, then pauses charging",
        options={1: "One phase", 3: "Three phases"},
    )
    target_soc: float = commanded(1.0, "State of charge at which charging ends", "1", low=0.0, high=1.0)
    departure_unix_s: float = commanded(
        0.0, "Unix time of departure, 0 is the end of the session", "s", low=0.0
    )
    plug: int = commanded(
        0,
        "Plugs the vehicle in or out",
        options={0: "Leave", PLUG: "Plug in", UNPLUG: "Unplug"},
        momentary=True,
    )
    fault_reset: int = commanded(0, "1 resets latched faults", low=0, high=65535, momentary=True)
    settings: GridSettings = grouped(NO_SETTINGS)


@value
class EvTelemetry:
    """What a charging station and the vehicle show."""

    pilot_state: int = measured("State of IEC 61851-1", options=PILOT_TEXT)
    plugged_in: bool = measured("A vehicle is connected")
    charging: bool = measured("Energy flows")
    active_power_w: float = measured("Active power, negative while charging", "W")
    reactive_power_var: float = measured("Reactive power", "var")
    charging_power_w: float = measured("Charging power as the station's meter shows it", "W", low=0)
    discharging_power_w: float = measured("Discharging power as it shows it", "W", low=0)
    loss_w: float = measured("Lost between the cable and the cells", "W", low=0)
    soc: float = measured("State of charge of the vehicle", "1", low=0, high=1)
    energy_wh: float = measured("Energy in the vehicle's battery", "Wh", low=0)
    capacity_wh: float = measured("Capacity of the vehicle's battery", "Wh", low=0)
    offered_current_a: float = measured("Current offered by the pilot for each phase", "A", low=0)
    pilot_duty_pu: float = measured("Duty cycle of the pilot", "1", low=0, high=1)
    phases_active: int = measured("Phases that can be charged over", low=1, high=3)
    phase_switches: int = measured("Changes of the phases so far", low=0)
    phase_switch_left_s: float = measured("Pause of charging still to come before they change", "s", low=0)
    current_a_a: float = measured("Current of phase a", "A", low=0)
    current_b_a: float = measured("Current of phase b", "A", low=0)
    current_c_a: float = measured("Current of phase c", "A", low=0)
    voltage_a_v: float = measured("Voltage of phase a to neutral", "V", low=0)
    voltage_b_v: float = measured("Voltage of phase b to neutral", "V", low=0)
    voltage_c_v: float = measured("Voltage of phase c to neutral", "V", low=0)
    frequency_hz: float = measured("Grid frequency", "Hz", low=0)
    session_energy_wh: float = measured("Energy of this session", "Wh", low=0)
    session_time_s: float = measured("Time since the vehicle was plugged in", "s", low=0)
    total_energy_wh: float = measured("Energy charged in all sessions", "Wh", low=0)
    discharged_energy_wh: float = measured("Energy discharged in all sessions", "Wh", low=0)
    sessions: int = measured("Vehicles plugged in so far", low=0)
    target_soc: float = measured("State of charge at which charging ends", "1", low=0, high=1)
    energy_to_target_wh: float = measured("Energy still to take from the site until then", "Wh", low=0)
    time_to_departure_s: float = measured("Time until departure, 0 when none is known", "s", low=0)
    needed_power_w: float = measured(
        "Mean power that reaches the target by departure, 0 when none is known", "W", low=0
    )
    available_charge_power_w: float = measured("Charging power possible now", "W", low=0)
    available_discharge_power_w: float = measured("Discharging power possible now", "W", low=0)
    working_status: int = measured(
        "Condition as a number", options={0: "Idle or standby", 1: "Charging", 2: "Fault", 3: "Discharging"}
    )
    fault_code: int = measured("Code of the first fault, 0 for none", low=0, high=65535)
