"""A grid-forming battery holds up the site while the grid is gone."""

import itertools
from dataclasses import replace
from math import hypot, sqrt

import pytest

from twin_tui.config.grid_codes import load_grid_code
from twin_tui.engine.device import Status
from twin_tui.engine.devices.battery import BATTERY, ON, BatteryCommands, BatteryParams
from twin_tui.engine.devices.battery_model import Housing
from twin_tui.engine.devices.load import LOAD, LoadParams
from twin_tui.engine.devices.load_model import VoltageModel
from twin_tui.engine.devices.meter import METER, MeterParams
from twin_tui.engine.devices.pv import PV, PvParams
from twin_tui.engine.devices.terminals import Connection
from twin_tui.engine.disturbance import Disturbance, Target
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import ClearEverything, Disturb, Fault, SelectMode, Write
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.engine.snapshot import LogKind
from twin_tui.engine.surroundings import Surroundings
from twin_tui.engine.transfer import IslandParams

NOON_UNIX_S = 1_781_913_600.0 + 12 * 3600
CODE = load_grid_code("en50549-1")
FORMER = BatteryParams(
    20_000.0, 10_000.0, 10_000.0, 10_000.0, ramp_w_per_s=500.0, grid_code=CODE, grid_forming=True
)
TOLD = BatteryCommands(start_stop=ON)


def site(*batteries: BatteryParams, load_w: float = 3000.0, peak_w: float = 0.0) -> Engine:
    devices = [DevicePlan(f"b{i}", BATTERY, params, TOLD) for i, params in enumerate(batteries)]
    devices.append(DevicePlan("house", LOAD, LoadParams(load_w)))
    if peak_w:
        devices.append(DevicePlan("pv", PV, PvParams(peak_w, peak_w, grid_code=CODE)))
    at_once = IslandParams(transfer_time_s=0.0)
    engine = Engine(SitePlan("island", tuple(devices), dt_s=0.1, start_unix_s=NOON_UNIX_S, island=at_once))
    engine.advance(1.0)
    return engine


def lose_the_grid(engine: Engine, duration_s: float | None = None) -> None:
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, 0.0, duration_s=duration_s)))


def test_the_battery_carries_the_load_from_the_tick_in_which_the_grid_goes():
    engine = site(FORMER)
    assert engine.surroundings.grid_w == pytest.approx(3000.0)
    lose_the_grid(engine)
    engine.step()
    assert engine.surroundings.grid_w == pytest.approx(0.0, abs=1e-6)
    assert engine.telemetry("b0").active_power_w == pytest.approx(3000.0)
    assert engine.devices["house"].state.active_power_w == -3000.0
    assert engine.snapshot().grid.islanded


def test_a_battery_that_cannot_form_a_grid_leaves_the_site_in_the_dark():
    engine = site(replace(FORMER, grid_forming=False))
    lose_the_grid(engine)
    engine.step()
    powers = [device.state.active_power_w for device in engine.devices.values()]
    assert powers == [0.0, 0.0]
    assert engine.surroundings.frequency_hz == 0.0


def test_too_much_load_ends_the_island_at_once_and_everything_goes_dark():
    engine = site(FORMER, load_w=12_000.0)
    lose_the_grid(engine)
    engine.advance(1.0)
    assert [device.state.active_power_w for device in engine.devices.values()] == [0.0, 0.0]
    assert engine.surroundings.grid_w == 0.0
    alarms = [entry.text for entry in engine.log if entry.kind is LogKind.ALARM]
    assert alarms == ["the island collapses: 2.00 kW missing"]


def test_after_a_collapse_the_battery_tries_again():
    engine = site(FORMER, load_w=12_000.0)
    lose_the_grid(engine)
    engine.advance(1.0)
    engine.submit(Write("house", {"extra_w": -8000.0}))
    engine.advance(10.0)
    assert engine.devices["house"].state.active_power_w == -4000.0
    assert engine.telemetry("b0").active_power_w == pytest.approx(4000.0)


