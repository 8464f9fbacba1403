"""A long fuzz of the Modbus server: random, mutated and valid frames, random cuts and disconnects.

    python -m benchmarks.fuzz_modbus [--frames 200000] [--seed 1]

On TCP and on a pseudo terminal, each burst is followed by a good request that must be answered; no exception
may reach the event loop, and the memory must not grow.
"""

import argparse
import asyncio
import contextlib
import gc
import logging
import os
import random
import struct
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path

from twin_tui.protocols.modbus.crc import with_crc
from twin_tui.protocols.modbus.memory import Extent, Table, UnitMemory, WriteRequest
from twin_tui.protocols.modbus.rtu import ModbusRtuServer
from twin_tui.protocols.modbus.server import ModbusTcpServer

FUNCTIONS = (1, 2, 3, 4, 5, 6, 15, 16, 22, 23, 43)
TCP_SHARE = 0.75
GAP_S = 0.002
ANSWER_S = 10.0
MARK = 0xF00D
IDENTITIES = {1: {0: "Twin", 1: "Fuzz", 2: "1"}}
GOOD = b"\x04\x00\xb4\x00\x01"
GOOD_ANSWER = b"\x04\x02\xca\xfe"
# What a burst leaves behind permanently, such as grown dictionaries, is far below this.
FLAT_KB = 256


class Unit(UnitMemory):
    """Takes every write but 0xDEAD, with one input register that nobody can change."""

    def __init__(self) -> None:
        extents = [Extent(table, 0, 180, writable=True) for table in Table]
        super().__init__([*extents, Extent(Table.INPUT_REGISTERS, 180, 1)])
        memory, offset = self.locate(Table.INPUT_REGISTERS, 180)
        memory[offset : offset + 2] = b"\xca\xfe"

    def write(self, request: WriteRequest) -> int:
        """Keep what is written, or refuse it."""
        return 3 if b"\xde\xad" in request.data else super().write(request)


