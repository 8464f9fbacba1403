"""The models of register map files: their keys and values."""

from fractions import Fraction
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from twin_tui.documents.model import Model, empty_dict, empty_list
from twin_tui.documents.values import Accepts, Positive, choice
from twin_tui.errors import shown
from twin_tui.protocols.maps.clocks import CLOCKS, PERIODS
from twin_tui.protocols.maps.resolve import SENSES
from twin_tui.protocols.maps.wire import WIRE_TYPES
from twin_tui.protocols.modbus.diagnostics import SUBFUNCTIONS
from twin_tui.protocols.modbus.identity import MAX_OBJECT_BYTES
from twin_tui.protocols.modbus.memory import ALL_FUNCTIONS


def _to_written(found: Any) -> str:
    if isinstance(found, bool) or not isinstance(found, str | int | float):
        raise ValueError(f"expected text, found {shown(found)}")
    return str(found)


def to_exact(found: Any) -> Fraction:
    """Return a finite number exactly as written: 0.1 is one tenth."""
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
    """Return a type for whole numbers; text and fractions are invalid."""

    def check(found: Any) -> int:
        whole = isinstance(found, int) or (isinstance(found, float) and found.is_integer())
        if isinstance(found, bool) or not whole or not low <= found <= high:
            raise ValueError(f"expected a whole number from {low} to {high}, found {shown(found)}")
        return int(found)

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
    """Return a raw value; in JSON, keys are text."""
    try:
        if not isinstance(key, bool | float):
            return int(key, 0) if isinstance(key, str) else int(key)
    except (TypeError, ValueError):
        pass
    raise ValueError(f"expected whole numbers as keys, found {shown(key)}")


def _to_options(found: Any) -> dict[int, str]:
    return {code: str(text) for code, text in _by_code(found).items()}


def _to_identity(found: Any) -> dict[int, str]:
    texts = _to_options(found)
    for number, text in texts.items():
        if not 0 <= number <= 0xFF or not text.isascii() or len(text) > MAX_OBJECT_BYTES:
            limits = f"objects 0 to 255 with up to {MAX_OBJECT_BYTES} ASCII characters"
            raise ValueError(f"expected {limits}, found {shown(number)}: {shown(text)}")
    return texts


def _to_codes(found: Any) -> dict[int, int]:
    return {code: _whole(code, number) for code, number in _by_code(found).items()}


def _whole(code: int, found: Any) -> int:
    if isinstance(found, bool) or not isinstance(found, int | float) or found != found // 1:
        raise ValueError(f"{code}: expected a whole number, found {shown(found)}")
    return int(found)


def _to_special(found: Any) -> dict[int, Fraction]:
    return {code: to_exact(number) for code, number in _by_code(found).items()}


def _to_functions(found: Any) -> frozenset[int]:
    if not isinstance(found, list) or not all(type(number) is int for number in found):
        raise ValueError(f"expected a list of function codes, found {shown(found)}")
    return frozenset(found)


def _to_subfunctions(found: Any) -> frozenset[int]:
    if not isinstance(found, list) or not all(
        type(number) is int and number in SUBFUNCTIONS for number in found
    ):
        known = ", ".join(f"{number} = {meaning}" for number, meaning in SUBFUNCTIONS.items())
        raise ValueError(f"expected a list of sub-functions ({known}), found {shown(found)}")
    return frozenset(found)


def _to_fill(found: Any) -> int | None:
    """Return the word that a gap reads as; None for an exception."""
    if isinstance(found, str) and found in _FILLS:
        return _FILLS[found]
    if isinstance(found, dict) and found.keys() == {"fill"}:
        return int(_WORD.check(found["fill"]))
    raise ValueError(f"expected exception, zero or an object such as {{fill: 0xFFFF}}, found {shown(found)}")


def _to_gaps(found: Any) -> Any:
    """Return a list of ranges; a single answer is that of the whole map."""
    if isinstance(found, list):
        return found
    _to_fill(found)
    return [{"read": found}]


