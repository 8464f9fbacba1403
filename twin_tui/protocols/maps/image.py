"""Registers kept up to date from the signals of one device: many at a time, with one prebuilt struct."""

import struct
from array import array
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter, mul
from typing import Any

from twin_tui.engine.running import Device
from twin_tui.engine.surroundings import Surroundings
from twin_tui.protocols.maps.check import shares_memory
from twin_tui.protocols.maps.model import Register
from twin_tui.protocols.maps.wire import Form
from twin_tui.protocols.modbus.memory import Memory, Table


@dataclass(slots=True, frozen=True)
class LastWrite:
    """The last attempt to write a register: when by the wall clock, by whom, and "ok" or why not."""

    wall_s: float
    client: str
    verdict: str


class Cell:
    """One place in memory: the entry that is served there and the entry that takes writes there."""

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
        """The command, the bytes that were written and what it became, until somebody else changes it."""
        self.last_write: LastWrite | None = None

    @property
    def data(self) -> bytes:
        """The bytes as a client would read them."""
        return bytes(self.memory[self.start : self.end])

    @data.setter
    def data(self, data: bytes) -> None:
        self.memory[self.start : self.end] = data

    @property
    def words(self) -> tuple[int, ...]:
        """The registers as numbers; of a coil or discrete input its bit."""
        data, size = self.data, 1 if self.reader.layout.type.form is Form.BIT else 2
        return tuple(int.from_bytes(data[at : at + size], "big") for at in range(0, len(data), size))

    def put(self, value: Any) -> None:
        """Store a signal's value."""
        self.data = self.reader.encode(value)

    def fixed(self) -> bytes:
        """Return what a register that follows from no signal holds to begin with."""
        register = self.reader
        if register.param:
            number = getattr(self.device.params, register.param)
            if register.per_param:
                number /= getattr(self.device.params, register.per_param)
            return register.encode(number)
        if register.constant is None:
            return register.nothing()
        text = register.constant
        return register.layout.pack(
            text.replace("{device}", self.device.name) if isinstance(text, str) else text
        )


def lay_out(memory: Memory, registers: Iterable[Register], devices: Mapping[str, Device]) -> list[Cell]:
    """Return one cell per place, constants in it; the reading and the writing entry of a place share it."""
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
        if cell.reader.signal is None and not cell.reader.composed:
            cell.data = cell.fixed()
    return cells


class Group:
    """Linear registers of one form whose signals stand on one object; filled in one go."""

    __slots__ = (
        "_cells",
        "_copies",
        "_factors",
        "_get",
        "_pack",
        "_scratch",
        "_swap",
        "_unavailable",
        "_whole",
    )

    def __init__(self, cells: list[Cell]) -> None:
        registers = [cell.reader for cell in cells]
        form, self._swap = _family(cells[0])
        self._cells = cells
        self._get = _getter(registers)
        self._whole = form is Form.INTEGER
        self._factors = None if form is Form.BIT else [register.factor for register in registers]
        layout = struct.Struct(("<" if self._swap else ">") + "".join(r.layout.type.code for r in registers))
        self._scratch: Any = array("H", bytes(layout.size)) if self._swap else bytearray(layout.size)
        self._pack: Callable[..., None] = layout.pack_into
        self._unavailable = frozenset(
            r.layout.unpack(r.not_available) for r in registers if r.not_available is not None and self._whole
        )
        self._copies = self._plan_copies()

    def fill(self, seen: Any) -> None:
        """Bring the registers up to what ``seen`` says now."""
        values: Any = self._get(seen)
        try:
            if self._factors is not None:
                values = map(mul, values, self._factors)
                if self._whole:
                    values = list(map(round, values))
                    if self._unavailable and not self._unavailable.isdisjoint(values):
                        raise ValueError("a value would read as not available")
            self._pack(self._scratch, 0, *values)
        except (struct.error, ValueError, OverflowError, TypeError):
            # Something does not fit its register or is no number: one by one, each held at its bounds.
            for cell, value in zip(self._cells, self._get(seen), strict=True):
                cell.put(value)
            return
        if self._swap:
            self._scratch.byteswap()
        for target, source in self._copies:
            target[:] = source

    def _plan_copies(self) -> list[tuple[memoryview, memoryview]]:
        """Return (memory, scratch) slices; what lies side by side goes in one copy."""
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


class Source:
    """A device and the registers that follow from it."""

    __slots__ = ("_commands", "_seen", "device", "echoed", "groups", "singles")

    def __init__(self, device: Device, cells: list[Cell]) -> None:
        self.device = device
        self._seen: Any = None
        self._commands: Any = None
        self.groups: dict[bool, list[Group]] = {False: [], True: []}
        self.singles: dict[bool, list[tuple[Cell, Callable[[Any], Any]]]] = {False: [], True: []}
        self.echoed: list[Cell] = []
        live = [cell for cell in cells if cell.reader.signal is not None and not cell.reader.composed]
        for command in (False, True):
            mine = [cell for cell in live if cell.reader.signal and cell.reader.signal.command is command]
            linear = sorted((cell for cell in mine if cell.reader.linear), key=lambda c: str(_family(c)))
            self.groups[command] = [Group(list(members)) for _, members in groupby(linear, key=_family)]
            self.singles[command] = [
                (cell, attrgetter(cell.reader.signal.name))
                for cell in mine
                if not cell.reader.linear and cell.reader.signal is not None
            ]

    def refresh(self, surroundings: Surroundings) -> bool:
        """Bring the registers up to the device's present telemetry and commands; tell whether any moved."""
        device = self.device
        seen = device.telemetry(surroundings)
        commands = device.commands
        if seen is self._seen and commands is self._commands:
            return False
        if seen is not self._seen:
            self._seen = seen
            self._fill(False, seen)
        if commands is not self._commands:
            self._commands = commands
            self._fill(True, commands)
            if self.echoed:
                self._repeat_echoes(commands)
        return True

    def _fill(self, command: bool, seen: Any) -> None:
        for group in self.groups[command]:
            group.fill(seen)
        for cell, get in self.singles[command]:
            cell.put(get(seen))

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


def _family(cell: Cell) -> tuple[Form, bool]:
    layout = cell.reader.layout
    return layout.type.form, layout.words_little and layout.type.form is not Form.BIT


def _getter(registers: list[Register]) -> Callable[[Any], tuple[Any, ...]]:
    names = [register.signal.name for register in registers if register.signal is not None]
    if len(names) == 1:
        only = attrgetter(names[0])
        return lambda seen: (only(seen),)
    return attrgetter(*names)
