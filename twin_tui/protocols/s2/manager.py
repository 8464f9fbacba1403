"""Resource Managers: one WebSocket to the energy manager for each resource, reconnected automatically."""

import asyncio
import contextlib
import inspect
import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from twin_tui.engine.engine import Engine
from twin_tui.engine.signals import value
from twin_tui.engine.snapshot import LogKind
from twin_tui.errors import LinkError
from twin_tui.protocols.address import without_login
from twin_tui.protocols.clock import PeerClock
from twin_tui.protocols.connector import StateLog, end_tasks
from twin_tui.protocols.s2.conversation import Conversation, S2State
from twin_tui.protocols.s2.log import ConversationLog
from twin_tui.protocols.s2.names import Names

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
PUBLISH_EVERY_S = 1.0
CLOSE_WITHIN_S = 2.0
_UNAUTHORIZED = (401, 403)
HUNG_UP = "the energy manager closed the connection"


@value
class S2Status:
    """State of a resource's connection to its energy manager."""

    device: str
    cem: str
    state: str
    detail: str
    version: str
    control: str
    received: int
    attempts: int
    """Attempts to connect since the last successful one."""


def _websockets() -> Any:
    try:
        from websockets.asyncio import client  # noqa: PLC0415
    except ImportError:
        raise LinkError(
            "S2 needs the websockets package; install the extra s2: pip install 'twin-tui[s2]'"
        ) from None
    return client


