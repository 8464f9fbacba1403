"""What stands behind a port or a serial line: the units, and who answers for a missing one."""

import logging
import time
from collections.abc import Callable, Mapping
from typing import Literal

from twin_tui.errors import ConfigError
from twin_tui.protocols.modbus.bank import Bank
from twin_tui.protocols.modbus.pdu import READ_TABLES, ModbusCode, exception_pdu, respond

log = logging.getLogger(__name__)

MissingUnit = Literal["exception", "silent"]
CachedRead = tuple[Bank, bytearray, int, int, bytes]
MAX_CACHED_READS = 64
BROADCAST = 0


class Station:
    """The units of one port or line; links ask it for answers.

    ``reads`` remembers, per unit and request PDU, where the answer to a register read lies in memory, so
    that the hundredth poll of a block costs one dictionary look-up instead of all the checks again.
    """

    def __init__(
        self,
        units: Mapping[int, Bank],
        *,
        missing_unit: MissingUnit = "exception",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.units: dict[int, Bank] = {}
        self.reads: dict[bytes, CachedRead] = {}
        self.missing_unit = missing_unit
        self.clock = clock
        for unit, bank in units.items():
            self.add_unit(unit, bank)

    def add_unit(self, unit: int, bank: Bank) -> None:
        """Serve one more unit, or another bank under a known number."""
        if not 0 <= unit <= 0xFF:
            raise ConfigError(f"unit {unit}: expected a number from 0 to 255")
        self.units[unit] = bank
        self.reads.clear()

    def remove_unit(self, unit: int) -> None:
        """Stop serving a unit; requests to it are then answered as to any missing unit."""
        if self.units.pop(unit, None) is None:
            known = ", ".join(map(str, sorted(self.units))) or "none"
            raise ConfigError(f"unit {unit} is not served; known: {known}")
        self.reads.clear()

    def bank(self, unit: int) -> Bank | None:
        """Return the bank that answers for a unit number on TCP, where 0 means the only device there is."""
        found = self.units.get(unit)
        if found is None and unit == BROADCAST and len(self.units) == 1:
            return next(iter(self.units.values()))
        return found

    def respond(self, unit: int, pdu: bytes, client: str) -> bytes | None:
        """Answer a request on TCP; None means silence."""
        bank = self.bank(unit)
        if bank is None:
            if self.missing_unit == "silent":
                return None
            return exception_pdu(pdu[0], ModbusCode.GATEWAY_TARGET_FAILED)
        answer = respond(bank, pdu, unit, client)
        if answer[0] in {3, 4}:
            self._remember(bank, unit, pdu)
        return answer

    def _remember(self, bank: Bank, unit: int, pdu: bytes) -> None:
        address, count = int.from_bytes(pdu[1:3], "big"), int.from_bytes(pdu[3:5], "big")
        found = bank.readable(READ_TABLES[pdu[0]], address, count)
        if found is None:
            return
        if len(self.reads) >= MAX_CACHED_READS:
            self.reads.clear()
        head = bytes((0, 0, 0, 3 + 2 * count, unit, pdu[0], 2 * count))
        self.reads[bytes((unit,)) + pdu] = (bank, *found, head)

    def broadcast(self, pdu: bytes, client: str) -> None:
        """Let every unit execute a request without an answer."""
        for unit, bank in list(self.units.items()):
            respond(bank, pdu, unit, client)


class BusyStation(Station):
    """A station that is taken: whatever is asked, it is busy."""

    def __init__(self) -> None:
        super().__init__({})

    def respond(self, unit: int, pdu: bytes, client: str) -> bytes | None:
        """Answer with exception 06."""
        return exception_pdu(pdu[0], ModbusCode.SERVER_DEVICE_BUSY)
