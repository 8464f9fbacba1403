"""Lines of text with roles: what the pure drawing functions return and the widgets turn into strips."""

import re
from collections.abc import Sequence

from twin_tui.engine.formats import clean, columns, fit

Span = tuple[str, str]
"""Text and its role, a key of ``line_view.ROLE_STYLES``."""
Line = list[Span]

LEAST_NAMED, KEPT_END = 8, 3
"""The columns from which a name keeps its end, and how many of them the end has."""
SHORT_NAME = 16
"""The columns that a shortened name keeps."""
_NAME = re.compile(rf"""(?<!\w)'[^']*'(?!\w)|"[^"]*"|\S*/\S*|\S{{{SHORT_NAME},}}""")

HUNG = "-hung"
"""Behind the role of a kind: foreground and background exchanged, so that a block hangs from the top."""


_ASCII = str.maketrans("→←…−–×±°µ²·", "><~--x~'u2.")


def ascii_only(text: str) -> str:
    """Return the text with as many characters, all of them ASCII: data may hold what no drawing does."""
    return text.translate(_ASCII).encode("ascii", "replace").decode()


def rule(title: str, width: int, dash: str, right: str = "") -> Line:
    """Return a heading line: a title in a rule, with a remark at the right end."""
    head = f"{dash * 2} {title} "
    tail = f" {right} {dash}" if right else ""
    room = width - columns(head) - columns(tail)
    if room < 0:
        return [(fit(head, width, ""), "focus")]
    return [
        (dash * 2, "rule"),
        (f" {title} ", "focus"),
        (dash * room, "rule"),
        *([(f" {right} ", "label"), (dash, "rule")] if right else []),
    ]


def cut(line: Sequence[Span], width: int, mark: str = "…") -> Line:
    """Return the line at exactly ``width`` columns; a cut one says so."""
    out: Line = []
    room = width
    for text, role in line:
        if not text:
            continue
        if columns(text) > room:
            if room > 0:
                out.append((fit(text, room, mark) if room > 1 else mark, role))
            elif out and width > 0:
                last, last_role = out[-1]
                out[-1] = (fit(last[:-1] + mark, columns(last)), last_role)
            return out
        out.append((text, role))
        room -= columns(text)
    if room > 0:
        out.append((" " * room, "plain"))
    return out


def shortened(text: str, width: int) -> str:
    """Return a message with its paths and long names shortened until it fits; reasons and numbers stay."""
    while (excess := columns(text) - width) > 0:
        names = [each for each in _NAME.finditer(text) if columns(each[0]) > SHORT_NAME]
        if not names:
            return text
        longest = max(names, key=lambda each: columns(each[0]))
        kept = max(SHORT_NAME, columns(longest[0]) - excess) - 1
        tail = longest[0][1:]
        while columns(tail) > kept:
            tail = tail[1:]
        text = f"{text[: longest.start()]}…{tail}{text[longest.end() :]}"
    return text


def named(name: str, width: int, mark: str = "…") -> str:
    """Return a name at exactly so many columns; a cut one keeps its end, which tells it from others."""
    name = clean(name)
    if columns(name) <= width or width < LEAST_NAMED:
        return fit(name, width, mark)
    end = name
    while columns(end) > KEPT_END:
        end = end[1:]
    room = width - columns(end) - len(mark)
    head = name
    while columns(head) > room:
        head = head[:-1]
    return fit(head + mark + end, width, mark)


def merged(line: Sequence[Span]) -> Line:
    """Return the line with neighbours of one role as one span: each span costs an escape sequence."""
    out: Line = []
    for text, role in line:
        if out and (out[-1][1] == role or (role == "plain" and text.isspace() and out[-1][1] != "fresh")):
            out[-1] = (out[-1][0] + text, out[-1][1])
        elif text:
            out.append((text, role))
    return out
