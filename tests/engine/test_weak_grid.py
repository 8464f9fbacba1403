"""A grid whose voltage the site moves: hand calculations, closed loops, collapse, losses."""

import itertools
from dataclasses import replace
from math import inf, isfinite, sqrt
from typing import Any

import pytest

from twin_tui.config.grid_codes import load_grid_code
from twin_tui.engine.connection import PASSES
from twin_tui.engine.device import AnyDeviceType, DeviceState, DeviceType, Status
from twin_tui.engine.devices.battery import BATTERY, BatteryParams
from twin_tui.engine.devices.meter import METER, MeterParams
from twin_tui.engine.devices.pv import PV, PvParams
from twin_tui.engine.disturbance import Disturbance, Target
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Disturb, Write
from twin_tui.engine.grid import GridParams
from twin_tui.engine.grid_code import GridCode, VoltageCurve
from twin_tui.engine.physics.two_bus import far_voltage
from twin_tui.engine.signals import commanded, measured, value
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.engine.snapshot import LogKind
from twin_tui.engine.surroundings import Surroundings
from twin_tui.engine.weather import Series
from twin_tui.errors import ConfigError

NOMINAL_V = 400.0 / sqrt(3.0)
ALL, ON_A = (1 / 3, 1 / 3, 1 / 3), (1.0, 0.0, 0.0)


@value
class FixedParams:
    """The phases that something is connected to."""

    shares: tuple[float, float, float] = ALL


@value
class FixedCommands:
    """Its power, whatever the voltage."""

    power_w: float = commanded(0.0, "Active power into the bus", "W")
    var: float = commanded(0.0, "Reactive power into the bus", "var")


@value
class FixedTelemetry:
    """What it shows."""

    active_power_w: float = measured("Active power", "W")


def _step(params: FixedParams, state: Any, commands: FixedCommands, surroundings: Surroundings) -> Any:
    live = surroundings.grid_live
    return DeviceState(
        commands.power_w if live else 0.0,
        commands.var if live else 0.0,
        Status.RUNNING if live else Status.OFF,
    )


FIXED: AnyDeviceType = DeviceType(
    kind="fixed",
    title="Fixed power",
    params=FixedParams,
    commands=FixedCommands,
    telemetry=FixedTelemetry,
    initial=lambda params: DeviceState(),
    step=_step,
    observe=lambda params, state, commands, surroundings: FixedTelemetry(state.active_power_w),
    shares=lambda params, state: params.shares,
)
WEAK = GridParams(r_ohm=0.4, x_ohm=0.2)


def fixed(
    power_w: float, var: float = 0.0, grid: GridParams = WEAK, shares: tuple[float, float, float] = ALL
) -> Engine:
    devices = (
        DevicePlan("fixed", FIXED, FixedParams(shares), FixedCommands(power_w, var)),
        DevicePlan("meter", METER, MeterParams()),
    )
    engine = Engine(SitePlan("weak", devices, grid=grid))
    engine.step()
    return engine


def sun(kw: float, code: GridCode, count: int = 1) -> list[DevicePlan]:
    """Return PV plants with sun for the given power, and response as the code has it."""
    light = Series(0.0, 60.0, (kw * 1e3, kw * 1e3), holds=True, relative=True)
    params = PvParams(kw * 1e3, kw * 1e3, series=light, grid_code=code)
    return [DevicePlan(f"pv{number}", PV, params) for number in range(count)]


def code(response_s: float | None = None) -> GridCode:
    """Return a code with volt-var and volt-watt, on request with another response and without trips."""
    found = load_grid_code("ieee1547-2018-cat-iii", volt_var=True, volt_watt=True)
    if response_s is None:
        return found
    assert found.volt_var is not None
    assert found.volt_watt is not None
    return replace(
        found,
        volt_var=replace(found.volt_var, response_s=response_s),
        volt_watt=replace(found.volt_watt, response_s=response_s),
    )


