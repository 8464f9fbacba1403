"""The functions of a Modbus unit: each request PDU gets one response PDU.

The order of checks is that of the Modbus Application Protocol V1.1b3: supported function (01), quantity, byte
count and value in range (03), address mapped and accessible (02), then the write itself, which may fail (03).
"""

import enum
import logging
import struct
from collections.abc import Callable

from twin_tui.protocols.modbus import identity
from twin_tui.protocols.modbus.diagnostics import REPORT_SERVER_ID, server_id
from twin_tui.protocols.modbus.identity import Identity
from twin_tui.protocols.modbus.memory import Table, UnitMemory, WriteRequest

log = logging.getLogger(__name__)


class ModbusCode(enum.IntEnum):
    """Exception codes of the Modbus specification."""

    ILLEGAL_FUNCTION = 1
    ILLEGAL_DATA_ADDRESS = 2
    ILLEGAL_DATA_VALUE = 3
    SERVER_DEVICE_FAILURE = 4
    ACKNOWLEDGE = 5
    SERVER_DEVICE_BUSY = 6
    MEMORY_PARITY_ERROR = 8
    GATEWAY_PATH_UNAVAILABLE = 10
    GATEWAY_TARGET_FAILED = 11


IDENTIFY = 43
MAX_READ_BITS = 2000
MAX_WRITE_BITS = 1968
MAX_READ_WRITE_REGISTERS = 121
READ_TABLES = {
    1: Table.COILS,
    2: Table.DISCRETE_INPUTS,
    3: Table.HOLDING_REGISTERS,
    4: Table.INPUT_REGISTERS,
}
READ_WRITE = 23
SINGLE_WRITES = frozenset({5, 6, 22})
COIL_WRITES = frozenset({5, 15})
WRITE_FUNCTIONS = frozenset({15, 16, READ_WRITE, *SINGLE_WRITES})

_TWO_WORDS = struct.Struct(">HH")
_FOUR_WORDS = struct.Struct(">HHHH")
_BIT_CHARACTERS = bytes.maketrans(b"\x00\x01", b"01")
_BIT_VALUES = bytes.maketrans(b"01", b"\x00\x01")


