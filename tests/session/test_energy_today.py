"""The energy of the day: what meters count, from midnight of simulated time, in both directions."""

from typing import Any

import pytest

from twin_tui import Twin
from twin_tui.engine.view import Energy, ViewRequest
from twin_tui.session.energy import GRID, EnergyToday
from twin_tui.session.local import LocalSession

BATTERY = {"type": "battery", "name": "b", "capacity_kwh": 20, "max_charge_kw": 10, "max_discharge_kw": 10}
LOAD = {"type": "load", "name": "l", "base_kw": 2.0}


def site(start: str = "2026-06-20T10:30:00", **more: Any) -> Twin:
    assets = [BATTERY, LOAD, {"type": "meter", "name": "m"}]
    return Twin.from_dict({"grid_code": "none", "step": 1.0, "start": start, "assets": assets, **more})


async def test_a_frame_has_the_energy_of_each_device_in_both_directions() -> None:
    twin = site()
    session = LocalSession(twin)
    twin["b"].write(start_stop="Power On", active_power_setpoint_w=5_000)
    twin.advance(1800.0)
    twin["b"].write(active_power_setpoint_w=-2_000)
    twin.advance(1800.0)
    frame = await session.frame(ViewRequest())
    battery, load, grid = frame.energy["b"], frame.energy["l"], frame.energy[GRID]
    assert battery.into_wh == pytest.approx(2_500, rel=0.01)
    assert battery.out_wh == pytest.approx(1_000, rel=0.01)
    assert load == Energy(0.0, pytest.approx(2_000, rel=0.01))
    assert frame.energy_since_s == 0.0
    made = battery.into_wh + grid.into_wh
    assert made == pytest.approx(battery.out_wh + load.out_wh + grid.out_wh, rel=1e-9), "in is out"


def test_it_is_what_the_meter_at_the_connection_counts() -> None:
    twin = site()
    counted = EnergyToday(twin.engine)
    twin["b"].write(start_stop="Power On", active_power_setpoint_w=5_000)
    for setpoint_w in (5_000, -1_000, 3_000):
        twin["b"].write(active_power_setpoint_w=setpoint_w)
        twin.advance(600.0)
    meter, grid = twin["m"].telemetry, counted.today()[GRID]
    assert grid.into_wh == pytest.approx(meter.import_energy_wh, rel=1e-6)
    assert grid.out_wh == pytest.approx(meter.export_energy_wh, rel=1e-6)


def test_midnight_begins_with_nothing_and_the_step_up_to_it_belongs_to_the_day_before() -> None:
    twin = site("2026-06-20T23:59:00")
    counted = EnergyToday(twin.engine)
    twin.advance(60.0)
    assert counted.today()["l"].out_wh == pytest.approx(2_000 / 60, rel=0.01)
    assert counted.since_s == 0.0
    twin.step_once()
    assert counted.today()["l"].out_wh == pytest.approx(2_000 / 3600, rel=0.01)
    assert counted.since_s == pytest.approx(60.0)
    twin.advance(86_400.0 - 1.0)
    assert counted.today()["l"].out_wh == pytest.approx(48_000, rel=0.01)
    twin.step_once()
    assert counted.today()["l"].out_wh < 1.0


@pytest.mark.parametrize(("start", "hours"), [("2026-03-28T23:00:00", 23), ("2026-10-24T23:00:00", 25)])
def test_the_day_on_which_the_clock_changes_is_as_long_as_it_is(start: str, hours: int) -> None:
    twin = site(start, timezone="Europe/Berlin", step=60.0)
    counted = EnergyToday(twin.engine)
    twin.advance(3600.0 * (1 + hours))
    assert counted.today()["l"].out_wh == pytest.approx(2_000 * hours, rel=0.01)
    twin.step_once()
    assert counted.today()["l"].out_wh < 50.0
