"""Runs of the command line, with the console or without, with clients, replay without a difference."""

import subprocess
import sys


def test_recordings_of_runs_with_clients_and_console_replay() -> None:
    command = [sys.executable, "-m", "benchmarks.replays", "--runs", "2", "--python", sys.executable]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"console at max": 1' in done.stdout
    assert '{"runs": 2, "pythons": 2, "wrong": 0}' in done.stdout
