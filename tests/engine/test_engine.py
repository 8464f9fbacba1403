"""The engine: clock, events, pins, faults, log."""

import ast
import math
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import twin_tui.engine
from twin_tui.engine.devices.battery import BATTERY, BatteryParams
from twin_tui.engine.devices.load import LOAD, LoadParams
from twin_tui.engine.disturbance import Disturbance, Shape, Target
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import (
    EVENT_TYPES,
    ClearDisturbance,
    ClearEverything,
    ClearFault,
    Disturb,
    Event,
    Fault,
    Instruct,
    LinkFault,
    Mark,
    Pin,
    ReportStatus,
    Revoke,
    SelectControl,
    SelectMode,
    TimeGap,
    Unpin,
    Write,
    event,
    from_dict,
    to_dict,
)
from twin_tui.engine.grid import GridParams
from twin_tui.engine.running import Run
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.engine.snapshot import LogKind
from twin_tui.errors import CommandError, ConfigError


def battery_params() -> BatteryParams:
    return BatteryParams(
        capacity_wh=10_000.0, max_charge_w=20_000.0, max_discharge_w=20_000.0, rated_va=20_000.0
    )


def an_engine(**plan: object) -> Engine:
    devices = (
        DevicePlan("battery", BATTERY, battery_params()),
        DevicePlan("load", LOAD, LoadParams(base_w=2_000.0)),
    )
    return Engine(SitePlan("test", devices, **plan))  # type: ignore[arg-type]


def run_command(watts: float) -> Write:
    return Write("battery", {"start_stop": 1, "active_power_setpoint_w": watts})


def test_time_is_a_tick_count_that_never_accumulates_error() -> None:
    engine = an_engine()
    engine.advance(100_000 * 0.1)
    assert engine.tick == 100_000
    assert engine.time_s == 100_000 * 0.1


def test_a_write_acts_in_the_next_tick_and_reads_back_at_once() -> None:
    engine = an_engine()
    engine.submit(run_command(5_000.0))
    assert engine.devices["battery"].commands.active_power_setpoint_w == 5_000.0
    assert engine.telemetry("battery").active_power_w == 0.0
    engine.step()
    assert engine.telemetry("battery").active_power_w == 5_000.0


def test_a_write_is_all_or_nothing() -> None:
    engine = an_engine()
    with pytest.raises(CommandError, match="start_stop takes 1 = Power On"):
        engine.submit(Write("battery", {"active_power_setpoint_w": 5_000.0, "start_stop": 9}))
    assert engine.devices["battery"].commands.active_power_setpoint_w == 0.0
    assert not engine.log


@pytest.mark.parametrize("wanted", [math.nan, math.inf, -math.inf, "much"])
def test_what_is_not_a_finite_number_never_reaches_the_commands(wanted: float | str) -> None:
    engine = an_engine()
    with pytest.raises(CommandError):
        engine.submit(Write("battery", {"active_power_setpoint_w": wanted}))
    assert engine.devices["battery"].commands == BATTERY.commands()


def test_a_misspelt_name_is_answered_with_the_nearest() -> None:
    engine = an_engine()
    with pytest.raises(CommandError, match="did you mean active_power_setpoint_w"):
        engine.submit(Write("battery", {"activ_power_setpoint_w": 1.0}))
    with pytest.raises(CommandError, match="did you mean battery"):
        engine.submit(Write("batery", {}))
    with pytest.raises(CommandError, match="did you mean over_temperature"):
        engine.submit(Fault("battery", "over_temprature"))


def test_a_momentary_command_acts_once() -> None:
    engine = an_engine()
    engine.submit(Fault("battery", "emergency_stop"))
    engine.submit(ClearFault("battery"))
    engine.step()
    engine.submit(Fault("battery", "emergency_stop", duration_s=0.1))
    engine.step()
    engine.step()
    assert engine.devices["battery"].state.faults, "a latched fault stays when its cause is gone"
    engine.submit(Write("battery", {"fault_reset": 1}))
    assert engine.devices["battery"].commands.fault_reset == 1
    engine.step()
    assert engine.devices["battery"].commands.fault_reset == 0
    assert not engine.devices["battery"].state.faults


