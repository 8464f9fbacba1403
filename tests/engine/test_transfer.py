"""The life of an island: transfer, droop, shedding, black start, resynchronisation."""

import itertools
from dataclasses import replace
from typing import Any

import pytest

from twin_tui.config.grid_codes import load_grid_code
from twin_tui.engine.device import Stage
from twin_tui.engine.devices.battery import BATTERY, ON, BatteryCommands, BatteryParams
from twin_tui.engine.devices.load import LOAD, LoadParams
from twin_tui.engine.devices.meter import METER, MeterParams
from twin_tui.engine.devices.pv import PV, PvParams
from twin_tui.engine.devices.terminals import Connection as Phase
from twin_tui.engine.disturbance import Disturbance, Target
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import ClearDisturbance, Disturb, Fault, SelectMode, Write
from twin_tui.engine.grid import GridParams
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.engine.snapshot import GRID, ISLAND, NOTHING, SYNCHRONISING, TRANSFER, LogKind
from twin_tui.engine.transfer import IslandParams
from twin_tui.errors import ConfigError

CODE = load_grid_code("en50549-1")
FORMER = BatteryParams(20_000.0, 10_000.0, 10_000.0, 10_000.0, grid_code=CODE, grid_forming=True)
RUNS = BatteryCommands(start_stop=ON)


def site(
    *loads: float | LoadParams,
    batteries: tuple[BatteryParams, ...] = (FORMER,),
    dt_s: float = 0.1,
    grid: GridParams | None = None,
    pv_w: float = 0.0,
    **island: Any,
) -> Engine:
    devices = [DevicePlan(f"b{i}", BATTERY, params, RUNS) for i, params in enumerate(batteries)]
    for number, load in enumerate(loads):
        params = load if isinstance(load, LoadParams) else LoadParams(load, power_factor=1.0)
        devices.append(DevicePlan(f"load{number}", LOAD, params))
    if pv_w:
        devices.append(DevicePlan("pv", PV, PvParams(pv_w, pv_w, grid_code=CODE)))
    devices.append(DevicePlan("meter", METER, MeterParams()))
    plan = SitePlan(
        "island",
        tuple(devices),
        dt_s=dt_s,
        start_unix_s=1_781_913_600.0 + 12 * 3600,
        grid=grid or GridParams(),
        island=IslandParams(**island),
    )
    engine = Engine(plan)
    engine.advance(max(1.0, dt_s))
    return engine


def lose(engine: Engine, magnitude: float = 0.0, target: Target = Target.VOLTAGE, **how: Any) -> None:
    engine.submit(Disturb(Disturbance(target, magnitude, label="outage", **how)))


def supplies(engine: Engine, ticks: int) -> list[int]:
    found = []
    for _ in range(ticks):
        engine.step()
        found.append(engine.snapshot().grid.supply)
        assert_balanced(engine)
    return found


def assert_balanced(engine: Engine) -> None:
    """ΣP = ΣQ = 0 with the grid connection, and nothing crosses an open switch."""
    powered = [d.state for d in engine.devices.values() if d.type.stage is not Stage.METER]
    surroundings = engine.surroundings
    assert sum(s.active_power_w for s in powered) + surroundings.grid_w == pytest.approx(0.0, abs=1e-6)
    assert sum(s.reactive_power_var for s in powered) + surroundings.grid_var == pytest.approx(0.0, abs=1e-6)
    if surroundings.supply != GRID:
        assert surroundings.grid_w == pytest.approx(0.0, abs=1e-6)
        phases = (surroundings.grid_a_w, surroundings.grid_b_w, surroundings.grid_c_w)
        assert phases == pytest.approx((0.0, 0.0, 0.0), abs=1e-6)


def told(engine: Engine, kind: LogKind = LogKind.STATE) -> list[str]:
    return [entry.text for entry in engine.log if entry.device == "grid" and entry.kind is kind]


