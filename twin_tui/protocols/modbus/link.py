"""One client's connection as an asyncio protocol, framed as Modbus TCP (MBAP)."""

import asyncio
import contextlib
import logging
import socket
from collections import deque
from collections.abc import Callable

from twin_tui.protocols.modbus.faults import Effect, LinkFaults
from twin_tui.protocols.modbus.pdu import ModbusCode, exception_pdu
from twin_tui.protocols.modbus.station import Station

log = logging.getLogger(__name__)

MAX_MBAP_LENGTH = 254
BUFFER_BYTES = 4096
RESPONSES_PER_WRITE = 128
MAX_DELAYED_RESPONSES = 256


class Link(asyncio.BufferedProtocol):
    """What the framings share: the peer, counters, delayed responses, pausing for a slow reader.

    Sockets fill the link's buffer: a new one for each read costs more than all the rest of a request.
    Serial lines deliver bytes.
    """

    def __init__(self, station: Station, on_change: "Callable[[Link, bool], None]", client: str = "") -> None:
        self.station = station
        self.client = client
        self.requests = 0
        self.last_seen_s = station.clock()
        self.transport: asyncio.Transport | None = None
        self.busy = False
        self._reads = station.reads
        self._messages = station.counters.messages
        self._clock = station.clock
        self._on_change = on_change
        self._buffer = bytearray(BUFFER_BYTES)
        self._view = memoryview(self._buffer)
        self._rest = b""
        self._paused = False
        self._write_full = False
        self._delayed: deque[tuple[float, bytes, bytes]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def set_busy(self, busy: bool) -> None:
        """Answer every request with exception 06, or serve again."""
        self.busy = busy
        self._update_cache()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the transport and report this link."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        if not self.client:
            self.client = _peer_name(transport)
        self._update_cache()
        self._on_change(self, True)

    def connection_lost(self, exc: Exception | None) -> None:
        """Drop incomplete frames and delayed responses and report the end of this link."""
        self.transport = None
        self._rest = b""
        self._paused = self._write_full = False
        self._delayed.clear()
        if self._timer is not None:
            self._timer.cancel()
        self.station.past_requests += self.requests
        self.requests = 0
        self._on_change(self, False)

    def get_buffer(self, _sizehint: int) -> bytearray:
        """Return the buffer that a socket fills."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Process the bytes that a socket has put into the buffer."""
        self.data_received(self._view[:nbytes].tobytes())

    def data_received(self, data: bytes) -> None:
        """Answer every complete frame, in order, and keep an incomplete one."""
        raise NotImplementedError

    def pause_writing(self) -> None:
        """Stop reading requests while the client does not read its responses."""
        self._write_full = True
        self._pause_requests()

    def resume_writing(self) -> None:
        """Process what was read before the pause, then read again."""
        self._write_full = False
        self._resume_requests()

    def close(self) -> None:
        """End the connection at once."""
        self._paused = True
        if self.transport is None:
            return
        try:
            self.transport.abort()
        except RuntimeError:  # its event loop is closed, and closes nothing any more
            sock = self.transport.get_extra_info("socket")
            with contextlib.suppress(OSError, AttributeError):  # the peer has gone, or it is a serial line
                sock.shutdown(socket.SHUT_RDWR)
            self.connection_lost(None)

    def _update_cache(self) -> None:
        """Use the station's cached reads, unless frames are incomplete, delayed or paused."""
        uncached = self._rest or self._delayed or self._paused or self.busy
        self._reads = {} if uncached else self.station.reads

    def _pause_requests(self) -> None:
        if not self._paused and self.transport is not None:
            self._paused = True
            self._update_cache()
            self.transport.pause_reading()

    def _resume_requests(self) -> None:
        transport = self.transport
        if self._write_full or transport is None or transport.is_closing() or not self._paused:
            return
        self._paused = False
        if self._rest:
            self.data_received(b"")
        self._update_cache()
        if not self._paused:
            transport.resume_reading()

    def _capture(self, data: bytes) -> None:
        """Record incoming bytes if frames are kept."""
        if self.station.ring is not None:
            self.station.ring.record(self.client, True, data)

    def _disconnect(self) -> None:
        self.close()

    def _respond(self, unit: int, pdu: bytes) -> bytes | None:
        raise NotImplementedError

    def _wrap(self, transaction: bytes, unit: int, pdu: bytes) -> bytes:
        raise NotImplementedError

    def _exchange(self, frame: bytes, transaction: bytes, unit: int, pdu: bytes) -> bytes:
        """Return the bytes to send at once in response to one frame."""
        station = self.station
        self._capture(frame)
        self._messages[unit] += 1
        station.count(unit, pdu)
        faults = station.faults
        effect = None if faults is None else faults.effect_on(station.number(unit), pdu)
        if faults is None or effect is None:
            answer = _busy(pdu) if self.busy else self._respond(unit, pdu)
            sent = b"" if answer is None else self._wrap(transaction, unit, answer)
            if answer is not None and answer[0] & 0x80:
                station.counters.exceptions[unit] += 1
            delay_s = gap_s = 0.0
        else:
            sent = self._faulty_response(faults, effect, transaction, unit, pdu)
            delay_s, gap_s = effect.delay_s, effect.gap_s
        if not sent:
            station.counters.silent[unit] += 1
            return b""
        if self._delayed or delay_s or gap_s:
            self._send_delayed(sent, delay_s, gap_s)
            return b""
        if station.ring is not None:
            station.ring.record(self.client, False, sent)
        return sent

    def _faulty_response(
        self, faults: LinkFaults, effect: Effect, transaction: bytes, unit: int, pdu: bytes
    ) -> bytes:
        station = self.station
        if self.busy:
            answer: bytes | None = _busy(pdu)
        else:
            answer = self._respond(unit, pdu) if effect.executes else exception_pdu(pdu[0], effect.code)
        if effect.disconnect:
            self._disconnect()
            return b""
        if answer is None or effect.silent:
            return b""
        answer = faults.alter(effect, station.units.get(station.number(unit)), unit, pdu, answer)
        if effect.function:
            answer = bytes(((answer[0] & 0x7F) % 0x7F + 1 | answer[0] & 0x80,)) + answer[1:]
        if effect.transaction and transaction:
            transaction = (int.from_bytes(transaction, "big") + 1 & 0xFFFF).to_bytes(2, "big")
        sent = self._wrap(transaction, unit + 1 & 0xFF if effect.unit else unit, answer)
        if effect.bad_crc and not transaction:
            sent = sent[:-1] + bytes((sent[-1] ^ 0xFF,))
        if effect.truncate:
            sent = sent[: max(0, len(sent) - effect.truncate)]
        return sent + faults.noise(effect.extra)

    def _send_delayed(self, data: bytes, delay_s: float, gap_s: float) -> None:
        """Queue a response behind those already delayed; with a gap, byte by byte."""
        now = asyncio.get_running_loop().time()
        due = max(now + delay_s, self._delayed[-1][0] if self._delayed else 0.0)
        if gap_s:
            for i in range(len(data)):
                self._delayed.append((due + i * gap_s, data[i : i + 1], b"" if i else data))
        else:
            self._delayed.append((due, data, data))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_at(self._delayed[0][0], self._send_due)
        if len(self._delayed) >= MAX_DELAYED_RESPONSES:
            self._pause_requests()

    def _send_due(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = None
        # The loop fires timers up to one clock resolution early.
        now = loop.time() + 1e-6
        while self._delayed and self._delayed[0][0] <= now and self.transport is not None:
            _, data, whole = self._delayed.popleft()
            if whole and self.station.ring is not None:
                self.station.ring.record(self.client, False, whole)
            self.transport.write(data)
        if self._delayed:
            self._timer = loop.call_at(self._delayed[0][0], self._send_due)
        if len(self._delayed) < MAX_DELAYED_RESPONSES // 2:
            self._resume_requests()
        self._update_cache()


class MbapLink(Link):
    """Modbus TCP: transaction, protocol, length, unit, then the PDU."""

    def buffer_updated(self, nbytes: int) -> None:
        """Answer a single known read from the cache; process anything else in full."""
        data = self._view[:nbytes].tobytes()
        hit = self._reads.get(data[2:])
        if hit is None:
            self.data_received(data)
            return
        served, memory, low, high, head = hit
        try:
            served.refresh()
        except Exception:
            self.data_received(data)
            return
        self.requests += 1
        self._messages[data[6]] += 1
        self.last_seen_s = self._clock()
        self.transport.write(data[:2] + head + memory[low:high])  # type: ignore[union-attr]

    def data_received(self, data: bytes) -> None:
        """Answer every complete frame, in order, with as few writes as possible."""
        self.last_seen_s = self._clock()
        if self._rest:
            data = self._rest + data
            self._rest = b""
        transport = self.transport
        if transport is None:
            return
        answers: list[bytes] = []
        at, size = 0, len(data)
        while size - at >= 8 and not self._paused:
            length = data[at + 4] << 8 | data[at + 5]
            if length > MAX_MBAP_LENGTH:
                # No Modbus frame is that long: where the next frame starts is unknown.
                log.info("%s sent an invalid length, %d; connection closed", self.client, length)
                transport.write(b"".join(answers))
                transport.close()
                return
            end = at + 6 + length
            if end > size:
                break
            if data[at + 2] or data[at + 3] or length < 2:
                self._capture(data[at:end])
                at = end
                continue
            request = data[at + 6 : end]
            self.requests += 1
            answers.append(self._exchange(data[at:end], data[at : at + 2], request[0], request[1:]))
            at = end
            if len(answers) >= RESPONSES_PER_WRITE:
                transport.write(b"".join(answers))
                answers.clear()
        if at < size:
            self._rest = data[at:]
        self._update_cache()
        if answers:
            transport.write(b"".join(answers))

    def _respond(self, unit: int, pdu: bytes) -> bytes | None:
        return self.station.respond(unit, pdu, self.client)

    def _wrap(self, transaction: bytes, unit: int, pdu: bytes) -> bytes:
        return b"%b\x00\x00%b%c%b" % (transaction, (len(pdu) + 1).to_bytes(2, "big"), unit, pdu)


def _busy(pdu: bytes) -> bytes:
    return exception_pdu(pdu[0], ModbusCode.SERVER_DEVICE_BUSY)


def _peer_name(transport: asyncio.Transport) -> str:
    peer = transport.get_extra_info("peername")
    if not isinstance(peer, tuple):
        return str(peer or "?")
    host, port = peer[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
