"""A meter measures one point of the bus in the same tick and never loses or turns back a watt-hour."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin_tui.engine.device import DeviceState, DeviceType, Status
from twin_tui.engine.devices.meter import METER, MeterParams, prepare
from twin_tui.engine.disturbance import Disturbance, Target
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import ClearFault, Disturb, Fault, Write
from twin_tui.engine.signals import commanded, measured, value
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.engine.surroundings import Surroundings
from twin_tui.errors import ConfigError


@value
class ProbeParams:
    shares: tuple[float, float, float] = (1 / 3, 1 / 3, 1 / 3)


@value
class ProbeCommands:
    watts: float = commanded(0.0, "Power onto the bus", "W")
    var: float = commanded(0.0, "Reactive power onto the bus", "var")


@value
class ProbeState(DeviceState):
    status: Status = Status.RUNNING


@value
class ProbeTelemetry:
    active_power_w: float = measured("Power", "W")


def obey(
    params: ProbeParams, state: ProbeState, commands: ProbeCommands, surroundings: Surroundings
) -> ProbeState:
    return ProbeState(commands.watts, commands.var)


PROBE = DeviceType(
    kind="probe",
    title="Probe",
    params=ProbeParams,
    commands=ProbeCommands,
    telemetry=ProbeTelemetry,
    initial=lambda params: ProbeState(),
    step=obey,
    observe=lambda params, state, commands, surroundings: ProbeTelemetry(state.active_power_w),
    shares=lambda params, state: params.shares,
)
ONE_PHASE = {"a": (1.0, 0.0, 0.0), "b": (0.0, 1.0, 0.0), "c": (0.0, 0.0, 1.0)}


def site(params: MeterParams | None = None, dt_s: float = 1.0, seed: int = 0, **probes: str) -> Engine:
    """A meter at the grid and probes named by keyword: one phase each, or balanced for "abc"."""
    devices = [DevicePlan("meter", METER, params or MeterParams())]
    for name, phase in (probes or {"probe": "abc"}).items():
        devices.append(DevicePlan(name, PROBE, ProbeParams(ONE_PHASE.get(phase, (1 / 3, 1 / 3, 1 / 3)))))
    return Engine(SitePlan("metered", tuple(devices), dt_s=dt_s, seed=seed))


def test_it_reads_the_balance_of_the_very_tick() -> None:
    engine = site()
    engine.submit(Write("probe", {"watts": -3000.0, "var": -1500.0}))
    engine.step()
    seen = engine.telemetry("meter")
    assert seen.active_power_w == pytest.approx(3000.0)
    assert seen.active_power_b_w == pytest.approx(1000.0)
    assert seen.reactive_power_var == pytest.approx(1500.0)
    assert seen.apparent_power_va == pytest.approx(3354.102)  # √(3000² + 1500²)
    assert seen.power_factor == pytest.approx(0.894427)
    assert seen.voltage_a_v == pytest.approx(230.940, abs=1e-3)
    assert seen.voltage_ab_v == pytest.approx(400.0, abs=1e-3)
    assert seen.current_a_a == pytest.approx(1118.034 / 230.940, rel=1e-5)
    assert seen.current_n_a == pytest.approx(0.0, abs=1e-9)
    assert seen.frequency_hz == 50.0
    assert engine.devices["meter"].state.active_power_w == 0.0


def test_the_power_factor_is_negative_while_exporting_and_one_while_idle() -> None:
    engine = site()
    engine.step()
    assert engine.telemetry("meter").power_factor == 1.0
    engine.submit(Write("probe", {"watts": 2000.0}))
    engine.step()
    assert engine.telemetry("meter").power_factor == -1.0


def test_a_single_phase_load_flows_back_over_the_neutral() -> None:
    engine = site(kettle="a")
    engine.submit(Write("kettle", {"watts": -2309.4}))
    engine.step()
    seen = engine.telemetry("meter")
    assert (seen.active_power_b_w, seen.active_power_c_w) == pytest.approx((0.0, 0.0))
    assert seen.current_a_a == pytest.approx(10.0, rel=1e-5)
    assert seen.current_n_a == pytest.approx(10.0, rel=1e-5)


def test_neutral_current_of_two_equal_phases_equals_one_of_them() -> None:
    engine = site(kettle="a", oven="b")
    engine.submit(Write("kettle", {"watts": -2309.4}))
    engine.submit(Write("oven", {"watts": -2309.4}))
    engine.step()
    # two phasors of 10 A, 120° apart, add up to 10 A
    assert engine.telemetry("meter").current_n_a == pytest.approx(10.0, rel=1e-5)


def test_registers_of_the_sum_net_the_phases_and_those_of_a_phase_do_not() -> None:
    engine = site(kettle="a", roof="b")
    engine.submit(Write("kettle", {"watts": -1000.0}))
    engine.submit(Write("roof", {"watts": 1500.0}))
    engine.advance(3600)
    seen = engine.telemetry("meter")
    assert seen.import_energy_wh == pytest.approx(0.0)
    assert seen.export_energy_wh == pytest.approx(500.0)
    assert seen.import_energy_a_wh == pytest.approx(1000.0)
    assert seen.export_energy_b_wh == pytest.approx(1500.0)
    assert seen.import_energy_c_wh == pytest.approx(0.0, abs=1e-6)


def test_the_demand_is_the_mean_of_an_interval_that_slides() -> None:
    engine = site()
    engine.submit(Write("meter", {"demand_interval_s": 150.0}))
    engine.submit(Write("probe", {"watts": -3000.0}))
    engine.advance(150)
    seen = engine.telemetry("meter")
    assert (seen.demand_w, seen.max_demand_w) == pytest.approx((3000.0, 3000.0))
    engine.submit(Write("probe", {"watts": 5000.0}))
    engine.advance(50)
    seen = engine.telemetry("meter")
    # 100 of the 150 s imported 3 kW, export counts as nothing
    assert (seen.demand_w, seen.max_demand_w) == pytest.approx((2000.0, 3000.0))


def test_the_greatest_demand_takes_whole_intervals_only_and_can_be_reset() -> None:
    engine = site()
    engine.submit(Write("meter", {"demand_interval_s": 150.0}))
    engine.submit(Write("probe", {"watts": -3000.0}))
    engine.advance(140)
    assert engine.telemetry("meter").demand_w == pytest.approx(3000.0)
    assert engine.telemetry("meter").max_demand_w == 0.0
    engine.advance(10)
    engine.submit(Write("probe", {"watts": 0.0}))
    engine.advance(150)
    assert engine.telemetry("meter").max_demand_w == pytest.approx(3000.0)
    engine.submit(Write("meter", {"reset_demand": 1}))
    engine.step()
    assert engine.telemetry("meter").max_demand_w == 0.0
    assert engine.devices["meter"].commands.reset_demand == 0


def test_a_wrong_transformer_ratio_scales_power_and_current() -> None:
    engine = site(MeterParams(current_transformer_ratio=50.0))
    engine.submit(Write("probe", {"watts": -6000.0}))
    engine.submit(Write("meter", {"current_transformer_ratio": 100.0}))
    engine.step()
    seen = engine.telemetry("meter")
    assert seen.active_power_w == pytest.approx(12_000.0)
    assert seen.voltage_a_v == pytest.approx(230.940, abs=1e-3)
    assert seen.current_a_a == pytest.approx(4000.0 / 230.940, rel=1e-5)


def test_the_accuracy_class_bounds_the_error_which_the_seed_decides() -> None:
    def reading(seed: int) -> float:
        engine = site(MeterParams(accuracy_class=1.0), seed=seed)
        engine.submit(Write("probe", {"watts": -9000.0}))
        engine.step()
        return float(engine.telemetry("meter").active_power_w)

    readings = [reading(seed) for seed in range(30)]
    assert all(abs(watts - 9000.0) <= 90.0 for watts in readings)
    assert max(readings) - min(readings) > 40.0
    assert reading(7) == readings[7]


def test_two_meters_of_one_site_err_differently() -> None:
    params = MeterParams(accuracy_class=0.5)
    assert prepare(params, "first", 1, 0.1).gains != prepare(params, "second", 1, 0.1).gains


def test_a_sub_meter_measures_its_group_and_all_of_them_sum_to_the_grid() -> None:
    devices = (
        DevicePlan("grid", METER, MeterParams()),
        DevicePlan("house", METER, MeterParams(), meters=("kettle", "oven")),
        DevicePlan("roof meter", METER, MeterParams(), meters=("roof",)),
        DevicePlan("kettle", PROBE, ProbeParams(ONE_PHASE["a"])),
        DevicePlan("oven", PROBE, ProbeParams(ONE_PHASE["b"])),
        DevicePlan("roof", PROBE, ProbeParams()),
    )
    engine = Engine(SitePlan("metered", devices))
    engine.submit(Write("kettle", {"watts": -2000.0}))
    engine.submit(Write("oven", {"watts": -3000.0}))
    engine.submit(Write("roof", {"watts": 6000.0, "var": 900.0}))
    engine.step()
    grid, house, roof = (engine.telemetry(name) for name in ("grid", "house", "roof meter"))
    assert house.active_power_a_w == pytest.approx(2000.0)
    assert house.active_power_w == pytest.approx(5000.0)
    assert roof.active_power_w == pytest.approx(-6000.0)
    for phase in "abc":
        name = f"active_power_{phase}_w"
        assert getattr(grid, name) == pytest.approx(getattr(house, name) + getattr(roof, name))
    assert grid.reactive_power_var == pytest.approx(-900.0)


@pytest.mark.parametrize(
    ("meters", "message"),
    [
        (("kettel",), "sub measures unknown device 'kettel'; did you mean kettle?"),
        (("sub",), "sub measures 'sub', which is a meter and has no power of its own"),
    ],
)
def test_a_sub_meter_of_nothing_is_refused(meters: tuple[str, ...], message: str) -> None:
    devices = (
        DevicePlan("sub", METER, MeterParams(), meters=meters),
        DevicePlan("kettle", PROBE, ProbeParams()),
    )
    with pytest.raises(ConfigError) as refusal:
        Engine(SitePlan("metered", devices))
    assert str(refusal.value) == message


def test_in_a_dead_grid_it_shows_no_voltage_and_no_current() -> None:
    engine = site()
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, 0.0)))
    engine.step()
    seen = engine.telemetry("meter")
    assert (seen.voltage_a_v, seen.voltage_ab_v, seen.frequency_hz, seen.current_a_a) == (0, 0, 0, 0)


def test_a_stuck_sensor_goes_on_counting_what_it_last_saw() -> None:
    engine = site()
    engine.submit(Write("probe", {"watts": -3600.0}))
    engine.step()
    engine.submit(Fault("meter", "sensor_stuck"))
    engine.submit(Write("probe", {"watts": 3600.0}))
    engine.advance(9)
    seen = engine.telemetry("meter")
    assert (seen.active_power_w, seen.fault_code) == (pytest.approx(3600.0), 4001)
    assert (seen.import_energy_wh, seen.export_energy_wh) == (pytest.approx(10.0), 0.0)
    engine.submit(ClearFault("meter"))
    engine.step()
    assert engine.telemetry("meter").active_power_w == pytest.approx(-3600.0)
    assert engine.devices["meter"].state.status is Status.RUNNING


def test_a_drifting_sensor_reads_five_percent_more_after_an_hour() -> None:
    engine = site()
    engine.submit(Write("probe", {"watts": -1000.0}))
    engine.submit(Fault("meter", "sensor_drift"))
    engine.advance(3600)
    assert engine.telemetry("meter").active_power_w == pytest.approx(1050.0)


def test_a_reversed_transformer_and_a_lost_phase_show_on_their_phase() -> None:
    engine = site()
    engine.submit(Write("probe", {"watts": -3000.0}))
    engine.submit(Fault("meter", "ct_reversed"))
    engine.submit(Fault("meter", "phase_loss"))
    engine.step()
    seen = engine.telemetry("meter")
    assert (seen.active_power_a_w, seen.active_power_b_w, seen.active_power_c_w) == pytest.approx(
        (-1000.0, 1000.0, 0.0)
    )
    assert (seen.voltage_c_v, seen.current_c_a) == (0.0, 0.0)


WATTS = st.floats(-1e5, 1e5)


@settings(max_examples=60, deadline=None)
@given(
    powers=st.lists(st.tuples(WATTS, WATTS, WATTS), min_size=1, max_size=8),
    dt_s=st.sampled_from([0.1, 1.0, 7.0]),
    accuracy=st.sampled_from([0.0, 0.5, 2.0]),
)
def test_registers_only_grow_and_their_difference_is_the_energy(
    powers: list[tuple[float, float, float]], dt_s: float, accuracy: float
) -> None:
    engine = site(MeterParams(accuracy_class=accuracy), dt_s=dt_s, a="a", b="b", c="c")
    names = [f"{way}_energy{phase}_wh" for way in ("import", "export") for phase in ("", "_a", "_b", "_c")]
    before = dict.fromkeys(names, 0.0)
    energy_wh = 0.0
    for watts in powers:
        for name, power in zip("abc", watts, strict=True):
            engine.submit(Write(name, {"watts": power}))
        engine.step()
        seen = engine.telemetry("meter")
        energy_wh += seen.active_power_w * dt_s / 3600.0
        for name in names:
            assert getattr(seen, name) >= before[name]
            before[name] = getattr(seen, name)
    difference = before["import_energy_wh"] - before["export_energy_wh"]
    assert difference == pytest.approx(energy_wh, abs=1e-6)
    by_phase = sum(before[f"import_energy_{p}_wh"] - before[f"export_energy_{p}_wh"] for p in "abc")
    assert by_phase == pytest.approx(energy_wh, abs=1e-6)
    assert before["import_energy_wh"] <= sum(before[f"import_energy_{p}_wh"] for p in "abc") + 1e-9


def test_every_signal_of_a_fresh_meter_is_finite() -> None:
    engine = site()
    seen = engine.telemetry("meter")
    assert all(math.isfinite(getattr(seen, name)) for name in METER.signals if hasattr(seen, name))
    assert replace(seen) == seen


def test_a_meter_with_a_fault_is_at_fault_until_its_cause_is_gone() -> None:
    engine = site()
    for fault in ("sensor_stuck", "sensor_drift", "ct_reversed", "phase_loss"):
        engine.step()
        assert engine.devices["meter"].state.status is Status.RUNNING
        engine.submit(Fault("meter", fault))
        engine.step()
        assert engine.devices["meter"].state.status is Status.FAULT
        assert engine.snapshot().device("meter").explanation == fault
        engine.submit(ClearFault("meter"))


def test_the_gains_of_a_class_scatter_about_one_by_no_more_than_the_class() -> None:
    gains = [gain for seed in range(200) for gain in prepare(MeterParams(2.0), "m", seed, 1.0).gains]
    assert max(abs(gain - 1.0) for gain in gains) <= 0.02
    assert min(gains) < 0.985
    assert max(gains) > 1.015
    assert abs(sum(gains) / len(gains) - 1.0) < 0.002
