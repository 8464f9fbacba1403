"""One line means one command, whoever says it."""

import contextlib
import math
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.widgets.hand_fed import site
from twin_tui.commands.completion import LineHistory, complete, completions
from twin_tui.commands.parser import parse, parse_event
from twin_tui.commands.slots import Screen, ScreenCommand
from twin_tui.commands.verbs import VERBS
from twin_tui.engine.disturbance import Disturbance, Shape, Target
from twin_tui.engine.events import (
    ClearDisturbance,
    ClearEverything,
    ClearFault,
    Disturb,
    Event,
    Fault,
    LinkFault,
    Mark,
    Pin,
    SelectMode,
    Unpin,
    Write,
)
from twin_tui.engine.view import (
    Freeze,
    JumpTo,
    ParameterView,
    Pause,
    Resume,
    SetSpeed,
    StartRecording,
    StepTicks,
    StopRecording,
)
from twin_tui.errors import CommandError, TwinError

SITE = site()
VOLTAGE, FREQUENCY = Target.VOLTAGE, Target.FREQUENCY


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("sag grid 0.7 2s", Disturbance(VOLTAGE, 0.7, 2.0)),
        ("sag 70% 500ms phases ab", Disturbance(VOLTAGE, 0.7, 0.5, phases="ab")),
        ("sag 0.7", Disturbance(VOLTAGE, 0.7)),
        ("sag 0.7 over 0.5s for 2s", Disturbance(VOLTAGE, 0.7, 2.0, Shape.RAMP, 0.5)),
        ("swell 1.15 2s", Disturbance(VOLTAGE, 1.15, 2.0)),
        ("interrupt 5s", Disturbance(VOLTAGE, 0.0, 5.0)),
        ("freq step -0.2 10s", Disturbance(FREQUENCY, -0.2, 10.0)),
        ("freq -0.2 10s", Disturbance(FREQUENCY, -0.2, 10.0)),
        ("freq ramp -0.5 over 5s for 30s", Disturbance(FREQUENCY, -0.5, 30.0, Shape.RAMP, 5.0)),
        ("freq sine 0.1 period 10s", Disturbance(FREQUENCY, 0.1, None, Shape.SINE, period_s=10.0)),
        ("cloud 0.3 2m", Disturbance(Target.IRRADIANCE, 0.3, 120.0)),
        ("load +5kW 60s", Disturbance(Target.LOAD, 5000.0, 60.0)),
        ("ambient -10 1h", Disturbance(Target.TEMPERATURE, -10.0, 3600.0)),
        ("phase 30 2s", Disturbance(Target.PHASE, 30.0, 2.0)),
        ("unbalance 2% 1m", Disturbance(Target.UNBALANCE, 0.02, 60.0)),
        ("sag 0.95 1m period 2s", Disturbance(VOLTAGE, 0.95, 60.0, Shape.SINE, period_s=2.0)),
    ],
)
def test_a_line_describes_a_disturbance(line: str, wanted: Disturbance) -> None:
    command = parse(line, SITE)
    assert isinstance(command, Disturb)
    assert command.disturbance == wanted


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("fault bess-1 over_temperature 30s", Fault("bess-1", "over_temperature", 30.0)),
        ("fault BESS_1 over-temperature", Fault("bess-1", "over_temperature")),
        ("clear all", ClearEverything()),
        ("clear", ClearEverything()),
        ("clear voltage-3", ClearDisturbance("voltage-3")),
        ("clear bess-1 over_temperature", ClearFault("bess-1", "over_temperature")),
        ("write bess-1 active_power_setpoint_w -20kW",
         Write("bess-1", {"active_power_setpoint_w": -20_000.0})),
        ("write bess-1 start_stop 'Power On' soc_lower_limit_1 25%",
         Write("bess-1", {"start_stop": 1, "soc_lower_limit_1": 0.25})),
        ("force bess-1 soc 43%", Pin("bess-1", "soc", 0.43)),
        ("release", Unpin()),
        ("release bess-1 soc", Unpin("bess-1", "soc")),
        ("freeze bess-1 soc", Freeze("bess-1", "soc")),
        ("mode bess-1 self-consumption 0.5", SelectMode("bess-1", "SELF_CONSUMPTION", 0.5)),
        ("mode bess-1 PEAK_SHAVING 1 peak_target_w=5kW",
         SelectMode("bess-1", "PEAK_SHAVING", 1.0, {"peak_target_w": 5000.0})),
        ("mode bess-1 off", SelectMode("bess-1", "")),
        ("link bess-1 silence 5s", LinkFault("bess-1", {"kind": "silence"}, duration_s=5.0)),
        ("link bess-1 delay delay_s=0.5 addresses=10..20",
         LinkFault("bess-1", {"kind": "delay", "delay_s": 0.5, "addresses": [10, 20]})),
        ("link bess-1 exception code=0x0B functions=3,4 probability=50% for 5s",
         LinkFault("bess-1", {"kind": "exception", "code": 11, "functions": [3, 4], "probability": 0.5},
                   duration_s=5.0)),
        ("link bess-1 silence functions=1..4",
         LinkFault("bess-1", {"kind": "silence", "functions": [1, 2, 3, 4]})),
        ("link bess-1 silence executes=true label=lost count=3",
         LinkFault("bess-1", {"kind": "silence", "executes": True, "count": 3}, label="lost")),
        ("link bess-1 delay delay_s=500ms jitter_s=0",
         LinkFault("bess-1", {"kind": "delay", "delay_s": 0.5, "jitter_s": 0.0})),
        ("pause", Pause()),
        ("run", Resume()),
        ("step", StepTicks(1)),
        ("step 10", StepTicks(10)),
        ("speed x60", SetSpeed(60.0)),
        ("speed max", SetSpeed(math.inf)),
        ("jump 12:00", JumpTo(43_200.0)),
        ("mark before the sag", Mark("before the sag")),
        ("record start run.jsonl", StartRecording("run.jsonl")),
        ("record stop", StopRecording()),
    ],
)  # fmt: skip
def test_a_line_is_one_command(line: str, wanted: object) -> None:
    if isinstance(wanted, Event):
        wanted = replace(wanted, origin="console")
    assert parse(line, SITE) == wanted
    assert parse(f":{line}  ", SITE) == wanted


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "empty"),
        ("sgu 0.7", "did you mean"),
        ("sag", "usage: sag"),
        ("sag abc", "expected a number"),
        ("sag 1.2 2s", "swell"),
        ("sag 0.7 -1s", "duration"),
        ("sag 0.7 0s", "not above 0"),
        ("sag 0.7 9e99", "at most a year"),
        ("sag 0.7 phases xyz", "phases are among"),
        ("sag 0.7 2s 3s", "twice"),
        ("sag 0.7 phasse ab", "did you mean phases"),
        ("freq ramp -0.5", "say over"),
        ("freq sine 0.1", "say period"),
        ("freq step -0.2 over 5s", "belongs to ramp"),
        ("freq step nan", "expected a number"),
        ("freq step 1e400", "too large"),
        ("freq step 9e99", "outside"),
        ("force bess-1 active_power_w 1e308kW", "too large"),
        ("sag 0.9 period 5e-324", "period_s from 0.001 s"),
        ("freq sine 0.1 period 0.0009s", "period_s from 0.001 s"),
        ("fault bess-2 over_temperature", "did you mean bess-1"),
        ("fault bess-1 over_temprature", "did you mean over_temperature"),
        ("fault load over_temperature", "there is no fault of load"),
        ("write bess-1 active_power_setpoint -20kW", "did you mean active_power_setpoint_w"),
        ("write bess-1 active_power_setpoint_w -20kV", "not a unit"),
        ("write bess-1 start_stop sideways", "Power On"),
        ("write bess-1 active_power_setpoint_w", "is missing"),
        ("mode load IDLE", "there is no operation mode"),
        ("mode bess-1 IDLE 1.3", "0 to 1"),
        ("link bess-1 silense", "did you mean silence"),
        ("link bess-1 delay delay_s=often", "delay_s: invalid duration: 'often'"),
        ("link bess-1 silence functions=4..1", "a list such as 3,4"),
        ("link bess-1 silence addresses=10..", "addresses: expected a number"),
        ("plug bess-1", "no car"),
        ("step 0", "whole number"),
        ("step 1.5", "whole number"),
        ("speed 0", "0.01"),
        ("speed fast", "expected a number"),
        ("jump 25:00", "time of day"),
        ("jump noon", "time of day"),
        ("pause now", "too many"),
        ("mark 'open", "quotation"),
        ("record sart x", "did you mean start"),
    ],
)
def test_a_wrong_line_is_refused_with_what_is_right(line: str, said: str) -> None:
    with pytest.raises(CommandError) as refusal:
        parse(line, SITE)
    assert said in str(refusal.value)


