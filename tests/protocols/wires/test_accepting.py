"""What is logged of servers of asyncio whose clients have to wait for file handles."""

import asyncio
import errno
import os

import pytest

from twin_tui import Twin
from twin_tui.protocols import links

SITE = {"name": "x", "assets": [{"type": "load", "name": "load", "base_kw": 1}]}
WAIT, AGAIN = f"clients have to wait: {os.strerror(errno.EMFILE)}", "clients are accepted again"


def logged(twin: Twin) -> list[str]:
    return [entry.text for entry in twin.engine.log]


async def until(twin: Twin, text: str, times: int) -> None:
    async with asyncio.timeout(20):
        while logged(twin).count(text) < times:  # noqa: ASYNC110 - the log has no event
            await asyncio.sleep(0)


async def test_each_lack_of_file_handles_is_logged_with_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "RECOVERED_AFTER_S", 0.02)
    twin = Twin.from_dict(SITE)
    await twin.start(paced=False)
    loop = asyncio.get_running_loop()
    refused = {
        "message": "socket.accept() out of system resource",
        "exception": OSError(errno.EMFILE, os.strerror(errno.EMFILE)),
    }
    for times in (1, 2):
        for _ in range(3):
            loop.call_exception_handler(refused)
        await until(twin, AGAIN, times)
    await twin.stop()
    assert logged(twin) == [WAIT, AGAIN, WAIT, AGAIN]


async def test_nothing_is_logged_after_the_servers_have_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "RECOVERED_AFTER_S", 0.0)
    twin = Twin.from_dict(SITE)
    await twin.start(paced=False)
    asyncio.get_running_loop().call_exception_handler(
        {"message": "socket.accept()", "exception": OSError(errno.EMFILE, os.strerror(errno.EMFILE))}
    )
    await twin.stop()
    for _ in range(3):
        await asyncio.sleep(0)
    assert logged(twin) == [WAIT]
