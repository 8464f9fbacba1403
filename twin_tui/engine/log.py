"""The event log: what happened, the newest entries."""

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from twin_tui.engine.device import DeviceState, Status
from twin_tui.engine.formats import clean
from twin_tui.engine.running import Device
from twin_tui.engine.snapshot import LogEntry, LogKind
from twin_tui.engine.steps import nearest_steps
from twin_tui.engine.surroundings import Surroundings
from twin_tui.engine.why import ABOUT_TO_TRIP, RAMP

LOG_LENGTH = 2000
LONGEST_TEXT = 1000
"""Of an entry: a client's note may have 64 kB, a peer's message a megabyte."""
REPEATS_WITHIN = 30
"""How far back in the log a write is compared with earlier ones, to count repeats."""
BURST_S = 1.0
LISTED_OF_ONE, LISTED, COUNTS = 20, 200, 100
"""In each such time: entries of one client about one device, of all clients, and counts of the others."""
ROUTINE = frozenset((LogKind.WRITE, LogKind.FORCE, LogKind.MODE, LogKind.LINK, LogKind.S2))
"""The kinds that clients and peers cause by the thousand; every entry of another kind is listed."""
REFUSED = "refused: "
_ADDRESS = re.compile(r"\bfc\d\d (\d+)")

_Source = tuple[LogKind, str, str, str]
"""Kind, device, client, and how the texts begin."""


@dataclass(slots=True)
class Held:
    """Entries that are counted: how many, and the text of the last."""

    count: int = 0
    last: str = ""


class EventLog(deque[LogEntry]):
    """The newest entries, oldest first; identical writes in a row are one entry with a count.

    Entries of a routine kind that come too fast are held, and become one entry for each client and register.
    """

    def __init__(self, dt_s: float) -> None:
        super().__init__(maxlen=LOG_LENGTH)
        self._dt_s = dt_s
        self._entries = 0
        self._burst_ticks = nearest_steps(BURST_S, dt_s, 1)
        self._burst_ends = 0
        self._listed: dict[_Source, int] = {}
        self._listed_of_all = 0
        self.held: dict[tuple[_Source, str], Held] = {}
        """The entries of one client about one register that are held."""
        self._kept = 0
        """How many of the oldest entries are known to be of no routine kind."""
        self.read_now: Callable[[], None] = lambda: None
        """Called before an entry is dropped that has come since the last call."""
        self._read = 0

    def note(self, kind: LogKind, device: str, text: str, origin: str, tick: int) -> None:
        """Add an entry; what came over a wire is cleaned here, for every reader of the log."""
        if len(text) > LONGEST_TEXT:
            text = text[: LONGEST_TEXT - 1] + "…"
        device, text, origin = clean(device), clean(text), clean(origin)
        if kind in ROUTINE and not self._lists(kind, device, text, origin, tick):
            return
        self._add(kind, device, text, origin, tick)

    def settle(self, tick: int) -> None:
        """Add an entry for each count of held ones."""
        held, self.held = self.held, {}
        for ((kind, device, origin, begins), what), item in held.items():
            noun = "entries"
            if kind is LogKind.WRITE:
                noun = f"{begins} writes to {what}".lstrip()
            self._add(kind, device, f"{item.count:,} more {noun}, the last: {item.last}", origin, tick)

    def note_change(
        self, device: Device, old: DeviceState, new: DeviceState, tick: int, surroundings: Surroundings
    ) -> None:
        """Log what changed in a device's faults and status."""
        kind, names = device.type, device.type.fault_names
        for name in names(new.faults & ~old.faults):
            code = next(fault.code for fault in kind.faults if fault.name == name)
            self.note(LogKind.FAULT, device.name, f"{name} (code {code})", "", tick)
        for name in names(old.faults & ~new.faults):
            self.note(LogKind.CLEAR, device.name, f"{name} is gone", "", tick)
        if new.status is not old.status:
            found = kind.why(device.params, new, device.commands, surroundings)
            # of its status: neither of its way to a power, nor of a trip that has not come yet
            why = found.without(RAMP).without(ABOUT_TO_TRIP).entry
            kind_of = {Status.TRIPPED: LogKind.TRIP, Status.CEASED: LogKind.CEASE}
            text = f"{old.status.value} → {new.status.value}" + (f": {why}" if why else "")
            self.note(kind_of.get(new.status, LogKind.STATE), device.name, text, "", tick)

    def _lists(self, kind: LogKind, device: str, text: str, origin: str, tick: int) -> bool:
        """Return whether an entry of a routine kind is listed; count it otherwise."""
        if kind is LogKind.WRITE and self._repeated(device, text, origin):
            return False
        if tick >= self._burst_ends:
            self._burst_ends = tick + self._burst_ticks
            self._listed.clear()
            self._listed_of_all = 0
        begins = text.partition(":")[0] if kind is not LogKind.WRITE or text.startswith(REFUSED) else ""
        source = (kind, device, origin, begins)
        listed = self._listed.get(source, 0)
        if listed >= LISTED_OF_ONE or self._listed_of_all >= (LISTED if listed else 2 * LISTED):
            self._hold(source, text)
            return False
        self._listed[source] = listed + 1
        self._listed_of_all += 1
        return True

    def _hold(self, source: _Source, text: str) -> None:
        found = _ADDRESS.search(text)
        key = source, found[1] if found is not None else text.partition(" ")[0]
        held = self.held.get(key)
        if held is None and len(self.held) >= COUNTS:
            key = (source[0], "", "several clients", source[3]), "several registers"
            held = self.held.get(key)
        if held is None:
            held = self.held[key] = Held()
        held.count += 1
        held.last = text

    def _add(self, kind: LogKind, device: str, text: str, origin: str, tick: int) -> None:
        if len(self) == LOG_LENGTH:
            self._make_room()
        self._entries += 1
        self.append(LogEntry(self._entries, tick, tick * self._dt_s, kind, device, text, origin))

    def _make_room(self) -> None:
        """Drop the oldest entry of a routine kind; without one, the oldest."""
        while self._kept < len(self) and self[self._kept].kind not in ROUTINE:
            self._kept += 1
        place = self._kept if self._kept < len(self) else 0
        if self[place].number > self._read:
            self.read_now()
            self._read = self._entries
        del self[place]
        self._kept = min(self._kept, len(self))

    def _repeated(self, device: str, text: str, origin: str) -> bool:
        """Count a write that repeats the device's last one; return whether it does."""
        for back in range(1, min(len(self), REPEATS_WITHIN) + 1):
            entry = self[-back]
            if entry.kind is LogKind.WRITE and entry.device == device:
                if entry.text != text or entry.origin != origin:
                    return False
                self[-back] = replace(entry, repeats=entry.repeats + 1)
                return True
        return False
