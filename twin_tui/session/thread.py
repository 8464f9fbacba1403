"""A twin in a thread with its own loop, so that a stalled terminal does not delay its servers."""

import asyncio
import math
import sys
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

from twin_tui.engine.view import Command, Frame, SiteView, ViewRequest
from twin_tui.errors import TwinError
from twin_tui.session.local import LocalSession
from twin_tui.twin import Twin

T = TypeVar("T")
SWITCH_INTERVAL_S = 0.0001
"""How long a drawing thread may hold the interpreter while a request waits."""
STOP_WITHIN_S = 5.0


class TwinThread:
    """Runs a twin with pacer and servers; a screen awaits frames and sends commands from its own loop."""

    def __init__(self, twin: Twin, *, servers: bool = True, duration_s: float | None = None) -> None:
        self.twin = twin
        self.session = LocalSession(twin)
        self._servers = servers
        self._duration_s = math.inf if duration_s is None else duration_s
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="twin", daemon=True)
        self._started: Future[None] = Future()
        self._ending: asyncio.Event | None = None
        self._over = ""
        """Why no question is answered any more."""
        self.failure: BaseException | None = None
        """What the simulation, or the end of the run, failed with, for the caller that ends the run."""
        self.failed = ""
        """When and with what the simulation or a server failed, "" while all is well."""

    @property
    def site(self) -> SiteView:
        return self.session.site

    def start(self) -> None:
        """Start the twin; raise the TwinError that keeps it from starting."""
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        self._thread.start()
        self._started.result()

    def stop(self) -> None:
        """Stop servers and pacer and close the recording."""
        loop, ending = self._loop, self._ending
        if loop is not None and ending is not None and self._thread.is_alive():
            with suppress(RuntimeError):  # a run that has failed closes its loop at this moment
                loop.call_soon_threadsafe(ending.set)
            self._thread.join(STOP_WITHIN_S)

    async def frame(self, view: ViewRequest) -> Frame:
        return await self._across(self.session.frame(view))

    async def check(self, command: Command) -> None:
        await self._across(self.session.check(command))

    async def send(self, command: Command, line: str = "") -> str:
        return await self._across(self.session.send(command, line))

    async def _across(self, work: Coroutine[Any, Any, T]) -> T:
        loop = self._loop
        if loop is None or self._over or not self._thread.is_alive():
            work.close()
            raise TwinError(self._over or "the twin has ended")
        crossing = asyncio.run_coroutine_threadsafe(work, loop)
        try:
            return await asyncio.wrap_future(crossing)
        except asyncio.CancelledError:
            if self._over:  # and with the twin its loop, in the middle of the answer
                raise TwinError(self._over) from None
            raise

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:
            if not self._started.done():
                self._started.set_exception(error)
            else:
                self.failure = error

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ending = asyncio.Event()
        try:
            await self.twin.start(servers=self._servers, paced=True, duration_s=self._duration_s)
            self._started.set_result(None)
            running = asyncio.ensure_future(self.twin.run())
            ending = asyncio.ensure_future(self._ending.wait())
            await asyncio.wait({running, ending}, return_when=asyncio.FIRST_COMPLETED)
            if running.done() and running.exception() is None:
                await ending  # the last state can still be looked at
            elif running.done():
                error = running.exception()
                self.failed = self._over = (
                    f"the simulation failed at {self.twin.time_s:g} s: {type(error).__name__}: {error}"
                )
                running.result()
            running.cancel()
        finally:
            self.failed = self.failed or self.twin.links.failure()
            self._over = self._over or "the twin has ended"
            await self.twin.stop()
