"""Building blocks of frequency reserves against hand calculations."""

from math import exp
from pathlib import Path
from typing import Any

import pytest

from twin_tui import (
    CommandError,
    ConfigError,
    Disturb,
    Disturbance,
    Shape,
    Target,
    Twin,
    read_recording,
)
from twin_tui.config.grid_codes import load_grid_code
from twin_tui.documents.csv_text import points_of_csv, read_rows
from twin_tui.engine.device import DevicePlan, Status
from twin_tui.engine.devices.battery import BATTERY, BatteryCommands, BatteryParams
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import SelectMode
from twin_tui.engine.policies.reserve import EnergyManagement
from twin_tui.engine.site import SitePlan
from twin_tui.run import recording

RATED_W = 100_000.0
NO_LIMITS = {
    "soc_lower_limit_2": 0.0,
    "soc_lower_limit_1": 0.0,
    "soc_upper_limit_1": 1.0,
    "soc_upper_limit_2": 1.0,
}


def site(dt_s: float = 0.1, capacity_wh: float = 1e6, soc: float = 0.5, **parameters: Any) -> Engine:
    params = BatteryParams(
        capacity_wh, RATED_W, RATED_W, RATED_W, initial_soc=soc, grid_code=load_grid_code("en50549-1")
    )
    plan = DevicePlan("b", BATTERY, params, BatteryCommands(**NO_LIMITS))
    engine = Engine(SitePlan("site", (plan,), dt_s=dt_s))
    engine.submit(SelectMode("b", "FREQUENCY_REGULATION", 1.0, parameters))
    apply(engine, 0.0)
    engine.advance(1.0)
    return engine


def apply(engine: Engine, deviation_hz: float, **keys: Any) -> None:
    engine.submit(Disturb(Disturbance(Target.APPLIED, deviation_hz, **keys)))


def power_w(engine: Engine) -> float:
    return float(engine.devices["b"].state.active_power_w)


def test_dead_time_and_lag_answer_a_step_as_a_first_order_system_with_a_delay() -> None:
    engine = site(fcr_n_w=RATED_W, deadtime_s=0.5, lag_s=2.0)
    apply(engine, -0.1)
    for tick in range(1, 200):
        engine.step()
        expected = RATED_W * (1.0 - exp(-(tick - 5) * 0.1 / 2.0)) if tick > 5 else 0.0
        assert power_w(engine) == pytest.approx(expected, abs=1e-6)


def test_the_lag_gives_the_same_course_at_any_step() -> None:
    found = []
    for dt_s in (0.05, 0.5):
        engine = site(dt_s, fcr_n_w=RATED_W, lag_s=3.0)
        apply(engine, -0.1)
        engine.advance(4.0)
        found.append(power_w(engine))
    assert found == pytest.approx([RATED_W * (1.0 - exp(-4.0 / 3.0))] * 2)


def test_the_fast_ramp_gives_power_and_energy_after_7_5_s_as_calculated_by_hand() -> None:
    # 0.24 Hz/s is 0.6 C/s until 49.5 Hz after 5/3 s; a lag of 1 s behind it:
    # P(7.5) = C (1 - 0.6 (e^-(7.5 - 5/3) - e^-7.5)), E(7.5) = C (7.5 - 5/6) - 1 s P(7.5)
    engine = site(0.01, fcr_d_up_w=RATED_W, lag_s=1.0)
    apply(engine, -0.1)
    engine.advance(1.0)
    assert power_w(engine) == pytest.approx(0.0, abs=1e-6)
    before_wh = engine.devices["b"].state.discharged_wh  # type: ignore[attr-defined]
    apply(engine, -0.9, shape=Shape.RAMP, ramp_s=3.75)
    engine.advance(7.5)
    share = 1.0 - 0.6 * (exp(-(7.5 - 5 / 3)) - exp(-7.5))
    assert power_w(engine) == pytest.approx(share * RATED_W, rel=1e-4)
    assert power_w(engine) >= 0.86 * RATED_W
    energy_wh = engine.devices["b"].state.discharged_wh - before_wh  # type: ignore[attr-defined]
    assert energy_wh * 3600.0 == pytest.approx((7.5 - 5 / 6 - share) * RATED_W, rel=2e-3)
    assert energy_wh * 3600.0 >= 3.2 * RATED_W


