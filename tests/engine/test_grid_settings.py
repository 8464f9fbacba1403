"""Settings of a grid code as signals: read, written, checked, in force from the next step, replayed."""

from dataclasses import fields, replace
from math import inf
from pathlib import Path
from typing import Any

import pytest

from twin_tui import CommandError, Disturb, Disturbance, Target, Twin
from twin_tui.config.grid_codes import CURVES, grid_code_names, load_grid_code
from twin_tui.engine.device import Status
from twin_tui.engine.grid_code import GridCode, Quantity, TripStage, neutral_range
from twin_tui.engine.grid_code_settings import code_with, settings_of
from twin_tui.engine.grid_settings import NO_SETTINGS, GridSettings
from twin_tui.run import recording

ASSETS: list[dict[str, Any]] = [
    {"type": "battery", "name": "b", "capacity_kwh": 100, "max_charge_kw": 50, "max_discharge_kw": 50},
    {"type": "pv", "name": "p", "rated_kw": 50},
    {"type": "chp", "name": "c", "rated_kw": 50},
    {"type": "battery", "name": "free", "capacity_kwh": 1, "max_charge_kw": 1, "grid_code": "none"},
]
NAMES = [item.name for item in fields(GridSettings)]


def site(**keys: Any) -> Twin:
    return Twin.from_dict({"assets": ASSETS, "step": 0.1, **keys})


def running(twin: Twin) -> Any:
    battery = twin.device("b")
    battery.write(start_stop=1, active_power_setpoint_w=10_000.0)
    twin.advance(0.1)
    assert battery.status is Status.RUNNING
    return battery


@pytest.mark.parametrize("name", grid_code_names())
def test_the_settings_that_a_code_begins_with_give_the_code_itself(name: str) -> None:
    code = load_grid_code(name)
    assert code_with(code, settings_of(code)) is code


@pytest.mark.parametrize("name", grid_code_names())
def test_every_setting_reads_back_what_was_set_and_changes_nothing_else(name: str) -> None:
    code = load_grid_code(name)
    before = settings_of(code)
    off = {n for n in NAMES if n.startswith("trip_") and getattr(before, n) == getattr(NO_SETTINGS, n)}
    for signal in NAMES:
        if signal.endswith(("1_s", "2_s", "min_s", "rocof_s")) and off & {
            signal.removesuffix("_s") + unit for unit in ("_pu", "_hz", "_hz_per_s")
        }:
            continue  # a stage that is off has no time
        curve = next((kind for kind in CURVES if signal.startswith(kind)), "")
        if curve and not (getattr(code, curve) or getattr(code, f"spare_{curve}")):
            continue  # the corners of a curve that the code does not have are all at 1 pu
        was = getattr(before, signal)
        wish = (not was) if isinstance(was, bool) else was * 0.999 + 0.0005
        if signal == "volt_var_v3_pu":
            wish = was + 0.0005  # corner 2 may be at the same voltage
        after = settings_of(code_with(code, replace(before, **{signal: wish})))
        assert getattr(after, signal) == wish
        assert [n for n in NAMES if n != signal and getattr(after, n) != getattr(before, n)] == []


@pytest.mark.parametrize("device", ["b", "p", "c"])
def test_every_device_with_a_grid_code_shows_its_settings(device: str) -> None:
    twin = site()
    commands = twin.device(device).commands
    code = load_grid_code("en50549-1")
    assert (commands.trip_uv1_pu, commands.trip_uv1_s) == (0.85, 1.5)
    assert commands.trip_ov10min_pu == 1.1
    assert commands.enter_delay_s == code.enter_service.delay_s == 60.0
    assert not commands.volt_var_enabled
    assert commands.volt_var_q1_pu == 0.436


def test_a_trip_setting_acts_in_the_step_after_it_was_written() -> None:
    twin = site()
    battery = running(twin)
    battery.write(trip_uv1_pu=1.01, trip_uv1_s=0.0)
    assert battery.commands.trip_uv1_pu == 1.01
    twin.advance(0.1)
    assert battery.status is Status.TRIPPED
    assert "U<: voltage below 1.01 pu" in twin.engine.snapshot().device("b").explanation


def test_a_stage_that_the_code_does_not_have_can_be_set_and_switched_off_again() -> None:
    twin = site()
    battery = running(twin)
    assert battery.commands.trip_of2_hz == 100.0
    battery.write(trip_of2_hz=49.9, trip_of2_s=0.3)
    twin.advance(0.3)
    assert battery.status is Status.RUNNING
    battery.write(trip_of2_hz=100.0)
    twin.advance(1.0)
    assert battery.status is Status.RUNNING
    battery.write(trip_of2_hz=49.9, trip_of2_s=0.3)
    twin.advance(0.4)
    assert battery.status is Status.TRIPPED


