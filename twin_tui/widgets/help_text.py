"""The help: what can be done here, in the words of a new user."""

from collections.abc import Mapping, Sequence

from twin_tui.commands.verbs import VERBS

Hints = Sequence[tuple[str, str]]

HINTS: Mapping[str, Hints] = {
    "overview": (
        ("i", "Inject"),
        ("p", "Pause"),
        ("+ -", "Speed"),
        ("enter", "Device"),
        ("r", "Registers"),
        ("l", "Log"),
        ("u", "Clear"),
        (":", "Command"),
        ("?", "Help"),
        ("q", "Quit"),
    ),
    "device": (
        ("o", "Overview"),
        ("i", "Inject"),
        ("e", "Fault"),
        ("r", "Registers"),
        ("space", "Hold"),
        ("w", "Force"),
        ("t", "Draw"),
        ("T", "Window"),
        ("?", "Help"),
        ("q", "Quit"),
    ),
    "registers": (
        ("o", "Overview"),
        ("/", "Filter"),
        ("w", "Force"),
        ("z", "Freeze"),
        ("U", "Release"),
        ("c", "Changed"),
        ("d", "Format"),
        ("y", "Copy"),
        ("?", "Help"),
        ("q", "Quit"),
    ),
    "active": (
        ("o", "Overview"),
        ("enter", "Clear it"),
        ("u", "Clear all"),
        ("i", "Inject"),
        ("R", "Repeat"),
        ("?", "Help"),
        ("q", "Quit"),
    ),
    "modes": (
        ("o", "Overview"),
        ("s", "Select a mode"),
        ("l", "Log"),
        ("?", "Help"),
        ("q", "Quit"),
    ),
    "traffic": (
        ("o", "Overview"),
        ("1-9", "Device"),
        ("space", "Hold"),
        ("L", "Link fault"),
        ("y", "Copy"),
        ("?", "Help"),
        ("q", "Quit"),
    ),
    "log": (
        ("o", "Overview"),
        ("/", "Filter"),
        ("a", "Acknowledge"),
        ("F", "Follow"),
        ("x", "Export"),
        ("y", "Copy"),
        ("?", "Help"),
        ("q", "Quit"),
    ),
}

ABOUT: Mapping[str, str] = {
    "overview": "The whole site: each device with its power (+ flows into the site's bus), setpoint, "
    "state of charge and the age of the last write by an EMS. Beneath: the registers of the chosen device, "
    "and what happened. W 46s is 46 seconds by the clock on the wall, at whatever speed the twin runs.",
    "device": "One device: everything it shows, what it was told (marked <), its links and last writes, and "
    "trends. t draws the signal under the cursor, up to three; T changes the window of time.",
    "registers": "The registers of one device as a client reads them. W 0.4s 10.0.0.7:51234 says who wrote "
    "a register and how long ago by the clock on the wall; the lines beneath show the last writes and "
    "what the device did about them.",
    "log": "Everything that happened: writes, injections, faults, trips. Alarms keep their mark until "
    "somebody acknowledges them.",
    "traffic": "The frames of one link, decoded: > came in, < went out.",
    "active": "What was injected and is still in force: enter clears the chosen one, u clears all. Beneath: "
    "the timeline of the scenario that is played, with its next step and the verdicts so far.",
    "modes": "What steers each device: its own setpoints, an operation mode, or an energy manager by S2.",
}

KEYS = (
    (
        "Look",
        (
            ("1 to 9", "choose a device"),
            ("enter", "open it; escape goes back"),
            ("tab", "next pane; arrows, j k, g G, page up and down move in it"),
            ("o r l", "overview, registers, log"),
            ("A S t", "active injections and scenario, modes and S2, traffic"),
            ("/", "filter the list; escape ends it"),
            ("space", "hold the view still; the twin runs on"),
        ),
    ),
    (
        "Break things",
        (
            ("i", "inject: choose from all there is"),
            ("v f e L", "voltage sag, frequency step, device fault, link fault"),
            ("s", "operation mode and factor"),
            ("R", "repeat the last injection"),
            ("u", "clear everything injected (asks first)"),
            ("w z U", "force the chosen register, freeze it, release all"),
            ("W", "write a command as an EMS would"),
        ),
    ),
    (
        "Time",
        (
            ("p", "pause and run; the servers answer all the while"),
            ("n", "one step"),
            ("+ - =", "faster, slower, real time"),
            ("J", "run on to a time of day"),
        ),
    ),
    (
        "Keep",
        (
            ("m", "mark with a note"),
            ("x y", "export what is shown to a file, copy it"),
            ("a", "acknowledge alarms"),
            ("c d", "registers: changed only, number format"),
        ),
    ),
    (
        "Everything",
        (
            (":", "any command, tab completes; for example :sag grid 0.7 2s"),
            ("ctrl+p", "command palette: themes and more"),
            ("q", "quit; asks while clients are connected"),
        ),
    ),
)


def help_text(view: str) -> str:
    """Return the help for a view, as console markup."""
    lines = [ABOUT.get(view, ""), ""]
    for title, keys in KEYS:
        lines.append(f"[bold $primary]{title}[/]")
        lines += [f"  [bold $accent]{_plain(key):<10}[/] {_plain(what)}" for key, what in keys]
        lines.append("")
    lines.append("[bold $primary]Commands[/] after [bold $accent]:[/], also in scenarios")
    for verb in VERBS.values():
        lines.append(f"  [$accent]{_plain(verb.usage)}[/]")
        lines.append(f"      {_plain(verb.help)}")
    return "\n".join(lines)


def _plain(text: str) -> str:
    return text.replace("[", r"\[")
