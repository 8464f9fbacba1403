"""Capture of a twin's Modbus traffic to one file, frame by frame as it passes."""

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

from twin_tui.documents.output import Output, check_new, reason, refused
from twin_tui.errors import ConfigError, file_name
from twin_tui.protocols.modbus.endpoints import Framing
from twin_tui.protocols.modbus.pcapng import Pcapng
from twin_tui.protocols.modbus.station import Station
from twin_tui.protocols.modbus.traffic import RawFrame, as_text

FLUSH_EVERY_S = 0.5

Links = Sequence[tuple[str, Framing]]


class _Form(Protocol):
    def head(self) -> bytes: ...
    def frame(self, number: int, frame: RawFrame) -> bytes: ...


class _Text:
    """A line a frame, below the name of the link that it passed."""

    def __init__(self, links: Links, epoch_s: float) -> None:
        self._links = links
        self._epoch_s = epoch_s
        self._last = -1

    def head(self) -> bytes:
        return b""

    def frame(self, number: int, frame: RawFrame) -> bytes:
        name, framing = self._links[number]
        title = "" if number == self._last else f"# {name}\n"
        self._last = number
        return (title + as_text(frame, framing, epoch_s=self._epoch_s)).encode()


_FORMS: dict[str, Callable[[Links, float], _Form]] = {".pcapng": Pcapng, ".txt": _Text}


class Capture:
    """Writes the frames of every link as they pass: ``.pcapng`` for Wireshark, ``.txt`` for reading.

    A frame reaches the file within half a second, so that a run that is killed leaves all but the last.
    """

    def __init__(self, path: Path, alarm: Callable[[str], None], *, force: bool = False) -> None:
        if path.suffix.lower() not in _FORMS:
            raise ConfigError(f"{file_name(path)}: expected a name that ends in {' or '.join(_FORMS)}")
        check_new(path, force=force)
        self._path = path
        self._alarm = alarm
        self._force = force
        self._output: Output | None = None
        self._form: _Form | None = None
        self._flushing: asyncio.TimerHandle | None = None
        self.failed = ""
        """Why writing stopped, "" while all is well."""

    def start(self, stations: list[tuple[str, Station]]) -> None:
        """Open the file and start capturing the named links; raise ConfigError when it is not writable."""
        epoch_s = time.time() - (stations[0][1].clock() if stations else 0.0)
        links = [(name, station.framing) for name, station in stations]
        self._form = _FORMS[self._path.suffix.lower()](links, epoch_s)
        output = Output(self._path, force=self._force)
        try:
            output.write(self._form.head())
            output.flush()
        except OSError as error:
            output.abandon(remove=True)
            raise refused(self._path, error) from None
        self._output = output
        for number, (_, station) in enumerate(stations):
            station.start_capture(keep=partial(self._keep, number))
        self._flush_later()

    def finish(self) -> None:
        """Write what waits and close the file; nothing if the capture has not started or has finished."""
        if self._flushing is not None:
            self._flushing.cancel()
        output, self._output = self._output, None
        if output is not None:
            self._try(output.close, output)

    def _keep(self, number: int, frame: RawFrame) -> None:
        output, form = self._output, self._form
        if output is not None and form is not None:
            self._try(partial(output.write, form.frame(number, frame)), output)

    def _flush_later(self) -> None:
        self._flushing = asyncio.get_running_loop().call_later(FLUSH_EVERY_S, self._flush)

    def _flush(self) -> None:
        if self._output is not None:
            self._try(self._output.flush, self._output)
            self._flush_later()

    def _try(self, write: Callable[[], None], output: Output) -> None:
        try:
            write()
        except OSError as error:
            self._output = None
            output.abandon()
            self.failed = f"{file_name(self._path)}: the capture is incomplete: {reason(error)}"
            self._alarm(
                f"capture failed: {file_name(self._path)}: {reason(error)}; the run goes on without it"
            )