LOST: dict[str, tuple[Target, float, str]] = {
    "no voltage": (Target.VOLTAGE, 0.0, "abc"),
    "a sag to 1 %": (Target.VOLTAGE, 0.01, "abc"),
    "a sag to 70 %": (Target.VOLTAGE, 0.7, "abc"),
    "two phases": (Target.VOLTAGE, 0.0, "ab"),
    "one phase": (Target.VOLTAGE, 0.0, "c"),
    "a swell": (Target.VOLTAGE, 1.3, "abc"),
    "44 Hz": (Target.FREQUENCY, -6.0, "abc"),
    "52 Hz": (Target.FREQUENCY, 2.0, "abc"),
}


@pytest.mark.parametrize("dt_s", [0.01, 0.1, 1.0, 60.0])
@pytest.mark.parametrize("what", LOST)
def test_a_grid_outside_the_transfer_window_leaves_the_site_an_island(what: str, dt_s: float) -> None:
    engine = site(3_000.0, dt_s=dt_s)
    target, magnitude, phases = LOST[what]
    lose(engine, magnitude, target, phases=phases)
    supplies(engine, max(1, round(0.6 / dt_s)))
    assert engine.snapshot().grid.supply == ISLAND
    assert engine.telemetry("b0").active_power_w == pytest.approx(3_000.0)
    assert engine.telemetry("meter").current_a_a == 0.0
    assert engine.surroundings.va_pu == pytest.approx(1.0)


@pytest.mark.parametrize("what", ["no voltage", "a sag to 1 %", "two phases", "44 Hz"])
def test_without_a_forming_device_protection_stops_the_generators(what: str) -> None:
    engine = site(3_000.0, batteries=(replace(FORMER, grid_forming=False),), pv_w=5_000.0)
    engine.submit(Write("b0", {"active_power_setpoint_w": 2_000.0}))
    engine.advance(1.0)
    target, magnitude, phases = LOST[what]
    lose(engine, magnitude, target, phases=phases)
    engine.advance(10.0)
    assert engine.devices["b0"].state.active_power_w == 0.0
    assert engine.devices["pv"].state.active_power_w == 0.0
    assert not engine.snapshot().grid.islanded
    if target is Target.VOLTAGE and phases == "abc":
        assert engine.snapshot().grid.supply == NOTHING
        assert engine.surroundings.grid_w == 0.0


def test_the_grid_must_be_bad_for_the_whole_delay() -> None:
    engine = site(3_000.0, transfer_delay_s=0.5)
    lose(engine, 0.7, duration_s=0.5)
    assert supplies(engine, 10) == [GRID] * 10
    engine.submit(ClearDisturbance())
    lose(engine, 0.7)
    assert supplies(engine, 7) == [GRID] * 5 + [TRANSFER, ISLAND]


@pytest.mark.parametrize(
    ("dt_s", "time_s", "dark"), [(0.02, 0.1, 5), (0.1, 0.1, 1), (0.1, 0.3, 3), (1.0, 0.1, 0)]
)
def test_devices_see_the_transfer_as_an_interruption(dt_s: float, time_s: float, dark: int) -> None:
    engine = site(3_000.0, dt_s=dt_s, transfer_time_s=time_s)
    lose(engine)
    assert supplies(engine, dark + 1) == [TRANSFER] * dark + [ISLAND]
    states = [entry.text for entry in engine.log if entry.device == "load0"]
    assert ("RUN → OFF: no grid voltage" in states) == bool(dark)


def test_voltage_and_frequency_of_an_island_follow_the_droops_of_its_battery() -> None:
    former = replace(FORMER, forming_frequency_droop=0.01, forming_voltage_droop=0.05)
    engine = site(LoadParams(3_000.0, power_factor=0.6), batteries=(former,))
    lose(engine)
    engine.advance(1.0)
    p, q = -engine.devices["load0"].state.active_power_w, -engine.devices["load0"].state.reactive_power_var
    assert q > 0.0
    assert engine.surroundings.frequency_hz == pytest.approx(50.0 * (1.0 - 0.01 * p / 10_000.0))
    assert engine.surroundings.va_pu == pytest.approx(1.0 - 0.05 * q / 10_000.0)


