"""Coverage of the shipped maps: registers that a client touches, that are answered, that accept a write.

    python -m benchmarks.map_coverage

The registers of each client are facts in tests/protocols/maps/client_registers.csv. A home with the map's
device runs; each register is read, and each that the client writes is written back as it was read (0 where it
cannot be read).
"""

import csv
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.protocols.maps.site import hybrid_home, read, write
from twin_tui.protocols.maps.registers import Registers
from twin_tui.protocols.modbus.memory import Table

FACTS = Path(__file__).parents[1] / "tests" / "protocols" / "maps" / "client_registers.csv"
TABLES = {"input": Table.INPUT_REGISTERS, "holding": Table.HOLDING_REGISTERS}


class Touched(NamedTuple):
    """A register of a client: whether it is answered and a write is accepted; None: the client does not."""

    map: str
    client: str
    place: str
    answered: bool | None
    written: bool | None
    filler: bool
    """Whether it is answered by the filler of a gap alone."""


def touched() -> Iterator[Touched]:
    """Yield all registers of all clients."""
    homes: dict[str, Registers] = {}
    with FACTS.open(newline="") as file:
        for row in csv.DictReader(file):
            if row["map"] not in homes:
                homes[row["map"]] = hybrid_home(row["map"])
            home = homes[row["map"]]
            table, address, count = TABLES[row["table"]], int(row["address"]), int(row["count"])
            words = read(home, table, address, count)
            written = None
            if "w" in row["access"]:
                written = write(home, address, *(words if isinstance(words, list) else [0] * count)) == 0
            answered = isinstance(words, list) if "r" in row["access"] else None
            readers = [cell.reader for cell in home.cells if cell.reader.table is table]
            filler = not any(each.address < address + count and address < each.end for each in readers)
            yield Touched(row["map"], row["client"], f"{row['table']} {address}", answered, written, filler)


def main() -> None:
    """Print a table, and the registers that are missing."""
    found: dict[tuple[str, str], list[Touched]] = defaultdict(list)
    for each in touched():
        found[each.map, each.client].append(each)
    print("| map | client | registers | answered | of them filler | written |\n|---|---|---|---|---|---|")
    for (name, client), rows in found.items():
        reads = [row.answered for row in rows if row.answered is not None]
        writes = [row.written for row in rows if row.written is not None]
        filler = sum(row.filler for row in rows if row.answered)
        cells = f"{sum(reads)} of {len(reads)} | {filler} | {sum(writes)} of {len(writes)}"
        print(f"| `{name}` | {client} | {len(rows)} | {cells} |")
    for rows in found.values():
        for row in rows:
            if row.answered is False or row.written is False:
                what = "read" if row.answered is False else "written"
                print(f"{row.map}, {row.client}: {row.place} cannot be {what}")


if __name__ == "__main__":
    main()
