"""The HTTP/1.1 of uvicorn with limits: connections, the time for the headers of a request, unread answers."""

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

MOST_CONNECTIONS = 100
LONGEST_HEADERS = 16 * 1024
HEADERS_WITHIN_S = 10.0
READ_WITHIN_S = 10.0
"""A client that leaves a full buffer unread for this long is disconnected."""
UNREAD_BYTES = 64 * 1024


class GuardedHttp(H11Protocol):
    """One connection. A client that sends too slowly or does not read cannot hold it."""

    def __init__(self, dropped: Callable[[str], None], **arguments: Any) -> None:
        super().__init__(**arguments)
        self._dropped = dropped
        self._headers_due: asyncio.TimerHandle | None = None
        self._read_due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accept the connection unless there are too many."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=UNREAD_BYTES)
        if len(self.connections) > MOST_CONNECTIONS:
            self._drop(f"more than {MOST_CONNECTIONS} connections")
        else:
            self._await_headers()

    def data_received(self, data: bytes) -> None:
        """Take in a part of a request."""
        super().data_received(data)
        self._await_headers()

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
        self.transport.abort()
