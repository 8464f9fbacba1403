"""The settings of a grid code as commands of a device, readable and writable while it runs."""

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from twin_tui.engine.signals import commanded, value

MOST_PU, MOST_HZ, MOST_S = 2.0, 100.0, 86_400.0
NO_DEADBAND_HZ = 10.0
"""A deadband that no frequency leaves: the droop does not answer on that side."""


def _limit(meaning: str, off: float, most: float, unit: str) -> Any:
    return commanded(off, f"{meaning}; {off:g} is off", unit, low=0.0, high=most)


def _over_pu(meaning: str) -> Any:
    return _limit(f"Trips above this {meaning}", MOST_PU, MOST_PU, "pu")


def _under_pu(meaning: str) -> Any:
    return _limit(f"Trips below this {meaning}", 0.0, MOST_PU, "pu")


def _over_hz() -> Any:
    return _limit("Trips above this frequency", MOST_HZ, MOST_HZ, "Hz")


def _under_hz() -> Any:
    return _limit("Trips below this frequency", 0.0, MOST_HZ, "Hz")


def _clearing() -> Any:
    return commanded(0.0, "For so long it may", "s", low=0.0, high=MOST_S)


def _window(off: float, meaning: str, unit: str) -> Any:
    """Declare a limit of a window; the lower is at most some nominal value, the upper at least."""
    lowest, highest, greatest = (50.0, 60.0, MOST_HZ) if unit == "Hz" else (1.0, 1.0, MOST_PU)
    least, most = (lowest, greatest) if off else (0.0, highest)
    return commanded(off, meaning, unit, low=least, high=most)


def _seconds(meaning: str) -> Any:
    return commanded(0.0, meaning, "s", low=0.0, high=MOST_S)


def _droop(meaning: str) -> Any:
    return commanded(
        0.05, f"{meaning}: change of frequency over nominal for rated power", "1", low=0.001, high=1.0
    )


def _deadband(default: float, meaning: str) -> Any:
    return commanded(default, meaning, "Hz", low=0.0, high=NO_DEADBAND_HZ)


def _measuring(meaning: str, unit: str, most: float) -> Any:
    return commanded(0.0, f"{meaning}; 0 is off", unit, low=0.0, high=most)


def _switch(meaning: str) -> Any:
    return commanded(False, meaning)


def _voltage(curve: str, corner: int) -> Any:
    return commanded(1.0, f"Voltage of corner {corner} of {curve}", "pu", low=0.0, high=MOST_PU)


def _share(curve: str, corner: int, default: float = 0.0) -> Any:
    return commanded(
        default, f"Power at corner {corner} of {curve} over the rating", "pu", low=-1.0, high=1.0
    )


def _power(corner: int) -> Any:
    return commanded(
        1.0, f"Active power at corner {corner} of cos φ(P) over the rating", "pu", low=0.0, high=1.0
    )


def _factor(corner: int) -> Any:
    return commanded(
        1.0, f"Power factor at corner {corner} of cos φ(P); + injects vars", "1", low=-1.0, high=1.0
    )