def test_batteries_share_by_rating_over_droop() -> None:
    steep = replace(FORMER, forming_frequency_droop=0.008)
    engine = site(6_000.0, batteries=(FORMER, steep))
    lose(engine)
    engine.advance(1.0)
    assert engine.telemetry("b0").active_power_w == pytest.approx(4_000.0)
    assert engine.telemetry("b1").active_power_w == pytest.approx(2_000.0)
    assert engine.surroundings.frequency_hz == pytest.approx(50.0 * (1.0 - 0.004 * 0.4))


def test_one_of_two_batteries_fails_and_the_other_goes_on() -> None:
    engine = site(6_000.0, batteries=(FORMER, FORMER))
    lose(engine)
    engine.advance(1.0)
    engine.submit(Fault("b0", "emergency_stop"))
    assert supplies(engine, 5) == [ISLAND] * 5
    assert engine.telemetry("b1").active_power_w == pytest.approx(6_000.0)
    engine.submit(Fault("b1", "emergency_stop"))
    engine.step()
    assert engine.snapshot().grid.supply == NOTHING
    assert told(engine, LogKind.ALARM) == ["the island collapses: no device can supply it"]


def test_a_fault_during_the_transfer_leaves_the_site_dark() -> None:
    engine = site(3_000.0, transfer_time_s=0.3)
    lose(engine)
    engine.step()
    engine.submit(Fault("b0", "emergency_stop"))
    assert supplies(engine, 10)[-1] == NOTHING
    assert told(engine, LogKind.ALARM) == ["no device can supply the site: it is dark"]


def test_loads_are_shed_in_the_order_of_the_site_whatever_the_mode() -> None:
    engine = site(4_000.0, 5_000.0, 4_000.0, shed_order=("load2", "load1"))
    lose(engine)
    engine.advance(1.0)
    assert [engine.devices[f"load{i}"].state.active_power_w for i in range(3)] == [-4_000.0, -5_000.0, 0.0]
    engine.submit(Write("load0", {"extra_w": 5_000.0}))
    engine.advance(1.0)
    assert [engine.devices[f"load{i}"].state.active_power_w for i in range(3)] == [-9_000.0, 0.0, 0.0]
    assert engine.telemetry("b0").active_power_w == pytest.approx(9_000.0)


def test_without_a_load_left_to_shed_the_island_collapses() -> None:
    engine = site(12_000.0, 2_000.0, shed_order=("load1",))
    lose(engine)
    engine.advance(1.0)
    assert told(engine, LogKind.ALARM) == ["the island collapses: 2.00 kW missing"]
    assert engine.devices["load1"].commands.connected


def test_a_shed_load_is_tried_again_and_shed_again_when_it_is_still_too_much() -> None:
    engine = site(6_000.0, 6_000.0, shed_order=("load1",), reconnect_s=5.0)
    lose(engine)
    engine.advance(30.0)
    assert engine.snapshot().grid.supply == ISLAND
    assert engine.devices["load1"].state.active_power_w == 0.0
    engine.submit(Write("load0", {"extra_w": -3_000.0}))
    engine.advance(6.0)
    assert engine.devices["load1"].state.active_power_w == pytest.approx(-6_000.0)


@pytest.mark.parametrize("dt_s", [0.01, 0.1, 1.0])
def test_the_inrush_of_a_load_has_the_same_energy_at_any_step(dt_s: float) -> None:
    engine = site(LoadParams(2_000.0, inrush=3.0, inrush_s=0.5), dt_s=dt_s, transfer_time_s=1.0)
    lose(engine)
    engine.advance(1.0)
    before = engine.devices["load0"].state.consumed_wh
    engine.step()
    first = engine.devices["load0"].state.active_power_w
    assert -8_000.0 < first < -3_000.0
    engine.advance(10.0 - dt_s)
    taken = (engine.devices["load0"].state.consumed_wh - before) * 3600.0
    assert taken == pytest.approx(2_000.0 * (10.0 + 3.0 * 0.5), rel=1e-6)
    assert engine.devices["load0"].state.active_power_w == pytest.approx(-2_000.0, rel=1e-4)


