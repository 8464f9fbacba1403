"""What the console costs: CPU above a headless run, bytes to the terminal, Modbus answers, first paint.

One run, one after the other: the same six-device site headless, with the console while values move, paused.
Run it with ``python -m benchmarks.console [seconds]``.
"""

import fcntl
import os
import pty
import select
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from dataclasses import dataclass
from pathlib import Path

SITE = """
name: bench
seed: 1
start: 2026-06-20T10:30:00
grid: {{preset: continental-europe}}
weather: {{clear_sky_index: 0.8, clear_sky_index_std: 0.15, clear_sky_index_tau_s: 20}}
assets:
  - {{name: bess-1, type: battery, capacity_kwh: 30, initial_soc: 50, max_charge_kw: 15, max_discharge_kw: 15,
     ramp_rate_kw_per_s: 1, started: true, protocols: [{{kind: modbus_tcp, port: {p0}}}]}}
  - {{name: bess-2, type: battery, capacity_kwh: 30, initial_soc: 60, max_charge_kw: 15, max_discharge_kw: 15,
     ramp_rate_kw_per_s: 1, started: true, protocols: [{{kind: modbus_tcp, port: {p1}}}]}}
  - {{name: pv-1, type: pv, rated_kw: 20, peak_kw: 22, protocols: [{{kind: modbus_tcp, port: {p2}}}]}}
  - {{name: pv-2, type: pv, rated_kw: 10, peak_kw: 12, protocols: [{{kind: modbus_tcp, port: {p3}}}]}}
  - {{name: load, type: load, base_kw: 8}}
  - {{name: meter, type: meter, protocols: [{{kind: modbus_tcp, port: {p4}}}]}}
"""
PACE_S = 0.02


@dataclass
class Measured:
    """One way of running, measured over a while."""

    cpu_percent: float
    bytes_per_s: float
    p50_ms: float
    p99_ms: float
    slowest_ms: float
    first_paint_s: float = 0.0


def main() -> None:
    """Measure and print one line a way of running."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    with tempfile.TemporaryDirectory() as folder:
        ports = _free_ports(5)
        site = Path(folder) / "bench.yaml"
        site.write_text(SITE.format(**{f"p{number}": port for number, port in enumerate(ports)}))
        headless = measure(site, ports[0], seconds, ["--headless", "--duration", "1h"], keys=b"")
        moving = measure(site, ports[0], seconds, [], keys=b"")
        idle = measure(site, ports[0], seconds, [], keys=b"p", client=False)
    print(f"{'':<10}{'CPU %':>8}{'B/s':>9}{'p50 ms':>9}{'p99 ms':>9}{'max ms':>9}{'paint s':>9}")
    for name, found in (("headless", headless), ("moving", moving), ("paused", idle)):
        print(
            f"{name:<10}{found.cpu_percent:>8.1f}{found.bytes_per_s:>9.0f}{found.p50_ms:>9.2f}"
            f"{found.p99_ms:>9.2f}{found.slowest_ms:>9.2f}{found.first_paint_s:>9.2f}"
        )
    print(f"console above headless: {moving.cpu_percent - headless.cpu_percent:.1f} % of a core (target 6)")
    print(f"p99 against headless: {moving.p99_ms / headless.p99_ms:.2f} (target 2)")
    print("terminal: targets 15000 B/s while values move, 1000 B/s when nothing does; first paint 0.9 s")


def measure(
    site: Path, port: int, seconds: float, options: list[str], *, keys: bytes, client: bool = True
) -> Measured:
    """Run the site one way and measure it from outside."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    begins = time.perf_counter()
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    process = subprocess.Popen(
        [sys.executable, "-m", "twin_tui", "run", str(site), *options],
        stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    reader = _Reader(master)
    try:
        connection = _connect(port)
        while b"bess-1" not in reader.begun and "--headless" not in options:
            time.sleep(0.005)
        first_paint_s = time.perf_counter() - begins
        _talk(connection, 2.0)
        os.write(master, keys)
        time.sleep(1.0)
        cpu, seen, at = _cpu_s(process.pid), reader.count, time.perf_counter()
        answers = _talk(connection, seconds) if client else _rest(seconds)
        lasted = time.perf_counter() - at
        return Measured(
            100 * (_cpu_s(process.pid) - cpu) / lasted,
            (reader.count - seen) / lasted,
            _quantile(answers, 0.5),
            _quantile(answers, 0.99),
            answers[-1] * 1e3,
            first_paint_s,
        )
    finally:
        process.kill()
        process.wait()
        reader.stop()


class _Reader:
    """Counts what the terminal would draw, and keeps its beginning."""

    def __init__(self, master: int) -> None:
        self._master = master
        self.count = 0
        self.begun = b""
        self._going = True
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        while self._going:
            if not select.select([self._master], [], [], 0.1)[0]:
                continue
            try:
                data = os.read(self._master, 65_536)
            except OSError:
                return
            self.count += len(data)
            if len(self.begun) < 200_000:
                self.begun += data

    def stop(self) -> None:
        """Close the terminal."""
        self._going = False
        self._thread.join()
        os.close(self._master)


def _talk(connection: socket.socket, seconds: float) -> list[float]:
    """Read fifty times a second, write a setpoint every two seconds; return the sorted times, s."""
    times = []
    ends = time.perf_counter() + seconds
    read = bytes([0, 1, 0, 0, 0, 6, 1, 4, *(10_245).to_bytes(2, "big"), 0, 1])
    number = 0
    while time.perf_counter() < ends:
        request = read
        if number % 100 == 0:
            setpoint = (60, -80, 100)[number // 100 % 3].to_bytes(4, "big", signed=True)
            request = bytes([0, 1, 0, 0, 0, 11, 1, 16, *(10_126).to_bytes(2, "big"), 0, 2, 4]) + setpoint
        begins = time.perf_counter()
        connection.sendall(request)
        connection.recv(256)
        times.append(time.perf_counter() - begins)
        number += 1
        time.sleep(PACE_S)
    return sorted(times)


def _rest(seconds: float) -> list[float]:
    time.sleep(seconds)
    return [0.0]


def _quantile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1e3


def _cpu_s(pid: int) -> float:
    words = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def _connect(port: int) -> socket.socket:
    ends = time.monotonic() + 30
    while True:
        try:
            found = socket.create_connection(("127.0.0.1", port), timeout=5)
        except OSError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.02)
            continue
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return found


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


if __name__ == "__main__":
    main()
