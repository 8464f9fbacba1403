"""Scenarios: a timeline of injections and expectations over a run, read from a file or a command line."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twin_tui.commands.parser import parse_event
from twin_tui.documents.durations import parse_duration
from twin_tui.documents.loader import read_document
from twin_tui.documents.shipped import shipped
from twin_tui.engine.events import Event
from twin_tui.engine.view import SiteView
from twin_tui.errors import CommandError, ConfigError, TwinError, did_you_mean

_TOP_KEYS = ("name", "site", "seed", "duration", "steps")
_STEP_KEYS = ("at", "do", "expect", "within", "always", "for", "note")
_SPANS = {"expect": "within", "always": "for"}


@dataclass(slots=True, frozen=True)
class ScenarioStep:
    """One line of a scenario: at a time do something, or expect something then, within a while, or always."""

    at_s: float
    kind: str
    """"do", "expect" or "always"."""
    text: str
    until_s: float | None = None
    """End of the while; None is at that moment only."""
    note: str = ""


@dataclass(slots=True, frozen=True)
class Scenario:
    """A named timeline."""

    name: str
    steps: tuple[ScenarioStep, ...]
    duration_s: float
    site: str | None = None
    seed: int | None = None

    @classmethod
    def load(cls, path: Path) -> "Scenario":
        """Read a scenario file; raise ConfigError naming the file and the step."""
        data = read_document(path)
        if not isinstance(data, dict):
            raise ConfigError(f"{path}: expected an object with name and steps")
        _check_keys(data, _TOP_KEYS, str(path))
        rows = data.get("steps")
        if not isinstance(rows, list) or not rows:
            raise ConfigError(f"{path}: steps: expected a list with at least one step")
        steps = []
        for number, row in enumerate(rows):
            try:
                steps.append(_step(row))
            except TwinError as error:
                raise ConfigError(f"{path}: steps[{number}]: {error}") from None
        last = max(step.until_s if step.until_s is not None else step.at_s for step in steps)
        duration_s = parse_duration(data["duration"]) if "duration" in data else last + 1.0
        if duration_s < last:
            raise ConfigError(f"{path}: duration: {duration_s:g} s ends before the last step at {last:g} s")
        seed = data.get("seed")
        if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
            raise ConfigError(f"{path}: seed: expected a whole number, found {seed!r}")
        site = None if data.get("site") is None else _beside(path, str(data["site"]))
        return cls(str(data.get("name", path.stem)), tuple(steps), duration_s, site, seed)


def _beside(path: Path, site: str) -> str:
    """Return the site that a scenario names: a file seen from the scenario's folder, or a shipped site."""
    beside = path.parent / site
    return str(beside) if beside.is_file() else site


def _check_keys(data: dict[Any, Any], known: tuple[str, ...], place: str) -> None:
    for key in data:
        if key not in known:
            raise ConfigError(f"{place}: unknown key {key}{did_you_mean(str(key), known)}")


def _step(row: Any) -> ScenarioStep:
    if not isinstance(row, dict):
        raise ConfigError(f"expected an object with at and do, expect or always, found {row!r}")
    for key in row:
        if key not in _STEP_KEYS:
            raise ConfigError(f"unknown key {key}{did_you_mean(str(key), _STEP_KEYS)}")
    if "at" not in row:
        raise ConfigError("missing key at")
    kinds = [key for key in ("do", "expect", "always") if key in row]
    if len(kinds) != 1:
        raise ConfigError("expected one of do, expect, always")
    kind, span = kinds[0], _SPANS.get(kinds[0], "")
    for key in ("within", "for"):
        if key in row and key != span:
            raise ConfigError(f"{key} does not go with {kind}")
    if kind == "always" and "for" not in row:
        raise ConfigError("always needs for, the time it must hold")
    at_s = parse_duration(row["at"])
    until_s = at_s + parse_duration(row[span]) if span in row else None
    return ScenarioStep(at_s, kind, str(row[kind]), until_s, str(row.get("note", "")))


def find(name: str) -> Scenario:
    """Return the scenario of a file, or the shipped one of that name; raise ConfigError."""
    path = Path(name)
    return Scenario.load(path if path.exists() else shipped("scenarios", name))


def injection(text: str, site: SiteView) -> tuple[float, Event]:
    """Return when and what of a line such as "10s sag grid 0.7 2s"; raise CommandError."""
    when, _, line = text.strip().partition(" ")
    if not line:
        raise CommandError(f"{text!r}: expected a time and a command, such as '10s sag grid 0.7 2s'")
    return parse_duration(when), parse_event(line, site, "command line")