def test_a_stage_that_is_timing_goes_on_with_its_time_when_another_setting_changes() -> None:
    twin = site()
    battery = running(twin)
    battery.write(trip_uv1_pu=1.01, trip_uv1_s=1.0)
    twin.advance(0.6)
    battery.write(trip_of2_hz=60.0)
    twin.advance(0.4)
    assert battery.status is Status.RUNNING
    twin.advance(0.1)
    assert battery.status is Status.TRIPPED


def test_the_droop_that_is_written_is_the_droop_that_answers() -> None:
    twin = site()
    battery = running(twin)
    battery.write(droop_over_deadband_hz=0.1, droop_over=0.02, droop_response_s=0.0, droop_of_power=False)
    twin.submit(Disturb(Disturbance(Target.FREQUENCY, 0.35)))
    twin.advance(0.5)
    # 10 kW less (0.35 - 0.1) Hz / (50 Hz x 2 %) of the 55 kVA rating
    assert battery.telemetry.active_power_w == pytest.approx(10_000.0 - 0.25 * 55_000.0)


def test_volt_var_can_be_switched_on_and_its_curve_set_at_run_time() -> None:
    twin = site()
    battery = running(twin)
    battery.write(
        volt_var_enabled=True,
        volt_var_v1_pu=0.90,
        volt_var_q1_pu=0.4,
        volt_var_v2_pu=0.96,
        volt_var_response_s=0.0,
    )
    twin.submit(Disturb(Disturbance(Target.VOLTAGE, 0.93)))
    twin.advance(0.5)
    assert battery.telemetry.reactive_power_var == pytest.approx(0.2 * 55_000.0)
    battery.write(volt_var_enabled=False)
    twin.advance(0.1)
    assert battery.telemetry.reactive_power_var == 0.0
    assert battery.commands.volt_var_q1_pu == 0.4


def test_a_shorter_delay_of_enter_service_also_shortens_the_wait_that_runs() -> None:
    twin = site()
    battery = running(twin)
    twin.submit(Disturb(Disturbance(Target.VOLTAGE, 0.0, 5.0)))
    twin.advance(20.0)
    assert battery.status is Status.WAITING
    battery.write(enter_delay_s=1.0, enter_ramp_s=0.0)
    twin.advance(1.2)
    assert battery.telemetry.active_power_w == 10_000.0


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"trip_uv1_pu": 2.5}, r"b.trip_uv1_pu takes 0 … 2 pu, not 2.5"),
        ({"trip_uv1_s": -1}, r"b.trip_uv1_s takes 0 … 86400 s, not -1"),
        ({"droop_over": 0}, r"b.droop_over takes 0.001 … 1, not 0"),
        ({"trip_uv1": 1}, r"b has no command 'trip_uv1'; did you mean trip_uv1_"),
        ({"enter_v_low_pu": 1.2}, r"b.enter_v_low_pu takes 0 … 1 pu, not 1.2"),
        ({"enter_v_low_pu": 1, "enter_v_high_pu": 1}, r"b: enter_v_low_pu 1 is not below enter_v_high_pu 1"),
        ({"cease_low_pu": 1.0, "cease_high_pu": 0.9}, r"b: cease_low_pu 1 is not below cease_high_pu 0.9"),
        ({"enter_f_low_hz": 50.2}, r"b: enter_f_low_hz 50.2 is not below enter_f_high_hz 50.2"),
        ({"volt_var_v2_pu": 0.9}, r"b: volt_var_v2_pu 0.9 is below volt_var_v1_pu 0.92"),
    ],
)
def test_an_invalid_setting_is_refused_in_one_message_and_changes_nothing(
    values: dict[str, Any], message: str
) -> None:
    twin = site()
    battery = running(twin)
    before = battery.commands
    with pytest.raises(CommandError, match=message):
        battery.write(active_power_setpoint_w=1.0, **values)
    assert battery.commands == before


def test_limits_that_only_fit_together_can_be_written_together() -> None:
    battery = site().device("b")
    battery.write(enter_f_low_hz=50.3, enter_f_high_hz=50.5)
    assert (battery.commands.enter_f_low_hz, battery.commands.enter_f_high_hz) == (50.3, 50.5)


