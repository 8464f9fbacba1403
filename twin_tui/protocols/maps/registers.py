"""A device's registers in one map: reads are consistent within a tick, writes are atomic events."""

import re
import time
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from twin_tui.engine.agenda import Watcher
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Scalar, SelectMode, Write
from twin_tui.engine.log import REFUSED
from twin_tui.engine.running import Device
from twin_tui.engine.snapshot import LogKind
from twin_tui.errors import CommandError, ConfigError, did_you_mean
from twin_tui.protocols.maps.derived import Derived
from twin_tui.protocols.maps.image import Cell, DeviceImage, LastWrite, lay_out
from twin_tui.protocols.maps.lasting import Lasting
from twin_tui.protocols.maps.model import (
    OWN,
    InvalidValue,
    Reference,
    Register,
    RegisterMap,
    RuleCase,
    Watchdog,
)
from twin_tui.protocols.maps.standards import Consequence, rules_of
from twin_tui.protocols.maps.wire import Raw
from twin_tui.protocols.modbus.memory import BYTES_PER_ADDRESS, Extent, Table, UnitMemory, WriteRequest
from twin_tui.protocols.modbus.pdu import ModbusCode

WATCHDOG = "watchdog"
ENDED = "end of a timed command"


@dataclass(slots=True)
class _Change:
    """One written register: its new bytes and the command value."""

    cell: Cell
    writer: Register
    data: bytes
    value: Scalar = 0

    @property
    def signal(self) -> str:
        """The written command; empty for a stored register."""
        return self.writer.signal.name if self.writer.signal is not None else ""