def test_an_inrush_beyond_the_battery_ends_the_island() -> None:
    engine = site(LoadParams(4_000.0, inrush=4.0))
    lose(engine)
    engine.advance(0.5)
    assert "missing" in told(engine, LogKind.ALARM)[0]


def test_a_load_that_does_not_stay_on_is_tried_ever_later_and_soon_again_once_it_has() -> None:
    engine = site(6_000.0, 6_000.0, shed_order=("load1",), reconnect_s=5.0)
    lose(engine)
    engine.advance(1.0)
    assert not engine.devices["load1"].commands.connected
    shed_s = next(entry.time_s for entry in engine.log if "shed" in entry.text)
    engine.advance(shed_s + 40.0 - engine.time_s)  # it was tried after 5, 15 and 35 s
    engine.submit(Write("load0", {"connected": False}))
    engine.advance(34.5)
    assert not engine.devices["load1"].commands.connected
    engine.advance(1.0)
    assert engine.devices["load1"].commands.connected
    engine.advance(10.0)
    engine.submit(Write("load0", {"connected": True}))
    engine.advance(1.0)
    assert not engine.devices["load1"].commands.connected
    engine.submit(Write("load0", {"connected": False}))
    engine.advance(5.0)
    assert engine.devices["load1"].commands.connected


def test_a_load_is_tried_at_least_every_half_hour() -> None:
    former = replace(FORMER, capacity_wh=1e6)
    engine = site(6_000.0, 6_000.0, batteries=(former,), dt_s=10.0, shed_order=("load1",), reconnect_s=60.0)
    lose(engine)
    engine.advance(6 * 3600.0)
    engine.submit(Write("load0", {"connected": False}))
    engine.advance(1800.0)
    assert engine.devices["load1"].commands.connected


def test_a_black_start_takes_up_one_load_after_the_other_the_last_shed_first() -> None:
    engine = site(3_000.0, 2_000.0, 1_000.0, shed_order=("load0", "load1", "load2"), load_step_s=2.0)
    engine.submit(Write("b0", {"start_stop": 2}))
    lose(engine)
    engine.advance(5.0)
    assert engine.snapshot().grid.supply == NOTHING
    engine.submit(Write("load0", {"extra_w": 20_000.0}))
    engine.submit(Write("b0", {"start_stop": 1}))
    engine.submit(Fault("b0", "emergency_stop", duration_s=1.0))
    engine.advance(2.0)
    engine.submit(Write("b0", {"fault_reset": 1}))
    engine.submit(Write("load0", {"extra_w": 0.0}))
    taken = []
    for _ in range(80):
        engine.step()
        assert_balanced(engine)
        power = engine.telemetry("b0").active_power_w
        if engine.surroundings.islanded and (not taken or abs(power - taken[-1]) > 1.0):
            taken.append(power)
    assert taken[-1] == pytest.approx(6_000.0)


def test_after_a_collapse_the_island_starts_black_and_ever_later() -> None:
    engine = site(3_000.0, 12_000.0, shed_order=("load0",), load_step_s=2.0)
    lose(engine)
    engine.advance(55.0)
    collapses = [e.time_s for e in engine.log if e.kind is LogKind.ALARM]
    assert [round(b - a) for a, b in itertools.pairwise(collapses)] == [10, 10, 20]
    engine.submit(Write("load1", {"extra_w": -9_000.0}))
    engine.advance(60.0)
    assert engine.telemetry("b0").active_power_w == pytest.approx(6_000.0)
    assert told(engine)[-1] == "islanded: b0 holds up the site, black start"


@pytest.mark.parametrize("dt_s", [0.01, 0.1, 1.0, 10.0])
def test_the_switch_closes_in_step_with_the_grid(dt_s: float) -> None:
    engine = site(6_000.0, dt_s=dt_s)
    lose(engine)
    engine.advance(max(8.0, 3 * dt_s))
    angles = []
    engine.submit(ClearDisturbance())
    while engine.snapshot().grid.supply != GRID:
        grid = engine.snapshot().grid
        angles.append((grid.slip_deg, grid.frequency_hz - 50.0))
        engine.step()
        assert len(angles) < 1200 / dt_s
    angle, slip = angles[-1]
    assert abs(angle) <= 20.0
    assert abs(slip) <= 0.3
    assert told(engine)[-1] == "back on the grid"
    assert engine.devices["load0"].state.active_power_w == pytest.approx(-6_000.0)


