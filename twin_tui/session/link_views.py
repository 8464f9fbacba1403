"""Servers, clients, registers and traffic of a twin as a screen sees them."""

import time
from collections.abc import Callable, Collection, Mapping

from twin_tui.engine.link_view import LinkView, TrafficLine
from twin_tui.engine.view import Frame, RegisterInfo, RegisterValue, WriteTrace
from twin_tui.protocols.maps.image import Cell, words_of
from twin_tui.protocols.maps.registers import Registers
from twin_tui.protocols.modbus.serial_wire import SerialWire
from twin_tui.protocols.modbus.wires import TcpWire
from twin_tui.session.write_traces import WriteTraces
from twin_tui.twin import Twin

NOT_KEPT = "not kept"
"""The value of a register at another time that its signals do not determine."""


class LinkViews:
    """Looks at a twin's links; keeps what only a look can know: when a register changed."""

    def __init__(self, twin: Twin, traces: WriteTraces, clock: Callable[[], float] = time.monotonic) -> None:
        self._twin = twin
        self._traces = traces
        self._clock = clock
        self._seen: dict[str, dict[int, tuple[bytes, float | None]]] = {}
        self._maps: dict[str, list[Registers]] = {}
        self._watched = ""
        self._counted = ""

    def links(self) -> tuple[LinkView, ...]:
        now_s = self._clock()
        return tuple(self._twin.links.views(now_s))

    def infos(self, device: str) -> tuple[RegisterInfo, ...]:
        """Return the registers of a device's first map."""
        registers = self._registers(device)
        return tuple(_info(cell) for cell in registers.cells) if registers is not None else ()

    def registers(
        self, device: str, indices: Collection[int], frozen: Collection[tuple[str, str]]
    ) -> tuple[RegisterValue, ...]:
        """Return the registers at these indices as they are now."""
        self._count_reads(device if indices else "")
        registers = self._registers(device)
        if registers is None or not indices:
            return ()
        registers.refresh()
        seen = self._seen.setdefault(device, {})
        cells = registers.cells
        return tuple(self._value(i, cells[i], seen, frozen) for i in indices if 0 <= i < len(cells))

    def past_registers(self, device: str, indices: Collection[int], past: Frame) -> tuple[RegisterValue, ...]:
        """Return the registers as they were, worked out from the signals of that time."""
        registers = self._registers(device)
        cells = registers.cells if registers is not None else ()
        writes = {(trace.device, signal): trace for trace in past.traces for signal in trace.signals}
        return tuple(_past_value(i, cells[i], past, writes) for i in indices if 0 <= i < len(cells))

    def changed(self, device: str, within_s: float | None) -> tuple[int, ...]:
        """Return the registers that changed lately, by index."""
        registers = self._registers(device)
        if within_s is None or registers is None:
            return ()
        registers.refresh()
        seen = self._seen.setdefault(device, {})
        now = self._clock()
        found = []
        for index, cell in enumerate(registers.cells):
            changed_s = self._changed(index, cell, seen)
            if changed_s is not None and now - changed_s <= within_s:
                found.append(index)
        return tuple(found)

    def traffic(self, device: str) -> tuple[TrafficLine, ...]:
        """Return the newest frames of the first link of a device; looking starts the capture."""
        if device != self._watched:
            self._twin.links.stop_traffic()
        self._watched = device
        if not device:
            return ()
        return tuple(self._twin.links.traffic(device, self._clock()))

    def _count_reads(self, device: str) -> None:
        """Count the reads of the device that somebody looks at, and of no other."""
        if device == self._counted:
            return
        for name, counting in ((self._counted, False), (device, True)):
            wire = self._wire(name)
            if wire is not None and wire.server is not None:
                station = wire.server.station
                (station.start_counting if counting else station.stop_counting)()
        self._counted = device

    def _reads(self, cell: Cell) -> int | None:
        wire = self._wire(self._counted)
        if wire is None or wire.server is None:
            return None
        counts, register = wire.server.station.read_counts, cell.reader
        numbers = [number for number, unit in wire.units.items() if unit.device == self._counted]
        found = [counts(number, register.table, register.address, register.count) for number in numbers]
        return sum(count for count in found if count is not None) if None not in found else None

    def _registers(self, device: str) -> Registers | None:
        maps = self._maps.get(device)
        if maps is None:
            maps = self._maps[device] = self._twin.links.registers(device)
        return maps[0] if maps else None

    def _wire(self, device: str) -> TcpWire | SerialWire | None:
        for wire in self._twin.links.modbus:
            if any(unit.device == device for unit in wire.units.values()):
                return wire
        return None

    def _changed(self, index: int, cell: Cell, seen: dict[int, tuple[bytes, float | None]]) -> float | None:
        data = cell.data
        known = seen.get(index)
        if known is None:
            seen[index] = (data, None)
            return None
        if known[0] != data:
            now = self._clock()
            seen[index] = (data, now)
            return now
        return known[1]

    def _value(
        self,
        index: int,
        cell: Cell,
        seen: dict[int, tuple[bytes, float | None]],
        frozen: Collection[tuple[str, str]],
    ) -> RegisterValue:
        register = cell.reader
        data = cell.data
        now = self._clock()
        changed_s = self._changed(index, cell, seen)
        device = cell.device.name
        signal = register.signal.name if register.signal is not None else ""
        wall_s, origin = self._traces.last.get((device, signal), (None, ""))
        verdict, attempt = "", cell.last_write
        if attempt is not None and (wall_s is None or attempt.wall_s >= wall_s):
            wall_s, origin, verdict = attempt.wall_s, attempt.client, attempt.verdict
        dt_s, author, wrote = self._twin.engine.dt_s, None, ""
        pinned = signal in cell.device.pins
        if signal and register.signal is not None and (register.signal.command or pinned):
            author, written = cell.device.author(signal, dt_s), cell.device.writer(signal, dt_s)
            if author is not None and written is not None and author != written:
                wrote = register.text(register.encode(written.value))
        held = ("frozen" if (device, signal) in frozen else "forced") if pinned else ""
        return RegisterValue(
            index=index,
            words=cell.words,
            text=register.text(data),
            option=register.option(data),
            changed_age_s=None if changed_s is None else now - changed_s,
            writer=origin,
            write_age_s=None if wall_s is None else now - wall_s,
            verdict=verdict,
            author=author.who if author is not None and author.who != origin else "",
            since_s=author.since_s if author is not None else None,
            wrote=wrote,
            held=held,
            reads=self._reads(cell),
        )


