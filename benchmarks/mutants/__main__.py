"""Plant faults in a sample of lines and say which of them no test notices.

    python -m benchmarks.mutants [twin_tui/engine ...] [--sample 300] [--seed 1] [--jobs 1] [--budget 20]
        [--tests tests]

The suite runs once, in a copy of the working tree, to learn which test executes which line and how long it
takes. Then each fault of the sample is planted in a copy, and the tests that execute its line run in a fork
of this process, which has the libraries loaded already: those of the same room first, then the fastest,
until one fails, or until tests worth ``budget`` seconds have passed. The checkout is not touched. What is
found is kept in build/mutants, so that a run goes on where it was broken off: a fault that was noticed counts
until its file changes, one that survived is tried again when the tests have changed.
"""

import argparse
import gc
import hashlib
import importlib
import multiprocessing.connection
import os
import shutil
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, replace
from importlib.metadata import entry_points
from multiprocessing.process import BaseProcess
from pathlib import Path

from benchmarks.mutants.faults import Fault, faults
from benchmarks.mutants.suite import Suite, learn
from benchmarks.mutants.tree import OWN, Watcher, copies, digest, files, fork, join, settle

PACKAGES = ["twin_tui/engine", "twin_tui/protocols/modbus", "twin_tui/protocols/maps", "twin_tui/run"]
KEPT = Path("build/mutants")
PRELOADED = (
    *("hypothesis", "jsonschema", "pydantic", "yaml", "click", "plotext", "pvlib"),
    *("textual.app", "pymodbus.client", "fastapi.testclient", "uvicorn", "websockets.asyncio.client"),
)
PATIENCE_S, PATIENCE = 20.0, 4.0
"""A fault makes an endless loop if its tests take so much, and so many times, longer than alone."""
FIRST = 10
NO_TEST, NOTICED, SURVIVED, UNTRIED = "no test", "noticed", "survived", "untried"
"""Untried: its tests do not run to their end without the fault either."""
NO_ANSWER, NO_START, THE_CLOCK = "the end of the process", "the start of the tests", "the clock"


@dataclass(slots=True)
class Trial:
    """A fault in a copy of the tree, and the tests at work on it."""

    fault: Fault
    tree: Path
    process: BaseProcess
    until: float

    @classmethod
    def start(cls, fault: Fault, tree: Path, tests: list[str], seconds: float) -> "Trial":
        """Plant a fault and set its tests on it."""
        path = tree / fault.path
        before = path.stat()
        path.write_text(fault.plant(path.read_text()))
        # another time than the bytecode knows, whatever the clock says
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 2_000_000_000))
        process = fork(_try, tree, tests, _answer(tree))
        return cls(fault, tree, process, time.monotonic() + PATIENCE_S + PATIENCE * seconds)

    @property
    def over(self) -> bool:
        """Whether the tests have ended or taken too long."""
        return self.process.exitcode is not None or time.monotonic() > self.until

    def end(self, root: Path) -> str:
        """Take the fault out again and return which test noticed it, or ""."""
        ended, answer = join(self.process, 0.0), _answer(self.tree)
        found = answer.read_text() if answer.exists() else NO_ANSWER
        answer.unlink(missing_ok=True)
        shutil.copy2(root / self.fault.path, self.tree / self.fault.path)
        return found if ended else THE_CLOCK

    def passes_without(self, root: Path, tests: list[str], seconds: float) -> bool:
        """Return whether the same tests pass without the fault: a broken machine notices everything."""
        control = Trial.start(replace(self.fault, after=self.fault.before), self.tree, tests, seconds)
        control.process.join(max(0.0, control.until - time.monotonic()))
        return not control.end(root)


def _warm(tree: Path) -> None:
    """Read every test once, so that the copy has the bytecode of all that a fault leaves alone."""
    settle(tree)
    Watcher().run(["tests"], "--collect-only")
    os._exit(0)


def _answer(tree: Path) -> Path:
    return tree.parent / f"{tree.name}.answer"


def _try(tree: Path, tests: list[str], answer: Path) -> None:
    settle(tree)
    sys.dont_write_bytecode = True
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    watcher = Watcher()
    # most faults are noticed by the first few tests: the files of the others are not even read then
    well = watcher.run(tests[:FIRST], "-x") and (not tests[FIRST:] or watcher.run(tests[FIRST:], "-x"))
    answer.write_text("" if well else watcher.failed[0] if watcher.failed else NO_START)
    os._exit(0)