def _to_raw_values(found: Any) -> frozenset[int]:
    codes = found if isinstance(found, list) else [found]
    if not all(type(code) is int for code in codes):
        raise ValueError(f"expected a raw value or a list of them, found {shown(found)}")
    return frozenset(codes)


def _to_patterns(found: Any) -> dict[str, int] | str:
    if found == "sunspec":
        return "sunspec"
    if not isinstance(found, dict):
        raise ValueError(f"expected sunspec, or an object with types and bit patterns, found {shown(found)}")
    for name, bits in found.items():
        _TYPE.check(name)
        to_whole(0, (1 << 16 * (WIRE_TYPES[name].words or 1)) - 1).check(bits)
    return found


def _to_parts(found: Any) -> list[Any]:
    if not isinstance(found, list):
        raise ValueError(f"expected a list of signals, found {shown(found)}")
    return [item if isinstance(item, dict) else {"signal": item} for item in found]


_ADDRESS = to_whole(0, 65535)
_WORD = to_whole(0, 65535)
_FILLS = {"exception": None, "zero": 0}
_TYPE = choice(*WIRE_TYPES)
_BY_CODE: dict[str, Any] = {"type": "object", "propertyNames": {"pattern": "^-?[0-9]"}}


def _values(kind: str) -> dict[str, Any]:
    return {"additionalProperties": {"type": kind}}


_INTEGERS = {"type": "array", "items": {"type": "integer"}}

_SUBFUNCTIONS = {"type": "array", "items": {"enum": list(SUBFUNCTIONS)}}
_FUNCTIONS = {"type": "array", "items": {"enum": sorted(ALL_FUNCTIONS)}}

_FILL: dict[str, Any] = {
    "anyOf": [
        {"enum": list(_FILLS)},
        {
            "type": "object",
            "properties": {"fill": _WORD.schema},
            "required": ["fill"],
            "additionalProperties": False,
        },
    ]
}

Written = Annotated[str, Accepts(_to_written, {"type": ["string", "number"]})]
Exact = Annotated[Fraction, Accepts(to_exact, {"type": "number"})]
RawValues = Annotated[frozenset[int], Accepts(_to_raw_values, {"anyOf": [{"type": "integer"}, _INTEGERS]})]
Setting = Annotated[Any, WithJsonSchema({"type": ["number", "object"]})]
"""A number in SI units, or a ReferenceFile."""
Patterns = Annotated[
    dict[str, int] | str, Accepts(_to_patterns, {"anyOf": [{"const": "sunspec"}, {"type": "object"}]})
]
Order = Annotated[str, choice("big", "little")]
Fill = Annotated[int | None, Accepts(_to_fill, _FILL)]
"""The word that unmapped addresses read as; None: an exception."""
Flag = Annotated[bool, Accepts(_to_flag, {"type": "boolean"})]
Count = Annotated[int, to_whole(0, 10**9)]


class Part(Model):
    """A further signal of ``plus`` or ``mean``."""

    signal: Written | None = None
    device: Written | None = None
    """The role of its device."""


