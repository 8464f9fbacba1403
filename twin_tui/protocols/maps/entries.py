"""Converts the entries of a register map to registers."""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from twin_tui.documents.loader import NamedPlace
from twin_tui.documents.model import Complaints
from twin_tui.engine.device import registry
from twin_tui.errors import ConfigError, did_you_mean, shown
from twin_tui.protocols.maps.file import ConditionFile, MapFile, Part, RegisterEntry, to_exact
from twin_tui.protocols.maps.model import OWN, Condition, Register
from twin_tui.protocols.maps.resolve import Meaning, numeric_parameters, resolve
from twin_tui.protocols.maps.wire import WIRE_TYPES, Encoding, Layout, Raw
from twin_tui.protocols.modbus.memory import ADDRESSES, Table

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
    "acc16": 0,
    "acc32": 0,
    "acc64": 0,
    "pad": 0x8000,
}


class EntryParser:
    """Parses the entries of one map in order."""

    def __init__(self, file: MapFile, kind: str, roles: Mapping[str, str]) -> None:
        self._file = file
        self._kind = kind
        self._roles = roles
        patterns = file.not_available
        self._not_available: Mapping[str, int] = _SUNSPEC if isinstance(patterns, str) else patterns
        self._registers: list[Register] = []
        self._scale_names: list[tuple[int, str]] = []
        self._next: dict[Table, int] = {}

    def add(self, entry: RegisterEntry, location: NamedPlace) -> None:
        """Parse one entry; one in both tables becomes two registers. Raises ConfigError with the place."""
        try:
            if entry.table == "both":
                self._add(entry.model_copy(update={"table": "input", "access": "ro"}), location)
                entry = entry.model_copy(update={"table": "holding"})
            self._add(entry, location)
        except _EntryError as error:
            raise ConfigError(f"{location}: {error}") from None

    def _add(self, entry: RegisterEntry, location: NamedPlace) -> None:
        table, readable, writable = _access(entry)
        layout = self._layout(entry, table)
        address = self._address(entry, table, layout.count)
        role = self._role(entry.device)
        param, _, per = entry.param.partition("/")
        register = Register(
            name=location.label,
            table=table,
            address=address,
            layout=layout,
            readable=readable,
            writable=writable,
            place=location,
            role=role,
            scale=entry.scale,
            offset=entry.offset,
            unit=entry.unit,
            options=entry.options or None,
            codes=entry.codes or None,
            bits=self._conditions(entry.bits, "bits"),
            states=self._conditions(entry.states, "states"),
            parts=self._parts(entry, role),
            mean=entry.mean is not None,
            less=tuple(self._part(part, entry, role, "minus: ") for part in entry.minus or ()),
            beside=self._beside(entry, role),
            per=self._divisor(entry, role),
            since=entry.since,
            peak=entry.peak,
            clock=entry.clock,
            ceiling=self._parameter(entry.ceiling, role, "ceiling"),
            by=self._parameter(entry.by, role, "by"),
            sizes=_sizes(entry, layout),
            stored=entry.stored,
            constant=_constant(entry.value, layout, "value"),
            param=param.strip(),
            per_param=per.strip(),
            not_available=self._pattern(entry, layout),
            minimum=entry.min,
            maximum=entry.max,
            clamp=entry.beyond == "clamp",
            modulo=entry.modulo,
            quotient=entry.quotient,
            description=entry.description.strip(),
        )
        if entry.scale_register is not None:
            self._scale_names.append((len(self._registers), entry.scale_register))
        meaning = Meaning(name=_signal_name(entry), sense=entry.sense, special=entry.special or {})
        self._registers.append(resolve(register, meaning, registry[self._kind_of(role)]))

    def finish(self, complaints: Complaints) -> list[Register]:
        """Return the registers, with scale-factor registers applied."""
        by_name = {register.name: register for register in self._registers}
        for index, name in self._scale_names:
            register, factor = self._registers[index], by_name.get(name)
            if factor is None:
                hint = did_you_mean(name, [n for n, r in by_name.items() if r.layout.type.name == "sunssf"])
                text = f"{register.place}: scale_register: unknown register {name!r}{hint}"
                complaints.take(ConfigError(text))
            elif not isinstance(factor.constant, int) or factor.layout.type.name != "sunssf":
                text = f"scale_register: expected an entry of type sunssf with a constant value, found {name}"
                complaints.take(ConfigError(f"{register.place}: {text}"))
            else:
                ten = Fraction(10) ** factor.constant
                self._registers[index] = replace(
                    register, scale=register.scale * ten, quantum=register.quantum * ten
                )
        return self._registers

    def _layout(self, entry: RegisterEntry, table: Table) -> Layout:
        name = entry.type or ("bool" if table in _BIT_TABLES else None)
        if name is None:
            raise _EntryError("missing key type")
        if table in _BIT_TABLES:
            if name not in {"bool", "uint16"} or entry.count not in (None, 1):
                raise _EntryError(f"{table.value} hold single bits: expected type bool and count 1")
            return Layout(WIRE_TYPES["bool"], 1)
        wire = WIRE_TYPES[name]
        if wire.encoding is Encoding.BIT:
            raise _EntryError(f"type: {table.value} hold words; expected uint16, found bool")
        if wire.words == 0 and entry.count is None and name != "pad":
            raise _EntryError(f"missing key count: the number of registers of the {name}")
        count = entry.count or wire.words or 1
        if wire.words and count != wire.words:
            raise _EntryError(f"count {count} does not fit {name}; expected {wire.words}")
        words = entry.word_order or entry.endian or self._file.word_order
        return Layout(wire, count, words == "little", (entry.byte_order or self._file.byte_order) == "little")

    def _address(self, entry: RegisterEntry, table: Table, count: int) -> int:
        address = entry.address
        if isinstance(address, str):
            if table not in self._next:
                raise _EntryError(
                    f"address: next has no previous entry in the {table.value}; expected a number"
                )
            address = self._next[table]
        if address + count > ADDRESSES:
            raise _EntryError(f"address {address} with {count} registers reaches beyond {ADDRESSES - 1}")
        self._next[table] = address + count
        return address

    def _pattern(self, entry: RegisterEntry, layout: Layout) -> bytes | None:
        if layout.type.encoding in {Encoding.TEXT, Encoding.BIT}:
            return None
        if entry.not_available is not None:
            most = (1 << 16 * layout.count) - 1
            if entry.not_available > most:
                text = f"expected a whole number from 0 to {most}, found {entry.not_available}"
                raise _EntryError(f"not_available: {text}")
            return layout.pattern(entry.not_available)
        bits = self._not_available.get(layout.type.name)
        if bits is None:
            return None
        return layout.pattern(bits) if layout.type.words else bits.to_bytes(2, "big") * layout.count

    def _conditions(self, files: Mapping[int, ConditionFile] | None, key: str) -> dict[int, Condition] | None:
        if files is None:
            return None
        found = {}
        for code, condition in files.items():
            role, signal = self._role_and_signal(condition.device, condition.signal, f"{key}: {code}: ")
            tests = (condition.above, condition.below, condition.equals)
            found[code] = Condition(role, signal, *(None if test is None else float(test) for test in tests))
        return found

    def _parts(self, entry: RegisterEntry, role: str) -> tuple[tuple[str, str], ...]:
        """Return the further signals that an entry adds, of its own or other devices."""
        if entry.mean is not None and entry.plus is not None:
            raise _EntryError("expected plus or mean, not both")
        key, parts = ("mean", entry.mean) if entry.mean is not None else ("plus", entry.plus or [])
        return tuple(self._part(part, entry, role, f"{key}: ") for part in parts)

    def _kind_of(self, role: str) -> str:
        return self._roles[role] if role else self._kind

    def _beside(self, entry: RegisterEntry, role: str) -> str:
        return self._number(role or None, entry.beside, "beside: ")[1] if entry.beside else ""

    def _divisor(self, entry: RegisterEntry, role: str) -> tuple[str, bool] | None:
        if not entry.per:
            return None
        device_type = registry[self._kind_of(role)]
        parameters = numeric_parameters(device_type.params)
        signals = [each.name for each in device_type.signals.values() if each.type is not str]
        if entry.per not in signals and entry.per not in parameters:
            hint = did_you_mean(entry.per, [*signals, *parameters])
            raise _EntryError(f"per: a {device_type.kind} has no number {entry.per!r}{hint}")
        return entry.per, entry.per not in signals

    def _parameter(self, name: str, role: str, key: str) -> str:
        device_type = registry[self._kind_of(role)]
        known = numeric_parameters(device_type.params)
        if name and name not in known:
            hint = did_you_mean(name, known)
            raise _EntryError(f"{key}: a {device_type.kind} has no numeric parameter {name!r}{hint}")
        return name

    def _part(self, part: Part, entry: RegisterEntry, role: str, place: str) -> tuple[str, str]:
        signal = part.signal or _signal_name(entry)
        if not signal:
            raise _EntryError(f"{place}missing key signal")
        return self._number(part.device or role or None, signal, place)

    def _number(self, device: str | None, signal: str, place: str) -> tuple[str, str]:
        role, name = self._role_and_signal(device, signal, place)
        if registry[self._kind_of(role)].signals[name].type is str:
            raise _EntryError(f"{place}expected a signal that is a number, found {name}")
        return role, name

    def _role(self, device: str | None, place: str = "") -> str:
        if device is not None and device not in self._roles:
            raise _EntryError(f"{place}device: unknown device {device!r}{did_you_mean(device, self._roles)}")
        return device or OWN

    def _role_and_signal(self, device: str | None, signal: str, place: str) -> tuple[str, str]:
        role = self._role(device, place)
        kind = self._kind_of(role)
        signals = registry[kind].signals
        if signal not in signals:
            raise _EntryError(f"{place}a {kind} has no signal {signal!r}{did_you_mean(signal, signals)}")
        return role, signal


