"""What one Modbus unit serves: sparse memory in wire order, with access masks."""

import enum
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field

from twin_tui.errors import ConfigError

ADDRESSES = 65_536


class Table(enum.Enum):
    """The four number spaces of a unit."""

    COILS = "coils"
    DISCRETE_INPUTS = "discrete inputs"
    INPUT_REGISTERS = "input registers"
    HOLDING_REGISTERS = "holding registers"


BYTES_PER_ADDRESS = {
    Table.COILS: 1,
    Table.DISCRETE_INPUTS: 1,
    Table.INPUT_REGISTERS: 2,
    Table.HOLDING_REGISTERS: 2,
}


@dataclass(slots=True)
class Extent:
    """Addresses ``address`` to ``address + count - 1`` of one table that belong together."""

    table: Table
    address: int
    count: int
    readable: bool = True
    writable: bool = False


@dataclass(slots=True)
class WriteRequest:
    """One write as it came in; ``data`` is in wire order, for coils one byte 0 or 1 per bit."""

    table: Table
    address: int
    count: int
    data: bytes
    function: int
    client: str


ALL_FUNCTIONS = frozenset({1, 2, 3, 4, 5, 6, 15, 16, 22, 23, 43})


@dataclass(slots=True)
class Limits:
    """What this device answers, where it is narrower than the Modbus documents."""

    max_read_registers: int = 125
    max_write_registers: int = 123
    even_counts_only: bool = False
    functions: frozenset[int] = ALL_FUNCTIONS

    def __post_init__(self) -> None:
        for name, value, most in (
            ("max_read_registers", self.max_read_registers, 125),
            ("max_write_registers", self.max_write_registers, 123),
        ):
            if not 1 <= value <= most:
                raise ConfigError(f"{name} {value}: expected 1 to {most}")
        unknown = sorted(self.functions - ALL_FUNCTIONS)
        if unknown:
            raise ConfigError(
                f"function {unknown[0]} is not served; known: {', '.join(map(str, sorted(ALL_FUNCTIONS)))}"
            )


@dataclass(slots=True)
class Run:
    """Contiguous mapped addresses: their memory, and one byte 0 or 1 per address for each kind of access."""

    start: int
    end: int
    memory: bytearray
    readable: bytes
    writable: bytes


@dataclass(slots=True)
class _Tables:
    runs: list[Run] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)


class Memory:
    """What one unit serves; by itself it keeps what is written.

    Whoever stands behind it overrides ``refresh``, called before memory is read for an answer, and ``write``.
    Extents may touch or overlap: an address is readable or writable when any extent over it is.
    """

    def __init__(self, extents: Iterable[Extent], limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        by_table: dict[Table, list[Extent]] = {table: [] for table in Table}
        for extent in extents:
            if extent.count < 1 or extent.address < 0 or extent.address + extent.count > ADDRESSES:
                raise ConfigError(
                    f"{extent.table.value} {extent.address} with {extent.count} addresses: "
                    f"expected at least one address, all within 0 to {ADDRESSES - 1}"
                )
            by_table[extent.table].append(extent)
        self._tables: dict[Table, _Tables] = {}
        for table, members in by_table.items():
            runs = _runs(table, members)
            self._tables[table] = _Tables(runs, [run.start for run in runs])

    def refresh(self) -> None:
        """Bring the memory up to date."""

    def write(self, request: WriteRequest) -> int:
        """Carry out a write to writable addresses; return 0 or a Modbus exception code."""
        memory, start = self.locate(request.table, request.address)
        memory[start : start + len(request.data)] = request.data
        return 0

    def not_available(self, table: Table, address: int, count: int) -> bytes:
        """Return what is served for values that there are not: commonly every bit set."""
        return b"\xff\xff" * count if BYTES_PER_ADDRESS[table] == 2 else b"\x01" * count

    def locate(self, table: Table, address: int) -> tuple[bytearray, int]:
        """Return the memory that holds an address and the byte offset of the address in it."""
        run = self._run_of(table, address)
        if run is None:
            raise ConfigError(f"{table.value} {address} is not mapped")
        return run.memory, (address - run.start) * BYTES_PER_ADDRESS[table]

    def readable(self, table: Table, address: int, count: int) -> tuple[bytearray, int, int] | None:
        """Return memory and its byte range for a block, or None when any address of it cannot be read."""
        run = self._run_of(table, address)
        if run is None or address + count > run.end:
            return None
        low, high = address - run.start, address - run.start + count
        if run.readable.find(0, low, high) >= 0:
            return None
        size = BYTES_PER_ADDRESS[table]
        return run.memory, low * size, high * size

    def writable(self, table: Table, address: int, count: int) -> bool:
        """Tell whether every address of a block takes writes."""
        run = self._run_of(table, address)
        if run is None or address + count > run.end:
            return False
        return run.writable.find(0, address - run.start, address - run.start + count) < 0

    def snapshot(self) -> dict[Table, list[tuple[int, bytes]]]:
        """Return a copy of all memory as (start address, bytes) per run."""
        return {
            table: [(run.start, bytes(run.memory)) for run in tables.runs]
            for table, tables in self._tables.items()
        }

    def _run_of(self, table: Table, address: int) -> Run | None:
        tables = self._tables[table]
        index = bisect_right(tables.starts, address) - 1
        if index < 0:
            return None
        run = tables.runs[index]
        return run if address < run.end else None


def _runs(table: Table, extents: list[Extent]) -> list[Run]:
    spans: list[tuple[int, int, list[Extent]]] = []
    for extent in sorted(extents, key=lambda e: e.address):
        end = extent.address + extent.count
        if spans and extent.address <= spans[-1][1]:
            start, last_end, members = spans[-1]
            members.append(extent)
            spans[-1] = (start, max(last_end, end), members)
        else:
            spans.append((extent.address, end, [extent]))
    runs = []
    for start, end, members in spans:
        readable, writable = bytearray(end - start), bytearray(end - start)
        for extent in members:
            low, high = extent.address - start, extent.address - start + extent.count
            if extent.readable:
                readable[low:high] = b"\x01" * extent.count
            if extent.writable:
                writable[low:high] = b"\x01" * extent.count
        memory = bytearray((end - start) * BYTES_PER_ADDRESS[table])
        runs.append(Run(start, end, memory, bytes(readable), bytes(writable)))
    return runs
