"""Thousands of broken inputs: none may bring a traceback, take longer than 5 s or print an endless line.

    python -m benchmarks.fuzz_inputs [--cases 10000] [--seed 1] [--kinds site,recording] [--processes 2]

Good files, command lines, REST bodies and S2 conversations are damaged by chance (bytes, lines, values, keys,
nesting, length) and given to the program in processes of their own, with their memory limited to 2 GB.
"""

import argparse
import json
import multiprocessing
import os
import random
import re
import resource
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

from benchmarks.fuzz_damage import Damage
from benchmarks.fuzz_targets import KINDS, seeds

LONGEST_S = 5.0
MEMORY = 2 << 30
BATCH = 200
PLACE = re.compile(r'File "[^"]*?(twin_tui/[^"]+)", line (\d+)')
Case = tuple[int, str, bytes]


def _work(cases: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        while True:
            kind, data = cases.recv()
            try:
                suffix, given = KINDS[kind]
                if kind == "site" and data.lstrip()[:1] == b"{":
                    suffix = ".json"
                path = Path(folder, "input" + suffix)
                path.write_bytes(data)
                given(path)
                cases.send("")
            except BaseException:
                cases.send(traceback.format_exc())


class Worker:
    """A process that takes cases one by one; it is replaced when one hangs."""

    def __init__(self, longest_s: float = LONGEST_S) -> None:
        self._longest_s = longest_s
        self._warm: set[str] = set()
        """The kinds whose code is imported; the first case of a kind may take longer."""
        self._start()

    def _start(self) -> None:
        self._here, there = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("spawn").Process(target=_work, args=(there,), daemon=True)
        self._process.start()
        there.close()  # so that the end of the process is the end of the pipe

    def outcome(self, kind: str, data: bytes) -> str:
        """Return what went wrong with a case, "" when nothing did."""
        try:
            self._here.send((kind, data))
            if self._here.poll(self._longest_s if kind in self._warm else self._longest_s * 6):
                self._warm.add(kind)
                return str(self._here.recv())
        except (EOFError, OSError):
            self.stop()
            self._start()
            return "the process ended"
        self.stop()
        self._start()
        return f"no answer within {self._longest_s:g} s"

    @property
    def pid(self) -> int | None:
        """The id of the process."""
        return self._process.pid

    def stop(self) -> None:
        """End the process."""
        self._warm.clear()
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
) -> Counter[str]:
    """Run broken inputs; return what went wrong, by its last line, with how often."""
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
    return found


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
    found = fuzz(given.cases, given.seed, given.kinds.split(","), given.keep, given.processes)
    for text, times in found.most_common():
        print(f"{times:6d} × {text}")
    print(
        json.dumps(
            {
                "cases": given.cases,
                "wrong": sum(found.values()),
                "seconds": round(time.monotonic() - started, 1),
            }
        )
    )
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
