"""Link faults at work: the effect of the active rules on a request."""

import logging
import random
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from twin_tui.protocols.modbus.fault_rules import DATA_KINDS, LinkFaultKind, LinkRule
from twin_tui.protocols.modbus.memory import BYTES_PER_ADDRESS, Table, UnitMemory
from twin_tui.protocols.modbus.pdu import READ_TABLES, pack_bits, unpack_bits

log = logging.getLogger(__name__)

MAX_HISTORY_KEYS = 64
RESPONSES_PER_AGE = 32


@dataclass(slots=True)
class Effect:
    """The combined effect of all matching rules on one request."""

    code: int = 0
    silent: bool = False
    executes: bool = True
    disconnect: bool = False
    delay_s: float = 0.0
    gap_s: float = 0.0
    transaction: bool = False
    unit: bool = False
    function: bool = False
    truncate: int = 0
    extra: int = 0
    bad_crc: bool = False
    data: list["_Active"] = field(default_factory=list)


@dataclass(slots=True)
class _Active:
    rule: LinkRule
    left: int | None
    frozen: dict[UnitMemory, dict[Table, list[tuple[int, bytes]]]] = field(default_factory=dict)
    history: dict[tuple[int, bytes], deque[tuple[float, bytes]]] = field(default_factory=dict)


class LinkFaults:
    """The rules that are active on one port or line."""

    def __init__(self, rng: random.Random, clock: Callable[[], float]) -> None:
        self._rng = rng
        self._clock = clock
        self._active: dict[str, _Active] = {}

    def __len__(self) -> int:
        return len(self._active)

    @property
    def rules(self) -> dict[str, LinkRule]:
        """The active rules by id."""
        return {key: active.rule for key, active in self._active.items()}

    def add(self, rule_id: str, rule: LinkRule, units: Mapping[int, UnitMemory]) -> None:
        """Activate a rule; frozen values are the current ones."""
        active = _Active(rule, rule.count)
        if rule.kind is LinkFaultKind.FROZEN:
            for unit, memory in units.items():
                if rule.unit in {None, unit}:
                    try:
                        memory.refresh()
                    except Exception:
                        log.exception("unit %d: refresh failed; its last values are frozen", unit)
                    active.frozen[memory] = memory.snapshot()
        self._active[rule_id] = active

    def remove(self, rule_id: str) -> None:
        """End a rule; unknown ids are ignored."""
        self._active.pop(rule_id, None)

    def refuses_connection(self) -> bool:
        """Return whether a client that connects now is refused."""
        refusing = [a for a in self._active.values() if a.rule.kind is LinkFaultKind.REFUSE_CONNECTION]
        hits = [self._acts(active) for active in refusing]  # each of them counts it
        return any(hits)

    def effect_on(self, unit: int, pdu: bytes) -> Effect | None:
        """Return the effect on a request, or None when no rule matches it."""
        effect: Effect | None = None
        blocks = _blocks(pdu)
        for active in self._active.values():
            rule = active.rule
            if rule.kind is LinkFaultKind.REFUSE_CONNECTION or not _matches(rule, unit, pdu[0], blocks):
                continue
            if self._acts(active):
                effect = effect or Effect()
                self._merge(effect, active)
        return effect

    def alter(
        self, effect: Effect, memory: UnitMemory | None, unit: int, request: bytes, answer: bytes
    ) -> bytes:
        """Return the response with its values frozen, stale, not available or swapped."""
        place = _read_place(request)
        if not effect.data or memory is None or place is None or answer[0] & 0x80:
            return answer
        table, address, count = place
        bits = BYTES_PER_ADDRESS[table] == 1
        data = unpack_bits(answer[2:], count) if bits else answer[2:]
        for active in effect.data:
            data = self._altered(active, memory, (unit, request), (table, address, count), data)
        return answer[:2] + (pack_bits(data) if bits else data)

    def noise(self, count: int) -> bytes:
        """Return random bytes."""
        return self._rng.randbytes(count)

    def _acts(self, active: _Active) -> bool:
        rule = active.rule
        if active.left == 0 or (rule.probability < 1.0 and self._rng.random() >= rule.probability):
            return False
        if active.left is not None:
            active.left -= 1
        return True

    def _merge(self, effect: Effect, active: _Active) -> None:
        rule = active.rule
        match rule.kind:
            case LinkFaultKind.EXCEPTION:
                effect.code, effect.executes = rule.code, False
            case LinkFaultKind.SILENCE:
                effect.silent, effect.executes = True, effect.executes and rule.executes
            case LinkFaultKind.DISCONNECT:
                effect.disconnect, effect.executes = True, effect.executes and rule.executes
            case LinkFaultKind.DELAY:
                effect.delay_s += rule.delay_s + self._rng.random() * rule.jitter_s
            case LinkFaultKind.SLOW_BYTES:
                effect.gap_s = max(effect.gap_s, rule.gap_s)
            case LinkFaultKind.WRONG_TRANSACTION_ID:
                effect.transaction = True
            case LinkFaultKind.WRONG_UNIT:
                effect.unit = True
            case LinkFaultKind.WRONG_FUNCTION:
                effect.function = True
            case LinkFaultKind.TRUNCATED:
                effect.truncate = max(effect.truncate, rule.bytes)
            case LinkFaultKind.EXTRA_BYTES:
                effect.extra += rule.bytes
            case LinkFaultKind.BAD_CRC:
                effect.bad_crc = True
            case _:
                effect.data.append(active)

    def _altered(
        self,
        active: _Active,
        memory: UnitMemory,
        key: tuple[int, bytes],
        place: tuple[Table, int, int],
        data: bytes,
    ) -> bytes:
        rule = active.rule
        table, address, count = place
        first, last = rule.addresses or (address, address + count - 1)
        low, high = max(first, address), min(last + 1, address + count)
        if low >= high:
            return data
        size = BYTES_PER_ADDRESS[table]
        part = slice((low - address) * size, (high - address) * size)
        if rule.kind is LinkFaultKind.FROZEN:
            changed = _frozen(active.frozen[memory][table], low, high, size)
        elif rule.kind is LinkFaultKind.STALE:
            changed = self._stale(active, key, data)[part]
        elif rule.kind is LinkFaultKind.NOT_AVAILABLE:
            changed = memory.not_available(table, low, high - low)
        else:
            changed = data[part] if size == 1 else _swapped(data[part])
        return data[: part.start] + changed + data[part.stop :]

    def _stale(self, active: _Active, key: tuple[int, bytes], data: bytes) -> bytes:
        now, age_s = self._clock(), active.rule.age_s
        history = active.history.get(key)
        if history is None:
            if len(active.history) >= MAX_HISTORY_KEYS:
                active.history.pop(next(iter(active.history)))
            history = active.history[key] = deque()
        if not history or now - history[-1][0] >= age_s / RESPONSES_PER_AGE:
            history.append((now, data))
        while len(history) > 1 and history[1][0] <= now - age_s:
            history.popleft()
        return history[0][1]