class ResourceManager:
    """Keeps one device connected to its energy manager."""

    def __init__(
        self,
        engine: Engine,
        device: str,
        cem: str,
        token: str = "",
        *,
        wall_clock: bool = True,
        log: ConversationLog | None = None,
        first_pause_s: float = FIRST_PAUSE_S,
        longest_pause_s: float = LONGEST_PAUSE_S,
    ) -> None:
        """Take the energy manager's address and token, and whether times in messages are wall-clock time."""
        engine.device(device)
        self.device = device
        self._cem = cem
        self._token = token
        self._first_pause_s, self._longest_pause_s = first_pause_s, longest_pause_s
        self._engine = engine
        self._names = Names(engine.plan.name, device)
        self._client = _websockets()
        self._log = log
        self._task: asyncio.Task[None] | None = None
        self._clock = PeerClock(engine, wall_clock)
        self._address = without_login(cem)
        self._origin = f"s2 {urlsplit(self._address).netloc}"
        self._state_log = StateLog(engine, device, self._origin, LogKind.S2)
        self.conversation: Conversation | None = None
        self._state, self._detail = S2State.CLOSED, ""
        self._handshake_done = False
        self._attempts = self._received = 0
        self.changed: Callable[[], None] = lambda: None
        """Called when the state in the status changes."""

    @property
    def status(self) -> S2Status:
        talk = self.conversation
        return S2Status(
            device=self.device,
            cem=self._cem,
            state=(talk.state if talk is not None else self._state).value,
            detail=talk.detail if talk is not None else self._detail,
            version=talk.version if talk is not None else "",
            control=talk.control.name if talk is not None and talk.control is not None else "",
            received=self._received,
            attempts=self._attempts,
        )

    async def start(self) -> None:
        """Start connecting; attempts go on until the energy manager answers."""
        if self._log is not None:
            self._log.open()
        self._state = S2State.CONNECTING
        task = asyncio.create_task(self._keep_connected(), name=f"S2 of {self.device}")
        self._task = self._state_log.watch(task)

    async def stop(self) -> None:
        """Disconnect; the mode or setpoints from before the control type come back."""
        task, self._task = self._task, None
        await end_tasks(task)
        self._state_log.settle()
        if self._log is not None:
            self._log.close()

    def failure(self) -> str:
        """Return what ended its connection for ever, "" if nothing did."""
        return self._state_log.failure

    def lost(self) -> str:
        """Return why its log is incomplete, "" if it is not."""
        return self._log.failed if self._log is not None else ""

    def _write_log(self, direction: str, message: Any) -> None:
        if self._log is not None:
            self._log.write(self.device, direction, message)

    async def _keep_connected(self) -> None:
        pause_s = self._first_pause_s
        while True:
            self._handshake_done = False
            started_s = time.monotonic()
            reconnect = await self._converse()
            # one that accepts and drops each connection gets as long pauses as one that is absent
            if self._handshake_done and time.monotonic() - started_s >= self._longest_pause_s:
                pause_s = self._first_pause_s
            if not reconnect:
                await asyncio.sleep(pause_s)
                pause_s = min(2.0 * pause_s, self._longest_pause_s)

    async def _converse(self) -> bool:
        self._attempts += 1
        if self._state is not S2State.REFUSED:
            self._set(S2State.CONNECTING, self._detail)
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else None
        connect = self._client.connect
        # websockets before 15.0 has no support for proxies
        direct = {"proxy": None} if "proxy" in inspect.signature(connect).parameters else {}
        try:
            connection = await connect(
                self._cem, additional_headers=headers, open_timeout=10, close_timeout=1, **direct
            )
        except (OSError, TimeoutError, self._failures()) as error:
            self._set(*_connect_error(error, self._address))
            self._state_log(self._detail)
            return False
        self._attempts = 0
        return await self._talk(connection)

    def _failures(self) -> type[Exception]:
        from websockets.exceptions import WebSocketException  # noqa: PLC0415

        return WebSocketException

    async def _talk(self, connection: "ClientConnection") -> bool:
        conversation = Conversation(self._engine, self.device, self._names, self._clock.ahead_s, self._origin)
        self.conversation = conversation
        ready = asyncio.Event()
        watcher = self._engine.watch(PUBLISH_EVERY_S, conversation.publish)
        sender = asyncio.create_task(self._send(connection, conversation, ready))

        def wake() -> None:
            ready.set()
            if conversation.overrun:
                sender.cancel()  # it is blocked until the energy manager reads

        conversation.wake = wake
        try:
            conversation.begin()
            self.changed()
            reader = asyncio.create_task(self._read(connection, conversation))
            await asyncio.wait({reader, sender}, return_when=asyncio.FIRST_COMPLETED)
            reader.cancel()
            sender.cancel()
            for outcome in await asyncio.gather(reader, sender, return_exceptions=True):
                if isinstance(outcome, Exception):
                    conversation.fail(outcome)
        finally:
            self._engine.unwatch(watcher)
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)
            conversation.end()
            self.conversation = None
            self._handshake_done = bool(conversation.version)
            with contextlib.suppress(Exception):
                # close waits without limit while sent data is unread
                async with asyncio.timeout(CLOSE_WITHIN_S):
                    await connection.close()
            connection.transport.abort()
            self._set(conversation.state, conversation.detail or HUNG_UP)
        if conversation.state is S2State.REFUSED:
            self._state_log(conversation.detail)
        elif not conversation.closing:
            self._state_log(HUNG_UP)
        return conversation.reconnect

    async def _read(self, connection: "ClientConnection", conversation: Conversation) -> None:
        with contextlib.suppress(self._failures()):
            async for text in connection:
                self._received += 1
                before = conversation.state
                self._write_log("in", _as_logged(text))
                conversation.receive(text)
                if conversation.state is not before:
                    self.changed()
                if before is S2State.HANDSHAKE and conversation.version:
                    self._state_log(f"connected to {self._address}, S2 {conversation.version}")
                if conversation.closing:
                    # the sender sends the last answer, then disconnects
                    await asyncio.Event().wait()

    async def _send(
        self, connection: "ClientConnection", conversation: Conversation, ready: asyncio.Event
    ) -> None:
        with contextlib.suppress(self._failures()):
            while True:
                await ready.wait()
                ready.clear()
                while conversation.outbox:
                    message = conversation.outbox.popleft()
                    self._write_log("out", message)
                    await connection.send(json.dumps(message, separators=(",", ":")))
                if conversation.closing:
                    return

    def _set(self, state: S2State, detail: str) -> None:
        if (state, detail) != (self._state, self._detail):
            self._state, self._detail = state, detail
            self.changed()


def _as_logged(text: str | bytes) -> Any:
    try:
        return json.loads(text, parse_constant=str)
    except (ValueError, RecursionError):
        return text if isinstance(text, str) else text.decode("utf-8", "replace")


def _connect_error(error: Exception, cem: str) -> tuple[S2State, str]:
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status in _UNAUTHORIZED:
        return S2State.REFUSED, f"{cem} rejected the token (HTTP {status})"
    if status is not None:
        return S2State.REFUSED, f"{cem} is not an S2 WebSocket (HTTP {status})"
    untrusted = getattr(error, "verify_message", "")
    if untrusted:
        return S2State.REFUSED, f"the certificate of {cem} is not trusted: {untrusted}"
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return S2State.CONNECTING, f"could not connect to {cem}: {reason or type(error).__name__}"