@given(st.text(max_size=60))
def test_any_text_is_a_command_or_a_plain_refusal(junk: str) -> None:
    for line in (junk, *(f"{verb} {junk}" for verb in VERBS)):
        try:
            parse(line, SITE)
        except TwinError:
            continue


def test_an_event_carries_who_said_it() -> None:
    event = parse_event("sag 0.7 2s", SITE, origin="scenario")
    assert isinstance(event, Disturb)
    assert event.origin == "scenario"


def test_a_scenario_cannot_steer_the_run() -> None:
    with pytest.raises(CommandError, match="no event"):
        parse_event("speed 60", SITE)


def test_completion_knows_verbs_devices_faults_and_options() -> None:
    assert completions("sa", SITE) == ["sag", "save-scenario"]
    assert completions("write ", SITE) == ["bess-1", "load"]
    assert completions("fault ", SITE) == ["bess-1"]
    assert "over_temperature" in completions("fault bess-1 ", SITE)
    assert completions("write bess-1 active", SITE) == ["active_power_setpoint_w"]
    assert completions("link bess-1 si", SITE) == ["silence"]
    wide = replace(SITE, link_options=dict.fromkeys(("functions", "addresses"), ParameterView("")))
    assert completions("link bess-1 silence func", wide) == ["functions="]
    assert completions("link bess-1 silence functions=3 a", wide) == ["addresses="]
    assert completions("freq ", SITE) == ["step", "ramp", "sine"]
    assert completions("nonsense ", SITE) == []


