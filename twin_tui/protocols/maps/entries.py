"""The entries of a register map: from keys and values to registers."""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from twin_tui.engine.device import registry
from twin_tui.errors import did_you_mean
from twin_tui.protocols.maps.document import Section, exact
from twin_tui.protocols.maps.model import OWN, Condition, Register
from twin_tui.protocols.maps.resolve import Meaning, resolve
from twin_tui.protocols.maps.wire import WIRE_TYPES, Form, Layout
from twin_tui.protocols.modbus.bank import ADDRESSES, Table

ENTRY_KEYS = (
    "name",
    "internal_name",
    "signal",
    "device",
    "address",
    "table",
    "func",
    "direction",
    "access",
    "type",
    "count",
    "endian",
    "word_order",
    "byte_order",
    "scale",
    "offset",
    "scale_register",
    "unit",
    "sense",
    "options",
    "special",
    "codes",
    "bits",
    "states",
    "plus",
    "mean",
    "stored",
    "value",
    "param",
    "not_available",
    "min",
    "max",
    "beyond",
    "modulo",
    "quotient",
    "description",
)
_TABLES = {
    "coil": Table.COILS,
    "discrete": Table.DISCRETE_INPUTS,
    "input": Table.INPUT_REGISTERS,
    "holding": Table.HOLDING_REGISTERS,
}
_READ_TABLES = {
    1: Table.COILS,
    2: Table.DISCRETE_INPUTS,
    3: Table.HOLDING_REGISTERS,
    4: Table.INPUT_REGISTERS,
}
_WRITE_TABLES = {
    5: Table.COILS,
    6: Table.HOLDING_REGISTERS,
    15: Table.COILS,
    16: Table.HOLDING_REGISTERS,
}
_ACCESS = {"ro": (True, False), "wo": (False, True), "rw": (True, True)}
_ORDERS = ("big", "little")
_BIT_TABLES = (Table.COILS, Table.DISCRETE_INPUTS)
_SUNSPEC = {
    "int16": 0x8000,
    "uint16": 0xFFFF,
    "enum16": 0xFFFF,
    "bitfield16": 0xFFFF,
    "int32": 0x80000000,
    "uint32": 0xFFFFFFFF,
    "enum32": 0xFFFFFFFF,
    "bitfield32": 0xFFFFFFFF,
    "int64": 0x8000000000000000,
    "uint64": 0xFFFFFFFFFFFFFFFF,
    "bitfield64": 0xFFFFFFFFFFFFFFFF,
    "float32": 0x7FC00000,
    "float64": 0x7FF8000000000000,
    "sunssf": 0x8000,
    "pad": 0x8000,
}


