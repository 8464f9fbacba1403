"""Scenarios: a timeline of injections and expectations over a run, with a verdict for each expectation."""

import math
import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from twin_tui.commands import parse_event, parse_quantity
from twin_tui.config.reading import read_data
from twin_tui.durations import parse_duration
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Event
from twin_tui.errors import CommandError, ConfigError, TwinError, did_you_mean

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
}
_EXPECTATION = re.compile(
    r"^\s*(?P<abs>\|)?(?P<device>[^\s|]+)\.(?P<signal>\w+)\|?\s*(?P<compare><=|>=|==|!=|<|>)\s*"
    r"(?P<wanted>[^±]+?)\s*(?:(?:±|\+-)\s*(?P<band>.+?))?\s*$"
)
_KEYS = {"at", "do", "expect", "within", "always", "for", "note"}


@dataclass(slots=True, frozen=True)
class Expectation:
    """A comparison of one signal with a number: ``battery-1.soc >= 60 %``, ``grid.frequency_hz == 50 ± 0.1``."""

    text: str
    device: str
    signal: str
    compare: str
    wanted: float | str
    band: float = 0.0
    magnitude: bool = False

    @classmethod
    def parse(cls, text: str) -> "Expectation":
        """Read an expectation; raise CommandError for what is none."""
        match = _EXPECTATION.match(text)
        if match is None:
            raise CommandError(f"{text!r} is not an expectation such as 'battery-1.soc >= 60 %'")
        compare, signal = match["compare"], match["signal"]
        if signal == "status":
            if compare not in ("==", "!="):
                raise CommandError(f"{text!r}: a status is compared with == or !=")
            return cls(text, match["device"], signal, compare, match["wanted"].strip().upper())
        band = parse_quantity(match["band"]) if match["band"] else 0.0
        if band and compare != "==":
            raise CommandError(f"{text!r}: ± goes with ==")
        wanted = parse_quantity(match["wanted"])
        return cls(text, match["device"], signal, compare, wanted, abs(band), match["abs"] is not None)

    def look(self, engine: Engine) -> float | str:
        """Return what the signal shows now; raise CommandError for a name that does not exist."""
        if self.device == "grid":
            return _grid_value(engine, self.signal)
        device = engine.device(self.device)
        if self.signal == "status":
            return device.state.status.value
        seen = device.telemetry(engine.around)
        for source in (seen, device.commands):
            if hasattr(source, self.signal):
                return float(getattr(source, self.signal))
        raise CommandError(
            f"{self.device} has no signal {self.signal!r}{did_you_mean(self.signal, device.type.signals)}"
        )

    def met(self, engine: Engine) -> bool:
        """Return whether it holds now."""
        seen, wanted = self.look(engine), self.wanted
        if isinstance(seen, str) or isinstance(wanted, str):
            return (seen == wanted) is (self.compare == "==")
        if self.magnitude:
            seen = abs(seen)
        if self.compare == "==" and self.band:
            return abs(seen - wanted) <= self.band
        return _COMPARE[self.compare](seen, wanted)


def _grid_value(engine: Engine, signal: str) -> float:
    around = engine.around
    values = {
        "active_power_w": around.grid_w,
        "reactive_power_var": around.grid_var,
        "frequency_hz": around.frequency_hz,
        "voltage_a_pu": around.va_pu,
        "voltage_b_pu": around.vb_pu,
        "voltage_c_pu": around.vc_pu,
    }
    if signal not in values:
        raise CommandError(f"the grid has no signal {signal!r}{did_you_mean(signal, values)}")
    return values[signal]


@dataclass(slots=True, frozen=True)
class Step:
    """One line of a scenario: at a time do something, or expect something then, within a while, or for a while."""

    at_s: float
    text: str
    event: Event | None = None
    expectation: Expectation | None = None
    until_s: float | None = None
    """End of the while; None is at that moment only."""
    always: bool = False
    note: str = ""


