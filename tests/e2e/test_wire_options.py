"""What a site file says of its links is what a client meets."""

import asyncio
import os
import select
import ssl
from pathlib import Path
from typing import Any

import pytest
from pymodbus import FramerType, ModbusException
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient, AsyncModbusTlsClient

from tests.protocols.modbus.plant import Master, RawClient, connect, read
from tests.waiting import until
from twin_tui import ConfigError, Twin
from twin_tui.engine.events import LinkFault
from twin_tui.protocols.modbus.crc import with_crc
from twin_tui.protocols.modbus.rtu import LineState, ModbusRtuServer
from twin_tui.protocols.modbus.server import ModbusTcpServer
from twin_tui.session.link_views import LinkViews
from twin_tui.session.write_traces import WriteTraces

STATUS = 10050


def site(*protocols: dict[str, Any], **more: Any) -> dict[str, Any]:
    bess = {"type": "bess", "name": "bess", "capacity_kwh": 10.0, "protocols": list(protocols)}
    return {"name": "wire", "real_time": False, "assets": [bess], **more}


def tcp(**options: Any) -> dict[str, Any]:
    return {"kind": "modbus_tcp", "port": 0, **options}


def client_of(twin: Twin, place: int = 0, **options: Any) -> AsyncModbusTcpClient:
    port = twin.links.servers[place].port
    return AsyncModbusTcpClient("127.0.0.1", port=port, retries=0, **options)  # type: ignore[arg-type]


async def ask(client: AsyncModbusTcpClient, unit: int = 1) -> int:
    """Return the exception code of a read, 0 for an answer, -1 for none."""
    try:
        answer = await client.read_input_registers(STATUS, count=1, device_id=unit)
    except ModbusException:
        return -1
    return answer.exception_code if answer.isError() else 0


async def raw_code(client: RawClient) -> int:
    """Return what `ask` does, for a client that never connects again by itself."""
    try:
        answer = await client.ask(read(4, STATUS, 1))
    except (EOFError, ConnectionError):
        return -1
    return answer[1] if answer[0] & 0x80 else 0


@pytest.mark.parametrize(("policy", "met"), [("drop_oldest", (-1, 0)), ("refuse", (0, -1)), ("busy", (0, 6))])
async def test_a_client_too_many_meets_the_policy_of_the_site(policy: str, met: tuple[int, int]) -> None:
    async with Twin.from_dict(site(tcp(), links={"max_clients": 1, "policy": policy})) as twin:
        server = twin.links.servers[0]
        assert isinstance(server, ModbusTcpServer)
        first = await connect(server)
        await first.ask(read(4, STATUS, 1))
        second = await connect(server)
        code = await raw_code(second)
        assert (await raw_code(first), code) == met
        first.writer.close()
        second.writer.close()


async def test_an_idle_client_is_closed_after_the_time_of_the_site() -> None:
    async with Twin.from_dict(site(tcp(idle_timeout="50ms"))) as twin:
        reader, writer = await asyncio.open_connection("127.0.0.1", twin.links.servers[0].port)
        assert await asyncio.wait_for(reader.read(), 10) == b""
        writer.close()


async def test_a_missing_unit_gets_what_the_site_says() -> None:
    async with Twin.from_dict(site(tcp(), tcp(missing_unit="silent"))) as twin:
        spoken, silent = client_of(twin, 0), client_of(twin, 1, timeout=0.1)
        assert await spoken.connect()
        assert await silent.connect()
        assert (await ask(spoken, 9), await ask(spoken)) == (11, 0)
        assert await ask(silent, 9) == -1
        spoken.close()
        silent.close()


async def test_a_port_framed_as_rtu_beside_one_that_is_not() -> None:
    async with Twin.from_dict(site(tcp(), tcp(framing="rtu"))) as twin:
        client = client_of(twin, 1, framer=FramerType.RTU)
        assert await client.connect()
        assert await ask(client) == 0
        client.close()


async def test_a_device_says_who_it_is_as_the_site_says() -> None:
    names = {"vendor_name": "Acme", "product_code": "B10", "revision": "2.1", "model_name": "Ten"}
    async with Twin.from_dict(site(tcp(identity=names))) as twin:
        client = client_of(twin)
        assert await client.connect()
        answer = await client.read_device_information(read_code=2, object_id=0)
        assert answer.information == {0: b"Acme", 1: b"B10", 2: b"2.1", 5: b"Ten"}
        client.close()


async def test_a_site_speaks_tls_with_files_beside_it(certified: Path) -> None:
    path = certified / "site.yaml"
    path.write_text(
        "name: secure\nreal_time: false\nassets: [{type: bess, name: bess, capacity_kwh: 10, protocols: "
        "[{kind: modbus_tcp, port: 0, tls: {certificate: c, key: k}}]}]\n"
    )
    async with Twin.from_file(path) as twin:
        context = ssl.create_default_context(cafile=str(certified / "c"))
        port = twin.links.servers[0].port
        client = AsyncModbusTlsClient("localhost", port=port, sslctx=context, retries=0)  # type: ignore[arg-type]
        assert await client.connect()
        assert await ask(client) == 0
        client.close()


