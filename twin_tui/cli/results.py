"""What runs came to: the verdicts of their scenarios, the JUnit file, the exit code."""

import codecs
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from twin_tui.cli.printing import Printer
from twin_tui.documents.files import write_whole
from twin_tui.documents.output import check_new
from twin_tui.errors import ConfigError, ExitCode, file_name
from twin_tui.twin import Twin

if TYPE_CHECKING:
    from twin_tui.run.junit import Suite


@dataclass(frozen=True, slots=True)
class TimedRun:
    """A twin to run, and for how long; None is until a signal or the user ends it."""

    twin: Twin
    duration_s: float | None = None
    command: str = ""
    """The command line that repeats it."""


class Results:
    """Collects the results of runs; the JUnit file is written again after each."""

    def __init__(self, junit_file: Path | None = None) -> None:
        if junit_file is not None:
            check_new(junit_file, force=True, whole=True)
            _check_replaceable(junit_file)
        self.printer = Printer()
        self._junit_file = junit_file
        self._suites: list[Suite] = []
        self._failed = self._unmet = False

    def settle(self, run: TimedRun, error: str = "") -> None:
        """Decide the verdicts of a run that has ended, and write them; ``error`` is what it failed with."""
        self._failed = self._failed or bool(error)
        judge = run.twin.judge
        if judge is None:
            return
        judge.close(error)
        self._unmet = self._unmet or bool(judge.failed)
        output = [f"seed {run.twin.site.plan.seed}", run.command]
        self._suites.append(judge.suite(output, error))
        if self._junit_file is not None:
            from twin_tui.run.junit import junit  # noqa: PLC0415 - few runs write XML, and none at their start

            write_whole(self._junit_file, junit(self._suites))

    def report(self, run: TimedRun) -> None:
        """Print the verdicts of a run."""
        if run.twin.judge is not None:
            self.printer.out(run.twin.judge.report())

    def code(self, signal: ExitCode | None = None) -> ExitCode:
        """Return the exit code of all runs: failed before ended by a signal before an expectation not met."""
        if self._failed:
            return ExitCode.FAILED
        return signal or (ExitCode.NO if self._unmet else ExitCode.OK)


def _check_replaceable(path: Path) -> None:
    """Raise ConfigError for a file that is no earlier report: it would be lost without a question."""
    if not path.is_file():
        return
    try:
        with path.open("rb") as file:
            start = file.read(1000).removeprefix(codecs.BOM_UTF8).lstrip()
    except OSError as error:
        raise ConfigError(f"{file_name(path)}: could not read: {error.strerror}") from None
    if start and not start.startswith(b"<"):
        raise ConfigError(f"{file_name(path)}: exists already and is no JUnit file; choose another name")