@dataclass(slots=True)
class Verdict:
    """What became of one expectation: True, False, or None while it is open."""

    step: Step
    passed: bool | None = None
    at_s: float = math.nan
    seen: str = ""


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
        data = read_data(path)
        if not isinstance(data, dict):
            raise ConfigError(f"{path}: a scenario is a mapping with name and steps")
        known = ("name", "site", "seed", "duration", "steps")
        for key in data:
            if key not in known:
                raise ConfigError(f"{path}: unknown key {key}{did_you_mean(str(key), known)}")
        rows = data.get("steps")
        if not isinstance(rows, list) or not rows:
            raise ConfigError(f"{path}: steps is a list with at least one step")
        steps = []
        for number, row in enumerate(rows):
            try:
                steps.append(_step(row))
            except TwinError as error:
                raise ConfigError(f"{path}: steps[{number}]: {error}") from None
        last = max(step.until_s if step.until_s is not None else step.at_s for step in steps)
        duration_s = parse_duration(data["duration"]) if "duration" in data else last
        if duration_s < last:
            raise ConfigError(f"{path}: duration {duration_s:g} s ends before the last step at {last:g} s")
        return cls(str(data.get("name", path.stem)), tuple(steps), duration_s, data.get("site"), data.get("seed"))


def _step(row: Any) -> Step:
    if not isinstance(row, dict):
        raise ConfigError(f"a step is a mapping with at and do or expect, not {row!r}")
    for key in row:
        if key not in _KEYS:
            raise ConfigError(f"unknown key {key}{did_you_mean(str(key), _KEYS)}")
    if "at" not in row:
        raise ConfigError("a step needs at")
    at_s = parse_duration(row["at"])
    note = str(row.get("note", ""))
    kinds = [key for key in ("do", "expect", "always") if key in row]
    if len(kinds) != 1:
        raise ConfigError("a step has one of do, expect, always")
    text = str(row[kinds[0]])
    if kinds[0] == "do":
        return Step(at_s, text, event=parse_event(text), note=note)
    expectation = Expectation.parse(text)
    if kinds[0] == "always":
        if "for" not in row:
            raise ConfigError("always needs for, the time it must hold")
        return Step(
            at_s, text, expectation=expectation, until_s=at_s + parse_duration(row["for"]), always=True, note=note
        )
    until_s = at_s + parse_duration(row["within"]) if "within" in row else None
    return Step(at_s, text, expectation=expectation, until_s=until_s, note=note)


@dataclass
class Judge:
    """Carries a scenario out on an engine and keeps the verdicts."""

    scenario: Scenario
    engine: Engine
    verdicts: list[Verdict] = field(default_factory=list)

    def __post_init__(self) -> None:
        for step in self.scenario.steps:
            try:
                if step.event is not None:
                    self.engine.submit(step.event, at_s=step.at_s)
                elif step.expectation is not None:
                    step.expectation.look(self.engine)
                    self.verdicts.append(Verdict(step))
            except CommandError as error:
                raise ConfigError(f"scenario {self.scenario.name}: {step.text!r}: {error}") from None
        self._open = list(self.verdicts)
        self._watcher = self.engine.watch(self.engine.dt_s, self._look)

    @property
    def failed(self) -> tuple[Verdict, ...]:
        """Return the expectations that were not met."""
        return tuple(verdict for verdict in self.verdicts if verdict.passed is False)

    def close(self) -> None:
        """End the run: what is still open has failed, unless it had to hold always and did."""
        self.engine.unwatch(self._watcher)
        for verdict in self._open:
            verdict.passed = verdict.step.always and self.engine.time_s >= verdict.step.at_s
            verdict.at_s = self.engine.time_s
        self._open = []

    def upcoming(self) -> Iterator[Step]:
        """Yield the steps that lie ahead, in order."""
        now = self.engine.time_s
        yield from sorted((s for s in self.scenario.steps if s.at_s >= now), key=lambda step: step.at_s)

    def _look(self) -> None:
        now = self.engine.time_s + 1e-9
        for verdict in list(self._open):
            step = verdict.step
            assert step.expectation is not None
            if now < step.at_s:
                continue
            met = step.expectation.met(self.engine)
            over = step.until_s is None or now >= step.until_s
            if met is not step.always or over:
                verdict.passed = met
                verdict.at_s = self.engine.time_s
                seen = step.expectation.look(self.engine)
                verdict.seen = seen if isinstance(seen, str) else f"{seen:g}"
                self._open.remove(verdict)


def report(judge: Judge) -> str:
    """Return the verdicts as lines of text."""
    lines = []
    for verdict in judge.verdicts:
        word = "passed" if verdict.passed else "FAILED"
        seen = "" if verdict.passed or not verdict.seen else f"   saw {verdict.seen}"
        lines.append(f"{word}  {verdict.at_s:8.1f} s  {verdict.step.text}{seen}")
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
