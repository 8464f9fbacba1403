"""All keys of the console, each with its hint and help, and those in force once the user has chosen."""

from collections.abc import Iterator, Mapping

from textual.binding import Binding, InvalidBinding
from textual.keys import KEY_NAME_REPLACEMENTS, key_to_character
from textual.keys import Keys as TerminalKeys

from twin_tui.errors import ConfigError, did_you_mean
from twin_tui.widgets.active_view import ActiveList
from twin_tui.widgets.cursor_view import CursorView
from twin_tui.widgets.keys import key, key_text
from twin_tui.widgets.log_view import LogList

APP_KEYS: Mapping[str, tuple[Binding, ...]] = {
    "Look": (
        *(key(f"device-{n}", str(n), f"device({n})", "Device", "choose a device") for n in range(1, 10)),
        key("back", "escape", "go_back", "Back", "go back, or end the filter"),
        key("next-pane", "tab", "app.focus_next", "Next", "go to the next pane"),
        key("overview", "o", "view('overview')", "Overview", "the whole site"),
        key("registers", "r", "view('registers')", "Registers", "registers and who wrote them"),
        key("log", "l", "view('log')", "Log", "everything that happened"),
        key("active", "A", "view('active')", "Active", "active injections and the scenario"),
        key("modes", "S", "view('modes')", "Modes", "operation modes and S2"),
        key("traffic", "t", "view('traffic')", "Traffic", "traffic of one link"),
        key("window", "T", "trend_window", "Window", "on a device, draw another window of time"),
        # with priority, so that what is typed right behind them reaches the line they open
        key("filter", "slash", "filter", "Filter", "filter the list", priority=True),
        key("zoom", "Z", "zoom", "Zoom", "overview: give the chosen pane all the room"),
        key("panes", "P", "panes", "Panes", "overview: choose the panes that are shown"),
        key("look-back", "less_than_sign", "look_back(-1)", "Back", "look back at the last minutes"),
        key(
            "look-on", "greater_than_sign", "look_back(1)", "On", "go on towards now; back ends looking back"
        ),
        key("look-far-back", "left_curly_bracket", "look_back(-60)", "Far back", "look back a minute more"),
        key("look-far-on", "right_curly_bracket", "look_back(60)", "Far on", "go on by a minute"),
        key("hold", "space", "hold", "Hold", "hold the view still; the twin runs on"),
    ),
    "Break things": (
        key("inject", "i", "inject", "Inject", "inject: choose from all there is"),
        key("sag", "v", "form('sag')", "Sag", "voltage sag"),
        key("freq", "f", "form('freq step')", "Frequency", "frequency step"),
        key("fault", "e", "form('fault')", "Fault", "device fault"),
        key("link", "L", "form('link')", "Link fault", "link fault"),
        key("mode", "s", "form('mode')", "Select a mode", "operation mode and factor"),
        key("repeat", "R", "repeat", "Repeat", "repeat the last injection"),
        key("reset", "E", "reset", "Reset", "reset the latched fault of the chosen device"),
        key("clear", "u", "clear", "Clear all", "clear everything injected (asks first)"),
        key("force", "w", "force", "Force", "force the chosen signal or register"),
        key("freeze", "z", "freeze", "Freeze", "freeze it; once more: release it"),
        key("release", "U", "release", "Release", "release all that is forced (asks first)"),
        key("write", "W", "write", "Write", "write a command as an EMS would"),
    ),
    "Time": (
        key("pause", "p", "pause", "Pause", "pause and run; the servers answer all the while"),
        key("step", "n", "command('step')", "Step", "one step"),
        key("faster", "plus,full_stop", "speed(1)", "Faster", "faster"),
        key("slower", "minus,comma", "speed(-1)", "Slower", "slower"),
        key("real-time", "equals_sign", "command('speed 1')", "Real time", "real time"),
        key("jump", "J", "jump", "Jump", "run on to a time of day"),
    ),
    "Keep": (
        key("mark", "m", "mark", "Mark", "mark with a note"),
        key("export", "x", "export", "Export", "export what is shown to a file"),
        key("copy", "y", "copy", "Copy", "copy what is shown, through the terminal (OSC 52)"),
        key("acknowledge", "a", "acknowledge", "Acknowledge", "acknowledge alarms"),
        key("changed", "c", "changed_only", "Changed", "registers: changed only, or all"),
        key("format", "d", "number_format", "Format", "registers: number format"),
    ),
    "Everything": (
        key("command", "colon", "line", "Command", "any command; tab completes", priority=True),
        key(
            "palette",
            "ctrl+p",
            "command_palette",
            "Palette",
            "command palette: themes and more",
            priority=True,
        ),
        key("help", "question_mark", "help", "Help", "this help"),
        key("quit", "q", "leave", "Quit", "quit; asks while clients are connected"),
        key("quit-at-once", "ctrl+q,ctrl+c", "leave", "Quit", "the same, from everywhere", priority=True),
    ),
}
LIST_KEYS: Mapping[str, tuple[Binding, ...]] = {
    "Look": CursorView.KEYS,
    "Break things": ActiveList.KEYS,
    "Keep": LogList.KEYS,
}
"""The keys that belong to lists."""
GROUPS: Mapping[str, tuple[Binding, ...]] = {
    title: (*keys, *LIST_KEYS.get(title, ())) for title, keys in APP_KEYS.items()
}
"""Every key under the headings of the help."""
NAMED = frozenset((*(each.value for each in TerminalKeys), *KEY_NAME_REPLACEMENTS.values()))
"""The keys that have names; others are characters."""
MODIFIERS = frozenset(("ctrl", "shift", "alt", "meta", "super", "hyper"))
IN_PALETTE = frozenset(("zoom", "panes"))
"""The keys that the palette offers as well."""
NO_KEY = "unbound"
"""What Textual is given for an action whose keys the user gave to others: no terminal sends it."""