def test_an_event_for_later_acts_in_the_first_tick_that_ends_after_its_time() -> None:
    engine = an_engine()
    engine.submit(run_command(1_000.0), at_s=1.0)
    engine.advance(1.0)
    assert engine.telemetry("battery").active_power_w == 0.0
    engine.step()
    assert engine.telemetry("battery").active_power_w == 1_000.0


def test_an_event_that_no_longer_makes_sense_when_its_time_comes_is_logged_not_raised() -> None:
    engine = an_engine()
    engine.submit(Pin("battery", "soc", 0.9))
    engine.submit(Unpin("battery", "soc"), at_s=0.5)
    engine.submit(Unpin("battery", "soc"))
    engine.advance(1.0)
    assert any("event refused" in entry.text for entry in engine.log)


def test_the_bus_sums_to_zero_each_tick() -> None:
    engine = an_engine()
    engine.submit(run_command(7_000.0))
    for _ in range(50):
        engine.step()
        total = engine.surroundings.grid_w + sum(d.state.active_power_w for d in engine.devices.values())
        assert abs(total) < 1e-6
    assert engine.surroundings.grid_w == pytest.approx(2_000.0 - 7_000.0)


def test_a_forced_value_is_seen_by_everyone_until_it_is_released() -> None:
    engine = an_engine()
    engine.submit(Pin("battery", "soc", 0.99))
    assert engine.telemetry("battery").soc == 0.99
    engine.step()
    assert engine.telemetry("battery").soc == 0.99
    assert engine.snapshot().device("battery").pinned == ("soc",)
    engine.submit(Unpin())
    assert engine.telemetry("battery").soc == 0.5


def test_a_forced_command_withstands_writes() -> None:
    engine = an_engine()
    engine.submit(run_command(0.0))
    engine.submit(Pin("battery", "active_power_setpoint_w", 3_000.0))
    engine.submit(Write("battery", {"active_power_setpoint_w": -1_000.0}))
    engine.step()
    assert engine.telemetry("battery").active_power_w == 3_000.0


def test_a_sag_reaches_the_surroundings_and_ends_by_itself() -> None:
    engine = an_engine()
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, 0.7, duration_s=2.0)))
    seen = []
    for _ in range(25):
        engine.step()
        seen.append(engine.surroundings.va_pu)
    assert seen == [0.7] * 20 + [1.0] * 5
    assert "has ended" in engine.log[-1].text


def test_disturbances_add_up_and_clear_together() -> None:
    engine = an_engine()
    engine.submit(Disturb(Disturbance(Target.FREQUENCY, -0.2)))
    engine.submit(Disturb(Disturbance(Target.FREQUENCY, -0.5, shape=Shape.RAMP, ramp_s=1.0)))
    engine.advance(2.0)
    assert engine.surroundings.frequency_hz == pytest.approx(49.3)
    assert len(engine.snapshot().disturbances) == 2
    engine.submit(ClearDisturbance())
    engine.step()
    assert engine.surroundings.frequency_hz == 50.0


def test_one_phase_at_0_4_pu_shows_in_the_extremes_of_phase_and_line_voltages() -> None:
    engine = an_engine()
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, 0.4, phases="a")))
    engine.step()
    surroundings = engine.surroundings
    assert (surroundings.va_pu, surroundings.vb_pu, surroundings.vc_pu) == (0.4, 1.0, 1.0)
    assert surroundings.v_min_pu == 0.4
    assert surroundings.v_max_pu == 1.0


def test_same_seed_and_events_give_the_same_states_whoever_looks() -> None:
    noisy = GridParams(frequency_std_hz=0.02, voltage_std_pu=0.003)
    watched, alone = an_engine(grid=noisy, seed=7), an_engine(grid=noisy, seed=7)
    for engine in (watched, alone):
        engine.submit(run_command(-9_000.0))
    for _ in range(300):
        watched.step()
        watched.snapshot()
        alone.step()
    assert repr(watched.devices["battery"].state) == repr(alone.devices["battery"].state)
    assert watched.surroundings == alone.surroundings
    assert an_engine(grid=noisy, seed=8).surroundings != alone.surroundings