def test_two_batteries_share_the_load_by_their_ratings():
    engine = site(FORMER, replace(FORMER, rated_va=5000.0), load_w=9000.0)
    lose_the_grid(engine)
    engine.step()
    assert engine.telemetry("b0").active_power_w == pytest.approx(6000.0)
    assert engine.telemetry("b1").active_power_w == pytest.approx(3000.0)


def test_what_one_battery_cannot_give_the_next_one_gives():
    engine = site(replace(FORMER, max_discharge_w=2000.0), FORMER, load_w=9000.0)
    lose_the_grid(engine)
    engine.step()
    assert engine.telemetry("b0").active_power_w == pytest.approx(2000.0)
    assert engine.telemetry("b1").active_power_w == pytest.approx(7000.0)


def test_pv_surplus_charges_the_battery_and_gives_way_when_it_can_take_no_more():
    engine = site(replace(FORMER, initial_soc=0.8), load_w=1000.0, peak_w=9000.0)
    lose_the_grid(engine)
    engine.advance(1.0)
    assert engine.telemetry("b0").active_power_w < -3000.0
    for _ in range(36_000):
        engine.step()
        assert abs(engine.surroundings.grid_w) < 1e-6
        if engine.surroundings.frequency_hz > 51.0:
            break
    assert engine.surroundings.frequency_hz > 51.0
    engine.advance(5.0)
    assert engine.telemetry("pv").active_power_w < 7000.0
    assert not [entry for entry in engine.log if entry.kind is LogKind.ALARM]


def test_a_tick_that_is_tried_several_times_counts_its_energy_once():
    engine = site(replace(FORMER, initial_soc=0.93), load_w=1000.0, peak_w=12_000.0)
    lose_the_grid(engine)
    shifted = 0
    for _ in range(200):
        before = {name: engine.telemetry(name) for name in ("b0", "pv")}
        engine.step()
        after = {name: engine.telemetry(name) for name in ("b0", "pv")}
        hours = engine.dt_s / 3600.0
        battery, pv = after["b0"], after["pv"]
        assert pv.total_energy_wh - before["pv"].total_energy_wh == pytest.approx(pv.active_power_w * hours)
        charged = battery.charged_energy_wh - before["b0"].charged_energy_wh
        assert charged == pytest.approx(max(0.0, -battery.active_power_w * hours), abs=1e-9)
        shifted += engine.surroundings.frequency_hz > 50.0
    assert shifted


def test_the_site_joins_the_grid_again_once_it_has_been_back_for_a_while():
    engine = site(FORMER)
    lose_the_grid(engine, duration_s=10.0)
    engine.advance(10.0 + 4.9)
    assert engine.surroundings.islanded
    engine.advance(0.3)
    assert not engine.surroundings.islanded
    assert engine.devices["b0"].state.status is Status.RUNNING
    engine.advance(10.0)
    assert engine.telemetry("b0").active_power_w == 0.0
    assert engine.surroundings.grid_w == pytest.approx(3000.0)
    told = [entry.text for entry in engine.log if entry.device == "grid" and entry.kind is LogKind.STATE]
    assert told == ["islanded: b0 holds up the site", "back on the grid"]


def test_two_batteries_hold_up_the_site_and_one_goes_on_when_the_other_fails():
    engine = site(FORMER, FORMER)
    lose_the_grid(engine)
    engine.step()
    assert [engine.telemetry(name).active_power_w for name in ("b0", "b1")] == pytest.approx([1500.0] * 2)
    engine.submit(Fault("b0", "emergency_stop"))
    engine.advance(1.0)
    assert engine.telemetry("b0").active_power_w == 0.0
    assert engine.telemetry("b1").active_power_w == pytest.approx(3000.0)
    assert any(entry.text == "islanded: b0, b1 hold up the site" for entry in engine.log)


