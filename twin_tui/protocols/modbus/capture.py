"""What was said on a twin's Modbus links, kept while it runs and written to one file."""

import time
from collections.abc import Callable
from pathlib import Path

from twin_tui.errors import ConfigError
from twin_tui.protocols.modbus.pcapng import Captured, as_pcapng
from twin_tui.protocols.modbus.station import Station
from twin_tui.protocols.modbus.traffic import as_text

FRAMES_KEPT = 100_000
"""Of each port or line: about 30 MB when all of it is used."""


class Capture:
    """Keeps the last frames of every link for a file: ``.pcapng`` for Wireshark, ``.txt`` for reading."""

    def __init__(self, path: Path) -> None:
        if path.suffix not in _WRITERS:
            raise ConfigError(f"{path}: expected a name that ends in {' or '.join(_WRITERS)}")
        self._path = path
        self._stations: list[tuple[str, Station]] = []

    def start(self, stations: list[tuple[str, Station]]) -> None:
        """Keep the frames of these links, given by name; ConfigError when the file cannot be written."""
        self._write(b"")
        self._stations = stations
        for _, station in stations:
            station.start_capture(FRAMES_KEPT)

    def finish(self) -> None:
        """Write what was kept; a capture that has not started or has finished writes nothing."""
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