def test_watchers_look_at_regular_simulated_times() -> None:
    engine = an_engine()
    seen: list[int] = []
    watcher = engine.watch(0.5, lambda: seen.append(engine.tick))
    engine.advance(2.0)
    engine.unwatch(watcher)
    engine.advance(1.0)
    assert seen == [5, 10, 15, 20]


def test_a_write_that_says_the_same_again_is_counted_not_logged_anew() -> None:
    engine = an_engine()
    for _ in range(5):
        engine.submit(run_command(1_000.0))
        engine.step()
    engine.submit(run_command(2_000.0))
    writes = [entry for entry in engine.log if entry.kind is LogKind.WRITE]
    assert [entry.repeats for entry in writes] == [1, 4, 1]
    assert len({entry.number for entry in engine.log}) == len(engine.log)


def test_a_setpoint_that_moves_nothing_is_remarked_on_once() -> None:
    engine = an_engine()
    for _ in range(3):
        engine.submit(Write("battery", {"active_power_setpoint_w": 5_000.0}))
    engine.submit(run_command(90_000.0))
    remarks = [entry.text for entry in engine.log if entry.kind is LogKind.ALARM]
    assert remarks == [
        "setpoint 5 kW has no effect while stopped; write start_stop = 1",
        "setpoint 90 kW is limited to 20 kW",
    ]


def test_remarks_on_setpoints_do_not_fill_the_log_whatever_is_written_between_them() -> None:
    engine = an_engine()
    for number in range(500):
        engine.submit(run_command(90_000.0 + number))
        engine.submit(run_command(1_000.0))
        engine.submit(Write("battery", {"start_stop": 2}))
        engine.submit(Write("battery", {"active_power_setpoint_w": 5_000.0 + number}))
        if number % 100 == 0:
            engine.step()
    assert [entry.kind for entry in engine.log].count(LogKind.ALARM) == 2
    engine.advance(60.0)
    engine.submit(run_command(90_000.0))
    assert [entry.kind for entry in engine.log].count(LogKind.ALARM) == 3, "again after a minute without"


@pytest.mark.parametrize(("again_s", "ends"), [(5.0, 151), (10.0, 201), (None, None)])
def test_a_fault_that_begins_anew_lasts_its_own_time(again_s: float | None, ends: int | None) -> None:
    engine = an_engine()
    engine.submit(Fault("battery", "over_temperature", 10.0))
    if again_s is None:
        engine.submit(Fault("battery", "over_temperature"), at_s=5.0)
    else:
        engine.submit(Fault("battery", "over_temperature", 10.0), at_s=again_s)
    causes = []
    for _ in range(300):
        engine.step()
        causes.append(bool(engine.device("battery").state.causes))
    assert causes[:100] == [True] * 100
    assert all(causes) if ends is None else causes == [True] * (ends - 1) + [False] * (301 - ends)


def test_a_fault_that_was_cleared_and_begun_anew_is_not_ended_by_the_first_one() -> None:
    engine = an_engine()
    engine.submit(Fault("battery", "over_temperature", 10.0))
    engine.advance(3.0)
    engine.submit(ClearFault("battery", "over_temperature"))
    engine.submit(Fault("battery", "over_temperature"))
    engine.advance(20.0)
    assert engine.device("battery").state.causes


def test_two_devices_of_one_name_are_refused() -> None:
    twice = DevicePlan("battery", BATTERY, battery_params())
    with pytest.raises(ConfigError, match="two devices are named 'battery'"):
        Engine(SitePlan("test", (twice, twice)))


