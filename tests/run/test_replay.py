"""Replay: whatever came in, from whom and in whichever order, the recording gives the same run again."""

import contextlib
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from twin_tui import CommandError, Event, SelectMode, Twin, Write
from twin_tui.commands.parser import parse_event
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Instruct, ReportStatus, Revoke, SelectControl
from twin_tui.engine.snapshot import LogEntry
from twin_tui.protocols.vocabulary import site_view
from twin_tui.run import recording
from twin_tui.run.scenario import Scenario, ScenarioStep

RUNS = 200
AT_ONCE = 20
"""Runs that one test makes, so that they spread over the processes."""
START_S = 1_781_913_600 + 11 * 3600
LINES = (
    "sag 0.7 0.5s",
    "sag 0.5 1s phases a",
    "interrupt 0.5s",
    "interrupt 1s",
    "freq step -0.4 1s",
    "freq ramp 0.5 over 0.7s for 1s",
    "load +3kW 0.5s",
    "cloud 0.2 1s",
    "phase 30 0.5s",
    "fault bess emergency_stop 0.5s",
    "fault bess emergency_stop 1s",
    "fault bess emergency_stop",
    "fault pv emergency_stop 1s",
    "clear bess emergency_stop",
    "clear bess",
    "clear",
    "link bess silence 0.5s",
    "link bess exception code=6 label=x 1s",
    "clear link x",
    "force bess soc 0.9",
    "release bess soc",
    "write bess active_power_setpoint_w -3000",
    "write bess active_power_setpoint_w 4kW",
    "write bess start_stop 1 fault_reset 1",
    "write bess start_stop 2",
    "write pv active_power_limit_pu 0.4",
    "write pv fault_reset 1",
    "mode bess PEAK_SHAVING 0.5",
    "mode bess FAULT",
    "mode bess IDLE",
    "mode bess off",
    "mark here",
)


def any_line(draw: random.Random) -> str:
    return draw.choice(LINES)


def any_time(draw: random.Random) -> float:
    """Draw one of few times, so that many things fall into the same tick."""
    return draw.choice((0.0, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5))


def any_event(draw: random.Random, twin: Twin) -> Event:
    """Draw what no line says: S2, reported states, modes with parameters, several values in one write."""
    later = {"execute_unix_s": START_S + any_time(draw)}
    instruction = {"id": f"i{draw.randrange(4)}", "mode": draw.choice(("charge", "discharge", "idle"))}
    return draw.choice(
        (
            SelectControl("bess", draw.choice(("FRBC", "FRBC", "")), "cem"),
            Instruct("bess", {**instruction, "factor": draw.random()}, "cem"),
            Instruct("bess", {**instruction, "factor": 0.5, **later}, "cem"),
            Revoke("bess", f"i{draw.randrange(4)}", "cem"),
            ReportStatus("bess", {"soc": 0.5, "power_w": 1000.0}, "eos"),
            SelectMode("bess", "PEAK_SHAVING", 1.0, {"peak_target_w": 500.0}),
            Write("bess", {"active_power_setpoint_w": draw.uniform(-5e3, 5e3), "fault_reset": 1}),
            parse_event(any_line(draw), site_view(twin.site.plan), "console"),
        )
    )


def a_site(draw: random.Random) -> dict[str, Any]:
    battery = {"type": "battery", "name": "bess", "capacity_kwh": 10, "initial_soc": 50, "port": 0}
    return {
        "name": "any",
        "seed": draw.randrange(1000),
        "start": "2026-06-20T11:00:00+00:00",
        "grid": {"preset": "nordic"},
        "assets": [
            {**battery, "grid_forming": draw.random() < 0.5, "grid_code": "en50549-1"},
            {"type": "pv", "name": "pv", "rated_kw": 6, "port": 0},
            {"type": "load", "name": "house", "base_kw": 1.5},
            {"type": "meter", "name": "meter"},
        ],
        "events": [
            {"at": 0, "do": "write bess start_stop 1"},
            *({"at": any_time(draw), "do": any_line(draw)} for _ in range(draw.randrange(5))),
        ],
    }


def tried(act: Callable[[], object]) -> None:
    """Do what may be refused: that is part of a run too, and changes nothing."""
    with contextlib.suppress(CommandError):
        act()


def a_run(draw: random.Random, path: Path) -> Twin:
    """Record a run in which anything may happen, from any of its moments on."""
    twin = Twin.from_dict(a_site(draw))
    engine = twin.engine
    steps = [ScenarioStep(any_time(draw), "do", any_line(draw)) for _ in range(draw.randrange(4))]
    twin.play(Scenario("any", (*steps, ScenarioStep(4.0, "expect", "bess.soc > 0%")), 5.0))
    for _ in range(draw.randrange(4)):
        tried(lambda: twin.inject(f"{any_time(draw)}s {any_line(draw)}"))

    def look() -> None:
        tried(lambda: twin.submit(any_event(draw, twin)))

    if draw.random() < 0.5:
        engine.watch(draw.choice((0.5, 0.7)), look)
    begins = draw.choice((0, 0, draw.randrange(45)))
    for tick in range(50):
        for _ in range(draw.choice((0, 0, 0, 0, 1, 3))):
            tried(lambda: twin.submit(any_event(draw, twin)))
        if draw.random() < 0.03:
            tried(lambda: twin.inject(f"{any_time(draw)}s {any_line(draw)}"))
        if tick == begins:
            twin.record(path, every_s=0.1)
        if draw.random() < 0.1:
            twin.snapshot()
        engine.step()
    twin.stop_recording()
    return twin


def told(engine: Engine) -> list[tuple[int, str, str, str, str]]:
    """Return the log but for what was refused, which is no event and in no recording."""

    def plain(entry: LogEntry) -> tuple[int, str, str, str, str]:
        return entry.tick, entry.kind.value, entry.device, entry.text, entry.origin

    return [plain(entry) for entry in engine.log if not entry.text.startswith("event refused")]


@pytest.mark.parametrize("first", range(0, RUNS, AT_ONCE))
def test_any_run_replays_to_the_same_values_and_the_same_log(tmp_path: Path, first: int) -> None:
    for seed in range(first, first + AT_ONCE):
        path = tmp_path / f"{seed}.jsonl"
        twin = a_run(random.Random(seed), path)
        head, rows = recording.read(path)
        again = recording.fresh_engine(head)
        differences = [str(each) for each in recording.replay(again, rows)]
        assert (seed, differences[:5]) == (seed, [])
        assert again.tick == twin.tick
        assert told(again) == told(twin.engine)
