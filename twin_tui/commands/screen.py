"""The verbs about the screen; what they do is the console's."""

from twin_tui.commands.slots import Given, Group, Phrase, ScreenCommand, Slot, Takes, Verb, seconds


def _verb(name: str, help: str, *examples: tuple[str, str], slot: Slot | None = None) -> Verb:
    def make(given: Given) -> ScreenCommand:
        found = given[slot.key] if slot is not None else None
        return ScreenCommand(name, tuple(found) if isinstance(found, list) else (found,) if found else ())

    return Verb(name, help, Phrase(make, (slot,) if slot is not None else ()), examples=examples)


def _devices(given: Given) -> dict[str, str]:
    return {device.name: device.title for device in given.site.devices}


SCREEN = Group(
    "The screen",
    _verb(
        "view",
        "show another view",
        ("view registers", ""),
        slot=Slot("view", "VIEW", "a view", words=lambda given: given.screen.views, noun="view"),
    ),
    _verb(
        "panes",
        "show only these panes of the overview; without names, those that suit the size of the screen",
        ("panes devices timeline log", "remembered for this site"),
        ("panes", ""),
        slot=Slot(
            "panes",
            "PANE ...",
            words=lambda given: given.screen.panes,
            noun="pane",
            takes=Takes.REST,
            optional=True,
        ),
    ),
    _verb(
        "trend",
        "draw signals of the chosen device over time, at most three",
        ("trend soc active_power_w", "with the battery chosen"),
        slot=Slot(
            "signals",
            "SIGNAL ...",
            words=lambda given: given.screen.signals,
            noun="signal",
            takes=Takes.REST,
            optional=True,
        ),
    ),
    _verb(
        "filter",
        "show only rows in which every word occurs; without words, all",
        ("filter power", ""),
        ("filter", "all rows again"),
        slot=Slot("words", "WORD ...", takes=Takes.REST, optional=True),
    ),
    _verb(
        "export",
        "write the table that is shown to a file",
        ("export registers.tsv", ""),
        slot=Slot("file", "FILE", "a file"),
    ),
    _verb(
        "theme",
        "change the colours",
        ("theme nord", ""),
        slot=Slot("theme", "THEME", "a theme", words=lambda given: given.screen.themes, noun="theme"),
    ),
    _verb(
        "back",
        "show everything as it was some simulated time ago; without a time, as it is now",
        ("back 2m", "two minutes ago"),
        ("back", "now again"),
        slot=Slot("time", "2m", "how far back", read=seconds("a time to look back"), optional=True),
    ),
    _verb(
        "reset",
        "reset the latched fault of a device; without its name of the chosen one, or say what can be reset",
        ("reset battery", ""),
        ("reset", ""),
        slot=Slot("device", "DEVICE", words=_devices, noun="device", optional=True),
    ),
    _verb("help", "say what can be done here", ("help", "")),
    _verb("tour", "show the tour of the first run", ("tour", "")),
    _verb("quit", "leave; asks while clients are connected", ("quit", "")),
)
