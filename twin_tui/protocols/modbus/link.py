"""One client's connection as an asyncio protocol, framed as Modbus TCP (MBAP)."""

import asyncio
import logging
from collections.abc import Callable

from twin_tui.protocols.modbus.pdu import ModbusCode, exception_pdu
from twin_tui.protocols.modbus.station import Station

log = logging.getLogger(__name__)

MAX_MBAP_LENGTH = 254
ANSWERS_PER_WRITE = 128


class Link(asyncio.Protocol):
    """What the framings share: the peer, counters, and stopping for a client that does not read."""

    def __init__(self, station: Station, on_change: "Callable[[Link, bool], None]", client: str = "") -> None:
        self.station = station
        self.client = client
        self.requests = 0
        self.last_request = b""
        self.since_s = self.last_seen_s = station.clock()
        self.transport: asyncio.Transport | None = None
        self._clock = station.clock
        self._on_change = on_change
        self._rest = b""
        self._paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport and announce this link."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        if not self.client:
            self.client = _peer_name(transport)
        self._on_change(self, True)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget half frames and announce the end of this link."""
        self.transport = None
        self._rest = b""
        self._on_change(self, False)

    def pause_writing(self) -> None:
        """Stop reading requests while the client does not take its answers."""
        self._paused = True
        if self.transport is not None:
            self.transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on with what had been read already, then read again."""
        self._paused = False
        if self._rest:
            self.data_received(b"")
        if not self._paused and self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()

    def close(self) -> None:
        """End the connection at once."""
        if self.transport is not None:
            self.transport.abort()


class MbapLink(Link):
    """Modbus TCP: transaction, protocol, length, unit, then the PDU."""

    def data_received(self, data: bytes) -> None:
        """Answer every complete frame, in order, with as few writes as possible."""
        self.last_seen_s = self._clock()
        if self._rest:
            data = self._rest + data
            self._rest = b""
        transport = self.transport
        if transport is None:
            return
        reads = self.station.reads
        answers: list[bytes] = []
        at, size = 0, len(data)
        while size - at >= 8 and not self._paused:
            length = data[at + 4] << 8 | data[at + 5]
            if length > MAX_MBAP_LENGTH:
                # No Modbus frame is that long: what follows cannot be told apart from garbage.
                log.info("%s sent a length of %d; connection closed", self.client, length)
                transport.write(b"".join(answers))
                transport.close()
                return
            end = at + 6 + length
            if end > size:
                break
            if data[at + 2] or data[at + 3] or length < 2:
                at = end
                continue
            request = data[at + 6 : end]
            self.requests += 1
            self.last_request = request
            hit = reads.get(request)
            if hit is None:
                answers.append(self._answer(data[at:end]))
            else:
                bank, memory, low, high, head = hit
                try:
                    bank.refresh()
                    answers.append(data[at : at + 2] + head + memory[low:high])
                except Exception:
                    log.exception("unit %d: refresh for %s failed", request[0], self.client)
                    answers.append(_frame(data[at : at + 2], request[0], _failure(request[1])))
            at = end
            if len(answers) >= ANSWERS_PER_WRITE:
                transport.write(b"".join(answers))
                answers.clear()
        if at < size:
            self._rest = data[at:]
        if answers:
            transport.write(b"".join(answers))

    def _answer(self, frame: bytes) -> bytes:
        pdu = self.station.respond(frame[6], frame[7:], self.client)
        return b"" if pdu is None else _frame(frame[:2], frame[6], pdu)


def _frame(transaction: bytes, unit: int, pdu: bytes) -> bytes:
    return b"%b\x00\x00%b%c%b" % (transaction, (len(pdu) + 1).to_bytes(2, "big"), unit, pdu)


def _failure(function: int) -> bytes:
    return exception_pdu(function, ModbusCode.SERVER_DEVICE_FAILURE)


def _peer_name(transport: asyncio.Transport) -> str:
    peer = transport.get_extra_info("peername")
    return f"{peer[0]}:{peer[1]}" if isinstance(peer, tuple) else str(peer or "?")
