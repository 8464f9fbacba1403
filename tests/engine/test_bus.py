"""What a meter sees of each phase: balanced devices on all three, others where they are connected."""

from typing import Any

import pytest

from twin_tui.engine.devices.battery import BATTERY, ON, BatteryCommands, BatteryParams
from twin_tui.engine.devices.load import LOAD, LoadParams
from twin_tui.engine.devices.meter import METER, MeterParams
from twin_tui.engine.devices.terminals import Connection
from twin_tui.engine.engine import Engine
from twin_tui.engine.site import DevicePlan, SitePlan

BALANCED = DevicePlan(
    "battery",
    BATTERY,
    BatteryParams(10_000.0, 5_000.0, 5_000.0, 6_000.0),
    BatteryCommands(start_stop=ON, active_power_setpoint_w=3_000.0, reactive_power_setpoint_var=-600.0),
)
ON_B = DevicePlan("kettle", LOAD, LoadParams(2_000.0, power_factor=0.8, phase=Connection.B))


def flows(*devices: DevicePlan, meters: tuple[str, ...] = ()) -> tuple[list[float], list[float]]:
    """Return active and reactive power of the phases as a meter sees them."""
    meter: Any = DevicePlan("meter", METER, MeterParams(), meters=meters)
    engine = Engine(SitePlan("x", (*devices, meter), dt_s=1.0))
    engine.step()
    seen = engine.telemetry("meter")
    watts = [getattr(seen, f"active_power_{phase}_w") for phase in "abc"]
    return watts, [getattr(seen, f"reactive_power_{phase}_var") for phase in "abc"]


def test_a_balanced_device_has_a_third_on_each_phase() -> None:
    watts, var = flows(BALANCED)
    assert watts == pytest.approx([-1_000.0] * 3)
    assert var == pytest.approx([200.0] * 3)


def test_a_device_on_one_phase_has_it_all_there() -> None:
    watts, var = flows(ON_B)
    assert watts == pytest.approx([0.0, 2_000.0, 0.0])
    assert var == pytest.approx([0.0, 1_500.0, 0.0])


@pytest.mark.parametrize("meters", [(), ("battery", "kettle")])
def test_both_add_up_phase_by_phase_at_the_grid_and_behind_a_meter(meters: tuple[str, ...]) -> None:
    watts, var = flows(BALANCED, ON_B, meters=meters)
    assert watts == pytest.approx([-1_000.0, 1_000.0, -1_000.0])
    assert var == pytest.approx([200.0, 1_700.0, 200.0])


def test_a_meter_behind_another_device_does_not_see_it() -> None:
    watts, var = flows(BALANCED, ON_B, meters=("kettle",))
    assert (watts, var) == (pytest.approx([0.0, 2_000.0, 0.0]), pytest.approx([0.0, 1_500.0, 0.0]))
