"""Scenarios: a timeline of injections and expectations over a run, with a verdict for each expectation."""

import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from twin_tui.commands import values as words
from twin_tui.commands.verbs import parse_event
from twin_tui.documents.durations import parse_duration
from twin_tui.documents.loader import read_document
from twin_tui.documents.shipped import shipped
from twin_tui.engine.device import Status
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Event
from twin_tui.engine.view import SiteView
from twin_tui.errors import CommandError, ConfigError, TwinError, did_you_mean

GRID_SIGNALS = {
    "active_power_w": ("grid_w", "W"),
    "reactive_power_var": ("grid_var", "var"),
    "frequency_hz": ("frequency_hz", "Hz"),
    "voltage_a_pu": ("va_pu", "pu"),
    "voltage_b_pu": ("vb_pu", "pu"),
    "voltage_c_pu": ("vc_pu", "pu"),
}
"""What ``grid.…`` may name: where it stands in the surroundings, and its unit."""

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
}
_EXPECTATION = re.compile(
    r"\s*(?P<magnitude>\|)?(?P<device>[^\s|]+)\.(?P<signal>\w+)\|?\s*(?P<compare><=|>=|==|!=|<|>)\s*"
    r"(?P<wanted>[^±]+?)\s*(?:(?:±|\+-)\s*(?P<band>.+?))?\s*"
)
_TOP_KEYS = ("name", "site", "seed", "duration", "steps")
_STEP_KEYS = ("at", "do", "expect", "within", "always", "for", "note")
_SPANS = {"expect": "within", "always": "for"}


@dataclass(slots=True, frozen=True)
class Expectation:
    """A comparison of a signal with a number: ``battery-1.soc >= 60%``, ``grid.frequency_hz == 50 ± 0.1``."""

    device: str
    signal: str
    compare: str
    wanted: float | str
    band: float = 0.0
    magnitude: bool = False
    unit: str = ""

    @classmethod
    def parse(cls, text: str, engine: Engine) -> "Expectation":
        """Read an expectation for a site; raise CommandError for what is none or what does not exist."""
        match = _EXPECTATION.fullmatch(text)
        if match is None:
            raise CommandError("that is no expectation such as 'battery-1.soc >= 60%'")
        device, signal, compare = match["device"], match["signal"], match["compare"]
        if signal == "status" and device != "grid":
            engine.device(device)
            wanted, known = match["wanted"].strip().upper(), {status.value for status in Status}
            if wanted not in known:
                raise CommandError(f"unknown status {wanted!r}{did_you_mean(wanted, known)}")
            if compare not in ("==", "!="):
                raise CommandError("a status is compared with == or !=")
            return cls(device, signal, compare, wanted)
        unit = _unit(engine, device, signal)
        band = abs(words.number(match["band"], signal, unit)) if match["band"] else 0.0
        if band and compare != "==":
            raise CommandError("± goes with ==")
        number = words.number(match["wanted"], signal, unit)
        return cls(device, signal, compare, number, band, match["magnitude"] is not None, unit)

    def look(self, engine: Engine) -> float | str:
        """Return what the signal shows now."""
        if self.device == "grid":
            return float(getattr(engine.surroundings, GRID_SIGNALS[self.signal][0]))
        device = engine.device(self.device)
        if self.signal == "status":
            return device.state.status.value
        seen = device.telemetry(engine.surroundings)
        return float(getattr(seen if hasattr(seen, self.signal) else device.commands, self.signal))

    def met(self, seen: float | str) -> bool:
        """Return whether it holds for what is seen."""
        wanted = self.wanted
        if isinstance(seen, str) or isinstance(wanted, str):
            return (seen == wanted) is (self.compare == "==")
        if self.magnitude:
            seen = abs(seen)
        if self.compare == "==" and self.band:
            return abs(seen - wanted) <= self.band
        return _COMPARE[self.compare](seen, wanted)


def shown(number: float, unit: str) -> str:
    """Return a number as a user writes it: a fraction in percent, thousands of W in kW."""
    if unit == "1":
        return f"{number * 100:.4g}%"
    if unit in ("W", "Wh", "VA", "var") and abs(number) >= 1000.0:
        return f"{number / 1000:.6g} k{unit}"
    return f"{number:.6g} {unit}".rstrip()


