"""Scenarios: a timeline of injections and expectations over a run, read from a file or a command line."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, Field, model_validator

from twin_tui.commands.parser import parse_event
from twin_tui.documents.durations import parse_duration
from twin_tui.documents.files import present
from twin_tui.documents.loader import NamedPlace, open_document, read_text
from twin_tui.documents.model import Complaints, Model, join
from twin_tui.documents.shipped import hides_shipped, shipped, shipped_names
from twin_tui.documents.values import Duration, Seed, Text, Title, only
from twin_tui.engine.events import Event
from twin_tui.engine.signals import value
from twin_tui.engine.view import SiteView
from twin_tui.errors import CommandError

_HEAD = re.compile(r"^(name|site): *(.+?) *$", re.MULTILINE)


_STEP_KINDS: dict[str, Any] = {
    "oneOf": [
        only("do", never=("expect", "always", "within", "for")),
        only("expect", never=("do", "always", "for")),
        only("always", "for", never=("do", "expect", "within")),
    ]
}


class StepFile(Model):
    """An entry of ``steps``."""

    model_config = ConfigDict(json_schema_extra=_STEP_KINDS)

    at: Duration
    """When, from the start of the run."""
    do: Text | None = None
    """A command, as in the console."""
    expect: Text | None = None
    """What must hold then, or come to hold within a while."""
    within: Duration | None = None
    always: Text | None = None
    """What must hold all the while."""
    span: Duration | None = Field(default=None, alias="for")
    """How long it must hold."""
    note: Text = ""

    @model_validator(mode="after")
    def _one_kind(self) -> "StepFile":
        kinds = [key for key in ("do", "expect", "always") if getattr(self, key) is not None]
        if len(kinds) != 1:
            raise ValueError("expected one of do, expect, always")
        for key, given, kind in (("within", self.within, "expect"), ("for", self.span, "always")):
            if given is not None and kinds != [kind]:
                raise ValueError(f"{key} does not go with {kinds[0]}")
        if self.always is not None and self.span is None:
            raise ValueError("always needs for, the time it must hold")
        return self

    def step(self, place: NamedPlace) -> "ScenarioStep":
        """Return the step that this entry describes."""
        kind = next(key for key in ("do", "expect", "always") if getattr(self, key) is not None)
        span = self.within if self.within is not None else self.span
        until_s = None if span is None else self.at + span
        return ScenarioStep(self.at, kind, getattr(self, kind), until_s, self.note, place)


class ScenarioFile(Model):
    """The top level of a scenario."""

    name: Title | None = None
    """The file's own if not given."""
    site: Text | None = None
    """A site file, seen from the scenario's folder, or the name of a shipped site."""
    seed: Seed | None = None
    duration: Duration | None = None
    """Of the run; a second after the last step if not given."""
    steps: list[StepFile] = Field(min_length=1)


@value
class ScenarioStep:
    """One line of a scenario: at a time do something, or expect something then, within a while, or always."""

    at_s: float
    kind: str
    """"do", "expect" or "always"."""
    text: str
    until_s: float | None = None
    """End of the while; None is at that moment only."""
    note: str = ""
    place: NamedPlace | None = None
    """File and line, for messages."""


@value
class Scenario:
    """A named timeline."""

    name: str
    steps: tuple[ScenarioStep, ...]
    duration_s: float
    site: str | None = None
    seed: int | None = None

    @classmethod
    def load(cls, path: Path) -> "Scenario":
        """Read a scenario file; raise one ConfigError with all its errors."""
        document = open_document(path)
        complaints = Complaints(document)
        file = complaints.required(ScenarioFile, document.data)
        steps = tuple(
            entry.step(NamedPlace(document.name, place, place, document))
            for entry, place in ((entry, join("steps", at)) for at, entry in enumerate(file.steps))
        )
        last = max(step.until_s if step.until_s is not None else step.at_s for step in steps)
        duration_s = file.duration if file.duration is not None else last + 1.0
        if duration_s < last:
            complaints.add("duration", f"{duration_s:g} s ends before the last step at {last:g} s")
        complaints.settle()
        site = None if file.site is None else _beside(path, file.site)
        return cls(file.name or path.stem, steps, duration_s, site, file.seed)

    def later(self, by_s: float) -> "Scenario":
        """Return the scenario with every time later."""
        steps = (
            replace(
                step, at_s=step.at_s + by_s, until_s=None if step.until_s is None else step.until_s + by_s
            )
            for step in self.steps
        )
        return replace(self, steps=tuple(steps), duration_s=self.duration_s + by_s)


def _beside(path: Path, site: str) -> str:
    """Return the site that a scenario names: a file seen from the scenario's folder, or a shipped site."""
    beside = path.parent / site
    return str(beside) if present(beside) and not hides_shipped("sites", site, path.parent) else site


def find(name: str) -> Scenario:
    """Return the scenario of a file, or the shipped one of that name; raise ConfigError."""
    path = Path(name)
    is_file = present(path) and not hides_shipped("scenarios", path)
    return Scenario.load(path if is_file else shipped("scenarios", name))


def shipped_titles(site: str) -> dict[str, str]:
    """Return the shipped scenarios with their titles, those for this site first, without checking them."""
    found: dict[str, tuple[bool, str]] = {}
    for name in shipped_names("scenarios"):
        heads = dict(_HEAD.findall(read_text(shipped("scenarios", name))))
        fits, about = heads.get("site", site) == site, heads.get("name", name)
        found[name] = not fits, about if fits else f"{about} (for site {heads['site']})"
    return {name: about for name, (_, about) in sorted(found.items(), key=lambda item: item[1][0])}


NOW = "now"


def injection(text: str, site: SiteView) -> tuple[float | None, Event]:
    """Return when (None is now) and what of a line such as "10s sag grid 0.7 2s"; raise CommandError."""
    when, _, line = text.strip().partition(" ")
    if not line:
        raise CommandError(f"{text!r}: expected a time and a command, such as '10s sag grid 0.7 2s'")
    at_s = None if when.casefold() == NOW else parse_duration(when)
    return at_s, parse_event(line, site, "command line")