def test_a_device_without_a_grid_code_has_no_settings_to_write() -> None:
    with pytest.raises(CommandError, match="free has no grid code, so it has no settings of one"):
        site().device("free").write(trip_uv1_pu=0.8)


def test_a_forced_setting_holds_against_writes_until_it_is_released() -> None:
    twin = site()
    battery = running(twin)
    battery.force("trip_uv1_pu", 0.5)
    battery.write(trip_uv1_pu=1.01, trip_uv1_s=0.0)
    twin.advance(0.5)
    assert battery.commands.trip_uv1_pu == 0.5
    assert battery.status is Status.RUNNING
    battery.release("trip_uv1_pu")
    battery.write(trip_uv1_pu=1.01)
    twin.advance(0.1)
    assert battery.status is Status.TRIPPED


def test_the_commands_of_a_site_file_can_give_settings() -> None:
    assets = [{**ASSETS[0], "commands": {"start_stop": 1, "trip_uv1_pu": 1.01, "trip_uv1_s": 0.2}}]
    twin = Twin.from_dict({"assets": assets, "step": 0.1})
    assert twin.device("b").commands.trip_uv1_pu == 1.01
    assert twin.device("b").commands.trip_uv2_pu == 0.4
    twin.advance(0.5)
    assert twin.device("b").status is Status.WAITING


def test_commands_of_a_python_caller_refuse_assignment_of_settings() -> None:
    commands = site().device("b").commands
    with pytest.raises(AttributeError, match="read-only"):
        commands.settings.trip_uv1_pu = 0.1


def test_a_run_with_changed_settings_replays_to_the_same_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    twin = site(grid={"preset": "continental_europe"}, seed=3)
    twin.record(path)
    battery = running(twin)
    twin.advance(1.0)
    battery.write(trip_of1_hz=49.95, trip_of1_s=0.3, droop_over=0.02)
    twin.advance(20.0)
    assert battery.status is not Status.RUNNING
    twin.stop_recording()
    head, rows = recording.read(path)
    assert list(recording.replay(recording.fresh_engine(head), rows)) == []


def test_the_neutral_range_of_a_curve_is_where_it_asks_for_nothing() -> None:
    assert neutral_range(((0.92, 0.44), (0.98, 0.0), (1.02, 0.0), (1.08, -0.44)), 0.0) == (0.98, 1.02)
    assert neutral_range(((1.06, 1.0), (1.1, 0.0)), 1.0) == (-inf, 1.06)
    assert neutral_range(((0.9, 0.3), (1.1, -0.3)), 0.0) == (1.0, 1.0)
    assert neutral_range(((1.05, 0.0), (1.05, -0.1)), 0.0) == (-inf, 1.05)


def test_more_stages_than_settings_stay_as_the_code_has_them() -> None:
    base = load_grid_code("g99")
    third = TripStage("U> 3", Quantity.VOLTAGE, True, 1.3, 0.1)
    code: GridCode = replace(base, stages=(*base.stages, third))
    changed = code_with(code, replace(settings_of(code), trip_ov1_pu=1.12))
    assert third in changed.stages
    assert [s.limit for s in changed.stages if s.name == "U> 1"] == [1.12]


def test_a_write_that_contradicts_a_forced_setting_is_refused() -> None:
    battery = site().device("b")
    battery.force("enter_f_low_hz", 50.1)
    with pytest.raises(CommandError, match=r"enter_f_low_hz 50\.1 is not below enter_f_high_hz 50"):
        battery.write(enter_f_low_hz=49.0, enter_f_high_hz=50.0)
    with pytest.raises(CommandError, match=r"enter_f_low_hz 50\.1 is not below enter_f_high_hz 50"):
        battery.force("enter_f_high_hz", 50.0)
    battery.write(enter_f_low_hz=49.0, enter_f_high_hz=50.15)
    assert (battery.commands.enter_f_low_hz, battery.commands.enter_f_high_hz) == (50.1, 50.15)


def test_a_stage_that_is_switched_off_is_no_longer_the_reason_of_its_trip() -> None:
    twin = site()
    battery = running(twin)
    battery.write(trip_of2_hz=49.9)
    twin.advance(0.1)
    assert battery.faults == ("grid_frequency",)
    battery.write(trip_of2_hz=100.0)
    twin.advance(0.2)
    assert battery.status is Status.WAITING
    assert battery.faults == ()
    assert "waits for the delay of enter service" in twin.engine.snapshot().device("b").explanation
