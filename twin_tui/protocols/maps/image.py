"""Register memory updated from the signals of a device: many registers at once, with one prebuilt struct."""

import struct
from array import array
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from operator import attrgetter, mul
from typing import Any

from twin_tui.engine.running import Device
from twin_tui.engine.signals import value
from twin_tui.engine.surroundings import Surroundings
from twin_tui.protocols.maps.check import shares_memory
from twin_tui.protocols.maps.model import Register
from twin_tui.protocols.maps.wire import Encoding, Raw
from twin_tui.protocols.modbus.memory import Table, UnitMemory


@value
class LastWrite:
    """The last write to a register: wall-clock time, client, and "ok" or the reason of its refusal."""

    wall_s: float
    client: str
    verdict: str


class Cell:
    """One place in memory: the entry that is served there and the entry that accepts writes there."""

    __slots__ = ("device", "echo", "end", "last_write", "memory", "reader", "start", "writer")

    def __init__(
        self, reader: Register, writer: Register | None, device: Device, memory: bytearray, start: int
    ) -> None:
        self.reader = reader
        self.writer = writer
        self.device = device
        self.memory = memory
        self.start = start
        self.end = start + reader.layout.size
        self.echo: tuple[str, bytes, Any] | None = None
        """Command, written bytes and resulting value, until another write changes the value."""
        self.last_write: LastWrite | None = None

    @property
    def data(self) -> bytes:
        """The bytes as a client reads them."""
        return bytes(self.memory[self.start : self.end])

    @data.setter
    def data(self, data: bytes) -> None:
        self.memory[self.start : self.end] = data

    @property
    def words(self) -> tuple[int, ...]:
        """The registers as numbers; for a coil or discrete input its bit."""
        return words_of(self.data, self.reader)

    def put(self, value: Any) -> None:
        """Store a signal's value."""
        if self.reader.ceiling and value is not None:
            value = min(value, getattr(self.device.params, self.reader.ceiling))
        self.data = self.reader.encode(value)

    def fixed(self) -> bytes:
        """Return the initial bytes of a register without a signal."""
        register = self.reader
        if register.param:
            number = getattr(self.device.params, register.param)
            if register.per_param:
                number /= getattr(self.device.params, register.per_param)
            return register.encode(number)
        text = self._of_size() if register.sizes else register.constant
        if text is None:
            return register.nothing()
        return register.layout.pack(
            text.replace("{device}", self.device.name) if isinstance(text, str) else text
        )

    def _of_size(self) -> Raw:
        """Return the constant of the device's size."""
        sizes, size = self.reader.sizes, getattr(self.device.params, self.reader.by)
        return next((constant for most, constant in sizes if size <= most), sizes[-1][1])


def words_of(data: bytes, register: Register) -> tuple[int, ...]:
    """Return the bytes of an entry as numbers; for a coil or discrete input its bit."""
    size = 1 if register.layout.type.encoding is Encoding.BIT else 2
    return tuple(int.from_bytes(data[at : at + size], "big") for at in range(0, len(data), size))


def lay_out(memory: UnitMemory, registers: Iterable[Register], devices: Mapping[str, Device]) -> list[Cell]:
    """Return one cell per place, with constants stored; reading and writing entry of a place share it."""
    cells: list[Cell] = []
    tables = list(Table)
    for register in sorted(registers, key=lambda r: (tables.index(r.table), r.address, r.writable)):
        if cells and shares_memory(cells[-1].reader, register):
            cells[-1].writer = register
            continue
        writer = register if register.writable else None
        place = memory.locate(register.table, register.address)
        cells.append(Cell(register, writer, devices[register.role], *place))
    for cell in cells:
        if cell.reader.signal is None:
            cell.data = cell.fixed()
    return cells


