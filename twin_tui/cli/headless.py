"""Runs without a screen."""

import asyncio
import contextlib
import itertools
import logging
import math
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TextIO, cast

from twin_tui.cli.ending import Signals, output_error
from twin_tui.cli.printing import Printer
from twin_tui.cli.results import Results, TimedRun
from twin_tui.documents.tables import table
from twin_tui.engine.formats import clean, kilowatts
from twin_tui.engine.signals import signals_of
from twin_tui.engine.snapshot import DeviceSnapshot, Snapshot
from twin_tui.errors import ExitCode, RunError, TwinError
from twin_tui.run.plots import Course
from twin_tui.twin import Twin

log = logging.getLogger(__name__)


async def run(
    runs: Sequence[TimedRun],
    *,
    servers: bool = True,
    junit: Path | None = None,
    plots: Sequence[str] = (),
    quiet: bool = False,
) -> ExitCode:
    """Run twins one after the other, each to its end or all until a signal; print and write the results.

    A run that the signal left out has its verdicts too: its expectations were never reached.
    """
    results = Results(junit)
    refusal: TwinError | None = None
    failures = []
    with Signals() as signals, results.printer as printer:
        printer.hurry = lambda: signals.code is not None
        for each in runs:
            courses, error, started = [], "", refusal is None and signals.code is None
            try:
                if started:
                    courses = [Course(each.twin.engine, name) for name in plots]
                    error = await _carry_out(each, servers, quiet, signals, printer)
            except TwinError as problem:
                refusal, started, error = problem, each.twin.tick > 0, str(problem)
            results.settle(each, error)
            if started:
                _report(each.twin, courses, printer)
            results.report(each)
            if error and refusal is None:
                failures.append(error)
        for error in failures:
            printer.err(f"twin-tui: {error}")
    if refusal is not None:
        raise refusal
    code = results.code(signals.code)
    if printer.error is not None and code is ExitCode.OK:
        raise output_error(printer.error)
    return code


async def _carry_out(run: TimedRun, servers: bool, quiet: bool, signals: Signals, printer: Printer) -> str:
    """Run a twin to its end; return what its simulation failed with; raise what keeps it from starting."""
    twin, failure = run.twin, ""
    try:
        await twin.start(servers=servers, paced=False)
        if servers and not quiet:
            for text in twin.links.lines():
                printer.err(text)
        try:
            await _until_done(run, quiet, signals, printer)
        except BrokenPipeError:
            raise
        except Exception as error:
            log.exception("the simulation failed")
            failure = f"the simulation failed at {twin.time_s:g} s: {type(error).__name__}: {error}"
        failure = failure or twin.links.failure()
    finally:
        try:
            await twin.stop()
        except RunError as lost:
            if not failure:
                raise
            failure = f"{failure}\n{lost}"
    return failure


def _report(twin: Twin, courses: Sequence[Course], printer: Printer) -> None:
    printer.out(summary(twin.snapshot()))
    for course in courses:
        columns = min(120, shutil.get_terminal_size().columns)
        printer.out(course.draw(columns, 16, unicode=_stdout_is_utf8()))
    if twin.pacer.overruns:
        printer.err(f"Simulated time fell behind {twin.pacer.overruns} times: reduce the speed.")


def _stdout_is_utf8() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"


async def _until_done(run: TimedRun, quiet: bool, signals: Signals, printer: Printer) -> None:
    """Run until the end of the duration or a signal."""
    duration_s = math.inf if run.duration_s is None else run.duration_s
    running = asyncio.ensure_future(run.twin.run(duration_s))
    waiting = asyncio.ensure_future(signals.wait())
    with (
        _printed_log(run.twin, quiet, printer),
        _progress(run.twin, run.duration_s, quiet, printer),
        contextlib.suppress(asyncio.CancelledError),
    ):
        await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        running.cancel()
        await running


@contextlib.contextmanager
def _printed_log(twin: Twin, quiet: bool, printer: Printer) -> Iterator[None]:
    """Print new log entries, one line each, during the run."""
    if quiet:
        yield
        return
    last = 0

    def print_new() -> None:
        nonlocal last
        new = itertools.takewhile(lambda entry: entry.number > last, reversed(twin.engine.log))
        for entry in reversed(list(new)):
            last = entry.number
            origin = f"  {entry.origin}" if entry.origin else ""
            line = f"{entry.time_s:10.1f} s  {entry.kind.value:<6} {entry.device:<12} {entry.text}{origin}"
            printer.log(clean(line))

    watcher = twin.engine.watch(1.0, print_new)
    twin.engine.log.read_now = print_new
    try:
        yield
    finally:
        twin.engine.unwatch(watcher)
        twin.engine.settle_log()
        print_new()


@contextlib.contextmanager
def _progress(twin: Twin, duration_s: float | None, quiet: bool, printer: Printer) -> Iterator[None]:
    if quiet or duration_s is None or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console  # noqa: PLC0415 - a pipeline must not pay for it
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    with printer.drawing() as terminal:
        console = Console(file=cast(TextIO, terminal))
        terminal.replaced = console.is_interactive
        progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.completed:,.0f} of {task.total:,.0f} s"),
            TimeRemainingColumn(),
            console=console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        bar = progress.add_task(clean(twin.site.plan.name), total=duration_s)
        ticker = asyncio.ensure_future(
            _tick(twin, lambda seconds: progress.update(bar, completed=seconds, refresh=terminal.taken))
        )
        with progress:
            try:
                yield
            finally:
                ticker.cancel()


async def _tick(twin: Twin, show: Callable[[float], None]) -> None:
    while True:
        show(twin.time_s)
        await asyncio.sleep(0.1)


def summary(snapshot: Snapshot) -> str:
    """Return the final table: every device with its state, power and energy counters."""
    rows = [
        [
            device.name,
            device.title,
            device.status,
            kilowatts(getattr(device.telemetry, "active_power_w", device.active_power_w)),
            _soc(device),
            _energies(device),
            ", ".join(device.faults) or "-",
        ]
        for device in snapshot.devices
    ]
    head = ["device", "type", "state", "P kW", "SOC %", "energy kWh", "faults"]
    grid = snapshot.grid
    foot = (
        f"grid {kilowatts(grid.active_power_w, plus='+')} kW (+ is import), "
        f"{grid.frequency_hz:.3f} Hz, "
        f"{min(grid.voltages_pu):.3f} pu   after {snapshot.time_s:,.1f} s, {snapshot.tick:,} steps"
    )
    return f"{clean(snapshot.site)}\n{table(head, rows, right=(3, 4))}\n{foot}"


def _soc(device: DeviceSnapshot) -> str:
    soc = getattr(device.telemetry, "soc", None)
    return "-" if soc is None else f"{soc * 100:.2f}"


def _energies(device: DeviceSnapshot) -> str:
    """Return the device's total energy counters with their names."""
    signals = signals_of(type(device.telemetry))
    parts = [
        f"{item.name.removesuffix('_energy_wh')} {getattr(device.telemetry, item.name) / 1000:.3f}"
        for item in fields(device.telemetry)
        if item.name.endswith("_energy_wh") and signals[item.name].unit == "Wh" and _total(item.name)
    ]
    return ", ".join(parts) or "-"


def _total(name: str) -> bool:
    return not any(f"_{phase}_wh" in name for phase in "abc")
