"""Records random runs as users make them and replays them, on this Python and on others.

    python -m benchmarks.replays [--runs 200] [--seed 1] [--python PYTHON ...]

Each run is a process of the command line: without and with the console in turn (in a pseudo terminal, into
which commands are typed), at x1 and as fast as possible. A site with events of its own, lines given by
--inject and a scenario; a Modbus client polls, and writes now and then. Every recording must replay without
a difference on every Python, also on those of --python. Exit code 1 if one does not.
"""

import argparse
import asyncio
import contextlib
import fcntl
import json
import multiprocessing
import os
import pty
import random
import socket
import struct
import subprocess
import sys
import tempfile
import termios
from collections import Counter
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from twin_tui import Twin
from twin_tui.errors import TwinError

AT_ONCE = 6
LENGTHS_S = {"1": 5, "max": 300}
"""Simulated length by speed: a run at x1 is one of few seconds."""
PATIENCE_S = 90.0
LINES = (
    "sag 0.7 0.5s",
    "interrupt 1s",
    "freq ramp 0.5 over 0.7s for 1s",
    "load +3kW 0.5s",
    "cloud 0.2 1s",
    "phase 30 0.5s",
    "fault bess emergency_stop 0.5s",
    "fault pv emergency_stop 1s",
    "clear bess",
    "clear",
    "force bess soc 0.9",
    "release bess soc",
    "write bess active_power_setpoint_w -3000",
    "write bess start_stop 1 fault_reset 1",
    "write pv active_power_limit_pu 0.4",
    "mode bess PEAK_SHAVING 0.5",
    "mode bess off",
    "link bess silence 0.5s",
    "mark here",
)
READ = struct.pack(">HHHBBHH", 1, 0, 6, 1, 4, 10059, 2)
REPLAY = """
import sys
from pathlib import Path
from twin_tui import Twin
for path in sorted(Path(sys.argv[1]).glob("*.jsonl*")):
    for difference in Twin.replay(path):
        print(f"{path.name}: {difference}")
        break
"""


def a_site(draw: random.Random, port: int) -> dict[str, Any]:
    """Return a site with a battery that clients reach and events at few times, many of them in one tick."""
    battery = {"type": "battery", "name": "bess", "capacity_kwh": 10, "port": port, "grid_code": "en50549-1"}
    return {
        "name": "any",
        "seed": draw.randrange(1000),
        "grid": {"preset": "nordic"},
        "assets": [
            {**battery, "grid_forming": draw.random() < 0.5},
            {"type": "pv", "name": "pv", "rated_kw": 6},
            {"type": "load", "name": "house", "base_kw": 1.5},
            {"type": "meter", "name": "meter"},
        ],
        "events": [{"at": a_time(draw), "do": draw.choice(LINES)} for _ in range(draw.randrange(4))],
    }


def a_time(draw: random.Random) -> float:
    """Draw one of few times, so that things meet in a tick."""
    return draw.choice((0.0, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5))


def child(folder: str, words: list[str], terminal: str) -> None:
    """Run the command line as a user does, in a terminal if one is given."""
    from twin_tui.cli.main import main  # noqa: PLC0415 - the parent has imported it

    os.chdir(folder)
    os.setsid()
    screen = os.open(terminal or os.devnull, os.O_RDWR)
    for handle in range(3):
        os.dup2(screen, handle)
    # multiprocessing has closed its standard input
    sys.stdin = sys.__stdin__ = open(0, closefd=False)  # type: ignore[misc] # noqa: SIM115
    os.environ["TERM"] = "xterm-256color"
    sys.argv = ["twin-tui", *words]
    main()


