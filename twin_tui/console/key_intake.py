"""Keys one after the other: each is handled when all that the key before it did has happened.

Textual decides who gets a key when it arrives: in a burst, the keys behind one that opens a dialog would go
to the view under it.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from textual.app import App
from textual.events import Event, Key, Paste
from textual.message_pump import MessagePump

LOOK_EVERY_S = 0.005
MOST_IDLE_LOOKS = 200
"""How long a key waits while nothing is done, in case the twin does not answer: a second."""
IDLE_S = 0.0005
"""A look in which this thread worked no longer was idle. A machine that is busy with something else, where a
dialog takes seconds to open, is waited for: a key too early would go to the view under the dialog."""
MOST_LOOKS = 4000
MOST_WAITING = 4096
"""How many keys wait, as many as a terminal's own line would hold."""
MANY_WAITING = 100
LEAVE_KEYS = ("ctrl+c", "ctrl+q")
"""The keys that drop the others when many wait."""
LONGEST_PASTE = 4096


class KeyIntake:
    """Takes the keys of an app; while one is being dealt with, those behind it wait."""

    def __init__(
        self,
        app: App[int],
        handle: Callable[[Event], Awaitable[None]],
        fail: Callable[[Exception], None],
        opened: asyncio.Event,
    ) -> None:
        self._app = app
        self._handle = handle
        self._fail = fail
        self._opened = opened
        self._waiting: deque[Event | None] = deque()
        """Keys and pastes; None stands where some were dropped."""
        self.on_cut: Callable[[], None] = lambda: None
        """Called in the place of keys that were dropped."""
        self._dropping = False
        self._last = ""
        self._turn: asyncio.Task[None] | None = None

    async def take(self, event: Event) -> None:
        """Handle a key or a paste now, or after those before it."""
        if isinstance(event, Paste):
            event.text = event.text[:LONGEST_PASTE]
        if self._turn is None and not self._opened.is_set():  # typed ahead: no view has the keys yet
            self._waiting.append(event)
            self._turn = asyncio.create_task(self._begin(), name="keys")
            return
        if self._turn is not None and not self._turn.done():
            if isinstance(event, Key) and event.key in LEAVE_KEYS and len(self._waiting) > MANY_WAITING:
                self._waiting.clear()
            if len(self._waiting) < MOST_WAITING:
                self._waiting.append(event)
            elif not self._dropping:
                self._dropping = True
                self._waiting.append(None)
                self._app.notify(f"more than {MOST_WAITING} keys wait; the next are dropped", markup=False)
            return
        self._dropping = False
        before = self._app.screen
        self._last = event.key if isinstance(event, Key) else ""
        await self._handle(event)
        self._turn = asyncio.create_task(self._go_on(before), name="keys")

    @property
    def repeats(self) -> bool:
        """Whether the key that is being handled comes once more at once, as while it is held down."""
        return bool(self._waiting) and isinstance(next := self._waiting[0], Key) and next.key == self._last

    async def idle(self) -> None:
        """Wait until every key has been dealt with."""
        if self._turn is not None and not self._turn.done():
            await asyncio.wait([self._turn])

    async def _begin(self) -> None:
        await self._within_patience(self._opened.wait())
        await self._go_on(self._app.screen)

    async def _go_on(self, before: MessagePump) -> None:
        try:
            await self._within_patience(self._until_done(before))
            while self._waiting and self._app.is_running:
                before = self._app.screen
                event = self._waiting.popleft()
                if event is None:
                    self.on_cut()
                    continue
                self._last = event.key if isinstance(event, Key) else ""
                await self._handle(event)
                await self._within_patience(self._until_done(before))
        except Exception as error:  # the outermost edge of this task
            self._fail(error)

    async def _within_patience(self, work: Coroutine[Any, Any, object]) -> None:
        """Wait until something has happened, but not for ever."""
        done = asyncio.create_task(work, name="key")
        idle = 0
        for _ in range(MOST_LOOKS):
            worked_s = time.thread_time()
            await asyncio.wait([done], timeout=LOOK_EVERY_S)
            idle += time.thread_time() - worked_s < IDLE_S
            if done.done() or idle > MOST_IDLE_LOOKS:
                break
        done.cancel()
        if done.done():
            done.result()

    async def _until_done(self, shown: MessagePump) -> None:
        """Wait until what a key did has happened: a dialog is open and drawn, or all work is done."""
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
                if not await _called(pump.call_later):
                    return  # it is being closed: what waits for it will not be handled

    def _pumps(self) -> list[MessagePump]:
        found: list[MessagePump] = []
        pump: MessagePump | None = self._app.focused or self._app.screen
        while pump is not None:
            found.append(pump)
            pump = pump._parent
        return found


async def _called(schedule: Callable[[Callable[[], None]], bool]) -> bool:
    """Wait until what is scheduled has been called; return whether it could be scheduled."""
    handled = asyncio.Event()
    scheduled = schedule(handled.set)
    if scheduled:
        await handled.wait()
    return scheduled