class Book:
    """What came of each fault, kept from run to run."""

    def __init__(self, root: Path, wanted: list[str]) -> None:
        self._root = root
        self._path = KEPT / "outcomes.tsv"
        self._tests = digest(root, [path for path in files(root) if any(map(path.is_relative_to, wanted))])
        self._known: dict[str, tuple[str, str]] = {}
        if self._path.exists():
            for line in self._path.read_text().splitlines():
                key, outcome, tests = line.split("\t")[:3]
                self._known[key] = outcome, tests

    def _key(self, fault: Fault) -> str:
        source = digest(self._root, [Path(fault.path)])
        return hashlib.sha256(f"{source} {fault.start} {fault.end} {fault.after}".encode()).hexdigest()[:16]

    def outcome(self, fault: Fault) -> str:
        """Return what came of a fault, or "" if it has to be tried."""
        outcome, tests = self._known.get(self._key(fault), ("", ""))
        return outcome if outcome == NOTICED or tests == self._tests else ""

    def write(self, fault: Fault, outcome: str, by: str = "") -> None:
        """Keep what came of a fault."""
        key = self._key(fault)
        self._known[key] = outcome, self._tests
        with self._path.open("a") as file:
            file.write("\t".join((key, outcome, self._tests, str(fault), by)) + "\n")


def sample(root: Path, package: str, size: int, seed: int) -> list[Fault]:
    """Return the faults to plant in a package; those of a line stay the same while other lines change."""
    drawn: list[tuple[str, Fault]] = []
    for path in files(root):
        if path.suffix == ".py" and path.is_relative_to(package):
            source, seen = (root / path).read_text(), Counter[str]()
            lines = source.splitlines()
            for fault in faults(str(path), source):
                key = f"{seed} {path} {lines[fault.line - 1].strip()} {fault.before} {fault.after}"
                seen[key] += 1
                drawn.append((hashlib.sha256(f"{key} {seen[key]}".encode()).hexdigest(), fault))
    return [fault for _, fault in sorted(drawn, key=lambda each: each[0])[:size]]


def judge(
    root: Path, trees: list[Path], suite: Suite, book: Book, planted: list[Fault], budget_s: float
) -> None:
    """Try the faults of a sample that are not in the book yet."""
    waiting = [fault for fault in planted if not book.outcome(fault)]
    free, running, left = list(trees), list[Trial](), len(waiting)
    while left:
        while waiting and free:
            fault = waiting.pop(0)
            tests = suite.chosen(fault, budget_s)
            if tests:
                seconds = sum(suite.seconds[test] for test in tests)
                running.append(Trial.start(fault, free.pop(), tests, seconds))
            else:
                book.write(fault, NO_TEST)
                left -= 1
        if running:
            pause_s = max(0.0, min(trial.until for trial in running) - time.monotonic())
            multiprocessing.connection.wait([trial.process.sentinel for trial in running], pause_s)
        for trial in [trial for trial in running if trial.over]:
            by = trial.end(root)
            outcome = NOTICED if by else SURVIVED
            if by in {NO_ANSWER, NO_START, THE_CLOCK}:
                tests = suite.chosen(trial.fault, budget_s)
                if not trial.passes_without(root, tests, sum(suite.seconds[test] for test in tests)):
                    outcome = UNTRIED
            book.write(trial.fault, outcome, by)
            running.remove(trial)
            free.append(trial.tree)
            left -= 1
            print(f"{left:5} left  {trial.fault}  {by if outcome == NOTICED else outcome}", flush=True)


def main() -> None:
    """Plant, run and report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("packages", nargs="*", default=PACKAGES, help="folders or files to plant faults in")
    parser.add_argument("--sample", type=int, default=300, help="faults for each package")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="faults tried at the same time")
    parser.add_argument("--budget", type=float, default=20.0, help="seconds of tests for one fault")
    parser.add_argument("--tests", nargs="+", default=["tests"], help="folders or files of tests to run")
    given = parser.parse_args()
    root = Path.cwd()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the copies go
    plugins = [entry.module for entry in entry_points(group="pytest11")]
    for name in [*PRELOADED, *(name for name in plugins if name.split(".")[0] not in OWN)]:
        importlib.import_module(name)
    with copies(root, given.jobs) as trees:
        suite, book = learn(root, trees[0], KEPT, given.tests), Book(root, given.tests)
        for tree in trees:
            join(fork(_warm, tree), None)
        gc.collect()
        gc.freeze()  # a fork that collects garbage would copy all that is loaded here
        scores = []
        for package in given.packages:
            planted = sample(root, package, given.sample, given.seed)
            judge(root, trees, suite, book, planted, given.budget)
            missed = [fault for fault in planted if book.outcome(fault) != NOTICED]
            print(f"\n{package}: no test noticed", *(f"  {book.outcome(m):9} {m}" for m in missed), sep="\n")
            score = 100.0 * (1.0 - len(missed) / max(1, len(planted)))
            scores.append(f"{package}: {score:.1f} % of {len(planted)} faults were noticed")
    print("", *scores, sep="\n")


if __name__ == "__main__":
    main()