class Run:
    """One run: its process, its client, its terminal."""

    def __init__(self, number: int, seed: int, folder: Path) -> None:
        self.draw = random.Random(f"{seed}-{number}")
        self.console, self.speed = bool(number & 1), "1" if number & 2 else "max"
        self.name = f"{number:03d}.jsonl{'.gz' if number % 5 == 0 else ''}"
        self.folder = folder
        self.answers = self.typed = 0
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]

    def words(self) -> list[str]:
        """Write the files of the run; return its command line."""
        draw, stem = self.draw, self.name.partition(".")[0]
        (self.folder / f"{stem}-site.json").write_text(json.dumps(a_site(draw, self.port)))
        steps = [{"at": a_time(draw), "do": draw.choice(LINES)} for _ in range(draw.randrange(4))]
        steps.append({"at": 4, "expect": "bess.soc > 0%"})
        (self.folder / f"{stem}-scenario.json").write_text(json.dumps({"name": stem, "steps": steps}))
        words = ["run", f"{stem}-site.json", "--speed", self.speed, "--scenario", f"{stem}-scenario.json"]
        words += ["--duration", f"{LENGTHS_S[self.speed]}s", "--record", self.name, "--record-every", "0.1"]
        for _ in range(draw.randrange(4)):
            words += ["--inject", f"{a_time(draw)}s {draw.choice(LINES)}"]
        return words if self.console else [*words, "--headless"]

    async def make(self, context: Any) -> str:
        """Carry out the run; return what went wrong, "" for nothing."""
        screen, terminal = pty.openpty() if self.console else (-1, -1)
        name = os.ttyname(terminal) if self.console else ""
        process = context.Process(target=child, args=(str(self.folder), self.words(), name))
        process.start()
        tasks = [asyncio.create_task(self._client())]
        if self.console:
            fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
            os.set_blocking(screen, False)
            asyncio.get_running_loop().add_reader(screen, self._drain, screen)
            tasks.append(asyncio.create_task(self._type(screen)))
        try:
            code = await self._ended(process)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if self.console:
                asyncio.get_running_loop().remove_reader(screen)
                os.close(screen)
                os.close(terminal)
        return "" if code in (0, 1) else f"{self.name}: ended with {code}"  # 1 is what the expectation says

    async def _ended(self, process: BaseProcess) -> int | None:
        """Return the exit code of the run."""
        for _ in range(int(PATIENCE_S / 0.1)):
            if process.exitcode is not None:
                return process.exitcode
            await asyncio.sleep(0.1)
        process.kill()
        process.join()
        return process.exitcode

    def _drain(self, screen: int) -> None:
        with contextlib.suppress(OSError):
            os.read(screen, 65_536)

    async def _type(self, screen: int) -> None:
        while True:
            await asyncio.sleep(self.draw.uniform(0.1, 0.5))
            with contextlib.suppress(OSError):
                os.write(screen, f":{self.draw.choice(LINES)}\r".encode())
                self.typed += 1

    async def _client(self) -> None:
        while True:
            with contextlib.suppress(OSError, EOFError, TimeoutError):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                with contextlib.closing(writer):
                    while True:
                        writer.write(self._request())
                        async with asyncio.timeout(1.0):
                            head = await reader.readexactly(6)
                            await reader.readexactly(struct.unpack(">H", head[4:])[0])
                        self.answers += 1
                        await asyncio.sleep(0.01)
            await asyncio.sleep(0.02)

    def _request(self) -> bytes:
        if self.draw.random() < 0.8:
            return READ
        watts = self.draw.randrange(-5000, 5000)
        return struct.pack(">HHHBBHHBi", 2, 0, 11, 1, 16, 10126, 2, 4, watts)


async def record(runs: int, seed: int, folder: Path) -> tuple[Counter[str], list[str]]:
    """Make the runs, some at a time; return what was counted, and what went wrong."""
    context: Any = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["twin_tui.cli.run", "twin_tui.console.start", "twin_tui.cli.headless"])
    free = asyncio.Semaphore(AT_ONCE)
    made = [Run(number, seed, folder) for number in range(runs)]

    async def make(run: Run) -> str:
        async with free:
            return await run.make(context)

    wrong = await asyncio.gather(*map(make, made))
    counts: Counter[str] = Counter()
    for run in made:
        counts[f"{'console' if run.console else 'headless'} at {run.speed}"] += 1
        counts["answers to clients"] += run.answers
        counts["commands typed"] += run.typed
    return counts, [text for text in wrong if text]


def main() -> int:
    """Run the replays from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--python", action="append", default=[], help="Replay with this one too.")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        counts, wrong = asyncio.run(record(given.runs, given.seed, folder))
        recordings = sorted(folder.glob("*.jsonl*"))
        for path in recordings:
            try:
                for row in Twin.replay(path):
                    wrong.append(f"{path.name}: {row}")
                    break
            except TwinError as error:
                wrong.append(str(error))
        for python in given.python:
            done = subprocess.run(
                [python, "-c", REPLAY, name], capture_output=True, text=True, check=False, cwd=Path.cwd()
            )
            wrong += [f"{python}: {line}" for line in (done.stdout + done.stderr).splitlines()]
    print(json.dumps({**counts, "recordings": len(recordings)}))
    for text in wrong:
        print(text)
    print(json.dumps({"runs": given.runs, "pythons": 1 + len(given.python), "wrong": len(wrong)}))
    return int(bool(wrong) or len(recordings) < given.runs)


if __name__ == "__main__":
    sys.exit(main())