EVENTS: list[Event] = [
    run_command(1.0),
    Pin("battery", "soc", 0.5),
    Unpin("battery", "soc"),
    Disturb(Disturbance(Target.VOLTAGE, 0.7, 2.0, phases="ab", label="x")),
    Disturb(Disturbance(Target.FREQUENCY, 0.0, shape=Shape.PLAYBACK, points=((0.0, 0.0), (1.0, -0.2)))),
    ClearDisturbance("x"),
    Fault("battery", "over_temperature", 3.0),
    ClearFault("battery"),
    LinkFault("battery", {"kind": "silence"}, "l", 1.0),
    SelectMode("battery", "IDLE", 0.5, {"reserve": 0.2}),
    ReportStatus("battery", {"soc": 0.5}),
    SelectControl("battery", "FRBC"),
    Instruct("battery", {"id": "i-1", "mode": "charge", "factor": 0.5}),
    Revoke("battery", "i-1"),
    ClearEverything(),
    Mark("before the sag"),
    TimeGap(12.5, 125.0),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_survives_being_written_down(event: Event) -> None:
    assert from_dict(to_dict(event)) == event


def test_every_event_type_is_among_the_written_down_ones() -> None:
    assert {type(event).__name__ for event in EVENTS} | {"ClearLinkFault"} == set(EVENT_TYPES)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"event": "Wriet"}, "did you mean Write"),
        ({"event": "Mark", "nte": "x"}, "did you mean note"),
        ({"event": "Mark"}, "Mark"),
        ({"event": "Disturb", "disturbance": {"target": "voltag", "magnitude": 1}}, "did you mean voltage"),
        ({"event": "Disturb", "disturbance": {"target": "voltage", "magnitude": 5}}, "outside 0 to 2"),
        ({"event": "Disturb", "disturbance": {"target": "voltage"}}, "magnitude"),
    ],
)
def test_an_event_that_is_none_is_refused_with_a_plain_message(data: dict[str, object], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        from_dict(data)


def test_the_engine_loads_neither_screen_nor_wire() -> None:
    code = (
        "import sys, twin_tui.engine.engine, twin_tui.engine.devices;"
        "bad = {'textual', 'rich', 'pymodbus', 'asyncio', 'pydantic', 'yaml'} & set(sys.modules);"
        "sys.exit(f'loaded: {bad}' if bad else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("dt_s", "span_s", "calls", "ticks"),
    [(0.1, 0.05, 100, 50), (0.1, 0.15, 100, 150), (0.1, 0.1, 7, 7), (0.25, 0.1, 10, 4), (1 / 3, 1 / 3, 9, 9)],
)
def test_short_advances_add_up_to_the_time_asked_for(
    dt_s: float, span_s: float, calls: int, ticks: int
) -> None:
    engine = an_engine(dt_s=dt_s)
    for call in range(1, calls + 1):
        engine.advance(span_s)
        assert abs(engine.time_s - call * span_s) <= dt_s / 2 + 1e-9
    assert engine.tick == ticks


def test_time_that_advance_rounds_up_is_not_run_twice() -> None:
    engine = an_engine()
    engine.advance(0.06)
    assert engine.tick == 1
    engine.advance(0.04)
    assert engine.tick == 1


@pytest.mark.parametrize("seconds", [math.nan, math.inf, -math.inf, -0.05])
def test_an_impossible_advance_is_refused_and_leaves_no_remainder(seconds: float) -> None:
    engine = an_engine()
    engine.advance(0.04)
    with pytest.raises(CommandError, match="cannot advance by"):
        engine.advance(seconds)
    engine.advance(0.04)
    assert engine.tick == 1


def test_an_event_type_is_registered_by_its_class_alone() -> None:
    @event
    class Knock(Event):
        """Knock on a device."""

        device: str
        times: float = 1.0
        origin: str = "console"

        def check(self, run: Run) -> None:
            run.device(self.device)

        def carry_out(self, run: Run, tick: int) -> None:
            run.note(LogKind.MARK, self.device, f"knocked {self.times:g} times", self.origin, tick)

    try:
        engine = an_engine()
        heard: list[Event] = []
        engine.listeners.append(lambda tick, what: heard.append(what))
        knock = from_dict({"event": "Knock", "device": "load", "times": 3, "origin": "door"})
        engine.submit(knock)
        assert heard == [knock]
        assert to_dict(knock) == {"event": "Knock", "device": "load", "times": 3, "origin": "door"}
        assert [(e.device, e.text, e.origin) for e in engine.log] == [("load", "knocked 3 times", "door")]
        with pytest.raises(CommandError, match="did you mean load"):
            engine.submit(from_dict({"event": "Knock", "device": "laod"}))
        with pytest.raises(CommandError, match="Knock: times takes a number, not 'x'"):
            from_dict({"event": "Knock", "device": "load", "times": "x"})
    finally:
        del EVENT_TYPES["Knock"]


def test_what_the_engine_files_for_itself_is_not_recorded() -> None:
    engine = an_engine()
    heard: list[str] = []
    engine.listeners.append(lambda tick, what: heard.append(type(what).__name__))
    engine.submit(Fault("load", "breaker_tripped", 0.5))
    engine.advance(2.0)
    assert heard == ["Fault"]
    assert any(entry.origin == "end of duration" for entry in engine.log)


def test_a_fault_without_a_name_is_refused() -> None:
    with pytest.raises(CommandError, match="has no fault ''"):
        an_engine().submit(Fault("load", ""))


def test_grid_and_weather_have_signals_like_a_device() -> None:
    engine = an_engine()
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, 0.7, phases="b")))
    engine.step()
    assert engine.signals("grid")["frequency_hz"].unit == "Hz"
    assert engine.shown("grid")["voltage_b_pu"] == pytest.approx(0.7)
    # a mixed load takes 0.928 at 0.7 pu: 1.5 · 0.49 - 2.31 · 0.7 + 1.81
    assert engine.shown("grid")["active_power_w"] == pytest.approx(2_000.0 * (2 + 0.928) / 3)
    assert set(engine.shown("weather")) == {"ghi_w_m2", "clear_sky_w_m2", "ambient_c", "wind_m_s"}


