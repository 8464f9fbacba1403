"""Servers, clients, registers and traffic of a twin as a screen sees them."""

import time
from collections.abc import Callable, Collection

from twin_tui.engine.view import ClientView, LinkView, RegisterInfo, RegisterValue, TrafficLine
from twin_tui.protocols.links import Port, Server
from twin_tui.protocols.maps.binding import Binding
from twin_tui.protocols.maps.image import Cell
from twin_tui.protocols.modbus.decode import describe
from twin_tui.protocols.modbus.rtu import ModbusRtuServer
from twin_tui.protocols.modbus.traffic import RateMeter, Ring
from twin_tui.session.write_traces import WriteTraces
from twin_tui.twin import Twin

TRAFFIC_LINES = 300


class LinkViews:
    """Looks at a twin's links; keeps what only a look can know: rates, and when a register changed."""

    def __init__(self, twin: Twin, traces: WriteTraces, clock: Callable[[], float] = time.monotonic) -> None:
        self._twin = twin
        self._traces = traces
        self._clock = clock
        self._rates: dict[int, RateMeter] = {}
        self._seen: dict[str, dict[int, tuple[bytes, float | None]]] = {}
        self._bindings: dict[str, list[Binding]] = {}
        self._captured = ""
        self._counted = ""
        self._ring: Ring | None = None
        """The capture that was started for a look; others go on without one."""

    def links(self) -> tuple[LinkView, ...]:
        """Return every unit of every port, with its clients; those of a port stand at its first unit."""
        now = self._clock()
        found = []
        for port in self._twin.links.ports:
            server = port.server
            if server is None:
                continue
            clients = tuple(
                ClientView(link.client, now - link.since_s, now - link.last_seen_s, link.requests)
                for link in server.links
            )
            requests = server.requests
            rate = self._rates.setdefault(id(server), RateMeter()).rate(now, requests)
            for place, (number, unit) in enumerate(sorted(port.units.items())):
                found.append(
                    LinkView(
                        device=unit.device,
                        address=f"{port.name.partition(' on ')[2]} unit {number}",
                        protocol=port.name.partition(" on ")[0],
                        clients=clients if place == 0 else (),
                        requests=requests if place == 0 else 0,
                        requests_per_s=rate if place == 0 else 0.0,
                        fault=_trouble(server, number),
                    )
                )
        for manager in self._twin.links.managers:
            status = manager.status
            state = " ".join(part for part in (status.state, status.version) if part)
            found.append(LinkView(status.device, status.cem, "S2", state=state, fault=status.detail))
        return tuple(found)

    def infos(self, device: str) -> tuple[RegisterInfo, ...]:
        """Return the registers of a device's first map."""
        binding = self._binding(device)
        return tuple(_info(cell) for cell in binding.cells) if binding is not None else ()

    def registers(
        self, device: str, indices: Collection[int], frozen: Collection[tuple[str, str]]
    ) -> tuple[RegisterValue, ...]:
        """Return the registers at these indices as they are now."""
        self._count_reads(device if indices else "")
        binding = self._binding(device)
        if binding is None or not indices:
            return ()
        binding.refresh()
        seen = self._seen.setdefault(device, {})
        cells = binding.cells
        return tuple(self._value(i, cells[i], seen, frozen) for i in indices if 0 <= i < len(cells))

    def changed(self, device: str, within_s: float | None) -> tuple[int, ...]:
        """Return the registers that changed lately, by index."""
        binding = self._binding(device)
        if within_s is None or binding is None:
            return ()
        binding.refresh()
        seen = self._seen.setdefault(device, {})
        now = self._clock()
        found = []
        for index, cell in enumerate(binding.cells):
            changed_s = self._changed(index, cell, seen)
            if changed_s is not None and now - changed_s <= within_s:
                found.append(index)
        return tuple(found)

    def traffic(self, device: str) -> tuple[TrafficLine, ...]:
        """Return the newest frames of the first link of a device; looking starts the capture."""
        if device != self._captured:
            self._stop_capture()
        self._captured = device
        server = self._server(device)
        if server is None:
            return ()
        ring = server.station.ring
        if ring is None:
            ring = self._ring = server.station.start_capture()
        now = self._clock()
        frames = ring.frames()[-TRAFFIC_LINES:]
        return tuple(
            TrafficLine(
                number,
                now - frame.time_s,
                frame.client,
                ("> " if frame.incoming else "< ")
                + describe(frame.data, ring.framing, incoming=frame.incoming),
                frame.data.hex(" "),
            )
            for number, frame in enumerate(frames)
        )

    def _count_reads(self, device: str) -> None:
        """Count the reads of the device that somebody looks at, and of no other."""
        if device == self._counted:
            return
        for name, counting in ((self._counted, False), (device, True)):
            server = self._server(name)
            if server is not None:
                (server.station.start_counting if counting else server.station.stop_counting)()
        self._counted = device

    def _reads(self, cell: Cell) -> int | None:
        port = self._port(self._counted)
        if port is None or port.server is None:
            return None
        counts, register = port.server.station.read_counts, cell.reader
        numbers = [number for number, unit in port.units.items() if unit.device == self._counted]
        found = [counts(number, register.table, register.address, register.count) for number in numbers]
        return sum(count for count in found if count is not None) if None not in found else None

    def _stop_capture(self) -> None:
        server = self._server(self._captured)
        if server is not None and server.station.ring is self._ring:
            server.station.stop_capture()

    def _binding(self, device: str) -> Binding | None:
        bindings = self._bindings.get(device)
        if bindings is None:
            bindings = self._bindings[device] = self._twin.links.bindings(device)
        return bindings[0] if bindings else None

    def _port(self, device: str) -> Port | None:
        for port in self._twin.links.ports:
            if any(unit.device == device for unit in port.units.values()):
                return port
        return None

    def _server(self, device: str) -> Server | None:
        port = self._port(device)
        return port.server if port is not None else None

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
        device = cell.device.name if cell.device is not None else ""
        signal = register.signal.name if register.signal is not None else ""
        wall_s, origin = self._traces.last.get((device, signal), (None, ""))
        held = ""
        if cell.device is not None and signal in cell.device.pins:
            held = "frozen" if (device, signal) in frozen else "forced"
        return RegisterValue(
            index=index,
            words=_words(data),
            text=register.text(data),
            option=register.option(data),
            changed_age_s=None if changed_s is None else now - changed_s,
            writer=origin,
            write_age_s=None if wall_s is None else now - wall_s,
            verdict=cell.last_write.verdict if cell.last_write is not None else "",
            held=held,
            reads=self._reads(cell),
        )


def _trouble(server: Server, unit: int) -> str:
    """Return what is wrong with a line, or how a unit's link is made to misbehave."""
    if isinstance(server, ModbusRtuServer) and server.problem:
        return server.problem
    faults = server.station.faults
    rules = faults.rules.values() if faults is not None else ()
    return ", ".join(rule.kind.value for rule in rules if rule.unit in {None, unit})


def _words(data: bytes) -> tuple[int, ...]:
    if len(data) == 1:
        return (data[0],)
    return tuple(data[at] << 8 | data[at + 1] for at in range(0, len(data), 2))


def _info(cell: Cell) -> RegisterInfo:
    register = cell.reader
    writer = cell.writer
    low = (writer or register).minimum
    high = (writer or register).maximum
    return RegisterInfo(
        table=register.table.value,
        address=register.address,
        name=register.name,
        type=register.layout.type.name,
        count=register.count,
        device=cell.device.name if cell.device is not None else "",
        signal=register.signal.name if register.signal is not None else "",
        unit=register.unit,
        meaning=register.description,
        writable=writer is not None,
        readable=register.readable,
        low=None if low is None else float(low),
        high=None if high is None else float(high),
        options=register.options or {},
    )
