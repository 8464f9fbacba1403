"""Compares a real device with its twin, register by register, and adopts the real values."""

from collections.abc import Iterator, Mapping
from typing import Any

from twin_tui.documents.tables import table
from twin_tui.engine.events import Event, ReportStatus, Scalar, Write
from twin_tui.engine.signals import value
from twin_tui.errors import ConfigError, LinkError, shown
from twin_tui.protocols.maps.image import Cell
from twin_tui.protocols.maps.model import InvalidValue, Register
from twin_tui.protocols.maps.registers import Registers
from twin_tui.protocols.maps.wire import Encoding
from twin_tui.protocols.modbus.memory import Table

ORIGIN = "compare"
REPORTED = {"soc": "soc", "active_power_w": "power_w"}
"""Measured signals that a twin can adopt, and their names in a status report."""
MAX_BITS = 2000


@value
class Address:
    """The address of a real device."""

    host: str
    port: int = 502
    unit: int = 1

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Parse HOST[:PORT[:UNIT]]; an IPv6 host is in brackets."""
        host, rest = text, ""
        if text.startswith("["):
            host, _, rest = text[1:].partition("]")
            rest = rest.removeprefix(":")
        else:
            host, _, rest = text.partition(":")
        port, _, unit = rest.partition(":")
        try:
            host.encode("idna")
            found = cls(host, int(port or 502), int(unit or 1))
        except ValueError:
            raise ConfigError(f"{shown(text)}: expected HOST:PORT or HOST:PORT:UNIT") from None
        if not host or not 0 < found.port <= 0xFFFF or not 0 <= found.unit <= 0xFF:
            raise ConfigError(f"{text!r}: expected HOST:PORT:UNIT with port 1–65535 and unit 0–255")
        return found

    def __str__(self) -> str:
        return f"{self.host}:{self.port} unit {self.unit}"


@value
class Block:
    """Adjacent registers that are read in one request."""

    table: Table
    address: int
    count: int
    cells: tuple[Cell, ...]


@value
class RealValue:
    """One register read from the real device: its bytes, or why they are missing."""

    data: bytes | None
    problem: str = ""


Key = tuple[Table, int]
"""Table and address of a register."""


@value
class Line:
    """One register of the real device and of the twin."""

    register: Register
    real: str
    twin: str
    difference: str
    same: bool


def blocks(registers: Registers) -> Iterator[Block]:
    """Yield the readable registers of a map in as few requests as its limits allow."""
    limits = registers.map.limits
    gathered: list[Cell] = []

    def block() -> Block:
        first, last = gathered[0].reader, gathered[-1].reader
        return Block(first.table, first.address, last.end - first.address, tuple(gathered))

    for cell in registers.cells:
        register = cell.reader
        if not register.readable:
            continue
        most = MAX_BITS if register.layout.type.encoding is Encoding.BIT else limits.max_read_registers
        if gathered:
            first, last = gathered[0].reader, gathered[-1].reader
            joins = register.table is first.table and register.address == last.end
            if not joins or register.end - first.address > most:
                yield block()
                gathered = []
        gathered.append(cell)
    if gathered:
        yield block()


async def read_real(registers: Registers, where: Address, *, timeout_s: float = 3.0) -> dict[Key, RealValue]:
    """Read every register of the map from a real device; refused blocks are read register by register."""
    from pymodbus.client import AsyncModbusTcpClient  # noqa: PLC0415 - half of the start-up time

    client = AsyncModbusTcpClient(where.host, port=where.port, timeout=timeout_s, retries=1)
    readings: dict[Key, RealValue] = {}
    try:
        if not await client.connect():
            raise LinkError(f"could not connect to {where.host}:{where.port}")
        for block in blocks(registers):
            data, problem = await _read(client, where, block.table, block.address, block.count)
            if data is None and problem.startswith("exception") and len(block.cells) > 1:
                for cell in block.cells:
                    register = cell.reader
                    single = await _read(client, where, register.table, register.address, register.count)
                    readings[_key(cell)] = RealValue(*single)
                continue
            start = block.cells[0].start
            for cell in block.cells:
                part = None if data is None else data[cell.start - start : cell.end - start]
                readings[_key(cell)] = RealValue(part, problem)
    finally:
        client.close()
    return readings


async def _read(
    client: Any, where: Address, table: Table, address: int, count: int
) -> tuple[bytes | None, str]:
    from pymodbus import ModbusException  # noqa: PLC0415

    read = {
        Table.COILS: client.read_coils,
        Table.DISCRETE_INPUTS: client.read_discrete_inputs,
        Table.HOLDING_REGISTERS: client.read_holding_registers,
        Table.INPUT_REGISTERS: client.read_input_registers,
    }[table]
    try:
        answer = await read(address, count=count, device_id=where.unit)
    except ModbusException:
        return None, "no response"
    if answer.isError():
        return None, f"exception {getattr(answer, 'exception_code', '?')}"
    if table in {Table.COILS, Table.DISCRETE_INPUTS}:
        return bytes(int(bit) for bit in answer.bits[:count]), ""
    return b"".join(word.to_bytes(2, "big") for word in answer.registers), ""


def _key(cell: Cell) -> Key:
    return cell.reader.table, cell.reader.address


def lines(registers: Registers, readings: Mapping[Key, RealValue]) -> list[Line]:
    """Return every register of the real device with that of the twin."""
    registers.refresh()
    return [_line(cell, readings[_key(cell)]) for cell in registers.cells if _key(cell) in readings]


def _line(cell: Cell, reading: RealValue) -> Line:
    register, ours = cell.reader, cell.data
    if reading.data is None:
        return Line(register, reading.problem, _text(register, ours), "", False)
    difference = ""
    if reading.data != ours:
        difference = "differs"
        if register.codes is None and register.options is None and not register.bit_field:
            difference = _difference(register, reading.data, ours)
    return Line(register, _text(register, reading.data), _text(register, ours), difference, not difference)


def _text(register: Register, data: bytes) -> str:
    option = register.option(data)
    return f"{register.text(data)} ({option})" if option else register.text(data)


def _difference(register: Register, real: bytes, twin: bytes) -> str:
    try:
        ours, theirs = register.layout.unpack(twin), register.layout.unpack(real)
    except ValueError:
        return "differs"
    if isinstance(ours, str) or isinstance(theirs, str) or register.decode(real) is None:
        return "differs"
    delta = (ours - theirs) * float(register.scale)
    return f"{delta:+.6g} {register.unit}".rstrip()


def comparison(found: list[Line], where: Address, device: str) -> str:
    """Return a table of both with the differences."""
    rows = [
        (
            str(line.register.address),
            line.register.name,
            line.real,
            line.twin,
            "" if line.same else line.difference or "-",
        )
        for line in found
    ]
    different = sum(not line.same for line in found)
    head = ("address", "name", f"real {where}", f"twin {device}", "twin − real")
    return f"{table(head, rows, right=(0,))}\n{different} of {len(found)} registers differ"


def adopted(registers: Registers, readings: Mapping[Key, RealValue]) -> list[Event]:
    """Return the events that set the twin to the state of the real device.

    Writable registers become commands, measured ones a status report if a twin can adopt them.
    """
    commands: dict[str, dict[str, Scalar]] = {}
    reports: dict[str, dict[str, Scalar]] = {}
    for cell in registers.cells:
        data = readings.get(_key(cell), RealValue(None)).data
        register = cell.reader
        if data is None or register.signal is None or register.composed:
            continue
        name = register.signal.name
        if cell.writer is not None and not register.signal.momentary:
            try:
                commands.setdefault(cell.device.name, {})[name] = cell.writer.accept(data)
            except InvalidValue:
                continue
        elif name in REPORTED and not register.magnitude:
            value = register.decode(data)
            if value is not None:
                reports.setdefault(cell.device.name, {})[REPORTED[name]] = value
    # commands last: a reported power alone would count as the setpoint
    return [
        *(ReportStatus(name, values, origin=ORIGIN) for name, values in reports.items()),
        *(Write(name, values, origin=ORIGIN) for name, values in commands.items()),
    ]