class Registers(UnitMemory):
    """The registers of a device in one map, shared by every port, line and unit that serves them.

    Stored registers, rules and the write watchdog belong to the device, not to the client.
    """

    def __init__(
        self,
        register_map: RegisterMap,
        engine: Engine,
        devices: Mapping[str, Device],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        served = [register for register in register_map.registers if register.role in devices]
        extents = [Extent(r.table, r.address, r.count, r.readable, r.writable) for r in served]
        super().__init__(extents, register_map.limits, register_map.gaps)
        self.map = register_map
        self.engine = engine
        self.devices = dict(devices)
        """The device and the further ones of its unit, by role."""
        self.cells = lay_out(self, served, devices)
        self._by_table = {table: [c for c in self.cells if c.reader.table is table] for table in Table}
        self._starts = {table: [c.reader.address for c in cells] for table, cells in self._by_table.items()}
        self._names = {
            r.name: cell for cell in reversed(self.cells) for r in (cell.reader, cell.writer) if r is not None
        }
        self._images = {
            device.name: DeviceImage(device, [cell for cell in self.cells if cell.device is device])
            for device in devices.values()
        }
        self._derived = Derived(engine, self.devices, self.cells)
        self._lasting = Lasting(engine, self._end_commands)
        self._clock = clock
        self._written_tick = 0
        self._watcher: Watcher | None = None
        self._standard = rules_of(register_map.standard, self)

    def named(self) -> dict[str, Cell]:
        """Return the cells by the names of their registers."""
        return self._names

    @property
    def identity(self) -> dict[int, str]:
        """The objects of device identification of the map, for this device."""
        texts = {"device": self.devices[OWN].name}
        texts |= {c.reader.name: c.reader.text(c.data) for c in self.cells if c.reader.role == OWN}
        return {
            number: re.sub(r"\{(\w+)\}", lambda found: texts.get(found[1], found[0]), text)
            for number, text in self.map.identity.items()
        }

    def refresh(self) -> None:
        """Update the registers to the engine's present tick; cheap if nothing has changed."""
        surroundings = self.engine.surroundings
        changed = False
        for image in self._images.values():
            changed |= image.refresh(surroundings)
        if changed:
            self._derived.fill()
        if self._standard is not None:
            self._standard.refresh()

    def not_available(self, table: Table, address: int, count: int) -> bytes:
        """Return the device's bytes for values that are not available; all ones by default."""
        size = BYTES_PER_ADDRESS[table]
        data = bytearray(super().not_available(table, address, count))
        for cell in self._touched(table, address, count):
            pattern = cell.reader.not_available
            if pattern is None:
                continue
            start = (cell.reader.address - address) * size
            low, high = max(0, start), min(len(data), start + len(pattern))
            data[low:high] = pattern[low - start : high - start]
        return bytes(data)

    def write(self, request: WriteRequest) -> int:
        """Carry out a client's write completely or not at all; return 0 or a Modbus exception code."""
        self.refresh()
        changes: list[_Change] = []
        for cell in self._touched(request.table, request.address, request.count):
            if cell.writer is None:
                self.refused(request, ModbusCode.ILLEGAL_DATA_ADDRESS)
                return ModbusCode.ILLEGAL_DATA_ADDRESS
            changes.append(_Change(cell, cell.writer, _merged(cell, request)))
        try:
            for change in changes:
                change.value = change.writer.accept(change.data)
            derived = self._submit(changes, request)
        except (InvalidValue, CommandError) as error:
            self._remember(changes, request.client, f"refused: {error}")
            self._note_refusal(request, str(error), changes[0].cell.device.name)
            return ModbusCode.ILLEGAL_DATA_VALUE
        self._let_end(changes)
        self._feed_watchdog()
        self._remember(changes, request.client, "ok")
        for change in changes:
            if change.signal:
                self._echo(change)
            else:
                change.cell.data = change.data
        for name, data in derived.contents.items():
            self._names[name].data = data
        if derived.then is not None:
            derived.then()
        return 0

    def refused(self, request: WriteRequest, code: int) -> None:
        """Log a write that the unit does not accept whatever its values are."""
        cells = self._touched(request.table, request.address, request.count)
        if code == ModbusCode.ILLEGAL_FUNCTION:
            reason = f"function {request.function} is not supported by this device"
        elif code == ModbusCode.ILLEGAL_DATA_ADDRESS:
            reason = self._closed_address(request)
        else:
            reason = f"invalid request, {request.count} from {request.table.value} {request.address}"
        for cell in cells:
            if cell.writer is None:
                cell.last_write = LastWrite(self._clock(), request.client, f"{REFUSED}{reason}")
        self._note_refusal(request, reason, cells[0].device.name if cells else self.devices[OWN].name)

    def _closed_address(self, request: WriteRequest) -> str:
        """Return which address of a write is the first that accepts none, and what is there."""
        table, last = request.table, request.address + request.count
        place = next((a for a in range(request.address, last) if not self.writable(table, a, 1)), None)
        if place is None:
            return "the registers to read are not mapped"
        here = self._touched(table, place, 1)
        if here:
            return f"{place} {here[0].reader.name} is read only"
        missing = f"no {table.value.removesuffix('s')} at {place}"
        for other in Table:
            if found := self._touched(other, place, 1):
                return f"{missing}; the {other.value} have {found[0].reader.name} there"
        return missing

    def _note_refusal(self, request: WriteRequest, reason: str, device: str) -> None:
        text = f"{REFUSED}{reason}  fc{request.function:02d} {request.address}"
        self.engine.note(LogKind.WRITE, device, text, request.client)

    def _submit(self, changes: list[_Change], request: WriteRequest) -> Consequence:
        values: dict[str, dict[str, Scalar]] = {}
        details: dict[str, list[str]] = {}
        for change in changes:
            name = change.cell.device.name
            details.setdefault(name, []).append(_described(change, request.function))
            commands = values.setdefault(name, {})
            if change.signal:
                commands[change.signal] = change.value
        modes = self._apply_rules(changes, values, request.client)
        derived = Consequence()
        if self._standard is not None:
            derived = self._standard.derive({change.writer.name: change.data for change in changes})
            values.setdefault(self.devices[OWN].name, {}).update(derived.commands)
        events: list[Write | SelectMode] = [
            Write(name, commands, origin=request.client, detail=", ".join(details.get(name, ())))
            for name, commands in values.items()
        ]
        events += modes
        if len(events) > 1:  # all or none; submitting checks a single one
            for event in events:
                self.engine.check(event)
        for event in events:
            self.engine.submit(event)
        return derived

    def _apply_rules(
        self, changes: list[_Change], values: dict[str, dict[str, Scalar]], client: str
    ) -> list[SelectMode]:
        """Add the commands derived from written registers; return the derived mode selections."""
        written = {change.writer.name: change.data for change in changes}
        modes = []
        for rule in self.map.rules:
            device = self.devices.get(rule.role)
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

    def _fits(self, case: RuleCase, written: Mapping[str, bytes]) -> bool:
        return all(self._raw(name, written) in codes for name, codes in case.when.items())

    def _raw(self, name: str, written: Mapping[str, bytes]) -> Raw:
        cell = self._names[name]
        return cell.reader.layout.unpack(written.get(name, cell.data))

    def _commanded(self, number: float | Reference, written: Mapping[str, bytes], device: Device) -> float:
        if not isinstance(number, Reference):
            return number
        value = float(self._raw(number.register, written)) * float(number.quantum) + float(number.shift)
        if number.of:
            whole = device.params if number.of_param else device.telemetry(self.engine.surroundings)
            value *= getattr(whole, number.of)
        return value

    def _let_end(self, changes: list[_Change]) -> None:
        """Have the commands of the rules for written registers end when their case says so."""
        written = {change.writer.name: change.data for change in changes}
        for rule in self.map.rules:
            device = self.devices.get(rule.role)
            if device is None or rule.registers.isdisjoint(written):
                continue
            self._lasting.forget(rule)
            case = next((case for case in rule.cases if self._fits(case, written)), None)
            if case is None or not case.then:
                continue
            seconds = None if case.lasts is None else self._commanded(case.lasts, written, device)
            missing = None
            if case.until is not None:
                signal, target = case.until[0], self._commanded(case.until[1], written, device)
                missing = partial(self._missing, rule.role, signal, target)
            self._lasting.begin(rule, case.then, seconds, missing)

    def _missing(self, role: str, signal: str, target: float) -> float:
        found: float = target - self._derived.signal(role, signal)
        return found

    def _end_commands(self, then: Mapping[str, int]) -> None:
        """Write the stored registers with which commands end, and what follows from them."""
        changes = []
        for name, raw in then.items():
            cell = self._names[name]
            writer = cell.writer or cell.reader
            changes.append(_Change(cell, writer, writer.layout.pack(raw)))
        first = changes[0].writer
        self._submit(changes, WriteRequest(first.table, first.address, first.count, b"", 0, ENDED))
        for change in changes:
            change.cell.data = change.data

    def _echo(self, change: _Change) -> None:
        """Keep written bytes that the command would encode differently, so that they read back unchanged."""
        cell, writer, image = change.cell, change.writer, self._images[change.cell.device.name]
        cell.echo = None
        command = getattr(cell.device.commands, change.signal)
        taken = command == change.value and writer.decode(change.data) == change.value
        if not taken or writer.signal is not cell.reader.signal or cell.reader.encode(command) == change.data:
            return
        cell.echo = (change.signal, change.data, command)
        if cell not in image.echoed:
            image.echoed.append(cell)

    def _remember(self, changes: list[_Change], client: str, verdict: str) -> None:
        for change in changes:
            change.cell.last_write = LastWrite(self._clock(), client, verdict)

    def _feed_watchdog(self) -> None:
        """Restart the wait for the next write; without one in time, the fallback is commanded once."""
        self._written_tick = self.engine.tick
        watchdog = self.map.watchdog
        if watchdog is not None and watchdog.role in self.devices and self._watcher is None:
            self._watcher = self.engine.watch(self.engine.dt_s, partial(self._check_watchdog, watchdog))

    def _check_watchdog(self, watchdog: Watchdog) -> None:
        engine = self.engine
        if (engine.tick - self._written_tick) * engine.dt_s < watchdog.seconds - 1e-9:
            return
        assert self._watcher is not None
        engine.unwatch(self._watcher)
        self._watcher = None
        name = self.devices[watchdog.role].name
        detail = f"no write for {watchdog.seconds:g} s"
        engine.submit(Write(name, dict(watchdog.fallback), origin=WATCHDOG, detail=detail))

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


class SiteRegisters:
    """The registers of all devices of a site: one object for each device and map."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._found: list[Registers] = []

    def of(
        self, register_map: RegisterMap, device: str, devices: Mapping[str, str] | None = None
    ) -> Registers:
        """Return the registers of a device in a map, with the devices assigned to its roles.

        Registers of a role without a device are not served. Raises ConfigError when kinds differ.
        """
        by_role = {OWN: self._device(device, register_map.kind, register_map.name)}
        for role, name in (devices or {}).items():
            if role not in register_map.roles:
                hint = did_you_mean(role, register_map.roles)
                raise ConfigError(f"register map {register_map.name} has no role {role!r}{hint}")
            by_role[role] = self._device(name, register_map.roles[role], f"{register_map.name}, role {role}")
        for found in self._found:
            if found.devices == by_role and found.map == register_map:
                return found
        self._found.append(Registers(register_map, self._engine, by_role))
        return self._found[-1]

    def _device(self, name: str, kind: str, what: str) -> Device:
        devices = self._engine.devices
        found = devices.get(name)
        if found is None:
            raise ConfigError(f"register map {what}: unknown device {name!r}{did_you_mean(name, devices)}")
        if found.type.kind != kind:
            raise ConfigError(f"register map {what}: expected a {kind}; {name} is a {found.type.kind}")
        return found


def _merged(cell: Cell, request: WriteRequest) -> bytes:
    """Return the cell's bytes with those of a write merged in; a write may cover a part of a cell."""
    size = BYTES_PER_ADDRESS[request.table]
    shift = (request.address - cell.reader.address) * size
    data = bytearray(cell.data)
    low, high = max(0, shift), min(len(data), shift + len(request.data))
    data[low:high] = request.data[low - shift : high - shift]
    return bytes(data)


def _described(change: _Change, function: int) -> str:
    """Return a written register as the log has it: its name, what it was, what it is now, its raw value."""
    cell, writer = change.cell, change.writer
    before = cell.data
    if change.signal:
        before = writer.encode(getattr(cell.device.commands, change.signal))
    raw = writer.layout.unpack(change.data)
    was, text = _in_words(writer, before, unit=False), _in_words(writer, change.data)
    by = f"fc{function:02d} " if function else ""
    return f"{by}{writer.address} {writer.name} {was} → {text} (raw {raw})"


def _in_words(register: Register, data: bytes, *, unit: bool = True) -> str:
    text, meaning = register.text(data), register.option(data)
    if not unit and register.unit and not meaning:
        text = text.removesuffix(register.unit).rstrip()
    return f"{text} ({meaning})" if meaning else text
