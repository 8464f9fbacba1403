"""A Modbus TCP server: one port, its units and its clients."""

import asyncio
import errno
import socket
import ssl
import time
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any

from twin_tui.documents.output import reason
from twin_tui.errors import LinkError
from twin_tui.protocols.connector import end_tasks
from twin_tui.protocols.modbus.endpoints import TcpOptions
from twin_tui.protocols.modbus.link import Link, MbapLink
from twin_tui.protocols.modbus.memory import UnitMemory
from twin_tui.protocols.modbus.rtu_link import RtuLink
from twin_tui.protocols.modbus.station import SEEDED_0, RngFactory, Station
from twin_tui.protocols.modbus.tcp import listen
from twin_tui.protocols.modbus.tls import server_context

# Segments of one RTU frame may arrive this far apart.
RTU_OVER_TCP_GAP_S = 0.1
ACCEPT_RETRY_S = 1.0
KEEP_ALIVE_IDLE_S = 60
KEEP_ALIVE_INTERVAL_S = 15
KEEP_ALIVE_PROBES = 4
DEFAULTS = TcpOptions()


class ModbusTcpServer:
    """Serve units on one TCP port.

    ``on_handshake`` is called after each TLS handshake: the client's host, and why it failed or "".
    ``on_accept`` is called with the reason when clients have to wait, and with "" when they no longer do.
    """

    def __init__(
        self,
        host: str,
        port: int,
        units: Mapping[int, UnitMemory],
        options: TcpOptions = DEFAULTS,
        *,
        identities: Mapping[int, Mapping[int, str]] | None = None,
        clock: Callable[[], float] = time.monotonic,
        make_rng: RngFactory = SEEDED_0,
        on_handshake: Callable[[str, str], None] = lambda client, problem: None,
        on_accept: Callable[[str], None] = lambda problem: None,
    ) -> None:
        self.host = host
        self.port = port
        self.station = Station(
            units,
            identities=identities,
            missing_unit=options.missing_unit,
            any_unit=options.any_unit,
            framing=options.framing,
            clock=clock,
            make_rng=make_rng,
        )
        self.links: list[Link] = []
        self._options = options
        self._ssl_context = server_context(options.tls) if options.tls is not None else None
        self._on_handshake = on_handshake
        self._on_accept = on_accept
        self.failure = ""
        """Why no client is accepted any more, "" while clients are."""
        self._all_closed = asyncio.Event()
        self._listening: list[socket.socket] = []
        self._tasks: set[asyncio.Task[None]] = set()
        """Those that accept clients, and those in a TLS handshake."""

    @property
    def requests(self) -> int:
        """The number of requests since the start."""
        return self.station.past_requests + sum(link.requests for link in self.links)

    async def start(self) -> None:
        """Open the port; afterwards ``port`` is the actual one."""
        try:
            self._listening = await listen(self.host, self.port)
        except (OSError, OverflowError) as error:
            raise LinkError(_start_message(self.host, self.port, error)) from error
        self.port = self._listening[0].getsockname()[1]
        for sock in self._listening:
            self._run(self._accept(sock)).add_done_callback(self._accept_ended)

    async def stop(self) -> None:
        """Close the port and every connection."""
        sockets, self._listening = self._listening, []
        await end_tasks(*self._tasks)
        for sock in sockets:
            sock.close()
        self._all_closed.clear()
        for link in list(self.links):
            link.close()
        if self.links:
            await self._all_closed.wait()

    def _run(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        problem = ""
        while True:
            try:
                sock, _ = await loop.sock_accept(listening)
            except ConnectionAbortedError:
                continue
            except OSError as error:
                if not problem:
                    problem = error.strerror or str(error)
                    self._on_accept(problem)
                await asyncio.sleep(ACCEPT_RETRY_S)
                continue
            if problem:
                problem = ""
                self._on_accept("")
            serving = self._run(self._serve(sock))
            serving.add_done_callback(partial(_close_cancelled, sock))

    def _accept_ended(self, accepting: asyncio.Task[None]) -> None:
        error = None if accepting.cancelled() else accepting.exception()
        if error is not None:
            self.failure = f"{self.host}:{self.port} accepts no clients any more: {error!r}"
            self._on_accept(self.failure)

    async def _serve(self, sock: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        client, problem = "", ""
        try:
            client = sock.getpeername()[0]
            _keep_alive(sock)
            await loop.connect_accepted_socket(self._new_link, sock, ssl=self._ssl_context)
        except OSError as error:
            problem = _handshake_problem(error)
            sock.close()
        if self._ssl_context is not None and client:
            self._on_handshake(client, problem)

    def _new_link(self) -> Link:
        if self.station.framing == "rtu":
            return RtuLink(self.station, self._link_changed, gap_s=RTU_OVER_TCP_GAP_S)
        return MbapLink(self.station, self._link_changed)

    def _link_changed(self, link: Link, made: bool) -> None:
        if made:
            self._admit(link)
            return
        if link in self.links:
            self.links.remove(link)
            self._promote()
            if not self.links:
                self._all_closed.set()

    def _admit(self, link: Link) -> None:
        faults = self.station.faults
        if not self._listening or (faults is not None and faults.refuses_connection()):
            link.close()
            return
        options = self._options
        if options.max_clients is not None and len(self.links) >= options.max_clients:
            if options.policy == "refuse":
                link.close()
                return
            if options.policy == "busy":
                link.set_busy(True)
            else:
                oldest = self.links.pop(0)
                oldest.close()
        self.links.append(link)
        if options.idle_timeout_s is not None:
            self._watch_idle(link, options.idle_timeout_s)

    def _promote(self) -> None:
        """Serve clients that were busy, as far as there is room."""
        most = self._options.max_clients
        for link in self.links[:most] if most is not None else ():
            link.set_busy(False)

    def _watch_idle(self, link: Link, delay_s: float) -> None:
        asyncio.get_running_loop().call_later(delay_s, self._check_idle, link)

    def _check_idle(self, link: Link) -> None:
        if link.transport is None or self._options.idle_timeout_s is None:
            return
        left_s = link.last_seen_s + self._options.idle_timeout_s - self.station.clock()
        if left_s <= 0:
            link.close()
        else:
            self._watch_idle(link, left_s)


def _close_cancelled(sock: socket.socket, serving: asyncio.Task[None]) -> None:
    if serving.cancelled():
        sock.close()


def _keep_alive(sock: socket.socket) -> None:
    """Detect clients that disappeared without closing their connection."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", KEEP_ALIVE_IDLE_S),
        ("TCP_KEEPINTVL", KEEP_ALIVE_INTERVAL_S),
        ("TCP_KEEPCNT", KEEP_ALIVE_PROBES),
    ):
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _handshake_problem(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"client certificate not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.lower().replace("_", " ")
    return error.strerror or "connection closed by the client; it may not trust the certificate"


def _start_message(host: str, port: int, error: OSError | OverflowError) -> str:
    place = f"{host}:{port}"
    if isinstance(error, OverflowError):
        return f"{place}: expected a port from 0 to 65535"
    if isinstance(error, socket.gaierror):
        return f"{place}: unknown host name {host!r}"
    code = error.errno
    if code == errno.EADDRINUSE:
        return f"{place} is in use by another program: stop it or choose another port"
    if code in {errno.EACCES, errno.EPERM}:
        return f"no permission to open {place}: choose a port above 1023, such as {5000 + port}"
    if code == errno.EADDRNOTAVAIL:
        return f"{place}: this machine has no address {host}"
    return f"could not open {place}: {reason(error)}"
