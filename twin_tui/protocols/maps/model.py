"""A checked and resolved register map: registers, their layout and their signals."""

import math
import struct
from collections.abc import Mapping
from dataclasses import field
from fractions import Fraction
from typing import Any

from twin_tui.documents.loader import NamedPlace
from twin_tui.engine.signals import Signal, value
from twin_tui.protocols.maps.wire import Encoding, Layout, Raw
from twin_tui.protocols.modbus.memory import Gap, Limits, Table

OWN = ""
"""The role of the endpoint's own device."""


class InvalidValue(Exception):
    """Raised for an invalid written value; the text gives the reason."""


@value
class Condition:
    """A condition on a signal: above, below or equal to a number."""

    role: str
    signal: str
    above: float | None = None
    below: float | None = None
    equals: float | None = None

    def holds(self, value: Any) -> bool:
        """Return whether the signal's present value meets the condition."""
        return (
            (self.above is None or value > self.above)
            and (self.below is None or value < self.below)
            and (self.equals is None or value == self.equals)
        )


@value
class Reference:
    """A command value taken from another register: raw · quantum + shift, in SI."""

    register: str
    quantum: Fraction
    shift: Fraction
    of: str = ""
    """A measured signal or a parameter; the number is a fraction of it."""
    of_param: bool = False


@value
class RuleCase:
    """Commands for certain raw values of registers."""

    when: Mapping[str, frozenset[int]]
    values: Mapping[str, float | Reference]
    mode: str = ""
    lasts: float | Reference | None = None
    """The seconds after which ``then`` is written."""
    until: tuple[str, Reference] | None = None
    """A signal and the number at which ``then`` is written."""
    then: Mapping[str, int] = field(default_factory=dict)
    """Stored registers and their raw values."""


@value
class Rule:
    """Commands derived from several registers; the first matching case applies."""

    role: str
    cases: tuple[RuleCase, ...]
    registers: frozenset[str]
    """The names of all registers whose writes trigger the rule."""


@value
class Watchdog:
    """Fallback commands for a time without writes."""

    seconds: float
    fallback: Mapping[str, float]
    role: str = OWN