class Source:
    """Frames by chance."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    def pdu(self) -> bytes:
        """Return a PDU: nine in ten have the shape of a known function."""
        rng = self.rng
        function = rng.choice(FUNCTIONS)
        address, count = rng.choice((rng.randrange(200), rng.randrange(65_536))), rng.randrange(140)
        match function:
            case 15:
                size = (count + 7) // 8
                return struct.pack(">BHHB", function, address, count, size) + rng.randbytes(size)
            case 16:
                count = min(count, 123)
                return struct.pack(">BHHB", function, address, count, 2 * count) + rng.randbytes(2 * count)
            case 22:
                return struct.pack(">BH", function, address) + rng.randbytes(4)
            case 23:
                count = min(count, 121)
                head = struct.pack(">BHHHHB", function, rng.randrange(200), 5, address, count, 2 * count)
                return head + rng.randbytes(2 * count)
            case 43:
                return bytes((43, 14, rng.randrange(6), rng.randrange(6)))
            case _:
                return struct.pack(">BHH", function, address, rng.choice((count, 0xFF00, 0)))

    def mutated(self, data: bytes) -> bytes:
        """Flip, drop, double or insert some bytes."""
        rng, changed = self.rng, bytearray(data)
        for _ in range(rng.randrange(1, 4)):
            at = rng.randrange(len(changed) + 1)
            match rng.randrange(4):
                case 0 if at < len(changed):
                    changed[at] ^= 1 << rng.randrange(8)
                case 1:
                    del changed[at : at + rng.randrange(1, 4)]
                case 2:
                    changed[at:at] = changed[at : at + rng.randrange(1, 9)]
                case _:
                    changed[at:at] = rng.randbytes(rng.randrange(1, 9))
        return bytes(changed)

    def some_pdu(self) -> bytes:
        """Return a PDU, perhaps mutated, that still fits into a frame."""
        pdu = self.pdu()
        return (self.mutated(pdu) if self.rng.random() < 0.5 else pdu)[:253] or b"\x00"

    def pieces(self, data: bytes) -> list[bytes]:
        """Cut bytes at random places."""
        rng = self.rng
        ends = sorted({rng.randrange(len(data) + 1) for _ in range(rng.randrange(4))} | {len(data)})
        return [data[low:high] for low, high in zip([0, *ends], ends, strict=False)]


def mbap(pdu: bytes, transaction: int, unit: int = 1) -> bytes:
    """Frame a PDU for TCP."""
    return struct.pack(">HHHB", transaction, 0, len(pdu) + 1, unit) + pdu


class TcpTarget:
    """Bursts on TCP: well-framed ones on a lasting connection, wild ones on connections that break off."""

    def __init__(self, port: int, source: Source) -> None:
        self.port, self.source = port, source
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def burst(self, frames: int) -> None:
        """Send a burst and check that the next good request is answered."""
        if self.source.rng.random() < 0.5:
            await self._wild(frames)
            await self._lasting(b"")
        else:
            units = [self.source.rng.choice((0, 1, 1, 1, 7)) for _ in range(frames)]
            await self._lasting(
                b"".join(mbap(self.source.some_pdu(), n, unit) for n, unit in enumerate(units))
            )

    async def _lasting(self, data: bytes) -> None:
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        assert self.reader is not None
        for piece in self.source.pieces(data + mbap(GOOD, MARK)):
            self.writer.write(piece)
            await self.writer.drain()
        while True:
            head = await asyncio.wait_for(self.reader.readexactly(7), ANSWER_S)
            transaction, protocol, length, _ = struct.unpack(">HHHB", head)
            answer = await asyncio.wait_for(self.reader.readexactly(length - 1), ANSWER_S)
            if protocol or not 2 <= len(answer) <= 253:
                raise SystemExit(f"malformed answer {head.hex()} {answer.hex()}")
            if transaction == MARK:
                if answer != GOOD_ANSWER:
                    raise SystemExit(f"wrong answer {answer.hex()}")
                return

    async def _wild(self, frames: int) -> None:
        rng = self.source.rng
        _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        with contextlib.suppress(ConnectionError):
            for _ in range(frames):
                raw = rng.random() < 0.3
                data = rng.randbytes(rng.randrange(1, 300)) if raw else self.source.mutated(mbap(GOOD, 1))
                for piece in self.source.pieces(data):
                    writer.write(piece)
                    await writer.drain()
        if rng.random() < 0.5:
            writer.transport.abort()
        else:
            writer.close()
        await asyncio.sleep(0)

    def close(self) -> None:
        """End the lasting connection."""
        if self.writer is not None:
            self.writer.close()


class LineTarget:
    """Bursts on a line, each with a pause and a good request behind it."""

    def __init__(self, path: str, source: Source) -> None:
        self.source = source
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)

    async def burst(self, frames: int) -> None:
        """Send a burst and check that the next good request is answered."""
        rng = self.source.rng
        for _ in range(frames):
            frame = with_crc(bytes((rng.choice((0, 1, 1, 7)),)) + self.source.some_pdu())
            choice = rng.random()
            if choice < 0.4:
                frame = self.source.mutated(frame)
            elif choice < 0.5:
                frame = rng.randbytes(rng.randrange(1, 60))
            for piece in self.source.pieces(frame):
                await self._send(piece)
        await asyncio.sleep(2 * GAP_S)
        wanted, received = with_crc(b"\x01" + GOOD_ANSWER), b""
        await self._send(with_crc(b"\x01" + GOOD))
        async with asyncio.timeout(ANSWER_S):
            while not received.endswith(wanted):
                received = (received + self._received())[-512:]
                await asyncio.sleep(0)

    async def _send(self, data: bytes) -> None:
        while data:
            self._received()
            with contextlib.suppress(BlockingIOError):
                data = data[os.write(self.fd, data) :]
            await asyncio.sleep(0)

    def _received(self) -> bytes:
        with contextlib.suppress(BlockingIOError):
            return os.read(self.fd, 4096)
        return b""

    def close(self) -> None:
        """Leave the line."""
        os.close(self.fd)


async def fuzz(frames: int, seed: int) -> str:
    """Send frames by chance; return the report, or exit with what went wrong."""
    escaped: list[str] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(
        lambda _loop, context: escaped.append(str(context.get("exception") or context))
    )
    source = Source(seed)
    with tempfile.TemporaryDirectory() as folder:
        tcp = ModbusTcpServer("127.0.0.1", 0, {1: Unit()}, identities=IDENTITIES)
        line = ModbusRtuServer(f"pty:{Path(folder) / 'tty'}", {1: Unit()}, identities=IDENTITIES, gap_s=GAP_S)
        await tcp.start()
        await line.start()
        targets = (TcpTarget(tcp.port, source), LineTarget(f"{folder}/tty", source))
        sent = [0, 0]
        begin_s, warm_kb = time.perf_counter(), None
        while sum(sent) < frames:
            which = 0 if source.rng.random() < TCP_SHARE else 1
            burst = source.rng.randrange(1, 21)
            try:
                await targets[which].burst(burst)
            except (TimeoutError, OSError, EOFError) as error:
                sys.exit(f"seed {seed}: {error!r} after {sent[0]} frames on TCP and {sent[1]} on the line")
            sent[which] += burst
            if warm_kb is None and sum(sent) >= frames // 10:
                warm_kb = traced_kb()
        took_s = time.perf_counter() - begin_s
        growth_kb = traced_kb() - (warm_kb or 0.0)
        for target in targets:
            target.close()
        await tcp.stop()
        await line.stop()
    if escaped:
        sys.exit(f"seed {seed}: {len(escaped)} exceptions escaped, the first: {escaped[0]}")
    if growth_kb > FLAT_KB:
        sys.exit(f"seed {seed}: memory grew by {growth_kb:.0f} kB")
    return (
        f"{sent[0]} frames on TCP and {sent[1]} on a line in {took_s:.0f} s, seed {seed}: every good request "
        f"answered, no exception escaped, memory {growth_kb:+.0f} kB after the first tenth"
    )


def traced_kb() -> float:
    """Return the memory that Python objects hold."""
    gc.collect()
    return tracemalloc.get_traced_memory()[0] / 1024


def main() -> None:
    """Fuzz and report."""
    parser = argparse.ArgumentParser(description="A long fuzz of the Modbus server.")
    parser.add_argument("--frames", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    tracemalloc.start()
    print(asyncio.run(fuzz(options.frames, options.seed)))


if __name__ == "__main__":
    main()
