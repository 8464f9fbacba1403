"""Raw frames as text, one line each."""

from twin_tui.protocols.modbus.crc import crc16
from twin_tui.protocols.modbus.endpoints import Framing
from twin_tui.protocols.modbus.pdu import ModbusCode, unpack_bits

FUNCTION_NAMES = {
    1: "read coils",
    2: "read discrete inputs",
    3: "read holding registers",
    4: "read input registers",
    5: "write coil",
    6: "write register",
    8: "diagnostics",
    15: "write coils",
    16: "write registers",
    17: "report server id",
    22: "mask write register",
    23: "read and write registers",
    43: "read device identification",
}
MAX_VALUES = 16


def describe(data: bytes, framing: Framing, *, incoming: bool) -> str:
    """Return the meaning of a frame as one line; never raises, whatever the bytes."""
    if framing == "mbap":
        if len(data) < 8:
            return f"fragment of {len(data)} bytes"
        transaction, protocol, length = (int.from_bytes(data[i : i + 2], "big") for i in (0, 2, 4))
        notes = f" (protocol id {protocol})" if protocol else ""
        if length != len(data) - 6:
            notes += f" (length field {length}, {len(data) - 6} bytes follow)"
        return f"#{transaction} unit {data[6]} {describe_pdu(data[7:], incoming=incoming)}{notes}"
    if len(data) < 4:
        return f"fragment of {len(data)} bytes"
    notes = "" if crc16(data) == 0 else " (bad CRC)"
    return f"unit {data[0]} {describe_pdu(data[1:-2], incoming=incoming)}{notes}"


def describe_pdu(pdu: bytes, *, incoming: bool) -> str:
    """Return the meaning of a PDU of at least one byte; ``incoming`` ones are requests."""
    function = pdu[0]
    name = f"FC{function & 0x7F:02d} {FUNCTION_NAMES.get(function & 0x7F, 'unknown function')}"
    if function & 0x80:
        return f"{name}: {_exception(pdu)}"
    try:
        return f"{name}{_request(pdu) if incoming else _answer(pdu)}"
    except IndexError:
        return f"{name} (truncated)"


def _exception(pdu: bytes) -> str:
    if len(pdu) < 2:
        return "exception without a code"
    known = {code.value: code.name.lower().replace("_", " ") for code in ModbusCode}
    return f"exception {pdu[1]:02X} {known.get(pdu[1], 'unknown')}"


def _word(pdu: bytes, at: int) -> int:
    return pdu[at] << 8 | pdu[at + 1]


def _request(pdu: bytes) -> str:
    match pdu[0]:
        case 1 | 2 | 3 | 4:
            text = f" {_word(pdu, 1)} x{_word(pdu, 3)}"
        case 5:
            text = f" {_word(pdu, 1)} = {'on' if _word(pdu, 3) else 'off'}"
        case 6:
            text = f" {_word(pdu, 1)} = {_words(pdu[3:])}"
        case 15:
            text = f" {_word(pdu, 1)} x{_word(pdu, 3)} = {_bits(pdu[6:], _word(pdu, 3))}"
        case 16:
            text = f" {_word(pdu, 1)} x{_word(pdu, 3)} = {_words(pdu[6:])}"
        case 22:
            text = f" {_word(pdu, 1)} and {_word(pdu, 3):04X} or {_word(pdu, 5):04X}"
        case 23:
            written = f"{_word(pdu, 5)} x{_word(pdu, 7)} = {_words(pdu[10:])}"
            text = f" write {written}, read {_word(pdu, 1)} x{_word(pdu, 3)}"
        case 43:
            text = f" code {pdu[2]} from object {pdu[3]}"
        case _:
            text = f" {pdu[1:].hex(' ')}".rstrip()
    return text


def _answer(pdu: bytes) -> str:
    match pdu[0]:
        case 1 | 2:
            return f": {_bits(pdu[2:], 8 * pdu[1])}"
        case 3 | 4 | 23:
            return f": {_words(pdu[2:])}"
        case 15 | 16:
            return f": {_word(pdu, 1)} x{_word(pdu, 3)} written"
        case 43:
            return f": {pdu[6]} objects"
        case _:
            return _request(pdu)


def _words(data: bytes) -> str:
    words = [f"{_word(data, i):04X}" for i in range(0, len(data) - 1, 2)]
    more = f" and {len(words) - MAX_VALUES} more" if len(words) > MAX_VALUES else ""
    return (" ".join(words[:MAX_VALUES]) or "no values") + more


def _bits(packed: bytes, count: int) -> str:
    bits = unpack_bits(packed, count) if packed else b""
    more = f" and {len(bits) - 64} more" if len(bits) > 64 else ""
    return ("".join(map(str, bits[:64])) or "no values") + more
