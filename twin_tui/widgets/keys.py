"""One entry a key: what it is pressed as, what it does, its hint, its help and its name in console.toml."""

from textual.binding import Binding
from textual.keys import format_key


def key(name: str, keys: str, action: str, hint: str, help: str, *, priority: bool = False) -> Binding:
    """Return the entry of a key; the footer shows ``hint``, the help and the page on the console ``help``."""
    return Binding(keys, action, hint, show=False, priority=priority, tooltip=help, id=name)


def key_text(pressed: str) -> str:
    """Return a key as the screen names it: "?" for question_mark, "enter" as it is."""
    shown = format_key(pressed)
    return shown if len(shown) == 1 and shown.isascii() else pressed
