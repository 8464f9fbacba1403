"""From the command to the first Modbus answer of a headless run. ``python -m benchmarks.start [CHECKOUT …]``.

With several checkouts (each with its own ``.venv``, or the interpreter of this process) their starts are
measured in turn, so that a busy machine hits all alike. Prints the median and the least in seconds.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

READ = bytes.fromhex("000100000006010400000001")
SITE = {"name": "start", "assets": [{"type": "battery", "name": "bess", "capacity_kwh": 10}]}
LIMIT_S = 30.0
BARE = {key: text for key, text in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
"""Without byte code on disk a start would compile everything each time."""


def free_port() -> int:
    """Return a TCP port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_s(checkout: Path, folder: Path) -> float:
    """Return the time from the start of a process to its first Modbus answer, s."""
    port = free_port()
    protocol = {"kind": "modbus_tcp", "port": port, "register_map": "bess_modbus"}
    site = {**SITE, "assets": [{**SITE["assets"][0], "protocols": [protocol]}]}  # type: ignore[dict-item]
    path = folder / "site.json"
    path.write_text(json.dumps(site))
    own = checkout / ".venv" / "bin" / "python"
    python = str(own if own.exists() else sys.executable)
    began = time.perf_counter()
    process = subprocess.Popen(
        [python, "-m", "twin_tui", "run", str(path), "--headless", "--quiet"],
        cwd=checkout,
        env={**BARE, "PYTHONPATH": str(checkout)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while True:
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as link:
                    link.sendall(READ)
                    if link.recv(64):
                        return time.perf_counter() - began
            except ConnectionRefusedError:
                time.sleep(0.002)
            if time.perf_counter() - began > LIMIT_S or process.poll() is not None:
                raise SystemExit(f"{checkout}: no answer")
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    """Measure from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("checkouts", nargs="*", type=Path, default=[Path()])
    parser.add_argument("--runs", type=int, default=11)
    given = parser.parse_args()
    found: dict[Path, list[float]] = {checkout.resolve(): [] for checkout in given.checkouts}
    with tempfile.TemporaryDirectory() as folder:
        for checkout in found:
            start_s(checkout, Path(folder))
        for _ in range(given.runs):
            for checkout, times in found.items():
                times.append(start_s(checkout, Path(folder)))
    for checkout, times in found.items():
        print(
            f"{checkout}: median {statistics.median(times):.3f} s, least {min(times):.3f} s of {len(times)}"
        )


if __name__ == "__main__":
    main()
