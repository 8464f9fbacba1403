"""Keys one after the other: each is handled when all that the key before it did has happened.

Textual decides who gets a key when it arrives: in a burst, the keys behind one that opens a dialog would go
to the view under it.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable

from textual.app import App
from textual.events import Event
from textual.message_pump import MessagePump

LONGEST_TURN_S = 1.0
"""How long a key waits for those before it, in case the twin does not answer."""
LOOK_EVERY_S = 0.005


class KeyIntake:
    """Takes the keys of an app; while one is being dealt with, those behind it wait."""

    def __init__(self, app: App[int], handle: Callable[[Event], Awaitable[None]]) -> None:
        self._app = app
        self._handle = handle
        self._waiting: deque[Event] = deque()
        self._turn: asyncio.Task[None] | None = None

    async def take(self, event: Event) -> None:
        """Handle a key or a paste now, or after those before it."""
        if self._turn is not None and not self._turn.done():
            self._waiting.append(event)
            return
        before = self._app.screen
        await self._handle(event)
        self._turn = asyncio.create_task(self._go_on(before), name="keys")

    async def idle(self) -> None:
        """Wait until every key has been dealt with."""
        if self._turn is not None and not self._turn.done():
            await asyncio.wait([self._turn])

    async def _go_on(self, before: MessagePump) -> None:
        await self._until_done(before)
        while self._waiting and self._app.is_running:
            before = self._app.screen
            await self._handle(self._waiting.popleft())
            await self._until_done(before)

    async def _until_done(self, shown: MessagePump) -> None:
        """Wait until what a key did has happened: a dialog is open and drawn, or all work is done."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_TURN_S):
                while self._app.is_running:
                    await self._messages_handled()
                    if self._app.screen is not shown:
                        shown = self._app.screen
                        await _called(shown.call_after_refresh)
                    elif len(self._app.screen_stack) > 1 or all(w.is_finished for w in self._app.workers):
                        return
                    else:
                        await asyncio.sleep(LOOK_EVERY_S)

    async def _messages_handled(self) -> None:
        """Wait for the messages of the focused widget and of all that it passes them on to."""
        passes = 0
        while passes < 2 or any(pump.message_queue_size for pump in self._pumps()):
            passes += 1
            for pump in self._pumps():
                await _called(pump.call_later)

    def _pumps(self) -> list[MessagePump]:
        found: list[MessagePump] = []
        pump: MessagePump | None = self._app.focused or self._app.screen
        while pump is not None:
            found.append(pump)
            pump = pump._parent
        return found


async def _called(schedule: Callable[[Callable[[], None]], bool]) -> None:
    handled = asyncio.Event()
    if schedule(handled.set):
        await handled.wait()
