"""The text of a log entry in so much room: names shorten, an address keeps its port, no number is cut."""

import re
from collections.abc import Iterator
from functools import lru_cache

from twin_tui.engine.formats import columns

_NUMBER = r"[-+−±×]?\d[\d.,:]*(?:e[-+]?\d+)?"
_WHOLE = re.compile(rf"{_NUMBER} (?:[^\W\d_]{{1,4}}(?:/[a-z0-9]+)?|%)[,;:)]*(?=\s|$)|\S+")
"""A word, or a number with its unit."""
_NAME = re.compile(r"[^\W\d]\w*_\w*")
_CHANGE = re.compile(r"(?:\d+ )?\w+ [^→\s][^→]* → |→ ")
"""How a written value begins: with its name and what it was."""
_OPTION = re.compile(r"(?<=\d) \(([^()]*)\)")
"""The name of an option behind its number."""
_REGISTER = re.compile(r"fc\d\d (\d+ \S+ .+?)(?: \(raw [^)]*\))?$")
_LENGTHS = (16, 10, 6, 4)
"""The columns that names keep, one after the other."""
_OPTION_LENGTHS = (10, 6)
"""The columns that names of options keep, one after the other, before other names shorten."""
LONG_WORD = 24
"""The columns from which a word is cut in place of being left out."""
LEAST_WORD = 8
"""The columns from which a cut word says something."""
LEAST_CHANGE = 10
"""The columns of a change of a value without a name."""
NO_EFFECT = "no effect"
"""How an effect begins that says why nothing followed."""
LEAST_WITH_EFFECT = 30
"""The columns from which a text has its effect beside it."""
READABLE = 10
"""The columns that names keep before an effect is shortened."""
SHORT = 6
"""The columns that names keep before an effect says no more after what time."""
_VALUE = re.compile(r"\S+ kW")
_MOVED = re.compile(r"P \S+ → (\S+ kW) after (\S+ s)(?:, asked \S+)?(?:(?:: |, then )(.*))?")
"""An effect that moved the power: to what, after how long, and what binds it or came then."""


def without_middle(name: str, longest: int, mark: str) -> str:
    """Return a name without its middle, so that names with one beginning stay different."""
    if len(name) <= longest:
        return name
    room = longest - len(mark)
    end = room // 3 if room >= 5 else 0
    return name[: room - end].rstrip() + mark + name[len(name) - end :]


def _short_names(text: str, longest: int, mark: str) -> str:
    return _NAME.sub(lambda each: without_middle(each[0], longest, mark), text)


def _short_options(text: str, longest: int, mark: str) -> str:
    """Return a text with the names of options so short, but those that have a number in them whole."""

    def short(found: re.Match[str]) -> str:
        name = found[1]
        if columns(name) <= longest or any(each.isdigit() for each in name):
            return found[0]
        end = min(3, longest - len(mark) - 2)
        return f" ({name[: longest - len(mark) - end].rstrip()}{mark}{name[len(name) - end :]})"

    return _OPTION.sub(short, text)


def _begun(word: str, room: int, mark: str) -> str:
    """Return the beginning of a long word and the mark of a cut in so much room, "" where a number begins."""
    room = max(0, room - len(mark))
    head = word[:room]
    while columns(head) > room:
        head = head[:-1]
    head = head.rstrip("0123456789.,:+-−" + mark)
    return head + mark if columns(head) >= LEAST_WORD else ""


def _has_beginning(shown: str, text: str, mark: str) -> bool:
    """Return whether a shortened text begins as the whole one does, with an address or a name."""
    first, head = essence(text).partition(" ")[0], shown.partition(" ")[0]
    begins, cut, ends = head.partition(mark)
    return head == first or bool(cut and begins and first.startswith(begins) and first.endswith(ends))


def essence(text: str) -> str:
    """Return the part of an entry that says what happened: of a client's write the register that it wrote.

    One quantity, one name: the signal behind the register is in the whole entry.
    """
    signals, gap, wire = text.partition("  ")
    if not gap:
        return text
    parts = [_REGISTER.match(part) for part in wire.split(", ")]
    return ", ".join(part[1] for part in parts if part) if all(parts) else signals


def _shorter(text: str, mark: str) -> Iterator[str]:
    """Yield a text shorter and shorter; at last only what was set."""
    yield text
    brief = essence(text)
    yield brief
    if not _CHANGE.match(brief):
        for longest in _LENGTHS:
            yield _short_names(brief, longest, mark)
        return
    if _OPTION.search(brief):
        for longest in _OPTION_LENGTHS:
            brief = _short_options(brief, longest, mark)
            yield brief
        for longest in _LENGTHS[:2]:
            yield _short_names(brief, longest, mark)
        brief = _OPTION.sub("", brief)
    for longest in _LENGTHS:
        yield _short_names(brief, longest, mark)
    changes = brief.split(", ")
    for kept in range(len(changes) - 1, 0, -1):
        yield f"{_short_names(', '.join(changes[:kept]), 4, mark)} +{len(changes) - kept}"
    more = f" +{len(changes) - 1}" if len(changes) > 1 else ""
    before, arrow, after = changes[0].partition(" → ")
    if arrow:
        yield f"{before.rpartition(' ')[2]} → {after}{more}"
        yield f"→ {after}{more}"
        yield f"→ {after}"


