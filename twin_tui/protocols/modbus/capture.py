"""Capture of a twin's Modbus traffic: kept while it runs, then written to one file."""

import time
from collections.abc import Callable
from pathlib import Path

from twin_tui.errors import ConfigError
from twin_tui.protocols.modbus.pcapng import Captured, as_pcapng
from twin_tui.protocols.modbus.station import Station
from twin_tui.protocols.modbus.traffic import as_text

FRAMES_KEPT = 100_000
"""Per port or line: about 30 MB when full."""


class Capture:
    """Keeps the last frames of every link for a file: ``.pcapng`` for Wireshark, ``.txt`` for reading."""

    def __init__(self, path: Path) -> None:
        if path.suffix not in _WRITERS:
            raise ConfigError(f"{path}: expected a name that ends in {' or '.join(_WRITERS)}")
        self._path = path
        self._stations: list[tuple[str, Station]] = []

    def start(self, stations: list[tuple[str, Station]]) -> None:
        """Start capturing the named links; ConfigError when the file is not writable."""
        self._write(b"")
        self._stations = stations
        for _, station in stations:
            station.start_capture(FRAMES_KEPT)

    def finish(self) -> None:
        """Write the captured frames; nothing if the capture has not started or has finished."""
        if not self._stations:
            return
        stations, self._stations = self._stations, []
        captured = [
            Captured(name, station.framing, station.ring.frames())
            for name, station in stations
            if station.ring is not None
        ]
        epoch_s = time.time() - stations[0][1].clock()
        self._write(_WRITERS[self._path.suffix](captured, epoch_s))

    def _write(self, data: bytes) -> None:
        try:
            self._path.write_bytes(data)
        except OSError as error:
            raise ConfigError(f"{self._path}: cannot be written: {error.strerror}") from None


def _text(captured: list[Captured], epoch_s: float) -> bytes:
    parts = [f"# {link.name}\n{as_text(link.frames, link.framing, epoch_s=epoch_s)}" for link in captured]
    return "\n".join(parts).encode()


def _pcapng(captured: list[Captured], epoch_s: float) -> bytes:
    return as_pcapng(captured, epoch_s=epoch_s)


_WRITERS: dict[str, Callable[[list[Captured], float], bytes]] = {".pcapng": _pcapng, ".txt": _text}
