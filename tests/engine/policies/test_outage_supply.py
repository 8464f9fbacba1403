"""OUTAGE_SUPPLY: the site goes on when the grid is gone, with less load or less PV where it must."""

import pytest

from twin_tui.engine.devices.battery import BATTERY, BatteryCommands, BatteryParams
from twin_tui.engine.devices.load import LOAD, LoadParams
from twin_tui.engine.devices.pv import PV, PvParams
from twin_tui.engine.disturbance import Disturbance, Target
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import ClearDisturbance, Disturb, Pin, SelectMode
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.engine.transfer import IslandParams
from twin_tui.engine.weather import Series

NO_LIMITS = {
    "soc_lower_limit_2": 0.0,
    "soc_lower_limit_1": 0.0,
    "soc_upper_limit_1": 1.0,
    "soc_upper_limit_2": 1.0,
}


def an_island(
    *loads_w: float, sun_w: tuple[float, ...] = (0.0, 0.0), soc: float = 0.5, ramp_w_per_s: float = 1e9
) -> Engine:
    battery = BatteryParams(10_000.0, 5_000.0, 5_000.0, 5_000.0, initial_soc=soc, grid_forming=True)
    sun = Series(0.0, 30.0, sun_w, relative=True, holds=True)
    devices = (
        DevicePlan("battery", BATTERY, battery, BatteryCommands(**NO_LIMITS)),
        *(DevicePlan(f"load{number}", LOAD, LoadParams(load_w)) for number, load_w in enumerate(loads_w)),
        DevicePlan("pv", PV, PvParams(8_000.0, 8_000.0, series=sun, ramp_w_per_s=ramp_w_per_s)),
    )
    engine = Engine(SitePlan("test", devices, dt_s=1.0, island=IslandParams(resync_s=5.0)))
    engine.submit(SelectMode("battery", "OUTAGE_SUPPLY"))
    engine.advance(100.0 if ramp_w_per_s < 1e9 else 2.0)
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, 0.0, label="outage")))
    return engine


def powers_w(engine: Engine) -> dict[str, float]:
    return {name: device.state.active_power_w for name, device in engine.devices.items()}


def test_before_the_outage_the_grid_is_at_zero() -> None:
    engine = an_island(2_000.0)
    assert engine.surroundings.grid_w == pytest.approx(0.0)


def test_the_battery_carries_the_site_while_the_grid_is_gone() -> None:
    engine = an_island(2_000.0, 1_000.0)
    engine.advance(10.0)
    assert engine.snapshot().grid.islanded
    assert powers_w(engine)["battery"] == pytest.approx(3_000.0)


def test_the_load_that_suffices_is_shed_when_the_battery_is_too_small() -> None:
    engine = an_island(3_000.0, 1_500.0, 2_500.0)
    engine.advance(10.0)
    assert engine.snapshot().grid.islanded
    seen = powers_w(engine)
    assert seen["load2"] == 0.0
    assert seen["battery"] == pytest.approx(4_500.0)
    assert any("load of 2.50 kW shed: 2.00 kW missing" in entry.text for entry in engine.log)


def test_shed_loads_come_back_with_the_grid() -> None:
    engine = an_island(3_000.0, 3_000.0)
    engine.advance(10.0)
    engine.submit(ClearDisturbance("outage"))
    engine.advance(20.0)
    assert not engine.snapshot().grid.islanded
    assert all(engine.devices[name].commands.connected for name in ("load0", "load1"))


def test_shed_loads_come_back_when_the_sun_can_carry_them() -> None:
    engine = an_island(3_000.0, 3_000.0, sun_w=(0.0, 0.0, 4_000.0, 4_000.0))
    engine.advance(20.0)
    assert sum(1 for name in ("load0", "load1") if powers_w(engine)[name] == 0.0) == 1
    engine.advance(120.0)
    assert powers_w(engine)["load0"] == powers_w(engine)["load1"] == pytest.approx(-3_000.0)


def test_pv_is_curtailed_when_the_battery_is_full_and_free_again_afterwards() -> None:
    engine = an_island(1_000.0, sun_w=(6_000.0, 6_000.0), soc=1.0)
    engine.advance(10.0)
    seen = powers_w(engine)
    assert seen["pv"] == pytest.approx(1_000.0)
    assert seen["battery"] == pytest.approx(0.0, abs=1e-3)
    engine.submit(ClearDisturbance("outage"))
    engine.advance(20.0)
    assert powers_w(engine)["pv"] == pytest.approx(6_000.0)


def test_pv_that_cannot_fall_fast_enough_takes_the_island_down() -> None:
    engine = an_island(1_000.0, sun_w=(6_000.0, 6_000.0), soc=1.0, ramp_w_per_s=100.0)
    engine.advance(5.0)
    assert not engine.snapshot().grid.islanded
    assert any("the island collapses" in entry.text for entry in engine.log)


def test_without_the_mode_a_site_that_is_out_of_balance_goes_dark() -> None:
    engine = an_island(3_000.0, 4_000.0)
    engine.submit(SelectMode("battery", "IDLE"))
    engine.advance(5.0)
    assert not engine.snapshot().grid.islanded
    assert powers_w(engine)["load0"] == 0.0


def test_half_a_watt_too_much_is_curtailed_and_sheds_no_load() -> None:
    engine = an_island(1_000.0, sun_w=(1_000.5, 1_000.5), soc=1.0)
    engine.advance(10.0)
    seen = powers_w(engine)
    assert engine.snapshot().grid.islanded
    assert seen["load0"] == -1_000.0
    assert seen["pv"] == pytest.approx(1_000.0)


def test_half_a_watt_missing_sheds_the_smallest_load_that_suffices() -> None:
    engine = an_island(4_999.0, 0.6, 0.9)
    engine.advance(10.0)
    assert engine.snapshot().grid.islanded
    assert powers_w(engine) == pytest.approx(
        {"battery": 4_999.9, "load0": -4_999.0, "load1": 0.0, "load2": -0.9, "pv": 0.0}
    )


def test_where_no_single_load_suffices_the_largest_goes_first() -> None:
    engine = an_island(4_500.0, 4_000.0, 5_000.0)
    engine.advance(10.0)
    assert engine.snapshot().grid.islanded
    seen = powers_w(engine)
    # 8.5 kW are missing: the largest goes, then of the others the smallest that is enough for 3.5 kW
    assert (seen["load0"], seen["load1"], seen["load2"]) == (-4_500.0, 0.0, 0.0)


def test_an_island_without_a_load_that_may_be_shed_goes_dark() -> None:
    engine = an_island(6_000.0)
    engine.submit(Pin("load0", "connected", 1))
    engine.advance(5.0)
    assert not engine.snapshot().grid.islanded
    assert any("the island collapses" in entry.text for entry in engine.log)
    assert engine.devices["load0"].commands.connected


def test_pv_whose_limit_is_forced_is_not_curtailed() -> None:
    engine = an_island(1_000.0, sun_w=(6_000.0, 6_000.0), soc=1.0)
    engine.submit(Pin("pv", "active_power_limit_w", 6_000.0))
    engine.advance(5.0)
    assert engine.devices["pv"].commands.active_power_limit_w == 6_000.0
    assert not engine.snapshot().grid.islanded