@pytest.mark.parametrize("weak_first", [True, False])
def test_what_a_battery_at_its_limit_cannot_take_of_its_share_the_other_takes(weak_first: bool):
    weak = replace(FORMER, max_discharge_w=500.0)
    engine = site(*((weak, FORMER) if weak_first else (FORMER, weak)))
    lose_the_grid(engine)
    engine.step()
    powers = [engine.devices[name].state.active_power_w for name in ("b0", "b1")]
    assert powers == pytest.approx([500.0, 2500.0] if weak_first else [2500.0, 500.0])
    assert engine.surroundings.islanded
    assert engine.surroundings.frequency_hz == pytest.approx(50.0 * (1.0 - 0.004 * 2500.0 / 10_000.0))


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_shares_do_not_depend_on_the_order_of_the_site_file(order: tuple[int, ...]):
    stiff = replace(FORMER, forming_frequency_droop=0.0)
    batteries = stiff, replace(stiff, max_discharge_w=500.0), FORMER
    engine = site(*[batteries[place] for place in order])
    lose_the_grid(engine)
    engine.advance(0.5)
    powers = {place: engine.devices[f"b{number}"].state.active_power_w for number, place in enumerate(order)}
    assert powers == pytest.approx({0: 2500.0, 1: 500.0, 2: 0.0}, abs=1.0)


def test_batteries_that_are_all_at_their_limits_end_the_island():
    engine = site(*[replace(FORMER, max_discharge_w=1400.0)] * 2)
    lose_the_grid(engine)
    engine.step()
    assert any(entry.text == "the island collapses: 0.20 kW missing" for entry in engine.log)


def test_a_battery_that_is_off_forms_nothing():
    engine = site(FORMER)
    engine.submit(Write("b0", {"start_stop": 2}))
    engine.advance(1.0)
    lose_the_grid(engine)
    engine.step()
    assert not engine.surroundings.grid_live


@pytest.mark.parametrize("var", [3000.0, -3000.0])
def test_reactive_power_that_nobody_can_cover_ends_the_island_too(var: float):
    engine = site(replace(FORMER, rated_va=4000.0), load_w=3000.0, peak_w=3000.0)
    engine.submit(Write("pv", {"reactive_power_setpoint_var": var, "active_power_limit_w": 0.0}))
    engine.advance(1.0)
    lose_the_grid(engine)
    engine.step()
    assert not engine.surroundings.islanded
    assert engine.surroundings.grid_var == 0.0


def test_back_on_the_grid_the_frequency_is_the_grids_again():
    engine = site(replace(FORMER, initial_soc=0.88), load_w=1000.0, peak_w=4500.0)
    lose_the_grid(engine, duration_s=10.0)
    engine.advance(9.0)
    assert engine.surroundings.islanded
    assert engine.surroundings.frequency_hz > 50.1
    engine.advance(7.0)
    surroundings = engine.surroundings
    assert (surroundings.islanded, surroundings.grid_live, surroundings.frequency_hz) == (False, True, 50.0)
    assert (surroundings.island_w, surroundings.island_var) == (0.0, 0.0)
    assert (surroundings.va_pu, surroundings.v_min_pu, surroundings.v_max_pu) == (1.0, 1.0, 1.0)


def test_a_grid_that_comes_and_goes_is_joined_only_after_it_has_been_back_without_a_break():
    engine = site(FORMER)
    for _ in range(3):
        lose_the_grid(engine, duration_s=1.0)
        engine.advance(5.0)
        assert engine.surroundings.islanded
    engine.advance(1.1)
    assert not engine.surroundings.islanded


def test_an_attempt_that_fails_leaves_no_trace_in_the_log_but_its_own():
    engine = site(FORMER, load_w=12_000.0)
    lose_the_grid(engine)
    engine.advance(25.0)
    assert engine.surroundings.grid_live is False
    states = [entry.text for entry in engine.log if entry.device == "house"]
    assert states == ["RUN → OFF: no grid voltage"]
    alarms = [entry.text for entry in engine.log if entry.kind is LogKind.ALARM]
    assert len(alarms) == 3, "one a try"


