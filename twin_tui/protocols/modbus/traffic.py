"""The traffic of a link: a ring buffer of raw frames, the connected clients, request rates."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from twin_tui.protocols.modbus.decode import describe
from twin_tui.protocols.modbus.endpoints import Framing

DEFAULT_CAPACITY = 2000
MEAN_OVER_S = 5.0
"""A rate is the mean over so long, or over ``LEAST_STEPS`` readings where they are farther apart."""
LEAST_STEPS = 3
LEAST_GAP_S = 0.5


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
    """Requests per second as a mean over some seconds, from request to request.

    So a client that polls once a second reads 1/s and not 0/s between its requests and 4/s with one.
    """

    def __init__(self) -> None:
        self._steps: deque[tuple[float, int]] = deque()
        """When the counter was seen to have risen, and to what; the first is where counting began."""

    def rate(self, now_s: float, count: int) -> float:
        """Return the mean rate; 0 at the first call, and once nothing has come for two intervals."""
        steps = self._steps
        if not steps or count < steps[-1][1]:
            steps.clear()
        if not steps or (count > steps[-1][1] and now_s > steps[-1][0]):
            steps.append((now_s, count))
        while len(steps) > LEAST_STEPS and now_s - steps[0][0] > MEAN_OVER_S:
            steps.popleft()
        if len(steps) < 2:
            return 0.0
        gap_s = max(after - before for (before, _), (after, _) in pairwise(steps))
        if now_s - steps[-1][0] > 2.0 * max(gap_s, LEAST_GAP_S):
            first = steps[-1]
            steps.clear()
            steps.append(first)
            return 0.0
        return (steps[-1][1] - steps[0][1]) / (steps[-1][0] - steps[0][0])


def as_text(frame: RawFrame, framing: Framing, *, epoch_s: float = 0.0) -> str:
    """Return a frame as a line of text: time, direction, client, meaning, raw bytes.

    ``epoch_s`` is the Unix time of the frame's clock at zero.
    """
    meaning = describe(frame.data, framing, incoming=frame.incoming)
    direction = "<" if frame.incoming else ">"
    return f"{epoch_s + frame.time_s:.6f} {direction} {frame.client} {meaning} [{frame.data.hex(' ')}]\n"
