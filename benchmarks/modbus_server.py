"""Server CPU per Modbus request: ours against pymodbus and C libmodbus, interleaved in one run.

Each server runs in its own process and is polled by the same client over ten connections: "busy" keeps
one request under way on each, "polled" asks one after the other with a pause, as energy managers do, so that
the server sleeps in between. The server's CPU clock is read before and after every round; the lower quartile
of the rounds is reported, because anything else on the machine only ever adds.

    python -m benchmarks.modbus_server [--rounds 12] [--requests 3000]

libmodbus is measured where a C compiler and its header are installed.
"""

import argparse
import asyncio
import itertools
import json
import selectors
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from twin_tui.protocols.modbus.memory import Extent, Table, UnitMemory
from twin_tui.protocols.modbus.server import ModbusTcpServer

CONNECTIONS = 10
REGISTERS = 200
PORTS = 400
COUNTS = (10, 125)
PAUSE_S = 0.0005

LIBMODBUS_SERVER = r"""
#include <stdio.h>
#include <stdlib.h>
#include <sys/select.h>
#include <unistd.h>
#include <modbus.h>

int main(void) {
    modbus_t *ctx = modbus_new_tcp("127.0.0.1", PORT);
    modbus_mapping_t *map = modbus_mapping_new(0, 0, 0, 200);
    uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
    fd_set all, ready;
    int listener = modbus_tcp_listen(ctx, 16), top = listener;
    if (listener < 0 || !map) return 1;
    for (int i = 0; i < 200; i++) map->tab_input_registers[i] = i;
    FD_ZERO(&all);
    FD_SET(listener, &all);
    for (;;) {
        ready = all;
        if (select(top + 1, &ready, NULL, NULL, NULL) < 0) return 1;
        for (int fd = 0; fd <= top; fd++) {
            if (!FD_ISSET(fd, &ready)) continue;
            if (fd == listener) {
                int client = modbus_tcp_accept(ctx, &listener);
                FD_SET(client, &all);
                if (client > top) top = client;
                continue;
            }
            modbus_set_socket(ctx, fd);
            int size = modbus_receive(ctx, query);
            if (size > 0) modbus_reply(ctx, query, size, map);
            else if (size < 0) { close(fd); FD_CLR(fd, &all); }
        }
    }
}
"""

PYMODBUS_SERVER = """
import asyncio, sys
from pymodbus.server import StartAsyncTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice
device = SimDevice(1, simdata=[SimData(0, values=list(range(200)), datatype=DataType.REGISTERS)])
asyncio.run(StartAsyncTcpServer(device, address=("127.0.0.1", int(sys.argv[1]))))
"""


def our_unit() -> UnitMemory:
    """Return a unit of input registers that hold their own addresses."""
    unit = UnitMemory([Extent(Table.INPUT_REGISTERS, 0, REGISTERS)])
    memory, _ = unit.locate(Table.INPUT_REGISTERS, 0)
    struct.pack_into(f">{REGISTERS}H", memory, 0, *range(REGISTERS))
    return unit


async def serve_ours(port: int) -> None:
    """Serve until killed."""
    await ModbusTcpServer("127.0.0.1", port, {1: our_unit()}).start()
    await asyncio.Event().wait()


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def commands(folder: Path) -> dict[str, tuple[int, list[str]]]:
    """Return port and command line of each server that can run here."""
    ours, theirs = free_port(), free_port()
    found = {
        "twin_tui": (ours, [sys.executable, "-m", "benchmarks.modbus_server", "--serve", str(ours)]),
        "pymodbus": (theirs, [sys.executable, "-c", PYMODBUS_SERVER, str(theirs)]),
    }
    compiler = shutil.which("cc") or shutil.which("gcc")
    header = next((p for p in ("/usr/include/modbus", "/usr/local/include/modbus") if Path(p).is_dir()), None)
    if compiler and header:
        port, source, program = free_port(), folder / "server.c", folder / "server"
        source.write_text(LIBMODBUS_SERVER)
        options = ["-O2", f"-DPORT={port}", f"-I{header}", "-o", str(program)]
        subprocess.run([compiler, str(source), *options, "-lmodbus"], check=True)
        found["libmodbus"] = (port, [str(program)])
    return found


@contextmanager
def running(command: list[str]) -> Iterator[int]:
    """Run a server; yields its process id."""
    process = subprocess.Popen(command)
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


def cpu_s(pid: int) -> float:
    """Return the CPU time of a process, from its own clock (Linux: the clock id holds the process id)."""
    return time.clock_gettime(~pid << 3 | 2)


