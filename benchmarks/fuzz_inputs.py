"""Thousands of broken inputs: none may bring a traceback, take longer than 5 s or print an endless line.

    python -m benchmarks.fuzz_inputs [--cases 10000] [--seed 1] [--kinds site,recording] [--processes 2]

Good files, command lines, REST bodies and S2 conversations are damaged by chance (bytes, lines, values, keys,
nesting, length) and given to the program in processes of their own, with their memory limited to 2 GB. The
5 s are CPU time, so that a busy machine changes no result; a case that waits instead has 20 s. The processes
are forked from one that has imported everything.
"""

import argparse
import json
import multiprocessing
import os
import random
import re
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from types import FrameType
from typing import NoReturn

from benchmarks.fuzz_damage import Damage
from benchmarks.fuzz_targets import KINDS, seeds

LONGEST_S = 5.0
WAITS_TIMES = 4
"""How many times as long as it may compute a case may take altogether."""
SHARED_MEMORY = Path("/dev/shm")
MEMORY = 2 << 30
BATCH = 200
PLACE = re.compile(r'File "[^"]*?(twin_tui/[^"]+)", line (\d+)')
Case = tuple[int, str, bytes]
_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["benchmarks.fuzz_warm"])


class TooLongError(BaseException):
    """A case computes for too long; nothing catches it on its way."""


def _too_long(number: int, frame: FrameType | None) -> NoReturn:
    raise TooLongError


def _work(cases: Connection, longest_s: float) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGPROF, _too_long)
    with tempfile.TemporaryDirectory(dir=SHARED_MEMORY if SHARED_MEMORY.is_dir() else None) as folder:
        os.chdir(folder)
        while True:
            kind, data = cases.recv()
            try:
                suffix, given = KINDS[kind]
                if kind == "site" and data.lstrip()[:1] == b"{":
                    suffix = ".json"
                path = Path(folder, "input" + suffix)
                path.write_bytes(data)
                signal.setitimer(signal.ITIMER_PROF, longest_s)
                given(path)
                wrong = ""
            except BaseException:
                wrong = traceback.format_exc()
            signal.setitimer(signal.ITIMER_PROF, 0.0)
            cases.send((wrong, time.process_time()))


class Worker:
    """A process that takes cases one by one; it is replaced when one hangs."""

    def __init__(self, longest_s: float = LONGEST_S, waits_s: float | None = None) -> None:
        self._longest_s = longest_s
        self._waits_s = longest_s * WAITS_TIMES if waits_s is None else waits_s
        self._cpu_before_s = self._cpu_s = 0.0
        self._start()

    def _start(self) -> None:
        self._cpu_before_s += self._cpu_s
        self._cpu_s = 0.0
        self._here, there = _forks.Pipe()
        self._process = _forks.Process(target=_work, args=(there, self._longest_s), daemon=True)
        self._process.start()
        there.close()  # so that the end of the process is the end of the pipe

    @property
    def cpu_s(self) -> float:
        """The CPU time of all cases so far."""
        return self._cpu_before_s + self._cpu_s

    def outcome(self, kind: str, data: bytes) -> str:
        """Return what went wrong with a case, "" when nothing did."""
        try:
            self._here.send((kind, data))
            if self._here.poll(self._waits_s):
                wrong, self._cpu_s = self._here.recv()
                return str(wrong)
        except (EOFError, OSError):
            self.stop()
            self._start()
            return "the process ended"
        self.stop()
        self._start()
        return f"no answer within {self._waits_s:g} s"

    @property
    def pid(self) -> int | None:
        """The id of the process."""
        return self._process.pid

    def stop(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()


def broken(cases: int, seed: int, kinds: list[str]) -> Iterator[Case]:
    """Yield broken inputs of each kind in turn, the same for the same seed."""
    rng = random.Random(seed)
    damage = Damage(rng)
    good = {kind: seeds(kind) for kind in kinds}
    for number in range(cases):
        kind = kinds[number % len(kinds)]
        yield number, kind, damage.of(rng.choice(good[kind]))


def fuzz(
    cases: int,
    seed: int,
    kinds: list[str],
    keep: Path | None = None,
    processes: int = 2,
    longest_s: float = LONGEST_S,
) -> tuple[Counter[str], float]:
    """Run broken inputs; return what went wrong, by its last line, with how often, and the CPU time."""
    found = Counter[str]()
    idle: SimpleQueue[Worker] = SimpleQueue()
    workers = [Worker(longest_s) for _ in range(processes)]
    for worker in workers:
        idle.put(worker)

    def run(case: Case) -> tuple[Case, str]:
        worker = idle.get()
        try:
            return case, worker.outcome(case[1], case[2])
        finally:
            idle.put(worker)

    try:
        with ThreadPoolExecutor(processes) as threads:
            for batch in batches(broken(cases, seed, kinds)):
                for (number, kind, data), wrong in threads.map(run, batch):
                    if not wrong:
                        continue
                    where = PLACE.findall(wrong)
                    last = wrong.strip().splitlines()[-1]
                    key = f"{kind}: {last[:160]} at {':'.join(where[-1]) if where else '?'}"
                    found[key] += 1
                    if keep is not None and found[key] == 1:
                        (keep / f"{kind}-{number}{KINDS[kind][0]}").write_bytes(data)
    finally:
        for worker in workers:
            worker.stop()
    return found, sum(worker.cpu_s for worker in workers)


def batches(cases: Iterator[Case]) -> Iterator[list[Case]]:
    """Yield the cases in lists: all of them at once would need a gigabyte."""
    while batch := [case for _, case in zip(range(BATCH), cases, strict=False)]:
        yield batch


def main() -> int:
    """Run the fuzz from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="folder for the first input of each kind of failure")
    given = parser.parse_args()
    started = time.monotonic()
    if given.keep is not None:
        given.keep.mkdir(parents=True, exist_ok=True)
    found, cpu_s = fuzz(given.cases, given.seed, given.kinds.split(","), given.keep, given.processes)
    for text, times in found.most_common():
        print(f"{times:6d} × {text}")
    print(
        json.dumps(
            {
                "cases": given.cases,
                "wrong": sum(found.values()),
                "seconds": round(time.monotonic() - started, 1),
                "cpu_seconds": round(cpu_s + time.process_time(), 1),
            }
        )
    )
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
