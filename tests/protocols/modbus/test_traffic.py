"""Traffic on the wire: clients, rates, frames as text and as pcapng."""

import asyncio
import ssl
import struct
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocols.modbus.plant import Plant, RawClient, connect, mbap, read, rtu, serving, write_registers
from twin_tui.engine import formats
from twin_tui.errors import LinkError
from twin_tui.protocols.modbus.capture import Capture
from twin_tui.protocols.modbus.decode import describe
from twin_tui.protocols.modbus.endpoints import Framing, Tls
from twin_tui.protocols.modbus.pcapng import Pcapng
from twin_tui.protocols.modbus.tls import server_context
from twin_tui.protocols.modbus.traffic import RateMeter, RawFrame, Ring, as_text


def ticking(step_s: float = 0.5):  # type: ignore[no-untyped-def]
    """Return a clock that advances at each reading."""
    now_s = 99.5

    def clock() -> float:
        nonlocal now_s
        now_s += step_s
        return now_s

    return clock


async def test_clients_and_their_requests_are_listed(plant: Plant) -> None:
    async with serving({1: plant}) as server:
        first, second = await connect(server), await connect(server)
        for _ in range(3):
            await first.ask(read(4, 5, 2))
        await second.ask(write_registers(1, 0xABCD))
        one, two = server.links
        assert (one.client, one.requests, one.busy) == (first.name, 3, False)
        assert (two.client, two.requests) == (second.name, 1)
        assert one.last_seen_s <= two.last_seen_s
        assert server.requests == 4
        first.writer.close()
        second.writer.close()


async def test_the_text_of_a_capture_names_a_link_when_it_changes(plant: Plant, tmp_path: Path) -> None:
    path, other = tmp_path / "all.txt", Plant()
    async with serving({1: plant}) as one, serving({1: other}) as two:
        capture = Capture(path, print)
        capture.start([("one", one.station), ("two", two.station)])
        first, second = await connect(one), await connect(two)
        for client in (first, first, second, first):
            await client.ask(read(4, 5, 2))
        capture.finish()
        first.writer.close()
        second.writer.close()
    titles = [line for line in path.read_text().splitlines() if line.startswith("#")]
    assert titles == ["# one", "# two", "# one"]


async def test_a_client_without_tls_on_a_plain_port_is_no_handshake(plant: Plant) -> None:
    handshakes: list[tuple[str, str]] = []
    async with serving({1: plant}, on_handshake=lambda *seen: handshakes.append(seen)) as server:
        client = await connect(server)
        await client.ask(read(4, 5, 2))
        client.writer.close()
    assert handshakes == []


def test_a_rate_is_counted_between_two_readings() -> None:
    meter = RateMeter()
    assert meter.rate(10.0, 100) == 0
    assert meter.rate(12.0, 150) == 25
    assert meter.rate(12.0, 150) == 25


@pytest.mark.parametrize(("every_s", "text"), [(1.0, "1/s"), (5.0, "0.2/s"), (0.1, "10/s"), (0.5, "2/s")])
def test_a_steady_client_has_one_rate_whenever_the_screen_looks(every_s: float, text: str) -> None:
    meter = RateMeter()
    shown = [formats.rate(meter.rate(now_s / 4, int(now_s / 4 / every_s + 0.6))) for now_s in range(160)]
    assert set(shown[60:]) == {text}