def _swapped(words: bytes) -> bytes:
    """Swap registers pairwise; an odd last one stays."""
    pairs = [words[i + 2 : i + 4] + words[i : i + 2] for i in range(0, len(words) - 3, 4)]
    return b"".join(pairs) + words[4 * len(pairs) :]


def _frozen(ranges: list[tuple[int, bytes]], low: int, high: int, size: int) -> bytes:
    """Return the bytes of a block; one that a client can read is within one range."""
    start, memory = max(each for each in ranges if each[0] <= low)
    return memory[(low - start) * size : (high - start) * size]


def _read_place(pdu: bytes) -> tuple[Table, int, int] | None:
    if pdu[0] == 23:
        table = Table.HOLDING_REGISTERS
    elif pdu[0] in READ_TABLES:
        table = READ_TABLES[pdu[0]]
    else:
        return None
    return table, int.from_bytes(pdu[1:3], "big"), int.from_bytes(pdu[3:5], "big")


def _blocks(pdu: bytes) -> list[tuple[int, int]]:
    """Return first and last address of each block in a request."""
    function = pdu[0]
    if function in {5, 6, 22} and len(pdu) >= 3:
        address = int.from_bytes(pdu[1:3], "big")
        return [(address, address)]
    starts: Iterable[int] = ()
    if function in {1, 2, 3, 4, 15, 16} and len(pdu) >= 5:
        starts = (1,)
    elif function == 23 and len(pdu) >= 9:
        starts = (1, 5)
    blocks = []
    for at in starts:
        address = int.from_bytes(pdu[at : at + 2], "big")
        blocks.append((address, address + max(1, int.from_bytes(pdu[at + 2 : at + 4], "big")) - 1))
    return blocks


def _matches(rule: LinkRule, unit: int, function: int, blocks: list[tuple[int, int]]) -> bool:
    if rule.unit not in {None, unit}:
        return False
    if rule.functions is not None and function not in rule.functions:
        return False
    if rule.kind in DATA_KINDS and function not in {1, 2, 3, 4, 23}:
        return False
    if rule.addresses is None:
        return True
    first, last = rule.addresses
    return any(low <= last and high >= first for low, high in blocks)