@pytest.mark.parametrize(("power_w", "var"), [(30e3, 0.0), (-30e3, 0.0), (20e3, -15e3), (-20e3, -10e3)])
def test_the_voltage_is_that_of_the_two_bus_equation(power_w: float, var: float) -> None:
    engine = fixed(power_w, var)
    p, q = -power_w / 3.0, -var / 3.0
    # V⁴ + V²·(2(RP + XQ) − E²) + |Z|²|S|² = 0
    b, c = 2.0 * (0.4 * p + 0.2 * q) - NOMINAL_V**2, 0.2 * (p * p + q * q)
    v = sqrt((-b + sqrt(b * b - 4.0 * c)) / 2.0)
    meter = engine.telemetry("meter")
    assert meter.voltage_a_v == pytest.approx(v, rel=2e-6)
    assert engine.snapshot().grid.source_voltage_a_pu == 1.0
    assert (v > NOMINAL_V) == (power_w > 0.0)


def test_the_loss_is_that_of_the_current_and_on_the_grids_side_of_the_meter() -> None:
    engine = fixed(-30e3)
    meter = engine.telemetry("meter")
    assert engine.snapshot().grid.loss_w == pytest.approx(3.0 * 0.4 * meter.current_a_a**2)
    assert meter.active_power_w == pytest.approx(30e3)


def test_a_device_on_one_phase_moves_that_phase_alone() -> None:
    grid = fixed(6e3, shares=ON_A).snapshot().grid
    assert grid.voltage_a_pu > 1.03
    assert grid.voltage_b_pu == grid.voltage_c_pu == 1.0


def test_a_neutral_as_thin_as_the_phases_doubles_what_a_device_on_one_phase_does() -> None:
    engine = fixed(6e3, shares=ON_A, grid=replace(WEAK, neutral_over_phase=1.0))
    grid = engine.snapshot().grid
    assert grid.voltage_a_pu * NOMINAL_V == pytest.approx(
        far_voltage(NOMINAL_V, -6e3, 0.0, 0.8, 0.4), rel=2e-6
    )
    assert grid.voltage_b_pu < 1.0 < grid.voltage_c_pu
    current_a = 6e3 / (grid.voltage_a_pu * NOMINAL_V)
    assert grid.loss_w == pytest.approx(2.0 * 0.4 * current_a**2, rel=1e-5)
    balanced = fixed(6e3, grid=replace(WEAK, neutral_over_phase=1.0)).snapshot().grid
    assert balanced.voltage_a_pu == pytest.approx(fixed(6e3).snapshot().grid.voltage_a_pu, abs=1e-6)


def test_a_transformer_of_the_site_has_its_own_neutral() -> None:
    with pytest.raises(
        ConfigError, match="neutral_over_phase has no effect behind the site's own transformer"
    ):
        GridParams(short_circuit_va=2e6, transformer_va=100e3, neutral_over_phase=1.0)


def test_a_short_circuit_power_and_a_transformer_are_in_series() -> None:
    both = GridParams(
        short_circuit_va=2e6, x_over_r=2.0, transformer_va=100e3, transformer_short_circuit_pu=0.04
    )
    grid = fixed(0.0, -100e3, grid=both).snapshot().grid
    # 100 kvar over 0.04 pu of the transformer and 0.05 pu · 2/√5 of the grid's reactance
    assert grid.voltage_a_pu == pytest.approx(1.0 - 0.04 - 0.05 * 2.0 / sqrt(5.0), abs=0.012)


def test_two_ways_to_give_the_impedance_are_one_too_many() -> None:
    with pytest.raises(ConfigError, match="not both"):
        GridParams(short_circuit_va=1e6, r_ohm=0.1)
    with pytest.raises(ConfigError, match="short-circuit voltage"):
        GridParams(transformer_va=1e5, transformer_loss_w=1e4)


def test_a_stiff_grid_has_no_loss_and_the_voltage_of_its_source() -> None:
    grid = fixed(50e3, grid=GridParams()).snapshot().grid
    assert (grid.voltage_a_pu, grid.source_voltage_a_pu, grid.loss_w) == (1.0, 1.0, 0.0)


def test_volt_var_closes_the_loop_at_the_point_where_curve_and_grid_meet() -> None:
    quick = code(0.0)
    grid = GridParams(nominal_hz=60.0, r_ohm=0.05, x_ohm=0.3)
    engine = Engine(SitePlan("loop", tuple(sun(50.0, quick)), grid=grid))
    engine.advance(20.0)
    state = engine.devices["pv0"].state
    assert quick.volt_var is not None
    v = engine.surroundings.va_pu
    (v3, _), (v4, q4) = quick.volt_var.points[-2:]
    wanted = max(q4, q4 * (v - v3) / (v4 - v3)) if v > v3 else 0.0
    rating = engine.devices["pv0"].params.s_max_va
    p, q = -state.active_power_w / 3.0, -state.reactive_power_var / 3.0
    exact = far_voltage(NOMINAL_V, p, q, 0.05, 0.3)
    assert exact is not None
    assert v == pytest.approx(exact / NOMINAL_V, abs=2e-6)
    assert state.reactive_power_var / rating == pytest.approx(wanted, abs=1e-4)


