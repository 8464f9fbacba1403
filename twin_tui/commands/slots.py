"""What a verb is declared with: from it follow its usage, reader, completion, form and page."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from enum import Enum
from typing import Any

from twin_tui.commands import values
from twin_tui.engine.signals import value
from twin_tui.engine.view import Command, DeviceView, SiteView
from twin_tui.errors import CommandError


@value
class Screen:
    """The words that a screen adds to those of its site."""

    views: Sequence[str] = ()
    themes: Sequence[str] = ()
    signals: Sequence[str] = ()
    """What can be drawn over time of the chosen device."""
    panes: Mapping[str, str] = field(default_factory=dict)
    """The panes of the overview, and what each is for."""


@value
class ScreenCommand:
    """What a line asks of the screen, not of the twin: the verb and the words it was given."""

    verb: str
    words: tuple[str | float, ...] = ()


@dataclass(slots=True)
class Given:
    """What is known of a line so far: the values read, by the keys of their slots, and all known words."""

    site: SiteView
    values: Mapping[str, Any] = field(default_factory=dict)
    screen: Screen = field(default_factory=Screen)
    rounds: list[dict[str, Any]] = field(default_factory=list)
    """The values of slots that may come several times, one entry a round."""
    units: dict[str, str] = field(default_factory=dict)
    """The units that registers show, by the signals that the line names by a register."""

    def __getitem__(self, key: str) -> Any:
        return self.values.get(key)

    @property
    def device(self) -> DeviceView | None:
        """The device that the line is about, as far as it has been named."""
        return self.site.device(self.values.get("device") or "")


Words = Callable[[Given], Mapping[str, str] | Sequence[str]]
"""The possible words, each with its one-line explanation where there is one."""
Read = Callable[[str, Given], Any]


class Takes(Enum):
    """How many words a slot takes."""

    WORD = "one word"
    PAIRS = "any number of key=value"
    REST = "all words that are left"


@value
class Slot:
    """One word of a command: how it is written, read, completed and entered in a form."""

    key: str
    """The name of its value."""
    shown: str
    """How usage writes it; capitals are a name of the site, anything else is an example."""
    missing: str = ""
    """What an error calls it when it is missing."""
    _: KW_ONLY
    words: Words | None = None
    """The possible words, where there is a list of them."""
    noun: str = ""
    """What an error calls one of these words, such as "fault of {device}"."""
    read: Read | None = None
    """Reads a word; without one it is among ``words``, or any text."""
    takes: Takes = Takes.WORD
    keyword: str = ""
    """The word that comes before it; what has one may come in any order."""
    bare: bool = False
    """Whether usage and forms leave the keyword out: a number that nothing else takes is the duration."""
    optional: bool = False
    label: str = ""
    """What a form calls it; a form does not ask for what has none."""
    default: str = ""
    """What a form proposes."""
    implied: str = ""
    """The answer that means the same as none."""
    hint: str | Callable[[Given], str] = ""
    """Unit, range and default, as a form shows them."""
    parts: "Callable[[Given], Sequence[Slot]] | None" = None
    """Of key=value: what a form asks for, one slot a key."""

    def choices(self, given: Given) -> Mapping[str, str]:
        """Return the words that are possible here with their explanations, if there is a list of them."""
        found = self.words(given) if self.words is not None else ()
        return found if isinstance(found, Mapping) else dict.fromkeys(found, "")

    def hint_for(self, given: Given) -> str:
        """Return the hint, which may depend on the words before."""
        return self.hint if isinstance(self.hint, str) else self.hint(given)

    def accepts(self, word: str, given: Given) -> bool:
        """Return whether a word is complete and means something here."""
        try:
            self.value(word, given)
        except CommandError:
            return False
        return True

    def value(self, word: str, given: Given) -> Any:
        """Return what a word means; raise CommandError when it means nothing."""
        if self.read is not None:
            return self.read(word, given)
        if self.words is not None:
            return values.name(word, self.words(given), self.noun.format_map(given.values))
        return word

    @property
    def usage(self) -> str:
        """How usage writes it, in brackets where it may be left out."""
        text = self.shown if self.bare or not self.keyword else f"{self.keyword} {self.shown}"
        return f"[{text}]" if self.optional else text


@value
class Phrase:
    """One way to use a verb; with a title it is also a form."""

    make: Callable[[Given], Command | ScreenCommand]
    slots: tuple[Slot, ...] = ()
    _: KW_ONLY
    word: str = ""
    """The word after the verb that distinguishes this phrase."""
    repeats: int = 0
    """How many slots at the end may come again and again."""
    title: str = ""
    about: str = ""
    injects: bool = True
    """Whether its form is one of the injections that the menu offers."""
    button: str = "Inject"
    """What the button of its form says."""
    needs: str = ""
    """The kind of device without which it does nothing."""

    @property
    def usage(self) -> str:
        """How the slots are written; names that may be left out one after the other nest."""
        text, closing = "", ""
        for slot in self.slots:
            if slot.optional and not slot.keyword and slot.takes is Takes.WORD:
                text += f" [{slot.shown}"
                closing += "]"
            else:
                text += f"{closing} {slot.usage}"
                closing = ""
        if self.repeats:
            text += f" [{' '.join(slot.shown for slot in self.slots[-self.repeats :])} ...]"
        return text + closing


class Verb:
    """One verb of the command language; each of its examples works on the shipped site ``home``."""

    def __init__(
        self, name: str, help: str, *phrases: Phrase, examples: Sequence[tuple[str, str]], filler: str = ""
    ) -> None:
        self.name = name
        self.help = help
        self.phrases = phrases
        self.examples = examples
        self.filler = filler
        """A word behind the verb that changes nothing."""

    def start(self, phrase: Phrase) -> str:
        """Return the words with which a form begins this phrase."""
        return " ".join(word for word in (self.name, self.filler, phrase.word) if word)

    @property
    def usages(self) -> list[str]:
        """How each phrase is written."""
        filler = f" [{self.filler}]" if self.filler else ""
        return [
            f"{self.name}{filler}{' ' * bool(phrase.word)}{phrase.word}{phrase.usage}"
            for phrase in self.phrases
        ]

    @property
    def usage(self) -> str:
        return " | ".join(self.usages)


class Group:
    """Verbs that belong together."""

    def __init__(self, title: str, *verbs: Verb) -> None:
        self.title = title
        self.verbs = verbs


def number(
    what: str, unit: str = "", low: float = -math.inf, high: float = math.inf, *, whole: bool = False
) -> Read:
    """Return the reader of a number in SI units that lies in a range."""
    kind = "a whole number from " if whole else ""

    def read(word: str, given: Given) -> float:
        found = values.number(word, what, unit)
        if not low <= found <= high or (whole and found != int(found)):
            raise CommandError(f"{what}: expected {kind}{low:.12g} to {high:.12g}, not {found:g}")
        return found

    return read


def seconds(what: str) -> Read:
    """Return the reader of a duration."""
    return lambda word, given: values.seconds(word, what)


def duration(usual: str, *, label: str = "Duration", bare: bool = True, default: str | None = None) -> Slot:
    """Return the slot of how long something lasts; a form proposes what usage shows by default."""
    return Slot(
        "duration",
        usual,
        keyword="for",
        bare=bare,
        optional=True,
        read=seconds("duration"),
        label=label,
        default=usual if default is None else default,
        hint="2s, 500ms, 2m; empty: until cleared",
    )
