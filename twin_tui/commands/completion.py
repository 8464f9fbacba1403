"""What may come next on a command line, and what was typed before."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from twin_tui.commands import values
from twin_tui.commands.parser import begin
from twin_tui.commands.slots import Given, Screen, Verb
from twin_tui.commands.verbs import VERBS
from twin_tui.engine.signals import value
from twin_tui.engine.view import SiteView
from twin_tui.errors import CommandError

Rank = Callable[[str, Mapping[str, str]], Sequence[str]]
"""Returns the words that a text may mean, best first."""


@value
class NextWord:
    """What may come at the end of a line: the word that is begun, and what it may become."""

    begun: str
    choices: Mapping[str, str]
    """The possible words with their explanations."""
    verb: Verb | None = None
    slot: str = ""
    """What the word is, with unit, range and default."""
    refusal: str = ""
    """Why the words before it mean nothing."""

    def words(self, rank: Rank | None = None) -> list[str]:
        """Return the words that begin like this, or else those that are similar."""
        found = _matching(self.begun, self.choices)
        return found or list(rank(self.begun, self.choices) if rank is not None and self.begun else ())


def next_word(line: str, site: SiteView, screen: Screen | None = None) -> NextWord:
    """Return what may come at the end of a line."""
    before, _, begun = line.removeprefix(":").lstrip().rpartition(" ")
    if not before:
        return NextWord(begun, {verb.name: verb.help for verb in VERBS.values()}, VERBS.get(begun.casefold()))
    phrases: dict[str, str] = {}
    verb: Verb | None = None
    try:
        words = deque(values.split(before))
        verb = VERBS.get(words.popleft().casefold()) if words else None
        if verb is None:
            return NextWord(begun, {})
        phrases = {phrase.word: phrase.about for phrase in verb.phrases if phrase.word and not words}
        reading = begin(verb, words, Given(site, screen=screen or Screen()))
        for word in words:
            reading.take(word)
    except CommandError as error:
        return NextWord(begun, phrases, verb, refusal="" if phrases else str(error))
    return NextWord(begun, {**phrases, **reading.next_words()}, verb, reading.next_slot())


def completions(
    line: str, site: SiteView, screen: Screen | None = None, rank: Rank | None = None
) -> list[str]:
    """Return the whole words that the end of the line may become, best first."""
    return next_word(line, site, screen).words(rank)


def complete(line: str, site: SiteView, screen: Screen | None = None, rank: Rank | None = None) -> str:
    """Return the line with its last word completed as far as that is certain."""
    found = completions(line, site, screen, rank)
    if not found:
        return line
    head, blank, _ = line.rpartition(" ")
    if len(found) == 1:
        return f"{head}{blank}{found[0]} "
    shared = found[0]
    if not _matching(line[len(head) + len(blank) :].removeprefix(":"), found):
        return f"{head}{blank}{shared}"  # only similar to what was typed: the best of them
    while not all(word.startswith(shared) for word in found):
        shared = shared[:-1]
    return f"{head}{blank}{shared}" if len(shared) > len(line) - len(head) - len(blank) else line


def _matching(begun: str, known: Iterable[str]) -> list[str]:
    plain = begun.casefold().replace("_", "-")
    return [word for word in known if word.casefold().replace("_", "-").startswith(plain)]


@dataclass
class LineHistory:
    """The command lines of this session, newest last, and the place while walking through them."""

    lines: list[str] = field(default_factory=list)
    most: int = 200
    _place: int = 0
    _draft: str = ""

    def add(self, line: str) -> None:
        """Remember a line that was carried out; a repeated one is kept once."""
        if line in self.lines:
            self.lines.remove(line)
        self.lines.append(line)
        del self.lines[: -self.most]
        self.leave()

    def leave(self) -> None:
        """Move behind the newest line again."""
        self._place = len(self.lines)

    def older(self, draft: str) -> str:
        """Return the line before; ``draft`` is kept for the way back."""
        if self._place >= len(self.lines):
            self._place = len(self.lines)
            self._draft = draft
        self._place = max(0, self._place - 1)
        return self.lines[self._place] if self.lines else draft

    def newer(self) -> str:
        """Return the line after, and at the end what had been typed."""
        self._place = min(len(self.lines), self._place + 1)
        return self.lines[self._place] if self._place < len(self.lines) else self._draft
