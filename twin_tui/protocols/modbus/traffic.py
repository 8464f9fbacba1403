"""The traffic of a link: a ring buffer of raw frames, the connected clients, request rates."""

import math
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

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


@dataclass(slots=True)
class ClientInfo:
    """One connected client."""

    client: str
    since_s: float
    last_seen_s: float
    requests: int
    last_request: str
    state: Literal["served", "busy"] = "served"


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


def as_text(frames: Iterable[RawFrame], framing: Framing, *, epoch_s: float = 0.0) -> str:
    """Return frames as text, one line each: time, direction, client, meaning, raw bytes.

    ``epoch_s`` is the Unix time of the frames' clock at zero.
    """
    lines = [
        f"{epoch_s + frame.time_s:.6f} {'<' if frame.incoming else '>'} {frame.client} "
        f"{describe(frame.data, framing, incoming=frame.incoming)} [{frame.data.hex(' ')}]"
        for frame in frames
    ]
    return "\n".join(lines) + "\n" if lines else ""
