"""What the pages made from declarations share: tables, rows of signals, laws from docstrings."""

import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from typing import Any

from twin_tui.engine.physics.battery import CellType
from twin_tui.engine.signals import Signal

NO_BOUND = 1e8


def law(function: Callable[..., Any]) -> str:
    """Return what a function's docstring says: its first line, notes with equations, and source."""
    head, *sections = re.split(r"\n(Notes|References)\n-+\n", inspect.getdoc(function) or "")
    said = dict(zip(sections[::2], sections[1::2], strict=True))
    first, _, rest = head.strip().partition("\n\n")
    text = first.removeprefix("Return ").replace("\n", " ")
    parts = [f"**{text[0].upper()}{text[1:]}** {_plain(rest)}".strip(), _plain(said.get("Notes", ""))]
    if "References" in said:
        parts.append(f"Source: {_plain(said['References'])}")
    return "\n\n".join(filter(None, parts)) + "\n"


def _plain(text: str) -> str:
    """Return the text of a docstring as Markdown: equations between dollars, code between backquotes."""
    text = re.sub(r"\.\. math::\s*((?:.+\n?)(?:[ ]+.+\n?)*)", _equation, text)
    text = re.sub(r":math:`([^`]+)`", r"$\1$", text)
    return text.replace("``", "`").strip()


def _equation(found: re.Match[str]) -> str:
    return f"$${' '.join(found[1].split())}$$\n"


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
    yield ""


def shown(found: Any) -> str:
    if found is None or found == ():
        return "none"
    if isinstance(found, bool):
        return "yes" if found else "no"
    if isinstance(found, float):
        return f"{found:.12g}"
    if isinstance(found, tuple):
        return "[" + ", ".join(map(shown, found)) + "]"
    return str(
        found.value if isinstance(found, Enum) else found.name if isinstance(found, CellType) else found
    )


def measured_row(signal: Signal) -> tuple[str, ...]:
    return f"`{signal.name}`", signal.unit, _range(signal), _meaning(signal)


def commanded(signal: Signal) -> tuple[str, ...]:
    default = (
        "none" if isinstance(signal.default, float) and signal.default >= NO_BOUND else shown(signal.default)
    )
    meaning = _meaning(signal) + (" (momentary)" if signal.momentary else "")
    return f"`{signal.name}`", signal.unit, _range(signal), default, meaning


def _meaning(signal: Signal) -> str:
    text = signal.meaning
    if signal.options:
        text += ": " + ", ".join(f"{code} {word}" for code, word in signal.options.items())
    elif signal.type is bool:
        text += ": 1 yes, 0 no"
    return text


def _range(signal: Signal) -> str:
    low, high = signal.low, signal.high
    if signal.options or signal.type is bool:
        return ""
    if low is None or high is None:
        return f"≥ {low:g}" if low is not None else f"≤ {high:g}" if high is not None else ""
    return f"{low:.12g} … {high:.12g}"
