"""What is shown above the `:` line: usage and explanation of its verb, and what the next word may be."""

import textwrap
from collections.abc import Sequence

from twin_tui.commands.completion import NextWord
from twin_tui.commands.verbs import VERBS
from twin_tui.engine.formats import clean, columns, fit
from twin_tui.widgets.pick_list import ranked
from twin_tui.widgets.spans import Line

ROWS = 6
"""Lines above the `:` line: usage, explanation and words."""
LEAST_ROWS = 1
LONGEST = 34
"""Columns of a word before its explanation."""


def command_lines(word: NextWord, width: int, rows: int, cut: str) -> list[Line]:
    """Return lines about the verb that is typed and the word that comes next, the best match first."""
    found = word.words(ranked)
    verb = word.verb or (VERBS.get(found[0]) if word.begun and found and not word.slot else None)
    about: list[Line] = []
    if verb is not None:
        explained = textwrap.wrap(verb.help, max(8, width - 2))[:2]
        about = [
            [(fit(f": {verb.usage}", width, cut), "focus")],
            *([(fit(f"  {line}", width, cut).rstrip(), "plain")] for line in explained),
        ]
    following: list[Line] = []
    if word.refusal:
        following = [[(fit(f"  {clean(word.refusal)}", width, cut), "alarm")]]
    elif word.slot and not found:
        following = [[(fit(f"  {word.slot}", width, cut), "strong")]]
    room = max(1, rows - len(about) - len(following))
    if found and (word.begun or len(found) <= room):
        following += _explained(word, found[:room], width, cut)
    elif found:
        following += _in_rows(found, width, room, cut)
    return [*about, *following][:rows] if rows > LEAST_ROWS else (following or about)[:rows]


def _explained(word: NextWord, found: Sequence[str], width: int, cut: str) -> list[Line]:
    longest = min(LONGEST, width - 5, max(map(columns, found), default=0))
    return [
        [
            (f"  {fit(clean(each), longest, cut)}  ", "focus" if place == 0 else "plain"),
            (fit(clean(word.choices.get(each, "")), max(1, width - longest - 4), cut), "label"),
        ]
        for place, each in enumerate(found)
    ]


def _in_rows(words: Sequence[str], width: int, rows: int, cut: str) -> list[Line]:
    """Return words beside each other, as many as have room."""
    lines = [""]
    for word in map(clean, words):
        if lines[-1] and columns(lines[-1]) + columns(word) + 2 > width:
            if len(lines) == rows:
                lines[-1] = fit(f"{lines[-1]}  {cut}", width, cut)
                break
            lines.append("")
        lines[-1] += f"  {word}"
    return [[(line if columns(line) <= width else fit(line, width, cut), "label")] for line in lines]