class _EntryError(ConfigError):
    """An error in an entry, before its place is added."""


def _access(entry: RegisterEntry) -> tuple[Table, bool, bool]:
    """Return table, readable and writable from func and direction, or from table and access."""
    if entry.table is not None:
        table = _TABLES[entry.table]
        readable, writable = _ACCESS[entry.access or "ro"]
    elif entry.func is not None:
        func = entry.func
        direction = entry.direction or ("read" if func in _READ_TABLES else "write")
        tables = _READ_TABLES if direction == "read" else _WRITE_TABLES
        if func not in tables:
            known = ", ".join(f"0x{number:02X}" for number in tables)
            raise _EntryError(f"func: expected {known} for a {direction}, found {func}")
        table = tables[func]
        # Written values can be read back, as on the devices that these maps describe.
        readable, writable = True, direction == "write"
        if entry.access is not None:
            readable, writable = _ACCESS[entry.access]
    else:
        raise _EntryError("expected func (0x02, 0x03, 0x04, 0x06, 0x10) or table (input, holding, …)")
    if writable and table in {Table.DISCRETE_INPUTS, Table.INPUT_REGISTERS}:
        raise _EntryError(f"{table.value} are read-only; expected access ro")
    return table, readable, writable


def _signal_name(entry: RegisterEntry) -> str:
    if entry.signal is not None and entry.internal_name is not None:
        raise _EntryError("expected signal or internal_name, not both")
    return entry.signal or entry.internal_name or ""