@pytest.mark.parametrize(
    ("deviation_hz", "expected_w"),
    [(0.0, 0.0), (-0.05, 15_000), (-0.3, 40_000), (-0.6, 50_000), (0.3, -35_000), (0.6, -40_000)],
)
def test_products_that_are_sold_together_add_up(deviation_hz: float, expected_w: float) -> None:
    engine = site(fcr_n_w=30_000, fcr_d_up_w=20_000, fcr_d_down_w=10_000)
    apply(engine, deviation_hz)
    engine.advance(0.1)
    assert power_w(engine) == pytest.approx(expected_w, abs=1e-6)


def test_a_capacity_of_zero_sells_nothing() -> None:
    engine = site(fcr_n_w=0.0, energy_management="nem_aem")
    apply(engine, -0.5)
    engine.advance(1.0)
    assert power_w(engine) == 0.0


def test_a_base_point_moves_with_the_lag_and_without_the_dead_time() -> None:
    keys = {"fcr_n_w": 40_000.0, "deadtime_s": 0.5, "lag_s": 2.0}
    engine = site(**keys)
    apply(engine, -0.1)
    engine.advance(0.3)  # this answer is still on its way when the base point moves
    engine.submit(SelectMode("b", "FREQUENCY_REGULATION", 1.0, {**keys, "base_w": 20_000.0}))
    for tick in range(1, 100):
        engine.step()
        base_w = 20_000.0 * (1.0 - exp(-tick * 0.1 / 2.0))
        answer_w = 40_000.0 * (1.0 - exp(-max(0, tick - 2) * 0.1 / 2.0))
        assert power_w(engine) == pytest.approx(base_w + answer_w, abs=1e-6)


def test_energy_management_goes_on_when_the_base_point_moves() -> None:
    # half an hour of FCR-N is not left: its power rises for the five minutes of its mean
    keys: dict[str, Any] = {"fcr_n_w": RATED_W, "energy_management": "nem"}
    engine = site(1.0, RATED_W, 0.3, **keys)
    engine.advance(149.0)
    before_w = power_w(engine)
    assert before_w == pytest.approx(-0.34 * RATED_W / 2.0, rel=0.02)
    engine.submit(SelectMode("b", "FREQUENCY_REGULATION", 1.0, {**keys, "base_w": 1_000.0}))
    engine.step()
    assert power_w(engine) == pytest.approx(before_w + 1_000.0 - 0.34 * RATED_W / 300.0)


def test_energy_management_is_not_empty_above_full() -> None:
    with pytest.raises(CommandError, match=r"soc_low 0\.9 is not below soc_high 0\.1"):
        site(fcr_n_w=1e3, soc_low=0.9, soc_high=0.1)


def test_the_base_point_is_added_and_the_device_keeps_its_limits() -> None:
    engine = site(fcr_n_w=60_000, base_w=50_000)
    assert power_w(engine) == pytest.approx(50_000.0)
    apply(engine, 0.1)
    engine.advance(0.1)
    assert power_w(engine) == pytest.approx(-10_000.0)
    apply(engine, -0.2)
    engine.advance(0.1)
    assert power_w(engine) == pytest.approx(RATED_W)


def test_the_measurement_delays_and_rounds_what_the_reserve_answers() -> None:
    engine = site(fcr_n_w=RATED_W, measure_s=0.4, measure_delay_s=0.2, resolution_hz=0.01)
    apply(engine, -0.098)
    found = []
    for _ in range(8):
        engine.step()
        found.append(round(power_w(engine)))
    # delay of 2 steps, then means of 0.0245, 0.049, 0.0735, 0.098 Hz, to 0.01 Hz
    assert found == [0, 0, 20_000, 50_000, 70_000, 100_000, 100_000, 100_000]


def test_a_test_signal_moves_reserves_only_and_its_end_gives_the_grid_back() -> None:
    engine = site(fcr_n_w=RATED_W)
    apply(engine, -6.0, duration_s=5.0)
    engine.advance(2.0)
    assert power_w(engine) == pytest.approx(RATED_W)
    assert engine.devices["b"].state.status is Status.RUNNING
    assert engine.telemetry("grid").frequency_hz == 50.0
    engine.grid.clear()
    engine.submit(Disturb(Disturbance(Target.FREQUENCY, 0.05)))
    engine.advance(0.2)
    assert power_w(engine) == pytest.approx(-0.5 * RATED_W)


