"""A console on a site that is stepped by hand, with a client: the same pictures each time they are taken."""

import asyncio
import socket
import struct
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self

from textual.pilot import Pilot

from twin_tui.console.app import ConsoleApp
from twin_tui.console.settings import Settings
from twin_tui.session.local import LocalSession
from twin_tui.twin import Twin

STEP_S = 0.2
CLIENT = ("127.0.0.1", 42022)
READ = bytes([0, 1, 0, 0, 0, 6, 1, 4, *(32_000).to_bytes(2, "big"), 0, 3])
"""Active power and state of charge of the battery, as an energy manager reads them."""


class Stage:
    """The demo site with an energy manager that polls its battery; time passes only in ``play``."""

    def __init__(self, site: str = "demo") -> None:
        self.twin = Twin.from_file(site)
        self._now_s = time.monotonic()
        self.session = LocalSession(self.twin, self.clock)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def __aenter__(self) -> Self:
        await self.twin.start(paced=False)
        for wire in self.twin.links.modbus:
            if wire.server is not None:
                wire.server.station.clock = self.clock
        link = socket.socket()
        link.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        link.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )  # free at once for the next
        link.bind(CLIENT)
        link.setblocking(False)
        await asyncio.get_running_loop().sock_connect(link, ("127.0.0.1", self.twin.port("battery")))
        self._streams = await asyncio.open_connection(sock=link)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._streams is not None
        self._streams[1].close()
        await self.twin.stop()

    def clock(self) -> float:
        """Return the time of the screen, s."""
        return self._now_s

    async def ask(self, request: bytes) -> None:
        """Send a request of the client and wait for its answer."""
        assert self._streams is not None
        reader, writer = self._streams
        writer.write(request)
        await reader.read(260)

    async def write_kw(self, setpoint_kw: float) -> None:
        """Have the client write the battery's setpoint."""
        raw = round(setpoint_kw * 10).to_bytes(4, "big", signed=True)
        await self.ask(bytes([0, 2, 0, 0, 0, 11, 1, 16, *(10_126).to_bytes(2, "big"), 0, 2, 4]) + raw)

    async def play(self, app: ConsoleApp, seconds: float, *, speed: float = 1.0) -> None:
        """Let time pass, faster than it does, with a frame each step of the screen's time."""
        for _ in range(round(seconds / STEP_S)):
            await self.ask(READ)
            self.twin.advance(STEP_S * speed)
            self._now_s += STEP_S
            await app.refresh_frame()


@asynccontextmanager
async def shown(
    stage: Stage, size: tuple[int, int], *, theme: str = "twin-dark", glyphs: str = "unicode"
) -> AsyncIterator[Pilot[int]]:
    """Show a stage; frames come from ``play`` alone."""
    app = ConsoleApp(stage.session, Settings(hz=0.1, theme=theme, glyphs=glyphs, tour=False))
    async with app.run_test(size=size, notifications=True) as pilot:
        await pilot.pause()
        await app.refresh_frame()
        yield pilot


def console_of(pilot: Pilot[int]) -> ConsoleApp:
    """Return the console that a pilot drives."""
    assert isinstance(pilot.app, ConsoleApp)
    return pilot.app
