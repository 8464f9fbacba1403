"""Reads a command line: one language for the `:` line, the palette, the dialogs and scenarios."""

from collections import deque
from collections.abc import Iterable
from typing import Any

from twin_tui.commands import values
from twin_tui.commands.screen import SCREEN
from twin_tui.commands.slots import Given, Phrase, Screen, ScreenCommand, Slot, Takes, Verb
from twin_tui.commands.verbs import VERBS
from twin_tui.engine.events import Event
from twin_tui.engine.view import Command, SiteView
from twin_tui.errors import CommandError, did_you_mean


def parse(
    line: str, site: SiteView, origin: str = "console", screen: Screen | None = None
) -> Command | ScreenCommand:
    """Return the command that a line means on this site; raise CommandError with the nearest right word."""
    words = deque(values.split(line.strip().removeprefix(":")))
    if not words:
        raise CommandError("an empty command; try help")
    name = words.popleft()
    verb = VERBS.get(name.casefold())
    if verb is None:
        raise CommandError(
            f"unknown command {name!r}{did_you_mean(name.casefold(), VERBS) or '; ? lists them'}"
        )
    reading = begin(verb, words, Given(site, screen=screen or Screen()))
    for word in reading.joined(words):
        reading.take(word)
    command = reading.command()
    return command.by(origin) if isinstance(command, Event) else command


def parse_event(line: str, site: SiteView, origin: str = "scenario") -> Event:
    """Return the event that a line means, for a scenario; refuse what only steers the run or the screen."""
    verb = line.strip().removeprefix(":").partition(" ")[0]
    if verb.casefold() in {each.name for each in SCREEN.verbs}:
        raise CommandError(f"{verb!r} steers the screen and is no event")
    command = parse(line, site, origin)
    if not isinstance(command, Event):
        raise CommandError(f"{verb!r} steers the run and is no event")
    return command


def begin(verb: Verb, words: deque[str], given: Given) -> "Reading":
    """Take the words off that say which phrase of a verb is meant; return what reads the others."""
    if verb.filler and words and words[0].casefold() == verb.filler:
        words.popleft()
    worded = {phrase.word: phrase for phrase in verb.phrases if phrase.word}
    plain = next((phrase for phrase in verb.phrases if not phrase.word), None)
    if words and words[0].casefold() in worded:
        return Reading(verb, worded[words.popleft().casefold()], given)
    if plain is not None:
        return Reading(verb, plain, given)
    if words and is_number(words[0]):
        return Reading(verb, verb.phrases[0], given)
    *others, last = worded
    if not words:
        raise CommandError(f"{verb.name}: {', '.join(others)} or {last} is missing; usage: {verb.usage}")
    return Reading(verb, worded[values.name(words.popleft(), worded, f"word after {verb.name}")], given)


def is_number(word: str) -> bool:
    """Return whether a word begins as numbers do."""
    return word[:1].isdigit() or word[:1] in ("+", "-", ".", ",", "−")


