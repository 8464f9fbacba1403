"""A run without a screen."""

import asyncio
import contextlib
import itertools
import logging
import math
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from pathlib import Path

from twin_tui.documents.tables import table
from twin_tui.engine.formats import clean, kilowatts
from twin_tui.engine.signals import signals_of
from twin_tui.engine.snapshot import DeviceSnapshot, Snapshot
from twin_tui.errors import SIMULATION_FAILED, ConfigError
from twin_tui.run.plots import Course
from twin_tui.twin import Twin

INTERRUPTED = 130
log = logging.getLogger(__name__)


async def run(
    twin: Twin,
    *,
    duration_s: float | None,
    servers: bool = True,
    junit: Path | None = None,
    plots: Sequence[str] = (),
    quiet: bool = False,
) -> int:
    """Run a twin for a simulated time, or until a signal; print the results; return the exit code.

    0: run to its end, 1: an expectation of the scenario failed, 3: the simulation itself failed,
    130: interrupted by a signal.
    """
    courses = [Course(twin.engine, name) for name in plots]
    signalled = _signalled()
    failure = ""
    try:
        await twin.start(servers=servers, paced=False)
        if servers and not quiet:
            for text in twin.links.lines():
                print(text, file=sys.stderr)
        try:
            await _until_done(twin, duration_s, quiet, signalled)
        except Exception as error:
            log.exception("the simulation failed")
            failure = f"{type(error).__name__}: {error}"
    finally:
        await twin.stop()
    print(summary(twin.snapshot()))
    for course in courses:
        print(course.draw(min(120, shutil.get_terminal_size().columns), 16, unicode=_stdout_is_utf8()))
    if twin.pacer.overruns:
        print(
            f"Simulated time fell behind {twin.pacer.overruns} times: reduce the speed.",
            file=sys.stderr,
        )
    failed = _judge(twin, junit)
    if failure:
        print(f"twin-tui: the simulation failed at {twin.time_s:g} s: {failure}", file=sys.stderr)
        return SIMULATION_FAILED
    return INTERRUPTED if signalled.is_set() and duration_s is not None else int(failed)


def _stdout_is_utf8() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"


def _judge(twin: Twin, junit: Path | None) -> bool:
    """Print and write the verdicts of the scenario, if there is one; return whether any failed."""
    if twin.judge is None:
        return False
    twin.judge.close()
    print(twin.judge.report())
    if junit is not None:
        try:
            junit.write_text(twin.judge.junit(), encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"{junit}: could not write: {error.strerror}") from None
    return bool(twin.judge.failed)


def _signalled() -> asyncio.Event:
    """Return an event that SIGINT and SIGTERM set from now on, also while the servers start."""
    signalled = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError, RuntimeError):
            loop.add_signal_handler(number, signalled.set)
    return signalled


async def _until_done(twin: Twin, duration_s: float | None, quiet: bool, signalled: asyncio.Event) -> None:
    """Run until the end of the duration or a signal."""
    running = asyncio.ensure_future(twin.run(math.inf if duration_s is None else duration_s))
    waiting = asyncio.ensure_future(signalled.wait())
    with (
        _printed_log(twin, quiet),
        _progress(twin, duration_s, quiet),
        contextlib.suppress(asyncio.CancelledError),
    ):
        await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        running.cancel()
        await running


@contextlib.contextmanager
def _printed_log(twin: Twin, quiet: bool) -> Iterator[None]:
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
            print(clean(line), file=sys.stderr)

    watcher = twin.engine.watch(1.0, print_new)
    try:
        yield
    finally:
        twin.engine.unwatch(watcher)
        print_new()


@contextlib.contextmanager
def _progress(twin: Twin, duration_s: float | None, quiet: bool) -> Iterator[None]:
    if quiet or duration_s is None or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console  # noqa: PLC0415 - a pipeline must not pay for it
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f} s"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as progress:
        bar = progress.add_task(twin.site.plan.name, total=duration_s)
        ticker = asyncio.ensure_future(_tick(twin, lambda seconds: progress.update(bar, completed=seconds)))
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