def test_a_client_that_stops_has_no_rate_soon_after() -> None:
    meter = RateMeter()
    rates = [meter.rate(now_s / 4, min(10, now_s // 4)) for now_s in range(60)]
    assert rates[38] == pytest.approx(1.0, abs=0.1)
    assert rates[-1] == 0.0


async def test_a_capture_keeps_both_directions_of_every_frame(plant: Plant) -> None:
    async with serving({1: plant}, clock=ticking()) as server:
        client = await connect(server)
        await client.ask(read(4, 3, 1))
        ring = server.station.start_capture()
        for _ in range(2):
            await client.ask(read(4, 3, 1))
        client.send(mbap(read(4, 0, 1), protocol=9))
        await client.ask(b"\x63")
        server.station.stop_capture()
        await client.ask(read(4, 3, 1))
        frames = ring.frames()
        assert [frame.incoming for frame in frames] == [True, False, True, False, True, True, False]
        assert frames[0].data == mbap(read(4, 3, 1), transaction=77)
        assert frames[1].data == bytes.fromhex("004d 0000 0005 01 04 02 0003")
        assert {frame.client for frame in frames} == {client.name}
        assert [frame.time_s for frame in frames] == sorted(frame.time_s for frame in frames)
        client.writer.close()


async def test_a_line_keeps_foreign_and_broken_frames_too(plant: Plant) -> None:
    async with serving({1: plant}, framing="rtu") as server:
        ring = server.station.start_capture()
        client = await connect(server)
        foreign = rtu(read(4, 0, 1), unit=9)
        client.send(foreign + rtu(read(4, 3, 1)))
        await client.take(7)
        assert [frame.data for frame in ring.frames()] == [
            foreign,
            rtu(read(4, 3, 1)),
            rtu(b"\x04\x02\x00\x03"),
        ]
        client.writer.close()


def test_a_ring_drops_the_oldest() -> None:
    ring = Ring("mbap", ticking(), capacity=3)
    for n in range(5):
        ring.record("c", True, bytes([n]))
    assert [frame.data for frame in ring.frames()] == [b"\x02", b"\x03", b"\x04"]


@pytest.mark.parametrize(
    ("pdu", "incoming", "text"),
    [
        (read(3, 100, 10), True, "FC03 read holding registers 100 x10"),
        (b"\x03\x04\x00\x01\xab\xcd", False, "FC03 read holding registers: 0001 ABCD"),
        (b"\x01\x01\x05", False, "FC01 read coils: 10100000"),
        (b"\x05\x00\x01\xff\x00", True, "FC05 write coil 1 = on"),
        (b"\x05\x00\x01\x00\x00", False, "FC05 write coil 1 = off"),
        (b"\x06\x00\x07\x12\x34", True, "FC06 write register 7 = 1234"),
        (b"\x0f\x00\x02\x00\x03\x01\x05", True, "FC15 write coils 2 x3 = 101"),
        (b"\x10\x00\x02\x00\x03", False, "FC16 write registers: 2 x3 written"),
        (b"\x16\x00\x04\x00\xf2\x00\x25", True, "FC22 mask write register 4 and 00F2 or 0025"),
        (
            struct.pack(">BHHHHBH", 23, 9, 4, 10, 1, 2, 0xAA),
            True,
            "FC23 read and write registers write 10 x1 = 00AA, read 9 x4",
        ),
        (b"\x2b\x0e\x01\x00", True, "FC43 read device identification code 1 from object 0"),
        (b"\x83\x02", False, "FC03 read holding registers: exception 02 illegal data address"),
        (b"\x83\x99", False, "FC03 read holding registers: exception 99 unknown"),
        (b"\x03\x00", True, "FC03 read holding registers (truncated)"),
        (b"\x41\x01", True, "FC65 unknown function 01"),
    ],
)
def test_a_frame_is_described_in_one_line(pdu: bytes, incoming: bool, text: str) -> None:
    assert describe(mbap(pdu, transaction=5), "mbap", incoming=incoming) == f"#5 unit 1 {text}"
    assert describe(rtu(pdu), "rtu", incoming=incoming) == f"unit 1 {text}"


def test_errors_of_a_frame_are_described() -> None:
    assert describe(rtu(read(3, 1, 1))[:-1] + b"\x00", "rtu", incoming=True).endswith("(bad CRC)")
    assert describe(mbap(read(3, 1, 1), protocol=7), "mbap", incoming=True).endswith("(protocol id 7)")
    assert "length field 6, 5 bytes follow" in describe(mbap(read(3, 1, 1))[:-1], "mbap", incoming=True)
    assert describe(b"\x01", "rtu", incoming=True) == "fragment of 1 bytes"


@given(st.binary(max_size=300), st.booleans(), st.sampled_from(["mbap", "rtu"]))
def test_any_bytes_can_be_described(data: bytes, incoming: bool, framing) -> None:  # type: ignore[no-untyped-def]
    assert "\n" not in describe(data, framing, incoming=incoming)


def test_frames_as_text_are_one_line_each() -> None:
    frames = [
        RawFrame(1.5, "10.0.0.1:9", True, mbap(read(6, 1, 2))),
        RawFrame(1.6, "10.0.0.1:9", False, b"\x01"),
    ]
    assert "".join(as_text(frame, "mbap") for frame in frames).splitlines() == [
        "1.500000 < 10.0.0.1:9 #1 unit 1 FC06 write register 1 = 0002 [00 01 00 00 00 06 01 06 00 01 00 02]",
        "1.600000 > 10.0.0.1:9 fragment of 1 bytes [01]",
    ]


class Captured(NamedTuple):
    name: str
    framing: Framing
    frames: list[RawFrame]


def as_pcapng(captured: list[Captured], *, epoch_s: float = 0.0) -> bytes:
    """Return the frames of some links as they are captured, in order of time."""
    form = Pcapng([(link.name, link.framing) for link in captured], epoch_s)
    timed = [(frame.time_s, number, frame) for number, link in enumerate(captured) for frame in link.frames]
    timed.sort(key=lambda each: each[0])
    return form.head() + b"".join(form.frame(number, frame) for _, number, frame in timed)


def blocks(data: bytes) -> list[tuple[int, bytes]]:
    """Split a pcapng file into blocks as its draft defines."""
    found = []
    while data:
        kind, length = struct.unpack_from("<II", data)
        assert length % 4 == 0
        assert struct.unpack_from("<I", data, length - 4)[0] == length
        found.append((kind, data[8 : length - 4]))
        data = data[length:]
    return found


def packets(data: bytes) -> list[tuple[float, bytes]]:
    taken = []
    for kind, body in blocks(data):
        if kind == 6:
            _, high, low, length, original = struct.unpack_from("<IIIII", body)
            assert length == original
            taken.append(((high << 32 | low) / 1e6, body[20 : 20 + length]))
    return taken


def ones_complement_sum(data: bytes) -> int:
    total = sum(int.from_bytes(data[i : i + 2].ljust(2, b"\x00"), "big") for i in range(0, len(data), 2))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def test_a_capture_of_tcp_is_ethernet_ip_and_tcp_with_good_sums() -> None:
    ask, answer = mbap(read(4, 3, 1)), mbap(b"\x04\x02\x00\x03")
    frames = [
        RawFrame(1.5, "192.0.2.7:40000", True, ask),
        RawFrame(1.625, "192.0.2.7:40000", False, answer),
        RawFrame(2.0, "192.0.2.7:40000", True, ask),
        RawFrame(2.5, "[::1]:40001", True, ask),
    ]
    data = as_pcapng([Captured("127.0.0.1:5020", "mbap", frames)], epoch_s=1000)
    kinds = [kind for kind, _ in blocks(data)]
    assert kinds == [0x0A0D0D0A, 1, 6, 6, 6, 6]
    assert struct.unpack_from("<H", blocks(data)[1][1])[0] == 1
    assert b"127.0.0.1:5020" in blocks(data)[1][1]
    taken = packets(data)
    assert [time_s for time_s, _ in taken] == [1001.5, 1001.625, 1002.0, 1002.5]
    sequence = []
    for (_, packet), frame in zip(taken, frames, strict=True):
        assert packet[12:14] == b"\x08\x00"
        ip, tcp = packet[14:34], packet[34:]
        assert int.from_bytes(ip[2:4], "big") == len(packet) - 14
        assert ones_complement_sum(ip) == 0xFFFF
        assert ones_complement_sum(ip[12:] + bytes([0, 6]) + len(tcp).to_bytes(2, "big") + tcp) == 0xFFFF
        assert tcp[20:] == frame.data
        ports = struct.unpack_from(">HH", tcp)
        assert ports[1 if frame.incoming else 0] == 502
        sequence.append(struct.unpack_from(">II", tcp, 4))
    assert sequence == [
        (1, 1),
        (1, 1 + len(ask)),
        (1 + len(ask), 1 + len(answer)),
        (1, 1),
    ]
    assert taken[0][1][26:30] == bytes([192, 0, 2, 7])
    assert taken[3][1][26:28] == bytes([198, 18])


def options(data: bytes) -> dict[int, bytes]:
    """Return the options of a block by their codes, as the draft defines them."""
    found = {}
    while True:
        code, length = struct.unpack_from("<HH", data)
        if code == 0:
            assert (length, data[4:]) == (0, b"")
            return found
        found[code] = data[4 : 4 + length]
        data = data[4 + length + -length % 4 :]


def test_a_capture_says_what_wrote_it_where_and_in_which_direction() -> None:
    frames = [RawFrame(1.0, "/dev/ttyS0", incoming, b"\x01\x02\x03") for incoming in (True, False)]
    section, interface, *packed = [body for _, body in blocks(as_pcapng([Captured("COM1", "rtu", frames)]))]
    assert struct.unpack_from("<IHHq", section) == (0x1A2B3C4D, 1, 0, -1)
    assert options(section[16:]) == {4: b"twin-tui"}
    assert struct.unpack_from("<HHI", interface) == (147, 0, 65_535)
    assert options(interface[8:]) == {2: b"COM1", 3: b"Modbus at COM1", 9: b"\x06"}
    inbound, outbound = 1, 2
    assert [options(body[24:]) for body in packed] == [
        {2: struct.pack("<I", direction)} for direction in (inbound, outbound)
    ]


@pytest.mark.parametrize(
    ("client", "port"), [(1, 1), (65_535, 65_535), (0, 49_152), (65_536, 49_152), ("x", 49_152)]
)
def test_a_client_without_a_port_of_its_own_gets_one(client: object, port: int) -> None:
    frames = [RawFrame(1.0, f"192.0.2.7:{client}", True, mbap(read(4, 3, 1)))]
    ((_, packet),) = packets(as_pcapng([Captured("127.0.0.1:5020", "mbap", frames)]))
    assert struct.unpack_from(">HH", packet, 34) == (port, 502)
    assert packet[:12] == b"\x02\x00\x00\x00\x00\x01" + b"\x02\x00\x00\x00\x00\x02"
    version_and_length, service, _, identification, no_fragments, hops, tcp = struct.unpack_from(
        ">BBHHHBB", packet, 14
    )
    assert (version_and_length, service, identification, no_fragments, hops, tcp) == (
        0x45,
        0,
        0,
        0x4000,
        64,
        6,
    )
    assert struct.unpack_from(">BBHHH", packet, 46)[:3] == (0x50, 0x18, 65_535)
    assert packet[52:54] == b"\x00\x00", "no urgent data"


def test_a_capture_of_a_line_is_raw_rtu() -> None:
    frames = [RawFrame(0.25, "/dev/ttyS0", True, rtu(read(3, 0, 1)))]
    data = as_pcapng([Captured("/dev/ttyS0", "rtu", frames)])
    assert struct.unpack_from("<H", blocks(data)[1][1])[0] == 147
    assert packets(data) == [(0.25, rtu(read(3, 0, 1)))]


def test_links_of_two_kinds_are_in_one_file_in_order_of_time() -> None:
    ask = read(3, 0, 1)
    line = Captured("/dev/ttyS0", "rtu", [RawFrame(2.0, "/dev/ttyS0", True, rtu(ask))])
    port = Captured(
        "127.0.0.1:5020", "mbap", [RawFrame(t, "10.0.0.1:9", True, mbap(ask)) for t in (1.0, 3.0)]
    )
    data = as_pcapng([line, port])
    assert [kind for kind, _ in blocks(data)] == [0x0A0D0D0A, 1, 1, 6, 6, 6]
    assert [struct.unpack_from("<I", body)[0] for kind, body in blocks(data) if kind == 6] == [1, 0, 1]
    assert [time_s for time_s, _ in packets(data)] == [1.0, 2.0, 3.0]


@pytest.fixture
def certificate(certified: Path) -> tuple[Path, Path]:
    return certified / "c", certified / "k"


async def test_modbus_runs_inside_tls(plant: Plant, certificate: tuple[Path, Path]) -> None:
    cert, key = certificate
    tls = Tls(cert, key, ca=cert)
    trusting = ssl.create_default_context(cafile=str(cert))
    trusting.check_hostname = False
    async with serving({1: plant}, tls=tls) as server:
        stranger_opened = asyncio.open_connection("127.0.0.1", server.port, ssl=trusting)
        stranger = RawClient(*await stranger_opened)
        with pytest.raises((ssl.SSLError, asyncio.IncompleteReadError, ConnectionError)):
            await stranger.ask(read(4, 3, 1))
        trusting.load_cert_chain(cert, key)
        opened = await asyncio.open_connection("127.0.0.1", server.port, ssl=trusting)
        client = RawClient(*opened)
        for _ in range(3):
            assert await client.ask(read(4, 3, 1)) == b"\x04\x02\x00\x03"
        client.send(b"".join(mbap(read(4, n % 60, 125), transaction=n) for n in range(500)))
        assert [(await client.frame())[0] for _ in range(500)] == list(range(500))
        client.writer.close()


async def test_a_client_without_tls_is_reported_and_disturbs_no_other(
    plant: Plant, certificate: tuple[Path, Path]
) -> None:
    attempts: list[tuple[str, str]] = []
    trusting = ssl.create_default_context(cafile=str(certificate[0]))
    trusting.check_hostname = False
    tls = Tls(*certificate)
    async with serving({1: plant}, tls=tls, on_handshake=lambda *attempt: attempts.append(attempt)) as server:
        plain = await connect(server)
        plain.send(mbap(read(4, 3, 1)))
        assert await plain.ended()
        assert attempts == [("127.0.0.1", "wrong version number")]
        half = await connect(server)
        half.send(b"\x16\x03")
        opened = await asyncio.open_connection("127.0.0.1", server.port, ssl=trusting)
        client = RawClient(*opened)
        assert await client.ask(read(4, 3, 1)) == b"\x04\x02\x00\x03"
        client.writer.close()
    assert await half.ended()


def test_invalid_tls_files_are_named(certificate: tuple[Path, Path], tmp_path: Path) -> None:
    cert, key = certificate
    text = tmp_path / "notes.txt"
    text.write_text("no certificate")
    with pytest.raises(LinkError, match=r"TLS certificate .*none\.pem: no such file"):
        server_context(Tls(tmp_path / "none.pem", key))
    with pytest.raises(LinkError, match=r"TLS certificate .*notes\.txt .*expected PEM files"):
        server_context(Tls(text, key))
    with pytest.raises(LinkError, match=r"TLS CA .*notes\.txt: expected PEM certificates"):
        server_context(Tls(cert, key, text))
    other = tmp_path / "other.pem"
    subprocess.run(["openssl", "ecparam", "-genkey", "-name", "prime256v1", "-out", str(other)], check=True)
    with pytest.raises(LinkError, match=r"other\.pem does not match certificate"):
        server_context(Tls(cert, other))