class ExceptionResponse(Exception):
    """Raised for a request that gets an exception response."""

    def __init__(self, code: int, *, noted: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.noted = noted


def exception_pdu(function: int, code: int) -> bytes:
    """Return the exception response to a function."""
    return bytes((function & 0x7F | 0x80, code & 0xFF))


def respond(memory: UnitMemory, pdu: bytes, client: str, objects: Identity | None = None) -> bytes:
    """Answer one request PDU (at least the function byte); never raises.

    ``objects`` is the unit's device identification.
    """
    function = pdu[0]
    try:
        if function == REPORT_SERVER_ID and memory.limits.server_id:
            _expect(len(pdu) == 1)
            return server_id(memory.limits.server_id)
        if function not in memory.limits.functions:
            raise ExceptionResponse(ModbusCode.ILLEGAL_FUNCTION)
        if function == IDENTIFY:
            return _identify(objects, pdu)
        return _HANDLERS[function](memory, pdu, client)
    except ExceptionResponse as response:
        if function in WRITE_FUNCTIONS and not response.noted:
            at = 5 if function == READ_WRITE else 1
            address, count = (int.from_bytes(pdu[place : place + 2], "big") for place in (at, at + 2))
            count = 1 if function in SINGLE_WRITES else count
            table = Table.COILS if function in COIL_WRITES else Table.HOLDING_REGISTERS
            memory.refused(WriteRequest(table, address, count, b"", function, client), response.code)
        return exception_pdu(function, response.code)
    except Exception:
        log.exception("function %d from %s failed", function, client)
        return exception_pdu(function, ModbusCode.SERVER_DEVICE_FAILURE)


def pack_bits(memory: bytes | bytearray) -> bytes:
    """Pack one byte per bit into wire bytes, first bit lowest."""
    digits = memory[::-1].translate(_BIT_CHARACTERS)
    return int(digits, 2).to_bytes((len(memory) + 7) // 8, "little")


def unpack_bits(packed: bytes, count: int) -> bytes:
    """Unpack wire bytes into one byte 0 or 1 per bit."""
    digits = f"{int.from_bytes(packed, 'little'):0{len(packed) * 8}b}".encode()
    return digits.translate(_BIT_VALUES)[::-1][:count]


def _expect(condition: bool, code: ModbusCode = ModbusCode.ILLEGAL_DATA_VALUE) -> None:
    if not condition:
        raise ExceptionResponse(code)


def _check_registers(memory: UnitMemory, count: int, limit: int) -> None:
    limits = memory.limits
    _expect(1 <= count <= limit and not (limits.even_counts_only and count % 2))


def _block(memory: UnitMemory, table: Table, address: int, count: int) -> bytearray:
    """Return a copy of a readable block, refreshed first."""
    found = memory.readable(table, address, count)
    if found is None:
        raise ExceptionResponse(ModbusCode.ILLEGAL_DATA_ADDRESS)
    memory.refresh()
    data, low, high = found
    return data[low:high]


def _expect_writable(memory: UnitMemory, table: Table, address: int, count: int) -> None:
    _expect(memory.writable(table, address, count), ModbusCode.ILLEGAL_DATA_ADDRESS)


def _write(memory: UnitMemory, request: WriteRequest) -> None:
    code = memory.write(request)
    if code:
        raise ExceptionResponse(code, noted=True)


def _read_bits(memory: UnitMemory, pdu: bytes, _client: str) -> bytes:
    _expect(len(pdu) == 5)
    address, count = _TWO_WORDS.unpack_from(pdu, 1)
    _expect(1 <= count <= MAX_READ_BITS)
    packed = pack_bits(_block(memory, READ_TABLES[pdu[0]], address, count))
    return bytes((pdu[0], len(packed))) + packed


def _read_registers(memory: UnitMemory, pdu: bytes, _client: str) -> bytes:
    _expect(len(pdu) == 5)
    address, count = _TWO_WORDS.unpack_from(pdu, 1)
    _check_registers(memory, count, memory.limits.max_read_registers)
    return bytes((pdu[0], 2 * count)) + _block(memory, READ_TABLES[pdu[0]], address, count)


def _write_single_coil(memory: UnitMemory, pdu: bytes, client: str) -> bytes:
    _expect(len(pdu) == 5)
    address, value = _TWO_WORDS.unpack_from(pdu, 1)
    _expect(value in {0x0000, 0xFF00})
    _expect_writable(memory, Table.COILS, address, 1)
    data = b"\x01" if value else b"\x00"
    _write(memory, WriteRequest(Table.COILS, address, 1, data, 5, client))
    return pdu


def _write_single_register(memory: UnitMemory, pdu: bytes, client: str) -> bytes:
    _expect(len(pdu) == 5)
    address = int.from_bytes(pdu[1:3], "big")
    _expect_writable(memory, Table.HOLDING_REGISTERS, address, 1)
    _write(memory, WriteRequest(Table.HOLDING_REGISTERS, address, 1, pdu[3:], 6, client))
    return pdu


def _write_coils(memory: UnitMemory, pdu: bytes, client: str) -> bytes:
    _expect(len(pdu) >= 6)
    address, count = _TWO_WORDS.unpack_from(pdu, 1)
    size = (count + 7) // 8
    _expect(1 <= count <= MAX_WRITE_BITS and pdu[5] == size and len(pdu) == 6 + size)
    _expect_writable(memory, Table.COILS, address, count)
    data = unpack_bits(pdu[6:], count)
    _write(memory, WriteRequest(Table.COILS, address, count, data, 15, client))
    return pdu[:5]


def _write_registers(memory: UnitMemory, pdu: bytes, client: str) -> bytes:
    _expect(len(pdu) >= 6)
    address, count = _TWO_WORDS.unpack_from(pdu, 1)
    _check_registers(memory, count, memory.limits.max_write_registers)
    _expect(pdu[5] == 2 * count and len(pdu) == 6 + 2 * count)
    _expect_writable(memory, Table.HOLDING_REGISTERS, address, count)
    _write(memory, WriteRequest(Table.HOLDING_REGISTERS, address, count, pdu[6:], 16, client))
    return pdu[:5]


def _mask_write(memory: UnitMemory, pdu: bytes, client: str) -> bytes:
    _expect(len(pdu) == 7)
    address, and_mask = _TWO_WORDS.unpack_from(pdu, 1)
    or_mask = int.from_bytes(pdu[5:], "big")
    _expect_writable(memory, Table.HOLDING_REGISTERS, address, 1)
    memory.refresh()
    data, offset = memory.locate(Table.HOLDING_REGISTERS, address)
    present = int.from_bytes(data[offset : offset + 2], "big")
    masked = (present & and_mask) | (or_mask & ~and_mask & 0xFFFF)
    changed = masked.to_bytes(2, "big")
    _write(memory, WriteRequest(Table.HOLDING_REGISTERS, address, 1, changed, 22, client))
    return pdu


def _read_write_registers(memory: UnitMemory, pdu: bytes, client: str) -> bytes:
    _expect(len(pdu) >= 10)
    read_from, read_count, address, count = _FOUR_WORDS.unpack_from(pdu, 1)
    _check_registers(memory, read_count, memory.limits.max_read_registers)
    _check_registers(memory, count, min(memory.limits.max_write_registers, MAX_READ_WRITE_REGISTERS))
    _expect(pdu[9] == 2 * count and len(pdu) == 10 + 2 * count)
    table = Table.HOLDING_REGISTERS
    _expect(memory.readable(table, read_from, read_count) is not None, ModbusCode.ILLEGAL_DATA_ADDRESS)
    _expect_writable(memory, table, address, count)
    _write(memory, WriteRequest(table, address, count, pdu[10:], 23, client))
    return bytes((23, 2 * read_count)) + _block(memory, table, read_from, read_count)


def _identify(objects: Identity | None, pdu: bytes) -> bytes:
    if not objects or len(pdu) < 2 or pdu[1] != 0x0E:
        raise ExceptionResponse(ModbusCode.ILLEGAL_FUNCTION)
    _expect(len(pdu) == 4 and 1 <= pdu[2] <= 4)
    answer = identity.answer(objects, pdu[2], pdu[3])
    if answer is None:
        raise ExceptionResponse(ModbusCode.ILLEGAL_DATA_ADDRESS)
    return answer


_HANDLERS: dict[int, Callable[[UnitMemory, bytes, str], bytes]] = {
    1: _read_bits,
    2: _read_bits,
    3: _read_registers,
    4: _read_registers,
    5: _write_single_coil,
    6: _write_single_register,
    15: _write_coils,
    16: _write_registers,
    22: _mask_write,
    23: _read_write_registers,
}
