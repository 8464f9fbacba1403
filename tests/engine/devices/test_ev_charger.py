"""A charging station offers current, a vehicle takes it, and nothing flows when it must not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin_tui.engine.device import Status
from twin_tui.engine.devices.ev_charger import EV_CHARGER, EvParams
from twin_tui.engine.devices.ev_session import ChargingSession
from twin_tui.engine.devices.ev_signals import PLUG, UNPLUG, EvTelemetry, Pilot
from twin_tui.engine.devices.meter import METER, MeterParams
from twin_tui.engine.disturbance import Disturbance, Target
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import ClearFault, Disturb, Fault, Write
from twin_tui.engine.grid import GridParams
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.errors import CommandError, ConfigError

HOUR = 3600.0
SATURDAY = 1_781_913_600.0  # midnight of 20 June 2026, UTC


def site(params: EvParams, dt_s: float = 1.0, start_unix_s: float = SATURDAY) -> Engine:
    devices = (DevicePlan("ev", EV_CHARGER, params), DevicePlan("meter", METER, MeterParams()))
    grid = GridParams(nominal_v=230.0)
    return Engine(SitePlan("garage", devices, dt_s=dt_s, grid=grid, start_unix_s=start_unix_s))


def seen(engine: Engine) -> EvTelemetry:
    telemetry: EvTelemetry = engine.telemetry("ev")
    return telemetry


def test_three_phases_at_16_amperes_are_11_kilowatts() -> None:
    engine = site(EvParams(max_charge_power_w=22_000.0))
    engine.advance(10)
    assert seen(engine).pilot_state == Pilot.C
    assert seen(engine).active_power_w == pytest.approx(-11_040.0)  # 3 · 230 V · 16 A
    assert seen(engine).current_a_a == pytest.approx(16.0)
    assert seen(engine).pilot_duty_pu == pytest.approx(0.26667, abs=1e-5)  # 16 A / 0.6


def test_the_vehicle_takes_no_more_than_its_own_charger_can() -> None:
    engine = site(EvParams(max_charge_power_w=4_140.0))
    engine.advance(10)
    assert seen(engine).current_a_a == pytest.approx(6.0)
    assert seen(engine).offered_current_a == 16.0


@pytest.mark.parametrize(("station", "vehicle", "commanded"), [(1, 3, 3), (3, 1, 3), (3, 3, 1)])
def test_over_one_phase_the_meter_sees_one_phase(station: int, vehicle: int, commanded: int) -> None:
    engine = site(EvParams(station_phases=station, vehicle_phases=vehicle))
    engine.submit(Write("ev", {"phases": commanded}))
    engine.advance(10)
    assert seen(engine).active_power_w == pytest.approx(-3_680.0)  # 230 V · 16 A
    assert (seen(engine).current_a_a, seen(engine).current_b_a) == (pytest.approx(16.0), 0.0)
    meter = engine.telemetry("meter")
    assert (meter.active_power_a_w, meter.active_power_b_w) == pytest.approx((3_680.0, 0.0))
    assert meter.current_n_a == pytest.approx(16.0)


@pytest.mark.parametrize(("limit_a", "current_a"), [(6.0, 6.0), (10.0, 10.0), (5.9, 0.0), (0.0, 0.0)])
def test_below_six_amperes_charging_pauses(limit_a: float, current_a: float) -> None:
    engine = site(EvParams())
    engine.submit(Write("ev", {"current_limit_a": limit_a}))
    engine.advance(10)
    assert seen(engine).current_a_a == pytest.approx(current_a)
    assert seen(engine).pilot_state == (Pilot.C if current_a else Pilot.B)


@pytest.mark.parametrize(
    ("limit_w", "power_w"), [(4_140.0, 4_140.0), (6_900.0, 6_900.0), (4_100.0, 0.0), (0.0, 0.0)]
)
def test_a_power_limit_is_kept_and_pauses_below_six_amperes_of_each_phase(
    limit_w: float, power_w: float
) -> None:
    engine = site(EvParams())
    engine.submit(Write("ev", {"active_power_limit_w": limit_w}))
    engine.advance(10)
    assert seen(engine).active_power_w == pytest.approx(-power_w)


def test_in_a_sag_the_vehicle_draws_more_current_for_its_power_up_to_the_offer() -> None:
    engine = site(EvParams(max_charge_power_w=6_900.0, vehicle_current_a=20.0))
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, 0.8)))
    engine.advance(10)
    assert seen(engine).active_power_w == pytest.approx(-6_900.0)
    assert seen(engine).current_a_a == pytest.approx(12.5)  # 6900 W / (3 · 184 V)
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, 0.7)))
    engine.advance(10)
    assert seen(engine).current_a_a == pytest.approx(16.0)
    assert seen(engine).active_power_w == pytest.approx(-16.0 * 3 * 230.0 * 0.56)


@pytest.mark.parametrize(
    ("power_w", "phases", "most_a"),
    [(6_900.0, 3, 10.0), (11_000.0, 3, 16.0), (22_000.0, 3, 32.0), (11_000.0, 1, 16.0), (3_680.0, 3, 6.0)],
)
def test_the_vehicles_charger_takes_no_more_than_its_own_current(
    power_w: float, phases: int, most_a: float
) -> None:
    engine = site(EvParams(max_charge_power_w=power_w, max_current_a=32.0, ramp_a_per_s=1e3))
    engine.submit(Write("ev", {"phases": phases}))
    engine.advance(200)
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, 0.8)))
    engine.advance(10)
    assert seen(engine).current_a_a == pytest.approx(most_a)
    assert seen(engine).active_power_w == pytest.approx(-most_a * phases * 230.0 * 0.8)
    assert seen(engine).available_charge_power_w == pytest.approx(most_a * phases * 230.0 * 0.8)


def test_over_a_dead_phase_nothing_is_offered() -> None:
    engine = site(EvParams(vehicle_phases=1))
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, 0.0, phases="a")))
    engine.advance(5)
    assert (seen(engine).pilot_state, seen(engine).active_power_w) == (Pilot.B, 0.0)


def test_between_51_and_52_and_a_half_amperes_the_pilot_can_only_say_51() -> None:
    engine = site(EvParams(max_current_a=80.0, max_charge_power_w=50_000.0))
    engine.submit(Write("ev", {"current_limit_a": 52.0}))
    engine.step()
    assert seen(engine).offered_current_a == pytest.approx(51.0)


def test_current_follows_a_new_offer_on_the_ramp() -> None:
    engine = site(EvParams(ramp_a_per_s=2.0, max_charge_power_w=22_000.0))
    engine.advance(3)
    assert seen(engine).current_a_a == pytest.approx(6.0)
    engine.advance(10)
    engine.submit(Write("ev", {"current_limit_a": 8.0}))
    engine.advance(2)
    assert seen(engine).current_a_a == pytest.approx(12.0)


def test_charging_puts_the_efficiency_share_into_the_battery() -> None:
    engine = site(EvParams(capacity_wh=50_000.0, initial_soc=0.2, charging_efficiency=0.88, ramp_a_per_s=1e3))
    engine.advance(HOUR)
    assert seen(engine).session_energy_wh == pytest.approx(11_000.0)
    assert seen(engine).energy_wh == pytest.approx(10_000.0 + 0.88 * 11_000.0)


@pytest.mark.parametrize(("soc", "share"), [(0.5, 1.0), (0.8, 1.0), (0.9, 0.55), (0.95, 0.325)])
def test_above_80_percent_the_power_falls_evenly_to_a_tenth(soc: float, share: float) -> None:
    engine = site(EvParams(capacity_wh=1e6, initial_soc=soc, ramp_a_per_s=1e3))
    engine.step()
    assert seen(engine).active_power_w == pytest.approx(-11_000.0 * share, rel=1e-4)


def test_it_fills_to_the_target_and_not_a_watt_hour_beyond() -> None:
    engine = site(EvParams(capacity_wh=10_000.0, initial_soc=0.70), dt_s=7.0)
    engine.submit(Write("ev", {"target_soc": 0.75}))
    engine.advance(HOUR)
    assert seen(engine).soc == pytest.approx(0.75, abs=1e-9)
    assert seen(engine).soc <= 0.75 + 1e-12
    assert seen(engine).pilot_state == Pilot.B
    assert seen(engine).session_energy_wh == pytest.approx(500.0 / 0.88)


def test_unplugging_ends_the_session_at_once_and_plugging_in_begins_a_new_one() -> None:
    engine = site(EvParams())
    engine.advance(60)
    first = seen(engine).session_energy_wh
    engine.submit(Write("ev", {"plug": UNPLUG}))
    engine.step()
    assert (seen(engine).pilot_state, seen(engine).active_power_w) == (Pilot.A, 0.0)
    assert seen(engine).session_energy_wh == first
    engine.submit(Write("ev", {"plug": PLUG}))
    engine.step()
    assert engine.devices["ev"].commands.plug == 0
    assert seen(engine).sessions == 2
    assert seen(engine).session_energy_wh < first
    assert seen(engine).session_time_s == 0.0
    assert seen(engine).total_energy_wh == pytest.approx(first + seen(engine).session_energy_wh)


def test_a_station_that_is_not_enabled_offers_nothing() -> None:
    engine = site(EvParams())
    engine.submit(Write("ev", {"enabled": 0}))
    engine.step()
    assert (seen(engine).pilot_state, seen(engine).offered_current_a) == (Pilot.B, 0.0)
    assert seen(engine).pilot_duty_pu == 1.0


def test_a_vehicle_that_needs_ventilation_charges_in_state_d_or_not_at_all() -> None:
    engine = site(EvParams(needs_ventilation=True))
    engine.advance(5)
    assert (seen(engine).pilot_state, seen(engine).charging) == (Pilot.D, True)
    engine = site(EvParams(needs_ventilation=True, ventilated=False))
    engine.advance(5)
    assert (seen(engine).charging, seen(engine).fault_code) == (False, 5007)


@pytest.mark.parametrize(
    ("fault", "code", "pilot", "latched"),
    [
        ("emergency_stop", 5001, Pilot.F, True),
        ("residual_current", 5002, Pilot.F, True),
        ("contactor_welded", 5003, Pilot.F, True),
        ("over_temperature", 5004, Pilot.F, False),
        ("pilot_short", 5005, Pilot.E, False),
    ],
)
def test_a_fault_stops_the_flow_and_clears_as_the_field_does(
    fault: str, code: int, pilot: Pilot, latched: bool
) -> None:
    engine = site(EvParams())
    engine.advance(10)
    engine.submit(Fault("ev", fault))
    engine.step()
    assert (seen(engine).pilot_state, seen(engine).active_power_w) == (pilot, 0.0)
    assert (seen(engine).fault_code, seen(engine).working_status) == (code, 2)
    assert engine.devices["ev"].state.status is Status.FAULT
    engine.submit(ClearFault("ev"))
    engine.step()
    assert (seen(engine).pilot_state == pilot) is latched
    engine.submit(Write("ev", {"fault_reset": 1}))
    engine.step()
    assert seen(engine).pilot_state == Pilot.C


def test_a_stuck_meter_shows_the_old_power_while_the_vehicle_goes_on_charging() -> None:
    engine = site(EvParams())
    engine.advance(10)
    engine.submit(Fault("ev", "sensor_stuck"))
    engine.submit(Write("ev", {"current_limit_a": 6.0}))
    before = seen(engine)
    engine.advance(60)
    assert seen(engine).charging_power_w == before.charging_power_w
    assert seen(engine).session_energy_wh == before.session_energy_wh
    assert seen(engine).active_power_w == pytest.approx(-4_140.0)
    assert seen(engine).energy_wh > before.energy_wh


def test_without_grid_voltage_the_pilot_is_gone_and_charging_resumes_by_itself() -> None:
    engine = site(EvParams())
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, 0.0, duration_s=5.0)))
    engine.step()
    assert (seen(engine).pilot_state, seen(engine).active_power_w) == (Pilot.E, 0.0)
    engine.advance(10)
    assert seen(engine).pilot_state == Pilot.C


def test_sessions_plug_in_and_out_by_the_clock_over_midnight() -> None:
    night = ChargingSession(arrival_s=18 * HOUR, departure_s=7 * HOUR, arrival_soc=0.3)
    engine = site(EvParams(sessions=(night,), initial_soc=0.9), dt_s=60.0)
    engine.advance(60)
    assert seen(engine).plugged_in, "the run starts at midnight, within the stay"
    assert seen(engine).time_to_departure_s == pytest.approx(7 * HOUR - 60, abs=61)
    engine.advance(7 * HOUR)
    assert not seen(engine).plugged_in
    engine.advance(10 * HOUR)
    assert not seen(engine).plugged_in
    engine.advance(HOUR)
    assert seen(engine).plugged_in
    assert seen(engine).soc == pytest.approx(0.3, abs=0.01)
    assert seen(engine).sessions == 2


def test_a_weekday_session_stays_away_at_the_weekend() -> None:
    work = ChargingSession(arrival_s=8 * HOUR, departure_s=17 * HOUR, weekdays=(0, 1, 2, 3, 4))
    engine = site(EvParams(sessions=(work,)), dt_s=300.0)
    there = []
    for _ in range(3):  # Saturday, Sunday, Monday at noon
        engine.advance(12 * HOUR)
        there.append(seen(engine).plugged_in)
        engine.advance(12 * HOUR)
    assert there == [False, False, True]


def test_an_unplugged_vehicle_stays_away_until_its_next_session() -> None:
    day = ChargingSession(arrival_s=8 * HOUR, departure_s=17 * HOUR)
    engine = site(EvParams(sessions=(day,)), dt_s=60.0, start_unix_s=SATURDAY + 9 * HOUR)
    engine.advance(60)
    engine.submit(Write("ev", {"plug": UNPLUG}))
    engine.advance(HOUR)
    assert not seen(engine).plugged_in
    engine.advance(23 * HOUR)
    assert seen(engine).plugged_in


def test_the_needed_power_reaches_the_target_by_departure() -> None:
    engine = site(EvParams(capacity_wh=40_000.0, initial_soc=0.5))
    departure = SATURDAY + 4 * HOUR
    engine.submit(Write("ev", {"departure_unix_s": departure, "target_soc": 0.75, "enabled": 0}))
    engine.step()
    assert seen(engine).energy_to_target_wh == pytest.approx(10_000.0 / 0.88)
    assert seen(engine).needed_power_w == pytest.approx(10_000.0 / 0.88 / 4.0, rel=1e-3)


def test_phases_are_one_or_three() -> None:
    with pytest.raises(CommandError, match="1 = One phase, 3 = Three phases; not 2"):
        site(EvParams()).submit(Write("ev", {"phases": 2}))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"capacity_wh": -1.0}, "capacity_wh -1 of an EV charger is not above 0"),
        ({"initial_soc": 1.2}, r"initial_soc 1\.2 of an EV charger is not in 0 … 1"),
        ({"charging_efficiency": 0.0}, "charging_efficiency 0 of an EV charger"),
        ({"vehicle_phases": 2}, "vehicle_phases 2 of an EV charger is neither 1 nor 3"),
    ],
)
def test_a_station_that_cannot_be_is_refused(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        EvParams(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"arrival_s": 90_000.0, "departure_s": 0.0}, "arrival at 90000 s is not within a day"),
        ({"arrival_s": 60.0, "departure_s": 60.0}, "a session departs when it arrives"),
        ({"arrival_s": 0.0, "departure_s": 60.0, "arrival_soc": 7.0}, "state of charge of 7 is not in 0 … 1"),
        ({"arrival_s": 0.0, "departure_s": 60.0, "weekdays": (7,)}, "not among 0"),
    ],
)
def test_a_session_that_cannot_be_is_refused(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        ChargingSession(**wrong)  # type: ignore[arg-type]


ACTIONS = st.one_of(
    st.tuples(st.just("plug"), st.sampled_from([PLUG, UNPLUG])),
    st.tuples(st.just("current_limit_a"), st.floats(0.0, 80.0)),
    st.tuples(st.just("active_power_limit_w"), st.floats(0.0, 30_000.0)),
    st.tuples(st.just("phases"), st.sampled_from([1, 3])),
    st.tuples(st.just("target_soc"), st.floats(0.0, 1.0)),
    st.tuples(st.just("fault_reset"), st.just(1)),
    st.tuples(st.just("fault"), st.integers(0, len(EV_CHARGER.faults) - 1)),
    st.tuples(st.just("clear"), st.just(0)),
    st.tuples(st.just("sag"), st.sampled_from([0.0, 0.8])),
)


@settings(max_examples=80, deadline=None)
@given(
    actions=st.lists(ACTIONS, max_size=20),
    soc=st.floats(0.0, 1.0).map(lambda soc: round(soc, 9)),
    dt_s=st.sampled_from([0.1, 1.0, 60.0]),
)
def test_whatever_happens_it_keeps_its_laws(
    actions: list[tuple[str, float]], soc: float, dt_s: float
) -> None:
    params = EvParams(capacity_wh=2_000.0, initial_soc=soc)
    engine = site(params, dt_s=dt_s)
    for what, number in actions:
        if what == "fault":
            engine.submit(Fault("ev", EV_CHARGER.faults[int(number)].name))
        elif what == "clear":
            engine.submit(ClearFault())
        elif what == "sag":
            engine.submit(Disturb(Disturbance(Target.VOLTAGE, number, duration_s=max(5.0, dt_s))))
        else:
            engine.submit(Write("ev", {what: number}))
        for _ in range(3):
            before, state = seen(engine), engine.devices["ev"].state
            engine.step()
            now = seen(engine)
            if now.pilot_state not in (Pilot.C, Pilot.D):
                assert now.active_power_w == 0.0
                assert now.current_a_a == 0.0
            if now.offered_current_a > 0.0:
                assert now.offered_current_a >= 6.0
            assert now.active_power_w <= 0.0
            assert 0.0 <= now.soc <= 1.0
            into_cells = now.energy_wh - before.energy_wh
            taken = -now.active_power_w * dt_s / 3600.0
            assert into_cells == pytest.approx(taken * params.charging_efficiency, abs=1e-9)
            assert now.total_energy_wh >= before.total_energy_wh
            rise = engine.devices["ev"].state.current_a - state.current_a
            assert rise <= params.ramp_a_per_s * dt_s + 1e-9


MONDAY_S = 4 * 86_400.0  # 5 January 1970


@pytest.mark.parametrize(
    ("session", "at_h", "left_h"),
    [
        (ChargingSession(8 * 3600, 17 * 3600, None, (0,)), 8, 9),
        (ChargingSession(8 * 3600, 17 * 3600, None, (0,)), 17, 0),
        (ChargingSession(8 * 3600, 17 * 3600, None, (0,)), 7.5, 0),
        (ChargingSession(8 * 3600, 17 * 3600, None, (0,)), 24 + 9, 0),
        (ChargingSession(18 * 3600, 6 * 3600, None, (0,)), 18, 12),
        (ChargingSession(18 * 3600, 6 * 3600, None, (0,)), 24, 6),
        (ChargingSession(18 * 3600, 6 * 3600, None, (0,)), 24 + 5.5, 0.5),
        (ChargingSession(18 * 3600, 6 * 3600, None, (0,)), 24 + 6, 0),
        (ChargingSession(18 * 3600, 6 * 3600, None, (0,)), 5, 0),
        (ChargingSession(18 * 3600, 6 * 3600, None, (6,)), 5, 1),
        (ChargingSession(18 * 3600, 6 * 3600, None, (6,)), 6 * 24 + 23, 7),
    ],
)
def test_a_stay_begins_on_its_weekdays_and_ends_at_its_departure(
    session: ChargingSession, at_h: float, left_h: float
) -> None:
    assert session.left_s(MONDAY_S + at_h * 3600.0) == left_h * 3600.0


def test_the_power_that_could_be_charged_is_that_of_a_vehicle_which_would_take_it() -> None:
    engine = site(EvParams(max_charge_power_w=22_000.0, initial_soc=0.4))
    engine.advance(10)
    assert seen(engine).available_charge_power_w == pytest.approx(11_040.0)
    engine.submit(Fault("ev", "emergency_stop"))
    engine.advance(2)
    assert (seen(engine).available_charge_power_w, seen(engine).pilot_duty_pu) == (0.0, 0.0)
    engine.submit(ClearFault("ev"))
    engine.submit(Write("ev", {"fault_reset": 1}))
    engine.advance(10)
    assert seen(engine).available_charge_power_w == pytest.approx(11_040.0)
    engine.submit(Write("ev", {"target_soc": 0.3}))
    engine.advance(2)
    assert seen(engine).available_charge_power_w == 0.0
