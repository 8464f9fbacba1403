"""An appliance runs its programme once, whole, within its time windows, on exactly its energy."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin_tui.engine.device import Status
from twin_tui.engine.devices.appliance import APPLIANCE, ApplianceParams, ApplianceTelemetry, StartRefusal
from twin_tui.engine.devices.meter import METER, MeterParams
from twin_tui.engine.devices.terminals import Connection
from twin_tui.engine.devices.time_window import Window
from twin_tui.engine.disturbance import Disturbance, Target
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import ClearFault, Disturb, Fault, Write
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.errors import ConfigError

HOUR = 3600.0
SATURDAY = 1_781_913_600.0  # midnight of 20 June 2026, UTC
SATURDAY_DAYS = 20_624  # (date(2026, 6, 20) - date(1970, 1, 1)).days
DISHES = ApplianceParams(consumption_wh=1_200.0, duration_s=2 * HOUR, profile=(3.0, 1.0, 2.0, 0.0))


def site(params: ApplianceParams = DISHES, dt_s: float = 60.0, at_h: float = 0.0) -> Engine:
    devices = (
        DevicePlan("washer", APPLIANCE, params),
        DevicePlan("meter", METER, MeterParams()),
    )
    return Engine(SitePlan("kitchen", devices, dt_s=dt_s, start_unix_s=SATURDAY + at_h * HOUR))


def seen(engine: Engine) -> ApplianceTelemetry:
    telemetry: ApplianceTelemetry = engine.telemetry("washer")
    return telemetry


def ask(engine: Engine) -> None:
    """Withdraw the request and ask anew."""
    engine.submit(Write("washer", {"run": 0}))
    engine.step()
    engine.submit(Write("washer", {"run": 1}))
    engine.step()


def test_the_power_follows_the_profile() -> None:
    engine = site()
    engine.submit(Write("washer", {"run": 1}))
    powers = []
    for _ in range(4):
        engine.advance(HOUR / 2)
        powers.append(seen(engine).consumption_power_w)
    # 1200 Wh in shares 3:1:2:0 of half an hour each: 600, 200, 400, 0 Wh
    assert powers == pytest.approx([1200.0, 400.0, 800.0, 0.0])
    assert seen(engine).run_energy_wh == 1_200.0


@settings(max_examples=80, deadline=None)
@given(
    consumption_wh=st.floats(1.0, 5_000.0),
    duration_s=st.floats(60.0, 10_000.0),
    profile=st.lists(st.floats(0.0, 10.0), min_size=1, max_size=8).filter(lambda p: sum(p) > 1e-3),
    dt_s=st.sampled_from([0.7, 1.0, 13.0, 60.0, 900.0]),
)
def test_a_run_uses_its_consumption_whatever_the_step(
    consumption_wh: float, duration_s: float, profile: list[float], dt_s: float
) -> None:
    if dt_s < 10.0:
        duration_s = duration_s / 50.0
    params = ApplianceParams(consumption_wh, duration_s, tuple(profile))
    engine = site(params, dt_s=dt_s)
    engine.submit(Write("washer", {"run": 1}))
    flowed_wh = 0.0
    ticks = 0
    engine.step()
    while seen(engine).running:
        flowed_wh -= seen(engine).active_power_w * dt_s / 3600.0
        ticks += 1
        assert seen(engine).active_power_w <= 0.0
        engine.step()
    assert flowed_wh == pytest.approx(consumption_wh, rel=1e-9, abs=1e-6)
    assert seen(engine).total_energy_wh == pytest.approx(consumption_wh, rel=1e-12)
    assert engine.telemetry("meter").import_energy_wh == pytest.approx(consumption_wh, abs=1e-6)
    assert (ticks - 1) * dt_s < duration_s + 1e-5
    assert ticks * dt_s >= duration_s - 1e-5


def test_it_runs_through_when_the_request_is_withdrawn() -> None:
    engine = site()
    engine.submit(Write("washer", {"run": 1}))
    engine.advance(600)
    engine.submit(Write("washer", {"run": 0}))
    engine.advance(HOUR)
    assert seen(engine).running
    engine.advance(HOUR)
    assert (seen(engine).running, seen(engine).total_energy_wh) == (False, 1_200.0)


def test_it_starts_once_in_each_horizon() -> None:
    engine = site()
    engine.submit(Write("washer", {"run": 1}))
    engine.advance(3 * HOUR)
    assert not seen(engine).running
    ask(engine)
    assert seen(engine).refusal == StartRefusal.ALREADY_RUN
    assert engine.devices["washer"].state.status is Status.WAITING
    assert "refused: it has run in this horizon" in engine.snapshot().device("washer").explanation
    engine.advance(21 * HOUR)
    assert seen(engine).starts == 1, "a refused request does not wait for the next day"
    ask(engine)
    assert (seen(engine).running, seen(engine).starts) == (True, 2)


def test_a_horizon_of_two_days_and_none_at_all() -> None:
    for horizon_s, starts in ((2 * 24 * HOUR, 1), (0.0, 2)):
        engine = site(ApplianceParams(100.0, HOUR, horizon_s=horizon_s))
        engine.submit(Write("washer", {"run": 1}))
        engine.advance(2 * HOUR)
        ask(engine)
        assert seen(engine).starts == starts


@pytest.mark.parametrize(
    ("at_h", "refusal"),
    [
        (7.9, StartRefusal.NO_WINDOW),
        (8.0, StartRefusal.NONE),
        (11.0, StartRefusal.NONE),
        (11.1, StartRefusal.TOO_LATE),
        (13.0, StartRefusal.NO_WINDOW),
    ],
)
def test_the_whole_run_has_to_fit_its_window(at_h: float, refusal: StartRefusal) -> None:
    morning = Window(start_s=8 * HOUR, duration_s=5 * HOUR)
    engine = site(ApplianceParams(1_200.0, 2 * HOUR, windows=(morning,)), dt_s=1.0, at_h=at_h)
    engine.submit(Write("washer", {"run": 1}), at_s=0.0)
    assert seen(engine).can_start is (refusal is StartRefusal.NONE)
    engine.step()
    assert seen(engine).refusal == refusal
    assert seen(engine).running is (refusal is StartRefusal.NONE)


@pytest.mark.parametrize(
    ("window", "at_h", "left_h"),
    [
        (Window(22 * HOUR, 4 * HOUR), 23.0, 3.0),
        (Window(22 * HOUR, 4 * HOUR), 25.0, 1.0),
        (Window(22 * HOUR, 4 * HOUR), 26.0, 0.0),
        (Window(8 * HOUR, HOUR, day_of_week=5), 8.5, 0.5),
        (Window(8 * HOUR, HOUR, day_of_week=6), 8.5, 0.0),
        (Window(8 * HOUR, HOUR, day_of_week=6), 32.5, 0.5),
        (Window(23 * HOUR, 2 * HOUR, day_of_week=5), 24.5, 0.5),
        (Window(23 * HOUR, 2 * HOUR, day_of_week=6), 24.5, 0.0),
        (Window(8 * HOUR, HOUR, date=SATURDAY_DAYS), 8.0, 1.0),
        (Window(8 * HOUR, HOUR, date=SATURDAY_DAYS), 32.0, 0.0),
    ],
)
def test_windows_are_daily_weekly_or_of_one_date_and_may_pass_midnight(
    window: Window, at_h: float, left_h: float
) -> None:
    assert window.left_s(SATURDAY + at_h * HOUR) == pytest.approx(left_h * HOUR)


def test_an_open_door_makes_it_wait_and_then_it_finishes() -> None:
    engine = site()
    engine.submit(Write("washer", {"run": 1}))
    engine.advance(HOUR)
    engine.submit(Fault("washer", "door_open", duration_s=1800.0))
    engine.step()
    assert (seen(engine).active_power_w, seen(engine).fault_code, seen(engine).running) == (0.0, 6004, True)
    engine.advance(HOUR)
    assert seen(engine).running
    engine.advance(HOUR)
    assert (seen(engine).running, seen(engine).total_energy_wh) == (False, 1_200.0)


def test_without_voltage_it_waits_too() -> None:
    engine = site()
    engine.submit(Write("washer", {"run": 1}))
    engine.advance(HOUR)
    used = seen(engine).run_energy_wh
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, 0.0, duration_s=1800.0)))
    engine.advance(1800)
    assert (seen(engine).active_power_w, seen(engine).run_energy_wh) == (0.0, used)
    engine.advance(2 * HOUR)
    assert seen(engine).total_energy_wh == 1_200.0


@pytest.mark.parametrize(
    ("fault", "code"), [("emergency_stop", 6001), ("water_inlet", 6002), ("over_temperature", 6003)]
)
def test_other_faults_end_the_run_until_they_are_reset_and_the_start_does_not_count(
    fault: str, code: int
) -> None:
    engine = site()
    engine.submit(Write("washer", {"run": 1}))
    engine.advance(HOUR)
    engine.submit(Fault("washer", fault, duration_s=60.0))
    engine.advance(600)
    assert (seen(engine).running, seen(engine).active_power_w, seen(engine).fault_code) == (False, 0.0, code)
    ask(engine)
    assert seen(engine).refusal == StartRefusal.FAULT
    engine.submit(Write("washer", {"fault_reset": 1}))
    engine.submit(ClearFault())
    engine.step()
    ask(engine)
    assert (seen(engine).running, seen(engine).fault_code) == (True, 0)


def test_it_is_on_its_own_phase() -> None:
    engine = site(ApplianceParams(1_000.0, HOUR, phase=Connection.B))
    engine.submit(Write("washer", {"run": 1}))
    engine.step()
    meter = engine.telemetry("meter")
    assert (meter.active_power_a_w, meter.active_power_b_w) == pytest.approx((0.0, 1_000.0), abs=1e-9)
    assert seen(engine).current_b_a == pytest.approx(1_000.0 / 230.94, rel=1e-4)


def test_progress_and_remaining_time_tell_where_it_is() -> None:
    engine = site()
    engine.submit(Write("washer", {"run": 1}))
    engine.advance(1.5 * HOUR)
    assert (seen(engine).progress, seen(engine).remaining_s) == pytest.approx((0.75, 1_800.0))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"consumption_wh": 0.0}, "consumption_wh 0 of an appliance is not above 0"),
        ({"duration_s": float("inf")}, "duration_s inf of an appliance"),
        ({"profile": (0.0, 0.0)}, "has no height above 0"),
        ({"profile": (1.0, -1.0)}, "or one below 0"),
        (
            {"windows": (Window(0.0, 60.0),)},
            "no time window of the appliance is as long as its run of 7200 s",
        ),
    ],
)
def test_an_appliance_that_cannot_be_is_refused(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        ApplianceParams(**{"consumption_wh": 1.0, "duration_s": 7200.0, **wrong})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"start_s": 90_000.0}, "opens at 90000 s"),
        ({"duration_s": 0.0}, "lasts 0 s"),
        ({"day_of_week": 7}, "day of week 7"),
    ],
)
def test_a_window_that_cannot_be_is_refused(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Window(**{"start_s": 0.0, "duration_s": 60.0, **wrong})  # type: ignore[arg-type]


def test_a_run_that_begins_on_a_dead_grid_waits_with_its_whole_length_ahead() -> None:
    engine = site(dt_s=60.0)
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, 0.0, duration_s=600.0)))
    engine.submit(Write("washer", {"run": 1}))
    engine.advance(300)
    waiting = seen(engine)
    assert (waiting.running, waiting.progress, waiting.remaining_s) == (True, 0.0, 2 * HOUR)
    assert (waiting.working_status, waiting.can_start, waiting.run_energy_wh) == (1, False, 0.0)
    engine.advance(300 + HOUR)
    assert seen(engine).remaining_s == pytest.approx(HOUR)
    assert seen(engine).progress == pytest.approx(0.5)
    assert seen(engine).starts == 1


def test_the_energy_of_every_run_counts() -> None:
    engine = site(ApplianceParams(100.0, 600.0, horizon_s=0.0))
    for run in range(1, 4):
        ask(engine)
        engine.advance(300)
        assert seen(engine).run_energy_wh < 100.0
        assert seen(engine).total_energy_wh == pytest.approx(100.0 * (run - 1) + seen(engine).run_energy_wh)
        engine.advance(600)
        assert (seen(engine).run_energy_wh, seen(engine).total_energy_wh) == pytest.approx(
            (100.0, 100.0 * run)
        )
        assert seen(engine).starts == run