@value
class GridSettings:
    """The settings of the grid code that is in force. 1 is the stage nearer to the nominal value."""

    trip_ov1_pu: float = _over_pu("voltage")
    trip_ov1_s: float = _clearing()
    trip_ov2_pu: float = _over_pu("voltage")
    trip_ov2_s: float = _clearing()
    trip_uv1_pu: float = _under_pu("voltage")
    trip_uv1_s: float = _clearing()
    trip_uv2_pu: float = _under_pu("voltage")
    trip_uv2_s: float = _clearing()
    trip_of1_hz: float = _over_hz()
    trip_of1_s: float = _clearing()
    trip_of2_hz: float = _over_hz()
    trip_of2_s: float = _clearing()
    trip_uf1_hz: float = _under_hz()
    trip_uf1_s: float = _clearing()
    trip_uf2_hz: float = _under_hz()
    trip_uf2_s: float = _clearing()
    trip_ov10min_pu: float = _over_pu("ten-minute mean of the voltage")
    trip_ov10min_s: float = _clearing()
    trip_rocof_hz_per_s: float = _limit("Trips above this rate of change of frequency", 100.0, 100.0, "Hz/s")
    trip_rocof_s: float = _clearing()
    cease_low_pu: float = _limit("No current at lower voltages, without a trip", 0.0, MOST_PU, "pu")
    cease_high_pu: float = _limit("No current at higher voltages, without a trip", MOST_PU, MOST_PU, "pu")
    cease_back_s: float = _seconds("How long the voltage has to be within both before current flows again")
    enter_v_low_pu: float = _window(0.0, "Least voltage for a start", "pu")
    enter_v_high_pu: float = _window(MOST_PU, "Greatest voltage for a start", "pu")
    enter_f_low_hz: float = _window(0.0, "Least frequency for a start", "Hz")
    enter_f_high_hz: float = _window(MOST_HZ, "Greatest frequency for a start", "Hz")
    enter_delay_s: float = _seconds("For so long the grid has to be within these limits before a start")
    enter_ramp_s: float = _seconds("From nothing to rated power after a start that had to wait")
    measure_window_s: float = _measuring("Time whose mean is the droop's frequency", "s", 60.0)
    measure_delay_s: float = _measuring("Delay of the droop's frequency", "s", 60.0)
    measure_resolution_hz: float = _measuring("Resolution of the droop's frequency", "Hz", 1.0)
    droop_enabled: bool = _switch("Whether active power answers the frequency")
    droop_over_deadband_hz: float = _deadband(0.2, "High frequency: deadband above nominal")
    droop_over: float = _droop("High frequency")
    droop_under_deadband_hz: float = _deadband(
        NO_DEADBAND_HZ, f"Low frequency: deadband below nominal; {NO_DEADBAND_HZ:g} is no answer"
    )
    droop_under: float = _droop("Low frequency")
    droop_of_power: bool = _switch(
        "Whether a generator's droop at high frequency is of its power before, in place of the rating"
    )
    droop_response_s: float = _seconds("Time to 90 % of the answer to the frequency")
    volt_var_enabled: bool = _switch("Whether reactive power follows the voltage")
    volt_var_v1_pu: float = _voltage("volt-var", 1)
    volt_var_q1_pu: float = _share("volt-var", 1)
    volt_var_v2_pu: float = _voltage("volt-var", 2)
    volt_var_q2_pu: float = _share("volt-var", 2)
    volt_var_v3_pu: float = _voltage("volt-var", 3)
    volt_var_q3_pu: float = _share("volt-var", 3)
    volt_var_v4_pu: float = _voltage("volt-var", 4)
    volt_var_q4_pu: float = _share("volt-var", 4)
    volt_var_response_s: float = _seconds("Time to 90 % of volt-var's answer")
    volt_watt_enabled: bool = _switch("Whether the voltage limits the active power")
    volt_watt_v1_pu: float = _voltage("volt-watt", 1)
    volt_watt_p1_pu: float = _share("volt-watt", 1, 1.0)
    volt_watt_v2_pu: float = _voltage("volt-watt", 2)
    volt_watt_p2_pu: float = _share("volt-watt", 2, 1.0)
    volt_watt_response_s: float = _seconds("Time to 90 % of volt-watt's answer")
    watt_pf_enabled: bool = _switch("Whether the power factor follows the active power: cos φ(P)")
    watt_pf_p1_pu: float = _power(1)
    watt_pf_pf1: float = _factor(1)
    watt_pf_p2_pu: float = _power(2)
    watt_pf_pf2: float = _factor(2)
    watt_pf_response_s: float = _seconds("Time to 90 % of cos φ(P)'s answer")


NO_SETTINGS = GridSettings()
"""Of a device without a grid code."""


class GridTied:
    """What the commands of every device with a grid code are: they have a group ``settings``."""

    __slots__ = ()

    if TYPE_CHECKING:
        settings: GridSettings
    else:

        def __getattr__(self, name: str) -> Any:
            """Return a setting as if it were a command of its own."""
            if name in SETTINGS:
                return getattr(self.settings, name)
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


SETTINGS = frozenset(item.name for item in fields(GridSettings))
