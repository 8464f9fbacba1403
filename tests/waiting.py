"""What tests of several rooms wait with, and where they listen."""

import asyncio
import socket
from collections.abc import Callable


async def until(holds: Callable[[], object]) -> None:
    """Let the loop run until something holds that has no event to wait for."""
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.001)


def free_port() -> int:
    """Return a TCP port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port
