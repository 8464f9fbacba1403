"""Resource Managers: one WebSocket to the energy manager for each resource, kept up by itself."""

import asyncio
import contextlib
import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit

from twin_tui.engine.engine import Engine
from twin_tui.engine.signals import value
from twin_tui.engine.snapshot import LogKind
from twin_tui.errors import ConfigError, LinkError
from twin_tui.protocols.address import without_login
from twin_tui.protocols.clock import PeerClock
from twin_tui.protocols.connector import StateLog
from twin_tui.protocols.s2.names import Names
from twin_tui.protocols.s2.options import check_address
from twin_tui.protocols.s2.session import Session, State

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
LOOK_EVERY_S = 1.0
CLOSE_WITHIN_S = 2.0
_UNAUTHORIZED = (401, 403)
HUNG_UP = "the energy manager has hung up"


@value
class S2Status:
    """How a resource stands with its energy manager, for the console."""

    device: str
    cem: str
    state: str
    detail: str
    version: str
    control: str
    received: int
    attempts: int
    """Attempts to connect since the last one that came through."""


@dataclass(slots=True, frozen=True)
class S2Options:
    """How a resource dials its energy manager."""

    cem: str
    token: str | None = None
    wall_clock: bool = True
    """Whether times on the wire follow the wall clock, as a real energy manager does, or the simulation."""
    log: Path | None = None
    """A file for the conversation, one message a line."""
    first_pause_s: float = FIRST_PAUSE_S
    longest_pause_s: float = LONGEST_PAUSE_S


def _websockets() -> Any:
    try:
        from websockets.asyncio import client  # noqa: PLC0415
    except ImportError:
        raise LinkError(
            "S2 needs the websockets package: install twin-tui with its extra s2 (pip install 'twin-tui[s2]')"
        ) from None
    return client


def _without_proxy(connect: Any) -> dict[str, None]:
    """Return the option that makes websockets dial directly; before 15.0 it knew no proxies."""
    return {"proxy": None} if "proxy" in inspect.signature(connect).parameters else {}


class ConversationLog:
    """Writes every message of one resource, in and out, to a file."""

    def __init__(self, path: Path | None, engine: Engine, device: str) -> None:
        self._engine = engine
        self._device = device
        self._file: IO[str] | None = None
        if path is not None:
            try:
                # a lone surrogate stands in the file as JSON's own escape
                self._file = path.open(
                    "a", encoding="utf-8", errors="backslashreplace", newline="\n", buffering=1
                )
            except OSError as error:
                raise ConfigError(f"{path}: cannot be written: {error.strerror}") from None

    def write(self, direction: str, message: Any) -> None:
        """Write one line."""
        if self._file is not None:
            entry = {"t": round(self._engine.time_s, 6), "device": self._device, direction: message}
            self._file.write(json.dumps(entry, separators=(",", ":"), ensure_ascii=False) + "\n")

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


