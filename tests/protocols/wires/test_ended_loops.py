"""A twin whose event loop has ended without a stop: the first stop closes everything and raises nothing."""

import asyncio
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from twin_tui import Twin
from twin_tui.protocols.rest.connector import RestWire

READ = bytes.fromhex("0001 0000 0006 01 04 0000 0001")
RTU_READ = bytes.fromhex("01 04 0000 0001 31ca")


def site(*protocols: dict[str, Any], **links: Any) -> dict[str, Any]:
    battery = {"type": "battery", "name": "bess", "protocols": list(protocols)}
    return {"name": "ended", "assets": [battery], "links": links}


def _stop_in_a_new_loop(twin: Twin) -> None:
    asyncio.run(twin.stop())
    asyncio.run(twin.stop())
    assert twin.links._open == []


def run_and_close(work: Callable[[], Any]) -> None:
    """End a loop as ``asyncio.run`` does."""
    asyncio.run(work())


def only_close(work: Callable[[], Any]) -> None:
    """End a loop without cancelling its tasks."""
    loop = asyncio.new_event_loop()
    loop.run_until_complete(work())
    loop.close()


ENDS = pytest.mark.parametrize("end", [run_and_close, only_close])
End = Callable[[Callable[[], Any]], None]


@ENDS
def test_a_tcp_port_with_a_client(end: End) -> None:
    twin = Twin.from_dict(site({"kind": "modbus_tcp", "port": 0}))
    clients: list[socket.socket] = []

    async def work() -> None:
        await twin.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", twin.port("bess"))
        writer.write(READ)
        assert await reader.read(100)
        clients.append(writer.get_extra_info("socket").dup())

    end(work)
    port = twin.links.servers[0].port  # type: ignore[union-attr]
    _stop_in_a_new_loop(twin)
    with clients[0] as client:
        client.settimeout(10)
        assert client.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    asyncio.run(twin.start())
    _stop_in_a_new_loop(twin)


@ENDS
def test_a_pseudo_terminal_with_a_client(end: End, tmp_path: Path) -> None:
    line = tmp_path / "line"
    twin = Twin.from_dict(site({"kind": "modbus_rtu", "port": f"pty:{line}"}))

    async def work() -> None:
        await twin.start()
        client = os.open(line, os.O_RDWR | os.O_NOCTTY)
        os.write(client, RTU_READ)
        os.close(client)
        await asyncio.sleep(0)

    end(work)
    assert line.is_symlink()
    _stop_in_a_new_loop(twin)
    assert not line.is_symlink()
    asyncio.run(twin.start())
    assert line.is_symlink()
    _stop_in_a_new_loop(twin)


def test_rest_with_a_client() -> None:
    twin = Twin.from_dict(site(rest={"port": 0}))
    ports: list[int] = []

    async def work() -> None:
        await twin.start()
        (wire,) = twin.links.of(RestWire)
        assert wire.server is not None
        ports.append(wire.server.port)
        reader, writer = await asyncio.open_connection("127.0.0.1", ports[0])
        writer.write(b"GET /v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        await reader.readline()

    asyncio.run(work())
    _stop_in_a_new_loop(twin)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", ports[0]))


def test_s2_and_eos_with_their_peers() -> None:
    twins: list[Twin] = []

    async def work() -> None:
        spoken = asyncio.Event()

        async def listen(connection: ServerConnection) -> None:
            await connection.recv()
            spoken.set()
            await connection.wait_closed()

        server = await serve(listen, "127.0.0.1", 0)
        port = next(iter(server.sockets)).getsockname()[1]
        cem = {"kind": "s2", "cem": f"ws://127.0.0.1:{port}/"}
        twins.append(Twin.from_dict(site(cem, eos={"url": f"http://127.0.0.1:{port}"})))
        await twins[0].start()
        await spoken.wait()

    asyncio.run(work())
    _stop_in_a_new_loop(twins[0])
