"""An energy manager for the tests: a WebSocket server that sends what a test requests."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any

from s2_reference import objection
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from twin_tui.engine.engine import Engine
from twin_tui.protocols.s2.conversation import S2State
from twin_tui.protocols.s2.log import ConversationLog
from twin_tui.protocols.s2.manager import ResourceManager

PATIENCE_S = 10.0


class Cem:
    """Keeps every message of the resource manager, each one approved by the schema and s2-python."""

    def __init__(self, token: str | None = None, version: str = "0.0.2-beta") -> None:
        self.version = version
        self.messages: list[dict[str, Any]] = []
        self.connections = 0
        self._objections: list[str] = []
        self._token = token
        self._connection: ServerConnection | None = None
        self._server: Server | None = None
        self._news = asyncio.Condition()
        self._seen = 0

    async def __aenter__(self) -> "Cem":
        self._server = await serve(self._take, "127.0.0.1", 0, process_request=self._admit)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()
        assert not any(self._objections), [text for text in self._objections if text]

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"ws://127.0.0.1:{next(iter(self._server.sockets)).getsockname()[1]}/"

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        if self._token is not None and request.headers.get("Authorization") != f"Bearer {self._token}":
            return connection.respond(401, "no\n")
        return None

    async def _take(self, connection: ServerConnection) -> None:
        self._connection = connection
        self.connections += 1
        try:
            async for text in connection:
                message = json.loads(text)
                self._objections.append(objection(message, self.version))
                async with self._news:
                    self.messages.append(message)
                    self._news.notify_all()
        except ConnectionClosed:
            pass
        async with self._news:
            self._news.notify_all()

    async def expect(
        self, message_type: str, holds: Callable[[dict[str, Any]], bool] = lambda message: True
    ) -> dict[str, Any]:
        """Return the next message of a type that was not returned before."""

        def position() -> int | None:
            return next(
                (
                    number
                    for number, message in enumerate(self.messages)
                    if number >= self._seen and message["message_type"] == message_type and holds(message)
                ),
                None,
            )

        async with asyncio.timeout(PATIENCE_S), self._news:
            await self._news.wait_for(lambda: position() is not None)
        found = position()
        assert found is not None
        self._seen = found + 1
        return self.messages[found]

    async def reception_of(self, message_id: str) -> dict[str, Any]:
        """Return the reception status of a message."""

        def answers() -> list[dict[str, Any]]:
            return [m for m in self.messages if m.get("subject_message_id") == message_id]

        async with asyncio.timeout(PATIENCE_S), self._news:
            await self._news.wait_for(answers)
        (answer,) = answers()
        return answer

    async def send_raw(self, text: str) -> None:
        assert self._connection is not None
        await self._connection.send(text)

    async def send(self, message_type: str, **content: Any) -> dict[str, Any]:
        """Send a message; return its reception status."""
        message_id = str(uuid.uuid4())
        message = {"message_type": message_type, "message_id": message_id, **content}
        await self.send_raw(json.dumps(message))
        return await self.reception_of(message_id)

    async def hang_up(self) -> None:
        assert self._connection is not None
        await self._connection.close()

    async def shake_hands(self) -> dict[str, Any]:
        """Do the handshake; return the details of the resource."""
        await self.expect("Handshake")
        await self.send("Handshake", role="CEM", supported_protocol_versions=[self.version])
        await self.send("HandshakeResponse", selected_protocol_version=self.version)
        return await self.expect("ResourceManagerDetails")

    async def select(self, control_type: str) -> dict[str, Any]:
        """Select a control type; return the answer."""
        return await self.send("SelectControlType", control_type=control_type)


@asynccontextmanager
async def dialling(
    engine: Engine, url: str, device: str = "battery", **options: Any
) -> AsyncIterator[ResourceManager]:
    """Connect a device of the engine to an energy manager, on the simulated clock."""
    settings = {"wall_clock": False, "first_pause_s": 0.01, "longest_pause_s": 0.02, **options}
    if "log" in settings:
        settings["log"] = ConversationLog(settings["log"], engine)
    manager = ResourceManager(engine, device, url, **settings)  # type: ignore[arg-type]
    await manager.start()
    try:
        yield manager
    finally:
        await manager.stop()


async def reaches(manager: ResourceManager, state: S2State, detail: str = "") -> None:
    """Wait until the manager's status has a state."""
    changed = asyncio.Event()
    manager.changed = changed.set
    async with asyncio.timeout(PATIENCE_S):
        while not (manager.status.state == state.value and detail in manager.status.detail):
            await changed.wait()
            changed.clear()


class Remote:
    """What an energy manager knows of a resource after its description."""

    def __init__(self, cem: Cem, description: dict[str, Any]) -> None:
        self.cem = cem
        self.control = description["message_type"].removesuffix(".SystemDescription")
        actuator = description["actuators"][0] if "actuators" in description else description
        self.actuator = actuator.get("id")
        self.modes = {
            mode["diagnostic_label"]: mode.get("id") or mode["Id"] for mode in actuator["operation_modes"]
        }
        self.timers = {timer["diagnostic_label"]: timer["id"] for timer in actuator["timers"]}

    async def instruct(self, mode: str, factor: Any = 1.0, **rest: Any) -> tuple[str, dict[str, Any]]:
        """Instruct a mode by its label; return the instruction's id and the answer."""
        name = rest.pop("id", str(uuid.uuid4()))
        content = {
            "id": name,
            "operation_mode" if self.control == "FRBC" else "operation_mode_id": self.modes.get(mode, mode),
            "operation_mode_factor": factor,
            "execution_time": "2020-01-01T00:00:00Z",
            "abnormal_condition": False,
            **({} if self.control == "OMBC" else {"actuator_id": self.actuator}),
            **rest,
        }
        return name, await self.cem.send(f"{self.control}.Instruction", **content)

    async def status(self, instruction: str, status: str) -> dict[str, Any]:
        """Wait until an instruction has a status."""
        return await self.cem.expect(
            "InstructionStatusUpdate",
            lambda m: m["instruction_id"] == instruction and m["status_type"] == status,
        )

    async def instructed(self, mode: str, factor: float = 1.0, ends: str = "SUCCEEDED", **rest: Any) -> None:
        """Instruct a mode and wait until the instruction has ended."""
        name, answer = await self.instruct(mode, factor, **rest)
        assert answer["status"] == "OK", answer
        await self.status(name, ends)