@pytest.mark.parametrize("dt_s", [0.01, 0.1, 1.0, 60.0])
@pytest.mark.parametrize("response_s", [None, 0.0])
def test_volt_var_and_volt_watt_settle_and_do_not_hunt(dt_s: float, response_s: float | None) -> None:
    for r, x, count in itertools.product((0.02, 0.15, 0.4), (0.02, 0.15, 0.4), (1, 3)):
        # so much that the voltage rises to 1.1 pu without support, or the curve's slope is above the grid's
        kw = min(0.1 * 160.0 / r, 0.35 * 160.0 / x) / count
        grid = GridParams(nominal_hz=60.0, r_ohm=r, x_ohm=x)
        engine = Engine(SitePlan("loop", tuple(sun(kw, code(response_s), count)), dt_s=dt_s, grid=grid))
        for _ in range(20 if dt_s < 1.0 else 2):
            engine.advance(max(dt_s, 1.0) if dt_s > 0.01 else 0.05)
        voltages = []
        for _ in range(12):
            engine.step()
            voltages.append(engine.surroundings.va_pu)
        moves = [after - before for before, after in itertools.pairwise(voltages)]
        turns = [a for a, b in itertools.pairwise(moves) if a * b < 0.0 and min(abs(a), abs(b)) > 1e-5]
        assert len(turns) <= 1, (r, x, count, voltages)  # one is an overshoot, more are a hunt


def test_a_step_ten_times_finer_ends_at_the_same_voltage() -> None:
    ends = []
    for dt_s in (0.1, 1.0, 10.0):
        grid = GridParams(nominal_hz=60.0, r_ohm=0.2, x_ohm=0.3)
        engine = Engine(SitePlan("loop", tuple(sun(15.0, code(), 2)), dt_s=dt_s, grid=grid))
        engine.advance(120.0)
        ends.append(engine.surroundings.va_pu)
    assert ends == pytest.approx([ends[0]] * 3, abs=1e-5)


def test_what_the_connection_cannot_carry_collapses_and_is_tried_again_ever_later() -> None:
    engine = fixed(-150e3)
    assert engine.surroundings.va_pu == 0.0
    assert engine.devices["fixed"].state.active_power_w == 0.0
    assert engine.snapshot().grid.supply == 0
    engine.advance(50.0)
    alarms = [(entry.time_s, entry.text) for entry in engine.log if entry.kind is LogKind.ALARM]
    assert [round(at) for at, _ in alarms] == [0, 10, 20, 40]
    assert "150.0 kW import" in alarms[0][1]
    assert alarms[0][1].endswith("next try in 10 s")
    engine.submit(Write("fixed", {"power_w": -20e3}))
    engine.advance(60.0)
    assert engine.surroundings.grid_w == pytest.approx(20e3)


@pytest.mark.parametrize("power_w", [-1e9, 1e9, -40e3, 40e3])
@pytest.mark.parametrize("magnitude", [0.0, 0.03, 0.06, 0.3, 1.3])
def test_a_disturbed_weak_grid_has_finite_voltages(power_w: float, magnitude: float) -> None:
    engine = fixed(power_w)
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, magnitude, duration_s=1.0, phases="ab")))
    for _ in range(30):
        engine.step()
        surroundings = engine.surroundings
        for v in (surroundings.va_pu, surroundings.vb_pu, surroundings.vc_pu, surroundings.loss_w):
            assert isfinite(v)
            assert 0.0 <= v < inf
        assert engine.supply is not None
        assert engine.supply.connection is not None
        agreed = engine.supply.connection.passes < PASSES
        if surroundings.supply == 1 and surroundings.source is not None and agreed:
            flows = ((surroundings.grid_a_w, surroundings.grid_a_var, surroundings.va_pu),)
            for (p, q, v), e in zip(flows, surroundings.source, strict=False):
                assert far_voltage(e * NOMINAL_V, p, q, 0.4, 0.2) == pytest.approx(v * NOMINAL_V, abs=1e-3)


