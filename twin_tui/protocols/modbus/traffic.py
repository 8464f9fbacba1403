"""The traffic of a link: a ring buffer of raw frames, the connected clients, request rates."""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from twin_tui.protocols.modbus.decode import describe
from twin_tui.protocols.modbus.endpoints import Framing

DEFAULT_CAPACITY = 2000


@dataclass(slots=True)
class RawFrame:
    """One frame as sent on the wire; ``incoming`` ones are requests to the twin."""

    time_s: float
    client: str
    incoming: bool
    data: bytes


class Ring:
    """The last frames of one port or line."""

    def __init__(
        self,
        framing: Framing,
        clock: Callable[[], float],
        capacity: int = DEFAULT_CAPACITY,
        keep: Callable[[RawFrame], None] | None = None,
    ) -> None:
        """``keep`` gets each frame besides: it writes them to a file."""
        self.framing = framing
        self._clock = clock
        self._keep = keep
        self._frames: deque[RawFrame] = deque(maxlen=capacity)

    def record(self, client: str, incoming: bool, data: bytes) -> None:
        """Keep one frame; when full, drop the oldest."""
        frame = RawFrame(self._clock(), client, incoming, data)
        self._frames.append(frame)
        if self._keep is not None:
            self._keep(frame)

    def frames(self) -> list[RawFrame]:
        """Return the frames, oldest first."""
        return list(self._frames)


class RateMeter:
    """Requests per second between two readings of a counter."""

    def __init__(self) -> None:
        self._last: tuple[float, int] | None = None
        self._rate = 0.0

    def rate(self, now_s: float, count: int) -> float:
        """Return the rate since the previous call; 0 at the first call."""
        since_s, counted = self._last or (-math.inf, count)
        if now_s > since_s:
            self._rate = (count - counted) / (now_s - since_s)
            self._last = now_s, count
        return self._rate


def as_text(frame: RawFrame, framing: Framing, *, epoch_s: float = 0.0) -> str:
    """Return a frame as a line of text: time, direction, client, meaning, raw bytes.

    ``epoch_s`` is the Unix time of the frame's clock at zero.
    """
    meaning = describe(frame.data, framing, incoming=frame.incoming)
    direction = "<" if frame.incoming else ">"
    return f"{epoch_s + frame.time_s:.6f} {direction} {frame.client} {meaning} [{frame.data.hex(' ')}]\n"
