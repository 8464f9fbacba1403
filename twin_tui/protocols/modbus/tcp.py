"""TCP listening sockets and a lean transport for plain connections.

asyncio's own stream transport works too (TLS runs on it), but it allocates 256 kB for every read, which costs
more than all the rest of a request, and has more calls between the selector and the protocol.
"""

import asyncio
import errno
import logging
import socket
from collections.abc import Callable
from typing import Any

from twin_tui.protocols.modbus.link import Link

log = logging.getLogger(__name__)

# Holds any Modbus TCP frame, and stays within what Python allocates without asking the C library.
READ_BYTES = 460
BACKLOG = 128
HIGH_WATER_BYTES = 65_536
LOW_WATER_BYTES = 16_384
ACCEPT_RETRY_S = 1.0
_NO_SUCH_FAMILY = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL})
_OUT_OF_RESOURCES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class TcpTransport(asyncio.Transport):
    """One accepted connection."""

    def __init__(self, sock: socket.socket, link: Link) -> None:
        super().__init__({"socket": sock, "peername": _peer(sock)})
        self._loop = asyncio.get_running_loop()
        self._sock = sock
        self._link = link
        self._fd = sock.fileno()
        self._receive, self._send, self._deliver = sock.recv, sock.send, link.data_received
        self._unsent = bytearray()
        self._reading = self._closing = self._lost = self._full = False
        link.connection_made(self)
        self.resume_reading()

    def is_closing(self) -> bool:
        """Tell whether the connection is closed or about to be."""
        return self._closing

    def is_reading(self) -> bool:
        """Tell whether this end reads."""
        return self._reading

    def pause_reading(self) -> None:
        """Leave what the client says in the kernel's buffer."""
        if self._reading:
            self._reading = False
            self._loop.remove_reader(self._fd)

    def resume_reading(self) -> None:
        """Read what the client says."""
        if not self._reading and not self._closing:
            self._reading = True
            self._loop.add_reader(self._fd, self._ready)

    def get_write_buffer_size(self) -> int:
        """Return how many bytes wait for the client to read."""
        return len(self._unsent)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send at once what the kernel takes, and the rest when it can."""
        if self._closing:
            return
        sent = 0
        if not self._unsent:
            try:
                sent = self._send(data)
            except (BlockingIOError, InterruptedError):
                sent = 0
            except OSError as error:
                self._end(error)
                return
            if sent == len(data):
                return
            self._loop.add_writer(self._fd, self._writable)
        self._unsent += data[sent:]
        if len(self._unsent) > HIGH_WATER_BYTES and not self._full:
            self._full = True
            self._link.pause_writing()

    def close(self) -> None:
        """Read no more; end when the client has got what waits for it."""
        if not self._closing:
            self.pause_reading()
            self._closing = True
            if not self._unsent:
                self._end(None)

    def abort(self) -> None:
        """End at once."""
        self._end(None)

    def _ready(self) -> None:
        try:
            data = self._receive(READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._end(error)
            return
        if data:
            self._deliver(data)
        else:
            self.close()

    def _writable(self) -> None:
        try:
            sent = self._send(self._unsent)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._end(error)
            return
        del self._unsent[:sent]
        if not self._unsent:
            self._loop.remove_writer(self._fd)
            if self._closing:
                self._end(None)
                return
        if self._full and len(self._unsent) <= LOW_WATER_BYTES:
            self._full = False
            self._link.resume_writing()

    def _end(self, error: OSError | None) -> None:
        if self._lost:
            return
        self.pause_reading()
        self._loop.remove_writer(self._fd)
        self._closing = self._lost = True
        self._unsent.clear()
        self._loop.call_soon(self._say_goodbye, error)

    def _say_goodbye(self, error: OSError | None) -> None:
        try:
            self._link.connection_lost(error)
        finally:
            self._sock.close()


class Listener:
    """The listening sockets of one port; each accepted connection goes to ``take``."""

    def __init__(self, sockets: list[socket.socket], take: Callable[[socket.socket], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._sockets = sockets
        self._take = take
        self.port: int = sockets[0].getsockname()[1]
        for sock in sockets:
            self._loop.add_reader(sock.fileno(), self._accept, sock)

    def close(self) -> None:
        """Stop listening."""
        for sock in self._sockets:
            self._loop.remove_reader(sock.fileno())
            sock.close()
        self._sockets = []

    def _accept(self, listening: socket.socket) -> None:
        for _ in range(BACKLOG):
            try:
                sock, _ = listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _OUT_OF_RESOURCES:
                    raise
                log.exception("no resources for another client; trying again in %g s", ACCEPT_RETRY_S)
                self._loop.remove_reader(listening.fileno())
                self._loop.call_later(ACCEPT_RETRY_S, self._listen_again, listening)
                return
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._take(sock)

    def _listen_again(self, listening: socket.socket) -> None:
        if listening in self._sockets:
            self._loop.add_reader(listening.fileno(), self._accept, listening)


async def listen(host: str, port: int, take: Callable[[socket.socket], None]) -> Listener:
    """Listen on every address that a host name stands for; "" means all interfaces."""
    if not 0 <= port <= 0xFFFF:
        raise OverflowError
    addresses = await _addresses(host, port)
    sockets: list[socket.socket] = []
    missing: OSError | None = None
    try:
        for family, address in addresses:
            try:
                sockets.append(_bound(family, (address[0], port, *address[2:])))
            except OSError as error:
                if error.errno not in _NO_SUCH_FAMILY:
                    raise
                missing = error
                continue
            port = sockets[0].getsockname()[1]
        if not sockets:
            raise missing or OSError(errno.EADDRNOTAVAIL, "no address")
    except BaseException:
        for sock in sockets:
            sock.close()
        raise
    return Listener(sockets, take)


async def _addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, tuple[Any, ...]]]:
    flags = socket.AI_PASSIVE | socket.AI_NUMERICHOST
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=flags)
    except socket.gaierror:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys((family, address) for family, _, _, _, address in found))


def _bound(family: socket.AddressFamily, address: tuple[Any, ...]) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(address)
        sock.listen(BACKLOG)
    except BaseException:
        sock.close()
        raise
    return sock


def _peer(sock: socket.socket) -> object:
    try:
        return sock.getpeername()
    except OSError:
        return None
