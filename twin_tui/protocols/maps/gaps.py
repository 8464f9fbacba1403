"""Reads across addresses without a register: refused, or answered with a filler as real devices do."""

from collections.abc import Iterable, Iterator, Sequence

from twin_tui.documents.model import Complaints, join
from twin_tui.protocols.maps.file import GapFile
from twin_tui.protocols.maps.model import Register
from twin_tui.protocols.modbus.memory import Gap, Table

_TABLES = {
    "coil": (Table.COILS,),
    "discrete": (Table.DISCRETE_INPUTS,),
    "input": (Table.INPUT_REGISTERS,),
    "holding": (Table.HOLDING_REGISTERS,),
    "both": (Table.INPUT_REGISTERS, Table.HOLDING_REGISTERS),
}


def find_gaps(
    files: Sequence[GapFile], registers: Sequence[Register], complaints: Complaints
) -> tuple[Gap, ...]:
    """Return the filled addresses of a map; of several ranges over an address the first applies."""
    found: list[Gap] = []
    for table in Table:
        taken = [(each.address, each.end) for each in registers if each.table is table]
        if not taken:
            continue
        low, high = min(start for start, _ in taken), max(end for _, end in taken)
        for index, file in enumerate(files):
            if file.table is not None and table not in _TABLES[file.table]:
                continue
            start = low if file.start is None else file.start
            end = high if file.last is None else file.last + 1
            if file.start is not None and file.last is not None and start >= end:
                complaints.add(join("gaps", index), f"from {start} is above to {end - 1}")
            spans = list(_free(start, end, taken))
            if file.read is not None:
                found += [Gap(table, *span, file.read) for span in spans]
            taken += spans
    return tuple(found)


def _free(start: int, end: int, taken: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the parts of a range that nothing has taken."""
    at = start
    for low, high in sorted(taken):
        if low > at and at < end:
            yield at, min(low, end)
        at = max(at, high)
    if at < end:
        yield at, end
