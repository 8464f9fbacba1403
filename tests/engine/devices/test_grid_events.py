"""What grid events do to batteries and PV plants: they cease, trip, wait, come back, and support."""

import cmath
import math
from dataclasses import replace
from typing import Any

import pytest

from twin_tui.config.grid_codes import load_grid_code
from twin_tui.engine.device import Status
from twin_tui.engine.devices import grid_tie
from twin_tui.engine.devices.battery import BATTERY, ON, BatteryCommands, BatteryParams
from twin_tui.engine.devices.grid_tie import Tie
from twin_tui.engine.devices.pv import PV, PvParams
from twin_tui.engine.disturbance import Disturbance, Shape, Target
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import ClearDisturbance, Disturb, Fault, Write
from twin_tui.engine.grid import GridParams
from twin_tui.engine.grid_code import GridCode
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.engine.snapshot import LogKind
from twin_tui.engine.why import Why

NOON_UNIX_S = 1_781_913_600.0 + 12 * 3600
KINDS = ("b", "pv")


def site(code: GridCode | None, dt_s: float = 0.02, **pv: Any) -> Engine:
    nominal_hz = 50.0 if code is None else code.nominal_hz
    battery = BatteryParams(1e6, 10_000.0, 10_000.0, 10_000.0, grid_code=code)
    plant = PvParams(rated_w=10_000.0, peak_w=15_000.0, grid_code=code, **pv)
    told = BatteryCommands(start_stop=ON, active_power_setpoint_w=10_000.0)
    devices = (DevicePlan("b", BATTERY, battery, told), DevicePlan("pv", PV, plant))
    grid = GridParams(nominal_hz=nominal_hz)
    engine = Engine(SitePlan("grid", devices, dt_s=dt_s, grid=grid, start_unix_s=NOON_UNIX_S))
    engine.advance(1.0)
    return engine


def state(engine: Engine, name: str) -> Any:
    return engine.devices[name].state


@pytest.mark.parametrize("code", [None, load_grid_code("ieee1547-2018-cat-iii")])
@pytest.mark.parametrize("name", KINDS)
def test_an_interruption_stops_the_current_in_the_same_tick(code: GridCode | None, name: str):
    engine = site(code)
    assert state(engine, name).active_power_w == pytest.approx(10_000.0)
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, 0.0)))
    engine.step()
    assert state(engine, name).active_power_w == 0.0
    assert state(engine, name).status in (Status.CEASED, Status.TRIPPED)


@pytest.mark.parametrize("name", KINDS)
def test_a_device_without_a_grid_code_is_back_when_the_grid_is(name: str):
    engine = site(None)
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, 0.0, duration_s=1.0)))
    engine.advance(0.5)
    assert state(engine, name).active_power_w == 0.0
    engine.advance(60.0)
    assert state(engine, name).active_power_w == pytest.approx(10_000.0)
    assert state(engine, name).status is Status.RUNNING


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("category", ["ii", "iii"])
def test_every_stage_trips_within_a_step_of_its_clearing_time(category: str, name: str):
    code = load_grid_code(f"ieee1547-2018-cat-{category}")
    dt_s = 0.02
    for stage in code.stages:
        beyond = stage.limit * (1.005 if stage.over else 0.995)
        target = Target.VOLTAGE if stage.quantity.value == "voltage" else Target.FREQUENCY
        magnitude = beyond if target is Target.VOLTAGE else beyond - code.nominal_hz
        engine = site(code, dt_s)
        engine.submit(Disturb(Disturbance(target, magnitude)))
        ticks = 0
        while state(engine, name).status not in (Status.TRIPPED,):
            engine.step()
            ticks += 1
            assert ticks * dt_s <= stage.clearing_s + 2 * dt_s, stage
        # the limit is passed in the first tick, so the clearing time has run after n more
        assert (ticks - 1) * dt_s == pytest.approx(stage.clearing_s, abs=dt_s), stage
        told = [entry.text for entry in engine.log if entry.kind is LogKind.TRIP and entry.device == name]
        assert stage.name in told[-1]


