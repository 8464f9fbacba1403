"""A site in a terminal of its own, with clients, measured from outside: for ``benchmarks.console``."""

import contextlib
import fcntl
import json
import os
import pty
import selectors
import socket
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from types import TracebackType

from benchmarks.start import free_port

CLIENTS = 10
KINDS: dict[str, int] = {
    "battery": 6,
    "pv": 4,
    "ev_charger": 3,
    "heat_pump": 2,
    "load": 2,
    "chp": 1,
    "appliance": 1,
    "meter": 1,
}
"""20 devices."""
POWER: dict[str, dict[str, object]] = {
    "battery": {"capacity_kwh": 300, "initial_soc": 50, "max_charge_kw": 15, "max_discharge_kw": 15,
                "ramp_rate_kw_per_s": 1, "started": True},
    "pv": {"rated_kw": 20, "peak_kw": 22},
    "ev_charger": {"capacity_kwh": 60, "initial_soc": 48, "max_charge_power_kw": 11, "plugged_in": True},
    "heat_pump": {},
    "load": {"base_kw": 8},
    "chp": {"rated_kw": 20},
    "appliance": {"consumption_kwh": 1.2, "duration_h": 2},
    "meter": {},
}  # fmt: skip
READ = bytes([0, 1, 0, 0, 0, 6, 1, 4, *(10_245).to_bytes(2, "big"), 0, 1])
SETPOINTS = (60, -80, 100, -40)
WAIT_S = 60.0
TERMINAL = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}


def bench_site(folder: Path) -> tuple[Path, list[int]]:
    """Write the site; return its file and the ports of its batteries."""
    assets, ports = [], []
    for kind, count in KINDS.items():
        for number in range(1, count + 1):
            port = free_port()
            wires = [{"kind": "modbus_tcp", "port": port}]
            assets.append({"name": f"{kind}-{number}", "type": kind, **POWER[kind], "protocols": wires})
            if kind == "battery":
                ports.append(port)
    site = {
        "name": "bench",
        "seed": 1,
        "start": "2026-06-20T10:30:00",
        "grid": {"preset": "continental-europe"},
        "weather": {"clear_sky_index": 0.8, "clear_sky_index_std": 0.15, "clear_sky_index_tau_s": 20},
        "assets": assets,
    }
    path = folder / "bench.json"
    path.write_text(json.dumps(site))
    return path, ports


def quantile(ordered: list[float], share: float) -> float:
    """Return the value below which this share of sorted values is."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class _Client:
    """One connection, with one request under way at a time."""

    def __init__(self, number: int, port: int) -> None:
        self.number = number
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=WAIT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent_s: float | None = None
        self.count = number

    def send(self, write_every: int) -> None:
        """Send a read, every so often a write in its place."""
        self.count += 1
        request = READ
        if self.count % write_every == 0:
            raw = SETPOINTS[self.count // write_every % len(SETPOINTS)].to_bytes(4, "big", signed=True)
            request = bytes([0, 1, 0, 0, 0, 11, 1, 16, *(10_126).to_bytes(2, "big"), 0, 2, 4]) + raw
        self.sent_s = time.perf_counter()
        self.socket.sendall(request)


class ConsoleRun:
    """One process on a pseudo terminal, with its clients."""

    def __init__(self, site: Path, ports: list[int], size: tuple[int, int] | None) -> None:
        self._master, slave = pty.openpty()
        width, height = size or (80, 24)
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        options = ["--no-tour"] if size is not None else ["--headless", "--duration", "1h"]
        self._folder, self._ports = site.parent, ports
        user = {name: str(self._folder) for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME")}
        environment = {**os.environ, **TERMINAL, **user}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # or each start would compile everything
        self._begun_s = time.perf_counter()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "twin_tui", "run", str(site), *options],
            stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True,
        )  # fmt: skip
        os.close(slave)
        self._clients: list[_Client] = []
        self.drawn = 0
        """How many bytes the terminal has got."""

    def __enter__(self) -> "ConsoleRun":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        for client in self._clients:
            client.socket.close()
        os.close(self._master)

    def until_painted(self) -> tuple[float, float]:
        """Wait for the first device on the screen; return the wall and CPU time since the start, s."""
        seen = b""
        while b"battery-1" not in seen:
            seen += self._read()
        return time.perf_counter() - self._begun_s, self.cpu_s()

    def until_answers(self) -> None:
        """Connect the clients."""
        while not self._clients:
            with contextlib.suppress(ConnectionRefusedError):
                _Client(0, self._ports[-1]).socket.close()
                self._clients = [_Client(n, self._ports[n % len(self._ports)]) for n in range(CLIENTS)]
            if time.perf_counter() - self._begun_s > WAIT_S or self._process.poll() is not None:
                raise SystemExit("the site does not start")
            self.rest(0.05)

    def talk(
        self, seconds: float, *, write_every: int = 20, a_second: float = 10.0, reads_terminal: bool = True
    ) -> list[float]:
        """Have every client ask so often; return how long each answer took, sorted, s."""
        times: list[float] = []
        begins = time.perf_counter()
        due = {client: begins + n / a_second / CLIENTS for n, client in enumerate(self._clients)}
        with selectors.DefaultSelector() as ready:
            for client in self._clients:
                ready.register(client.socket, selectors.EVENT_READ, client)
            if reads_terminal:
                ready.register(self._master, selectors.EVENT_READ)
            while (now := time.perf_counter()) < begins + seconds or any(c.sent_s for c in self._clients):
                for client, at_s in due.items():
                    if client.sent_s is None and at_s <= now < begins + seconds:
                        client.send(write_every)
                        due[client] = max(at_s + 1 / a_second, now)
                free = [at_s for client, at_s in due.items() if client.sent_s is None]
                for key, _ in ready.select(max(0.0, min(free, default=now + 0.1) - time.perf_counter())):
                    client = key.data
                    if client is None:
                        self._read()
                        continue
                    if not client.socket.recv(256):
                        raise SystemExit("a client was disconnected")
                    times.append(time.perf_counter() - client.sent_s)
                    client.sent_s = None
        return sorted(times)

    def rest(self, seconds: float) -> None:
        """Read the terminal, nothing else."""
        ends = time.perf_counter() + seconds
        with selectors.DefaultSelector() as ready:
            ready.register(self._master, selectors.EVENT_READ)
            while (left := ends - time.perf_counter()) > 0:
                if ready.select(left):
                    self._read()

    def press(self, keys: bytes) -> None:
        """Type on the terminal."""
        os.write(self._master, keys)

    def entries_of_log(self) -> int:
        """Return how many entries the console has in its log, by exporting them."""
        path = self._folder / f"log-{time.monotonic_ns()}.tsv"
        self.press(b"l")
        self.rest(1.0)
        self.press(b":export " + str(path).encode() + b"\r")
        for _ in range(100):
            self.rest(0.1)
            if path.exists() and (text := path.read_text()):
                break
        else:
            raise SystemExit("the console exports no log")
        self.press(b"o")
        self.rest(1.0)
        path.unlink()
        return text.count("\n") - 1

    def cpu_s(self) -> float:
        """Return the CPU time of the process, user and system, s."""
        words = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def _read(self) -> bytes:
        data = os.read(self._master, 65_536)
        self.drawn += len(data)
        return data
