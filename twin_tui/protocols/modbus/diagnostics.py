"""Diagnostics (function 8) and server id (function 17), for devices that have them."""

from collections.abc import Collection
from dataclasses import dataclass, field

DIAGNOSTICS = 8
REPORT_SERVER_ID = 17
SUBFUNCTIONS = {
    0: "return query data",
    10: "clear counters",
    11: "bus messages",
    12: "bus communication errors",
    13: "bus exceptions",
    14: "server messages",
    15: "server messages without response",
}
"""The sub-functions of diagnostics that a map can declare."""
_QUERY_DATA, _CLEAR, _BUS_MESSAGES, _BUS_ERRORS, _EXCEPTIONS, _MESSAGES, _SILENT = SUBFUNCTIONS
_ILLEGAL_FUNCTION, _ILLEGAL_VALUE = 1, 3
_RUNNING = 0xFF


@dataclass(slots=True)
class Counters:
    """The diagnostic counters of a port or line, by unit number where they belong to a unit."""

    messages: list[int] = field(default_factory=lambda: [0] * 256)
    exceptions: list[int] = field(default_factory=lambda: [0] * 256)
    silent: list[int] = field(default_factory=lambda: [0] * 256)
    errors: int = 0
    """Frames with a wrong checksum or an invalid length."""

    def clear(self) -> None:
        """Set all counters to 0; the lists remain the same objects."""
        for counts in (self.messages, self.exceptions, self.silent):
            counts[:] = [0] * 256
        self.errors = 0


def diagnose(pdu: bytes, supported: Collection[int], counters: Counters, units: Collection[int]) -> bytes:
    """Answer a diagnostics request; ``units`` are the numbers under which the unit is addressed.

    The counters are 16 bits wide and wrap around.
    """
    number = int.from_bytes(pdu[1:3], "big") if len(pdu) >= 3 else -1
    if number not in supported:
        return bytes((DIAGNOSTICS | 0x80, _ILLEGAL_FUNCTION if len(pdu) >= 3 else _ILLEGAL_VALUE))
    if number == _QUERY_DATA:
        return pdu
    if pdu[3:] != b"\0\0":
        return bytes((DIAGNOSTICS | 0x80, _ILLEGAL_VALUE))
    if number == _CLEAR:
        counters.clear()
        return pdu
    count = {
        _BUS_MESSAGES: sum(counters.messages),
        _BUS_ERRORS: counters.errors,
        _EXCEPTIONS: sum(counters.exceptions),
        _MESSAGES: sum(counters.messages[unit] for unit in units),
        _SILENT: sum(counters.silent[unit] for unit in units),
    }[number]
    return pdu[:3] + (count & 0xFFFF).to_bytes(2, "big")


def server_id(text: str) -> bytes:
    """Return the response to a server id request: the text, and that the device is running."""
    data = text.encode("latin-1", "replace")[:249]
    return bytes((REPORT_SERVER_ID, len(data) + 1)) + data + bytes((_RUNNING,))