@pytest.mark.parametrize("name", KINDS)
def test_a_trip_shows_as_state_code_and_reason(name: str):
    engine = site(load_grid_code("en50549-1"))
    engine.submit(Disturb(Disturbance(Target.FREQUENCY, 2.5)))
    engine.advance(2.0)
    shown = engine.snapshot().device(name)
    assert shown.status == "TRIPPED"
    assert shown.telemetry.fault_code in (1008, 2008)
    assert shown.faults == ("grid_frequency",)
    assert shown.explanation == "f>: frequency above 51.5 Hz"


@pytest.mark.parametrize("name", KINDS)
def test_it_comes_back_after_the_delay_and_on_the_ramp(name: str):
    code = load_grid_code("ieee1547-2018-cat-ii")
    engine = site(code, dt_s=0.1)
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, 0.3, duration_s=1.0)))
    engine.advance(1.0)
    assert state(engine, name).status is Status.TRIPPED
    engine.advance(1.0)
    assert state(engine, name).status is Status.WAITING
    assert "back in" in engine.snapshot().device(name).explanation
    engine.advance(code.enter_service.delay_s - 2.0)
    assert state(engine, name).active_power_w == 0.0
    engine.advance(2.0 + code.enter_service.ramp_s / 2)
    assert state(engine, name).active_power_w == pytest.approx(5000.0, rel=0.02)
    assert engine.snapshot().device(name).explanation == "reconnection ramp 50 %"
    assert state(engine, name).status is Status.RUNNING
    engine.advance(code.enter_service.ramp_s / 2)
    assert state(engine, name).active_power_w == pytest.approx(10_000.0)


@pytest.mark.parametrize("name", KINDS)
def test_within_the_ride_through_region_nothing_trips(name: str):
    engine = site(load_grid_code("ieee1547-2018-cat-ii"))
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, 0.72, duration_s=5.0)))
    engine.advance(5.0)
    engine.submit(Disturb(Disturbance(Target.FREQUENCY, 1.1, duration_s=5.0)))
    engine.advance(6.0)
    statuses = {entry.text for entry in engine.log if entry.kind in (LogKind.TRIP, LogKind.CEASE)}
    assert statuses == set()
    assert state(engine, name).status is Status.RUNNING


@pytest.mark.parametrize("name", KINDS)
def test_a_high_frequency_takes_power_off_along_the_droop(name: str):
    code = load_grid_code("en50549-1")
    assert code.frequency_droop is not None
    engine = site(code)
    engine.submit(Disturb(Disturbance(Target.FREQUENCY, 0.7)))
    engine.advance(60.0)
    droop = code.frequency_droop
    less = (0.7 - droop.over_deadband_hz) / 50.0 / droop.over_droop
    assert state(engine, name).active_power_w == pytest.approx(10_000.0 * (1.0 - less), rel=1e-3)


def test_without_a_grid_code_a_device_stops_with_the_grid_and_comes_back_with_it():
    engine = site(None)
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, 0.0, duration_s=1.0)))
    engine.advance(0.5)
    assert state(engine, "b").status is Status.TRIPPED
    assert engine.snapshot().device("pv").explanation == "no grid voltage"
    engine.advance(1.0)
    assert state(engine, "b").status is Status.RUNNING


def test_disturbances_add_up_and_end_one_by_one():
    engine = site(None)
    engine.submit(Disturb(Disturbance(Target.FREQUENCY, 0.2, duration_s=2.0)))
    engine.submit(Disturb(Disturbance(Target.FREQUENCY, 0.3, label="mine")))
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, 0.5, phases="a", duration_s=1.0)))
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, 0.8)))
    engine.step()
    surroundings = engine.surroundings
    assert surroundings.frequency_hz == pytest.approx(50.5)
    assert (surroundings.va_pu, surroundings.vb_pu, surroundings.vc_pu) == pytest.approx((0.4, 0.8, 0.8))
    engine.advance(1.0)
    assert (surroundings.va_pu, surroundings.vb_pu) == pytest.approx((0.8, 0.8))
    engine.advance(1.0)
    assert surroundings.frequency_hz == pytest.approx(50.3)
    engine.submit(ClearDisturbance("mine"))
    engine.step()
    assert surroundings.frequency_hz == pytest.approx(50.0)
    engine.submit(ClearDisturbance())
    engine.step()
    assert engine.snapshot().disturbances == ()
    assert surroundings.va_pu == 1.0


