"""After any bytes, the next valid request is answered and no exception escapes."""

import asyncio
import logging
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.protocols.modbus.plant import Plant, mbap, read, rtu
from twin_tui.protocols.modbus.identity import encoded
from twin_tui.protocols.modbus.link import Link, MbapLink
from twin_tui.protocols.modbus.memory import Table
from twin_tui.protocols.modbus.pdu import pack_bits, respond, unpack_bits
from twin_tui.protocols.modbus.rtu_link import RtuLink
from twin_tui.protocols.modbus.station import Station

words = st.integers(0, 0xFFFF)
near = st.one_of(st.integers(0, 220), words)
functions = st.sampled_from([1, 2, 3, 4, 5, 6, 15, 16, 22, 23, 43])
pdus = st.one_of(
    st.builds(lambda f, a, n: struct.pack(">BHH", f, a, n), functions, near, near),
    st.builds(
        lambda f, a, values: struct.pack(f">BHHB{len(values)}H", f, a, len(values), 2 * len(values), *values),
        st.sampled_from([15, 16]),
        near,
        st.lists(words, max_size=20),
    ),
    st.builds(lambda f, rest: bytes([f]) + rest, functions, st.binary(max_size=60)),
    st.binary(min_size=1, max_size=253),
)


class Wire(asyncio.Transport):
    """A transport that stores what is sent."""

    def __init__(self) -> None:
        super().__init__({"peername": ("192.0.2.1", 9)})
        self.sent = bytearray()
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent += data

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    abort = close


def wired(link: Link) -> Wire:
    wire = Wire()
    link.connection_made(wire)
    return wire


def received(link: MbapLink, data: bytes) -> None:
    """Deliver bytes as a socket does: in the link's buffer."""
    while data:
        buffer = link.get_buffer(-1)
        part, data = data[: len(buffer)], data[len(buffer) :]
        buffer[: len(part)] = part
        link.buffer_updated(len(part))


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % (len(data) + 1) for place in places} | {len(data)})
    return [data[low:high] for low, high in zip([0, *ends], ends, strict=False)]


@given(pdus)
def test_every_request_gets_an_answer_of_its_own_function(pdu: bytes) -> None:
    answer = respond(Plant(), pdu, "fuzz", encoded({0: "A"}))
    assert answer[0] in {pdu[0], pdu[0] | 0x80}
    assert len(answer) <= 253
    if answer[0] & 0x80:
        assert len(answer) == 2
        assert answer[1] in {1, 2, 3, 4}


@given(pdus)
def test_a_refused_request_changes_nothing(pdu: bytes) -> None:
    plant = Plant()
    before = plant.snapshot()
    if respond(plant, pdu, "fuzz")[0] & 0x80:
        assert plant.snapshot() == before


@given(st.lists(pdus, min_size=1, max_size=8), st.lists(st.integers(0, 2000), max_size=8))
def test_any_cut_of_a_stream_gives_the_same_answers(requests: list[bytes], places: list[int]) -> None:
    stream = b"".join(mbap(pdu, transaction=n) for n, pdu in enumerate(requests))
    answers = []
    for pieces in ([stream], cut(stream, places)):
        wire = wired(link := MbapLink(Station({1: Plant()}), lambda _link, _made: None))
        for piece in pieces:
            received(link, piece)
        answers.append(bytes(wire.sent))
    assert answers[0] == answers[1]
    assert len(answers[0]) >= 9 * len(requests)


@given(st.lists(st.binary(max_size=80), max_size=8))
def test_garbage_on_tcp_closes_or_leaves_a_link_that_answers(pieces: list[bytes]) -> None:
    station = Station({1: Plant()})
    link = MbapLink(station, lambda _link, _made: None)
    wire = wired(link)
    for piece in pieces:
        received(link, piece)
    fresh = MbapLink(station, lambda _link, _made: None)
    answered = wired(fresh)
    received(fresh, mbap(read(4, 3, 1)))
    assert answered.sent == bytes.fromhex("0001 0000 0005 01 04 02 0003")
    assert wire.closed or len(link._rest) < 262


@settings(max_examples=60)
@given(st.lists(st.binary(max_size=80), max_size=6))
def test_a_good_request_is_answered_after_garbage_and_a_pause_on_a_line(pieces: list[bytes]) -> None:
    async def speak() -> bytes:
        link = RtuLink(Station({1: Plant()}), lambda _link, _made: None, "line", gap_s=0.0005)
        wire = wired(link)
        for piece in pieces:
            link.data_received(piece)
        while link._pause is not None:  # noqa: ASYNC110 - the test waits for the pause
            await asyncio.sleep(0)
        wire.sent.clear()
        link.data_received(rtu(read(4, 3, 1)))
        return bytes(wire.sent)

    assert asyncio.run(speak()) == rtu(b"\x04\x02\x00\x03")


@given(st.lists(st.booleans(), min_size=1, max_size=2000))
def test_bits_survive_the_wire(bits: list[bool]) -> None:
    memory = bytes(bits)
    packed = pack_bits(memory)
    assert unpack_bits(packed, len(bits)) == memory
    assert [packed[i // 8] >> i % 8 & 1 for i in range(len(bits))] == list(memory)


@given(st.integers(0, 65_535), st.integers(1, 200))
def test_a_block_is_readable_exactly_when_each_address_is(address: int, count: int) -> None:
    plant = Plant()
    for table in Table:
        whole = plant.readable(table, address, count) is not None
        each = all(plant.readable(table, address + i, 1) is not None for i in range(count))
        assert whole is each


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """The plant fails on purpose; its tracebacks are irrelevant."""
    caplog.set_level(logging.CRITICAL, logger="twin_tui.protocols.modbus")
