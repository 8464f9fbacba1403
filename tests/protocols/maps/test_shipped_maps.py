"""Properties of every register map in the package, whatever device it describes."""

import csv
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.maps.site import MAPS, SHIPPED, bound, read, shipped, write
from twin_tui.documents.loader import Document, open_document, to_document
from twin_tui.protocols.maps.model import Register
from twin_tui.protocols.maps.parse import map_of, parse_map
from twin_tui.protocols.maps.wire import Encoding
from twin_tui.protocols.modbus.memory import Table

FACTS = Path(__file__).with_name("dertwin_registers.csv")
DERTWIN_MAPS = {
    "bess": "bess_modbus",
    "inverter": "pv_inverter_modbus",
    "energy_meter": "energy_meter_modbus",
    "chp": "chp_modbus",
}


def facts() -> list[dict[str, str]]:
    with FACTS.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", facts(), ids=lambda row: f"{row['device']}-{row['name']}")
def test_a_client_of_der_twin_finds_every_register_where_it_was(row: dict[str, str]) -> None:
    registers = shipped(DERTWIN_MAPS[row["device"]]).registers
    register = next(found for found in registers if found.name == row["name"])
    tables = {
        2: Table.DISCRETE_INPUTS,
        3: Table.HOLDING_REGISTERS,
        4: Table.INPUT_REGISTERS,
        6: Table.HOLDING_REGISTERS,
        16: Table.HOLDING_REGISTERS,
    }
    assert register.table is tables[int(row["func"])]
    assert register.address == int(row["address"])
    assert register.count == int(row["count"])
    assert float(register.scale) == float(row["scale"])
    assert register.unit == row["unit"]
    assert register.writable is (row["direction"] == "write")
    if register.table is not Table.DISCRETE_INPUTS:
        assert register.layout.type.name == row["type"]


def test_the_maps_of_der_twin_have_no_further_registers() -> None:
    for device, name in DERTWIN_MAPS.items():
        assert {r.name for r in shipped(name).registers} == {
            row["name"] for row in facts() if row["device"] == device
        }


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_map_names_its_device_and_its_source(name: str) -> None:
    found = shipped(name)
    assert found.description
    assert "Source" in Path(found.place).read_text(encoding="utf-8").split("registers:")[0]
    assert found.warnings == ()


@pytest.mark.parametrize("name", SHIPPED)
def test_every_readable_register_can_be_read(name: str) -> None:
    binding = bound(shipped(name))
    binding.engine.step()
    for register in binding.map.registers:
        words = read(binding, register.table, register.address, register.count)
        if not register.readable:
            assert words == 2
        elif not (register.count % 2 and binding.map.limits.even_counts_only):
            assert isinstance(words, list)
            assert len(words) == register.count


@pytest.mark.parametrize("name", SHIPPED)
def test_every_writable_register_accepts_a_legal_value_and_reads_it_back(name: str) -> None:
    binding = bound(shipped(name))
    for register in binding.map.registers:
        if not register.writable:
            continue
        data = legal_value(register)
        words = [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]
        function = 16 if 6 not in binding.map.limits.functions else 0
        assert write(binding, register.address, *words, function=function) == 0, register.name
        if register.readable:
            assert read(binding, register.table, register.address, register.count) == words, register.name


