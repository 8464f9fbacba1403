"""The memory of one Modbus unit: sparse, in wire order, with access masks."""

import enum
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field

from twin_tui.errors import ConfigError

ADDRESSES = 65_536


class Table(enum.Enum):
    """The four tables of a unit."""

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
    """Addresses ``address`` to ``address + count - 1`` of one table, with the same access."""

    table: Table
    address: int
    count: int
    readable: bool = True
    writable: bool = False


@dataclass(slots=True)
class Gap:
    """Addresses ``start`` to ``end - 1`` of one table without a register, read as the word ``fill``."""

    table: Table
    start: int
    end: int
    fill: int


@dataclass(slots=True)
class WriteRequest:
    """One write request; ``data`` is in wire order, for coils one byte 0 or 1 per bit."""

    table: Table
    address: int
    count: int
    data: bytes
    function: int
    client: str


ALL_FUNCTIONS = frozenset({1, 2, 3, 4, 5, 6, 15, 16, 22, 23, 43})


@dataclass(slots=True)
class Limits:
    """What a device supports, where that is less than the Modbus specification allows."""

    max_read_registers: int = 125
    max_write_registers: int = 123
    even_counts_only: bool = False
    functions: frozenset[int] = ALL_FUNCTIONS
    diagnostics: frozenset[int] = frozenset()
    """Sub-functions of function 8."""
    server_id: str = ""
    """The text of function 17; without one the function is not supported."""

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
                f"function {unknown[0]} is not supported; known: {', '.join(map(str, sorted(ALL_FUNCTIONS)))}"
            )


@dataclass(slots=True)
class AddressRange:
    """Contiguous mapped addresses: their memory, and one byte 0 or 1 per address for each kind of access."""

    start: int
    end: int
    memory: bytearray
    readable: bytes
    writable: bytes


@dataclass(slots=True)
class _Tables:
    ranges: list[AddressRange] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)


class UnitMemory:
    """The memory of one unit; this base class simply stores what is written.

    Subclasses override ``refresh``, called before memory is read for a response, and ``write``. Extents may
    touch or overlap: an address is readable or writable when any extent over it is. Gaps contain no address
    of an extent; they can be read and not written.
    """

    def __init__(
        self, extents: Iterable[Extent], limits: Limits | None = None, gaps: Iterable[Gap] = ()
    ) -> None:
        gaps = tuple(gaps)
        extents = (*extents, *(Extent(gap.table, gap.start, gap.end - gap.start) for gap in gaps))
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
            ranges = _ranges(table, members)
            self._tables[table] = _Tables(ranges, [each.start for each in ranges])
        for gap in gaps:
            memory, start = self.locate(gap.table, gap.start)
            size = BYTES_PER_ADDRESS[gap.table]
            word = gap.fill.to_bytes(2, "big") if size == 2 else bytes((gap.fill & 1,))
            memory[start : start + size * (gap.end - gap.start)] = word * (gap.end - gap.start)

    def refresh(self) -> None:
        """Update the memory."""

    def write(self, request: WriteRequest) -> int:
        """Carry out a write to writable addresses; return 0 or a Modbus exception code."""
        memory, start = self.locate(request.table, request.address)
        memory[start : start + len(request.data)] = request.data
        return 0

    def refused(self, request: WriteRequest, code: int) -> None:
        """Note a write, without its data, that gets an exception without being offered to ``write``."""

    def not_available(self, table: Table, address: int, count: int) -> bytes:
        """Return the bytes for values that are not available: commonly every bit set."""
        return b"\xff\xff" * count if BYTES_PER_ADDRESS[table] == 2 else b"\x01" * count

    def locate(self, table: Table, address: int) -> tuple[bytearray, int]:
        """Return the memory that holds an address and the byte offset of the address in it."""
        found = self._range_of(table, address)
        if found is None:
            raise ConfigError(f"{table.value} {address} is not mapped")
        return found.memory, (address - found.start) * BYTES_PER_ADDRESS[table]

    def readable(self, table: Table, address: int, count: int) -> tuple[bytearray, int, int] | None:
        """Return memory and its byte range for a block, or None when any of its addresses is not readable."""
        found = self._range_of(table, address)
        if found is None or address + count > found.end:
            return None
        low, high = address - found.start, address - found.start + count
        if found.readable.find(0, low, high) >= 0:
            return None
        size = BYTES_PER_ADDRESS[table]
        return found.memory, low * size, high * size

    def writable(self, table: Table, address: int, count: int) -> bool:
        """Return whether every address of a block is writable."""
        found = self._range_of(table, address)
        if found is None or address + count > found.end:
            return False
        return found.writable.find(0, address - found.start, address - found.start + count) < 0

    def snapshot(self) -> dict[Table, list[tuple[int, bytes]]]:
        """Return a copy of all memory as (start address, bytes) per range."""
        return {
            table: [(each.start, bytes(each.memory)) for each in tables.ranges]
            for table, tables in self._tables.items()
        }

    def _range_of(self, table: Table, address: int) -> AddressRange | None:
        tables = self._tables[table]
        index = bisect_right(tables.starts, address) - 1
        if index < 0:
            return None
        found = tables.ranges[index]
        return found if address < found.end else None


def _ranges(table: Table, extents: list[Extent]) -> list[AddressRange]:
    spans: list[tuple[int, int, list[Extent]]] = []
    for extent in sorted(extents, key=lambda e: e.address):
        end = extent.address + extent.count
        if spans and extent.address <= spans[-1][1]:
            start, last_end, members = spans[-1]
            members.append(extent)
            spans[-1] = (start, max(last_end, end), members)
        else:
            spans.append((extent.address, end, [extent]))
    ranges = []
    for start, end, members in spans:
        readable, writable = bytearray(end - start), bytearray(end - start)
        for extent in members:
            low, high = extent.address - start, extent.address - start + extent.count
            if extent.readable:
                readable[low:high] = b"\x01" * extent.count
            if extent.writable:
                writable[low:high] = b"\x01" * extent.count
        memory = bytearray((end - start) * BYTES_PER_ADDRESS[table])
        ranges.append(AddressRange(start, end, memory, bytes(readable), bytes(writable)))
    return ranges
