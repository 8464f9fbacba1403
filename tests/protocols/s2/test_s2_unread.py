"""An energy manager that sends but does not read."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from s2_cem import PATIENCE_S, dialling, reaches

from twin_tui.engine.devices.load import LOAD, LoadParams
from twin_tui.engine.engine import Engine
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.protocols.s2 import manager
from twin_tui.protocols.s2.conversation import UNREAD_LIMIT, Conversation, S2State
from twin_tui.protocols.s2.names import Names


def an_engine() -> Engine:
    return Engine(SitePlan("test", (DevicePlan("load", LOAD, LoadParams(1_000.0)),)))


def a_conversation(engine: Engine) -> Conversation:
    return Conversation(engine, "load", Names("test", "load"), lambda: 0.0)


def message(message_type: str, **content: str) -> str:
    return json.dumps({"message_type": message_type, "message_id": str(uuid.uuid4()), **content})


def test_unread_messages_are_queued_up_to_a_limit_that_ends_the_connection() -> None:
    conversation = a_conversation(an_engine())
    for _ in range(UNREAD_LIMIT):
        conversation.receive("junk")
    assert (len(conversation.outbox), conversation.closing) == (UNREAD_LIMIT, False)
    conversation.receive("junk")
    assert (conversation.state, conversation.closing, conversation.overrun) == (S2State.REFUSED, True, True)
    assert conversation.detail == f"the energy manager does not read: {UNREAD_LIMIT + 1} messages unread"
    for _ in range(3):
        conversation.receive("junk")
        conversation.receive(message("Handshake", role="CEM"))
    assert not conversation.outbox


def test_a_busy_queue_drops_measurements_and_nothing_else() -> None:
    conversation = a_conversation(an_engine())
    conversation.begin()
    for _ in range(30):
        conversation.receive("junk")
    conversation.receive(message("HandshakeResponse", selected_protocol_version="0.0.2-beta"))
    kinds = [message["message_type"] for message in conversation.outbox]
    assert "ResourceManagerDetails" in kinds
    assert "PowerMeasurement" not in kinds


class Stuck:
    """A connection whose peer sends without end and reads nothing: no send and no close returns."""

    def __init__(self) -> None:
        self.transport = self
        self.aborted = False
        self.sending = asyncio.Event()

    def abort(self) -> None:
        self.aborted = True

    async def __aiter__(self) -> AsyncIterator[str]:
        while True:
            yield "junk"
            await asyncio.sleep(0)

    async def send(self, text: str) -> None:
        self.sending.set()
        await asyncio.Event().wait()

    async def close(self) -> None:
        await asyncio.Event().wait()


@pytest.fixture
def stuck(monkeypatch: pytest.MonkeyPatch) -> list[Stuck]:
    """Replace every connection by a stuck one; return them."""
    connections: list[Stuck] = []

    async def connect(address: str, **options: Any) -> Stuck:
        connections.append(Stuck())
        return connections[-1]

    monkeypatch.setattr(manager, "_websockets", lambda: SimpleNamespace(connect=connect))
    monkeypatch.setattr(manager, "CLOSE_WITHIN_S", 0.01)
    return connections


async def test_an_energy_manager_that_does_not_read_is_disconnected_and_connected_again(
    stuck: list[Stuck],
) -> None:
    engine = an_engine()
    async with asyncio.timeout(PATIENCE_S), dialling(engine, "ws://stuck", "load") as rm:
        await reaches(rm, S2State.REFUSED, "the energy manager does not read")
        await reaches(rm, S2State.HANDSHAKE)
    assert any("the energy manager does not read: 1001 messages unread" in entry.text for entry in engine.log)
    assert len(stuck) > 1
    assert all(connection.aborted for connection in stuck)


async def test_the_twin_stops_while_an_energy_manager_does_not_read(
    stuck: list[Stuck],
) -> None:
    async with asyncio.timeout(PATIENCE_S):
        async with dialling(an_engine(), "ws://stuck", "load") as rm:
            await reaches(rm, S2State.HANDSHAKE)
            await stuck[0].sending.wait()
    assert stuck[0].aborted
