"""The HTTP/1.1 of uvicorn with limits for connections, the time of the headers and unread answers."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from typing import Any, cast

from uvicorn.protocols.http.h11_impl import H11Protocol

MOST_CONNECTIONS = 100
LONGEST_HEADERS = 16 * 1024
HEADERS_WITHIN_S = 10.0
READ_WITHIN_S = 10.0
"""A client that leaves a full buffer unread for this long is disconnected."""
UNREAD_BYTES = 64 * 1024
PARSED_AT_ONCE = 4 * 1024
"""Bytes parsed before the other servers have their turn: as chunks of one byte they cost 15 ms."""


class _ServerLog(logging.Logger):
    """Passes the HTTP server's reports to the log of the twin, in place of the terminal."""

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__("rest", logging.WARNING)
        self._say = say

    def handle(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        why = f": {type(error).__name__}: {error}" if error is not None else ""
        self._say(f"{record.getMessage().strip()}{why}")


class GuardedHttp(H11Protocol):
    """One connection. A client that sends too slowly or does not read cannot hold it."""

    def __init__(self, dropped: Callable[[str], None], **arguments: Any) -> None:
        super().__init__(**arguments)
        self._dropped = dropped
        self._unparsed = bytearray()
        self.logger = _ServerLog(dropped)
        self._headers_due: asyncio.TimerHandle | None = None
        self._read_due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accept the connection; when there are too many, one that waits for a request gives way."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=UNREAD_BYTES)
        self._await_headers()
        if len(self.connections) > MOST_CONNECTIONS:
            self._least_needed()._drop(f"more than {MOST_CONNECTIONS} connections")

    def _least_needed(self) -> "GuardedHttp":
        """Return the connection of the host with the most that has waited longest for a request."""
        every = cast("set[GuardedHttp]", self.connections)
        hosts = Counter(each._host for each in every)
        waiting = [
            (-hosts[each._host], each._headers_due.when(), each) for each in every if each._headers_due
        ]
        return min(waiting, key=lambda found: found[:2])[2]

    def data_received(self, data: bytes) -> None:
        """Take in a part of a request, and read no more before it is parsed."""
        self._unparsed += data
        if len(self._unparsed) == len(data):
            self._parse()
        elif len(self._unparsed) > UNREAD_BYTES:
            self.transport.pause_reading()

    def _parse(self) -> None:
        """Parse a little of what has come, and the rest after the others' turn."""
        if self.transport.is_closing():
            self._unparsed.clear()
            return
        super().data_received(bytes(self._unparsed[:PARSED_AT_ONCE]))
        del self._unparsed[:PARSED_AT_ONCE]
        self._await_headers()
        if self._unparsed:
            self.loop.call_soon(self._parse)
        elif not self.flow.read_paused:
            self.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        for timer in (self._headers_due, self._read_due):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Wait until the client has read what was sent, but not for long."""
        super().pause_writing()
        self._read_due = self.loop.call_later(READ_WITHIN_S, self._drop, "it does not read")

    def resume_writing(self) -> None:
        """Go on sending."""
        if self._read_due is not None:
            self._read_due.cancel()
        super().resume_writing()

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: the advice is to install a package, and no path here has a WebSocket."""

    def _await_headers(self) -> None:
        waiting = self.cycle is None or self.cycle.response_complete
        if waiting and self._headers_due is None:
            self._headers_due = self.loop.call_later(HEADERS_WITHIN_S, self.transport.abort)
        elif not waiting and self._headers_due is not None:
            self._headers_due.cancel()
            self._headers_due = None

    def _drop(self, why: str) -> None:
        client = f"{self.client[0]}:{self.client[1]}" if self.client else "a client"
        self._dropped(f"disconnected {client}: {why}")
        self.connections.discard(self)  # at once: the next one may come in the same turn
        self.transport.abort()

    @property
    def _host(self) -> str:
        return self.client[0] if self.client else ""