@pytest.mark.parametrize("sign", [-1, 1])
def test_nem_charges_or_discharges_with_a_third_of_fcr_n_by_the_mean_of_five_minutes(sign: int) -> None:
    # 10 kW sold; 3 kWh left is 18 min of full activation, less than 30
    managed = EnergyManagement("fcr_n", 10_000.0, alert=False, dt_s=1.0)
    energy = (3_000.0, 9_000.0) if sign < 0 else (9_000.0, 3_000.0)
    found = [managed.step(0.0, *energy) for _ in range(300)]
    assert found[149] == (pytest.approx(sign * 1_700.0), 0.0)
    assert found[299] == (pytest.approx(sign * 3_400.0), 0.0)
    # goes on until 57.5 min are there, then fades over five minutes
    still = managed.step(0.0, 9_500.0, 9_500.0)
    assert still[0] == pytest.approx(sign * 3_400.0)
    for _ in range(150):
        found = [managed.step(0.0, 9_600.0, 9_600.0)]
    assert found[0][0] == pytest.approx(sign * 1_700.0)


def test_nem_rests_outside_the_normal_band() -> None:
    managed = EnergyManagement("fcr_n", 10_000.0, alert=False, dt_s=1.0)
    assert [managed.step(-0.1, 1_000.0, 9_000.0)[0] for _ in range(300)] == [0.0] * 300
    assert managed.step(-0.0999, 1_000.0, 9_000.0)[0] < 0.0


def test_aem_moves_the_reference_to_the_mean_of_five_minutes_until_the_answer_has_faded() -> None:
    # 10 kW sold, 0.5 kWh left: 3 min, less than 5
    managed = EnergyManagement("fcr_n", 10_000.0, alert=True, dt_s=1.0)
    found = [managed.step(-0.08, 500.0, 9_500.0)[1] for _ in range(300)]
    assert found[149] == pytest.approx(-0.04)
    assert found[299] == pytest.approx(-0.08)
    # 10 minutes end it: 1,700 Wh are 10.2 min
    assert managed.step(-0.08, 1_600.0, 8_400.0)[1] == pytest.approx(-0.08)
    for _ in range(300):
        moved = managed.step(-0.08, 1_700.0, 8_300.0)[1]
    assert moved == 0.0


def test_aem_of_fcr_d_stays_within_the_band_of_its_product() -> None:
    managed = EnergyManagement("fcr_d_up", 10_000.0, alert=True, dt_s=1.0)
    assert [managed.step(-0.05, 100.0, 0.0)[1] for _ in range(300)][-1] == 0.0
    assert [managed.step(-0.9, 100.0, 0.0)[1] for _ in range(300)][-1] == pytest.approx(-0.4)
    # FCR-D up never asks for room to charge
    assert EnergyManagement("fcr_d_up", 1e4, alert=True, dt_s=1.0).step(0.0, 9_000.0, 0.0) == (0.0, 0.0)


def test_energy_management_keeps_a_reservoir_from_running_empty_in_a_long_alert() -> None:
    engine = site(1.0, 60_000.0, 0.6, fcr_n_w=RATED_W, energy_management="nem_aem")
    apply(engine, -0.09)
    least_wh = 60_000.0
    for _ in range(3_600):
        engine.step()
        least_wh = min(least_wh, engine.devices["b"].state.energy_wh)  # type: ignore[attr-defined]
    assert least_wh > 2_000.0
    unmanaged = site(1.0, 60_000.0, 0.6, fcr_n_w=RATED_W)
    apply(unmanaged, -0.09)
    unmanaged.advance(3_600.0)
    assert unmanaged.devices["b"].state.energy_wh == pytest.approx(0.0, abs=200.0)  # type: ignore[attr-defined]


