"""The wires of one site, from its file and the command line; all are open or none."""

import asyncio
import errno
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from twin_tui.engine.device import registry
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import ClearLinkFault, Event, LinkFault
from twin_tui.engine.link_view import LinkView, TrafficLine
from twin_tui.engine.snapshot import LogKind
from twin_tui.errors import CommandError, RunError
from twin_tui.protocols.background import Background
from twin_tui.protocols.connector import Endpoint, LinkSettings, StateLog, Wire, Wiring, end_tasks
from twin_tui.protocols.guard import Guard, listed
from twin_tui.protocols.maps.registers import Registers
from twin_tui.protocols.modbus.fault_rules import check_link_fault
from twin_tui.protocols.registry import connectors, link_faults

if TYPE_CHECKING:
    from twin_tui.protocols.modbus.capture import Capture
    from twin_tui.protocols.modbus.rtu import ModbusRtuServer
    from twin_tui.protocols.modbus.serial_wire import SerialWire
    from twin_tui.protocols.modbus.server import ModbusTcpServer
    from twin_tui.protocols.modbus.wires import TcpWire

W = TypeVar("W", bound=Wire)
NO_RESOURCES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
RECOVERED_AFTER_S = 3.0
"""Without another complaint; asyncio's own servers try again every second."""


class SiteLinks:
    """Makes the wires of a site's connectors, opens and closes them."""

    def __init__(
        self, engine: Engine, endpoints: Sequence[Endpoint], settings: Mapping[str, LinkSettings]
    ) -> None:
        self._engine = engine
        self._guard = Guard(engine)
        self._background = Background()
        self._open: list[Wire] = []
        self._opening: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        """The event loop in which the wires were opened last."""
        self._stopped = False
        """Whether ``stop`` was called since the last start."""
        self._capture: Capture | None = None
        self._log = StateLog(engine, "", "servers")
        self._recovered: asyncio.TimerHandle | None = None
        order = {id(endpoint): number for number, endpoint in enumerate(endpoints)}
        self.wires: list[Wire] = []
        """The wires that a run with servers opens, in the order of the site file."""
        shared: dict[object, object] = {}
        for connector in connectors:
            own = [endpoint for endpoint in endpoints if endpoint.kind == connector.kind]
            if own or connector.kind in settings:
                wiring = Wiring(engine, own, settings.get(connector.kind), shared)
                self.wires += self._guard.wires(connector, wiring)
        last = len(order)
        self.wires.sort(key=lambda wire: min((order.get(id(e), last) for e in wire.endpoints), default=last))
        self.faults: Mapping[str, Mapping[str, str]] = link_faults(endpoints)
        """The kinds of link faults that the links of each device support, with their meanings."""
        engine.check_link_fault = partial(check_link_fault, linked=self.faults)
        engine.link_fault = self._link_fault
        for broken in (*connectors.broken, *registry.broken):
            engine.note(LogKind.LINK, "", f"warning: {broken.text}")

    def of(self, kind: type[W]) -> list[W]:
        """Return the wires of one class."""
        return [wire for wire in self.wires if isinstance(wire, kind)]

    @property
    def modbus(self) -> "list[TcpWire | SerialWire]":
        """The TCP ports and serial lines."""
        from twin_tui.protocols.modbus.wires import ModbusWire  # noqa: PLC0415 - not every site has one

        return cast("list[TcpWire | SerialWire]", self.of(ModbusWire))

    @property
    def servers(self) -> "list[ModbusTcpServer | ModbusRtuServer]":
        """The Modbus servers that are open."""
        return [wire.server for wire in self.modbus if wire.server is not None]

    async def start(self) -> None:
        """Open every wire; raise TwinError, with all of them closed, when one fails or ``stop`` is called."""
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(self._loop_error)
        self._background.follow(self._loop)
        self._guard.restart()
        self._stopped = False
        self._opening = asyncio.create_task(self._open_all(), name="opening the connections")
        try:
            await self._opening
        except asyncio.CancelledError:
            if not self._stopped:
                raise
        finally:
            self._opening = None
        if self._stopped:
            raise CommandError("the twin was stopped while it was starting")

    async def stop(self) -> None:
        """Close every open wire, also those that ``start`` is about to open; raise RunError."""
        loop = asyncio.get_running_loop()
        self._stopped = True
        if self._opening is not None and self._opening.get_loop() is loop:
            await end_tasks(self._opening)
        if self._closing is None or self._closing.done() or self._closing.get_loop() is not loop:
            self._closing = asyncio.create_task(self._close_all(), name="closing the connections")
        await asyncio.shield(self._closing)

    async def _open_all(self) -> None:
        try:
            for wire in self.wires:
                await self._guard.open(wire)
                self._open.append(wire)
            if self._capture is not None:
                open_links = [(wire.name, wire.server.station) for wire in self.modbus if wire.server]
                self._capture.start(open_links)
            for fault, _ in self._engine.link_faults.values():
                self._impose(fault)
        except BaseException:
            await self._close_all()
            raise

    async def _close_all(self) -> None:
        wires, self._open = self._open, []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(None)
        self._background.leave(loop)
        self._background.report_unheard()
        if self._recovered is not None:
            self._recovered.cancel()
        if self._capture is not None:
            self._capture.finish()
        outcomes = await asyncio.gather(*map(self._guard.close, wires), return_exceptions=True)
        gone = self._loop is not None and self._loop.is_closed()  # what was open in it has ended with it
        failed = [
            outcome
            for outcome in outcomes
            if isinstance(outcome, BaseException)
            and not (gone and isinstance(outcome.__cause__, RuntimeError))
        ]
        if failed:
            raise RunError("\n".join(map(str, failed)))

    def capture(self, path: Path, *, force: bool = False) -> None:
        """Write the traffic of the Modbus links to a new .pcapng or .txt file while they are open.

        Raises ConfigError for what is known to fail; ``force`` overwrites an existing file.
        """
        from twin_tui.protocols.modbus.capture import Capture  # noqa: PLC0415 - few runs are captured

        self._capture = Capture(path, partial(self._engine.note, LogKind.ALARM, ""), force=force)

    def lost(self) -> list[str]:
        """Return what could not be written to its end."""
        found = [self._capture.failed if self._capture is not None else ""]
        return list(filter(None, dict.fromkeys(found + [wire.lost() for wire in self.wires])))

    def registers(self, device: str) -> list[Registers]:
        """Return the registers of a device, map by map, in the order of its endpoints."""
        units = [unit for wire in self.modbus for unit in wire.units.values()]
        return list(dict.fromkeys(unit.registers for unit in units if unit.device == device))

    def lines(self) -> Iterator[str]:
        """Yield the lines that a headless run prints when it starts."""
        for wire in self.wires:
            yield from self._guard.lines(wire)

    def views(self, now_s: float) -> Iterator[LinkView]:
        """Yield what the console displays of every wire."""

        def of(wire: Wire) -> list[LinkView]:
            return listed(wire.views(now_s), LinkView, f"{self._guard.name(wire)}: views")

        none: list[LinkView] = []
        for wire in self.wires:
            yield from self._guard.call(wire, "views", partial(of, wire), none)

    def traffic(self, device: str, now_s: float) -> Sequence[TrafficLine]:
        """Return the newest frames of the first link of a device, kept from the first call on."""

        def of(wire: Wire) -> Sequence[TrafficLine] | None:
            found = wire.traffic(device, now_s)
            return None if found is None else listed(found, TrafficLine, f"{self._guard.name(wire)}: traffic")

        found = (self._guard.call(wire, "traffic", partial(of, wire), None) for wire in self.wires)
        return next((lines for lines in found if lines is not None), ())

    def stop_traffic(self) -> None:
        """Stop keeping frames."""
        for wire in self.wires:
            self._guard.call(wire, "stop_traffic", wire.stop_traffic, None)

    def tcp_ports(self, device: str, unit: int | None = None) -> list[int]:
        """Return the TCP ports of a device, 0 for one that is not assigned yet."""
        found = [self._guard.call(w, "tcp_port", partial(w.tcp_port, device, unit), None) for w in self.wires]
        return [port for port in found if isinstance(port, int)]

    def failure(self) -> str:
        """Return why an open wire has stopped working, "" if none has."""
        self._background.report_unheard()
        own = (self._guard.call(wire, "failure", wire.failure, "") for wire in self._open)
        return next((str(text) for text in own if text), "") or self._guard.failure

    def _loop_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Log once what asyncio's own servers report with a traceback a second: no file handles are left."""
        error = context.get("exception")
        if isinstance(error, OSError) and error.errno in NO_RESOURCES and "accept" in context["message"]:
            if self._recovered is not None:
                self._recovered.cancel()
            self._recovered = loop.call_later(RECOVERED_AFTER_S, self._log.accepting, "")
            self._log.accepting(error.strerror or str(error))
        elif not self._background.report(context):
            loop.default_exception_handler(context)

    def _link_fault(self, event: Event) -> None:
        """Start or end the link fault of an event."""
        if isinstance(event, ClearLinkFault):
            self._lift(event.label)
        elif isinstance(event, LinkFault):
            self._lift(event.label)
            self._impose(event)

    def _impose(self, fault: LinkFault) -> None:
        for wire in self._open:
            self._guard.call(wire, "impose", partial(wire.impose, fault), None)

    def _lift(self, label: str) -> None:
        for wire in self._open:
            self._guard.call(wire, "lift", partial(wire.lift, label), None)