def _sizes(entry: RegisterEntry, layout: Layout) -> tuple[tuple[int, Raw], ...]:
    if (entry.sizes is None) is not (not entry.by):
        raise _EntryError("expected by and sizes together")
    found = []
    for size, given in sorted((entry.sizes or {}).items()):
        constant = _constant(given, layout, f"sizes: {size}")
        if constant is None:
            raise _EntryError(f"sizes: {size}: expected a constant")
        found.append((size, constant))
    return tuple(found)


def _constant(found: Any, layout: Layout, key: str) -> int | float | str | None:
    if found is None:
        return None
    if layout.type.encoding is Encoding.TEXT:
        if isinstance(found, bool) or not isinstance(found, str | int | float):
            raise _EntryError(f"{key}: expected text, found {shown(found)}")
        return str(found)
    try:
        number = to_exact(found)
    except ValueError as error:
        raise _EntryError(f"{key}: {error}") from None
    if layout.type.encoding is Encoding.FLOAT:
        if not layout.low <= number <= layout.high:
            raise _EntryError(
                f"{key}: expected a number from {layout.low:g} to {layout.high:g}, found {shown(found)}"
            )
        return float(number)
    if number.denominator != 1 or not layout.low <= number <= layout.high:
        raise _EntryError(
            f"{key}: expected a whole number from {layout.low:.0f} to {layout.high:.0f}, found {number}"
        )
    return int(number)
