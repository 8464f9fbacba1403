"""Link faults: rules that disturb a link, and their effect on a request."""

import dataclasses
import enum
import logging
import random
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from twin_tui.engine.events import LinkFault
from twin_tui.errors import CommandError, did_you_mean
from twin_tui.protocols.modbus.memory import BYTES_PER_ADDRESS, Table, UnitMemory
from twin_tui.protocols.modbus.pdu import READ_TABLES, pack_bits, unpack_bits

log = logging.getLogger(__name__)

MAX_HISTORY_KEYS = 64
RESPONSES_PER_AGE = 32


class LinkFaultKind(enum.Enum):
    """The kinds of link faults."""

    EXCEPTION = "exception"
    SILENCE = "silence"
    DELAY = "delay"
    DISCONNECT = "disconnect"
    REFUSE_CONNECTION = "refuse_connection"
    WRONG_TRANSACTION_ID = "wrong_transaction_id"
    WRONG_UNIT = "wrong_unit"
    WRONG_FUNCTION = "wrong_function"
    TRUNCATED = "truncated"
    EXTRA_BYTES = "extra_bytes"
    SLOW_BYTES = "slow_bytes"
    BAD_CRC = "bad_crc"
    FROZEN = "frozen"
    STALE = "stale"
    NOT_AVAILABLE = "not_available"
    SWAPPED_WORDS = "swapped_words"


MEANINGS: Mapping[LinkFaultKind, str] = {
    LinkFaultKind.EXCEPTION: "answers with exception `code`; the request has no effect",
    LinkFaultKind.SILENCE: "does not answer",
    LinkFaultKind.DELAY: "answers `delay_s` later, and up to `jitter_s` more",
    LinkFaultKind.DISCONNECT: "closes the connection instead of answering (TCP)",
    LinkFaultKind.REFUSE_CONNECTION: "turns new clients away (TCP)",
    LinkFaultKind.WRONG_TRANSACTION_ID: "answers under another transaction id (TCP)",
    LinkFaultKind.WRONG_UNIT: "answers as another unit",
    LinkFaultKind.WRONG_FUNCTION: "answers with another function code",
    LinkFaultKind.TRUNCATED: "leaves the last `bytes` out",
    LinkFaultKind.EXTRA_BYTES: "sends `bytes` random ones more",
    LinkFaultKind.SLOW_BYTES: "sends byte by byte, `gap_s` apart",
    LinkFaultKind.BAD_CRC: "spoils the checksum (RTU)",
    LinkFaultKind.FROZEN: "reads give the values of the moment the fault began",
    LinkFaultKind.STALE: "reads give values `age_s` old",
    LinkFaultKind.NOT_AVAILABLE: "reads give the map's not-available values",
    LinkFaultKind.SWAPPED_WORDS: "reads give registers swapped in pairs",
}
"""What the device does under each kind of fault."""
_OF_CONNECTIONS = frozenset({LinkFaultKind.DISCONNECT, LinkFaultKind.REFUSE_CONNECTION})
_DATA_KINDS = frozenset(
    {LinkFaultKind.FROZEN, LinkFaultKind.STALE, LinkFaultKind.NOT_AVAILABLE, LinkFaultKind.SWAPPED_WORDS}
)


@dataclass(slots=True)
class LinkRule:
    """One fault and the requests that it affects.

    A filter that is None matches everything; ``addresses`` are first and last, inclusive. ``count`` is how
    often the rule acts. With ``executes`` a request whose response is lost still takes effect.
    """

    kind: LinkFaultKind
    unit: int | None = None
    functions: frozenset[int] | None = None
    addresses: tuple[int, int] | None = None
    count: int | None = None
    probability: float = 1.0
    code: int = 4
    delay_s: float = 1.0
    jitter_s: float = 0.0
    bytes: int = 1
    gap_s: float = 0.05
    age_s: float = 10.0
    executes: bool = False

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> "LinkRule":
        """Build a rule from the plain data of site files, scenarios and events."""
        known = [f.name for f in dataclasses.fields(cls)]
        values: dict[str, Any] = {}
        for key, value in data.items():
            if key not in known:
                raise CommandError(f"link fault: unknown key {key!r}{did_you_mean(key, known)}")
            values[key] = _PARSERS[key](key, value) if value is not None else None
        if values.get("kind") is None:
            raise CommandError(
                f"link fault: missing kind; known: {', '.join(k.value for k in LinkFaultKind)}"
            )
        defaults = {f.name: f.default for f in dataclasses.fields(cls)}
        for key, value in values.items():
            if value is None and defaults[key] is not None:
                raise CommandError(f"link fault: {key} has no value")
        return cls(**values)


@dataclass(frozen=True, slots=True)
class LinkOption:
    """One key of a link fault besides its kind."""

    meaning: str
    low: int = 0
    high: int = 0
    """At most, 0 for what is no number."""
    unit: str = ""
    kinds: tuple[LinkFaultKind, ...] = ()
    """The kinds that it belongs to, empty for all."""

    @property
    def text(self) -> str:
        """Return the meaning with the kinds that it belongs to."""
        of = " and ".join(kind.value for kind in self.kinds)
        return f"{self.meaning}, of {of}" if of else self.meaning


