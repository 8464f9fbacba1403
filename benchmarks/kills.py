"""Kills headless runs with SIGKILL at random moments and reads what they left: recordings and captures.

    python -m benchmarks.kills [--times 200] [--seed 1] [--longest 3]

Each run records (JSON Lines, gzipped, Parquet, in turn) and captures the traffic of a client that polls. What
is left must be readable up to its last whole line, part or packet: JSON Lines and pcapng are checked by a few
lines of their own here, and `replay` must say where the recording ends. Exit code 1 if anything is not so.
"""

import argparse
import contextlib
import json
import multiprocessing
import os
import random
import re
import signal
import socket
import struct
import sys
import tempfile
import time
import zlib
from collections import Counter
from pathlib import Path

from twin_tui import Twin
from twin_tui.cli import headless, runs
from twin_tui.cli.main import main as command_line
from twin_tui.errors import ConfigError
from twin_tui.run import recording
from twin_tui.run.recording import tables

PRELOADED = (headless, runs)
FORMS = ("jsonl", "jsonl.gz", "parquet")
DAYS = 30
FLUSHED_WITHIN_S = 1.0
"""What the client had an answer to this long before the kill should be in the capture."""
READ = struct.pack(">HHHBBHH", 1, 0, 6, 1, 4, 10059, 2)


def child(folder: str, port: int, form: str) -> None:
    """Run the command line as a user does."""
    os.chdir(folder)
    tables.ROWS = 200  # for some parts in the seconds that a run has
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(1, 2)
    asset = {"type": "battery", "name": "bess", "port": port}
    Path("site.json").write_text(json.dumps({"name": "killed", "assets": [asset, {"type": "load"}]}))
    sys.argv = ["twin-tui", "run", "site.json", "--headless", "--speed", "max", "--duration", f"{DAYS}d"]
    sys.argv += ["--record", f"run.{form}", "--record-every", "0.1", "--capture", "wire.pcapng", "--quiet"]
    command_line()


def poll(port: int, until: float) -> list[float]:
    """Read registers until a time; return when each answer came."""
    answered: list[float] = []
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2) as client:
            client.settimeout(0.2)
            while time.monotonic() < until:
                client.sendall(READ)
                if not client.recv(300):
                    break
                answered.append(time.monotonic())
        time.sleep(0.005)
    return answered


def kill_once(
    rng: random.Random, longest_s: float, form: str, folder: Path
) -> tuple[dict[str, int], list[str]]:
    """Kill one run; return what could be read, and what is wrong."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    forked = form != "parquet"  # a fork of a process that has used pyarrow, as this one does, hangs in it
    context = multiprocessing.get_context("fork" if forked else "spawn")
    process = context.Process(target=child, args=(str(folder), port, form))  # type: ignore[attr-defined]
    process.start()
    path = folder / f"run.{form}"
    while not forked and process.is_alive() and not path.exists():
        time.sleep(0.01)  # it begins with seconds of imports
    moment = time.monotonic() + rng.uniform(0.0, longest_s)
    answered = poll(port, moment)
    os.kill(process.pid or 0, signal.SIGKILL)
    killed = time.monotonic()
    process.join()
    if process.exitcode != -signal.SIGKILL:
        return {}, [f"{form}: the run had already ended with {process.exitcode}"]
    found: dict[str, int] = {"kills": 1}
    wrong: list[str] = []
    if path.exists():
        read, wrong = _parts(path) if form == "parquet" else _lines(path)
        found |= read
    wire = folder / "wire.pcapng"
    if wire.exists():
        packets, torn = _packets(wire.read_bytes())
        found |= {"captures": 1, "packets": packets, "torn packets": torn}
        due = 2 * sum(at < killed - FLUSHED_WITHIN_S for at in answered)
        found["captures that lag by a second"] = int(packets < due)  # a busy machine may keep it from running
    return found, wrong


def _lines(path: Path) -> tuple[dict[str, int], list[str]]:
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = zlib.decompressobj(31).decompress(data)
    *whole, torn = data.split(b"\n")
    if not whole:
        return {"recordings without a line": 1}, []
    samples = [row for row in map(json.loads, whole) if "tick" in row and "t" in row]
    found = {"recordings": 1, "lines": len(whole), "torn lines": int(bool(torn))}
    ends_s = samples[-1]["t"] if samples else 0.0
    try:
        recording.read(path)
    except ConfigError as error:
        said = re.search(r"incomplete: ends at (\S+) s of (\S+) s", str(error))
        if said is None or said[1] != f"{ends_s:g}" or said[2] != f"{DAYS * 86_400:g}":
            return found, [f"{path.name}: ends at {ends_s} s, but: {error}"]
    else:
        return found, [f"{path.name}: taken for a complete recording"]
    rows = sum(1 for _ in recording.read_recording(path))
    return found, [] if rows == len(samples) else [f"{path.name}: {rows} of {len(samples)} samples were read"]


def _parts(path: Path) -> tuple[dict[str, int], list[str]]:
    import pyarrow.parquet as pq  # noqa: PLC0415 - only for this form

    parts = sorted(path.glob("part-*.parquet"))
    times = [time_s for part in parts for time_s in pq.read_table(part).column("t_s").to_pylist()]
    found = {"recordings": 1, "parts": len(parts), "rows": len(times)}
    found["torn parts"] = len(list(path.glob(".*.torn")))
    in_order = all(abs(time_s - 0.1 * number) < 1e-6 for number, time_s in enumerate(times))
    return found, [] if in_order else [f"{path.name}: rows are missing"]


def _packets(data: bytes) -> tuple[int, int]:
    """Return how many packets a pcapng file has, and whether it ends within a block."""
    packets = at = 0
    while at + 12 <= len(data):
        kind, length = struct.unpack_from("<II", data, at)
        if at + length > len(data):
            break
        assert struct.unpack_from("<I", data, at + length - 4)[0] == length, "not a pcapng block"
        packets += kind == 6
        at += length
    return packets, int(at < len(data))


def kills(times: int, seed: int, longest_s: float) -> tuple[dict[str, Counter[str]], list[str]]:
    """Kill runs; return what could be read by form, and what is wrong."""
    Twin.from_file("one_battery")  # and have every child begin with all that is imported for it
    rng = random.Random(seed)
    found = {form: Counter[str]() for form in FORMS}
    wrong: list[str] = []
    for number in range(times):
        form = FORMS[number % len(FORMS)]
        with tempfile.TemporaryDirectory() as folder:
            read, failures = kill_once(rng, longest_s, form, Path(folder))
        found[form].update(read)
        wrong += failures
    return found, wrong


def main() -> int:
    """Run the kills from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--longest", type=float, default=3.0, help="seconds that a run may last")
    given = parser.parse_args()
    found, wrong = kills(given.times, given.seed, given.longest)
    for form, counts in found.items():
        print(json.dumps({"form": form, **counts}))
    for text in wrong:
        print(text)
    print(json.dumps({"kills": given.times, "wrong": len(wrong)}))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
