"""The event log: what happened, the newest entries."""

from collections import deque
from dataclasses import replace

from twin_tui.engine.device import DeviceState, Status
from twin_tui.engine.running import Device
from twin_tui.engine.snapshot import LogEntry, LogKind

LOG_LENGTH = 2000
REPEATS_WITHIN = 30
"""How far back in the log a write is compared with earlier ones, to count repeats."""


class EventLog(deque[LogEntry]):
    """The newest entries, oldest first; identical writes in a row are one entry with a count."""

    def __init__(self, dt_s: float) -> None:
        super().__init__(maxlen=LOG_LENGTH)
        self._dt_s = dt_s
        self._entries = 0

    def note(self, kind: LogKind, device: str, text: str, origin: str, tick: int) -> None:
        """Add an entry."""
        if kind is LogKind.WRITE and self._repeated(device, text, origin):
            return
        self._entries += 1
        self.append(LogEntry(self._entries, tick, tick * self._dt_s, kind, device, text, origin))

    def note_change(self, device: Device, old: DeviceState, new: DeviceState, tick: int) -> None:
        """Log what changed in a device's faults and status."""
        kind, names = device.type, device.type.fault_names
        if new.faults != old.faults:
            for name in names(new.faults & ~old.faults):
                code = next(fault.code for fault in kind.faults if fault.name == name)
                self.note(LogKind.FAULT, device.name, f"{name} (code {code})", "", tick)
            for name in names(old.faults & ~new.faults):
                self.note(LogKind.CLEAR, device.name, f"{name} is gone", "", tick)
        if new.status is not old.status:
            why = kind.explain(device.params, new) if kind.explain is not None else ""
            tripped = new.status in (Status.TRIPPED, Status.CEASED)
            text = f"{old.status.value} → {new.status.value}" + (f": {why}" if why else "")
            self.note(LogKind.TRIP if tripped else LogKind.STATE, device.name, text, "", tick)

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