def legal_value(register: Register) -> bytes:
    """Return the bytes of a value that the device must accept."""
    if register.codes is not None:
        return register.layout.pack(next(iter(register.codes)))
    if register.options is not None:
        return register.layout.pack(next(iter(register.options)))
    if register.maximum is not None:
        raw = (register.maximum - register.offset) / register.scale
        return register.layout.pack(
            float(raw) if register.layout.type.encoding is Encoding.FLOAT else int(raw)
        )
    if register.signal is None:
        return register.layout.pack(1)
    return register.encode(register.signal.high if register.signal.high is not None else 1.0)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_readable_number_agrees_with_its_signal_to_half_a_step(name: str) -> None:
    binding = bound(shipped(name))
    binding.engine.advance(2.0)
    binding.refresh()
    for cell in binding.cells:
        register = cell.reader
        if register.signal is None or not register.linear or cell.device is None:
            continue
        seen = (
            cell.device.commands
            if register.signal.command
            else cell.device.telemetry(binding.engine.surroundings)
        )
        actual = getattr(seen, register.signal.name)
        raw = actual / float(register.quantum)
        if not register.lowest <= raw <= register.highest:
            continue
        shown = register.decode(cell.data)
        assert shown is not None
        step = abs(float(register.quantum))
        tolerance = 1e-6 * abs(actual) if register.layout.type.encoding is Encoding.FLOAT else 0.5001 * step
        assert math.isclose(shown, actual, rel_tol=1e-9, abs_tol=tolerance), register.name


@pytest.mark.parametrize("name", SHIPPED)
@given(data=st.data())
def test_every_representable_value_makes_the_round_trip(name: str, data: st.DataObject) -> None:
    registers = [r for r in shipped(name).registers if r.signal is not None and r.bits is None]
    register = data.draw(st.sampled_from(registers))
    layout = register.layout
    if layout.type.encoding is Encoding.TEXT or register.codes or register.modulo or register.quotient:
        return
    if layout.type.encoding is Encoding.FLOAT:
        raw: int | float = data.draw(st.floats(-(2.0**100), 2.0**100, width=32, allow_subnormal=False))
    else:
        # beyond 2^53 a float signal does not distinguish neighbours
        low, high = max(register.lowest, -(2**53)), min(register.highest, 2**53)
        raw = data.draw(st.integers(int(low), int(high)))
        if raw in register.special or (register.magnitude and raw < 0):
            return
    wire = layout.pack(raw)
    if layout.type.encoding is Encoding.FLOAT:
        assert math.isclose(layout.unpack(register.encode(register.decode(wire))), raw, rel_tol=1e-6)
    else:
        assert register.encode(register.decode(wire)) == wire


def test_the_example_of_the_documentation_is_a_map() -> None:
    page = (MAPS.parent / "docs" / "register-maps.md").read_text(encoding="utf-8")
    example = page.split("```yaml\n", 1)[1].split("```", 1)[0]
    found = parse_map(to_document(example, "example").data)
    assert [register.name for register in found.registers] == ["soc", "power", "setpoint", "run"]
    assert found.warnings == ()


def test_every_shipped_map_is_in_the_documentation() -> None:
    page = (MAPS.parent / "docs" / "register-maps.md").read_text(encoding="utf-8")
    assert [name for name in SHIPPED if f"`{name}`" not in page] == []


@pytest.mark.parametrize("name", SHIPPED)
@given(data=st.data())
def test_any_write_is_carried_out_or_refused(name: str, data: st.DataObject) -> None:
    binding = bound(shipped(name))
    binding.refresh()
    writable = [cell.reader for cell in binding.cells if cell.writer is not None]
    if not writable:
        return
    register = data.draw(st.sampled_from(writable))
    address = max(0, register.address + data.draw(st.integers(-1, 1)))
    words = data.draw(st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=4))
    before = [cell.data for cell in binding.cells if cell.writer is not None]
    code = write(binding, address, *words)
    binding.refresh()
    assert code in {0, 1, 2, 3}
    if code:
        assert [cell.data for cell in binding.cells if cell.writer is not None] == before
    binding.engine.step()
    binding.refresh()


@pytest.mark.parametrize("name", SHIPPED)
def test_a_map_without_mistakes_is_read_once(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line of an entry is looked for in the file when a message names it, and only then."""
    asked: list[str] = []
    monkeypatch.setattr(Document, "where", lambda self, path="": asked.append(path) or self.name)
    found = map_of(open_document(MAPS / f"{name}.yaml"))
    assert len(asked) == len(found.warnings)