class EntryParser:
    """Reads the entries of one map in their order."""

    def __init__(self, top: Section, kind: str, roles: Mapping[str, str]) -> None:
        self._kind = kind
        self._roles = roles
        self._words = top.choice("word_order", _ORDERS, "big")
        self._bytes = top.choice("byte_order", _ORDERS, "big")
        self._not_available = _not_available_patterns(top)
        self._registers: list[Register] = []
        self._scale_names: list[tuple[int, str, Section]] = []
        self._next: dict[Table, int] = {}

    def add(self, entry: Section) -> None:
        """Read one entry; one in both tables becomes two registers."""
        if entry.data.get("table") != "both":
            self._add(entry)
            return
        self._add(Section({**entry.data, "table": "input", "access": "ro"}, entry.place))
        self._add(Section({**entry.data, "table": "holding"}, entry.place))

    def _add(self, entry: Section) -> None:
        name = entry.text("name", entry.data.get("internal_name") or entry.data.get("signal"))
        entry.place = f"{entry.place}: {name}"
        entry.expect_keys(ENTRY_KEYS)
        table, readable, writable = _access(entry)
        layout = self._layout(entry, table)
        address = self._address(entry, table, layout.count)
        role = entry.choice("device", self._roles) if entry.has("device") else OWN
        scale = entry.number("scale", 1)
        if not scale:
            raise entry.error("scale: expected a number other than 0")
        param, _, per = entry.text("param", "").partition("/")
        register = Register(
            name=name,
            table=table,
            address=address,
            layout=layout,
            readable=readable,
            writable=writable,
            place=entry.place,
            role=role,
            scale=scale,
            offset=entry.number("offset", 0),
            unit=entry.text("unit", ""),
            options=_options(entry),
            codes=_numbers(entry, "codes"),
            bits=self._conditions(entry, "bits"),
            states=self._conditions(entry, "states"),
            parts=self._parts(entry, role),
            mean=entry.has("mean"),
            stored=entry.flag("stored", False),
            constant=_constant(entry, layout),
            param=param.strip(),
            per_param=per.strip(),
            not_available=self._pattern(entry, layout),
            minimum=entry.number("min") if entry.has("min") else None,
            maximum=entry.number("max") if entry.has("max") else None,
            clamp=entry.choice("beyond", ("refuse", "clamp"), "refuse") == "clamp",
            modulo=entry.integer("modulo", 0, high=10**9),
            quotient=entry.integer("quotient", 0, high=10**9),
            description=entry.text("description", "").strip(),
        )
        if entry.has("scale_register"):
            self._scale_names.append((len(self._registers), entry.text("scale_register"), entry))
        meaning = Meaning(
            name=_signal_name(entry),
            sense=entry.text("sense", ""),
            special={
                raw: exact(number, f"{entry.place}: special") for raw, number in _pairs(entry, "special")
            },
        )
        kind = self._roles[role] if role else self._kind
        self._registers.append(register)
        self._registers[-1] = resolve(register, meaning, registry[kind])

    def finish(self) -> list[Register]:
        """Return the registers, scale-factor registers followed."""
        by_name = {register.name: register for register in self._registers}
        for index, name, entry in self._scale_names:
            factor = by_name.get(name)
            if factor is None:
                hint = did_you_mean(name, [n for n, r in by_name.items() if r.layout.type.name == "sunssf"])
                raise entry.error(f"scale_register: unknown register {name!r}{hint}")
            if not isinstance(factor.constant, int) or factor.layout.type.name != "sunssf":
                raise entry.error(f"scale_register: {name} is not of type sunssf with a fixed value")
            ten = Fraction(10) ** factor.constant
            register = self._registers[index]
            self._registers[index] = replace(
                register, scale=register.scale * ten, quantum=register.quantum * ten
            )
        return self._registers

    def _layout(self, entry: Section, table: Table) -> Layout:
        known = WIRE_TYPES
        name = entry.choice("type", known, "bool" if table in _BIT_TABLES else None)
        count_given = entry.has("count")
        if table in _BIT_TABLES:
            if name not in {"bool", "uint16"} or entry.integer("count", 1) != 1:
                raise entry.error(f"{table.value} hold single bits: expected type bool and count 1")
            return Layout(WIRE_TYPES["bool"], 1)
        wire = known[name]
        if wire.form is Form.BIT:
            raise entry.error(f"type: {table.value} hold words; expected uint16 instead of bool")
        if wire.words == 0 and not count_given and name != "pad":
            raise entry.error(f"count is missing: how many registers does the {name} take?")
        count = entry.integer("count", wire.words or 1, low=1, high=125)
        if wire.words and count != wire.words:
            raise entry.error(f"count {count} does not fit {name}, which takes {wire.words}")
        words = entry.choice("word_order", _ORDERS, entry.choice("endian", _ORDERS, self._words))
        return Layout(wire, count, words == "little", self._order(entry) == "little")

    def _order(self, entry: Section) -> str:
        return entry.choice("byte_order", _ORDERS, self._bytes)

    def _address(self, entry: Section, table: Table, count: int) -> int:
        if entry.data.get("address") == "next":
            if table not in self._next:
                raise entry.error(f"address: next, but it is the first entry of the {table.value}")
            address = self._next[table]
        else:
            address = entry.integer("address")
        if address + count > ADDRESSES:
            raise entry.error(f"address {address} with {count} registers reaches beyond {ADDRESSES - 1}")
        self._next[table] = address + count
        return address

    def _pattern(self, entry: Section, layout: Layout) -> bytes | None:
        if layout.type.form in {Form.TEXT, Form.BIT}:
            return None
        if entry.has("not_available"):
            most = (1 << 16 * layout.count) - 1
            return layout.pattern(entry.integer("not_available", low=0, high=most))
        bits = self._not_available.get(layout.type.name)
        if bits is None:
            return None
        return layout.pattern(bits) if layout.type.words else bits.to_bytes(2, "big") * layout.count

    def _conditions(self, entry: Section, key: str) -> dict[int, Condition] | None:
        if not entry.has(key):
            return None
        found = {}
        for code, data in _pairs(entry, key):
            section = Section.of(data, f"{entry.place}: {key}: {code}")
            section.expect_keys(("signal", "device", "above", "below", "equals"))
            role, signal = self._role_and_signal(section, section.text("signal"))
            tests = {
                key: float(section.number(key)) for key in ("above", "below", "equals") if section.has(key)
            }
            if not tests:
                raise section.error("expected above, below or equals with a number in the signal's unit")
            found[code] = Condition(role, signal, **tests)
        return found

    def _parts(self, entry: Section, role: str) -> tuple[tuple[str, str], ...]:
        """Return the further signals that an entry adds: of other devices, or other ones of its own."""
        key = "mean" if entry.has("mean") else "plus"
        items = entry.data.get(key, [])
        if not isinstance(items, list) or (entry.has("mean") and entry.has("plus")):
            raise entry.error("expected plus or mean with a list of signals")
        parts = []
        for item in items:
            data = item if isinstance(item, dict) else {"signal": item}
            section = Section.of({"device": role or None, **data}, f"{entry.place}: {key}")
            section.expect_keys(("signal", "device"))
            parts.append(self._role_and_signal(section, section.text("signal", _signal_name(entry))))
        return tuple(parts)

    def _role_and_signal(self, section: Section, signal: str) -> tuple[str, str]:
        role = section.choice("device", self._roles) if section.has("device") else OWN
        kind = self._roles[role] if role else self._kind
        signals = registry[kind].signals
        if signal not in signals:
            raise section.error(f"a {kind} has no signal {signal!r}{did_you_mean(signal, signals)}")
        return role, signal


