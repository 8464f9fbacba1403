"""What steers a device: in which tick, from which commands, and what comes back when it ends."""

import math
from dataclasses import replace

import pytest

from tests.laws.worlds import FLYWHEEL, FlywheelParams
from twin_tui.engine.device import AnyDeviceType, Stage
from twin_tui.engine.devices.appliance import APPLIANCE, ApplianceParams
from twin_tui.engine.devices.battery import BATTERY, OFF, ON, BatteryParams
from twin_tui.engine.devices.ev_charger import EV_CHARGER, EvParams
from twin_tui.engine.devices.load import LOAD, LoadParams
from twin_tui.engine.devices.pv import PV, PvParams
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Pin, ReportStatus, SelectMode, Unpin, Write
from twin_tui.engine.policies.modes import BATTERY_MODES, find_mode
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.engine.steering import Mode, PowerLimits, Steering
from twin_tui.engine.weather import Series
from twin_tui.errors import CommandError

STEERING = Steering(
    setpoints=frozenset({"power_w"}),
    encode=lambda params, power_w: {"power_w": power_w},
    limits=lambda params: PowerLimits(params.rated_w, params.rated_w, params.capacity_wh),
)
HALF = Mode("HALF", "Gives half of the net load", lambda inputs: lambda net_w, soc, around: -0.5 * net_w)


def a_site(*plans: DevicePlan) -> Engine:
    return Engine(SitePlan("test", plans, dt_s=1.0))


@pytest.mark.parametrize(
    ("stage", "powers_w"),
    # storage answers the rest of the same tick; a source the whole bus of the tick before, itself included
    [(Stage.STORAGE, [500.0, 500.0, 500.0, 500.0]), (Stage.SOURCE, [0.0, 500.0, 250.0, 375.0])],
)
def test_a_source_answers_the_tick_before_and_storage_the_same_one(
    stage: Stage, powers_w: list[float]
) -> None:
    wheel = replace(FLYWHEEL, stage=stage, steering=STEERING, modes=(HALF,))
    engine = a_site(
        DevicePlan("wheel", wheel, FlywheelParams(10_000.0, 4_000.0)),
        DevicePlan("load", LOAD, LoadParams(1_000.0)),
    )
    engine.submit(SelectMode("wheel", "HALF"))
    seen = []
    for _ in powers_w:
        engine.step()
        seen.append(engine.telemetry("wheel").active_power_w)
    assert seen == pytest.approx(powers_w)


def test_storage_that_does_not_say_how_full_it_is_counts_as_empty() -> None:
    wheel = replace(FLYWHEEL, steering=STEERING, modes=BATTERY_MODES)
    engine = a_site(DevicePlan("wheel", wheel, FlywheelParams(10_000.0, 4_000.0)))
    engine.submit(SelectMode("wheel", "RESERVE_BACKUP", parameters={"reserve_soc": 0.5}))
    engine.step()
    assert engine.telemetry("wheel").active_power_w == -4_000.0


def test_a_charger_in_a_mode_charges_at_the_factor_and_takes_the_setpoint_back_after_it_was_forced() -> None:
    engine = a_site(DevicePlan("ev", EV_CHARGER, EvParams(max_charge_power_w=10_000.0, initial_soc=0.2)))
    engine.submit(SelectMode("ev", "FORCED_CHARGE", 0.5))
    engine.advance(10)
    assert engine.telemetry("ev").active_power_w == pytest.approx(-5_000.0)
    engine.submit(Pin("ev", "active_power_limit_w", 6_000.0))
    engine.advance(10)
    assert engine.telemetry("ev").active_power_w == pytest.approx(-6_000.0)
    engine.submit(Unpin("ev"))
    engine.advance(10)
    assert engine.telemetry("ev").active_power_w == pytest.approx(-5_000.0)
    engine.submit(SelectMode("ev", "IDLE"))
    engine.advance(2)
    assert engine.telemetry("ev").active_power_w == 0.0


