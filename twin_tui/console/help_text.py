"""The hints and the help: what can be done here, in the words of a new user, with the keys in force."""

import re
from collections.abc import Mapping, Sequence
from textwrap import wrap

from twin_tui.commands.verbs import VERBS
from twin_tui.console.glossary import OF_VIEW, PARTS, WORDS
from twin_tui.console.keys import GROUPS, Keys, entries
from twin_tui.engine.formats import columns, fit
from twin_tui.widgets.status_bar import Hint

_PARTS = re.compile(r"[{}]")
_LABELS = {entry.id: entry.description for entry in entries()}
_HELPS = {entry.id: entry.tooltip for entry in entries()}

HINTS: Mapping[str, tuple[str | tuple[str, str], ...]] = {
    "overview": (
        *("inject", "pause", ("{faster} {slower}", "Speed"), ("{open}", "Device"), "registers", "log"),
        *(("{clear}", "Clear"), "command", "help", "quit"),
    ),
    "device": (
        *("overview", "inject", "fault", "registers", "hold", "force", ("{open}", "Draw"), "window"),
        *("help", "quit"),
    ),
    "registers": (
        *("overview", "filter", "force", "freeze", "release", "changed", "format", "copy", "help", "quit"),
    ),
    "active": ("overview", ("{open}", "Clear it"), "clear", "inject", "repeat", "help", "quit"),
    "modes": ("overview", "mode", "log", "help", "quit"),
    "traffic": ("overview", ("{device-1}-{device-9}", "Device"), "hold", "link", "copy", "help", "quit"),
    "log": (
        *("overview", "filter", "acknowledge", "follow", "export", ("{open}", "Full text"), "copy"),
        *("help", "quit"),
    ),
}
"""Per view the keys that help there, the most useful first: a key's name, or how it is written and a hint."""

ABOUT: Mapping[str, str] = {
    "overview": "The whole site, the chosen device, and what happened.",
    "device": "One device: everything it shows, its commands (marked <), its links and last writes, and "
    "trends. {open} draws the signal under the cursor, up to three; {window} changes the window of time.",
    "registers": "The registers of one device as a client reads them. W 0.4s 10.0.0.7:51234 says who wrote "
    "a register and how long ago by the clock on the wall; the lines beneath show the last writes and "
    "what the device did about them.",
    "log": "Everything that happened: writes, injections, faults, trips. Alarms keep their mark until "
    "somebody acknowledges them.",
    "traffic": "The frames of one link, decoded: > came in, < went out.",
    "active": "What was injected and is still in force: {open} clears the chosen one, {clear} clears all. "
    "Beneath: the timeline of the scenario that is played, with its next step and the verdicts so far.",
    "modes": "What steers each device: its own setpoints, an operation mode, or an energy manager by S2.",
}


def _names(hint: str | tuple[str, str]) -> list[str]:
    """Return the names of the keys of a hint, and what is written between them."""
    return _PARTS.split(hint[0]) if isinstance(hint, tuple) else [hint]


def _shown(view: str, keys: Keys) -> list[str | tuple[str, str]]:
    """Return the entries of a view of which any key is in force."""
    return [hint for hint in HINTS[view] if any(keys.pressed.get(name) for name in _names(hint))]


def hints(view: str, keys: Keys) -> list[Hint]:
    """Return the keys that help in a view, each with its hint; what has no key is left out."""
    found: list[Hint] = []
    for hint in _shown(view, keys):
        label = hint[1] if isinstance(hint, tuple) else _LABELS[hint]
        parts = [
            (keys[name], next(iter(keys.pressed[name]), "")) if name in keys else (name, "")
            for name in _names(hint)
        ]
        found.append((tuple(part for part in parts if part[0]), label))
    return found


def key_rows(title: str, keys: Keys) -> list[tuple[list[str], str]]:
    """Return the keys of one heading as (names, help); those that do the same share a row."""
    rows: list[tuple[list[str], str]] = []
    for entry in GROUPS[title]:
        if not keys.pressed[entry.id or ""]:
            continue
        if not rows or rows[-1][1] != entry.tooltip:
            rows.append(([], entry.tooltip))
        rows[-1][0].append(entry.id or "")
    return rows


def help_text(
    view: str, keys: Keys, drawing: Sequence[str] = (), parts: Sequence[str] = (), width: int = 72
) -> str:
    """Return the help for a view, as console markup: its parts, its keys, its words, then everything."""
    lines = [_plain(ABOUT[view].format_map(keys)), "", *map(_plain, drawing)]
    for part in parts:
        lines += _entry(part, PARTS[part], width)
    lines.append("")
    lines.append("[bold $primary]Keys of this screen[/], also by a click on the last line")
    for hint in _shown(view, keys):
        pressed = "".join(keys.get(name, name) for name in _names(hint))
        helps = ", ".join(dict.fromkeys(_HELPS[name] for name in _names(hint) if name in _HELPS))
        lines += _entry(pressed, helps, width)
    lines += ["", "[bold $primary]Words[/]"]
    for word in OF_VIEW[view]:
        lines += _entry(word, WORDS[word], width)
    lines.append("")
    for title in GROUPS:
        lines.append(f"[bold $primary]{title}[/]")
        for names, what in key_rows(title, keys):
            lines += _entry(" ".join(keys[name] for name in names), what, width)
        lines.append("")
    lines.append(f"[bold $primary]Commands[/] after [bold $accent]{keys['command']}[/], also in scenarios")
    for verb in VERBS.values():
        lines.append(f"  [$accent]{_plain(verb.usage)}[/]")
        lines += [f"      {_plain(part)}" for part in wrap(verb.help, width - 6)]
    return "\n".join(lines)


def _entry(name: str, text: str, width: int) -> list[str]:
    """Return a name and what it means, in lines that begin under each other."""
    indent = max(10, columns(name)) + 3
    first, *more = wrap(text, max(20, width - indent)) or [""]
    head = f"  [bold $accent]{_plain(fit(name, indent - 3))}[/] {_plain(first)}"
    return [head, *(f"{' ' * min(indent, 13)}{_plain(part)}" for part in more)]


def _plain(text: str) -> str:
    return text.replace("[", r"\[")
