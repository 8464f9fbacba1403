"""The wires of one site, from its file and the command line; all are open or none."""

import asyncio
import errno
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from twin_tui.engine.engine import Engine
from twin_tui.engine.events import ClearLinkFault, Event, LinkFault
from twin_tui.engine.snapshot import LogKind
from twin_tui.errors import LinkError, RunError
from twin_tui.protocols.connector import Endpoint, LinkSettings, StateLog, Wire, Wiring
from twin_tui.protocols.maps.registers import Registers
from twin_tui.protocols.modbus.faults import check_link_fault
from twin_tui.protocols.registry import connectors

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


class Links:
    """Makes the wires of a site's connectors, opens and closes them."""

    def __init__(
        self, engine: Engine, endpoints: Sequence[Endpoint], settings: Mapping[str, LinkSettings]
    ) -> None:
        self._engine = engine
        self._open: list[Wire] = []
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
                self.wires += connector.wires(Wiring(engine, own, settings.get(connector.kind), shared))
        last = len(order)
        self.wires.sort(key=lambda wire: min((order.get(id(e), last) for e in wire.endpoints), default=last))
        linked = {e.device for e in endpoints if connectors[e.kind].link_faults}
        engine.check_link_fault = partial(check_link_fault, linked=linked)
        engine.link_fault = self._link_fault

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
        """Open every wire; raise TwinError, with all of them closed, when one fails to open."""
        asyncio.get_running_loop().set_exception_handler(self._loop_error)
        try:
            for wire in self.wires:
                with _link_errors(wire):
                    await wire.open()
                self._open.append(wire)
            if self._capture is not None:
                open_links = [(wire.name, wire.server.station) for wire in self.modbus if wire.server]
                self._capture.start(open_links)
            for fault, _ in self._engine.link_faults.values():
                self._impose(fault)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Close every open wire."""
        wires, self._open = self._open, []
        asyncio.get_running_loop().set_exception_handler(None)
        if self._recovered is not None:
            self._recovered.cancel()
        if self._capture is not None:
            self._capture.finish()
        outcomes = await asyncio.gather(*(wire.close() for wire in wires), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, OSError):
                raise RunError(f"a connection could not be closed: {outcome}") from outcome
            if isinstance(outcome, BaseException):
                raise outcome

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
            with _link_errors(wire):
                yield from wire.lines()

    def failure(self) -> str:
        """Return why an open wire has stopped working, "" if none has."""
        return next((text for wire in self._open if (text := wire.failure())), "")

    def _loop_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Log once what asyncio's own servers report with a traceback a second: no file handles are left."""
        error = context.get("exception")
        if isinstance(error, OSError) and error.errno in NO_RESOURCES and "accept" in context["message"]:
            if self._recovered is not None:
                self._recovered.cancel()
            self._recovered = loop.call_later(RECOVERED_AFTER_S, self._log.accepting, "")
            self._log.accepting(error.strerror or str(error))
        else:
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
            wire.impose(fault)

    def _lift(self, label: str) -> None:
        for wire in self._open:
            wire.lift(label)


@contextmanager
def _link_errors(wire: Wire) -> Iterator[None]:
    """Make the OSError of a wire, whose package should have caught it, a message that names the wire."""
    try:
        yield
    except OSError as error:
        served = ", ".join(endpoint.device for endpoint in wire.endpoints) or "the site"
        raise LinkError(f"{type(wire).__name__} of {served}: {error.strerror or error}") from error