def in_room(text: str, room: int, mark: str = "…") -> str:
    """Return a text in so many columns: names shorten first, then whole words are left out at the end."""
    shorter = text
    for shorter in _shorter(text, mark):
        if columns(shorter) <= room:
            return shorter
    kept = ""
    for word in _WHOLE.findall(shorter):
        if columns(f"{kept} {word} {mark}".strip()) > room:
            begun = (
                _begun(word, room - columns(f"{kept} ".lstrip()), mark) if columns(word) > LONG_WORD else ""
            )
            if begun:
                return f"{kept} {begun}".strip()
            break
        kept = f"{kept} {word}".strip()
    if kept.endswith(mark):
        return kept
    return f"{kept} {mark}".strip() if room >= len(mark) else ""


def in_lines(text: str, width: int) -> list[str]:
    """Return a text in lines of so many columns; a number stays beside its unit."""
    lines = [""]
    for word in _WHOLE.findall(text):
        longer = f"{lines[-1]} {word}".lstrip()
        if lines[-1] and columns(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def port_of(origin: str) -> str:
    """Return the TCP port of a client's address, as in ":42022"; other origins as they are."""
    address, colon, port = origin.rpartition(":")
    return f":{port}" if colon and address and port.isdigit() else origin


def with_origin(text: str, origin: str, room: int, mark: str = "…") -> tuple[str, str]:
    """Return text and origin in so much room: the address is cut to its port, or left out, before a value."""
    whole = in_room(text, room, mark)
    if not origin:
        return whole, ""
    origins = (f"  {origin}", f"  {port_of(origin)}")
    for shown in origins:
        kept = in_room(text, room - columns(shown), mark)
        if _has_beginning(kept, text, mark):
            return kept, shown
    for shown in origins:
        kept = in_room(text, room - columns(shown), mark)
        if not kept.startswith(("→", mark)) and (kept or not text):
            return kept, shown
    return (kept, shown) if whole.startswith(("→", mark)) else (whole, "")


def _effects(effect: str, mark: str) -> list[str]:
    """Return an effect shorter and shorter: words are left out, a number is whole or not there."""
    moved = _MOVED.fullmatch(effect)
    if moved:
        reached, after, reason = moved.groups()
        because = [f"{reached} after {after}: {reason}", f"{reached}: {reason}"] if reason else []
        return [effect, *because, f"{reached} after {after}", f"{reached} in {after}", reached]
    words = _WHOLE.findall(effect)
    shorter = [f"{' '.join(words[:kept])} {mark}" for kept in range(len(words) - 1, 2, -1)]
    return [effect, *shorter, *([NO_EFFECT] if effect.startswith(NO_EFFECT) else [])]


@lru_cache(maxsize=1024)
def with_effect(text: str, origin: str, effect: str, room: int, mark: str = "…") -> tuple[str, str, str]:
    """Return text, origin and effect for so much room; an effect takes two columns and an arrow more.

    The client's address is cut to its port, then names shorten to ``READABLE`` columns, then the effect
    shortens, then names and words further.
    """
    if effect and room >= LEAST_WITH_EFFECT:
        brief, port = essence(text), port_of(origin)
        left = room - columns(effect) - 4
        if columns(brief) + 2 + columns(origin) <= left:
            return *with_origin(text, origin, left, mark), effect
        change = _CHANGE.match(brief) is not None
        other = columns(port) + 2 if port else 0
        forms = _effects(effect, mark)
        usual = [form for form in forms if form != NO_EFFECT]
        passes = [(min(room // 2, columns(text)), usual), (room // 3, forms)]
        if change:
            timed = [form for form in usual if not _VALUE.fullmatch(form)]
            tries = ((READABLE, timed), (SHORT, timed), (READABLE, usual), (4, usual))
            named = [(columns(_short_names(brief, longest, mark)), tried) for longest, tried in tries]
            passes = [*named, (LEAST_CHANGE, forms)]
        for least, tried in passes:
            for form in tried:
                left = room - columns(form) - 4
                if left < least + other:
                    continue
                shown, who = with_origin(text, port, left, mark)
                if not shown.startswith((mark, "→")):
                    return shown, who, form
    return *with_origin(text, origin, room, mark), ""
