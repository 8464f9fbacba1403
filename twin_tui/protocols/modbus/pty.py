"""A pseudo terminal as an asyncio transport, with a link that names its far end."""

import asyncio
import os
import tty
from pathlib import Path

from twin_tui.errors import LinkError
from twin_tui.protocols.modbus.link import Link

READ_BYTES = 4096


class PtyTransport(asyncio.Transport):
    """The twin's end of a pseudo terminal.

    The far end is held open too: otherwise each client that closes it would look like a broken line.
    """

    def __init__(self, link: Path, protocol: Link) -> None:
        super().__init__({"pty": str(link)})
        self._loop = asyncio.get_running_loop()
        self._protocol = protocol
        self._closing = False
        self._reading = False
        self._link = link
        self._near, self._far = os.openpty()
        try:
            tty.setraw(self._far)
            os.set_blocking(self._near, False)
            self.name = os.ttyname(self._far)
            _point(link, self.name)
        except BaseException:
            os.close(self._near)
            os.close(self._far)
            raise
        protocol.connection_made(self)
        self.resume_reading()

    def resume_reading(self) -> None:
        """Read what clients say."""
        if not self._reading and not self._closing:
            self._loop.add_reader(self._near, self._ready)
            self._reading = True

    def pause_reading(self) -> None:
        """Leave what clients say in the terminal's buffer."""
        if self._reading:
            self._loop.remove_reader(self._near)
            self._reading = False

    def is_reading(self) -> bool:
        """Tell whether this end reads."""
        return self._reading

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send at once; like a serial line, lose what nobody at the far end takes."""
        if self._closing:
            return
        try:
            os.write(self._near, data)
        except BlockingIOError:
            return
        except OSError as error:
            self._end(error)

    def is_closing(self) -> bool:
        """Tell whether this end is closed."""
        return self._closing

    def close(self) -> None:
        """Close both ends and remove the link."""
        self._end(None)

    def abort(self) -> None:
        """Close both ends and remove the link."""
        self._end(None)

    def _ready(self) -> None:
        try:
            data = os.read(self._near, READ_BYTES)
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
        os.close(self._near)
        os.close(self._far)
        if self._link.is_symlink() and str(self._link.readlink()) == self.name:
            self._link.unlink()
        self._loop.call_soon(self._protocol.connection_lost, error)


def _point(link: Path, target: str) -> None:
    """Make a symbolic link, in place of an older one, but never in place of a file."""
    if link.exists() and not link.is_symlink():
        raise LinkError(f"pty:{link}: there is a file of that name, and it is no link: choose another path")
    fresh = link.with_name(f".{link.name}.{os.getpid()}")
    try:
        fresh.symlink_to(target)
        fresh.replace(link)
    except OSError as error:
        raise LinkError(f"pty:{link} cannot be made: {error.strerror}") from error