class ConditionFile(Model):
    """The condition of a bit or a state."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": [key]} for key in ("above", "below", "equals")]}
    )

    signal: Written
    device: Written | None = None
    """The role of its device."""
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


class RegisterEntry(Model):
    """An entry of ``registers``."""

    name: Written | None = None
    """The register's name, unique in its table."""
    signal: Written | None = None
    """The signal in the register."""
    internal_name: Written | None = None
    """The signal in the register, by DER Twin's name."""
    device: Written | None = None
    """The role of the signal's device, if a unit has several devices."""
    table: Annotated[str, choice("input", "holding", "both", "discrete", "coil")] | None = None
    access: Annotated[str, choice("ro", "rw", "wo")] | None = None
    func: Annotated[int, to_whole(0, 255)] | None = None
    """DER Twin's key for the table: 2 discrete, 4 input, 3, 6 and 16 holding registers."""
    direction: Annotated[str, choice("read", "write")] | None = None
    address: Annotated[int | str, Accepts(_to_address, {"anyOf": [_ADDRESS.schema, {"const": "next"}]})]
    """0-based, as on the wire; next: the address after the previous entry."""
    type: Annotated[str, _TYPE] | None = None
    count: Annotated[int, to_whole(1, 125)] | None = None
    """The number of registers, for types of variable length."""
    endian: Order | None = None
    """DER Twin's key for the word order."""
    word_order: Order | None = None
    byte_order: Order | None = None
    scale: Annotated[Fraction, Accepts(_to_scale, {"type": "number", "not": {"const": 0}})] = Fraction(1)
    """Number in the unit = raw · scale + offset."""
    offset: Exact = Fraction(0)
    scale_register: Written | None = None
    """The name of the sunssf entry with the power of ten for this one."""
    unit: Written = ""
    """The unit of the number; default: the SI unit of the signal."""
    sense: Annotated[str, choice(*SENSES)] = ""
    """The meaning of positive numbers."""
    options: Annotated[dict[int, str], Accepts(_to_options, _BY_CODE)] | None = None
    """The meanings of raw values, or of the bits of a bit field; writes of other values are refused."""
    special: Annotated[dict[int, Fraction], Accepts(_to_special, _BY_CODE | _values("number"))] | None = None
    """Raw values with a special number."""
    codes: Annotated[dict[int, int], Accepts(_to_codes, _BY_CODE | _values("integer"))] | None = None
    """Raw code → value of the signal."""
    bits: Conditions | None = None
    """Bit → condition under which it is set."""
    states: Conditions | None = None
    """Raw code → condition; the first code whose condition is met is served."""
    plus: Parts | None = None
    """Signals to be added."""
    mean: Parts | None = None
    """Signals to be averaged with this one."""
    minus: Parts | None = None
    """Signals to be subtracted; the difference is at least 0."""
    beside: Written = ""
    """A signal of the same devices at right angles: the register has the root of the sum of both squares."""
    per: Written = ""
    """A signal or parameter by which the value is divided; 0 if that is 0."""
    since: Annotated[str, choice(*PERIODS)] = ""
    """The value counts from the beginning of this hour, day, month or year on."""
    peak: Annotated[str, choice(*PERIODS)] = ""
    """The greatest value since the beginning of this hour, day, month or year."""
    clock: Annotated[str, choice(*CLOCKS)] = ""
    """A part of the site's local time."""
    ceiling: Written = ""
    """A parameter of the device above which no number is served."""
    by: Written = ""
    """The parameter that chooses from ``sizes``."""
    sizes: Annotated[dict[int, Any], Accepts(_by_code, _BY_CODE)] | None = None
    """Parameter → constant: that of the smallest size that is not below the parameter, or of the largest."""
    stored: Flag = False
    """Only stores what is written, for rules; starts with value."""
    value: Any = None
    """A constant; {device} in text is the device's name."""
    param: Written = ""
    """A parameter of the device, or one divided by another: a / b."""
    not_available: Annotated[int, to_whole(0, 2**64 - 1)] | None = None
    """The bit pattern for a missing value."""
    min: Exact | None = None
    """The minimum of writes, in the unit."""
    max: Exact | None = None
    beyond: Annotated[str, choice("refuse", "clamp")] = "refuse"
    """What happens to a write beyond min and max."""
    modulo: Count = 0
    """The register holds the number modulo this divisor."""
    quotient: Count = 0
    """The register holds the number divided by this, rounded down."""
    description: Written = ""