_MOST_S = 3600
OPTIONS: Mapping[str, LinkOption] = {
    "functions": LinkOption("only these function codes, such as 3,4"),
    "addresses": LinkOption(
        "only requests that touch this address, or one from first to last, such as 40..60"
    ),
    "count": LinkOption("how often it acts before it is spent", 1, 1_000_000_000),
    "probability": LinkOption("how often a request that it meets is hit; by the site's seed", 0, 1, "1"),
    "code": LinkOption("exception code", 1, 255, kinds=(LinkFaultKind.EXCEPTION,)),
    "delay_s": LinkOption("delay", 0, _MOST_S, "s", (LinkFaultKind.DELAY,)),
    "jitter_s": LinkOption("random part of the delay", 0, _MOST_S, "s", (LinkFaultKind.DELAY,)),
    "bytes": LinkOption("how many bytes", 1, 255, kinds=(LinkFaultKind.TRUNCATED, LinkFaultKind.EXTRA_BYTES)),
    "gap_s": LinkOption("time between bytes", 0, 60, "s", (LinkFaultKind.SLOW_BYTES,)),
    "age_s": LinkOption("age of the values", 0, 86_400, "s", (LinkFaultKind.STALE,)),
    "executes": LinkOption(
        "whether a request that gets no answer takes effect",
        kinds=(LinkFaultKind.SILENCE, LinkFaultKind.DISCONNECT),
    ),
    "label": LinkOption("a name under which `clear link` ends it"),
}
"""The options of a link fault besides its kind; the unit follows from the device."""


def kinds_on(*, connections: bool, crc: bool) -> dict[str, str]:
    """Return the kinds of faults that a wire can have, each with its meaning."""
    none = {LinkFaultKind.WRONG_TRANSACTION_ID} if crc else {LinkFaultKind.BAD_CRC}
    none |= set() if connections else _OF_CONNECTIONS
    return {kind.value: meaning for kind, meaning in MEANINGS.items() if kind not in none}


def check_link_fault(event: LinkFault, linked: Mapping[str, Collection[str]]) -> None:
    """Raise CommandError for an invalid rule, and for a device whose Modbus links do not have that fault.

    ``linked`` has the kinds of faults that the links of each device support.
    """
    rule = LinkRule.parse(event.rule)
    if event.device not in linked:
        known = ", ".join(sorted(linked)) or "none"
        raise CommandError(f"link fault: {event.device} has no Modbus link; devices with one: {known}")
    kind = rule.kind.value
    if kind not in linked[event.device]:
        possible = ", ".join(linked[event.device])
        raise CommandError(
            f"link fault: {kind} is not possible on the links of {event.device}; possible: {possible}"
        )


def _parse_kind(_key: str, value: Any) -> LinkFaultKind:
    kinds = [kind.value for kind in LinkFaultKind]
    if value not in kinds:
        raise CommandError(f"link fault: unknown kind {value!r}{did_you_mean(str(value), kinds)}")
    return LinkFaultKind(value)


def _integer(low: int, high: int) -> Callable[[str, Any], int]:
    def parse(key: str, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise CommandError(f"link fault: {key} {value!r}: expected a whole number from {low} to {high}")
        return value

    return parse


def _number(high: float) -> Callable[[str, Any], float]:
    def parse(key: str, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= high:
            raise CommandError(f"link fault: {key} {value!r}: expected a number from 0 to {high:g}")
        return float(value)

    return parse


def _parse_functions(key: str, value: Any) -> frozenset[int]:
    items = value if isinstance(value, list | tuple | set | frozenset) else [value]
    return frozenset(_integer(1, 127)(key, item) for item in items)


def _parse_addresses(key: str, value: Any) -> tuple[int, int]:
    address = _integer(0, 65_535)
    items = value if isinstance(value, list | tuple) else [value, value]
    if len(items) != 2:
        raise CommandError(f"link fault: {key} {value!r}: expected one address, or first and last address")
    first, last = address(key, items[0]), address(key, items[1])
    if last < first:
        raise CommandError(f"link fault: {key} {value!r}: expected the first address before the last")
    return first, last


def _parse_flag(key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise CommandError(f"link fault: {key} {value!r}: expected true or false")
    return value


_PARSERS: dict[str, Callable[[str, Any], Any]] = {
    "kind": _parse_kind,
    "unit": _integer(0, 255),
    "functions": _parse_functions,
    "addresses": _parse_addresses,
    "executes": _parse_flag,
    **{key: _integer(OPTIONS[key].low, OPTIONS[key].high) for key in ("count", "code", "bytes")},
    **{key: _number(OPTIONS[key].high) for key in ("probability", "delay_s", "jitter_s", "gap_s", "age_s")},
}


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
        hits = [
            active
            for active in self._active.values()
            if active.rule.kind is LinkFaultKind.REFUSE_CONNECTION and self._acts(active)
        ]
        return bool(hits)

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
    if rule.kind in _DATA_KINDS and function not in {1, 2, 3, 4, 23}:
        return False
    if rule.addresses is None:
        return True
    first, last = rule.addresses
    return any(low <= last and high >= first for low, high in blocks)