def connect(port: int) -> list[socket.socket]:
    """Open the connections, waiting for the server to come up."""
    links: list[socket.socket] = []
    deadline = time.monotonic() + 20
    while len(links) < CONNECTIONS:
        try:
            links.append(socket.create_connection(("127.0.0.1", port)))
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
    for link in links:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return links


def frames(count: int) -> tuple[bytes, bytes]:
    """Return a read request for FC04 and the answer that it must get."""
    request = struct.pack(">HHHBBHH", 1, 0, 6, 1, 4, 0, count)
    return request, struct.pack(f">HHHBBB{count}H", 1, 0, 3 + 2 * count, 1, 4, 2 * count, *range(count))


def check(received: bytes, answer: bytes) -> None:
    """Stop the benchmark at a wrong answer."""
    if received != answer:
        raise SystemExit(f"wrong answer {received.hex()}, expected {answer.hex()}")


def ask_busily(links: list[socket.socket], count: int, requests: int) -> None:
    """Keep one request under way on each connection until the number is reached."""
    request, answer = frames(count)
    with selectors.DefaultSelector() as selector:
        for link in links:
            selector.register(link, selectors.EVENT_READ)
            link.sendall(request)
        sent, received = len(links), 0
        while received < requests:
            for key, _ in selector.select():
                ready = key.fileobj
                assert isinstance(ready, socket.socket)
                check(ready.recv(4096), answer)
                received += 1
                if sent < requests:
                    ready.sendall(request)
                    sent += 1


def ask_now_and_then(links: list[socket.socket], count: int, requests: int) -> None:
    """Ask one connection after the other, with a pause before each request."""
    request, answer = frames(count)
    for n in range(requests):
        time.sleep(PAUSE_S)
        link = links[n % len(links)]
        link.sendall(request)
        check(link.recv(4096), answer)


PATTERNS = {"busy": ask_busily, "polled": ask_now_and_then}


def measure(rounds: int, requests: int) -> dict[str, dict[str, float]]:
    """Return µs of server CPU per request by server and case."""
    samples: dict[str, dict[str, list[float]]] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers = {}
        for name, (port, command) in commands(folder).items():
            pid = stack.enter_context(running(command))
            links = [stack.enter_context(link) for link in connect(port)]
            servers[name] = (pid, links)
            for count in COUNTS:
                ask_busily(links, count, 200)
        for _, (pattern, ask), count, (name, (pid, links)) in itertools.product(
            range(rounds), PATTERNS.items(), COUNTS, servers.items()
        ):
            number = requests if pattern == "busy" else requests // 5
            before_s = cpu_s(pid)
            ask(links, count, number)
            cost_us = (cpu_s(pid) - before_s) / number * 1e6
            samples.setdefault(name, {}).setdefault(f"{pattern} x{count}", []).append(cost_us)
    return {
        name: {case: round(statistics.quantiles(values, n=4)[0], 2) for case, values in cases.items()}
        for name, cases in samples.items()
    }


async def measure_ports() -> dict[str, float]:
    """Return the time to open many ports and the memory that each needs."""
    rss_before = rss_kb()
    begin = time.perf_counter()
    servers = [ModbusTcpServer("127.0.0.1", 0, {1: our_unit()}) for _ in range(PORTS)]
    for server in servers:
        await server.start()
    start_s = time.perf_counter() - begin
    memory_kb = (rss_kb() - rss_before) / PORTS
    for server in servers:
        await server.stop()
    return {"ports": PORTS, "start_s": round(start_s, 3), "kb_per_port": round(memory_kb, 1)}


def rss_kb() -> float:
    """Return the resident memory of this process."""
    status = Path("/proc/self/status").read_text()
    return float(status.split("VmRSS:")[1].split()[0])


def main() -> None:
    """Measure and print a table, and JSON behind ``--json``."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--requests", type=int, default=3000)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve_ours(options.serve))
        return
    figures = measure(options.rounds, options.requests)
    ports = asyncio.run(measure_ports())
    if options.json:
        print(json.dumps({"cpu": figures, "ports": ports}))
        return
    ours = figures["twin_tui"]
    print(f"{'µs a request':14}", *(f"{case:>12}" for case in ours))
    for name, values in figures.items():
        print(f"{name:14}", *(f"{value:12.2f}" for value in values.values()))
        if name != "twin_tui":
            print(
                f"{'  ours to that':14}", *(f"{ours[case] / value:12.2f}" for case, value in values.items())
            )
    print(f"{PORTS} ports open in {ports['start_s']} s; {ports['kb_per_port']} kB of memory each")


if __name__ == "__main__":
    main()
