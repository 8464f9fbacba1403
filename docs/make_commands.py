"""Writes docs/commands.md from the table of commands: `python -m docs.make_commands`."""

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path

from twin_tui.commands.verbs import VERBS, parse
from twin_tui.commands.vocabulary import site_view
from twin_tui.engine.disturbance import Target
from twin_tui.engine.events import Event
from twin_tui.engine.view import SiteView
from twin_tui.protocols.modbus.faults import LINK_OPTIONS, LinkFaultKind, LinkRule
from twin_tui.twin import Twin

PAGE = Path(__file__).parent / "commands.md"
SITE = "home"
"""The shipped site on which every example works."""

GROUPS: Mapping[str, tuple[str, ...]] = {
    "Grid": ("sag", "swell", "interrupt", "freq", "phase", "unbalance", "play"),
    "Weather and load": ("cloud", "ambient", "load"),
    "Devices": ("write", "mode", "fault", "plug", "unplug", "force", "freeze", "release"),
    "The wire": ("link",),
    "Ending it": ("clear",),
    "The run": ("pause", "run", "step", "speed", "jump", "mark", "record"),
}

EXAMPLES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "sag": (
        ("sag 0.7 2s", "70 % of the voltage remain for 2 s"),
        ("sag 40% 150ms phases a", "one phase"),
        ("sag 0.85 1m over 10s", "reached linearly within 10 s; then held; ends at once"),
        ("sag 0.97 1m period 2s", "a voltage that swings by ± 3 %, every 2 s"),
    ),
    "swell": (("swell 1.15 500ms phases ab", "two phases"),),
    "interrupt": (("interrupt 5s", "no voltage for 5 s"), ("interrupt", "until it is cleared")),
    "freq": (
        ("freq step -0.2 10s", "0.2 Hz below what it would be"),
        ("freq ramp -0.5 over 5s for 30s", "0.1 Hz/s for 5 s; held until 30 s are over"),
        ("freq sine 0.1 period 10s for 60s", "± 0.1 Hz"),
    ),
    "phase": (("phase 30 2s", "30° for 2 s"),),
    "unbalance": (("unbalance 2% 1m", "phase a 4 % higher, b and c 2 % lower"),),
    "play": (("play frequency scenarios/frequency_dip.csv", "a dip and its recovery, from a file"),),
    "cloud": (("cloud 0.3 2m over 10s", "30 % of the sun remain"),),
    "ambient": (("ambient +15 1h over 10m", "15 K warmer"),),
    "load": (("load +5kW 60s", "5 kW more consumption"),),
    "fault": (
        ("fault battery over_temperature 30s", "the cause lasts 30 s; a latched fault stays"),
        ("fault pv isolation", "until it is cleared"),
    ),
    "clear": (
        ("clear", "everything that was injected or forced"),
        ("clear grid", "all disturbances"),
        ("clear voltage-1", "the disturbance of this label"),
        ("clear battery", "all fault causes of a device"),
        ("clear battery fan", "one of them"),
        ("clear link", "all link faults"),
    ),
    "write": (
        ("write battery active_power_setpoint_w -5kW", "charge with 5 kW"),
        ("write battery start_stop standby", "an option by its name or number"),
        ("write pv active_power_limit_pu 60% on yes", "two commands as one event"),
    ),
    "force": (
        ("force meter active_power_w 12kW", "clients read 12 kW, whatever the site does"),
        ("force battery soc 97%", "what is shown, not the energy in the cells"),
    ),
    "freeze": (("freeze battery soc", ""),),
    "release": (
        ("release battery soc", ""),
        ("release battery", "all signals of the device"),
        ("release", "all of the site"),
    ),
    "mode": (
        ("mode battery SELF_CONSUMPTION", ""),
        ("mode battery FORCED_CHARGE 0.5", "with half the power"),
        ("mode battery PEAK_SHAVING peak_target_w=8kW", "with a parameter"),
        ("mode battery off", "back to its own setpoints"),
    ),
    "plug": (("plug car", ""),),
    "unplug": (("unplug car", ""),),
    "link": (
        ("link battery silence 5s executes=yes", "no answer for 5 s, but writes take effect"),
        (
            "link battery exception code=6 functions=6,16 count=3",
            "the next three requests of these functions",
        ),
        ("link meter delay delay_s=0.8 jitter_s=0.4", "until it is cleared"),
        ("link meter frozen addresses=40..60 probability=0.5", "half of the reads that touch 40 to 60"),
    ),
    "pause": (("pause", "the servers answer on"),),
    "run": (("run", ""),),
    "step": (("step", "one tick"), ("step 10", "")),
    "speed": (("speed 60", ""), ("speed max", "as fast as the machine can")),
    "jump": (("jump 18:30", "at full speed up to the next 18:30"),),
    "mark": (("mark EMS restarted here", ""),),
    "record": (("record start run.jsonl", ""), ("record stop", "")),
}