def test_an_unbalance_leaves_the_positive_sequence_alone():
    engine = site(None)
    engine.submit(Disturb(Disturbance(Target.UNBALANCE, 0.03)))
    engine.step()
    surroundings = engine.surroundings
    turn = cmath.rect(1.0, 2.0 * math.pi / 3.0)
    a, b, c = surroundings.va_pu, surroundings.vb_pu / turn, surroundings.vc_pu * turn
    sequences = (a + b + c, a + turn * b + c / turn, a + b / turn + turn * c)  # zero, positive, negative
    assert [abs(each) / 3.0 for each in sequences] == pytest.approx([0.03, 1.0, 0.03])


def test_a_frequency_ramp_moves_at_its_rate_and_a_playback_follows_its_points():
    engine = site(None, dt_s=0.1)
    engine.submit(Disturb(Disturbance(Target.FREQUENCY, -1.0, shape=Shape.RAMP, ramp_s=2.0, duration_s=5.0)))
    engine.advance(1.1)
    assert engine.surroundings.frequency_hz == pytest.approx(49.5)
    engine.submit(ClearDisturbance())
    points = ((0.0, 0.0), (1.0, 0.4), (3.0, -0.2))
    engine.submit(Disturb(Disturbance(Target.FREQUENCY, 0.0, shape=Shape.PLAYBACK, points=points)))
    engine.advance(2.1)
    assert engine.surroundings.frequency_hz == pytest.approx(50.1)


@pytest.mark.parametrize(
    ("name", "rise_hz", "left_w"),
    [
        # 1.0 Hz beyond the deadband at 5 % of 50 Hz: 40 % less, of the power that there was
        ("en50549-1", 1.2, 3000.0),
        # 0.8 Hz beyond it at 10 %: 16 % less
        ("g99", 1.2, 4200.0),
        # 0.6 Hz beyond it at 5 % of 60 Hz: 20 % of the rating less
        ("ieee1547-2018-cat-ii", 0.636, 3000.0),
    ],
)
def test_a_curtailed_plant_still_answers_the_frequency(name: str, rise_hz: float, left_w: float):
    engine = site(load_grid_code(name))
    engine.submit(Write("pv", {"active_power_limit_w": 5000.0}))
    engine.advance(1.0)
    engine.submit(Disturb(Disturbance(Target.FREQUENCY, rise_hz)))
    engine.advance(60.0)
    assert state(engine, "pv").active_power_w == pytest.approx(left_w, rel=1e-2)


def test_a_setpoint_beyond_what_a_battery_can_give_does_not_hide_the_droop():
    engine = site(load_grid_code("en50549-1"))
    engine.submit(Write("b", {"active_power_setpoint_w": 20_000.0}))
    engine.submit(Disturb(Disturbance(Target.FREQUENCY, 0.7)))
    engine.advance(60.0)
    # 0.5 Hz beyond the deadband at 5 % of 50 Hz: 20 % less than the 10 kW that there are
    assert state(engine, "b").active_power_w == pytest.approx(8000.0, rel=1e-3)


@pytest.mark.parametrize("name", KINDS)
def test_the_way_back_bounds_what_a_low_frequency_asks_for(name: str):
    code = load_grid_code("ieee1547-2018-cat-ii")
    engine = site(code)
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, 0.3, duration_s=1.0)))
    engine.submit(Disturb(Disturbance(Target.FREQUENCY, -0.4)))
    engine.advance(1.0 + code.enter_service.delay_s + 10.0)
    # 10 s into a ramp of 300 s; the droop alone would ask for 12 % of the rating
    assert state(engine, name).active_power_w == pytest.approx(10_000.0 * 10.0 / 300.0, rel=0.02)


@pytest.mark.parametrize("name", KINDS)
def test_a_short_interruption_leaves_the_droop_alone(name: str):
    engine = site(load_grid_code("ieee1547-2018-cat-ii"))
    half = {"active_power_setpoint_w": 5000.0} if name == "b" else {"active_power_limit_w": 5000.0}
    engine.submit(Write(name, half))
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, 0.0, duration_s=0.1)))
    engine.advance(0.2)
    assert state(engine, name).status is Status.RUNNING
    assert state(engine, name).active_power_w == pytest.approx(5000.0)


