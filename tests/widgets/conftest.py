"""Waits for a console by what its event loop still has to do, not by the time that the process has used.

Textual's own wait sleeps at least 20 ms twice a key, and longer on a busy machine.
"""

import asyncio
from collections.abc import Iterator

import pytest
import textual.app
import textual.pilot

SOON_S = 0.02
"""A timer that is due by then is waited for."""
QUIET_TURNS = 3


async def until_idle(min_sleep: float = 0.0, max_sleep: float = 1.0) -> None:
    """Wait until nothing is ready to run in this loop and no timer is due soon."""
    loop = asyncio.get_running_loop()
    ends, quiet = loop.time() + max_sleep, 0
    while quiet < QUIET_TURNS and loop.time() < ends:
        await asyncio.sleep(0)
        scheduled = [timer.when() for timer in loop._scheduled if not timer.cancelled()]  # type: ignore[attr-defined]
        wait_s = min(scheduled, default=ends) - loop.time()
        if loop._ready or wait_s <= SOON_S:  # type: ignore[attr-defined]
            quiet = 0
            if not loop._ready:  # type: ignore[attr-defined]
                await asyncio.sleep(max(0.0, wait_s))
        else:
            quiet += 1


@pytest.fixture(scope="session", autouse=True)
def consoles_are_waited_for_by_their_loop() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(textual.app, "wait_for_idle", until_idle)
        patch.setattr(textual.pilot, "wait_for_idle", until_idle)
        yield