def test_a_device_named_grid_comes_before_the_grid_itself() -> None:
    engine = Engine(SitePlan("test", (DevicePlan("grid", LOAD, LoadParams(base_w=2_000.0)),)))
    engine.step()
    assert engine.telemetry("grid").active_power_w == -2_000.0
    assert "consumed_energy_wh" in engine.signals("grid")


ENGINE = Path(twin_tui.engine.__file__).parent
_SUM_OF_WHOLE_NUMBERS = {"formats.py", "device.py", "battery_model.py", "pv_model.py", "profile.py"}
"""Files whose builtin sums are of whole numbers: bits of faults, ticks."""


def test_no_physics_depends_on_how_a_version_of_python_sums_floats() -> None:
    calls = {
        path.name
        for path in ENGINE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Name) and node.id == "sum"
    }
    assert calls <= _SUM_OF_WHOLE_NUMBERS


def _imports(path: Path) -> Iterator[Path]:
    """Yield the engine files that a file imports anywhere, for annotations included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("twin_tui.engine"):
            assert node.module is not None
            place = ENGINE.joinpath(*node.module.split(".")[2:])
            for name in node.names:
                candidates = (place / f"{name.name}.py", place.with_suffix(".py"), place / "__init__.py")
                yield next(found for found in candidates if found.is_file())


def test_no_engine_files_import_each_other_in_a_circle() -> None:
    graph = {path: set(_imports(path)) for path in ENGINE.rglob("*.py")}
    assert sum(map(len, graph.values())) > 100
    order = list(TopologicalSorter(graph).static_order())  # raises CycleError, naming the circle
    assert set(order) >= set(graph)


def test_a_remark_comes_again_only_after_a_minute_without_its_cause() -> None:
    engine = an_engine()
    # 0 s remarked; 50 and 100 s too soon after the last; 160 s a minute later
    for passed_s, remarks in ((50.0, 1), (50.0, 1), (60.0, 1), (0.0, 2), (59.9, 2), (60.0, 2), (0.0, 3)):
        engine.submit(run_command(90_000.0))
        assert [entry.kind for entry in engine.log].count(LogKind.ALARM) == remarks, engine.time_s
        engine.advance(passed_s)


@pytest.mark.parametrize(
    ("watts", "remark"),
    [
        (3_500.0, ""),
        (-3_500.0, "setpoint -3.5 kW is limited to -3 kW"),
        (-3_000.0, ""),
        (4_500.0, "setpoint 4.5 kW is limited to 4 kW"),
        (0.0, ""),
    ],
)
def test_a_remark_names_the_limit_of_its_direction(watts: float, remark: str) -> None:
    params = BatteryParams(10_000.0, max_charge_w=3_000.0, max_discharge_w=4_000.0, rated_va=5_000.0)
    engine = Engine(SitePlan("test", (DevicePlan("battery", BATTERY, params),)))
    engine.submit(run_command(watts))
    assert [entry.text for entry in engine.log if entry.kind is LogKind.ALARM] == ([remark] if remark else [])
