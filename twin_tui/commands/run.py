"""The verbs that steer the run: time, marks, recordings."""

import math

from twin_tui.commands import values
from twin_tui.commands.slots import Given, Group, Phrase, Slot, Takes, Verb, number
from twin_tui.engine.events import Mark
from twin_tui.engine.view import (
    JumpTo,
    Pause,
    PlayScenario,
    Resume,
    SaveScenario,
    SetSpeed,
    StartRecording,
    StepTicks,
    StopRecording,
)

MOST_STEPS = 100_000
SPEEDS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 100.0, 300.0, 1000.0, math.inf)
"""What keys and completion go through."""
_factor = number("speed", "", 0.01, 1e6)


def _read_speed(word: str, given: Given) -> float:
    return float(_factor(word.casefold().removeprefix("x").removeprefix("×"), given))


def _read_scenario(word: str, given: Given) -> str:
    """Return a shipped scenario, or the path of a file as it is."""
    known = given.site.scenarios
    return word if not known or "/" in word or "." in word else values.name(word, known, "scenario")


RUN = Group(
    "The run",
    Verb(
        "pause",
        "stop simulated time",
        Phrase(lambda given: Pause()),
        examples=(("pause", "the servers answer on"),),
    ),
    Verb("run", "continue simulated time", Phrase(lambda given: Resume()), examples=(("run", ""),)),
    Verb(
        "step",
        "pause and run n ticks",
        Phrase(
            lambda given: StepTicks(int(given["ticks"] or 1)),
            (Slot("ticks", "10", optional=True, read=number("steps", "", 1, MOST_STEPS, whole=True)),),
        ),
        examples=(("step", "one tick"), ("step 10", "")),
    ),
    Verb(
        "speed",
        "run at so many times real time",
        Phrase(
            lambda given: SetSpeed(given["factor"]),
            (
                Slot(
                    "factor",
                    "60",
                    "a factor such as 60, or max",
                    words=lambda given: [f"{speed:g}" for speed in SPEEDS[:-1]],
                    read=_read_speed,
                ),
            ),
        ),
        Phrase(lambda given: SetSpeed(math.inf), word="max"),
        examples=(("speed 60", ""), ("speed max", "as fast as the machine can")),
    ),
    Verb(
        "jump",
        "run on to a time of day",
        Phrase(
            lambda given: JumpTo(given["time"]),
            (Slot("time", "12:00", "a time", read=lambda word, given: values.day_seconds(word)),),
        ),
        examples=(("jump 18:30", "at full speed up to the next 18:30"),),
    ),
    Verb(
        "mark",
        "put a note into log and recording",
        Phrase(
            lambda given: Mark(" ".join(given["note"] or ["mark"])),
            (Slot("note", "NOTE", takes=Takes.REST, optional=True),),
        ),
        examples=(("mark EMS restarted here", ""),),
    ),
    Verb(
        "scenario",
        "play a scenario from now on, shipped or of a file; its verdicts are in the view active",
        Phrase(
            lambda given: PlayScenario(given["scenario"]),
            (
                Slot(
                    "scenario", "NAME|FILE", "a scenario", words=lambda given: given.site.scenarios,
                    read=_read_scenario, label="Scenario", noun="scenario",
                    hint="shipped, or a file such as ./night.yaml",
                ),
            ),
            title="Scenario",
            about="play a scenario from now on: its steps and expectations",
            button="Play",
        ),
        examples=(("scenario ride_through", "shipped"), ("scenario ./night.yaml", "a file")),
    ),
    Verb(
        "record",
        "record the run",
        Phrase(lambda given: StartRecording(given["file"]), (Slot("file", "FILE", "a file"),), word="start"),
        Phrase(lambda given: StopRecording(), word="stop"),
        examples=(("record start run.jsonl", ""), ("record stop", "")),
    ),
    Verb(
        "save-scenario",
        "write what was done here as a scenario, with expectations drafted from a run of it",
        Phrase(lambda given: SaveScenario(given["file"]), (Slot("file", "FILE", "a file"),)),
        examples=(("save-scenario night.yaml", "to be edited; twin-tui check night.yaml"),),
    ),
)  # fmt: skip
