"""The console in a terminal of its own: how signals and verdicts end it."""

import os
import pty
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.cli.processes import PROGRAM, environment, files

LIMIT_S = 60.0


class Console:
    """A console whose terminal is read here."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.terminal, inside = pty.openpty()
        self.process = subprocess.Popen(
            [*PROGRAM, "run", *words],
            cwd=folder,
            env=environment(TERM="xterm", HOME=str(folder), XDG_CONFIG_HOME=str(folder)),
            stdin=inside,
            stdout=inside,
            stderr=inside,
            start_new_session=True,
        )
        os.close(inside)
        self.shown = ""

    def wait(self, text: str) -> None:
        """Read until a text was shown."""
        ends = time.monotonic() + LIMIT_S
        while text not in self.shown:
            assert select.select([self.terminal], [], [], ends - time.monotonic())[0], self.shown
            self.shown += os.read(self.terminal, 65_536).decode(errors="replace")

    def end(self) -> int:
        """Read to the end; return the exit code."""
        while True:
            try:
                read = os.read(self.terminal, 65_536)
            except OSError:
                break
            self.shown += read.decode(errors="replace")
        return self.process.wait(LIMIT_S)


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    started = Console(files(tmp_path), "--scenario", "scenario.yaml", "--junit", "report.xml")
    try:
        started.wait("bess")
        yield started
    finally:
        started.process.kill()
        started.process.wait()
        os.close(started.terminal)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_console_with_its_code_and_all_results(
    console: Console, tmp_path: Path, number: signal.Signals
) -> None:
    console.process.send_signal(number)
    assert console.end() == 128 + number
    assert "Traceback" not in console.shown
    assert ElementTree.parse(tmp_path / "report.xml").getroot().get("tests") == "4"


def test_a_scenario_in_the_console_has_the_same_verdict_as_without_a_screen(
    console: Console, tmp_path: Path
) -> None:
    os.write(console.terminal, b"q")
    assert console.end() == 1
    assert "bench: 1 passed, 3 failed" in console.shown
    assert ElementTree.parse(tmp_path / "report.xml").getroot().get("failures") == "3"
