"""A pseudo terminal as an asyncio transport, with a symbolic link to its client end."""

import asyncio
import os
import tty
from pathlib import Path

from twin_tui.errors import LinkError
from twin_tui.protocols.modbus.link import Link

READ_BYTES = 4096


class PtyTransport(asyncio.Transport):
    """The server end of a pseudo terminal.

    The client end stays open here too: otherwise each client that closes it would look like a lost line.
    """

    def __init__(self, link: Path, protocol: Link) -> None:
        super().__init__({"pty": str(link)})
        self._loop = asyncio.get_running_loop()
        self._protocol = protocol
        self._closing = False
        self._reading = False
        self._link = link
        self._server_end, self._client_end = os.openpty()
        try:
            tty.setraw(self._client_end)
            os.set_blocking(self._server_end, False)
            self.name = os.ttyname(self._client_end)
            _make_link(link, self.name)
        except BaseException:
            os.close(self._server_end)
            os.close(self._client_end)
            raise
        protocol.connection_made(self)
        self.resume_reading()

    def resume_reading(self) -> None:
        """Read what clients send."""
        if not self._reading and not self._closing:
            self._loop.add_reader(self._server_end, self._ready)
            self._reading = True

    def pause_reading(self) -> None:
        """Leave what clients send in the terminal's buffer."""
        if self._reading:
            if not self._loop.is_closed():
                self._loop.remove_reader(self._server_end)
            self._reading = False

    def is_reading(self) -> bool:
        """Return whether this end is reading."""
        return self._reading

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send at once; as on a serial line, data that no client reads is lost."""
        if self._closing:
            return
        try:
            os.write(self._server_end, data)
        except BlockingIOError:
            return
        except OSError as error:
            self._end(error)

    def is_closing(self) -> bool:
        """Return whether this end is closed."""
        return self._closing

    def close(self) -> None:
        """Close both ends and remove the link."""
        self._end(None)

    def abort(self) -> None:
        """Close both ends and remove the link."""
        self._end(None)

    def _ready(self) -> None:
        try:
            data = os.read(self._server_end, READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            self._end(error)
            return
        if data:
            self._protocol.data_received(data)
        else:
            self._end(None)

    def _end(self, error: OSError | None) -> None:
        if self._closing:
            return
        self.pause_reading()
        self._closing = True
        os.close(self._server_end)
        os.close(self._client_end)
        if self._link.is_symlink() and str(self._link.readlink()) == self.name:
            self._link.unlink()
        if self._loop.is_closed():
            self._protocol.connection_lost(error)
        else:
            self._loop.call_soon(self._protocol.connection_lost, error)


def _make_link(link: Path, target: str) -> None:
    """Make a symbolic link; replace an older link, but never a file."""
    if link.exists() and not link.is_symlink():
        raise LinkError(f"pty:{link}: the path is an existing file; choose another path")
    fresh = link.with_name(f".{link.name}.{os.getpid()}")
    try:
        fresh.symlink_to(target)
        fresh.replace(link)
    except OSError as error:
        raise LinkError(f"could not create pty:{link}: {error.strerror}") from error
