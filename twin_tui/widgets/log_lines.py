"""The event log: one line an entry, filters, what is not acknowledged yet. Pure drawing."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from twin_tui.engine import formats
from twin_tui.engine.snapshot import LogEntry
from twin_tui.widgets.glyphs import Glyphs
from twin_tui.widgets.log_text import NO_EFFECT, essence, in_lines, with_effect
from twin_tui.widgets.model import log_look
from twin_tui.widgets.spans import Line, named

EFFECT_AT = 55
"""Where effects begin, in percent of the room that text and effect share, if both have room."""


@dataclass(frozen=True, slots=True)
class LogFilter:
    """What of the log is shown: every word must occur in one of an entry's parts, "-word" must not."""

    text: str = ""

    def passes(self, entry: LogEntry) -> bool:
        if not self.text:
            return True
        whole = f"{entry.kind.value} {entry.device} {entry.text} {entry.origin}".casefold()
        return all(
            (word[1:] not in whole) if word[0] == "-" and len(word) > 1 else word in whole
            for word in self.text.casefold().split()
        )


@dataclass(frozen=True, slots=True)
class Missing:
    """Entries that the screen never got, or no longer has."""

    count: int

    @property
    def text(self) -> str:
        return f"{self.count} {'entry' if self.count == 1 else 'entries'} not kept"


def sifted(entries: Sequence[LogEntry], which: LogFilter, expected: int = 1) -> list[LogEntry | Missing]:
    """Return the entries that pass, and where their numbers jump how many are missing."""
    out: list[LogEntry | Missing] = []
    for entry in entries:
        if entry.number > expected:
            missing = entry.number - expected
            if out and isinstance(last := out[-1], Missing):
                missing += last.count
                out.pop()
            out.append(Missing(missing))
        expected = entry.number + 1
        if which.passes(entry):
            out.append(entry)
    return out


@lru_cache(maxsize=2048)
def log_line(
    entry: LogEntry,
    width: int,
    glyphs: Glyphs,
    *,
    names: int = 8,
    unacknowledged: bool = False,
    effect: str = "",
    colour: str = "focus",
) -> Line:
    """Return one entry: time, kind, device, text, who did it, and what followed.

    ``names`` is the longest device name, ``colour`` the role of this device. Names shorten first, then the
    client's address to its port, then words are left out; a number and its unit are whole or not there.
    """
    when = formats.clock(entry.time_s)
    short = when if width >= 100 or entry.time_s >= 3600 else when[3:]
    longest = 16 if width >= 100 else 12 if width >= 60 else 6
    device = named(entry.device or "-", min(names, longest), glyphs.cut)
    room = max(
        0, width - formats.columns(short) - formats.columns(device) - 10
    )  # mark, kind and three blanks
    repeats = f" ×{entry.repeats}" if entry.repeats > 1 else ""
    who = formats.clean(entry.origin) if width >= 60 else ""
    text, origin, followed = with_effect(
        essence(formats.clean(entry.text)), who, formats.clean(effect), room - len(repeats), glyphs.cut
    )
    line: Line = [
        (glyphs.alarm if unacknowledged else " ", "alarm"),
        (f"{short} ", "label"),
        (f"{entry.kind.value:<6} ", log_look(entry)),
        (f"{device} ", colour),
        (text + repeats, "plain"),
        (origin, "label"),
    ]
    if followed:
        used = formats.columns(text + repeats + origin)
        place = min(room - formats.columns(followed) - 2, room * EFFECT_AT // 100)
        role = "strong" if followed.startswith(NO_EFFECT) else colour
        line.append((" " * max(2, place - used), "plain"))
        line += [(f"{glyphs.into} ", "label"), (followed, role)]
    return line


def whole_entry(entry: LogEntry, effect: str = "") -> str:
    """Return everything of an entry, and what followed, as text."""
    rows = {
        "time": formats.clock(entry.time_s),
        "device": entry.device,
        "by": entry.origin,
        "times": str(entry.repeats) if entry.repeats > 1 else "",
    }
    lines = [f"{name:<7}{formats.clean(text)}" for name, text in rows.items() if text]
    lines += ["", *in_lines(formats.clean(entry.text), 70)]
    if effect:
        parts = in_lines(formats.clean(effect), 63)
        lines += ["", *(f"{'then' if not place else '':<7}{part}" for place, part in enumerate(parts))]
    return "\n".join(lines)


def as_text(entries: Sequence[LogEntry | Missing]) -> str:
    """Return the log as tab-separated text with a heading, for export and copy."""
    lines = ["time_s\tkind\tdevice\ttext\torigin"]
    for e in entries:
        if isinstance(e, Missing):
            lines.append(f"\t\t\t… {e.text}\t")
        else:
            lines.append(formats.table_row(f"{e.time_s:.3f}", e.kind.value, e.device, e.text, e.origin))
    return "\n".join(lines) + "\n"
