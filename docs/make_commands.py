"""Writes docs/commands.md from the table of commands: `python -m docs.make_commands`."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

from twin_tui.commands.parser import parse
from twin_tui.commands.slots import Screen, Verb
from twin_tui.commands.verbs import GROUPS
from twin_tui.engine.disturbance import Target
from twin_tui.engine.events import Event
from twin_tui.engine.view import SiteView
from twin_tui.protocols.modbus.fault_rules import OPTIONS, LinkFaultKind, LinkRule
from twin_tui.protocols.vocabulary import site_view
from twin_tui.twin import Twin
from twin_tui.widgets.arrange import PANES
from twin_tui.widgets.views import VIEWS

PAGE = Path(__file__).parent / "commands.md"
SITE = "home"
"""The shipped site on which every example works."""
SCREEN = Screen(VIEWS, ("nord",), ("soc", "active_power_w"), PANES)
"""What a screen on which the battery is chosen adds to the words of the site."""

INTRODUCTION = """\
# Commands

<!-- written by `python -m docs.make_commands`; edit twin_tui/commands or this script -->

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
what begins lasts until it is cleared. Durations and times of what happens are multiples of the site's `step`;
ramps, periods and played files are sampled once a step and need not be.

**Together.** Disturbances of the grid add up: voltages multiply, deviations add.
"""

TARGETS = ", ".join(target.value for target in Target)


def page() -> str:
    """Return the page."""
    site = site_view(Twin.from_file(SITE).engine.plan)
    lines = [INTRODUCTION]
    for group in GROUPS:
        lines += [f"## {group.title}\n", "| command | what it does |", "|---|---|"]
        for verb in group.verbs:
            lines += _verb(verb, site)
        lines.append("")
        if group.title == "Faults":
            lines += _links()
        if group.title == "Ending it":
            lines.append(f"A label is what is disturbed ({TARGETS}) and a running number.\n")
    return "\n".join(lines)


def _verb(verb: Verb, site: SiteView) -> Iterator[str]:
    steers = not any(isinstance(parse(line, site, screen=SCREEN), Event) for line, _ in verb.examples)
    meaning = f"**{verb.help[0].upper()}{verb.help[1:]}**{' (console)' if steers else ''}"
    for usage in verb.usages:
        yield f"| **`{_cell(usage)}`** | {meaning} |"
        meaning = ""
    for line, meaning in verb.examples:
        yield f"| `{_cell(line)}` | {meaning} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _links() -> Iterator[str]:
    yield "Link faults, on the ports and lines of the device:\n"
    yield "| fault | the device |"
    yield "|---|---|"
    for kind in LinkFaultKind:
        yield f"| `{kind.value}` | {kind.meaning} |"
    yield "\n| key | meaning | default |"
    yield "|---|---|---|"
    defaults = {field.name: field.default for field in dataclasses.fields(LinkRule)}
    for key, option in OPTIONS.items():
        default = defaults.get(key)
        shown = "" if default is None else "no" if default is False else f"{default:g}"
        yield f"| `{key}` | {option.text} | {shown} |"
    yield ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
