"""Writes a run to a file while it happens."""

import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from twin_tui.documents.output import check_new, reason, refused
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Event
from twin_tui.engine.signals import value
from twin_tui.engine.snapshot import LogKind
from twin_tui.engine.steps import whole_steps
from twin_tui.errors import CommandError, ConfigError, RunError, file_name, number
from twin_tui.run.recording.lines import JsonLines
from twin_tui.run.recording.samples import Moment, Sampler
from twin_tui.run.recording.tables import Csv, Parquet, SampleTable, check_parquet

MOST_EVENTS = 100_000
"""How many events a run keeps so that a recording can begin later."""
TABLES: dict[str, type[Csv] | type[Parquet]] = {".csv": Csv, ".parquet": Parquet}
FLUSH_S = 0.1
"""The longest wall time from what reached the file last to a sample that waits."""
MOST_WAITING = 32
"""As many samples are written in 2 ms, which is how long the engine may run before the servers."""
LAYOUTS = ("wide", "long")


class Writer(Protocol):
    """A form of recording; each method but ``abandon`` raises OSError when the disk refuses."""

    def begin(self) -> None: ...
    def event(self, tick: int, event: Event) -> None: ...
    def sample(self, moment: Moment) -> None: ...
    def flush(self) -> None: ...
    def end(self, tick: int, time_s: float) -> None: ...
    def abandon(self, *, remove: bool = False) -> None: ...


class EventHistory:
    """The events of a run since its start: with them a recording can begin at any time and still replay."""

    def __init__(self, engine: Engine) -> None:
        self.events: list[tuple[int, Event]] = []
        self.complete = True
        engine.listeners.append(self._keep)

    def _keep(self, tick: int, event: Event) -> None:
        if self.complete:
            self.events.append((tick, event))
        if len(self.events) > MOST_EVENTS:
            self.complete, self.events = False, []


@value
class RecordingPlan:
    """What is to be recorded: where to, how often, in which form, and for how long if that is known."""

    path: Path
    every_s: float = 1.0
    layout: str = "wide"
    force: bool = False
    duration_s: float | None = None

    @property
    def form(self) -> str:
        """The ending of the name that decides on the form; ".jsonl" for any other name."""
        suffix = self.path.suffix.lower()
        return suffix if suffix in TABLES else ".jsonl"

    def check(self, dt_s: float) -> None:
        """Raise ConfigError for what can be known to fail before the run begins; change nothing."""
        if self.layout not in LAYOUTS or (self.layout == "long" and self.form not in TABLES):
            raise ConfigError(
                f"{file_name(self.path)}: layout {self.layout!r}: expected wide, or long for .csv or .parquet"
            )
        check_interval(self.every_s, dt_s)
        check_new(self.path, force=self.force, folder=self.form == ".parquet")
        if self.form == ".parquet":
            check_parquet(self.path, force=self.force)


def check_interval(every_s: float, dt_s: float) -> None:
    """Raise CommandError unless the time between samples is a whole number of steps."""
    if not (number(every_s) and not isinstance(every_s, str) and 0 < every_s < math.inf):
        raise CommandError(f"invalid time between samples: {every_s!r}; expected seconds above 0")
    whole_steps(every_s, dt_s, "time between samples")


class Recorder:
    """Writes events at once and samples at regular simulated times, until it is closed or the disk refuses.

    The plan is one that ``check`` has accepted.
    One that begins in the middle of a run holds the events from the start and samples from its own beginning.
    """

    def __init__(
        self,
        engine: Engine,
        plan: RecordingPlan,
        site: Mapping[str, Any],
        seed: int,
        history: EventHistory,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self.path = plan.path
        self.since_s = engine.time_s
        """Simulated time of the first sample."""
        self.failed = ""
        """Why writing stopped, "" while all is well."""
        if plan.form not in TABLES and not history.complete:
            raise CommandError(
                f"this run has had more than {MOST_EVENTS:,} events, too many to begin a recording now: "
                "start the twin with --record, or record to .csv or .parquet"
            )
        self._sampler = Sampler(engine)
        self._moments: list[Moment] = []
        """Samples that are not written yet."""
        self._clock = clock
        self._flushed_s = clock()
        self._writer = self._open(plan, site, seed)
        try:
            self._writer.begin()
            for tick, event in history.events:
                self._writer.event(tick, event)
            self._writer.sample(self._sampler.moment())
            self._writer.flush()
        except (OSError, ConfigError) as error:
            self._writer.abandon(remove=True)
            raise refused(plan.path, error) if isinstance(error, OSError) else error from None
        self._watcher = engine.watch(plan.every_s, self._sample)
        engine.listeners.append(self._event)

    def close(self) -> None:
        """Write the end and close the file; raise RunError when something is missing in it."""
        if self._event in self._engine.listeners:
            self._engine.listeners.remove(self._event)
            self._engine.unwatch(self._watcher)
            self._write(lambda: self._finish(self._engine.tick, self._engine.time_s))
        if self.failed:
            raise RunError(f"{file_name(self.path)}: the recording is incomplete: {self.failed}")

    def _open(self, plan: RecordingPlan, site: Mapping[str, Any], seed: int) -> Writer:
        engine = self._engine
        sampler = self._sampler
        head = {
            "seed": seed,
            "step_s": engine.dt_s,
            "every_s": plan.every_s,
            "duration_s": plan.duration_s,
            "tick": engine.tick,
            "site": site,
        }
        form = TABLES.get(plan.form)
        if form is None:
            return JsonLines(plan.path, sampler, head, force=plan.force)
        table = SampleTable(sampler, long=plan.layout == "long")
        return form(plan.path, table, head, force=plan.force)

    def _sample(self) -> None:
        if self.failed:
            return
        self._moments.append(self._sampler.moment())
        late = not 0.0 <= self._clock() - self._flushed_s < FLUSH_S
        if late or len(self._moments) >= MOST_WAITING:
            self._write(self._flush if late else self._write_samples)

    def _event(self, tick: int, event: Event) -> None:
        def write() -> None:
            self._write_samples()
            self._writer.event(tick, event)
            self._flush()

        self._write(write)

    def _write_samples(self) -> None:
        moments, self._moments = self._moments, []
        for moment in moments:
            self._writer.sample(moment)

    def _flush(self) -> None:
        self._write_samples()
        self._writer.flush()
        self._flushed_s = self._clock()

    def _finish(self, tick: int, time_s: float) -> None:
        self._write_samples()
        self._writer.end(tick, time_s)

    def _write(self, write: Callable[[], None]) -> None:
        if self.failed:
            return
        try:
            write()
        except OSError as error:
            self.failed = reason(error)
            self._engine.unwatch(self._watcher)
            self._writer.abandon()
            text = f"recording failed: {file_name(self.path)}: {self.failed}; the run goes on without it"
            self._engine.note(LogKind.ALARM, "", text)