def test_a_charger_gets_its_own_commands_back_when_the_mode_ends() -> None:
    engine = a_site(DevicePlan("ev", EV_CHARGER, EvParams(max_charge_power_w=10_000.0, initial_soc=0.2)))
    engine.submit(Write("ev", {"active_power_limit_w": 7_000.0, "enabled": 0}))
    engine.submit(SelectMode("ev", "FORCED_CHARGE", 0.5))
    engine.advance(10)
    assert engine.devices["ev"].commands.enabled is True
    engine.submit(SelectMode("ev", ""))
    assert engine.devices["ev"].commands.active_power_limit_w == 7_000.0
    assert engine.devices["ev"].commands.enabled is False


def test_an_appliance_in_mode_run_starts_once() -> None:
    engine = a_site(DevicePlan("washer", APPLIANCE, ApplianceParams(1_000.0, 600.0)))
    engine.submit(SelectMode("washer", "RUN"))
    engine.advance(1200)
    assert engine.telemetry("washer").starts == 1
    assert engine.telemetry("washer").total_energy_wh == pytest.approx(1_000.0)
    assert not engine.telemetry("washer").running


def test_the_ramp_of_the_net_load_is_a_tenth_of_all_the_sun_in_a_minute_unless_it_is_given() -> None:
    sun = Series(0.0, 3600.0, (0.0,), relative=True)
    devices = (
        DevicePlan("battery", BATTERY, BatteryParams(10_000.0, 5_000.0, 5_000.0, 5_000.0)),
        DevicePlan("south", PV, PvParams(5_000.0, 6_000.0, series=sun)),
        DevicePlan("west", PV, PvParams(5_000.0, 3_000.0, series=sun)),
        DevicePlan("load", LOAD, LoadParams(1_000.0)),
    )
    for parameters, risen_w in (({}, 900.0), ({"ramp_w_per_min": 120.0}, 120.0)):
        engine = a_site(*devices)
        engine.submit(SelectMode("battery", "RAMP_RATE_CONTROL", parameters=parameters))
        engine.advance(10)
        assert engine.surroundings.grid_w == pytest.approx(1_000.0)
        engine.submit(Write("load", {"extra_w": 3_000.0}))
        engine.advance(60)
        assert engine.surroundings.grid_w == pytest.approx(1_000.0 + risen_w)


def test_a_mode_makes_its_device_ready_but_for_what_is_forced() -> None:
    battery = DevicePlan("battery", BATTERY, BatteryParams(10_000.0, 5_000.0, 5_000.0, 5_000.0))
    engine = a_site(battery, DevicePlan("load", LOAD, LoadParams(1_000.0)))
    engine.submit(Write("battery", {"start_stop": OFF}))
    engine.submit(SelectMode("battery", "SELF_CONSUMPTION"))
    engine.step()
    assert engine.telemetry("battery").active_power_w == pytest.approx(1_000.0)
    engine.submit(SelectMode("battery", ""))
    assert engine.devices["battery"].commands.start_stop == OFF
    engine.submit(Pin("battery", "start_stop", OFF))
    engine.submit(SelectMode("battery", "SELF_CONSUMPTION"))
    engine.step()
    assert engine.telemetry("battery").active_power_w == 0.0


def test_the_commands_of_before_the_first_mode_come_back_after_the_last() -> None:
    battery = DevicePlan("battery", BATTERY, BatteryParams(10_000.0, 5_000.0, 5_000.0, 5_000.0))
    engine = a_site(battery)
    engine.submit(Write("battery", {"start_stop": ON, "active_power_setpoint_w": -700.0}))
    for mode in ("FORCED_DISCHARGE", "IDLE", "FORCED_CHARGE"):
        engine.submit(SelectMode("battery", mode))
        engine.advance(5)
    engine.submit(SelectMode("battery", ""))
    engine.step()
    assert engine.telemetry("battery").active_power_w == -700.0


def test_while_fault_holds_only_its_own_and_idle_are_accepted() -> None:
    engine = a_site(DevicePlan("battery", BATTERY, BatteryParams(10_000.0, 5_000.0, 5_000.0, 5_000.0)))
    engine.submit(SelectMode("battery", "FAULT"))
    engine.submit(SelectMode("battery", "FAULT", 0.5))
    for mode in ("FORCED_CHARGE", "SELF_CONSUMPTION"):
        with pytest.raises(CommandError, match="only IDLE is accepted"):
            engine.submit(SelectMode("battery", mode))
    engine.submit(SelectMode("battery", "IDLE"))
    engine.submit(SelectMode("battery", "FORCED_CHARGE"))
    engine.step()
    assert engine.telemetry("battery").active_power_w == -5_000.0