def test_a_steady_tick_is_run_once_and_a_changed_one_twice() -> None:
    engine = fixed(-20e3)
    connection = engine.supply.connection if engine.supply is not None else None
    assert connection is not None
    engine.step()
    assert connection.passes == 1
    engine.submit(Write("fixed", {"power_w": -25e3}))
    engine.step()
    assert connection.passes == 2


def test_a_tick_that_is_run_several_times_counts_its_energy_once() -> None:
    battery = BatteryParams(100e3, 20e3, 20e3, 20e3, grid_code=code(0.0))
    grid = GridParams(nominal_hz=60.0, r_ohm=0.1, x_ohm=0.4)
    engine = Engine(
        SitePlan("loop", (*sun(20.0, code(0.0), 2), DevicePlan("b", BATTERY, battery)), grid=grid)
    )
    engine.submit(Write("b", {"start_stop": 1, "active_power_setpoint_w": 10e3}))
    runs = 0
    for _ in range(50):
        before = engine.telemetry("pv0").total_energy_wh
        engine.step()
        after = engine.telemetry("pv0")
        assert after.total_energy_wh - before == pytest.approx(after.active_power_w * 0.1 / 3600.0)
        assert engine.supply is not None
        assert engine.supply.connection is not None
        runs = max(runs, engine.supply.connection.passes)
    assert runs > 1


CAT_III = load_grid_code("ieee1547-2018-cat-iii")
SWELLING = GridParams(nominal_hz=60.0, nominal_v=NOMINAL_V, r_ohm=0.4, x_ohm=0.2)


def swelling(code: GridCode, dt_s: float, powers_w: tuple[float, ...]) -> Engine:
    """Return a plant whose full power would raise the voltage to 1.13 pu; a new power every 10 s."""
    series = Series(0.0, 1.0, tuple(power_w for power_w in powers_w for _ in range(10)), relative=True)
    params = PvParams(60e3, 60e3, grid_code=code, series=series)
    devices = (DevicePlan("pv", PV, params), DevicePlan("m", METER, MeterParams()))
    return Engine(SitePlan("swelling", devices, dt_s=dt_s, grid=SWELLING))


@pytest.mark.parametrize("dt_s", [0.1, 1.0])
@pytest.mark.parametrize("back_s", [0.0, 0.3])
def test_an_inverter_that_ceases_at_the_voltage_it_causes_does_not_flicker(
    dt_s: float, back_s: float
) -> None:
    engine = swelling(replace(CAT_III, cease_back_s=back_s), dt_s, (60e3,) * 6)
    engine.advance(3.0)
    changes = [entry for entry in engine.log if entry.device == "pv"]
    for _ in range(round(30.0 / dt_s)):
        engine.step()
        assert engine.devices["pv"].state.status is Status.CEASED
        assert engine.devices["pv"].state.active_power_w == 0.0
        assert engine.surroundings.va_pu == pytest.approx(1.0)
        assert engine.surroundings.caused_pu is None
    assert len(changes) <= 2
    assert [entry for entry in engine.log if entry.device == "pv"] == changes


def test_it_comes_back_when_its_power_no_longer_drives_it_out() -> None:
    # 1.0 + 40e3 R / (3 U²) is below 1.1, with 60e3 it is above
    engine = swelling(CAT_III, 0.1, (60e3, 40e3, 60e3, 40e3, 40e3))
    seen = []
    for _ in range(4):
        engine.advance(9.0)
        state = engine.devices["pv"].state
        seen.append((state.status, round(state.active_power_w)))
        engine.advance(1.0)
    off, on = (Status.CEASED, 0), (Status.RUNNING, 40_000)
    assert seen == [off, on, off, on]
    assert engine.surroundings.va_pu < 1.1


def test_a_swell_of_the_grid_itself_still_ends_with_the_swell() -> None:
    engine = swelling(CAT_III, 0.1, (10e3, 10e3))
    engine.advance(1.0)
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, 1.15, duration_s=1.0)))
    engine.advance(0.5)
    assert engine.devices["pv"].state.status is Status.CEASED
    engine.advance(0.6)
    assert engine.devices["pv"].state.status is Status.RUNNING
    assert engine.devices["pv"].state.active_power_w == 10e3


