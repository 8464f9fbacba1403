"""The frames of the last minutes and, thinned out, of the hours before: the whole screen can look back."""

import pickle
import zlib
from bisect import bisect_right
from dataclasses import replace

from twin_tui.engine.view import Frame

BLOCK = 40
"""How many frames are packed together: ten seconds at four a second."""
BLOCKS = 60
"""How many packed blocks are kept at full rate: ten minutes."""
ONE_OF = 6
"""Of so many older blocks the first frame is kept: one a minute."""
OLD = 1440
"""How many of them are kept: a day."""

Pickled = tuple[float, bytes]
"""A frame with its simulated time."""


class Archive:
    """Keeps frames, each pickled at once, for that is quick.

    Without their log, which the journal has, and without registers, which follow from the snapshot.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.last_s: float | None = None
        """The newest time that is kept."""
        self._open: list[Pickled] = []
        self._packed: list[Pickled] = []
        self._old: list[Pickled] = []
        self._dropped = 0

    def add(self, frame: Frame) -> None:
        """Keep a frame; one of a time that is known replaces nothing, an earlier one is of a new run."""
        time_s = frame.snapshot.time_s
        if self.last_s is not None and time_s <= self.last_s:
            if time_s == self.last_s:
                return
            self.clear()
        self.last_s = time_s
        kept = replace(frame, snapshot=replace(frame.snapshot, log=()), registers=(), changed=())
        self._open.append((time_s, pickle.dumps(kept, pickle.HIGHEST_PROTOCOL)))
        if len(self._open) == BLOCK:
            # packing is done without the interpreter's lock, so no client has to wait for it
            self._packed.append((self._open[0][0], zlib.compress(pickle.dumps(self._open), 1)))
            self._open = []
        if len(self._packed) > BLOCKS:
            first_s, block = self._packed.pop(0)
            if self._dropped % ONE_OF == 0:
                self._old.append((first_s, _unpacked(block)[0][1]))
                del self._old[:-OLD]
            self._dropped += 1

    @property
    def first_s(self) -> float | None:
        """The oldest time that is kept."""
        kept = [times[0][0] for times in (self._old, self._packed, self._open) if times]
        return kept[0] if kept else None

    def at(self, time_s: float) -> Frame | None:
        """Return the last frame up to a time, the oldest one for an earlier time, None when there is none."""
        if self._open and time_s >= self._open[0][0]:
            return _last(self._open, time_s)
        if self._packed and time_s >= self._packed[0][0]:
            return _last(_unpacked(_before(self._packed, time_s)), time_s)
        for kept in (self._old, self._packed, self._open):
            if kept:
                return _last(_unpacked(kept[0][1]) if kept is self._packed else kept, time_s)
        return None


def _before(kept: list[Pickled], time_s: float) -> bytes:
    """Return what is kept of the last time up to this one, of the first one for an earlier time."""
    return kept[max(0, bisect_right([at_s for at_s, _ in kept], time_s + 1e-9) - 1)][1]


def _last(frames: list[Pickled], time_s: float) -> Frame:
    found: Frame = pickle.loads(_before(frames, time_s))
    return found


def _unpacked(block: bytes) -> list[Pickled]:
    found: list[Pickled] = pickle.loads(zlib.decompress(block))
    return found
