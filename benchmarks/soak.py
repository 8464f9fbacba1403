"""A busy site with everything connected and breaking: its memory, lost ticks and answer times.

A console in a pseudo terminal runs 20 devices at real time. 30 Modbus clients poll them ten times a second,
one REST client follows the stream, another injects random faults, disturbances and link faults. Half of the
devices never have a link fault: the answer times are theirs. Memory is that of the console's process.

Each client of a clean link also asks a server that does nothing but answer, in a process of its own. The same
clients measure it at the same moments, so its answer times are the part of the machine and of the clients.

    python -m benchmarks.soak [--minutes 15] [--seed 1] [--headless]

With --headless there is no console: the difference is its part.

Memory grows while the log and the console's ten minutes of history fill; the last fifth of the run shows
what it does then.

Exit code 1 when memory grows by more than 2 % in the last fifth, a tick is lost, or p99 is 10 ms or more
above that of the server that does nothing.
"""

import argparse
import asyncio
import contextlib
import json
import math
import multiprocessing
import os
import pty
import random
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

DEVICES, CLIENTS, STEP_S, POLL_S = 20, 30, 0.1, 0.1
KINDS = {"bess": (10_059, 2), "inverter": (35, 2), "energy_meter": (0, 2), "chp": (30_203, 1)}
"""The kinds of devices, and input registers of each that change."""
LIMIT_P99_S, LIMIT_GROWTH = 0.010, 1.02


def free_ports(count: int) -> list[int]:
    """Return TCP ports that nothing listens on."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def a_site(ports: list[int], rest: int) -> dict[str, Any]:
    """Return a site of all kinds of devices, each on a port of its own."""
    needed: dict[str, dict[str, Any]] = {
        "bess": {"commands": {"start_stop": 1}},
        "inverter": {"rated_kw": 20},
        "chp": {"rated_kw": 50},
    }
    assets = [
        {"type": kind, "name": f"device-{n}", "port": port, **needed.get(kind, {})}
        for n, (port, kind) in enumerate(zip(ports, (list(KINDS) * DEVICES)[: len(ports)], strict=True))
    ]
    assets.append({"type": "load", "name": "house", "base_kw": 30})
    return {"name": "soak", "step": STEP_S, "assets": assets, "links": {"rest": {"port": rest}}}


class Soak:
    """One run: its process, its clients and what they measure."""

    def __init__(self, ports: list[int], rest: int, control_port: int, seed: int) -> None:
        self.ports = ports
        self.control_port = control_port
        self.http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{rest}", trust_env=False, timeout=30)
        self.times: list[float] = []
        """Answer times of the clean links."""
        self.control_times: list[float] = []
        """Those of the server that does nothing."""
        self.injected = self.streamed = self.errors = 0
        self._random = random.Random(seed)

    def clean(self, device: int) -> bool:
        """Return whether a device never has a link fault."""
        return device % 2 == 0

    async def poll(self, number: int) -> None:
        """Poll one device, and connect again whenever a link fault ends the connection."""
        device = number % len(self.ports)
        request = read_request(*list(KINDS.values())[device % len(KINDS)])
        await asyncio.sleep(self._random.random())
        control = await asyncio.open_connection("127.0.0.1", self.control_port)
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.ports[device])
                while True:
                    answer_s = await ask(reader, writer, request)
                    if self.clean(device):
                        self.times.append(answer_s)
                        self.control_times.append(await ask(*control, request))
                    await asyncio.sleep(POLL_S)
            except (OSError, EOFError, TimeoutError):
                self.errors += self.clean(device)
                with contextlib.suppress(UnboundLocalError):
                    writer.close()
                await asyncio.sleep(1.0)

    async def follow(self) -> None:
        """Read the stream of telemetry."""
        headers = {"Accept": "text/event-stream"}
        async with self.http.stream("GET", "/v1/telemetry", headers=headers, timeout=None) as answer:
            async for line in answer.aiter_lines():
                self.streamed += line.startswith("data: ")

    async def inject(self) -> None:
        """Break something twice a second, always with an end."""
        while True:
            await asyncio.sleep(0.5)
            answer = await self.http.post("/v1/events", json=self._event())
            self.injected += answer.status_code == 202

    def _event(self) -> dict[str, Any]:
        choose = self._random
        seconds = float(choose.randint(1, 20))
        device = choose.randrange(len(self.ports))
        if choose.random() < 0.3:
            disturbance = {
                "target": "voltage",
                "magnitude": choose.choice([0.5, 0.8, 1.1]),
                "duration_s": seconds,
            }
            return {"event": "Disturb", "disturbance": disturbance}
        if choose.random() < 0.5 and not self.clean(device):
            rule = choose.choice([{"kind": "delay", "seconds": 0.5}, {"kind": "no_response"}])
            return {
                "event": "LinkFault",
                "device": f"device-{device}",
                "rule": rule,
                "label": f"l{device}",
                "duration_s": seconds,
            }
        battery = choose.randrange(0, len(self.ports), len(KINDS))
        if choose.random() < 0.5:
            setpoint = choose.randrange(-20_000, 20_000)
            return {
                "event": "Write",
                "device": f"device-{battery}",
                "values": {"active_power_setpoint_w": setpoint},
            }
        return {"event": "Fault", "device": f"device-{battery}", "fault": "fan", "duration_s": seconds}

    async def tick(self) -> int:
        """Return the tick that the twin is at."""
        return int((await self.http.get("/v1/health")).json()["tick"])


def read_request(address: int, count: int) -> bytes:
    """Return a request to read input registers."""
    return struct.pack(">HHHBBHH", 1, 0, 6, 1, 4, address, count)


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> float:
    """Read registers; return the time until the whole answer is there."""
    start = time.perf_counter()
    writer.write(request)
    async with asyncio.timeout(5.0):
        head = await reader.readexactly(6)
        answer = await reader.readexactly(int.from_bytes(head[4:], "big"))
    if answer[1] != request[7]:
        raise ValueError(f"an exception in place of registers: {answer.hex()}")
    return time.perf_counter() - start


def serve_control(port: int) -> None:
    """Answer every request with itself: all that a server can leave out."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await reader.read(64):
            writer.write(request)
        writer.close()

    async def serve() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", port)
        await server.serve_forever()

    asyncio.run(serve())


