"""A unit with known registers, and clients that speak raw bytes to it over TCP and on a line."""

import asyncio
import contextlib
import os
import struct
from collections.abc import AsyncIterator, Callable
from typing import Any

from twin_tui.protocols.modbus.crc import with_crc
from twin_tui.protocols.modbus.endpoints import TcpOptions
from twin_tui.protocols.modbus.fault_rules import LinkRule
from twin_tui.protocols.modbus.memory import Extent, Limits, Table, UnitMemory, WriteRequest
from twin_tui.protocols.modbus.server import ModbusTcpServer

HOLDING = Table.HOLDING_REGISTERS
INPUT = Table.INPUT_REGISTERS
ANSWER_S = 5.0


class Plant(UnitMemory):
    """Memory that stores what is written, refuses the value 0xDEAD and fails on 0xB00B.

    Input register n holds n and holding register n holds 1000 + n to begin with; coil and discrete input n
    are on when n is divisible by 3. Holding 150 to 159 are read-only, 160 to 169 write-only, 65535 is mapped.
    """

    def __init__(self, *, limits: Limits | None = None, identity: dict[int, str] | None = None) -> None:
        self.writes: list[WriteRequest] = []
        self.refreshed = 0
        self.identity = identity or {}
        super().__init__(
            [
                Extent(Table.COILS, 0, 2100, writable=True),
                Extent(Table.DISCRETE_INPUTS, 0, 2100),
                Extent(INPUT, 0, 200),
                Extent(INPUT, 300, 10),
                Extent(HOLDING, 0, 150, writable=True),
                Extent(HOLDING, 150, 10),
                Extent(HOLDING, 160, 10, readable=False, writable=True),
                Extent(HOLDING, 170, 30, writable=True),
                Extent(HOLDING, 65_535, 1, writable=True),
            ],
            limits,
        )
        for n in range(200):
            self.put(INPUT, n, n)
            self.put(HOLDING, n, 1000 + n)
        for table in (Table.COILS, Table.DISCRETE_INPUTS):
            memory, _ = self.locate(table, 0)
            memory[:] = bytes(n % 3 == 0 for n in range(2100))

    def put(self, table: Table, address: int, value: int) -> None:
        memory, offset = self.locate(table, address)
        struct.pack_into(">H", memory, offset, value)

    def get(self, table: Table, address: int) -> int:
        memory, offset = self.locate(table, address)
        return int(struct.unpack_from(">H", memory, offset)[0])

    def refresh(self) -> None:
        self.refreshed += 1

    def write(self, request: WriteRequest) -> int:
        if request.data[:2] == b"\xb0\x0b":
            raise RuntimeError("the model broke")
        if b"\xde\xad" in request.data:
            return 3
        self.writes.append(request)
        return super().write(request)


def mbap(pdu: bytes, *, transaction: int = 1, unit: int = 1, protocol: int = 0) -> bytes:
    return struct.pack(">HHHB", transaction, protocol, len(pdu) + 1, unit) + pdu


def rtu(pdu: bytes, *, unit: int = 1) -> bytes:
    return with_crc(bytes([unit]) + pdu)


def read(function: int, address: int, count: int) -> bytes:
    return struct.pack(">BHH", function, address, count)


def write_registers(address: int, *values: int) -> bytes:
    head = struct.pack(">BHHB", 16, address, len(values), 2 * len(values))
    return head + struct.pack(f">{len(values)}H", *values)


def words(answer: bytes) -> list[int]:
    """Return the registers of a read answer."""
    assert answer[1] == len(answer) - 2
    return list(struct.unpack(f">{answer[1] // 2}H", answer[2:]))


class RawClient:
    """A TCP client that sends and receives exact bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @property
    def name(self) -> str:
        host, port = self.writer.get_extra_info("sockname")[:2]
        return f"{host}:{port}"

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def frame(self) -> tuple[int, int, bytes]:
        """Return transaction id, unit and PDU of the next answer."""
        head = await asyncio.wait_for(self.reader.readexactly(7), ANSWER_S)
        transaction, protocol, length, unit = struct.unpack(">HHHB", head)
        assert protocol == 0
        return transaction, unit, await asyncio.wait_for(self.reader.readexactly(length - 1), ANSWER_S)

    async def take(self, count: int) -> bytes:
        return await asyncio.wait_for(self.reader.readexactly(count), ANSWER_S)

    async def ask(self, pdu: bytes, unit: int = 1) -> bytes:
        self.send(mbap(pdu, transaction=77, unit=unit))
        transaction, answered_by, answer = await self.frame()
        assert (transaction, answered_by) == (77, unit)
        return answer

    async def ended(self) -> bool:
        """Return whether the server closed the connection."""
        with contextlib.suppress(ConnectionError):
            while await asyncio.wait_for(self.reader.read(4096), ANSWER_S):
                pass
        return True

    async def nothing_before(self, pdu: bytes) -> bytes:
        """Send a request and return its answer, having checked that no other answer came first."""
        self.send(mbap(pdu, transaction=0xABCD))
        transaction, _, answer = await self.frame()
        assert transaction == 0xABCD
        return answer


class Master:
    """The far end of a line: sends and receives exact bytes."""

    def __init__(self, path: str) -> None:
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self.received = bytearray()
        self._news = asyncio.Event()
        asyncio.get_running_loop().add_reader(self.fd, self._ready)

    def _ready(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self.received += os.read(self.fd, 4096)
        self._news.set()

    def send(self, data: bytes) -> None:
        os.write(self.fd, data)

    async def take(self, count: int) -> bytes:
        async with asyncio.timeout(ANSWER_S):
            while len(self.received) < count:
                self._news.clear()
                await self._news.wait()
        taken = bytes(self.received[:count])
        del self.received[:count]
        return taken

    async def expect(self, answer: bytes) -> None:
        assert await self.take(len(answer)) == answer
        assert not self.received

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self.fd)
        os.close(self.fd)


async def until(condition: Callable[[], object]) -> None:
    """Let the loop run until a condition is true; its cause is in this process."""
    async with asyncio.timeout(ANSWER_S):
        while not condition():  # noqa: ASYNC110 - the condition belongs to code that signals nothing
            await asyncio.sleep(0)


async def connect(server: ModbusTcpServer) -> RawClient:
    return RawClient(*await asyncio.open_connection("127.0.0.1", server.port))


@contextlib.asynccontextmanager
async def serving(units: dict[int, UnitMemory], **options: object) -> AsyncIterator[ModbusTcpServer]:
    identities = {number: unit.identity for number, unit in units.items() if isinstance(unit, Plant)}
    of_port: Any = {name: options.pop(name) for name in TcpOptions.__match_args__ if name in options}
    server = ModbusTcpServer(
        "127.0.0.1",
        0,
        units,
        TcpOptions(**of_port),
        identities=identities,
        **options,  # type: ignore[arg-type]
    )
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


def fault(server: ModbusTcpServer, **rule: Any) -> None:
    """Have a fault act on the links of a server."""
    server.station.add_fault("f", LinkRule.parse(rule))
