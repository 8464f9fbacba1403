"""The rules of link faults: their kinds and options, and what a link can have."""

import dataclasses
import enum
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from twin_tui.engine.events import LinkFault
from twin_tui.errors import CommandError, did_you_mean


class LinkFaultKind(enum.Enum):
    """The kinds of link faults, with what the device does under each."""

    meaning: str

    def __new__(cls, word: str, meaning: str) -> "LinkFaultKind":
        """Keep the meaning beside the word."""
        kind = object.__new__(cls)
        kind._value_ = word
        kind.meaning = meaning
        return kind

    EXCEPTION = "exception", "answers with exception `code`; the request has no effect"
    SILENCE = "silence", "does not answer"
    DELAY = "delay", "answers `delay_s` later, and up to `jitter_s` more"
    DISCONNECT = "disconnect", "closes the connection instead of answering (TCP)"
    REFUSE_CONNECTION = "refuse_connection", "turns new clients away (TCP)"
    WRONG_TRANSACTION_ID = "wrong_transaction_id", "answers under another transaction id (TCP)"
    WRONG_UNIT = "wrong_unit", "answers as another unit"
    WRONG_FUNCTION = "wrong_function", "answers with another function code"
    TRUNCATED = "truncated", "leaves the last `bytes` out"
    EXTRA_BYTES = "extra_bytes", "sends `bytes` random ones more"
    SLOW_BYTES = "slow_bytes", "sends byte by byte, `gap_s` apart"
    BAD_CRC = "bad_crc", "spoils the checksum (RTU)"
    FROZEN = "frozen", "reads give the values of the moment the fault began"
    STALE = "stale", "reads give values `age_s` old"
    NOT_AVAILABLE = "not_available", "reads give the map's not-available values"
    SWAPPED_WORDS = "swapped_words", "reads give registers swapped in pairs"


_OF_CONNECTIONS = frozenset({LinkFaultKind.DISCONNECT, LinkFaultKind.REFUSE_CONNECTION})
DATA_KINDS = frozenset(
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
        defaults = {field.name: field.default for field in dataclasses.fields(cls)}
        values: dict[str, Any] = {}
        for key, value in data.items():
            if key not in defaults:
                raise CommandError(f"link fault: unknown key {key!r}{did_you_mean(key, defaults)}")
            values[key] = _PARSERS[key](key, value) if value is not None else None
        if values.get("kind") is None:
            raise CommandError(
                f"link fault: missing kind; known: {', '.join(k.value for k in LinkFaultKind)}"
            )
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
    return {kind.value: kind.meaning for kind in LinkFaultKind if kind not in none}


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
    kinds = {kind.value: kind for kind in LinkFaultKind}
    if not isinstance(value, str) or value not in kinds:
        raise CommandError(f"link fault: unknown kind {value!r}{did_you_mean(str(value), kinds)}")
    return kinds[value]


def _number(low: int, high: int, *, whole: bool = True) -> Callable[[str, Any], Any]:
    kinds, what = (int, "a whole number") if whole else (int | float, "a number")

    def parse(key: str, value: Any) -> int | float:
        if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
            raise CommandError(f"link fault: {key} {value!r}: expected {what} from {low} to {high}")
        return value if whole else float(value)

    return parse


def _parse_functions(key: str, value: Any) -> frozenset[int]:
    items = value if isinstance(value, list | tuple | set | frozenset) else [value]
    return frozenset(_number(1, 127)(key, item) for item in items)


def _parse_addresses(key: str, value: Any) -> tuple[int, int]:
    address = _number(0, 65_535)
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
    "unit": _number(0, 255),
    "functions": _parse_functions,
    "addresses": _parse_addresses,
    "executes": _parse_flag,
    **{key: _number(OPTIONS[key].low, OPTIONS[key].high) for key in ("count", "code", "bytes")},
    **{
        key: _number(0, OPTIONS[key].high, whole=False)
        for key in ("probability", "delay_s", "jitter_s", "gap_s", "age_s")
    },
}