@value
class Register:
    """One entry of a map.

    ``quantum`` and ``shift`` give the SI value: raw · quantum + shift. A stored register only stores what is
    written, for rules.
    """

    name: str
    table: Table
    address: int
    layout: Layout
    readable: bool
    writable: bool
    place: NamedPlace
    """File and line, for messages."""
    signal: Signal | None = None
    role: str = OWN
    quantum: Fraction = Fraction(1)
    shift: Fraction = Fraction(0)
    scale: Fraction = Fraction(1)
    offset: Fraction = Fraction(0)
    unit: str = ""
    magnitude: bool = False
    options: Mapping[int, str] | None = None
    special: Mapping[int, float] = field(default_factory=dict)
    """Raw values with a special meaning, in SI: 255 for "100 %"."""
    codes: Mapping[int, int] | None = None
    """Raw code → value of the signal; of several codes for a value the first is served."""
    bits: Mapping[int, Condition] | None = None
    states: Mapping[int, Condition] | None = None
    """Raw code → condition; the first code whose condition is met is served."""
    parts: tuple[tuple[str, str], ...] = ()
    """Further (role, signal) added to the signal."""
    mean: bool = False
    """Whether the sum is divided by the number of parts."""
    less: tuple[tuple[str, str], ...] = ()
    """(Role, signal) subtracted from it, to no less than 0."""
    beside: str = ""
    """A signal of the same devices at right angles to it."""
    per: tuple[str, bool] | None = None
    """What it is divided by, and whether that is a parameter and no signal."""
    since: str = ""
    peak: str = ""
    clock: str = ""
    ceiling: str = ""
    """A parameter above which no number is served."""
    by: str = ""
    sizes: tuple[tuple[int, Raw], ...] = ()
    """(Parameter, constant), from small to large."""
    stored: bool = False
    constant: Raw | None = None
    param: str = ""
    per_param: str = ""
    not_available: bytes | None = None
    minimum: Fraction | None = None
    """The minimum of writes, in the map's unit."""
    maximum: Fraction | None = None
    clamp: bool = False
    modulo: int = 0
    quotient: int = 0
    description: str = ""
    factor: int | float = field(init=False)
    """Converts the SI value to the raw number; a whole factor keeps large integers exact."""
    lowest: float = field(init=False)
    """The lowest raw number that is served; the not-available pattern is never a value."""
    highest: float = field(init=False)

    def __post_init__(self) -> None:
        inverse = 1 / self.quantum
        whole = inverse.denominator == 1
        low, high, nothing = self.layout.low, self.layout.high, self._unavailable()
        object.__setattr__(self, "factor", inverse.numerator if whole else float(inverse))
        object.__setattr__(self, "lowest", low + 1 if nothing == low else low)
        object.__setattr__(self, "highest", high - 1 if nothing == high else high)

    @property
    def count(self) -> int:
        """The number of addresses."""
        return self.layout.count

    @property
    def end(self) -> int:
        """The first address after this one."""
        return self.address + self.layout.count

    @property
    def linear(self) -> bool:
        """Return whether the raw number is just the signal's value times a factor."""
        return self.scaled and not self.composed

    @property
    def scaled(self) -> bool:
        """Return whether the raw number is a value times a factor, wherever the value comes from."""
        return (
            self.signal is not None
            and self.layout.type.encoding in {Encoding.INTEGER, Encoding.FLOAT, Encoding.BIT}
            and self.signal.type is not str
            and not (self.shift or self.magnitude or self.layout.bytes_little)
            and self.codes is None
            and not self.ceiling
            and not (self.modulo or self.quotient)
        )

    @property
    def bit_field(self) -> bool:
        """Return whether each bit has a meaning."""
        return self.bits is not None or self.layout.type.name.startswith("bitfield")

    @property
    def _lists_codes(self) -> bool:
        return (
            self.options is not None and self.layout.type.encoding is Encoding.INTEGER and not self.bit_field
        )

    @property
    def composed(self) -> bool:
        """Return whether the value depends on several signals or on conditions."""
        derived = self.parts or self.less or self.beside or self.per or self.since or self.peak or self.clock
        return self.bits is not None or self.states is not None or bool(derived)

    def _unavailable(self) -> Raw | None:
        if self.not_available is None or self.layout.type.encoding is not Encoding.INTEGER:
            return None
        return self.layout.unpack(self.not_available)

    def nothing(self) -> bytes:
        """Return the bytes for a missing value: the not-available pattern, or zeros."""
        return self.not_available if self.not_available is not None else bytes(self.layout.size)

    def encode(self, value: Any) -> bytes:
        """Return the bytes of a signal's value, limited to the register's range.

        Halves are rounded to even. NaN and codes that are not listed read as not available.
        """
        encoding = self.layout.type.encoding
        if encoding is Encoding.TEXT:
            return self.layout.pack(str(value))
        if encoding is Encoding.BIT:
            return self.layout.pack(bool(value))
        if value is None or math.isnan(value):
            return self.nothing()
        if self.codes is not None:
            code = next((raw for raw, ours in self.codes.items() if ours == value), None)
            return self.nothing() if code is None else self.layout.pack(code)
        number = self._raw_number(value)
        if encoding is Encoding.FLOAT:
            return self.layout.pack(min(max(float(number), self.layout.low), self.layout.high))
        return self.layout.pack(self._whole(number))

    def most_in_place_of(self, found: float) -> float | None:
        """Return what a register with a whole number says in place of a larger value, None where it fits."""
        limited = self.codes is None and not self.modulo and not self.quotient and math.isfinite(found)
        plain = self.layout.type.encoding in (Encoding.INTEGER, Encoding.DIGITS)
        if not (plain and limited) or self._raw_number(found) < self.highest + 1:
            return None
        return float(self.highest * self.quantum + self.shift)

    def _whole(self, number: int | float) -> int:
        if math.isinf(number):
            return int(self.highest if number > 0 else self.lowest)
        whole = round(number)
        if self.quotient:
            whole //= self.quotient
        if self.modulo:
            whole %= self.modulo
        return int(min(max(whole, self.lowest), self.highest))

    def _raw_number(self, value: Any) -> int | float:
        if self.magnitude:
            value = abs(value)
        if self.factor == 1 and not self.shift:
            return value if isinstance(value, int) else float(value)
        if math.isinf(value):
            return math.inf if (value > 0) is (self.quantum > 0) else -math.inf
        if self.shift:
            return float((Fraction(value) - self.shift) / self.quantum)
        number: int | float = value * self.factor
        return number

    def decode(self, data: bytes) -> Any:
        """Return the signal's value of the bytes; None for the not-available pattern."""
        if data == self.not_available:
            return None
        raw = self.layout.unpack(data)
        if isinstance(raw, str):
            return raw
        if raw in self.special:
            return self.special[int(raw)]
        if self.codes is not None:
            return self.codes.get(int(raw), raw)
        return self._to_si(raw)

    def _to_si(self, raw: int | float) -> int | float:
        quantum = self.quantum
        if isinstance(raw, float):
            return raw * float(quantum) + float(self.shift) if math.isfinite(raw) else raw
        if self.shift:
            exact = raw * quantum + self.shift
            return exact.numerator / exact.denominator
        if quantum.denominator == 1:
            return raw * quantum.numerator
        return raw * quantum.numerator / quantum.denominator

    def accept(self, data: bytes) -> Any:
        """Return the command value of written bytes; raise InvalidValue for invalid ones."""
        try:
            raw = self.layout.unpack(data)
        except ValueError:
            raise InvalidValue(f"invalid decimal digits: {data.hex()}") from None
        if isinstance(raw, str):
            return raw
        if data == self.not_available:
            raise InvalidValue(f"{raw} is the value for “not available”")
        if isinstance(raw, float) and not math.isfinite(raw):
            raise InvalidValue(f"invalid number: {raw}")
        if raw in self.special:
            return self.special[int(raw)]
        if self.codes is not None:
            if raw not in self.codes:
                raise InvalidValue(f"invalid code {raw}; expected one of {', '.join(map(str, self.codes))}")
            return self.codes[int(raw)]
        if self.options is not None and self._lists_codes and raw not in self.options:
            known = ", ".join(f"{k} = {v}" for k, v in self.options.items())
            raise InvalidValue(f"invalid code {raw}; expected one of {known}")
        return self._limited(raw)

    def _limited(self, raw: int | float) -> int | float:
        number = Fraction(raw) * self.scale + self.offset
        low, high = self.minimum, self.maximum
        if (low is None or number >= low) and (high is None or number <= high):
            return self._to_si(raw)
        if not self.clamp:
            bounds = (
                f"{'' if low is None else f'{float(low):g}'} … {'' if high is None else f'{float(high):g}'}"
            )
            raise InvalidValue(f"{float(number):g} is outside {bounds.strip()} {self.unit}".rstrip())
        assert low is not None or high is not None
        nearest = low if low is not None and number < low else high
        assert nearest is not None
        exact = (nearest - self.offset) / self.scale * self.quantum + self.shift
        return exact.numerator / exact.denominator

    def text(self, data: bytes) -> str:
        """Return the value of the bytes as text, in the map's unit."""
        if data == self.not_available:
            return "not available"
        try:
            raw = self.layout.unpack(data)
        except (ValueError, struct.error):
            return f"0x{data.hex()}"
        if isinstance(raw, str):
            return raw
        if self.bit_field:
            return f"0x{int(raw):0{4 * self.count}X}"
        number = self.scale * Fraction(raw) + self.offset if math.isfinite(raw) else None
        if number is None:
            return str(raw)
        if self.layout.type.encoding is Encoding.FLOAT:
            text = f"{float(number):.6g}"
        else:
            text = f"{float(number):.{_decimals(self.scale)}f}"
        return f"{text} {self.unit}".rstrip()

    def option(self, data: bytes) -> str:
        """Return the meaning of a code, or an empty text."""
        if self.options is None:
            return ""
        try:
            raw = self.layout.unpack(data)
        except (ValueError, struct.error):
            return ""
        if not isinstance(raw, int):
            return ""
        if self.bit_field:
            return ", ".join(text for bit, text in self.options.items() if raw >> bit & 1)
        return self.options.get(raw, "")


def _decimals(scale: Fraction) -> int:
    for decimals in range(7):
        if (scale * 10**decimals).denominator == 1:
            return decimals
    return 6


@value
class RegisterMap:
    """All registers of one unit, before they are bound to devices."""

    name: str
    place: str
    kind: str
    """The kind of device that the map is for."""
    roles: Mapping[str, str]
    """Further devices of the same unit: role → kind."""
    registers: tuple[Register, ...]
    limits: Limits
    gaps: tuple[Gap, ...] = ()
    identity: Mapping[int, str] = field(default_factory=dict)
    """Objects of device identification; {name} in a text is that register's text."""
    rules: tuple[Rule, ...] = ()
    watchdog: Watchdog | None = None
    standard: str = ""
    """The standard whose writing rules apply to the registers named as its points."""
    description: str = ""
    source: str = ""
    warnings: tuple[str, ...] = ()