def test_a_grid_that_fails_again_while_synchronising_starts_the_time_anew() -> None:
    engine = site(3_000.0)
    lose(engine, duration_s=5.0)
    engine.advance(8.0)
    assert engine.snapshot().grid.supply == SYNCHRONISING
    lose(engine, duration_s=1.0)
    engine.advance(5.0)
    assert engine.snapshot().grid.supply == SYNCHRONISING
    engine.advance(3.0)
    assert engine.snapshot().grid.supply == GRID


def test_what_never_comes_into_step_returns_by_way_of_an_interruption() -> None:
    engine = site(3_000.0, sync_f_hz=0.0, sync_timeout_s=10.0, transfer_time_s=0.2, sync_slip_hz=0.001)
    lose(engine, duration_s=5.0)
    engine.advance(5.0)
    seen = supplies(engine, 200)
    dark = seen.index(TRANSFER)
    assert seen[dark : dark + 3] == [TRANSFER, TRANSFER, GRID]
    assert set(seen[dark + 2 :]) == {GRID}
    assert any("by way of an interruption" in text for text in told(engine))


def test_a_grid_that_fails_during_the_interruption_leaves_an_island() -> None:
    engine = site(3_000.0, sync_f_hz=0.0, sync_timeout_s=2.0, transfer_time_s=0.5, sync_slip_hz=0.001)
    lose(engine, duration_s=5.0)
    engine.advance(5.0)
    while engine.snapshot().grid.supply != TRANSFER:
        engine.step()
    lose(engine)
    assert ISLAND in supplies(engine, 10)
    assert engine.telemetry("b0").active_power_w == pytest.approx(3_000.0)


def test_a_phase_jump_of_the_grid_is_seen_by_the_synchroniser() -> None:
    engine = site(3_000.0, resync_s=20.0)
    lose(engine, duration_s=5.0)
    engine.advance(12.0)
    assert engine.snapshot().grid.slip_deg == pytest.approx(0.0, abs=1.0)
    engine.submit(Disturb(Disturbance(Target.PHASE, 60.0)))
    engine.step()
    assert engine.snapshot().grid.slip_deg == pytest.approx(-60.0, abs=3.0)


def test_on_a_weak_grid_the_source_is_seen_beside_the_island() -> None:
    weak = GridParams(r_ohm=0.4, x_ohm=0.1)
    former = replace(FORMER, max_current_pu=2.0)
    engine = site(LoadParams(6_000.0, phase=Phase.A), batteries=(former,), grid=weak)
    assert engine.snapshot().grid.voltage_a_pu < 0.98
    lose(engine, 0.5)
    engine.advance(1.0)
    grid = engine.snapshot().grid
    assert grid.source_voltage_a_pu == pytest.approx(0.5)
    assert grid.voltage_a_pu == pytest.approx(1.0)
    assert grid.loss_w == 0.0
    engine.submit(ClearDisturbance())
    engine.advance(12.0)
    assert engine.snapshot().grid.voltage_a_pu < 0.98


def test_a_collapsing_connection_hands_the_site_to_its_battery() -> None:
    engine = site(6_000.0, grid=GridParams(r_ohm=0.4, x_ohm=0.1))
    engine.submit(SelectMode("b0", "IDLE"))
    lose(engine, 0.12, phases="abc")
    engine.advance(3.0)
    assert engine.snapshot().grid.supply == ISLAND
    assert engine.telemetry("b0").active_power_w == pytest.approx(6_000.0)


def test_a_load_to_shed_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"shed_order: 'lod0' is not a load .*did you mean load0"):
        site(1_000.0, shed_order=("lod0",))
    with pytest.raises(ConfigError, match="transfer_f_low_hz"):
        IslandParams(transfer_f_low_hz=52.0, transfer_f_high_hz=51.0)