class ResourceManager:
    """Keeps one device in conversation with its energy manager, whatever happens to the connection."""

    def __init__(self, engine: Engine, device: str, options: S2Options) -> None:
        check_address(options.cem)
        engine.device(device)
        self.device = device
        self.options = options
        self._engine = engine
        self._names = Names(engine.plan.name, device)
        self._client = _websockets()
        self._log = ConversationLog(options.log, engine, device)
        self._task: asyncio.Task[None] | None = None
        self._clock = PeerClock(engine, options.wall_clock)
        self._address = without_login(options.cem)
        self._origin = f"s2 {urlsplit(self._address).netloc}"
        self._state_log = StateLog(engine, device, self._origin, LogKind.S2)
        self.session: Session | None = None
        self._state, self._detail = State.CLOSED, ""
        self._agreed = False
        self._attempts = self._received = 0
        self.changed: Callable[[], None] = lambda: None
        """Called when the status has another state."""

    @property
    def status(self) -> S2Status:
        """How the resource stands with its energy manager now."""
        session = self.session
        state, detail = (
            (session.state, session.detail) if session is not None else (self._state, self._detail)
        )
        return S2Status(
            device=self.device,
            cem=self.options.cem,
            state=state.value,
            detail=detail,
            version=session.version if session is not None else "",
            control=session.control.name if session is not None and session.control is not None else "",
            received=self._received,
            attempts=self._attempts,
        )

    async def start(self) -> None:
        """Begin to dial; an energy manager that is absent is dialled again and again."""
        self._state = State.CONNECTING
        task = asyncio.create_task(self._keep_connected(), name=f"S2 of {self.device}")
        self._task = self._state_log.watch(task)

    async def stop(self) -> None:
        """Hang up; the device goes back to who had it before."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._log.close()

    async def _keep_connected(self) -> None:
        pause_s = self.options.first_pause_s
        while True:
            self._agreed = False
            again_at_once = await self._converse()
            if self._agreed:
                pause_s = self.options.first_pause_s
            if not again_at_once:
                await asyncio.sleep(pause_s)
                pause_s = min(2.0 * pause_s, self.options.longest_pause_s)

    async def _converse(self) -> bool:
        self._attempts += 1
        if self._state is not State.REFUSED:
            self._set(State.CONNECTING, self._detail)
        headers = {"Authorization": f"Bearer {self.options.token}"} if self.options.token else None
        try:
            connection = await self._client.connect(
                self.options.cem,
                additional_headers=headers,
                open_timeout=10,
                close_timeout=1,
                **_without_proxy(self._client.connect),
            )
        except (OSError, TimeoutError, self._failures()) as error:
            self._set(*_why(error, self._address))
            self._state_log(self._detail)
            return False
        self._attempts = 0
        return await self._talk(connection)

    def _failures(self) -> type[Exception]:
        from websockets.exceptions import WebSocketException  # noqa: PLC0415

        return WebSocketException

    async def _talk(self, connection: "ClientConnection") -> bool:
        session = Session(self._engine, self.device, self._names, self._clock.ahead_s, self._origin)
        self.session = session
        ready = asyncio.Event()
        watcher = self._engine.watch(LOOK_EVERY_S, session.publish)
        sender = asyncio.create_task(self._send(connection, session, ready))

        def wake() -> None:
            ready.set()
            if session.deaf:
                sender.cancel()  # it waits for the energy manager to read

        session.wake = wake
        try:
            session.begin()
            self.changed()
            reader = asyncio.create_task(self._read(connection, session))
            await asyncio.wait({reader, sender}, return_when=asyncio.FIRST_COMPLETED)
            reader.cancel()
            sender.cancel()
            for outcome in await asyncio.gather(reader, sender, return_exceptions=True):
                if isinstance(outcome, Exception):
                    session.fail(outcome)
        finally:
            self._engine.unwatch(watcher)
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)
            session.end()
            self.session = None
            self._agreed = bool(session.version)
            with contextlib.suppress(Exception):
                # close alone waits for ever if what was sent before cannot get away
                async with asyncio.timeout(CLOSE_WITHIN_S):
                    await connection.close()
            connection.transport.abort()
            self._set(session.state, session.detail or HUNG_UP)
        if session.state is State.REFUSED:
            self._state_log(session.detail)
        elif not session.closing:
            self._state_log(HUNG_UP)
        return session.reconnect

    async def _read(self, connection: "ClientConnection", session: Session) -> None:
        with contextlib.suppress(self._failures()):
            async for text in connection:
                self._received += 1
                before = session.state
                self._log.write("in", _as_logged(text))
                session.receive(text)
                if session.state is not before:
                    self.changed()
                if before is State.HANDSHAKE and session.version:
                    self._state_log(f"connected to {self._address}, S2 {session.version}")
                if session.closing:
                    # leave the rest to the sender: the last answer goes out, then it hangs up
                    await asyncio.Event().wait()

    async def _send(self, connection: "ClientConnection", session: Session, ready: asyncio.Event) -> None:
        with contextlib.suppress(self._failures()):
            while True:
                await ready.wait()
                ready.clear()
                while session.outbox:
                    message = session.outbox.popleft()
                    self._log.write("out", message)
                    await connection.send(json.dumps(message, separators=(",", ":")))
                if session.closing:
                    return

    def _set(self, state: State, detail: str) -> None:
        if (state, detail) != (self._state, self._detail):
            self._state, self._detail = state, detail
            self.changed()


def _as_logged(text: str | bytes) -> Any:
    try:
        return json.loads(text, parse_constant=str)
    except (ValueError, RecursionError):
        return text if isinstance(text, str) else text.decode("utf-8", "replace")


def _why(error: Exception, cem: str) -> tuple[State, str]:
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status in _UNAUTHORIZED:
        return State.REFUSED, f"{cem} refuses the token (HTTP {status})"
    if status is not None:
        return State.REFUSED, f"{cem} is no S2 WebSocket (HTTP {status})"
    distrust = getattr(error, "verify_message", "")
    if distrust:
        return State.REFUSED, f"the certificate of {cem} is not trusted: {distrust}"
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return State.CONNECTING, f"{cem} cannot be reached: {reason or type(error).__name__}"
