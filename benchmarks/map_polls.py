"""CPU of polling register maps: 125 registers over Modbus TCP, with a tick before each, in two source trees.

The largest shipped maps are polled in a process of each tree in turn; a request goes through the framing of a
connection to the registers and back, without a socket. The least time of the rounds is reported.

    python -m benchmarks.map_polls OLD . [--rounds 9] [--requests 4000]
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

MAPS = {
    "sunspec_inverter": (3, 40_000),
    "huawei_sun2000": (3, 37_113),
    "sungrow_sh": (4, 13_030),
}
"""Map → function and first address of a block that old trees serve too, as far as it reaches."""

ONE = """
import json, sys, time
from tests.protocols.maps.site import bound, shipped
from twin_tui.protocols.modbus.link import MbapLink
from twin_tui.protocols.modbus.station import Station

class Transport:
    def write(self, data):
        self.sent = data

def poll(name, function, address, requests):
    registers = bound(shipped(name))
    count = 125
    while registers.readable({3: tables[3], 4: tables[4]}[function], address, count) is None:
        count -= 1
    station = Station({1: registers})
    link = MbapLink(station, lambda *_: None, "benchmark")
    link.transport = transport = Transport()
    frame = bytes((0, 1, 0, 0, 0, 6, 1, function)) + address.to_bytes(2, "big") + count.to_bytes(2, "big")
    engine, step, buffer, total = registers.engine, registers.engine.step, link.get_buffer(-1), 0.0
    for _ in range(requests):
        step()
        buffer[:len(frame)] = frame
        begin = time.process_time_ns()
        link.buffer_updated(len(frame))
        total += time.process_time_ns() - begin
    assert len(transport.sent) == 9 + 2 * count and transport.sent[7] == function
    return count, total / requests / 1000

from twin_tui.protocols.modbus.pdu import READ_TABLES as tables
maps, requests = json.loads(sys.argv[1]), int(sys.argv[2])
print(json.dumps({name: poll(name, *where, requests) for name, where in maps.items()}))
"""


def measured(tree: Path, requests: int) -> dict[str, tuple[int, float]]:
    """Return registers and µs of a poll by map, in a new process of a source tree."""
    command = [sys.executable, "-c", ONE, json.dumps(MAPS), str(requests)]
    found: dict[str, tuple[int, float]] = json.loads(
        subprocess.run(command, cwd=tree, check=True, capture_output=True, text=True).stdout
    )
    return found


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trees", nargs="+", type=Path)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--requests", type=int, default=4000)
    options = parser.parse_args()
    least: dict[tuple[Path, str], tuple[int, float]] = {}
    for _ in range(options.rounds):
        for tree in options.trees:
            for name, (count, cost_us) in measured(tree, options.requests).items():
                before = least.get((tree, name))
                least[tree, name] = (count, cost_us if before is None else min(before[1], cost_us))
    print(f"{'µs a poll':20}", *(f"{tree!s:>24}" for tree in options.trees))
    for name in MAPS:
        cells = (least[tree, name] for tree in options.trees)
        print(f"{name:20}", *(f"{f'{cost_us:.2f} ({count} registers)':>24}" for count, cost_us in cells))


if __name__ == "__main__":
    main()