def test_a_battery_that_holds_up_an_island_rides_through_the_frequency_that_it_makes():
    params = replace(FORMER, ramp_w_per_s=1.0)
    state = BATTERY.initial(params)
    around = Surroundings(0.1, islanded=True, frequency_hz=52.0, island_w=500.0, island_var=200.0)
    for tick in range(1, 101):
        around.tick, around.time_s = tick, tick * 0.1
        state = BATTERY.step(params, state, TOLD, around)
        assert (state.active_power_w, state.reactive_power_var) == pytest.approx((500.0, 200.0))
        assert state.status is Status.RUNNING


def unbalanced_site(
    *batteries: BatteryParams, loads: dict[str, tuple[float, Connection]], order: tuple[str, ...] = ()
) -> Engine:
    """Return an island with loads of constant power on single phases, and meters on each battery and all."""
    devices = [DevicePlan(f"b{i}", BATTERY, params, TOLD) for i, params in enumerate(batteries)]
    for name, (power_w, phase) in loads.items():
        params = LoadParams(power_w, phase=phase, voltage_model=VoltageModel.CONSTANT_POWER, power_factor=0.9)
        devices.append(DevicePlan(name, LOAD, params))
    names = [plan.name for plan in devices]
    devices += [DevicePlan(f"m_{name}", METER, MeterParams(), meters=(name,)) for name in names]
    devices.append(DevicePlan("all", METER, MeterParams(), meters=tuple(names)))
    island = IslandParams(transfer_time_s=0.0, shed_order=order)
    engine = Engine(SitePlan("island", tuple(devices), island=island))
    engine.advance(1.0)
    lose_the_grid(engine)
    engine.step()
    return engine


STIFF = replace(FORMER, forming_voltage_droop=0.0)


def test_a_forming_battery_gives_each_phase_what_its_loads_take() -> None:
    engine = unbalanced_site(STIFF, loads={"a": (2700.0, Connection.A), "b": (900.0, Connection.B)})
    seen, nominal_v = engine.telemetry("b0"), engine.surroundings.nominal_v
    volts = nominal_v * engine.surroundings.va_pu
    assert seen.current_a_a == pytest.approx(3000.0 / volts)
    assert seen.current_b_a == pytest.approx(1000.0 / volts)
    assert seen.current_c_a == pytest.approx(0.0, abs=1e-9)
    assert seen.active_power_w == pytest.approx(3600.0)
    assert engine.telemetry("m_b0").active_power_a_w == pytest.approx(-2700.0)
    assert engine.telemetry("m_b0").active_power_c_w == pytest.approx(0.0, abs=1e-6)


def test_in_an_island_the_devices_of_each_phase_sum_to_zero() -> None:
    large = replace(FORMER, capacity_wh=60_000.0, max_charge_w=3e4, max_discharge_w=3e4, rated_va=3e4)
    contained = replace(large, housing=Housing.CONTAINER)
    loads = {"a": (7000.0, Connection.A), "c": (500.0, Connection.C), "abc": (1500.0, Connection.ABC)}
    engine = unbalanced_site(FORMER, contained, loads=loads)
    for _ in range(50):
        engine.step()
        total = engine.telemetry("all")
        for phase in "abc":
            assert getattr(total, f"active_power_{phase}_w") == pytest.approx(0.0, abs=1e-6)
            assert getattr(total, f"reactive_power_{phase}_var") == pytest.approx(0.0, abs=1e-6)
    small, great = engine.telemetry("b0"), engine.telemetry("b1")
    assert great.current_a_a == pytest.approx(3 * small.current_a_a, rel=0.05)


def test_a_phase_beyond_the_rated_current_ends_the_island_though_the_sum_would_fit() -> None:
    engine = unbalanced_site(FORMER, loads={"a": (3600.0, Connection.A)})
    assert not engine.surroundings.islanded
    assert engine.surroundings.island_unbalance is None
    assert any("phase a of b0 overloaded: 4" in entry.text for entry in engine.log)
    fits = unbalanced_site(replace(FORMER, max_current_pu=1.3), loads={"a": (3600.0, Connection.A)})
    assert fits.surroundings.islanded


