"""The models of a register map's file: its keys, and what may be written there."""

from fractions import Fraction
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from twin_tui.documents.model import Model
from twin_tui.documents.values import Accepts, Positive, choice, shown
from twin_tui.protocols.maps.resolve import SENSES
from twin_tui.protocols.maps.wire import WIRE_TYPES
from twin_tui.protocols.modbus.memory import ALL_FUNCTIONS


def _to_written(found: Any) -> str:
    if isinstance(found, bool) or not isinstance(found, str | int | float):
        raise ValueError(f"expected a text, found {shown(found)}")
    return str(found)


def to_exact(found: Any) -> Fraction:
    """Return a finite number exactly as it is written: 0.1 is one tenth."""
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise ValueError(f"expected a number, found {shown(found)}")
    try:
        return Fraction(str(found))
    except ValueError:
        raise ValueError(f"expected a finite number, found {found!r}") from None


def _to_scale(found: Any) -> Fraction:
    scale = to_exact(found)
    if not scale:
        raise ValueError("expected a number other than 0")
    return scale


def to_whole(low: int, high: int) -> Accepts:
    """Return a kind of whole numbers that are written as such: no texts, no fractions."""

    def check(found: Any) -> int:
        if isinstance(found, bool) or not isinstance(found, int) or not low <= found <= high:
            raise ValueError(f"expected a whole number from {low} to {high}, found {shown(found)}")
        return found

    return Accepts(check, {"type": "integer", "minimum": low, "maximum": high})


def _to_address(found: Any) -> int | str:
    return "next" if found == "next" else int(_ADDRESS.check(found))


def _to_flag(found: Any) -> bool:
    if not isinstance(found, bool):
        raise ValueError(f"expected true or false, found {shown(found)}")
    return found


def _by_code(found: Any) -> dict[int, Any]:
    if not isinstance(found, dict):
        raise ValueError(f"expected an object with whole numbers as keys, found {shown(found)}")
    return {_to_code(key): value for key, value in found.items()}


def _to_code(key: Any) -> int:
    """Return a raw value; in JSON, keys are texts."""
    try:
        if not isinstance(key, bool | float):
            return int(key, 0) if isinstance(key, str) else int(key)
    except (TypeError, ValueError):
        pass
    raise ValueError(f"expected whole numbers as keys, found {shown(key)}")


def _to_options(found: Any) -> dict[int, str]:
    return {code: str(text) for code, text in _by_code(found).items()}


def _to_codes(found: Any) -> dict[int, int]:
    codes = _by_code(found)
    for code, number in codes.items():
        if isinstance(number, bool) or not isinstance(number, int):
            raise ValueError(f"{code}: expected a whole number, found {shown(number)}")
    return codes


def _to_special(found: Any) -> dict[int, Fraction]:
    return {code: to_exact(number) for code, number in _by_code(found).items()}


def _to_functions(found: Any) -> frozenset[int]:
    if not isinstance(found, list) or not all(type(number) is int for number in found):
        raise ValueError(f"expected a list of function codes, found {shown(found)}")
    return frozenset(found)


def _to_raw_values(found: Any) -> frozenset[int]:
    codes = found if isinstance(found, list) else [found]
    if not all(type(code) is int for code in codes):
        raise ValueError(f"expected a raw value or a list of them, found {shown(found)}")
    return frozenset(codes)


def _to_patterns(found: Any) -> dict[str, int] | str:
    if found == "sunspec":
        return "sunspec"
    if not isinstance(found, dict):
        raise ValueError(f"expected sunspec, or an object with types and their bits, found {shown(found)}")
    for name, bits in found.items():
        _TYPE.check(name)
        to_whole(0, (1 << 16 * (WIRE_TYPES[name].words or 1)) - 1).check(bits)
    return found


def _to_parts(found: Any) -> list[Any]:
    if not isinstance(found, list):
        raise ValueError(f"expected a list of signals, found {shown(found)}")
    return [item if isinstance(item, dict) else {"signal": item} for item in found]


_ADDRESS = to_whole(0, 65535)
_TYPE = choice(*WIRE_TYPES)
_BY_CODE = {"type": "object", "propertyNames": {"pattern": "^-?[0-9]"}}
_INTEGERS = {"type": "array", "items": {"type": "integer"}}

Written = Annotated[str, Accepts(_to_written, {"type": ["string", "number"]})]
Exact = Annotated[Fraction, Accepts(to_exact, {"type": "number"})]
RawValues = Annotated[frozenset[int], Accepts(_to_raw_values, {"anyOf": [{"type": "integer"}, _INTEGERS]})]
Setting = Annotated[Any, WithJsonSchema({"type": ["number", "object"]})]
"""A number in SI units, or a ReferenceFile."""
Patterns = Annotated[
    dict[str, int] | str, Accepts(_to_patterns, {"anyOf": [{"const": "sunspec"}, {"type": "object"}]})
]
Order = Annotated[str, choice("big", "little")]
Flag = Annotated[bool, Accepts(_to_flag, {"type": "boolean"})]
Count = Annotated[int, to_whole(0, 10**9)]


class Part(Model):
    """A further signal of ``plus`` or ``mean``."""

    signal: Written | None = None
    device: Written | None = None
    """The role of the device that has it."""


class ConditionFile(Model):
    """When a bit is set or a state counts."""

    signal: Written
    device: Written | None = None
    """The role of the device that has it."""
    above: Exact | None = None
    below: Exact | None = None
    equals: Exact | None = None

    @model_validator(mode="after")
    def _some_test(self) -> "ConditionFile":
        if self.above is None and self.below is None and self.equals is None:
            raise ValueError("expected above, below or equals with a number in the signal's unit")
        return self


