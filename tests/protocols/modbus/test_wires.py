"""Ports and lines of a site: what the console shows of each, whose faults they have, who is on them."""

import os
import socket
import termios
from pathlib import Path
from typing import Any

import pytest

from tests.protocols.modbus.plant import Master, Plant, connect, mbap, read, rtu, until
from tests.waiting import free_port
from twin_tui import Twin
from twin_tui.config import load_site
from twin_tui.engine.events import ClearLinkFault, LinkFault
from twin_tui.errors import ConfigError, LinkError
from twin_tui.protocols.modbus.endpoints import SerialOptions
from twin_tui.protocols.modbus.rtu import LineState, ModbusRtuServer
from twin_tui.protocols.modbus.server import ModbusTcpServer
from twin_tui.protocols.modbus.wires import ModbusWire
from twin_tui.session.link_views import LinkViews
from twin_tui.session.write_traces import WriteTraces

STATUS = 10050


def open_files() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def site(*protocols: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    assets = [
        {"type": "bess", "name": f"bess-{number}", "capacity_kwh": 10.0, "protocols": list(entries)}
        for number, entries in enumerate(protocols, 1)
    ]
    return {"name": "wires", "real_time": False, "assets": assets, **more}


def tcp(port: int = 0, **options: Any) -> dict[str, Any]:
    return {"kind": "modbus_tcp", "port": port, **options}


def tcp_servers(twin: Twin) -> list[ModbusTcpServer]:
    return [server for server in twin.links.servers if isinstance(server, ModbusTcpServer)]


async def test_two_devices_on_one_port_are_two_units_with_one_row_of_clients() -> None:
    port, now_s = free_port(), 100.0
    twin = Twin.from_dict(site([tcp(port, unit_id=7)], [tcp(port, unit_id=3)], []))
    views = LinkViews(twin, WriteTraces(twin.engine), lambda: now_s)
    assert [twin.port(f"bess-{n}") for n in (1, 2)] == [port, port]
    assert views.links() == ()
    async with twin:
        (server,) = tcp_servers(twin)
        assert f"Modbus TCP on 127.0.0.1:{port}  unit 3: bess-2 (bess_modbus), 7: bess-1 (bess_modbus)" in [
            *twin.links.lines()
        ]
        client = await connect(server)
        views.links()
        for unit in (7, 3, 3, 9):
            client.send(mbap(read(4, STATUS, 1), unit=unit))
            await client.frame()
        now_s += 2.0
        first, second = views.links()
        address = f"127.0.0.1:{port} unit"
        assert (first.device, first.protocol, first.address) == ("bess-2", "Modbus TCP", f"{address} 3")
        assert (second.device, second.protocol, second.address) == ("bess-1", "Modbus TCP", f"{address} 7")
        assert (first.requests, first.requests_per_s) == (4, 2.0)
        assert (second.requests, second.requests_per_s, second.clients) == (0, 0.0, ())
        (shown,) = first.clients
        assert (shown.name, shown.requests) == (client.name, 4)
        client.writer.close()
    assert views.links() == ()
    assert views.traffic("bess-1") == ()


async def test_a_device_with_any_unit_number_says_so_and_is_read_back_from_its_source() -> None:
    data = site([tcp(unit_id="any", register_map="huawei_sun2000")])
    data["assets"][0] = {"type": "pv", "name": "pv-1", "rated_kw": 5.0, **data["assets"][0]}
    data["assets"][0].update(type="inverter", name="pv-1")
    data["assets"][0].pop("capacity_kwh")
    planned = load_site(data)
    assert load_site(planned.source).endpoints == planned.endpoints
    twin = Twin.from_dict(data)
    async with twin:
        (server,) = tcp_servers(twin)
        (line,) = [line for line in twin.links.lines() if "Modbus" in line]
        assert line.endswith("unit any: pv-1 (huawei_sun2000)")
        client = await connect(server)
        assert (await client.ask(read(3, 30073, 2), unit=200))[0] == 3
        client.writer.close()


async def test_a_link_fault_reaches_the_unit_of_its_device_alone() -> None:
    port = free_port()
    twin = Twin.from_dict(site([tcp(port, unit_id=1)], [tcp(port, unit_id=2)]))
    views = LinkViews(twin, WriteTraces(twin.engine))
    async with twin:
        client = await connect(tcp_servers(twin)[0])

        async def codes() -> list[int]:
            answers = [await client.ask(read(4, STATUS, 1), unit=unit) for unit in (1, 2)]
            return [answer[1] if answer[0] & 0x80 else 0 for answer in answers]

        def impose(device: str, kind: str, label: str, **rule: Any) -> None:
            twin.submit(LinkFault(device, {"kind": kind, **rule}, label=label))
            twin.step_once()

        impose("bess-2", "exception", "a", code=5)
        assert await codes() == [0, 5]
        assert [link.fault for link in views.links()] == ["", "exception"]
        impose("bess-1", "exception", "b", code=6)
        impose("bess-1", "wrong_function", "c", count=1, functions=99)
        assert await codes() == [6, 5]
        assert [link.fault for link in views.links()] == ["exception, wrong_function", "exception"]
        twin.submit(ClearLinkFault("a"))
        twin.step_once()
        assert await codes() == [6, 0]
        twin.submit(ClearLinkFault(""))
        twin.step_once()
        assert await codes() == [0, 0]
        assert [link.fault for link in views.links()] == ["", ""]
        client.writer.close()


async def test_frames_are_kept_while_somebody_looks_at_a_device_and_no_longer() -> None:
    now_s = 100.0
    twin = Twin.from_dict(site([tcp()], [tcp()]))
    views = LinkViews(twin, WriteTraces(twin.engine), lambda: now_s)
    async with twin:
        one, two = tcp_servers(twin)
        client = await connect(one)
        assert views.traffic("bess-1") == ()
        await client.ask(read(4, STATUS, 1))
        asked, answered = views.traffic("bess-1")
        assert (asked.number, answered.number) == (0, 1)
        assert asked.text == f"> #77 unit 1 FC04 read input registers {STATUS} x1"
        assert answered.text == "< #77 unit 1 FC04 read input registers: 0000"
        assert asked.raw == "00 4d 00 00 00 06 01 04 27 42 00 01"
        assert asked.client == client.name
        for _ in range(200):
            await client.ask(read(4, STATUS, 1))
        assert len(views.traffic("bess-1")) == 300
        assert (one.station.ring is None, two.station.ring is None) == (False, True)
        assert views.traffic("bess-2") == ()
        assert (one.station.ring is None, two.station.ring is None) == (True, False)
        views.traffic("")
        assert (one.station.ring is None, two.station.ring is None) == (True, True)
        assert views.traffic("bess-3") == ()
        client.writer.close()


async def test_a_traffic_view_leaves_the_capture_to_a_file_running(tmp_path: Path) -> None:
    path = tmp_path / "wire.txt"
    twin = Twin.from_dict(site([tcp()]))
    twin.links.capture(path)
    views = LinkViews(twin, WriteTraces(twin.engine))
    async with twin:
        (server,) = tcp_servers(twin)
        client = await connect(server)
        for looked_at in ("bess-1", "", "bess-1", ""):
            views.traffic(looked_at)
            await client.ask(read(4, STATUS, 1))
            assert server.station.ring is not None
        client.writer.close()
    assert path.read_text().count("FC04") == 8


async def test_a_device_has_a_port_by_its_unit() -> None:
    first, second = free_port(), free_port()
    entries = [tcp(first, unit_id=1), tcp(second, unit_id=5)]
    async with Twin.from_dict(site(entries, [tcp(second, unit_id=2)], [])) as twin:
        assert [twin.port("bess-1", unit=unit) for unit in (1, 5)] == [first, second]
        assert [twin.port("bess-1", index=index) for index in (0, 1)] == [first, second]
        assert twin.port("bess-2") == twin.port("bess-2", unit=2) == second
        for device, unit in (("bess-1", 2), ("bess-2", 5), ("bess-3", None)):
            with pytest.raises(LinkError, match=f"{device} has no TCP port"):
                twin.port(device, unit=unit)


async def test_a_twin_that_stops_serves_nobody_and_starts_again_without_faults() -> None:
    twin = Twin.from_dict(site([tcp()]))
    (wire,) = twin.links.of(ModbusWire)
    async with twin:
        client = await connect(tcp_servers(twin)[0])
        twin.submit(LinkFault("bess-1", {"kind": "exception"}, label="f"))
        twin.step_once()
        assert (await client.ask(read(4, STATUS, 1)))[0] == 0x84
    assert await client.ended()
    assert wire.server is None
    wire.lift("f")
    wire.stop_traffic()
    await wire.open()
    assert isinstance(wire.server, ModbusTcpServer)
    client = await connect(wire.server)
    assert (await client.ask(read(4, STATUS, 1)))[0] == 4
    await wire.close()
    assert await client.ended()


async def test_a_line_says_when_it_was_lost_and_opened_again_but_not_when_it_starts(tmp_path: Path) -> None:
    plug = tmp_path / "usb"
    near, far = os.openpty()
    plug.symlink_to(os.ttyname(far))
    twin = Twin.from_dict(site([{"kind": "modbus_rtu", "port": str(plug), "baudrate": 115_200}]))
    async with twin:
        (line,) = (server for server in twin.links.servers if isinstance(server, ModbusRtuServer))
        line._retry_s = 0.001
        assert len(twin.engine.log) == 0
        os.close(far)
        os.close(near)
        await until(lambda: line.state is LineState.LOST)
        near, far = os.openpty()
        plug.unlink()
        plug.symlink_to(os.ttyname(far))
        await until(lambda: line.state is LineState.OPEN)
        texts = [entry.text for entry in twin.engine.log]
    assert texts == [f"{plug} lost; trying to reopen it", f"{plug} open again"]
    os.close(near)
    os.close(far)


async def test_a_line_that_cannot_be_opened_leaves_nothing_open(plant: Plant, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    before = open_files()
    for path in ("pty:", f"pty:{tmp_path}/notes.txt", f"pty:{tmp_path}/no/such/tty"):
        with pytest.raises(LinkError):
            await ModbusRtuServer(path, {1: plant}).start()
    assert open_files() == before
    with pytest.raises(LinkError, match="pty: has no path; expected pty:/path/link"):
        await ModbusRtuServer("pty:", {1: plant}).start()


async def test_two_lines_of_a_site_have_their_own_units(tmp_path: Path) -> None:
    def line(name: str, unit: int) -> dict[str, Any]:
        return {"kind": "modbus_rtu", "port": f"pty:{tmp_path / name}", "unit_id": unit, "baudrate": 115_200}

    entries = [line("a", 1), line("b", 1)], [line("a", 2)]
    async with Twin.from_dict(site(*entries)) as twin:
        assert len(twin.links.servers) == 2
        with pytest.raises(LinkError, match="bess-2 has no TCP port"):
            twin.port("bess-2")
        for name, units in (("a", (1, 2)), ("b", (1,))):
            master = Master(str(tmp_path / name))
            for unit in units:
                master.send(rtu(read(4, STATUS, 1), unit=unit))
                await master.expect(rtu(b"\x04\x02\x00\x00", unit=unit))
            master.close()


@pytest.mark.parametrize(
    ("options", "flags"),
    # a pseudo terminal takes no parity
    [({}, 0), ({"stopbits": 2}, termios.CSTOPB)],
)
async def test_a_serial_line_has_the_settings_of_the_site(options: dict[str, Any], flags: int) -> None:
    near, far = os.openpty()
    entry = {"kind": "modbus_rtu", "port": os.ttyname(far), **options}
    async with Twin.from_dict(site([entry])):
        settings = termios.tcgetattr(far)
        assert settings[2] & termios.CSTOPB == flags
        assert settings[4:6] == [termios.B9600, termios.B9600]
    async with Twin.from_dict(site([{**entry, "baudrate": 19_200}])):
        assert termios.tcgetattr(far)[4:6] == [termios.B19200, termios.B19200]
    os.close(near)
    os.close(far)


async def test_a_line_is_closed_when_the_port_after_it_cannot_be_opened(tmp_path: Path) -> None:
    near, far = os.openpty()
    line = {"kind": "modbus_rtu", "port": os.ttyname(far)}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        before = open_files()
        with pytest.raises(LinkError, match=f"127.0.0.1:{port} is in use by another program"):
            await Twin.from_dict(site([line, tcp(port)])).start()
        assert open_files() == before
    async with Twin.from_dict(site([line])) as twin:
        (server,) = twin.links.servers
        assert isinstance(server, ModbusRtuServer)
        assert server.state is LineState.OPEN
    os.close(near)
    os.close(far)


async def test_a_line_serves_one_program_at_a_time(plant: Plant) -> None:
    near, far = os.openpty()
    first, second = (ModbusRtuServer(os.ttyname(far), {1: plant}) for _ in range(2))
    await first.start()
    with pytest.raises(LinkError, match=f"{os.ttyname(far)} is in use by another program"):
        await second.start()
    await second.stop()
    await first.stop()
    await second.start()
    await second.stop()
    os.close(near)
    os.close(far)


def test_the_options_of_a_port_or_line_survive_as_the_text_of_a_site() -> None:
    line = {"kind": "modbus_rtu", "port": "/dev/ttyS9", "unit_id": 3, "parity": "E", "stopbits": 2}
    entries = [
        tcp(5020),
        tcp(5021, max_clients=3, idle_timeout="2m", policy="busy", missing_unit="silent", framing="rtu"),
        tcp(5022, identity={"vendor_name": "Acme"}, register_map={"registers": [], "device_type": "bess"}),
        {**line, "timeout": 0.5},
        {**line, "port": "/dev/ttyS8", "baudrate": 115_200},
    ]
    entries[2]["register_map"]["registers"] = [
        {"name": "p", "signal": "soc", "table": "input", "address": 0, "type": "float32"}
    ]
    planned = load_site(site(entries))
    again = load_site(planned.source)
    assert again.endpoints == planned.endpoints
    assert len(planned.endpoints) == 5
    assert planned.endpoints[3].options == SerialOptions(9600, "E", 2, 8, 0.5)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        (([tcp(5020)], [tcp(5020)]), "bess-2 and bess-1 are both unit 1 on 127.0.0.1:5020"),
        (
            ([tcp(5020)], [tcp(5020, unit_id=2, policy="busy")]),
            "options of 127.0.0.1:5020 differ from those at",
        ),
        (
            ([tcp(5020)], [tcp(5020, unit_id=2, ip="0.0.0.0")]),
            "port 5020 is used on both 127.0.0.1 and 0.0.0.0",
        ),
        (
            ([tcp(5020, ip="::")], [tcp(5020, unit_id=2, ip="::1")]),
            "port 5020 is used on both :: and ::1",
        ),
        (([tcp(register_map=5)],), "register_map: expected the name of a register map, found 5"),
        (([tcp(register_map="bess_modbu")],), "unknown register map 'bess_modbu'"),
        (
            ([tcp(tls={"certificate": "no.pem", "key": "no.key"})],),
            "tls.certificate: no such file: ",
        ),
        (
            ([tcp(5020, unit_id="any")], [tcp(5020, unit_id=2)]),
            "assets[0]: unit_id any needs a port of its own; 127.0.0.1:5020 has others",
        ),
        (([tcp(unit_id="any", framing="rtu")],), "unit_id: any needs framing mbap; give the unit's number"),
        (([tcp(unit_id="all")],), "unit_id: expected any or a whole number from 0 to 255, found 'all'"),
        (([tcp(unit_id=256)],), "unit_id: expected a whole number from 0 to 255, found 256"),
        (([tcp(max_clients=0)],), "max_clients: expected a whole number from 1 to 100000, found 0"),
    ],
)
def test_a_port_that_contradicts_itself_or_another_is_refused(entries: Any, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Twin.from_dict(site(*entries))
    assert message in str(caught.value)


def test_the_same_unit_on_other_ports_other_addresses_or_free_ports_is_another_unit() -> None:
    own = [tcp(5020), tcp(5021), tcp(5020, ip="127.0.0.2"), tcp(), tcp()]
    twin = Twin.from_dict(site(own, [tcp(5020, unit_id=2), tcp(policy="busy")]))
    assert len(twin.links.of(ModbusWire)) == 6