def quantile(times: list[float], share: float) -> float:
    """Return a quantile of answer times, in ms."""
    return sorted(times)[min(len(times) - 1, math.ceil(share * len(times)))] * 1000 if times else math.nan


def memory_mb(process: int) -> float:
    """Return the resident memory of a process."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


async def read_screen(terminal: int) -> None:
    """Read what the console draws, as a terminal does."""
    loop, gone = asyncio.get_running_loop(), asyncio.Event()

    def read() -> None:
        try:
            os.read(terminal, 65_536)
        except OSError:
            loop.remove_reader(terminal)
            gone.set()

    loop.add_reader(terminal, read)
    await gone.wait()


async def measure(soak: Soak, process: "subprocess.Popen[bytes]", terminal: int, minutes: float) -> bool:
    """Run, report each minute, and return whether all limits were kept."""
    work = [asyncio.ensure_future(read_screen(terminal))]
    for _ in range(600):
        with contextlib.suppress(httpx.TransportError):
            await soak.tick()
            break
        await asyncio.sleep(0.1)
    work += [asyncio.ensure_future(soak.poll(n)) for n in range(CLIENTS)]
    work += [asyncio.ensure_future(soak.follow()), asyncio.ensure_future(soak.inject())]
    first_tick, start_s = await soak.tick(), time.monotonic()
    memory: list[float] = []
    lost = 0
    print(
        "                               |    clean links   |  does nothing    |\n"
        "minute  memory MB  ticks lost  |  p50 ms  p99 ms  |  p50 ms  p99 ms  |"
        "  answers  injected  streamed  clean links lost"
    )
    counted = 0
    for minute in range(1, max(1, round(minutes)) + 1):
        await asyncio.sleep(start_s + 60 * minute - time.monotonic())
        passed = await soak.tick() - first_tick
        lost = max(0, int((time.monotonic() - start_s) / STEP_S) - passed - 1)
        times, control, counted = soak.times[counted:], soak.control_times[counted:], len(soak.times)
        memory.append(memory_mb(process.pid))
        answers = "  |  ".join(f"{quantile(t, 0.5):6.2f}  {quantile(t, 0.99):6.2f}" for t in (times, control))
        others = f"{len(times):7,d}  {soak.injected:8,d}  {soak.streamed:8,d}  {soak.errors}"
        print(f"{minute:6d}  {memory[-1]:9.1f}  {lost:10d}  |  {answers}  |  {others}", flush=True)
    for task in work:
        if task.done() and not task.cancelled() and task.exception() is not None:
            print(f"a client failed: {task.exception()!r}")
        task.cancel()
    await asyncio.gather(*work, return_exceptions=True)
    await soak.http.aclose()
    warm = memory[len(memory) * 4 // 5 - 1]
    p99_ms, control_ms = quantile(soak.times, 0.99), quantile(soak.control_times, 0.99)
    print(f"memory in the last fifth: {warm:.1f} to {memory[-1]:.1f} MB")
    print(f"all answers: p99 {p99_ms:.2f} ms; of the server that does nothing {control_ms:.2f} ms")
    return memory[-1] <= warm * LIMIT_GROWTH and lost == 0 and p99_ms - control_ms < LIMIT_P99_S * 1000


def main() -> int:
    """Run the soak."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--headless", action="store_true")
    options = parser.parse_args()
    *ports, rest, control_port = free_ports(DEVICES + 2)
    control = multiprocessing.get_context("spawn").Process(target=serve_control, args=(control_port,))
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder) / "site.json"
        site.write_text(json.dumps(a_site(ports, rest)), encoding="utf-8")
        master, slave = pty.openpty()
        command = [sys.executable, "-m", "twin_tui", "run", str(site)]
        command += ["--headless"] if options.headless else []
        environment = {**os.environ, "TERM": "xterm-256color"}
        process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environment)
        os.close(slave)
        control.start()
        soak = Soak(ports, rest, control_port, options.seed)
        try:
            kept = asyncio.run(measure(soak, process, master, options.minutes))
        finally:
            control.terminate()
            process.terminate()
            process.wait(20)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
