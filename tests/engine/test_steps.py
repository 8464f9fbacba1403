"""Times that are whole steps are taken exactly; all others are refused, with what could be asked instead."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from twin_tui import (
    CommandError,
    ConfigError,
    Disturb,
    Disturbance,
    LinkFault,
    Mark,
    Shape,
    Target,
    Twin,
    TwinError,
)
from twin_tui.engine.steps import whole_steps
from twin_tui.run import recording
from twin_tui.run.scenario import Scenario, ScenarioStep
from twin_tui.session.local import LocalSession

SITE: dict[str, Any] = {
    "name": "small",
    "assets": [
        {"type": "battery", "name": "bess", "capacity_kwh": 10, "port": 0},
        {"type": "load", "name": "house", "base_kw": 1.2},
    ],
}
REFUSED = (
    r"duration 0\.15 s is not a multiple of the step 0\.1 s; nearest: 0\.1 s, 0\.2 s; or set step: 0\.05"
)


@pytest.mark.parametrize(
    ("seconds", "steps"),
    [
        (0.3, 3),
        (0.7, 7),
        (0.1 + 0.2, 3),
        (700 * 0.001, 7),
        (1e6 + 0.1, 10_000_001),
        (31_536_000.1, 315_360_001),
    ],
)
def test_the_noise_of_binary_fractions_is_no_part_of_a_time(seconds: float, steps: int) -> None:
    assert whole_steps(seconds, 0.1, "time") == steps


def test_a_step_of_a_sixtieth_divides_a_day() -> None:
    assert whole_steps(86_400.0, 1 / 60, "time") == 5_184_000


@pytest.mark.parametrize(
    ("seconds", "dt_s", "message"),
    [
        (0.15, 0.1, "0.15 s is not a multiple of the step 0.1 s; nearest: 0.1 s, 0.2 s; or set step: 0.05"),
        (1.51, 0.1, "1.51 s is not a multiple of the step 0.1 s; nearest: 1.5 s, 1.6 s; or set step: 0.01"),
        (0.16, 0.1, "0.16 s is not a multiple of the step 0.1 s; nearest: 0.1 s, 0.2 s; or set step: 0.02"),
        (0.05, 0.1, "0.05 s is not a multiple of the step 0.1 s; nearest: 0.1 s; or set step: 0.05"),
        (90.0, 60.0, "90 s is not a multiple of the step 60 s; nearest: 60 s, 120 s; or set step: 30"),
        (0.1003, 0.1, "0.1003 s is not a multiple of the step 0.1 s; nearest: 0.1 s, 0.2 s"),
        (1e6 + 0.5, 1, "1000000.5 s is not a multiple of the step 1 s; nearest: 1000000 s, 1000001 s; "
                       "or set step: 0.5"),
        (1e300, 0.1, "1e+300 s is too long for the step 0.1 s"),
    ],
)  # fmt: skip
def test_what_lies_between_two_steps_is_refused_with_its_neighbours(
    seconds: float, dt_s: float, message: str
) -> None:
    with pytest.raises(CommandError) as refused:
        whole_steps(seconds, dt_s, "time")
    assert str(refused.value) == f"time {message}"


@pytest.mark.parametrize("dt_s", [0.02, 0.04, 0.08])
def test_the_step_for_a_stage_of_160_ms_lasts_exactly_that_long(dt_s: float) -> None:
    twin = Twin.from_dict({**SITE, "step": dt_s})
    twin.inject("0s sag 0.4 160ms")
    sagged = 0
    for _ in range(20):
        twin.step_once()
        sagged += min(twin.snapshot().grid.voltages_pu) < 0.5
    assert sagged * dt_s == pytest.approx(0.16)


def test_a_proposed_step_takes_what_was_refused() -> None:
    twin = Twin.from_dict(SITE)
    with pytest.raises(CommandError, match=r"set step: 0\.05"):
        twin.inject("0s sag 0.4 150ms")
    Twin.from_dict({**SITE, "step": 0.05}).inject("0s sag 0.4 150ms")


@pytest.mark.parametrize(
    "ask",
    [
        lambda twin: twin.inject("1s sag grid 0.5 150ms"),
        lambda twin: twin.inject("1s fault bess emergency_stop 150ms"),
        lambda twin: twin.inject("1s link bess silence 150ms"),
        lambda twin: twin.inject("now sag grid 0.5 150ms"),
        lambda twin: twin["bess"].fault("emergency_stop", duration_s=0.15),
        lambda twin: twin["bess"].link_fault("silence", duration_s=0.15),
        lambda twin: twin.submit(Disturb(Disturbance(Target.LOAD, 1e3, 0.15)), at_s=2.0),
        lambda twin: twin.submit(LinkFault("bess", {"kind": "silence"}, duration_s=0.15)),
        lambda twin: twin.play(Scenario("any", (ScenarioStep(1.0, "do", "sag 0.5 150ms"),), 2.0)),
    ],
)
def test_a_duration_between_two_steps_is_refused_from_wherever_it_comes(
    ask: Callable[[Twin], object],
) -> None:
    twin = Twin.from_dict(SITE)
    with pytest.raises(TwinError, match=REFUSED):
        ask(twin)
    twin.advance(3.0)
    assert not twin.snapshot().log


async def test_the_console_refuses_a_duration_between_two_steps() -> None:
    with pytest.raises(CommandError, match=REFUSED):
        await LocalSession(Twin.from_dict(SITE)).send(Disturb(Disturbance(Target.VOLTAGE, 0.5, 0.15)))


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"at": 1, "do": "sag 0.5 150ms"}, rf"events\[0\]: {REFUSED}"),
        (
            {"at": 1, "event": "Fault", "device": "bess", "fault": "emergency_stop", "duration_s": 0.15},
            REFUSED,
        ),
        ({"at": "150ms", "do": "mark here"}, r"events\[0\]: time 0\.15 s is not a multiple"),
    ],
)
def test_a_site_with_an_event_between_two_steps_is_refused(event: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Twin.from_dict({**SITE, "events": [event]})


@pytest.mark.parametrize(
    "step",
    [
        ScenarioStep(1.05, "do", "mark here"),
        ScenarioStep(1.05, "expect", "bess.soc > 1%"),
        ScenarioStep(1.0, "expect", "bess.soc > 1%", until_s=1.05),
        ScenarioStep(1.0, "always", "bess.soc > 1%", until_s=1.05),
    ],
)
def test_a_scenario_with_a_time_between_two_steps_is_refused(step: ScenarioStep) -> None:
    with pytest.raises(ConfigError, match=r"time 1\.05 s is not a multiple of the step 0\.1 s"):
        Twin.from_dict(SITE).play(Scenario("any", (step,), 2.0))


def test_what_is_sampled_needs_no_whole_steps(tmp_path: Path) -> None:
    (tmp_path / "dip.csv").write_text("time_s,hz\n0,0\n0.33,-0.4\n0.77,0\n")
    twin = Twin.from_dict(SITE)
    twin.inject("1s sag 0.5 2s over 0.15s")
    twin.inject("1s sag 0.9 2s period 0.33s")
    twin.inject(f"1s play frequency {tmp_path / 'dip.csv'}")
    with pytest.raises(CommandError, match=r"duration 0\.15 s"):
        twin.inject(f"1s play frequency {tmp_path / 'dip.csv'} for 150ms")
    twin.advance(4.0)
    assert len(twin.snapshot().log) == 6


def test_a_time_in_the_past_is_refused_and_now_is_said_as_now() -> None:
    twin = Twin.from_dict(SITE)
    twin.advance(30.0)
    with pytest.raises(CommandError, match=r"^5 s is in the past: simulated time is 30 s$"):
        twin.inject("5s sag 0.5 1s")
    with pytest.raises(CommandError, match=r"29\.9 s is in the past"):
        twin.submit(Mark("late"), at_s=29.9)
    assert twin.inject("30s mark here") == 30.0
    assert twin.inject("Now mark there") == 30.0
    twin.step_once()
    assert [(entry.tick, entry.text) for entry in twin.snapshot().log] == [(301, "there"), (301, "here")]


@pytest.mark.parametrize("kind", ["do", "expect", "always"])
def test_a_scenario_that_begins_late_does_not_carry_its_past_out_in_a_heap(kind: str) -> None:
    twin = Twin.from_dict(SITE)
    twin.advance(30.0)
    text = "mark late" if kind == "do" else "bess.soc > 1%"
    with pytest.raises(ConfigError, match="5 s is in the past: simulated time is 30 s"):
        twin.play(Scenario("late", (ScenarioStep(5.0, kind, text, 40.0),), 60.0))
    twin.step_once()
    assert not twin.snapshot().log


def test_a_recording_of_former_days_replays_its_times_as_they_were() -> None:
    """A sag of 150 ms lasted 100 ms then, and a site file could hold one."""
    sag = Disturbance(Target.VOLTAGE, 0.5, 0.15, Shape.STEP).to_dict()
    site = {**SITE, "events": [{"at": 1.04, "event": "Disturb", "disturbance": sag}]}
    engine = recording.fresh_engine({"site": site, "seed": 0})
    rows = [{"at": 11, "event": "Disturb", "disturbance": sag, "origin": "site file"}, {"end": 20}]
    assert list(recording.replay(engine, rows)) == []
    assert engine.tick == 20
    assert [entry.tick for entry in engine.log] == [11, 12]
