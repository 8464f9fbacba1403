"""A signal between two loops of the console is noted: the run ends with its results, not at once."""

import subprocess
import sys

BETWEEN = """
import asyncio, os, signal
from twin_tui.console.ending import end_on_signals, note_signals
noted = []
with asyncio.Runner() as runner:
    async def show():
        end_on_signals(noted.append)
    runner.get_loop().run_until_complete(show())
    note_signals(runner.get_loop(), noted)
    os.kill(os.getpid(), signal.SIGTERM)
os.kill(os.getpid(), signal.SIGHUP)
print(noted)
os._exit(0)
"""


def test_a_signal_behind_a_loop_is_noted_before_and_after_it_is_closed() -> None:
    done = subprocess.run([sys.executable, "-c", BETWEEN], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "[15, 1]\n"), done.stderr
