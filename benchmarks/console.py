"""What the console costs beside a headless run of the same site, and how soon it is there.

20 devices, ten clients that poll ten times a second and write now and then, a log at its limit; in turn
headless, 80x24, 250x70, several rounds, the median of each: ``python -m benchmarks.console [--rounds 3]``.
Every run is printed when it is done; filling the log alone takes almost a minute of each.

CPU is the time of the process, whatever else the machine does. Answers and the wall time of the first paint
are of the machine at hand: on a busy one only their ratio to the headless run of the round says something.
"""

import argparse
import os
import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.console_run import ConsoleRun, bench_site, quantile
from twin_tui.engine.log import LOG_LENGTH

SIZES = ((80, 24), (250, 70))
STALL_S = 5.0
FILL_S = LOG_LENGTH / 200 + 4
"""The log lists at most 200 writes a second."""


@dataclass
class Figures:
    """One run, measured over a while."""

    cpu_percent: float
    p50_ms: float
    p99_ms: float
    bytes_per_s: float = 0.0
    still_bytes_per_s: float = 0.0
    still_percent: float = 0.0
    stalled_ms: float = 0.0
    entries: int = 0


def measure(site: Path, ports: list[int], seconds: float, size: tuple[int, int] | None) -> Figures:
    """Run the site headless, or in a terminal of some size, and measure it from outside."""
    with ConsoleRun(site, ports, size) as run:
        run.until_answers()
        run.talk(FILL_S, write_every=1, a_second=25.0)
        run.talk(2.0)
        entries = run.entries_of_log() if size is not None else 0
        cpu_s, drawn = run.cpu_s(), run.drawn
        answers = run.talk(seconds)
        found = Figures(
            100 * (run.cpu_s() - cpu_s) / seconds,
            1e3 * quantile(answers, 0.5),
            1e3 * quantile(answers, 0.99),
            (run.drawn - drawn) / seconds,
            entries=entries,
        )
        if size is not None:
            found.stalled_ms = 1e3 * max(run.talk(STALL_S, reads_terminal=False))
            run.talk(1.0)
            run.press(b"p")
            run.talk(2.0)
            cpu_s, drawn = run.cpu_s(), run.drawn
            run.rest(seconds)
            found.still_bytes_per_s = (run.drawn - drawn) / seconds
            found.still_percent = 100 * (run.cpu_s() - cpu_s) / seconds
        return found


def first_paint(site: Path, ports: list[int], times: int) -> tuple[list[float], list[float]]:
    """Return wall and CPU times from the start of the process to the first device on the screen, s."""
    wall, cpu = [], []
    for number in range(times + 1):
        with ConsoleRun(site, ports, (80, 24)) as run:
            found = run.until_painted()
        if number:  # the first one compiles what nobody has compiled yet
            wall.append(found[0])
            cpu.append(found[1])
    return wall, cpu


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement")
    parser.add_argument("--starts", type=int, default=7)
    given = parser.parse_args()
    found: dict[tuple[int, int] | None, list[Figures]] = {None: [], **{size: [] for size in SIZES}}
    with tempfile.TemporaryDirectory() as folder:
        site, ports = bench_site(Path(folder))
        wall, cpu = first_paint(site, ports, given.starts)
        print(f"first paint: {statistics.median(cpu):.2f} s CPU, least {min(cpu):.2f}", flush=True)
        for number in range(1, given.rounds + 1):
            for size, figures in found.items():
                figures.append(measure(site, ports, given.seconds, size))
                print(f"round {number}, {_name(size)}: {_line(figures[-1])}", flush=True)
    print(f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; {given.rounds} rounds")
    report(found, wall, cpu)


def report(found: dict[tuple[int, int] | None, list[Figures]], wall: list[float], cpu: list[float]) -> None:
    """Print target and figure of each."""
    alone = found[None]
    print(f"headless: {_middle(alone, 'cpu_percent'):.1f} % of a core, {_answers(alone)}")
    rows: list[tuple[str, float, float, str]] = []
    for size, limit in zip(SIZES, (6, 10), strict=True):
        name, runs = _name(size), found[size]
        pairs = list(zip(runs, alone, strict=True))
        above = statistics.median(one.cpu_percent - other.cpu_percent for one, other in pairs)
        slower = statistics.median(one.p99_ms / other.p99_ms for one, other in pairs)
        rows += [
            (f"{name} CPU above headless", above, limit, "% of a core"),
            (f"{name} output, values moving", _middle(runs, "bytes_per_s") / 1e3, 15, "kB/s"),
            (f"{name} output, still", _middle(runs, "still_bytes_per_s") / 1e3, 1, "kB/s"),
            (f"{name} p99 of an answer", slower, 2, "x headless"),
            (f"{name} slowest, stalled terminal", _middle(runs, "stalled_ms"), 100, "ms"),
        ]
        entries, still = min(one.entries for one in runs), _middle(runs, "still_percent")
        print(f"{name}: log of {entries} entries, {_answers(runs)}, still {still:.1f} % of a core")
    seen = f"s (wall {statistics.median(wall):.2f}, least {min(wall):.2f})"
    rows.append(("first paint, CPU time", statistics.median(cpu), 0.6, seen))
    for name, value, most, unit in rows:
        print(f"{name:<32}{value:>8.2f}  target {most:>5g} {unit:<12}{'' if value <= most else '  MISSED'}")


def _name(size: tuple[int, int] | None) -> str:
    return "headless" if size is None else f"{size[0]}x{size[1]}"


def _line(run: Figures) -> str:
    return (
        f"{run.cpu_percent:.1f} % of a core, p99 {run.p99_ms:.2f} ms, {run.bytes_per_s / 1e3:.1f} kB/s, "
        f"slowest while stalled {run.stalled_ms:.0f} ms, load {os.getloadavg()[0]:.1f}"
    )


def _answers(runs: list[Figures]) -> str:
    return f"answers p50 {_middle(runs, 'p50_ms'):.2f} ms, p99 {_middle(runs, 'p99_ms'):.2f} ms"


def _middle(runs: list[Figures], name: str) -> float:
    return float(statistics.median(getattr(one, name) for one in runs))


if __name__ == "__main__":
    main()
