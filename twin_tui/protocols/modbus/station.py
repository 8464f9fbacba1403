"""The units of a port or serial line: requests are dispatched by unit number."""

import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial

from twin_tui.errors import ConfigError
from twin_tui.protocols.modbus.diagnostics import DIAGNOSTICS, Counters, diagnose
from twin_tui.protocols.modbus.endpoints import Framing, MissingUnit
from twin_tui.protocols.modbus.fault_rules import LinkRule
from twin_tui.protocols.modbus.faults import LinkFaults
from twin_tui.protocols.modbus.identity import encoded
from twin_tui.protocols.modbus.memory import Table, UnitMemory
from twin_tui.protocols.modbus.pdu import READ_TABLES, WRITE_FUNCTIONS, ModbusCode, exception_pdu, respond
from twin_tui.protocols.modbus.traffic import RawFrame, Ring

CachedRead = tuple[UnitMemory, bytearray, int, int, bytes]
RngFactory = Callable[[], random.Random]
"""Makes the random generator for link faults; few links ever need one."""
SEEDED_0: RngFactory = partial(random.Random, 0)
MAX_CACHED_READS = 64
MAX_COUNTED_READS = 4096
BROADCAST = 0
ONLY_UNIT = frozenset({BROADCAST, 0xFF})
"""Unit numbers that mean the only unit of a TCP port: Messaging on TCP/IP Implementation Guide 4.4.2."""


class Station:
    """The units of one port or line; links get their responses from it.

    ``reads`` caches, by the bytes after the transaction id, where the data of a register read is in memory:
    repeated polls of a block cost one dictionary look-up instead of all checks. It stays empty while a fault,
    a capture or a count needs each frame.
    """

    def __init__(
        self,
        units: Mapping[int, UnitMemory],
        *,
        identities: Mapping[int, Mapping[int, str]] | None = None,
        missing_unit: MissingUnit = "exception",
        any_unit: bool = False,
        framing: Framing = "mbap",
        clock: Callable[[], float] = time.monotonic,
        make_rng: RngFactory = SEEDED_0,
    ) -> None:
        for unit in units:
            if not 0 <= unit <= 0xFF:
                raise ConfigError(f"unit {unit}: expected a number from 0 to 255")
        self.units: dict[int, UnitMemory] = dict(units)
        self._identities = {unit: encoded(texts) for unit, texts in (identities or {}).items()}
        self.reads: dict[bytes, CachedRead] = {}
        self.missing_unit = missing_unit
        self.any_unit = any_unit
        """Whether the only unit answers to every unit number, as devices do that ignore it."""
        self.counters = Counters()
        self.framing = framing
        self.clock = clock
        self.faults: LinkFaults | None = None
        self.ring: Ring | None = None
        self.counted: Counter[tuple[int, bytes]] | None = None
        """How often each read (its first five bytes) was requested of each unit; None while not counting."""
        self.past_requests = 0
        self._make_rng = make_rng
        self._rng: random.Random | None = None

    def add_fault(self, rule_id: str, rule: LinkRule) -> None:
        """Apply a link fault until it is removed."""
        if self.faults is None:
            self._rng = self._rng or self._make_rng()
            self.faults = LinkFaults(self._rng, self.clock)
        self.faults.add(rule_id, rule, self.units)
        self.reads.clear()

    def remove_fault(self, rule_id: str) -> None:
        """End a link fault; unknown ids are ignored."""
        if self.faults is not None:
            self.faults.remove(rule_id)
            if not len(self.faults):
                self.faults = None

    def start_capture(self, *, keep: Callable[[RawFrame], None] | None = None) -> Ring:
        """Keep the last frames from now on, and give each to ``keep``; a running capture continues."""
        if self.ring is None:
            self.ring = Ring(self.framing, self.clock, keep=keep)
            self.reads.clear()
        return self.ring

    def start_counting(self) -> None:
        """Count reads from now on; a running count continues."""
        if self.counted is None:
            self.counted = Counter()
            self.reads.clear()

    def stop_counting(self) -> None:
        """Stop counting and discard the counts."""
        self.counted = None

    def count(self, unit: int, pdu: bytes) -> None:
        """Count one read if counting; other requests and reads beyond the limit are ignored."""
        if self.counted is not None and pdu[0] in READ_TABLES:
            key = (self.number(unit), bytes(pdu[:5]))
            if key in self.counted or len(self.counted) < MAX_COUNTED_READS:
                self.counted[key] += 1

    def read_counts(self, unit: int, table: Table, address: int, count: int) -> int | None:
        """Return how often registers of a unit were read since counting began; None if not counting."""
        if self.counted is None:
            return None
        total = 0
        for (number, pdu), times in self.counted.items():
            first, amount = int.from_bytes(pdu[1:3], "big"), int.from_bytes(pdu[3:5], "big")
            if number == unit and READ_TABLES[pdu[0]] is table and first < address + count:
                total += times if first + amount > address else 0
        return total

    def stop_capture(self) -> None:
        """Stop keeping frames."""
        self.ring = None

    def number(self, unit: int) -> int:
        """Return the number of the unit that answers requests to ``unit``."""
        if unit in self.units or len(self.units) != 1:
            return unit
        only = self.framing == "mbap" and (unit in ONLY_UNIT or self.any_unit)
        return next(iter(self.units)) if only or unit == BROADCAST else unit

    def respond(self, unit: int, pdu: bytes, client: str) -> bytes | None:
        """Answer a request on TCP, where units 0 and 255 mean the only unit; None means no response."""
        number = self.number(unit)
        memory = self.units.get(number)
        if memory is None:
            if self.missing_unit == "silent":
                return None
            return exception_pdu(pdu[0], ModbusCode.GATEWAY_TARGET_FAILED)
        answer = self._answer(memory, number, pdu, client)
        if answer[0] in {3, 4} and self.faults is None and self.ring is None and self.counted is None:
            self._remember(memory, unit, pdu)
        return answer

    def respond_on_line(self, unit: int, pdu: bytes, client: str) -> bytes | None:
        """Answer a request in RTU framing; broadcasts and requests to other units get no response."""
        if unit == BROADCAST:
            if pdu[0] in WRITE_FUNCTIONS:
                for each in list(self.units.values()):
                    respond(each, pdu, client)
            return None
        memory = self.units.get(unit)
        return None if memory is None else self._answer(memory, unit, pdu, client)

    def _answer(self, memory: UnitMemory, number: int, pdu: bytes, client: str) -> bytes:
        supported = memory.limits.diagnostics
        if pdu[0] == DIAGNOSTICS and supported:
            units = [
                unit
                for unit in range(256)
                if self.number(unit) == number or (unit == BROADCAST and self.framing == "rtu")
            ]
            return diagnose(pdu, supported, self.counters, units)
        return respond(memory, pdu, client, self._identities.get(number))

    def _remember(self, memory: UnitMemory, unit: int, pdu: bytes) -> None:
        address, count = int.from_bytes(pdu[1:3], "big"), int.from_bytes(pdu[3:5], "big")
        found = memory.readable(READ_TABLES[pdu[0]], address, count)
        if found is None:
            return
        if len(self.reads) >= MAX_CACHED_READS:
            self.reads.clear()
        head = bytes((0, 0, 0, 3 + 2 * count, unit, pdu[0], 2 * count))
        self.reads[bytes((0, 0, 0, 6, unit)) + pdu] = (memory, *found, head)