def test_the_verbs_of_the_screen_complete_what_only_the_screen_knows() -> None:
    screen = Screen(("overview", "log"), ("nord", "textual-dark"), ("soc",))
    assert completions("view ", SITE, screen) == ["overview", "log"]
    assert complete("theme n", SITE, screen) == "theme nord "
    assert completions("trend soc s", SITE, screen) == ["soc"]
    assert completions("view ", SITE) == []
    assert parse("view LOG", SITE, screen=screen) == ScreenCommand("view", ("log",))
    assert parse("filter soc power", SITE) == ScreenCommand("filter", ("soc", "power"))
    with pytest.raises(CommandError, match="unknown theme 'nrod'; did you mean nord"):
        parse("theme nrod", SITE, screen=screen)


@pytest.mark.parametrize("line", ["view log", "quit", "export x.tsv"])
def test_a_scenario_cannot_steer_the_screen(line: str) -> None:
    with pytest.raises(CommandError, match="steers the screen and is no event"):
        parse_event(line, SITE)


@pytest.mark.parametrize(
    ("line", "next_words"),
    [
        ("sag 0.7 ", ["for", "over", "period", "phases"]),
        ("sag grid 0.7 2s over 1s ", ["period", "phases"]),
        ("sag 0.7 phases a", ["abc", "a", "ab", "ac"]),
        ("freq ramp -0.5 o", ["over"]),
        ("write bess-1 start_stop 1 soc_lower_limit_1", ["soc_lower_limit_1"]),
        ("write bess-1 start_stop ", ["1", "2"]),
        ("mode bess-1 PEAK_SHAVING ", ["peak_target_w="]),
        ("mode b", ["bess-1"]),
        ("mode load ", []),
        ("clear ", ["all", "grid", "link", "bess-1", "load"]),
        ("clear bess-1 over", ["over_temperature"]),
        ("speed m", ["max"]),
        ("record s", ["start", "stop"]),
        ("pause n", []),
    ],
)
def test_completion_follows_the_declaration_word_by_word(line: str, next_words: list[str]) -> None:
    assert completions(line, SITE) == next_words


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("mode bess-1 off 0.5", "mode off takes no factor"),
        ("mode bess-1 IDLE 0.5 0.6", "'0.6' is too many"),
        ("sag 0.7 over", "a value after over is missing; usage: sag"),
        ("sag 0.9 over 1s period 2s", "not both"),
        ("freq", "step, ramp or sine is missing"),
        ("freq stp -0.2", "did you mean step"),
        ("write bess-1 start_stop", "a value for start_stop is missing"),
        ("view", "a view is missing; usage: view VIEW"),
        ("record", "start or stop is missing"),
    ],
)
def test_what_is_missing_or_too_much_is_named_with_the_usage(line: str, said: str) -> None:
    with pytest.raises(CommandError) as refusal:
        parse(line, SITE)
    assert said in str(refusal.value)