def test_a_csv_may_have_two_rows_of_one_time_for_a_step_and_a_series_may_not(tmp_path: Path) -> None:
    path = tmp_path / "steps.csv"
    path.write_text("t,hz\n0,50.0\n30,50.0\n30,49.9\n60,49.9\n60,50.1\n")
    points = tuple((time, hz) for time, hz in points_of_csv(path))
    played = Disturbance.playback(Target.FREQUENCY, points, None)
    played.check()
    assert played.absolute
    seen = [played.at(t) for t in (0.0, 29.9, 30.0, 45.0, 60.0, 99.0)]
    assert seen == [50.0, 50.0, 49.9, 49.9, 50.1, 50.1]
    with pytest.raises(ConfigError, match=r"steps.csv:4: times must increase from row to row"):
        read_rows(path, None)
    path.write_text("t,hz\n0,50.0\n30,50.0\n29,49.9\n")
    with pytest.raises(ConfigError, match=r"steps.csv:4: times must increase"):
        points_of_csv(path)


def test_frequencies_of_a_file_replace_those_of_a_noisy_grid_and_deviations_are_added(tmp_path: Path) -> None:
    twin = Twin.from_dict({"assets": [{"type": "load", "name": "l"}], "grid": {"preset": "nordic"}})
    path = tmp_path / "f.csv"
    path.write_text("t,hz\n0,49.87\n10,49.87\n")
    twin.inject(f"0s play frequency {path} for 10s")
    twin.advance(1.0)
    assert twin.engine.telemetry("grid").frequency_hz == 49.87
    twin.inject("1s freq step 0.1 5s")
    twin.advance(1.0)
    assert twin.engine.telemetry("grid").frequency_hz == pytest.approx(49.97)


@pytest.mark.parametrize(
    ("disturbance", "message"),
    [
        (Disturbance(Target.FREQUENCY, 5.0, absolute=True), "frequency magnitude 5 is outside 10 to 100"),
        (Disturbance(Target.FREQUENCY, 50.0), "frequency magnitude 50 is outside -10 to 10"),
        (Disturbance(Target.VOLTAGE, 1.0, absolute=True), "absolute goes with a step or playback"),
        (
            Disturbance(Target.FREQUENCY, 50.0, shape=Shape.RAMP, ramp_s=1.0, absolute=True),
            "absolute goes with a step or playback",
        ),
    ],
)
def test_an_invalid_absolute_frequency_is_refused(disturbance: Disturbance, message: str) -> None:
    with pytest.raises(CommandError, match=message):
        disturbance.check()


def test_reserves_with_every_building_block_replay_to_the_same_bytes(tmp_path: Path) -> None:
    twin = Twin.from_file("fcr_battery", seed=5)
    path = tmp_path / "a.jsonl"
    twin.record(path)
    twin.advance(1.0)
    twin.device("battery").select_mode(
        "FREQUENCY_REGULATION",
        fcr_n_w=5e5,
        fcr_d_up_w=3e5,
        lag_s=1.0,
        deadtime_s=0.3,
        measure_s=0.4,
        resolution_hz=0.005,
        energy_management="nem_aem",
        soc_low=0.45,
    )
    twin.submit(Disturb(Disturbance(Target.APPLIED, 49.9, absolute=True)), at_s=5.0)
    twin.advance(30.0)
    twin.stop_recording()
    head, rows = recording.read(path)
    assert list(recording.replay(recording.fresh_engine(head), rows)) == []


def test_the_frequency_that_reserves_answer_is_a_signal_of_the_grid(tmp_path: Path) -> None:
    twin = Twin.from_dict({"assets": [{"type": "load", "base_kw": 1}], "step": 1})
    twin.record(tmp_path / "a.jsonl")
    twin.inject("0s freq step -0.02")
    twin.inject("2s applied ramp -0.4 over 2s for 4s")
    seen = []
    for _ in range(8):
        twin.advance(1.0)
        grid = twin.snapshot().grid
        seen.append(round(grid.applied_frequency_hz, 3))
        assert grid.frequency_hz == pytest.approx(49.98)
    assert seen == [49.98, 49.98, 50.0, 49.8, 49.6, 49.6, 49.98, 49.98]
    twin.stop_recording()
    rows = list(read_recording(tmp_path / "a.jsonl"))
    assert [round(row["grid.applied_frequency_hz"], 3) for row in rows][-8:] == seen
