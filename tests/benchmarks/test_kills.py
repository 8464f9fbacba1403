"""Runs that are killed leave recordings and captures that can be read to their last whole line or packet."""

import subprocess
import sys


def test_what_killed_runs_leave_can_be_read() -> None:
    command = [sys.executable, "-m", "benchmarks.kills", "--times", "3", "--longest", "0.6"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert '{"kills": 3, "wrong": 0}' in done.stdout
