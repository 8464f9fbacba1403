"""A register map bound to running devices: reads come from one tick, writes become atomic events."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from twin_tui.engine.agenda import Watcher
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Scalar, SelectMode, Write
from twin_tui.engine.running import Device
from twin_tui.engine.snapshot import LogKind, RegisterRow, RegisterWrite
from twin_tui.errors import CommandError, ConfigError, did_you_mean
from twin_tui.protocols.maps.check import shares_memory
from twin_tui.protocols.maps.image import Cell, Source
from twin_tui.protocols.maps.model import (
    OWN,
    Case,
    Condition,
    Reference,
    Refused,
    Register,
    RegisterMap,
    Watchdog,
)
from twin_tui.protocols.maps.wire import Form, Raw
from twin_tui.protocols.modbus.bank import (
    BYTES_PER_ADDRESS,
    Bank,
    Extent,
    Table,
    WriteRequest,
    all_ones,
)
from twin_tui.protocols.modbus.pdu import ModbusCode

WATCHDOG = "watchdog"


@dataclass(slots=True)
class _Change:
    """One register that a write touches: its new bytes and the command they become."""

    cell: Cell
    writer: Register
    device: Device
    signal: str
    """The command that is written; empty for a stored register."""
    data: bytes
    value: Scalar = 0


class Binding:
    """One register map behind one unit; ``bank`` is what a server serves."""

    def __init__(
        self,
        register_map: RegisterMap,
        engine: Engine,
        devices: Mapping[str, Device],
        identity: Mapping[int, str] | None = None,
    ) -> None:
        self.map = register_map
        self.engine = engine
        served = [register for register in register_map.registers if register.role in devices]
        extents = [Extent(r.table, r.address, r.count, r.readable, r.writable) for r in served]
        self.bank = Bank(
            extents,
            self.refresh,
            self.write,
            limits=register_map.limits,
            identity=identity,
            not_available=self.not_available,
        )
        self.cells = self._lay_out(served, devices)
        self._by_table = {table: [c for c in self.cells if c.reader.table is table] for table in Table}
        self._starts = {table: [c.reader.address for c in cells] for table, cells in self._by_table.items()}
        self._sources = [
            Source(device, [cell for cell in self.cells if cell.device is device])
            for device in dict.fromkeys(devices.values())
        ]
        self._devices = dict(devices)
        self._composed = [cell for cell in self.cells if cell.reader.composed]
        self._names = {
            r.name: cell for cell in reversed(self.cells) for r in (cell.reader, cell.writer) if r is not None
        }
        self._write_constants()
        self._written_tick = 0
        self._watcher: Watcher | None = None

    def refresh(self) -> None:
        """Bring the registers up to the engine's present tick; cheap when nothing has moved."""
        surroundings = self.engine.surroundings
        moved = False
        for source in self._sources:
            moved |= source.refresh(surroundings)
        if moved:
            for cell in self._composed:
                self._compose(cell)

    def not_available(self, table: Table, address: int, count: int) -> bytes:
        """Return what the device serves there for values that it does not have; all ones unless it says."""
        size = BYTES_PER_ADDRESS[table]
        data = bytearray(all_ones(table, address, count))
        for cell in self._touched(table, address, count):
            pattern = cell.reader.not_available
            if pattern is None:
                continue
            start = (cell.reader.address - address) * size
            low, high = max(0, start), min(len(data), start + len(pattern))
            data[low:high] = pattern[low - start : high - start]
        return bytes(data)

    def rows(self) -> list[RegisterRow]:
        """Return the registers as a listing shows them."""
        self.refresh()
        return [self._row(cell) for cell in self.cells]

    def row(self, table: Table, address: int) -> RegisterRow:
        """Return the register at an address, or raise CommandError."""
        self.refresh()
        return self._row(self.cell(table, address))

    def cell(self, table: Table, address: int) -> Cell:
        """Return the cell that covers an address, or raise CommandError."""
        for cell in self._touched(table, address, 1):
            return cell
        raise CommandError(f"{self.map.name}: {table.value} {address} is not mapped")

    def write(self, request: WriteRequest) -> int:
        """Carry out a client's write, all of it or nothing; return 0 or a Modbus exception code."""
        self.refresh()
        changes: list[_Change] = []
        for cell in self._touched(request.table, request.address, request.count):
            if cell.writer is None or cell.device is None:
                return ModbusCode.ILLEGAL_DATA_ADDRESS
            signal = cell.writer.signal.name if cell.writer.signal is not None else ""
            changes.append(_Change(cell, cell.writer, cell.device, signal, _merged(cell, request)))
        try:
            for change in changes:
                change.value = change.writer.accept(change.data)
            self._submit(changes, request)
        except (Refused, CommandError) as error:
            self._remember(changes, request, f"refused: {error}")
            text = f"refused: {error}  fc{request.function:02d} {request.address}"
            self.engine.note(LogKind.WRITE, changes[0].device.name, text, request.client)
            return ModbusCode.ILLEGAL_DATA_VALUE
        self._feed_watchdog()
        self._remember(changes, request, "ok")
        for change in changes:
            if change.signal:
                self._echo(change)
            else:
                change.cell.memory[change.cell.start : change.cell.end] = change.data
        return 0

    def _submit(self, changes: list[_Change], request: WriteRequest) -> None:
        values: dict[str, dict[str, Scalar]] = {}
        details: dict[str, list[str]] = {}
        for change in changes:
            name = change.device.name
            details.setdefault(name, []).append(_described(change, request.function))
            commands = values.setdefault(name, {})
            if change.signal:
                commands[change.signal] = change.value
        modes = self._apply_rules(changes, values, request.client)
        events: list[Write | SelectMode] = [
            Write(name, commands, origin=request.client, detail=", ".join(details.get(name, ())))
            for name, commands in values.items()
        ]
        events += modes
        for event in events:
            self.engine.check(event)
        for event in events:
            self.engine.submit(event)

    def _apply_rules(
        self, changes: list[_Change], values: dict[str, dict[str, Scalar]], client: str
    ) -> list[SelectMode]:
        """Add the commands that follow from written registers; return the modes that do."""
        written = {change.writer.name: change.data for change in changes}
        modes = []
        for rule in self.map.rules:
            device = self._devices.get(rule.role)
            if device is None or rule.registers.isdisjoint(written):
                continue
            case = next((case for case in rule.cases if self._fits(case, written)), None)
            if case is None:
                continue
            if case.values:
                commands = values.setdefault(device.name, {})
                for name, number in case.values.items():
                    commands[name] = self._commanded(number, written, device)
            if case.mode:
                modes.append(SelectMode(device.name, case.mode, origin=client))
        return modes

    def _fits(self, case: Case, written: Mapping[str, bytes]) -> bool:
        return all(self._raw(name, written) in codes for name, codes in case.when.items())

    def _raw(self, name: str, written: Mapping[str, bytes]) -> Raw:
        cell = self._names[name]
        return cell.reader.layout.unpack(written.get(name, cell.data))

    def _commanded(self, number: float | Reference, written: Mapping[str, bytes], device: Device) -> float:
        if not isinstance(number, Reference):
            return number
        value = float(self._raw(number.register, written)) * float(number.quantum) + float(number.shift)
        if number.of:
            value *= getattr(device.telemetry(self.engine.surroundings), number.of)
        return value

    def _echo(self, change: _Change) -> None:
        """Remember bytes that their own command would not read back as, so that they do."""
        cell, writer = change.cell, change.writer
        cell.echo = None
        command = getattr(change.device.commands, change.signal)
        taken = command == change.value and writer.decode(change.data) == change.value
        if not taken or writer.signal is not cell.reader.signal or cell.reader.encode(command) == change.data:
            return
        cell.echo = (change.signal, change.data, command)
        source = next(source for source in self._sources if source.device is change.device)
        if cell not in source.echoed:
            source.echoed.append(cell)

    def _remember(self, changes: list[_Change], request: WriteRequest, verdict: str) -> None:
        engine = self.engine
        for change in changes:
            change.cell.last_write = RegisterWrite(
                engine.tick,
                engine.time_s,
                request.client,
                request.function,
                _words(change.data, change.writer),
                change.writer.text(change.data),
                verdict,
            )

    def _feed_watchdog(self) -> None:
        """Wait for the next write from now on; without one in time, the fallback is commanded once."""
        self._written_tick = self.engine.tick
        watchdog = self.map.watchdog
        if watchdog is not None and watchdog.role in self._devices and self._watcher is None:
            self._watcher = self.engine.watch(self.engine.dt_s, partial(self._look, watchdog))

    def _look(self, watchdog: Watchdog) -> None:
        engine = self.engine
        if (engine.tick - self._written_tick) * engine.dt_s < watchdog.seconds - 1e-9:
            return
        assert self._watcher is not None
        engine.unwatch(self._watcher)
        self._watcher = None
        name = self._devices[watchdog.role].name
        detail = f"nobody has written for {watchdog.seconds:g} s"
        engine.submit(Write(name, dict(watchdog.fallback), origin=WATCHDOG, detail=detail))

    def _lay_out(self, served: list[Register], devices: Mapping[str, Device]) -> list[Cell]:
        """Return one cell per place; the reading and the writing entry of a place share it."""
        cells: list[Cell] = []
        for register in sorted(served, key=lambda r: (list(Table).index(r.table), r.address, r.writable)):
            if cells and shares_memory(cells[-1].reader, register):
                cells[-1].writer = register
                continue
            memory, start = self.bank.locate(register.table, register.address)
            writer = register if register.writable else None
            cells.append(Cell(register, writer, devices[register.role], memory, start))
        return cells

    def _write_constants(self) -> None:
        for cell in self.cells:
            register = cell.reader
            if register.signal is not None or register.composed:
                continue
            if register.param:
                assert cell.device is not None
                number = getattr(cell.device.params, register.param)
                if register.per_param:
                    number /= getattr(cell.device.params, register.per_param)
                data = register.encode(number)
            elif isinstance(register.constant, str):
                name = cell.device.name if cell.device is not None else ""
                data = register.layout.pack(register.constant.replace("{device}", name))
            elif register.constant is not None:
                data = register.layout.pack(register.constant)
            else:
                data = register.nothing()
            cell.memory[cell.start : cell.end] = data

    def _compose(self, cell: Cell) -> None:
        """Store a value that follows from several signals or from conditions."""
        register = cell.reader
        if register.bits is not None:
            word = sum(1 << bit for bit, condition in register.bits.items() if self._holds(condition))
            data = register.layout.pattern(word)
        elif register.states is not None:
            holding = (code for code, condition in register.states.items() if self._holds(condition))
            code = next(holding, register.constant)
            data = register.nothing() if code is None else register.layout.pack(code)
        else:
            assert register.signal is not None
            parts = ((register.role, register.signal.name), *register.parts)
            numbers = [self._seen(role, name) for role, name in parts if role in self._devices]
            data = register.encode(sum(numbers) / len(numbers) if register.mean else sum(numbers))
        cell.memory[cell.start : cell.end] = data

    def _holds(self, condition: Condition) -> bool:
        return condition.role in self._devices and condition.holds(
            self._seen(condition.role, condition.signal)
        )

    def _seen(self, role: str, signal: str) -> Any:
        device = self._devices[role]
        command = device.type.signals[signal].command
        return getattr(device.commands if command else device.telemetry(self.engine.surroundings), signal)

    def _touched(self, table: Table, address: int, count: int) -> list[Cell]:
        cells = self._by_table[table]
        first = max(0, bisect_right(self._starts[table], address) - 1)
        found = []
        for cell in cells[first:]:
            if cell.reader.address >= address + count:
                break
            if cell.reader.end > address:
                found.append(cell)
        return found

    def _row(self, cell: Cell) -> RegisterRow:
        register = cell.reader
        writable = cell.writer is not None
        data = cell.data
        signal = register.signal.name if register.signal is not None else ""
        return RegisterRow(
            table=register.table.value,
            address=register.address,
            count=register.count,
            name=register.name,
            type=register.layout.type.name,
            raw=_words(data, register),
            text=register.text(data),
            option=register.option(data),
            access=("rw" if register.readable else "wo") if writable else "ro",
            device=cell.device.name if cell.device is not None else "",
            signal=signal,
            pinned=cell.device is not None and signal in cell.device.pins,
            last_write=cell.last_write,
            description=register.description,
        )


