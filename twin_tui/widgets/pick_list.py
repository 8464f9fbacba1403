"""A list to choose from: each word with its explanation, the best matches first while somebody types."""

import re
from collections.abc import Mapping, Sequence

from textual.fuzzy import Matcher
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from twin_tui.engine.formats import clean, columns, fit

LONGEST_WORD = 36
"""The columns that the words may have before their explanations."""
LONGEST_QUERY = 24
"""The matcher tries every way to spread the letters; a longer text is only looked for as it is."""


def ranked(query: str, choices: Mapping[str, str]) -> list[str]:
    """Return the words that match a text, best first: by their letters, then by their explanations."""
    text = query.strip().casefold()
    if not text:
        return list(choices)
    matcher = Matcher(text)
    scores: dict[str, float] = {}
    for word, meaning in choices.items():
        plain = word.casefold()
        if plain.startswith(text):
            scores[word] = 1e6 - len(plain)
        elif text in plain or len(text) > LONGEST_QUERY:
            scores[word] = 1e3 if text in plain else 0.0
        else:
            scores[word] = matcher.match(plain[:LONGEST_WORD])
        if not scores[word]:
            about = meaning.casefold()
            similar = len(text) <= LONGEST_QUERY and any(map(matcher.match, re.findall(r"\w+", about)))
            scores[word] = 1e-3 if text in about else 1e-4 if similar else 0.0
    return sorted((word for word, score in scores.items() if score), key=lambda word: -scores[word])


def rows(words: Sequence[str], choices: Mapping[str, str], width: int, mark: str) -> list[str]:
    """Return one line a word, its explanation behind it, all within the width."""
    longest = min(LONGEST_WORD, max((columns(word) for word in words), default=0))
    return [
        fit(f"{fit(clean(word), longest, mark)}  {clean(choices[word])}", max(1, width), mark).rstrip()
        for word in words
    ]


class PickList(OptionList, can_focus=False):
    """The list beneath a field or a search line, which keep the focus and move its cursor."""

    DEFAULT_CSS = """
    PickList { height: auto; border: none; padding: 0; background: $surface; scrollbar-size-vertical: 1; }
    """

    def __init__(self, mark: str) -> None:
        super().__init__(markup=False, compact=True)
        self.mark = mark
        self.words: list[str] = []
        self._choices: Mapping[str, str] = {}
        self._width = 0

    def offer(self, words: Sequence[str], choices: Mapping[str, str], chosen: str = "") -> None:
        """Show these words, the chosen one under the cursor."""
        width = self.scrollable_content_region.width or self.size.width
        if list(words) != self.words or choices != self._choices or width != self._width:
            self.words, self._choices, self._width = list(words), choices, width
            self.clear_options()
            self.add_options(Option(row) for row in rows(self.words, choices, width, self.mark))
        if self.words:
            self.highlighted = self.words.index(chosen) if chosen in self.words else 0

    def on_resize(self) -> None:
        """Cut the explanations to the width."""
        self.offer(self.words, self._choices, self.word)

    @property
    def word(self) -> str:
        """The word under the cursor, if there is one."""
        place = self.highlighted
        return self.words[place] if place is not None and place < len(self.words) else ""

    def move(self, by: int) -> str:
        """Move the cursor, round the ends, and return the word under it."""
        if self.words:
            self.highlighted = ((self.highlighted or 0) + by) % len(self.words)
        return self.word