Conditions = Annotated[dict[int, ConditionFile], BeforeValidator(_by_code)]
Parts = Annotated[list[Part], BeforeValidator(_to_parts, json_schema_input_type=list[Part | str])]


class Entry(Model):
    """An entry of ``registers``."""

    name: Written | None = None
    """What the register is called; once in each table."""
    signal: Written | None = None
    """The signal behind it."""
    internal_name: Written | None = None
    """The signal behind it, by the name that DER Twin has for it."""
    device: Written | None = None
    """The role of the device that has the signal, where several are behind one unit."""
    table: Annotated[str, choice("input", "holding", "both", "discrete", "coil")] | None = None
    access: Annotated[str, choice("ro", "rw", "wo")] | None = None
    func: Annotated[int, to_whole(0, 255)] | None = None
    """DER Twin's way to name the table: 2 discrete, 4 input, 3, 6 and 16 holding registers."""
    direction: Annotated[str, choice("read", "write")] | None = None
    address: Annotated[int | str, Accepts(_to_address, {"anyOf": [_ADDRESS.schema, {"const": "next"}]})]
    """From 0, as on the wire; next follows the entry before."""
    type: Annotated[str, _TYPE] | None = None
    count: Annotated[int, to_whole(1, 125)] | None = None
    """Registers, where the type leaves that open."""
    endian: Order | None = None
    """DER Twin's word for the order of words."""
    word_order: Order | None = None
    byte_order: Order | None = None
    scale: Annotated[Fraction, Accepts(_to_scale, {"type": "number"})] = Fraction(1)
    """Number in the unit = raw · scale + offset."""
    offset: Exact = Fraction(0)
    scale_register: Written | None = None
    """The name of a sunssf entry whose power of ten scales this one."""
    unit: Written = ""
    """Of the number; the SI unit of the signal if not given."""
    sense: Annotated[str, choice(*SENSES)] = ""
    """What is positive."""
    options: Annotated[dict[int, str], Accepts(_to_options, _BY_CODE)] | None = None
    """The meaning of raw values, or of bits in a bit field; others are refused when written."""
    special: Annotated[dict[int, Fraction], Accepts(_to_special, _BY_CODE)] | None = None
    """Raw values with a number of their own."""
    codes: Annotated[dict[int, int], Accepts(_to_codes, _BY_CODE)] | None = None
    """Raw code → value of the signal."""
    bits: Conditions | None = None
    """Bits that are set while their condition holds."""
    states: Conditions | None = None
    """Raw codes, of which the first whose condition holds is served."""
    plus: Parts | None = None
    """Signals that are added."""
    mean: Parts | None = None
    """Signals that are averaged with this one."""
    stored: Flag = False
    """Mere memory, from value on, for rules to read."""
    value: Any = None
    """A constant; {device} in a text is the device's name."""
    param: Written = ""
    """A parameter of the device, or one divided by another: a / b."""
    not_available: Annotated[int, to_whole(0, 2**64 - 1)] | None = None
    """The bits that say that there is no value."""
    min: Exact | None = None
    """The least value that may be written, in the unit."""
    max: Exact | None = None
    beyond: Annotated[str, choice("refuse", "clamp")] = "refuse"
    """What becomes of a write beyond min and max."""
    modulo: Count = 0
    """The register holds the remainder of the number by this."""
    quotient: Count = 0
    """The register holds how often this goes into the number."""
    description: Written = ""


class LimitsFile(Model):
    """``limits``: what the device answers, where that is less than the Modbus documents allow."""

    max_read_registers: Annotated[int, to_whole(1, 125)] = 125
    max_write_registers: Annotated[int, to_whole(1, 123)] = 123
    even_counts_only: Flag = False
    functions: Annotated[frozenset[int], Accepts(_to_functions, _INTEGERS)] = ALL_FUNCTIONS
    """Function codes."""


class WatchdogFile(Model):
    """``watchdog``: what is commanded when nobody has written for a while."""

    seconds: Positive
    fallback: dict[str, Exact]
    """Commands and their values, in SI units."""
    device: Written | None = None


class ReferenceFile(Model):
    """A register whose number becomes a command."""

    name: Written = Field(alias="register")
    sense: Annotated[str, choice(*SENSES)] | None = None
    of: Written | None = None
    """A signal that the number is a share of."""


class CaseFile(Model):
    """What is commanded while registers hold these raw values."""

    when: dict[str, RawValues] = Field(default_factory=dict)
    set: dict[str, Setting] = Field(default_factory=dict)
    mode: Written = ""


class RuleFile(Model):
    """An entry of ``commands``: the first case whose registers hold these raw values counts."""

    device: Written | None = None
    cases: list[CaseFile] = Field(min_length=1)


class MapFile(Model):
    """The top level of a register map."""

    protocol: Any = None
    """Of DER Twin's format, without effect."""
    device_type: Written
    description: Written = ""
    source: Written = ""
    devices: dict[str, Written] = Field(default_factory=dict)
    """Further devices behind the same unit: role → type."""
    word_order: Order = "big"
    byte_order: Order = "big"
    not_available: Patterns = Field(default_factory=dict)
    """By type, the bits that say that there is no value; sunspec stands for that standard's."""
    limits: LimitsFile = Field(default_factory=LimitsFile)
    watchdog: WatchdogFile | None = None
    commands: list[RuleFile] = Field(default_factory=list)
    """Commands that follow from several registers together."""
    registers: list[Any] = Field(min_length=1)