def _unit(engine: Engine, device: str, signal: str) -> str:
    if device == "grid":
        if signal not in GRID_SIGNALS:
            raise CommandError(f"the grid has no signal {signal!r}{did_you_mean(signal, GRID_SIGNALS)}")
        return GRID_SIGNALS[signal][1]
    signals = engine.device(device).type.signals
    if signal not in signals:
        raise CommandError(f"{device} has no signal {signal!r}{did_you_mean(signal, [*signals, 'status'])}")
    if signals[signal].type is str:
        raise CommandError(f"{device}.{signal} is a text and cannot be compared with a number")
    return signals[signal].unit


@dataclass(slots=True, frozen=True)
class Step:
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
    steps: tuple[Step, ...]
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


def _step(row: Any) -> Step:
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
    return Step(at_s, kind, str(row[kind]), until_s, str(row.get("note", "")))


@dataclass(slots=True)
class Verdict:
    """What became of one expectation: passed, failed, or None while it is open."""

    step: Step
    expectation: Expectation
    passed: bool | None = None
    at_s: float = math.nan
    seen: str = ""


class Judge:
    """Carries a scenario out on an engine and keeps the verdicts."""

    def __init__(self, scenario: Scenario, engine: Engine, site: SiteView) -> None:
        self.scenario = scenario
        self.engine = engine
        self.verdicts: list[Verdict] = []
        for step in scenario.steps:
            try:
                if step.kind == "do":
                    engine.submit(parse_event(step.text, site), at_s=step.at_s)
                else:
                    self.verdicts.append(Verdict(step, Expectation.parse(step.text, engine)))
            except CommandError as error:
                raise ConfigError(f"scenario {scenario.name}: {step.text!r}: {error}") from None
        self._open = list(self.verdicts)
        self._watcher = engine.watch(engine.dt_s, self._look)

    @property
    def failed(self) -> tuple[Verdict, ...]:
        """The expectations that were not met."""
        return tuple(verdict for verdict in self.verdicts if verdict.passed is False)

    def close(self) -> None:
        """End the run: what is still open could not be judged, and that is no pass."""
        self.engine.unwatch(self._watcher)
        for verdict in self._open:
            verdict.passed = False
            verdict.at_s = self.engine.time_s
            verdict.seen = "the end of the run first"
        self._open = []

    def _look(self) -> None:
        now = self.engine.time_s + 1e-9
        for verdict in list(self._open):
            step = verdict.step
            if now < step.at_s:
                continue
            seen = verdict.expectation.look(self.engine)
            met = verdict.expectation.met(seen)
            over = step.until_s is None or now >= step.until_s
            if met is not (step.kind == "always") or over:
                verdict.passed = met
                verdict.at_s = self.engine.time_s
                verdict.seen = seen if isinstance(seen, str) else shown(seen, verdict.expectation.unit)
                self._open.remove(verdict)


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


def report(judge: Judge) -> str:
    """Return the verdicts as lines of text."""
    lines = []
    for verdict in judge.verdicts:
        word = "passed" if verdict.passed else "FAILED"
        saw = f"   saw {verdict.seen}" if verdict.seen and not verdict.passed else ""
        note = f"   ({verdict.step.note})" if verdict.step.note else ""
        lines.append(f"{word} {verdict.at_s:8.1f} s  {verdict.step.text}{saw}{note}")
    failed = len(judge.failed)
    lines.append(f"{judge.scenario.name}: {len(judge.verdicts) - failed} passed, {failed} failed")
    return "\n".join(lines)


def junit(judge: Judge) -> str:
    """Return the verdicts as a JUnit file."""
    suite = ElementTree.Element(
        "testsuite",
        name=judge.scenario.name,
        tests=str(len(judge.verdicts)),
        failures=str(len(judge.failed)),
        time=f"{judge.engine.time_s:g}",
    )
    for verdict in judge.verdicts:
        name = verdict.step.note or verdict.step.text
        case = ElementTree.SubElement(suite, "testcase", classname=judge.scenario.name, name=name)
        if not verdict.passed:
            message = f"{verdict.step.text}: saw {verdict.seen or 'nothing'} at {verdict.at_s:g} s"
            ElementTree.SubElement(case, "failure", message=message)
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"
