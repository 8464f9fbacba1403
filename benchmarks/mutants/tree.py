"""Copies of the working tree, and processes that run its tests in one."""

import contextlib
import hashlib
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import coverage
import pytest

OWN = ("twin_tui", "benchmarks", "tests", "docs")
PYTEST = ("-q", "--continue-on-collection-errors", "-p", "no:cacheprovider", "-p", "no:xdist")


def files(root: Path) -> list[Path]:
    """Return what belongs to a working tree: what git knows, or would if it were added."""
    command = ["git", "ls-files", "-co", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    return sorted(Path(line) for line in listed.stdout.splitlines() if (root / line).is_file())


def digest(root: Path, paths: Iterable[Path]) -> str:
    """Return a short name for the contents of some files."""
    found = hashlib.sha256()
    for path in paths:
        found.update(f"{path}\0".encode())
        found.update((root / path).read_bytes())
    return found.hexdigest()[:16]


@contextlib.contextmanager
def copies(root: Path, number: int) -> Iterator[list[Path]]:
    """Yield copies of a working tree."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as top:
        trees = [Path(top) / str(index) for index in range(number)]
        for tree in trees:
            for path in files(root):
                (tree / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(root / path, tree / path)
        yield trees


class Watcher:
    """Learns how long each test takes, which do not pass, and, given a coverage, what each executes."""

    def __init__(self, traced: coverage.Coverage | None = None) -> None:
        self.traced = traced
        self.seconds: dict[str, float] = defaultdict(float)
        self.failed: list[str] = []

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Count what runs from now on as this test's."""
        if self.traced is not None:
            self.traced.switch_context(nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the outcome of one part of a test."""
        self.seconds[report.nodeid] += report.duration
        if not report.passed:
            self.failed.append(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Take the outcome of reading a file of tests."""
        if report.failed:
            self.failed.append(report.nodeid)

    def run(self, tests: list[str], *options: str) -> bool:
        """Run tests where this process is and return whether all went well."""
        return pytest.main([*PYTEST, *options, *tests], plugins=[self]) == 0


def settle(tree: Path) -> None:
    """Make this process, a fork, one that runs in a copy of the tree and says nothing."""
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.chdir(tree)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    for name in [name for name in sys.modules if name.split(".")[0] in OWN]:
        del sys.modules[name]
    sys.path.insert(0, str(tree))
    os.environ.update(PYTHONPATH=str(tree), CI="1")


def fork(run: Any, *arguments: Any) -> BaseProcess:
    """Return a process that has everything loaded which this one has."""
    process = multiprocessing.get_context("fork").Process(target=run, args=arguments, daemon=True)
    process.start()
    return process


def join(process: BaseProcess, timeout_s: float | None) -> bool:
    """Wait for a process, end what it has left running, and return whether it ended in time."""
    process.join(timeout_s)
    ended = process.exitcode is not None
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid or 0, signal.SIGKILL)
    process.join()
    return ended
