"""An energy manager that talks but does not read."""

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
from twin_tui.protocols.s2.names import Names
from twin_tui.protocols.s2.session import UNREAD_LIMIT, Session, State


def an_engine() -> Engine:
    return Engine(SitePlan("test", (DevicePlan("load", LOAD, LoadParams(1_000.0)),)))


def a_session(engine: Engine) -> Session:
    return Session(engine, "load", Names("test", "load"), lambda: 0.0)


def said(message_type: str, **content: str) -> str:
    return json.dumps({"message_type": message_type, "message_id": str(uuid.uuid4()), **content})


def test_what_is_not_read_is_kept_up_to_a_limit_and_then_the_connection_is_given_up() -> None:
    session = a_session(an_engine())
    for _ in range(UNREAD_LIMIT):
        session.receive("junk")
    assert (len(session.outbox), session.closing) == (UNREAD_LIMIT, False)
    session.receive("junk")
    assert (session.state, session.closing, session.deaf) == (State.REFUSED, True, True)
    assert session.detail == f"the energy manager does not read: {UNREAD_LIMIT + 1} messages wait"
    for _ in range(3):
        session.receive("junk")
        session.receive(said("Handshake", role="CEM"))
    assert not session.outbox


def test_measurements_wait_while_others_do_and_what_must_not_be_lost_is_kept() -> None:
    session = a_session(an_engine())
    session.begin()
    for _ in range(30):
        session.receive("junk")
    session.receive(said("HandshakeResponse", selected_protocol_version="0.0.2-beta"))
    kinds = [message["message_type"] for message in session.outbox]
    assert "ResourceManagerDetails" in kinds
    assert "PowerMeasurement" not in kinds


class Stuck:
    """A connection whose other end talks for ever and reads nothing: no send and no close comes to an end."""

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
    """Let every energy manager that is dialled be stuck; return the connections."""
    connections: list[Stuck] = []

    async def connect(address: str, **options: Any) -> Stuck:
        connections.append(Stuck())
        return connections[-1]

    monkeypatch.setattr(manager, "_websockets", lambda: SimpleNamespace(connect=connect))
    monkeypatch.setattr(manager, "CLOSE_WITHIN_S", 0.01)
    return connections


async def test_an_energy_manager_that_does_not_read_is_hung_up_on_and_dialled_again(
    stuck: list[Stuck],
) -> None:
    engine = an_engine()
    async with asyncio.timeout(PATIENCE_S), dialling(engine, "ws://stuck", "load") as rm:
        await reaches(rm, State.REFUSED, "the energy manager does not read")
        await reaches(rm, State.HANDSHAKE)
    assert any("the energy manager does not read: 1001 messages wait" in entry.text for entry in engine.log)
    assert len(stuck) > 1
    assert all(connection.aborted for connection in stuck)


async def test_an_energy_manager_that_does_not_read_does_not_keep_the_twin_from_ending(
    stuck: list[Stuck],
) -> None:
    async with asyncio.timeout(PATIENCE_S):
        async with dialling(an_engine(), "ws://stuck", "load") as rm:
            await reaches(rm, State.HANDSHAKE)
            await stuck[0].sending.wait()
    assert stuck[0].aborted
