"""The listening sockets of a TCP port."""

import asyncio
import errno
import socket
from typing import Any

BACKLOG = 128
_NO_SUCH_FAMILY = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL})


async def listen(host: str, port: int) -> list[socket.socket]:
    """Listen on every address of a host name, all on one port; "" means all interfaces."""
    if not 0 <= port <= 0xFFFF:
        raise OverflowError
    addresses = await _addresses(host, port)
    sockets: list[socket.socket] = []
    missing: OSError | None = None
    try:
        for family, address in addresses:
            try:
                bound = (address[0], port, *address[2:])
                sockets.append(socket.create_server(bound, family=family, backlog=BACKLOG))
            except OSError as error:
                if error.errno not in _NO_SUCH_FAMILY:
                    raise
                missing = error
                continue
            sockets[-1].setblocking(False)
            port = sockets[0].getsockname()[1]
        if not sockets:
            raise missing or OSError(errno.EADDRNOTAVAIL, "no address")
    except BaseException:
        for sock in sockets:
            sock.close()
        raise
    return sockets


async def _addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, tuple[Any, ...]]]:
    flags = socket.AI_PASSIVE | socket.AI_NUMERICHOST
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=flags)
    except socket.gaierror:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys((family, address) for family, _, _, _, address in found))
