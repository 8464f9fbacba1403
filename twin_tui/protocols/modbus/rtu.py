"""A Modbus RTU server on one serial line, real or pseudo terminal."""

import asyncio
import enum
import errno
import logging
from collections.abc import Callable, Mapping
from pathlib import Path

import serial
import serial_asyncio

from twin_tui.errors import LinkError
from twin_tui.protocols.connector import end_tasks
from twin_tui.protocols.modbus.endpoints import SerialOptions
from twin_tui.protocols.modbus.link import Link
from twin_tui.protocols.modbus.memory import UnitMemory
from twin_tui.protocols.modbus.pty import PtyTransport
from twin_tui.protocols.modbus.rtu_link import RtuLink
from twin_tui.protocols.modbus.station import SEEDED_0, RngFactory, Station

log = logging.getLogger(__name__)

PTY = "pty:"
DEFAULTS = SerialOptions()
# USB adapters deliver received bytes every 16 ms: shorter pauses can occur inside a frame.
ADAPTER_LATENCY_S = 0.03
LONGEST_RETRY_S = 10.0


class LineState(enum.Enum):
    """The state of a serial line."""

    CLOSED = "closed"
    OPEN = "open"
    LOST = "lost"


class ModbusRtuServer:
    """Serve units on a serial line; ``pty:/path/link`` makes a pseudo terminal and a symbolic link to it.

    A lost line is reopened with growing pauses, from ``retry_s`` on; ``state`` and ``problem`` report its
    state.
    """

    def __init__(
        self,
        line: str,
        units: Mapping[int, UnitMemory],
        *,
        identities: Mapping[int, Mapping[int, str]] | None = None,
        options: SerialOptions = DEFAULTS,
        gap_s: float | None = None,
        retry_s: float = 0.5,
        make_rng: RngFactory = SEEDED_0,
        on_state: Callable[[LineState], None] | None = None,
    ) -> None:
        self.line = line
        self.station = Station(
            units, identities=identities, missing_unit="silent", framing="rtu", make_rng=make_rng
        )
        self.state = LineState.CLOSED
        self.problem = ""
        self.link = RtuLink(
            self.station,
            self._link_changed,
            line,
            gap_s=gap_s or ADAPTER_LATENCY_S + 3.5 * 11 / options.baudrate,
            timeout_s=options.timeout_s,
            serial=True,
        )
        self._options = options
        self._retry_s = retry_s
        self._on_state = on_state
        self._started = False
        self._closed = asyncio.Event()
        self._retrying: asyncio.Task[None] | None = None

    @property
    def links(self) -> list[Link]:
        """The line, while it is open."""
        return [self.link] if self.state is LineState.OPEN else []

    @property
    def requests(self) -> int:
        """The number of requests to these units since the start."""
        return self.station.past_requests + self.link.requests

    async def start(self) -> None:
        """Open the line."""
        self._started = True
        await self._open()

    async def stop(self) -> None:
        """Close the line and stop trying to reopen it."""
        self._started = False
        task, self._retrying = self._retrying, None
        await end_tasks(task)
        if self.link.transport is not None:
            self._closed.clear()
            self.link.close()
            await self._closed.wait()
        self._set(LineState.CLOSED)

    async def _open(self) -> None:
        if self.line.startswith(PTY):
            path = self.line.removeprefix(PTY)
            if not path:
                raise LinkError("pty: has no path; expected pty:/path/link")
            PtyTransport(Path(path), self.link)
            return
        try:
            await serial_asyncio.create_serial_connection(
                asyncio.get_running_loop(),
                lambda: self.link,
                self.line,
                baudrate=self._options.baudrate,
                parity=self._options.parity,
                stopbits=self._options.stopbits,
                exclusive=True,
            )
        except (OSError, ValueError) as error:
            raise LinkError(_open_message(self.line, error)) from error
        await asyncio.sleep(0)  # the link gets its transport in the next turn of the loop

    def _link_changed(self, _link: Link, made: bool) -> None:
        if made:
            self.problem = ""
            self._set(LineState.OPEN)
            return
        self._closed.set()
        if self._started:
            self.problem = f"{self.line} lost"
            log.warning("%s lost; trying to reopen it", self.line)
            self._set(LineState.LOST)
            self._retrying = asyncio.get_running_loop().create_task(self._retry())

    async def _retry(self) -> None:
        pause_s = self._retry_s
        while self._started:
            await asyncio.sleep(pause_s)
            try:
                await self._open()
            except LinkError as error:
                self.problem = str(error)
                pause_s = min(2 * pause_s, LONGEST_RETRY_S)
            else:
                log.info("%s open again", self.line)
                return

    def _set(self, state: LineState) -> None:
        if state is not self.state:
            self.state = state
            if self._on_state is not None:
                self._on_state(state)


def _open_message(line: str, error: OSError | ValueError) -> str:
    code = getattr(error, "errno", None)
    if code in {errno.ENOENT, errno.ENXIO, errno.ENODEV}:
        return f"{line}: no such serial device; pty:/path/link makes a line without one"
    if code in {errno.EACCES, errno.EPERM}:
        return f"no permission to open {line}: add your user to the group that owns it (often dialout)"
    if code in {errno.EBUSY, errno.EAGAIN} or "exclusively lock" in str(error):
        return f"{line} is in use by another program"
    if isinstance(error, serial.SerialException) or code is not None:
        return f"could not open {line}: {error}"
    return f"{line}: {error}"