async def test_a_failing_tls_handshake_is_logged_once_until_one_succeeds(certified: Path) -> None:
    tls = {"certificate": str(certified / "c"), "key": str(certified / "k")}
    strict, trusting = ssl.create_default_context(), ssl.create_default_context(cafile=str(certified / "c"))
    async with Twin.from_dict(site(tcp(tls=tls))) as twin:
        log, port = twin.engine.log, twin.links.servers[0].port
        for context in (strict, strict, trusting, strict):
            try:
                _, writer = await asyncio.open_connection("localhost", port, ssl=context)
            except ssl.SSLError:
                continue
            await until(lambda: len(log) == 2)
            writer.close()
        await until(lambda: len(log) == 3)
    reason = "connection closed by the client; it may not trust the certificate"
    refused = f"TLS handshake with 127.0.0.1 failed: {reason}"
    assert [entry.text for entry in log] == [refused, "TLS handshake with 127.0.0.1 done", refused]
    assert {entry.origin for entry in log} == {f"Modbus TCP on 127.0.0.1:{port}"}


async def test_a_line_that_is_pulled_and_comes_back_while_the_twin_runs(tmp_path: Path) -> None:
    plug = tmp_path / "usb"
    master, slave = os.openpty()
    plug.symlink_to(os.ttyname(slave))
    twin = Twin.from_dict(site(tcp(), {"kind": "modbus_rtu", "port": str(plug), "baudrate": 115_200}))
    views = LinkViews(twin, WriteTraces(twin.engine))
    async with twin:
        line = twin.links.servers[1]
        assert isinstance(line, ModbusRtuServer)
        os.close(slave)
        os.close(master)
        await until(lambda: line.state is LineState.LOST)
        assert "lost" in views.links()[1].fault
        twin.advance(60.0)
        client = client_of(twin)
        assert await client.connect()
        assert await ask(client) == 0
        client.close()

        master, slave = os.openpty()
        plug.unlink()
        plug.symlink_to(os.ttyname(slave))
        await until(lambda: line.state is LineState.OPEN)
        assert views.links()[1].fault == ""
        os.write(master, with_crc(bytes.fromhex("0104 2742 0001")))
        await until(lambda: select.select([master], [], [], 0)[0] != [])
        assert os.read(master, 7) == with_crc(bytes.fromhex("0104 02 0000"))
    os.close(slave)
    os.close(master)


async def test_the_timeout_of_a_line_is_how_long_the_rest_of_a_frame_may_take(tmp_path: Path) -> None:
    request, answer = with_crc(bytes.fromhex("0104 2742 0001")), with_crc(bytes.fromhex("0104 02 0000"))
    lines = [
        {"kind": "modbus_rtu", "port": f"pty:{tmp_path / name}", "baudrate": 115_200, **options}
        for name, options in (("plain", {}), ("patient", {"timeout": 600}))
    ]
    async with Twin.from_dict(site(*lines)) as twin:
        plain, patient = (Master(str(tmp_path / name)) for name in ("plain", "patient"))
        links = [server.link for server in twin.links.servers if isinstance(server, ModbusRtuServer)]
        for master in (plain, patient):
            master.send(request[:5])
        await until(lambda: all(link._rest for link in links))
        await until(lambda: not links[0]._rest)  # a line without timeout drops it after some 30 ms
        for master in (plain, patient):
            master.send(request[5:])
        await patient.expect(answer)
        await until(lambda: not links[0]._rest)
        plain.send(request)
        await plain.expect(answer)
        plain.close()
        patient.close()


async def test_the_screen_counts_what_clients_that_left_have_asked() -> None:
    now_s = 100.0
    twin = Twin.from_dict(site(tcp(), tcp()))
    views = LinkViews(twin, WriteTraces(twin.engine), lambda: now_s)
    async with twin:
        assert views.links()[0].requests_per_s == 0.0
        for _ in range(2):
            client = client_of(twin)
            assert await client.connect()
            for _ in range(5):
                await ask(client)
            client.close()
        await until(lambda: not twin.links.servers[0].links)
        now_s += 2.0
        assert (views.links()[0].requests, views.links()[0].requests_per_s) == (10, 5.0)
        twin.submit(LinkFault("bess", {"kind": "silence"}))
        twin.step_once()
        assert [link.fault for link in views.links()] == ["silence", "silence"]


@pytest.mark.parametrize("suffix", [".txt", ".pcapng"])
async def test_a_run_writes_what_was_said_on_every_link(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"wire{suffix}"
    rtu = {"kind": "modbus_rtu", "port": f"pty:{tmp_path / 'line'}", "baudrate": 115_200}
    twin = Twin.from_dict(site(tcp(), rtu))
    twin.links.capture(path)
    views = LinkViews(twin, WriteTraces(twin.engine))
    async with twin:
        client = client_of(twin)
        line = AsyncModbusSerialClient(str(tmp_path / "line"), baudrate=115_200)
        assert await client.connect()
        assert await line.connect()
        await ask(client)
        views.traffic("bess")
        views.traffic("")
        await client.write_register(10055, 1)
        await line.read_input_registers(STATUS, count=1)
        client.close()
        line.close()
    written = path.read_bytes()
    if suffix == ".txt":
        lines = [text for text in written.decode().splitlines() if text]
        assert [text[0] for text in lines].count("#") == 2
        assert len(lines) == 2 + 6
        assert "FC06 write register 10055 = 0001" in written.decode()
    else:
        assert written.count(bytes.fromhex("2742 0001")) == 2
        assert written.count(bytes.fromhex("06 2747 0001")) == 2


def test_a_capture_that_cannot_be_written_is_reported_before_anything_is_served(tmp_path: Path) -> None:
    twin = Twin.from_dict(site(tcp()))
    with pytest.raises(ConfigError, match=r"\.pcapng or \.txt"):
        twin.links.capture(tmp_path / "wire.doc")
    with pytest.raises(ConfigError, match=r"the folder .*nowhere does not exist"):
        twin.links.capture(tmp_path / "nowhere" / "wire.txt")