def test_only_a_load_of_the_overloaded_phase_is_shed() -> None:
    loads = {
        "first": (900.0, Connection.B),
        "second": (2000.0, Connection.A),
        "stays": (2000.0, Connection.A),
    }
    engine = unbalanced_site(FORMER, loads=loads, order=("first", "second"))
    assert engine.surroundings.islanded
    assert [engine.devices[name].commands.connected for name in loads] == [True, False, True]
    assert any("missing on phase a" in entry.text for entry in engine.log)


def test_back_on_the_grid_a_battery_is_balanced_again() -> None:
    engine = unbalanced_site(FORMER, loads={"a": (2700.0, Connection.A)})
    assert engine.telemetry("b0").current_b_a == pytest.approx(0.0, abs=1e-9)
    engine.submit(ClearEverything())
    engine.submit(Write("b0", {"active_power_setpoint_w": 2700.0}))
    engine.advance(30.0)
    assert not engine.surroundings.islanded
    seen = engine.telemetry("b0")
    assert seen.current_a_a == seen.current_b_a == pytest.approx(900.0 / engine.surroundings.nominal_v)


def test_pv_is_curtailed_for_the_phase_that_takes_in_the_most() -> None:
    devices = (
        DevicePlan("b0", BATTERY, STIFF, TOLD),
        DevicePlan(
            "a", LOAD, LoadParams(3000.0, phase=Connection.A, voltage_model=VoltageModel.CONSTANT_POWER)
        ),
        DevicePlan("pv", PV, PvParams(12_000.0, 40_000.0)),
    )
    island = IslandParams(transfer_time_s=0.0)
    engine = Engine(SitePlan("island", devices, start_unix_s=NOON_UNIX_S, island=island))
    engine.submit(SelectMode("b0", "OUTAGE_SUPPLY"))
    engine.submit(Write("pv", {"active_power_limit_w": 10_800.0}))
    engine.advance(5.0)
    lose_the_grid(engine)
    engine.step()
    assert engine.surroundings.islanded
    seen = engine.telemetry("b0")
    limit_a = 10_000.0 / 3.0 / engine.surroundings.nominal_v
    # phases b and c take in a third of the PV each: 3.6 of 3.33 kVA, were it not curtailed to 10 kW
    assert engine.telemetry("pv").active_power_w == pytest.approx(10_000.0, abs=1.0)
    assert seen.current_b_a == pytest.approx(limit_a, rel=1e-3)
    assert seen.current_b_a <= limit_a * (1.0 + 1e-9)
    assert seen.active_power_w == pytest.approx(-7_000.0, abs=1.0)


@pytest.mark.parametrize(("load_w", "fits"), [(1500.0, True), (2400.0, False)])
def test_the_climate_control_of_a_container_is_on_the_converters_phases_too(
    load_w: float, fits: bool
) -> None:
    cold = replace(STIFF, housing=Housing.CONTAINER, initial_cell_c=5.0, heating_w=10_000.0)
    engine = unbalanced_site(cold, loads={"a": (load_w, Connection.A)})
    # a third of 4 kW and the load: 2.9 or 3.9 of 3.33 kVA
    assert engine.surroundings.islanded is fits
    if fits:
        seen, nominal_v = engine.telemetry("b0"), engine.surroundings.nominal_v
        assert seen.auxiliary_power_w == pytest.approx(4000.0)
        assert seen.current_c_a == pytest.approx(4000.0 / 3.0 / nominal_v, rel=1e-3)
        var = load_w * sqrt(1.0 - 0.9**2) / 0.9
        assert seen.current_a_a == pytest.approx(hypot(4000.0 / 3.0 + load_w, var) / nominal_v, rel=1e-3)