@pytest.mark.parametrize("name", ["forced_charge", " Forced-Charge ", "forced charge", "CHARGE", "charge"])
def test_a_mode_is_found_by_its_name_in_any_spelling_and_by_its_alias(name: str) -> None:
    assert find_mode(BATTERY, name).name == "FORCED_CHARGE"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (APPLIANCE, "an appliance has no mode 'X'"),
        (BATTERY, "a battery has no mode 'X'"),
        (LOAD, "a load has no op"),
    ],
)
def test_an_unknown_mode_is_refused_with_all_that_there_are(kind: AnyDeviceType, text: str) -> None:
    with pytest.raises(CommandError, match=text) as caught:
        find_mode(kind, "X")
    assert all(mode.name in str(caught.value) for mode in kind.modes)


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("key", ["soc", "power_w"])
def test_a_report_takes_finite_numbers(key: str, wrong: float) -> None:
    engine = a_site(DevicePlan("battery", BATTERY, BatteryParams(10_000.0, 5_000.0, 5_000.0, 5_000.0)))
    with pytest.raises(CommandError, match=f"battery: reported {key} takes a finite number"):
        engine.submit(ReportStatus("battery", {key: wrong}))


@pytest.mark.parametrize(
    ("mode", "parameter", "least", "most"),
    [
        ("NON_EXPORT", "export_limit_w", 0.0, None),
        ("GRID_SUPPORT_EXPORT", "export_max_w", 0.0, None),
        ("GRID_SUPPORT_IMPORT", "import_max_w", 0.0, None),
        ("RAMP_RATE_CONTROL", "ramp_w_per_min", 0.0, None),
        ("RESERVE_BACKUP", "reserve_soc", 0.0, 1.0),
        ("PEAK_SHAVING", "peak_target_w", None, None),
    ],
)
def test_a_parameter_of_a_mode_is_accepted_up_to_its_bounds(
    mode: str, parameter: str, least: float | None, most: float | None
) -> None:
    found = find_mode(BATTERY, mode)
    for bound, beyond in ((least, -1e-6), (most, 1e-6)):
        for inside in (0.5, bound):
            if inside is not None:
                assert found.settle({parameter: inside})[parameter] == inside
        if bound is not None:
            with pytest.raises(CommandError, match=f"{mode} {parameter} takes"):
                found.settle({parameter: bound + beyond})
    if least is None:
        assert found.settle({parameter: -500.0})[parameter] == -500.0


@pytest.mark.parametrize("dt_s", [0.5, 1.0, 10.0])
def test_the_ramp_of_the_net_load_does_not_depend_on_the_step(dt_s: float) -> None:
    devices = (
        DevicePlan("battery", BATTERY, BatteryParams(10_000.0, 5_000.0, 5_000.0, 5_000.0)),
        DevicePlan("load", LOAD, LoadParams(1_000.0)),
    )
    engine = Engine(SitePlan("test", devices, dt_s=dt_s))
    engine.submit(SelectMode("battery", "RAMP_RATE_CONTROL", parameters={"ramp_w_per_min": 600.0}))
    engine.advance(20)
    engine.submit(Write("load", {"extra_w": 3_000.0}))
    engine.advance(30)
    assert engine.surroundings.grid_w == pytest.approx(1_300.0)


@pytest.mark.parametrize(
    ("factor", "valid"), [(0.0, True), (1.0, True), (1.01, False), (-0.01, False), (math.nan, False)]
)
def test_a_factor_is_a_share_of_the_power(factor: float, valid: bool) -> None:
    wheel = replace(FLYWHEEL, stage=Stage.STORAGE, steering=STEERING, modes=(HALF,))
    engine = a_site(DevicePlan("wheel", wheel, FlywheelParams(10_000.0, 4_000.0)))
    if valid:
        engine.submit(SelectMode("wheel", "HALF", factor))
        assert engine.device("wheel").guide is not None
    else:
        with pytest.raises(CommandError, match="is not in 0 … 1"):
            engine.submit(SelectMode("wheel", "HALF", factor))
