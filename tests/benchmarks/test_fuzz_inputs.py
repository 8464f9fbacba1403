"""A short, seeded round of the fuzz of inputs; the long one is ``python -m benchmarks.fuzz_inputs``."""

import os
import signal
from pathlib import Path

import pytest

from benchmarks.fuzz_inputs import Worker, broken, fuzz
from benchmarks.fuzz_targets import KINDS, seeds

CASES = 300
HANGS_S = 120.0
"""Far more than a case takes on a busy machine."""


def test_broken_inputs_of_every_kind_bring_no_traceback_and_no_hang() -> None:
    assert fuzz(CASES, seed=1, kinds=list(KINDS), processes=1, longest_s=HANGS_S)[0] == {}


@pytest.mark.parametrize("kind", KINDS)
def test_the_good_inputs_that_are_damaged_are_good(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    suffix, target = KINDS[kind]
    for data in seeds(kind)[:6]:
        path = tmp_path / f"input{'.json' if kind == 'site' and data.startswith(b'{') else suffix}"
        path.write_bytes(data)
        target(path)


def test_a_seed_gives_the_same_broken_inputs_again() -> None:
    first, again = ([*broken(30, 7, ["site", "line", "rest", "s2"])] for _ in range(2))
    assert first == again
    assert first != [*broken(30, 8, ["site", "line", "rest", "s2"])]


def test_a_case_that_computes_for_too_long_is_reported_with_its_place() -> None:
    worker = Worker(longest_s=0.005, waits_s=HANGS_S)
    try:
        wrong = worker.outcome("command", b"run demo --headless")
    finally:
        worker.stop()
    assert wrong.strip().endswith("TooLongError")
    assert "twin_tui/" in wrong


def test_a_failure_of_the_program_and_of_its_process_are_both_reported() -> None:
    worker = Worker(HANGS_S)
    try:
        assert "KeyError: 'nosuch'" in worker.outcome("nosuch", b"")
        assert worker.outcome("grid_code", b"{}") == ""
        os.kill(worker.pid, signal.SIGKILL)
        assert worker.outcome("grid_code", b"{}") == "the process ended"
        assert worker.outcome("grid_code", b"{}") == ""
    finally:
        worker.stop()