def swelling_together(back_s: float, power_w: float, count: int) -> Engine:
    """Return several plants of which not all can run: 1.1 pu are reached at 53 kW."""
    series = Series(0.0, 60.0, (power_w, power_w), holds=True, relative=True)
    params = PvParams(60e3, 60e3, grid_code=replace(CAT_III, cease_back_s=back_s), series=series)
    devices = tuple(DevicePlan(f"pv{number}", PV, params) for number in range(count))
    return Engine(SitePlan("swelling", devices, dt_s=0.1, grid=SWELLING))


@pytest.mark.parametrize("back_s", [0.0, 0.3, 0.4])
@pytest.mark.parametrize(("power_w", "count", "fit"), [(30e3, 2, 1), (20e3, 4, 2), (60e3, 2, 0)])
def test_of_inverters_that_drive_each_other_out_as_many_run_as_can(
    back_s: float, power_w: float, count: int, fit: int
) -> None:
    engine = swelling_together(back_s, power_w, count)
    engine.advance(3.0)
    states = [device.state.status for device in engine.devices.values()]
    assert states.count(Status.RUNNING) == fit
    assert states.count(Status.CEASED) == count - fit
    changes = len(engine.log)
    for _ in range(100):
        engine.step()
        assert [device.state.status for device in engine.devices.values()] == states
        assert engine.surroundings.va_pu < 1.1
        assert engine.surroundings.caused_pu is None
        assert engine.supply is not None
        assert engine.supply.connection is not None
        assert engine.supply.connection.passes <= 3 * (PASSES + 2)
    assert len(engine.log) == changes


def test_each_of_those_that_drive_each_other_out_is_tried_in_its_turn() -> None:
    devices = []
    for number, power_w in enumerate((60e3, 58e3, 30e3)):
        series = Series(0.0, 60.0, (power_w, power_w), holds=True, relative=True)
        devices.append(DevicePlan(f"pv{number}", PV, PvParams(60e3, 60e3, grid_code=CAT_III, series=series)))
    engine = Engine(SitePlan("swelling", tuple(devices), dt_s=0.1, grid=SWELLING))
    engine.advance(3.0)
    states = [device.state.status for device in engine.devices.values()]
    assert states == [Status.CEASED, Status.CEASED, Status.RUNNING]


@pytest.mark.parametrize(("power_w", "count"), [(60e3, 1), (60e3, 3), (30e3, 3)])
def test_what_would_be_driven_out_again_is_tried_once_a_second_and_costs_two_runs_else(
    power_w: float, count: int
) -> None:
    engine = swelling_together(0.0, power_w, count)
    engine.advance(3.0)
    assert engine.supply is not None
    assert engine.supply.connection is not None
    runs = []
    for _ in range(100):
        engine.step()
        runs.append(engine.supply.connection.passes)
    assert 9 <= sum(1 for each in runs if each > 2) <= 11


def test_it_is_tried_at_once_when_the_voltage_of_the_grid_has_changed() -> None:
    engine = swelling_together(0.0, 60e3, 1)
    for at_s in (3.0, 5.3):
        engine.advance(at_s - engine.time_s)
        assert engine.devices["pv0"].state.status is Status.CEASED
        engine.submit(Disturb(Disturbance(Target.VOLTAGE, 0.94, duration_s=1.0)))
        engine.step()
        assert engine.devices["pv0"].state.status is Status.RUNNING


@pytest.mark.parametrize("width_pu", [0.02, 0.005, 0.002])
def test_a_volt_watt_without_delay_finds_its_voltage_however_steep_it_is(width_pu: float) -> None:
    at_once = replace(CAT_III, volt_watt=VoltageCurve(((1.05, 1.0), (1.05 + width_pu, 0.0)), 0.0))
    engine = Engine(
        SitePlan("steep", tuple(sun(20.0, at_once)), grid=GridParams(nominal_hz=60.0, r_ohm=1.2, x_ohm=0.6))
    )
    engine.advance(2.0)
    assert engine.supply is not None
    assert engine.supply.connection is not None
    assert engine.supply.connection.passes <= 2
    state, v_pu = engine.devices["pv0"].state, engine.surroundings.va_pu
    assert state.status is Status.RUNNING
    assert state.active_power_w == pytest.approx(20e3 * (1.05 + width_pu - v_pu) / width_pu, rel=1e-3)
    v = far_voltage(NOMINAL_V, -state.active_power_w / 3.0, 0.0, 1.2, 0.6)
    assert v is not None
    assert v_pu == pytest.approx(v / NOMINAL_V, abs=1e-5)
