"""What can be injected, as forms: fields in, one command line out. A dialog shows them, a test reads them."""

from collections import deque
from collections.abc import Mapping

from twin_tui.commands import values
from twin_tui.commands.device import outcome
from twin_tui.commands.parser import begin, parse
from twin_tui.commands.slots import Given, Phrase, Slot, Verb
from twin_tui.commands.verbs import VERBS
from twin_tui.engine.disturbance import Disturbance, Shape
from twin_tui.engine.events import Disturb
from twin_tui.engine.signals import value
from twin_tui.engine.view import SiteView

Answers = Mapping[str, str]
PREVIEW_POINTS = 40


@value
class Form:
    """One phrase of a verb as a form: what it asks and the command line that the answers make."""

    verb: Verb
    phrase: Phrase

    @property
    def key(self) -> str:
        """The words that name the form, such as "sag" or "freq step"."""
        return f"{self.verb.name} {self.phrase.word}".rstrip()

    def fields(self, site: SiteView, answers: Answers) -> tuple[Slot, ...]:
        """Return what the form asks for after these answers: a mode brings its own parameters."""
        given = Given(site, answers)
        asked = [slot for slot in self.phrase.slots if slot.label]
        return (*asked, *(part for slot in self.phrase.slots if slot.parts for part in slot.parts(given)))

    def possible(self, site: SiteView) -> bool:
        """Return whether the site has what the form is about."""
        if self.phrase.needs and not any(device.kind == self.phrase.needs for device in site.devices):
            return False
        answers: dict[str, str] = {}
        for field in self.fields(site, answers):
            found = field.choices(Given(site, answers))
            if not found and field.noun:
                return False
            answers[field.key] = next(iter(found), "")
        return True

    def build(self, site: SiteView, answers: Answers) -> str:
        """Return the command line that the answers make."""
        words = [self.verb.start(self.phrase)]
        for field in self.fields(site, answers):
            answer = answers.get(field.key, "").strip()
            if not answer or answer == field.implied:
                continue
            if field not in self.phrase.slots:
                words.append(_quoted(f"{field.key}={answer}"))
            else:
                words.append(f"{'' if field.bare else field.keyword} {_quoted(answer)}".strip())
        return " ".join(words)


FORMS = tuple(Form(verb, phrase) for verb in VERBS.values() for phrase in verb.phrases if phrase.title)
BY_KEY: Mapping[str, Form] = {form.key: form for form in FORMS}
INJECTIONS = tuple(form for form in FORMS if form.phrase.injects)


def is_injection(line: str, site: SiteView) -> bool:
    """Return whether a valid line is one of the injections that the menu offers, however it was given."""
    words = deque(values.split(line.strip().removeprefix(":")))
    verb = VERBS[words.popleft().casefold()]
    phrase = begin(verb, words, Given(site)).phrase
    return any(form.phrase is phrase for form in INJECTIONS)


def preview(line: str, site: SiteView) -> tuple[str, tuple[float, ...]]:
    """Return what a valid line would do, and the course of a disturbance for drawing."""
    command = parse(line, site)
    if isinstance(command, Disturb):
        return command.disturbance.text(), course(command.disturbance)
    return outcome(command, site), ()


def course(disturbance: Disturbance) -> tuple[float, ...]:
    """Return the magnitude over the disturbance's time, a little before and after it included."""
    lasting = disturbance.duration_s
    if lasting is None:
        periods = 2 * disturbance.period_s if disturbance.shape is Shape.SINE else 0.0
        lasting = periods or 2 * disturbance.ramp_s or 10.0
        after = disturbance
    else:
        after = None
    neutral = disturbance.target.neutral
    points = []
    for place in range(PREVIEW_POINTS):
        elapsed = (place / (PREVIEW_POINTS - 1) * 1.3 - 0.15) * lasting
        inside = elapsed >= 0 and (elapsed < lasting or after is not None)
        points.append(disturbance.at(elapsed) if inside else neutral)
    return tuple(points)


def _quoted(answer: str) -> str:
    answer = answer.strip().replace('"', "")
    return f'"{answer}"' if any(c.isspace() or c in "'\\" for c in answer) else answer