def test_completion_goes_as_far_as_it_is_certain() -> None:
    assert complete("fault b", SITE) == "fault bess-1 "
    assert complete("write bess-1 soc_l", SITE) == "write bess-1 soc_lower_limit_"
    assert complete("xyz", SITE) == "xyz"


@given(st.text(max_size=30))
def test_completing_never_takes_away_what_was_typed_before(line: str) -> None:
    assert complete(line, SITE).startswith(line.rpartition(" ")[0])


SAID = (
    *VERBS, "bess-1", "load", "for", "over", "period", "phases", "2s", "0.7", "abc", "soc", "a=b", "=", "x=",
    "off", "IDLE", "PEAK_SHAVING", "max", "start_stop", "1", "-5", "'", '"', "", "all", "link", "label=x",
    "silence", "FOR", "over_temperature", "é", "\x0b",
)  # fmt: skip


@given(st.sampled_from(list(VERBS)), st.lists(st.sampled_from(SAID), max_size=6))
def test_any_words_after_a_verb_are_completed_or_not_and_read_or_refused(verb: str, said: list[str]) -> None:
    line = " ".join([verb, *said])
    screen = Screen(("log",), ("nord",), ("soc",))
    assert all(isinstance(word, str) for word in completions(line, SITE, screen))
    with contextlib.suppress(TwinError):
        assert parse(line, SITE, screen=screen)


def test_a_number_next_to_nothing_is_read_as_nothing() -> None:
    nothing = "1e-99999999999999999999"
    assert parse(f"sag {nothing}", SITE) == parse("sag 0", SITE)
    assert completions(f"sag {nothing} ov", SITE) == ["over"]


def test_a_word_in_quotes_is_one_word_for_completion_too() -> None:
    assert completions("write bess-1 start_stop 'Power On' soc_lower_limit_1", SITE) == ["soc_lower_limit_1"]
    assert completions("write bess-1 start_stop 'Power O", SITE) == []
    assert completions("write bess-2 s", SITE) == [], "nothing is known of a device that does not exist"


def test_history_walks_back_and_forth_and_keeps_the_draft() -> None:
    history = LineHistory()
    history.add("sag 0.7 2s")
    history.add("pause")
    assert history.older("dra") == "pause"
    assert history.older("dra") == "sag 0.7 2s"
    assert history.older("dra") == "sag 0.7 2s"
    assert history.newer() == "pause"
    assert history.newer() == "dra"


@pytest.mark.parametrize(
    "usage", [verb.usage for verb in VERBS.values() if not re.search("[A-Z]{2}", verb.usage)]
)
def test_every_usage_without_names_is_itself_a_valid_line(usage: str) -> None:
    for form in usage.split(" | "):
        line = form.replace(" [period 1s]", "") if "[over" in form else form
        assert parse(line.replace("[", "").replace("]", "").replace("step n", "step 3"), SITE)