@pytest.mark.parametrize("name", KINDS)
def test_a_phase_jump_shows_for_one_tick_in_the_frequency_and_is_ridden_through(name: str):
    engine = site(load_grid_code("ieee1547-2018-cat-ii"), dt_s=0.05)
    engine.submit(Disturb(Disturbance(Target.PHASE, 18.0)))
    engine.step()
    assert engine.surroundings.frequency_hz == pytest.approx(60.0 + 18.0 / 360.0 / 0.05)
    engine.step()
    assert engine.surroundings.frequency_hz == pytest.approx(60.0)
    engine.submit(ClearDisturbance())
    engine.step()
    assert engine.surroundings.frequency_hz == pytest.approx(60.0 - 18.0 / 360.0 / 0.05)
    engine.advance(5.0)
    assert engine.surroundings.frequency_hz == 60.0
    assert state(engine, name).status is Status.RUNNING


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("fault", ["grid_voltage", "grid_frequency", "grid_loss"])
def test_a_grid_fault_brought_about_on_purpose_stops_the_device_for_as_long_as_it_lasts(
    name: str, fault: str
):
    engine = site(None)
    engine.submit(Fault(name, fault, duration_s=1.0))
    engine.advance(0.5)
    assert state(engine, name).active_power_w == 0.0
    assert engine.snapshot().device(name).explanation == fault
    engine.advance(1.0)
    assert state(engine, name).active_power_w == pytest.approx(10_000.0)


@pytest.mark.parametrize("name", KINDS)
def test_a_device_says_how_it_supports_the_grid(name: str):
    engine = site(load_grid_code("en50549-1"))
    engine.submit(Disturb(Disturbance(Target.FREQUENCY, 0.7)))
    engine.advance(60.0)
    assert engine.snapshot().device(name).explanation == "frequency droop -20.0%"


@pytest.mark.parametrize("name", KINDS)
def test_a_high_voltage_draws_reactive_power_and_then_takes_active_power_off(name: str):
    engine = site(load_grid_code("ieee1547-2018-cat-ii", volt_var=True, volt_watt=True))
    engine.submit(Write(name, {"active_power_setpoint_w": 5000.0} if name == "b" else {}))
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, 1.05)))
    engine.advance(60.0)
    # half way from 1.02 to 1.08 pu: half of 44 % of the rating
    if name == "b":
        assert state(engine, name).reactive_power_var == pytest.approx(-2200.0, rel=1e-3)
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, 1.08 / 1.05)))
    engine.advance(100.0)
    # half way from 1.06 to 1.10 pu: half of the rating
    assert state(engine, name).active_power_w == pytest.approx(5000.0, rel=1e-2)
    assert state(engine, name).reactive_power_var == pytest.approx(-4400.0, rel=1e-2)


def test_what_the_protection_says_of_each_state_of_a_device():
    code = load_grid_code("ieee1547-2018-cat-iii")
    tie = grid_tie.initial(code)

    def said(code: GridCode | None, tie: Tie) -> str:
        return Why(grid_tie.binds(code, tie)).reasons(None)

    assert said(code, tie) == ""
    support = replace(tie.support, droop_pu=-0.1, p_limit_pu=0.5, q_pu=0.25)
    assert said(code, replace(tie, share=0.3, support=support)) == (
        "reconnection ramp 30 %, frequency droop -10.0%, volt-watt limit 50.0%, volt-var +25.0%"
    )
    ceased = replace(tie, free=False, status=Status.CEASED)
    assert said(code, ceased) == "no current at this voltage"
    assert said(None, replace(ceased, protection=None)) == "no grid voltage"
    assert said(code, replace(ceased, status=Status.TRIPPED)) == "no grid voltage"
    assert tie.protection is not None
    waiting = replace(tie, status=Status.WAITING, protection=replace(tie.protection, remaining_s=42.0))
    assert said(code, waiting) == "waits for the delay of enter service: 42 s"