def _past_value(
    index: int, cell: Cell, past: Frame, writes: Mapping[tuple[str, str], WriteTrace]
) -> RegisterValue:
    """Return a register as it was; one that no signal of that time determines says that it is not kept."""
    register, signal = cell.reader, cell.reader.signal
    device = next((each for each in past.snapshot.devices if each.name == cell.device.name), None)
    if signal is None and not cell.writer and not register.composed:
        return RegisterValue(index, cell.words, register.text(cell.data), register.option(cell.data))
    if signal is None or register.composed or device is None:
        return RegisterValue(index, (), NOT_KEPT)
    data = register.encode(getattr(device.commands if signal.command else device.telemetry, signal.name))
    write, author = writes.get((device.name, signal.name)), device.authors.get(signal.name)
    other = author if author is not None and (write is None or author.who != write.origin) else None
    held = "forced" if signal.name in device.pinned else ""
    if held and past.is_frozen(device.name, signal.name):
        held = "frozen"
    return RegisterValue(
        index=index,
        words=words_of(data, register),
        text=register.text(data),
        option=register.option(data),
        writer=write.origin if write is not None else "",
        write_age_s=write.age_s if write is not None else None,
        author=other.who if other is not None else "",
        since_s=author.since_s if author is not None else None,
        held=held,
    )


def _info(cell: Cell) -> RegisterInfo:
    register = cell.reader
    writer = cell.writer
    low = (writer or register).minimum
    high = (writer or register).maximum
    return RegisterInfo(
        table=register.table.value,
        address=register.address,
        name=(writer or register).name,
        type=register.layout.type.name,
        count=register.count,
        device=cell.device.name,
        signal=register.signal.name if register.signal is not None else "",
        unit=register.unit,
        meaning=register.description,
        writable=writer is not None,
        readable=register.readable,
        low=None if low is None else float(low),
        high=None if high is None else float(high),
        options=register.options or {},
    )