class Keys(Mapping[str, str]):
    """The keys in force, as the screen writes them, by the names of their actions."""

    def __init__(self, chosen: Mapping[str, str]) -> None:
        """Give actions the user's keys; one that another action had is taken from it."""
        usual = {entry.id or "": _pressed(entry.id or "", entry.key) for entry in entries()}
        taken: dict[str, str] = {}
        for name, text in chosen.items():
            if name not in usual:
                raise ConfigError(f"unknown action {name!r}{did_you_mean(name, usual)}")
            for pressed in _pressed(name, text):
                if pressed in taken:
                    raise ConfigError(f"{pressed} is given to {taken[pressed]} and to {name}")
                taken[pressed] = name
        self.pressed = {
            name: _pressed(name, chosen[name]) if name in chosen else [key for key in own if key not in taken]
            for name, own in usual.items()
        }
        self.keymap = {
            name: ",".join(keys) or NO_KEY for name, keys in self.pressed.items() if keys != usual[name]
        }
        """What Textual is to change."""

    def __getitem__(self, name: str) -> str:
        return key_text(self.pressed[name][0]) if self.pressed[name] else ""

    def __iter__(self) -> Iterator[str]:
        return iter(self.pressed)

    def __len__(self) -> int:
        return len(self.pressed)


def entries() -> Iterator[Binding]:
    """Yield every key of the console."""
    for keys in GROUPS.values():
        yield from keys


def _pressed(name: str, text: str) -> list[str]:
    try:
        found = [binding.key for binding in Binding.make_bindings([Binding(text, "")])]
    except InvalidBinding:
        raise ConfigError(f"{name} has no key; expected one such as 'x' or 'ctrl+n,f5'") from None
    for pressed in found:
        *modifiers, plain = pressed.split("+")
        if not (MODIFIERS.issuperset(modifiers) and (plain in NAMED or key_to_character(plain))):
            hint = did_you_mean(pressed, sorted(NAMED))
            raise ConfigError(f"unknown key {pressed!r}{hint or '; expected one such as x, ctrl+n or f5'}")
    return found
