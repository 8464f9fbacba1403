"""RTU framing: frames are found by function length and CRC, by silence only as a last resort.

Silence of 3.5 characters is not observable through USB adapters, pseudo terminals or TCP. So a frame ends
where its function code implies and its CRC matches; only bytes that form no frame wait for a pause.
"""

import asyncio
from collections.abc import Callable

from twin_tui.protocols.modbus.crc import crc16, with_crc
from twin_tui.protocols.modbus.link import Link
from twin_tui.protocols.modbus.station import BROADCAST, Station

MAX_FRAME_BYTES = 268
MIN_FRAME_BYTES = 4
INCOMPLETE = 0
NO_FRAME = -1
_FIXED_REQUESTS = {1: 8, 2: 8, 3: 8, 4: 8, 5: 8, 6: 8, 17: 4, 22: 10, 43: 7}
_COUNTED_REQUESTS = {15: (6, 9), 16: (6, 9), 23: (10, 13)}
_FIXED_ANSWERS = {5: 8, 6: 8, 8: 8, 15: 8, 16: 8, 22: 10}
_COUNTED_ANSWERS = frozenset({1, 2, 3, 4, 17, 23})


def request_length(buffer: bytes, at: int) -> int:
    """Return the length of the request frame that starts at ``at``: 0 not yet known, -1 function unknown."""
    if len(buffer) - at < 2:
        return INCOMPLETE
    function = buffer[at + 1]
    fixed = _FIXED_REQUESTS.get(function)
    if fixed is not None:
        return fixed
    counted = _COUNTED_REQUESTS.get(function)
    if counted is None:
        return NO_FRAME
    count_at, overhead = counted
    return overhead + buffer[at + count_at] if len(buffer) - at > count_at else INCOMPLETE


def answer_length(buffer: bytes, at: int) -> int:
    """Return the length of another unit's response frame that starts at ``at``."""
    if len(buffer) - at < 3:
        return INCOMPLETE
    function = buffer[at + 1]
    if function & 0x80:
        return 5
    if function in _COUNTED_ANSWERS:
        return 5 + buffer[at + 2]
    return _FIXED_ANSWERS.get(function, NO_FRAME)


class RtuLink(Link):
    """Modbus RTU on a serial line or over TCP: unit, PDU, CRC.

    On a line, requests to other units and their responses are ignored; ``serial`` means that there is no
    connection to close. An incomplete frame is dropped after ``timeout_s`` of silence; a complete one that
    begins after ``gap_s`` of silence replaces it at once.
    """

    def __init__(
        self,
        station: Station,
        on_change: Callable[[Link, bool], None],
        client: str = "",
        *,
        gap_s: float,
        timeout_s: float | None = None,
        serial: bool = False,
    ) -> None:
        super().__init__(station, on_change, client)
        self._gap_s = gap_s
        self._timeout_s = timeout_s or gap_s
        self._serial = serial
        self._synchronised = True
        self._pause: asyncio.TimerHandle | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        if self._pause is not None:
            self._pause.cancel()
        self._synchronised = True
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Answer every complete frame; keep an incomplete one until the line is silent."""
        now_s = self._clock()
        silence_s, self.last_seen_s = now_s - self.last_seen_s, now_s
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None
        if self._rest and silence_s >= self._gap_s and data and self._frame_at(data, 0) > 0:
            self._drop(self._rest)
            self._rest, self._synchronised = b"", True
        buffer = self._rest + data
        self._rest = b""
        at = 0
        while at < len(buffer) and not self._paused:
            length = self._frame_at(buffer, at)
            if length > 0:
                self._serve(buffer[at : at + length])
                self._synchronised = True
                at += length
            elif length == NO_FRAME and self._synchronised:
                self._synchronised = False
            elif self._synchronised:
                break
            else:
                found = self._next_frame(buffer, at)
                if found is None:
                    break
                self.station.counters.errors += 1
                at = found
        if self.transport is None or at >= len(buffer):
            return
        self._rest = buffer[at:] if self._paused else buffer[at:][-MAX_FRAME_BYTES:]
        self._pause = asyncio.get_running_loop().call_later(self._timeout_s, self._silence)

    def _frame_at(self, buffer: bytes, at: int) -> int:
        """Return the length of the valid frame at ``at``, INCOMPLETE, or NO_FRAME."""
        left = len(buffer) - at
        lengths = [request_length(buffer, at)]
        if not self._is_ours(buffer[at]):
            lengths.append(answer_length(buffer, at))
        for length in lengths:
            if length > 0 and length <= left and crc16(buffer[at : at + length]) == 0:
                return length
        if lengths[0] == NO_FRAME and left >= MIN_FRAME_BYTES and crc16(buffer[at:]) == 0:
            return left
        unfinished = any(length == INCOMPLETE or length > left for length in lengths)
        # Only the CRC or silence reveals the end of a frame with an unknown function.
        unknown = lengths[0] == NO_FRAME and left < MAX_FRAME_BYTES
        return INCOMPLETE if unfinished or unknown else NO_FRAME

    def _next_frame(self, buffer: bytes, start: int) -> int | None:
        """Return where the next valid request to one of our units starts, after synchronisation was lost."""
        for at in range(start, len(buffer) - MIN_FRAME_BYTES + 1):
            length = request_length(buffer, at) if self._is_ours(buffer[at]) else NO_FRAME
            if 0 < length <= len(buffer) - at and crc16(buffer[at : at + length]) == 0:
                return at
        return None

    def _silence(self) -> None:
        """Handle a pause: a frame that ends with it is valid, whatever precedes it."""
        self._pause = None
        buffer, self._rest = self._rest, b""
        self._synchronised = True
        for at in range(len(buffer) - MIN_FRAME_BYTES + 1):
            length = request_length(buffer, at)
            if length == len(buffer) - at and self._is_ours(buffer[at]) and crc16(buffer[at:]) == 0:
                self._serve(buffer[at:])
                return
        if buffer:
            self._drop(buffer)

    def _drop(self, data: bytes) -> None:
        """Discard bytes that form no frame."""
        self.station.counters.errors += 1
        self._capture(data)

    def _is_ours(self, unit: int) -> bool:
        return unit == BROADCAST or unit in self.station.units

    def _serve(self, frame: bytes) -> None:
        if not self._is_ours(frame[0]):
            self._capture(frame)
            self._messages[frame[0]] += 1
            return
        self.requests += 1
        sent = self._exchange(frame, b"", frame[0], frame[1:-2])
        if self.transport is not None:
            self.transport.write(sent)

    def _disconnect(self) -> None:
        if not self._serial:
            self.close()

    def _respond(self, unit: int, pdu: bytes) -> bytes | None:
        return self.station.respond_on_line(unit, pdu, self.client)

    def _wrap(self, transaction: bytes, unit: int, pdu: bytes) -> bytes:
        return with_crc(bytes((unit,)) + pdu)
