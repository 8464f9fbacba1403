"""Carries a scenario out and keeps a verdict for each of its expectations, as text and as JUnit."""

import math
from dataclasses import dataclass
from xml.etree import ElementTree

from twin_tui.commands.parser import parse_event
from twin_tui.engine.engine import Engine
from twin_tui.engine.view import SiteView
from twin_tui.errors import CommandError, ConfigError
from twin_tui.run.expectation import Expectation, shown
from twin_tui.run.scenario import Scenario, ScenarioStep


@dataclass(slots=True)
class Verdict:
    """What became of one expectation: passed, failed, or None while it is open."""

    step: ScenarioStep
    expectation: Expectation
    begins: int
    """The tick of its first look."""
    ends: int | None
    """The tick of its last look; None if the first is the only one."""
    passed: bool | None = None
    at_s: float = math.nan
    seen: str = ""
    """What the signal was when the expectation was decided."""
    undecided: str = ""
    """Why the run ended without a decision."""

    @property
    def reason(self) -> str:
        """Why it failed: what was seen instead, or that the run ended first."""
        return self.undecided or f"saw {self.seen}"


class Judge:
    """Carries a scenario out on an engine and keeps the verdicts."""

    def __init__(self, scenario: Scenario, engine: Engine, site: SiteView) -> None:
        self.scenario = scenario
        self.engine = engine
        self.verdicts: list[Verdict] = []
        errors: list[str] = []
        for step in scenario.steps:
            try:
                if step.kind == "do":
                    engine.submit(parse_event(step.text, site), at_s=step.at_s)
                    continue
                begins = engine.tick_at(step.at_s)
                ends = None if step.until_s is None else engine.tick_at(step.until_s)
                expectation = Expectation.parse(step.text, engine)
                self.verdicts.append(Verdict(step, expectation, begins, ends))
            except CommandError as error:
                errors.append(f"{step.place or f'scenario {scenario.name}'}: {step.text!r}: {error}")
        if errors:
            raise ConfigError("\n".join(errors))
        self._open = list(self.verdicts)
        self._watcher = engine.watch(engine.dt_s, self._look)

    @property
    def failed(self) -> tuple[Verdict, ...]:
        """The expectations that were not met."""
        return tuple(verdict for verdict in self.verdicts if verdict.passed is False)

    def close(self) -> None:
        """End the run: an expectation that is still open was not decided, and that is a failure."""
        self.engine.unwatch(self._watcher)
        for verdict in self._open:
            verdict.passed = False
            verdict.at_s = self.engine.time_s
            reached = self.engine.tick >= verdict.begins
            verdict.undecided = "undecided when the run ended" if reached else "never reached: the run ended"
        self._open = []

    def report(self) -> str:
        """Return the verdicts as lines of text."""
        lines = []
        for verdict in self.verdicts:
            word = "passed" if verdict.passed else "FAILED"
            reason = "" if verdict.passed else f"   {verdict.reason}"
            note = f"   ({verdict.step.note})" if verdict.step.note else ""
            lines.append(f"{word} {verdict.at_s:8.1f} s  {verdict.step.text}{reason}{note}")
        failed = len(self.failed)
        lines.append(f"{self.scenario.name}: {len(self.verdicts) - failed} passed, {failed} failed")
        return "\n".join(lines)

    def junit(self) -> str:
        """Return the verdicts as a JUnit file."""
        suite = ElementTree.Element(
            "testsuite",
            name=self.scenario.name,
            tests=str(len(self.verdicts)),
            failures=str(len(self.failed)),
            time=f"{self.engine.time_s:g}",
        )
        for verdict in self.verdicts:
            name = verdict.step.note or verdict.step.text
            case = ElementTree.SubElement(suite, "testcase", classname=self.scenario.name, name=name)
            if not verdict.passed:
                message = f"{verdict.step.text}: {verdict.reason} at {verdict.at_s:g} s"
                ElementTree.SubElement(case, "failure", message=message)
        ElementTree.indent(suite)
        return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"

    def _look(self) -> None:
        tick = self.engine.tick
        for verdict in list(self._open):
            if tick < verdict.begins:
                continue
            seen = verdict.expectation.look(self.engine)
            met = verdict.expectation.met(seen)
            over = verdict.ends is None or tick >= verdict.ends
            if met is not (verdict.step.kind == "always") or over:
                verdict.passed = met
                verdict.at_s = self.engine.time_s
                verdict.seen = seen if isinstance(seen, str) else shown(seen, verdict.expectation.unit)
                self._open.remove(verdict)