LINK_FAULTS: Mapping[LinkFaultKind, str] = {
    LinkFaultKind.EXCEPTION: "answers with exception `code`; the request has no effect",
    LinkFaultKind.SILENCE: "does not answer",
    LinkFaultKind.DELAY: "answers `delay_s` later, and up to `jitter_s` more",
    LinkFaultKind.DISCONNECT: "closes the connection instead of answering",
    LinkFaultKind.REFUSE_CONNECTION: "turns new clients away",
    LinkFaultKind.WRONG_TRANSACTION_ID: "answers under another transaction id (TCP)",
    LinkFaultKind.WRONG_UNIT: "answers as another unit",
    LinkFaultKind.WRONG_FUNCTION: "answers with another function code",
    LinkFaultKind.TRUNCATED: "leaves the last `bytes` out",
    LinkFaultKind.EXTRA_BYTES: "sends `bytes` random ones more",
    LinkFaultKind.SLOW_BYTES: "sends byte by byte, `gap_s` apart",
    LinkFaultKind.BAD_CRC: "spoils the checksum (RTU)",
    LinkFaultKind.FROZEN: "reads give the values of the moment the fault began",
    LinkFaultKind.STALE: "reads give values `age_s` old",
    LinkFaultKind.NOT_AVAILABLE: "reads give the map's not-available values",
    LinkFaultKind.SWAPPED_WORDS: "reads give registers swapped in pairs",
}

LINK_KEYS: Mapping[str, str] = {
    "functions": "only these function codes",
    "addresses": "only requests that touch this address, or one from first to last",
    "count": "how often it acts before it is spent",
    "probability": "how often a request that it meets is hit, 0 to 1; by the site's seed",
    "code": "of the exception",
    "delay_s": "of delay",
    "jitter_s": "of delay",
    "bytes": "of truncated and extra_bytes",
    "gap_s": "of slow_bytes",
    "age_s": "of stale",
    "label": "a name under which `clear link` ends it",
    "executes": "whether a request that silence or disconnect leaves without answer takes effect",
}

INTRODUCTION = """\
# Commands

<!-- written by `python -m docs.make_commands`; edit commands/verbs.py or this script -->

One line does one thing. It is the same line

- in the console, after `:`, with completion by Tab;
- in a scenario: `{at: 20s, do: sag 0.7 2s}` ([scenarios.md](scenarios.md));
- on the command line: `twin-tui run demo --inject '20s sag 0.7 2s'`;
- among the events of a site: `{at: 20s, do: sag 0.7 2s}` ([site-files.md](site-files.md));
- in Python: `twin.inject("20s sag 0.7 2s")` ([python.md](python.md)).

What is marked (console) steers the run or depends on its present values, and is refused everywhere else.
Lines in bold are the form, those below them examples on the shipped site `home`.

**Words.** Capitals do not matter, `-` and `_` in names are the same, quotes keep blanks together. Words in
square brackets may be left out. Names of signals, faults and modes: [devices.md](devices.md).

**Numbers** may carry their unit, also with k, M or m: `-5kW`, `500mA`, `97%`, `0.2`. Without one they are in
SI units: W, and fractions from 0 to 1. Durations are `2s`, `500ms`, `1h30m`, or seconds. Without a duration,
what begins lasts until it is cleared.

**Together.** Disturbances of the grid add up: voltages multiply, deviations add.
"""

TARGETS = ", ".join(target.value for target in Target)


def page() -> str:
    """Return the page."""
    site = site_view(Twin.from_file(SITE).engine)
    lines = [INTRODUCTION]
    for group, verbs in GROUPS.items():
        lines += [f"## {group}\n", "| command | what it does |", "|---|---|"]
        for verb in verbs:
            lines += _verb(verb, site)
        lines.append("")
        if group == "The wire":
            lines += _links()
        if group == "Ending it":
            lines.append(f"A label is what is disturbed ({TARGETS}) and a running number.\n")
    return "\n".join(lines)


def _verb(verb: str, site: SiteView) -> Iterator[str]:
    declared = VERBS[verb]
    events = {line: isinstance(parse(line, site), Event) for line, _ in EXAMPLES[verb]}
    steers = not any(events.values())
    meaning = f"**{declared.help[0].upper()}{declared.help[1:]}**{' (console)' if steers else ''}"
    usages = [declared.usage] if "[all" in declared.usage else declared.usage.split(" | ")
    for usage in usages:
        code = usage.replace("|", "\\|")
        yield f"| **`{code}`** | {meaning} |"
        meaning = ""
    for line, meaning in EXAMPLES[verb]:
        yield f"| `{line}` | {meaning}{'' if events[line] or steers else ' (console)'} |"


def _links() -> Iterator[str]:
    yield "Link faults, on the ports and lines of the device:\n"
    yield "| fault | the device |"
    yield "|---|---|"
    for kind in LinkFaultKind:
        yield f"| `{kind.value}` | {LINK_FAULTS[kind]} |"
    yield "\n| key | meaning | default |"
    yield "|---|---|---|"
    defaults = {field.name: field.default for field in dataclasses.fields(LinkRule)}
    for key in LINK_OPTIONS:
        default = defaults.get(key)
        shown = "" if default is None else "no" if default is False else f"{default:g}"
        yield f"| `{key}` | {LINK_KEYS[key]} | {shown} |"
    yield ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