class RegisterGroup:
    """Registers of one encoding that are values times factors; updated together.

    The values are signals of one object, or what ``get`` returns for it.
    """

    __slots__ = (
        "_cells",
        "_copies",
        "_counters",
        "_factors",
        "_get",
        "_pack",
        "_scratch",
        "_swap",
        "_unavailable",
        "_whole",
    )

    def __init__(self, cells: list[Cell], get: Callable[[Any], tuple[Any, ...]] | None = None) -> None:
        registers = [cell.reader for cell in cells]
        encoding, self._swap, self._counters = family(cells[0])
        self._cells = cells
        self._get = _getter(registers) if get is None else get
        self._whole = encoding is Encoding.INTEGER
        self._factors = None if encoding is Encoding.BIT else [register.factor for register in registers]
        layout = struct.Struct(("<" if self._swap else ">") + "".join(r.layout.type.code for r in registers))
        self._scratch: Any = array("H", bytes(layout.size)) if self._swap else bytearray(layout.size)
        self._pack: Callable[..., None] = layout.pack_into
        self._unavailable = frozenset(
            r.layout.unpack(r.not_available) for r in registers if r.not_available is not None and self._whole
        )
        self._copies = self._plan_copies()

    def fill(self, signals: Any) -> None:
        """Update the registers from an object with the signals."""
        values: Any = self._get(signals)
        try:
            if self._factors is not None:
                values = map(mul, values, self._factors)
                if self._whole:
                    values = list(map(round, values))
                    if self._counters:
                        values = [number or 1 for number in values]
                    if self._unavailable and not self._unavailable.isdisjoint(values):
                        raise ValueError("a value would read as not available")
            self._pack(self._scratch, 0, *values)
        except (struct.error, ValueError, OverflowError, TypeError):
            # A value is out of range or not a number: one by one, each limited to its range.
            for cell, value in zip(self._cells, self._get(signals), strict=True):
                cell.put(value)
            return
        if self._swap:
            self._scratch.byteswap()
        for target, source in self._copies:
            target[:] = source

    def _plan_copies(self) -> list[tuple[memoryview, memoryview]]:
        """Return (memory, scratch) slices; adjacent registers are one copy."""
        source = memoryview(self._scratch).cast("B")
        pieces: list[tuple[bytearray, int, int]] = []
        for cell in self._cells:
            if pieces and pieces[-1][0] is cell.memory and pieces[-1][2] == cell.start:
                pieces[-1] = (cell.memory, pieces[-1][1], cell.end)
            else:
                pieces.append((cell.memory, cell.start, cell.end))
        copies, at = [], 0
        for memory, start, end in pieces:
            copies.append((memoryview(memory)[start:end], source[at : at + end - start]))
            at += end - start
        return copies


class DeviceImage:
    """A device and the registers with its signals."""

    __slots__ = ("_commands", "_telemetry", "device", "echoed", "groups", "singles")

    def __init__(self, device: Device, cells: list[Cell]) -> None:
        self.device = device
        self._telemetry: Any = None
        self._commands: Any = None
        self.groups: dict[bool, list[RegisterGroup]] = {}
        self.singles: dict[bool, list[tuple[Cell, Callable[[Any], Any]]]] = {}
        self.echoed: list[Cell] = []
        live = [cell for cell in cells if cell.reader.signal is not None and not cell.reader.composed]
        for command in (False, True):
            mine = [cell for cell in live if cell.reader.signal and cell.reader.signal.command is command]
            linear = sorted((cell for cell in mine if cell.reader.linear), key=lambda c: str(family(c)))
            self.groups[command] = [
                RegisterGroup(list(members)) for _, members in groupby(linear, key=family)
            ]
            self.singles[command] = [
                (cell, attrgetter(cell.reader.signal.name))
                for cell in mine
                if not cell.reader.linear and cell.reader.signal is not None
            ]

    def refresh(self, surroundings: Surroundings) -> bool:
        """Update the registers from the device's telemetry and commands; return whether any changed."""
        device = self.device
        telemetry = device.telemetry(surroundings)
        commands = device.commands
        changed = False
        if telemetry is not self._telemetry:
            self._telemetry = telemetry
            self._fill(False, telemetry)
            changed = True
        if commands is not self._commands:
            self._commands = commands
            self._fill(True, commands)
            if self.echoed:
                self._repeat_echoes(commands)
            changed = True
        return changed

    def _fill(self, command: bool, signals: Any) -> None:
        for group in self.groups[command]:
            group.fill(signals)
        for cell, get in self.singles[command]:
            cell.put(get(signals))

    def _repeat_echoes(self, commands: Any) -> None:
        kept = []
        for cell in self.echoed:
            if cell.echo is None:
                continue
            signal, written, command = cell.echo
            if getattr(commands, signal) == command:
                cell.data = written
                kept.append(cell)
            else:
                cell.echo = None
        self.echoed = kept


def family(cell: Cell) -> tuple[Encoding, bool, bool]:
    """Return what the registers of a group have in common.

    Encoding, whether their words are swapped, and whether 0 is “not available”, which a counter never shows.
    """
    layout = cell.reader.layout
    little = layout.words_little and layout.type.encoding is not Encoding.BIT
    return layout.type.encoding, little, cell.reader.lowest == 1


def _getter(registers: list[Register]) -> Callable[[Any], tuple[Any, ...]]:
    names = [register.signal.name for register in registers if register.signal is not None]
    if len(names) == 1:
        only = attrgetter(names[0])
        return lambda signals: (only(signals),)
    return attrgetter(*names)