def _not_available_patterns(top: Section) -> dict[str, int]:
    given = top.data.get("not_available")
    if given is None:
        return {}
    if given == "sunspec":
        return dict(_SUNSPEC)
    section = top.section("not_available")
    section.expect_keys(WIRE_TYPES)
    patterns = {}
    for name in section.data:
        wire = WIRE_TYPES[name]
        patterns[name] = section.integer(name, low=0, high=(1 << 16 * (wire.words or 1)) - 1)
    return patterns


def _access(entry: Section) -> tuple[Table, bool, bool]:
    """Return table, readable and writable from func and direction, or from table and access."""
    if entry.has("table"):
        table = _TABLES[entry.choice("table", _TABLES)]
        readable, writable = _ACCESS[entry.choice("access", _ACCESS, "ro")]
    elif entry.has("func"):
        func = entry.integer("func", high=255)
        default = "read" if func in _READ_TABLES else "write"
        direction = entry.choice("direction", ("read", "write"), default)
        tables = _READ_TABLES if direction == "read" else _WRITE_TABLES
        if func not in tables:
            known = ", ".join(f"0x{number:02X}" for number in tables)
            raise entry.error(f"func: a {direction} takes {known}; found {func}")
        table = tables[func]
        # What was written can be read back, as it can from the devices that these maps describe.
        readable, writable = True, direction == "write"
        if entry.has("access"):
            readable, writable = _ACCESS[entry.choice("access", _ACCESS)]
    else:
        raise entry.error("expected func (0x02, 0x03, 0x04, 0x06, 0x10) or table (input, holding, …)")
    if writable and table in {Table.DISCRETE_INPUTS, Table.INPUT_REGISTERS}:
        raise entry.error(f"{table.value} cannot be written; expected access ro")
    return table, readable, writable


def _signal_name(entry: Section) -> str:
    if entry.has("signal") and entry.has("internal_name"):
        raise entry.error("expected signal or internal_name, not both")
    for key in ("signal", "internal_name"):
        if entry.has(key):
            return entry.text(key)
    return ""


def _pairs(entry: Section, key: str) -> list[tuple[int, Any]]:
    if not entry.has(key):
        return []
    section = entry.section(key)
    for raw in section.data:
        if isinstance(raw, bool) or not isinstance(raw, int):
            raise section.error(f"expected whole numbers as keys, found {raw!r}")
    return list(section.data.items())


def _options(entry: Section) -> dict[int, str] | None:
    pairs = _pairs(entry, "options")
    return {raw: str(text) for raw, text in pairs} if pairs else None


def _numbers(entry: Section, key: str) -> dict[int, int] | None:
    pairs = _pairs(entry, key)
    for raw, number in pairs:
        if not isinstance(number, int):
            raise entry.error(f"{key}: {raw}: expected a whole number, found {number!r}")
    return {raw: int(number) for raw, number in pairs} if pairs else None


def _constant(entry: Section, layout: Layout) -> int | float | str | None:
    if not entry.has("value"):
        return None
    if layout.type.form is Form.TEXT:
        return entry.text("value")
    number = entry.number("value")
    if layout.type.form is Form.FLOAT:
        return float(number)
    if number.denominator != 1 or not layout.low <= number <= layout.high:
        raise entry.error(
            f"value: expected a whole number from {layout.low:.0f} to {layout.high:.0f}, found {number}"
        )
    return int(number)
