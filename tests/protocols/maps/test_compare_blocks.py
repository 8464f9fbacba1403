"""In how many requests the registers of a real device are read."""

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.maps.site import bound, mapping
from twin_tui.protocols.maps.compare import Address, blocks
from twin_tui.protocols.modbus.memory import Table


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(1, 5), st.booleans(), st.booleans()), min_size=1, max_size=25
    ),
    st.integers(5, 12),
)
def test_requests_are_as_few_as_gaps_and_limits_allow(
    layout: list[tuple[int, int, bool, bool]], limit: int
) -> None:
    entries: list[dict[str, Any]] = []
    ends = {"input": 0, "holding": 0}
    for number, (gap, count, holding, readable) in enumerate(layout):
        table = "holding" if holding else "input"
        address = ends[table] + gap
        ends[table] = address + count
        kind = {"type": "string", "count": count, "value": "x", "table": table, "address": address}
        hidden = {} if readable or not holding else {"access": "wo", "stored": True}
        entries.append({"name": f"r{number}", **kind, **hidden})
    registers = bound(mapping(*entries, limits={"max_read_registers": limit}))
    found = list(blocks(registers))

    served = [cell for cell in registers.cells if cell.reader.readable]
    assert [cell for block in found for cell in block.cells] == served
    for block in found:
        first, last = block.cells[0].reader, block.cells[-1].reader
        assert (block.table, block.address, block.count) == (
            first.table,
            first.address,
            last.end - first.address,
        )
        assert block.count <= limit
        assert block.count == sum(cell.reader.count for cell in block.cells)
    for one, other in pairwise(found):
        if one.table is other.table and one.address + one.count == other.address:
            assert one.count + other.cells[0].reader.count > limit


def test_bits_are_read_two_thousand_at_a_time() -> None:
    coils = [
        {"name": f"c{at}", "table": "discrete", "address": at, "signal": "fault_code", "type": "bool"}
        for at in range(2001)
    ]
    found = list(blocks(bound(mapping(*coils))))
    assert [(block.table, block.address, block.count) for block in found] == [
        (Table.DISCRETE_INPUTS, 0, 2000),
        (Table.DISCRETE_INPUTS, 2000, 1),
    ]


def test_a_device_answers_to_unit_1_on_port_502_unless_told_otherwise() -> None:
    assert (
        Address("meter") == Address("meter", 502, 1) == Address.parse("meter") == Address.parse("meter:502:1")
    )
    assert str(Address("meter", 1502, 7)) == "meter:1502 unit 7"
