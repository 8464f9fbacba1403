"""Carries a scenario out and keeps a verdict for each of its expectations."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from twin_tui.commands.parser import parse_event
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Event
from twin_tui.engine.view import SiteView
from twin_tui.errors import CommandError, ConfigError
from twin_tui.run.expectation import Expectation, shown
from twin_tui.run.junit import Case, Suite, junit
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
    error: str = ""
    """What the simulation failed with before a decision."""

    @property
    def reason(self) -> str:
        """Why it failed: what was seen instead, or that the run ended first."""
        return self.error or self.undecided or f"saw {self.seen}"

    def case(self) -> Case:
        """Return it for a JUnit file; its time is the simulated one from the step to the decision."""
        name = self.step.note or self.step.text
        took_s = max(0.0, self.at_s - self.step.at_s) if self.passed is not None else 0.0
        if self.passed:
            return Case(name, took_s)
        message = f"{self.step.text}: {self.reason} at {self.at_s:g} s"
        return Case(name, took_s, "error" if self.error else "failure", self.step.kind, message)


def prepared(
    scenario: Scenario, engine: Engine, site: SiteView
) -> tuple[list[tuple[float, Event]], list[Verdict]]:
    """Return the events of a scenario with their times, and a verdict to come for each expectation.

    Raises one ConfigError with every step that does not fit the engine; changes nothing.
    """
    events: list[tuple[float, Event]] = []
    verdicts: list[Verdict] = []
    errors: list[str] = []
    for step in scenario.steps:
        try:
            begins = engine.tick_at(step.at_s)
            if step.kind == "do":
                event = parse_event(step.text, site)
                event.check_duration(engine.dt_s)
                engine.check(event, later=True)
                events.append((step.at_s, event))
                continue
            ends = None if step.until_s is None else engine.tick_at(step.until_s)
            verdicts.append(Verdict(step, Expectation.parse(step.text, engine), begins, ends))
        except CommandError as error:
            errors.append(f"{step.place or f'scenario {scenario.name}'}: {step.text!r}: {error}")
    if errors:
        raise ConfigError("\n".join(errors))
    return events, verdicts


class Judge:
    """Carries a scenario out on an engine and keeps the verdicts."""

    def __init__(self, scenario: Scenario, engine: Engine, site: SiteView) -> None:
        self.scenario = scenario
        self.engine = engine
        events, self.verdicts = prepared(scenario, engine, site)
        for at_s, event in events:
            engine.submit(event, at_s=at_s)
        self._open = list(self.verdicts)
        self._watcher = engine.watch(engine.dt_s, self._look)

    @property
    def ends_s(self) -> float:
        """When its last step is due or decided at the latest, in simulated time."""
        times = (step.at_s if step.until_s is None else step.until_s for step in self.scenario.steps)
        return max(times, default=0.0)

    @property
    def failed(self) -> tuple[Verdict, ...]:
        """The expectations that were not met."""
        return tuple(verdict for verdict in self.verdicts if verdict.passed is False)

    def close(self, error: str = "") -> None:
        """End the run: an expectation that is still open was not decided, and that is a failure.

        ``error`` is what the simulation failed with, if it did.
        """
        self.engine.unwatch(self._watcher)
        for verdict in self._open:
            verdict.passed = False
            verdict.at_s = self.engine.time_s
            verdict.error = error
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

    def suite(self, output: Sequence[str] = (), error: str = "") -> Suite:
        """Return the verdicts for a JUnit file, with what the run failed with even if all were decided."""
        cases = [verdict.case() for verdict in self.verdicts]
        if error and not any(verdict.error for verdict in self.verdicts):
            cases.append(Case("the run itself", self.engine.time_s, "error", "run", error))
        return Suite(self.scenario.name, self.engine.time_s, cases, output)

    def junit(self) -> str:
        """Return the verdicts as a JUnit file."""
        return junit([self.suite()])

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
