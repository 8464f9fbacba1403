"""A charging station that changes its phases, and the condition that it reports."""

import pytest

from twin_tui.engine.device import Status
from twin_tui.engine.devices.ev_charger import EV_CHARGER, EvParams
from twin_tui.engine.devices.ev_session import ChargingSession, current_session
from twin_tui.engine.devices.ev_signals import PLUG, UNPLUG
from twin_tui.engine.disturbance import Disturbance, Target
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Disturb, Fault, Write
from twin_tui.engine.grid import GridParams
from twin_tui.engine.site import DevicePlan, SitePlan

MIDNIGHT = 1_781_913_600.0


def site(params: EvParams, dt_s: float = 1.0) -> Engine:
    devices = (DevicePlan("ev", EV_CHARGER, params),)
    return Engine(SitePlan("garage", devices, dt_s=dt_s, grid=GridParams(nominal_v=230.0)))


def test_the_current_begins_from_nothing_after_a_change_of_phases() -> None:
    params = EvParams(
        ramp_a_per_s=2.0,
        max_charge_power_w=22_000.0,
        phase_switch_pause_s=0.0,
        phase_switch_interval_s=0.0,
    )
    engine = site(params)
    engine.advance(20)
    assert engine.telemetry("ev").current_a_a == pytest.approx(16.0)
    for phases in (1, 3):
        engine.submit(Write("ev", {"phases": phases}))
        currents = []
        for _ in range(9):
            engine.step()
            seen = engine.telemetry("ev")
            currents.append(seen.current_a_a)
            assert seen.phases_active == phases
            assert seen.active_power_w == pytest.approx(-phases * 230.0 * seen.current_a_a)
        assert currents == pytest.approx([2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0, 16.0])


def test_its_condition_is_a_number() -> None:
    engine = site(EvParams())
    engine.step()
    assert engine.telemetry("ev").working_status == 1
    engine.submit(Write("ev", {"enabled": 0}))
    engine.step()
    assert engine.telemetry("ev").working_status == 0
    engine.submit(Write("ev", {"enabled": 1, "plug": UNPLUG}))
    engine.step()
    assert engine.telemetry("ev").working_status == 0
    engine.submit(Write("ev", {"plug": PLUG}))
    engine.submit(Fault("ev", "sensor_stuck"))
    engine.advance(5)
    assert engine.telemetry("ev").working_status == 1, "the meter is at fault, not the station"
    engine.submit(Fault("ev", "residual_current"))
    engine.step()
    assert engine.telemetry("ev").working_status == 2


def test_a_vehicle_that_is_plugged_in_counts_from_zero_and_one_that_stays_goes_on() -> None:
    engine = site(EvParams(plugged_in=False))
    engine.advance(5)
    seen = engine.telemetry("ev")
    assert (seen.plugged_in, seen.sessions, seen.session_time_s, seen.session_energy_wh) == (False, 0, 0, 0)
    engine.submit(Write("ev", {"plug": PLUG}))
    for passed_s in range(5):
        engine.step()
        assert engine.telemetry("ev").session_time_s == passed_s
    engine.submit(Write("ev", {"plug": PLUG}))
    engine.step()
    assert (engine.telemetry("ev").sessions, engine.telemetry("ev").session_time_s) == (1, 5)
    engine.submit(Write("ev", {"plug": UNPLUG}))
    engine.advance(3)
    assert (engine.telemetry("ev").sessions, engine.telemetry("ev").session_time_s) == (1, 5)


def test_of_several_sessions_the_one_that_is_on_counts() -> None:
    morning = ChargingSession(6 * 3600.0, 8 * 3600.0)
    night = ChargingSession(22 * 3600.0, 5 * 3600.0)
    found = [current_session((morning, night), MIDNIGHT + hour * 3600.0) for hour in (0, 4.5, 5, 6, 8, 23)]
    assert found == [(1, 18_000.0), (1, 1_800.0), (-1, 0.0), (0, 7_200.0), (-1, 0.0), (1, 21_600.0)]
    assert current_session((), MIDNIGHT) == (-1, 0.0)


def test_the_needed_power_is_known_with_the_departure_and_until_it() -> None:
    engine = site(EvParams(capacity_wh=40_000.0, initial_soc=0.5), dt_s=0.5)
    engine.step()
    assert (engine.telemetry("ev").needed_power_w, engine.telemetry("ev").time_to_departure_s) == (0.0, 0.0)
    engine.submit(Write("ev", {"departure_unix_s": MIDNIGHT + 2.0, "enabled": 0}))
    needed_wh, seen = 20_000.0 / 0.88, []
    for _ in range(4):
        engine.step()
        telemetry = engine.telemetry("ev")
        seen.append((telemetry.time_to_departure_s, telemetry.needed_power_w))
    expected = [(left_s, needed_wh * 3600.0 / left_s if left_s else 0.0) for left_s in (1.0, 0.5, 0.0, 0.0)]
    assert [number for pair in seen for number in pair] == pytest.approx(
        [n for pair in expected for n in pair], rel=1e-4
    )


@pytest.mark.parametrize(("here", "pilot"), [(True, 1), (False, 0)])
def test_before_the_first_tick_the_pilot_says_whether_a_vehicle_is_there(here: bool, pilot: int) -> None:
    seen = site(EvParams(plugged_in=here)).telemetry("ev")
    assert (seen.pilot_state, seen.plugged_in, seen.sessions) == (pilot, here, int(here))
    assert seen.soc == 0.5


def test_a_station_is_in_standby_with_or_without_a_vehicle_and_off_without_voltage() -> None:
    engine = site(EvParams(plugged_in=False))
    engine.step()
    assert engine.devices["ev"].state.status is Status.STANDBY
    engine.submit(Write("ev", {"plug": PLUG, "enabled": 0}))
    engine.step()
    assert engine.devices["ev"].state.status is Status.STANDBY
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, 0.0)))
    engine.step()
    assert engine.devices["ev"].state.status is Status.OFF