class GapFile(Model):
    """An entry of ``gaps``: how reads across addresses without a register are answered."""

    table: Annotated[str, choice("input", "holding", "both", "discrete", "coil")] | None = None
    start: Annotated[int, _ADDRESS] | None = Field(None, alias="from")
    """The first address; default: that of the first register."""
    last: Annotated[int, _ADDRESS] | None = Field(None, alias="to")
    """The last address; default: that of the last register."""
    read: Fill
    """exception, zero, or fill: the word."""


class _OrOneFill:
    """Marks a list in whose place there may be the answer of the whole map."""

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        return {"anyOf": [*_FILL["anyOf"], handler(schema)]}


Gaps = Annotated[list[GapFile], BeforeValidator(_to_gaps), _OrOneFill()]


class LimitsFile(Model):
    """``limits``: what the device supports, where that is less than Modbus allows."""

    max_read_registers: Annotated[int, to_whole(1, 125)] = 125
    max_write_registers: Annotated[int, to_whole(1, 123)] = 123
    even_counts_only: Flag = False
    functions: Annotated[frozenset[int], Accepts(_to_functions, _FUNCTIONS)] = ALL_FUNCTIONS
    """Function codes."""
    diagnostics: Annotated[frozenset[int], Accepts(_to_subfunctions, _SUBFUNCTIONS)] = frozenset()
    """Sub-functions of function 8: 0 returns the query data, 10 to 15 clear and return counters."""
    server_id: Written = ""
    """The text of function 17; without one the function is not supported."""


class WatchdogFile(Model):
    """``watchdog``: fallback commands for a time without writes."""

    seconds: Positive
    fallback: dict[str, Exact]
    """Commands and their values, in SI units."""
    device: Written | None = None


class ReferenceFile(Model):
    """A register as the value of a command."""

    name: Written = Field(alias="register")
    sense: Annotated[str, choice(*SENSES)] | None = None
    of: Written | None = None
    """A signal or parameter; the number is a fraction of it."""


class UntilFile(Model):
    """A signal that reaches the number in a register."""

    signal: Written
    register_name: Written = Field(alias="register")


class CaseFile(Model):
    """The commands for these raw values of registers."""

    when: dict[str, RawValues] = Field(default_factory=empty_dict)
    set: dict[str, Setting] = Field(default_factory=empty_dict)
    mode: Written = ""
    lasts: Setting | None = None
    """The seconds, or the register with the time, after which ``then`` is written."""
    until: UntilFile | None = None
    """A signal that ends the commands when it reaches the number in a register."""
    then: dict[str, Count] = Field(default_factory=dict)
    """Stored registers and their raw values at the end."""


class RuleFile(Model):
    """An entry of ``commands``: the first case whose registers have these raw values applies."""

    device: Written | None = None
    cases: list[CaseFile] = Field(min_length=1)


class MapFile(Model):
    """The top level of a register map."""

    protocol: Any = None
    """A key of DER Twin's format, without effect."""
    device_type: Written
    description: Written = ""
    source: Written = ""
    devices: dict[str, Written] = Field(default_factory=empty_dict)
    """Further devices of the same unit: role → type."""
    word_order: Order = "big"
    byte_order: Order = "big"
    not_available: Patterns = Field(default_factory=empty_dict)
    """The bit pattern for a missing value by type; sunspec: the patterns of that standard."""
    limits: LimitsFile = Field(default_factory=LimitsFile)
    identity: Annotated[dict[int, str], Accepts(_to_identity, _BY_CODE)] = Field(default_factory=empty_dict)
    """Objects of device identification (function 43); {name} in a text is that register's text."""
    gaps: Gaps = Field(default_factory=empty_list)
    """How reads across addresses without a register are answered: exception (the default), zero, or fill."""
    watchdog: WatchdogFile | None = None
    commands: list[RuleFile] = Field(default_factory=empty_list)
    """Commands derived from several registers."""
    rules: Annotated[str, choice("sunspec")] = ""
    """The standard whose writing rules apply to the registers named as its points."""
    registers: list[Any] = Field(min_length=1)