def bind(
    register_map: RegisterMap,
    engine: Engine,
    device: str,
    *,
    devices: Mapping[str, str] | None = None,
    identity: Mapping[int, str] | None = None,
) -> Binding:
    """Bind a map to a running device, and to the further devices that its roles name.

    Registers of a role that nobody plays are not there. Raises ConfigError when kinds do not match.
    """
    players = {OWN: _device(engine, device, register_map.kind, register_map.name)}
    for role, name in (devices or {}).items():
        if role not in register_map.roles:
            hint = did_you_mean(role, register_map.roles)
            raise ConfigError(f"register map {register_map.name} has no role {role!r}{hint}")
        players[role] = _device(engine, name, register_map.roles[role], f"{register_map.name}, {role}")
    return Binding(register_map, engine, players, identity)


def _device(engine: Engine, name: str, kind: str, what: str) -> Device:
    found = engine.devices.get(name)
    if found is None:
        raise ConfigError(f"register map {what}: unknown device {name!r}{did_you_mean(name, engine.devices)}")
    if found.type.kind != kind:
        raise ConfigError(f"register map {what} is for a {kind}; {name} is a {found.type.kind}")
    return found


def _merged(cell: Cell, request: WriteRequest) -> bytes:
    """Return the cell's bytes with those of a write laid over them; it may touch only a part."""
    size = 1 if cell.reader.layout.type.form is Form.BIT else 2
    shift = (request.address - cell.reader.address) * size
    data = bytearray(cell.data)
    low, high = max(0, shift), min(len(data), shift + len(request.data))
    data[low:high] = request.data[low - shift : high - shift]
    return bytes(data)


def _words(data: bytes, register: Register) -> tuple[int, ...]:
    if register.layout.type.form is Form.BIT:
        return tuple(data)
    return tuple(int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2))


def _described(change: _Change, function: int) -> str:
    writer = change.writer
    raw = writer.layout.unpack(change.data)
    meaning = writer.option(change.data)
    text = writer.text(change.data)
    shown = f"{text} ({meaning})" if meaning else text
    return f"fc{function:02d} {writer.address} {writer.name} {raw} → {shown}"