class Reading:
    """Gives each word of a line to the slot it belongs to, and says what may come next."""

    def __init__(self, verb: Verb, phrase: Phrase, given: Given) -> None:
        self.verb = verb
        self.phrase = phrase
        self.given = given
        self._values: dict[str, Any] = {}
        given.values = self._values
        single = [slot for slot in phrase.slots if not slot.keyword and slot.takes is Takes.WORD]
        self._needed = deque(slot for slot in single if not slot.optional)
        self._open = deque(slot for slot in single if slot.optional)
        self._keyed = {slot.keyword: slot for slot in phrase.slots if slot.keyword}
        self._many = next((slot for slot in phrase.slots if slot.takes is not Takes.WORD), None)
        self._repeated = phrase.slots[len(phrase.slots) - phrase.repeats :]
        self._awaited: Slot | None = None

    def joined(self, words: Iterable[str]) -> list[str]:
        """Return words with units joined to their numbers ("90 %", "5 kW"); free text stays as it is."""
        found: list[str] = []
        free = any(slot.takes is Takes.REST for slot in self.phrase.slots)
        for word in words:
            if not free and found and word in values.UNITS and values.is_bare(found[-1]):
                found[-1] += word
            else:
                found.append(word)
        return found

    def take(self, word: str) -> None:
        """Read the next word; raise CommandError when it means nothing."""
        slot = self._awaited
        if slot is None and self._is_keyword(word):
            self._awaited = self._keyed[word.casefold()]
            return
        self._awaited = None
        slot = slot or self._slot(word)
        self._put(slot, slot.value(word, self.given))

    def command(self) -> Command | ScreenCommand:
        """Return what the words mean together; raise CommandError when one is missing."""
        if self._awaited is not None:
            raise self._refused(f"a value after {self._awaited.keyword} is missing")
        if self._needed:
            slot = self._needed[0]
            raise self._refused(f"{slot.missing.format_map(self._values)} is missing")
        for slot in self._keyed.values():
            if not slot.optional and slot.key not in self._values:
                example = f"{slot.keyword} {slot.shown}"
                raise CommandError(f"{self._name}: say {slot.keyword} how long, such as {example}")
        return self.phrase.make(self.given)

    def next_words(self) -> dict[str, str]:
        """Return the words that may come next, with their explanations."""
        found: dict[str, str] = {}
        for slot in self._next_slots():
            found |= slot.choices(self.given)
        if self._awaited is None and not self._needed:
            left = {key: slot for key, slot in self._keyed.items() if slot.key not in self._values}
            found |= {key: slot.hint_for(self.given) or slot.shown for key, slot in left.items()}
        return found

    def next_slot(self) -> str:
        """Return what the next word is, with unit, range and default; "" when none is expected."""
        slot = next(iter(self._next_slots()), None)
        if slot is None:
            return ""
        name = slot.shown if slot.shown.isupper() else f"{slot.key}, such as {slot.shown}"
        hint = slot.hint_for(self.given)
        return f"{name}: {hint}" if hint else name

    def _next_slots(self) -> list[Slot]:
        if self._awaited is not None or self._needed:
            return [self._awaited or self._needed[0]]
        return [*list(self._open)[:1], *self._repeated[:1], *([self._many] if self._many else [])]

    @property
    def _name(self) -> str:
        return f"{self.verb.name} {self.phrase.word}".rstrip()

    def _is_keyword(self, word: str) -> bool:
        return not self._needed and word.casefold() in self._keyed

    def _slot(self, word: str) -> Slot:
        if self._needed:
            return self._needed.popleft()
        if self._many is not None and (self._many.takes is Takes.REST or "=" in word):
            return self._many
        if "for" in self._keyed and is_number(word):
            return self._keyed["for"]
        if self._open:
            return self._open.popleft()
        if self._repeated:
            self._needed.extend(self._repeated)
            return self._needed.popleft()
        raise self._unexpected(word)

    def _put(self, slot: Slot, found: Any) -> None:
        if slot.takes is Takes.PAIRS:
            key, value = found
            self._values.setdefault(slot.key, {})[key] = value
        elif slot.takes is Takes.REST:
            self._values.setdefault(slot.key, []).append(found)
        elif slot in self._repeated:
            if slot is self._repeated[0]:
                self.given.rounds.append({})
            self.given.rounds[-1][slot.key] = self._values[slot.key] = found
        elif slot.key in self._values:
            raise CommandError(f"{self.verb.name}: {slot.keyword or slot.key} is given twice")
        else:
            self._values[slot.key] = found

    def _unexpected(self, word: str) -> CommandError:
        for other in self.verb.phrases:
            if any(slot.keyword == word.casefold() for slot in other.slots):
                return CommandError(f"{self._name}: {word} belongs to {other.word}")
        if self._keyed:
            return self._refused(f"unexpected {word!r}{did_you_mean(word.casefold(), self._keyed)}")
        return self._refused(f"{word!r} is too many")

    def _refused(self, why: str) -> CommandError:
        return CommandError(f"{self.verb.name}: {why}; usage: {self.verb.usage}")
