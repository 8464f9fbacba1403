"""Reads a recording: whether it is whole and unchanged, then line by line."""

import hashlib
import json
import stat
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from twin_tui.documents.output import GZIP, reason
from twin_tui.engine.events import from_dict
from twin_tui.engine.steps import whole_steps
from twin_tui.errors import CommandError, ConfigError, file_name
from twin_tui.run.recording.lines import FORMAT
from twin_tui.run.recording.samples import named

CHUNK = 1 << 20
LONGEST_LINE = 1 << 28
"""A header contains the files of its site; a longer line is no header."""
_GZIPPED = b"\x1f\x8b"
_TABLE_STARTS = (b"PAR1", b"t_s,tick,")
_END, _SAMPLE = b'{"end":', b'{"tick":'


class Recorded:
    """A recording on disk: its header, and its further lines each time they are iterated over."""

    def __init__(self, path: Path, *, partial: bool = False) -> None:
        """Raise ConfigError unless it is whole and unchanged; ``partial`` accepts a missing end."""
        self.path = path
        self.incomplete = ""
        """Where it ends and where it should, "" when its end is there."""
        self._line = self._every = 1
        _check_kind(path)
        last_sample, last = self._read_through()
        self.head = self._header()
        if not last.startswith(_END):
            ends_s = self._parsed(last_sample)["t"] if last_sample else 0.0
            planned_s = self.head["duration_s"]
            of = "" if planned_s is None else f" of {planned_s:g} s"
            self.incomplete = f"incomplete: ends at {ends_s:g} s{of}"
            if not partial:
                raise ConfigError(
                    f"{file_name(path)}: {self.incomplete}; replay --partial replays it up to there"
                )

    @property
    def place(self) -> str:
        """The file and the line that was read last."""
        return f"{file_name(self.path)}, line {self._line}"

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield events, samples and the end; a torn last line is left out."""
        begins = self.head["tick"]
        latest = begins + 1  # what is submitted after a tick takes effect in the next
        sampled = False
        for data in self._lines():
            if self._line == 1:
                continue
            row = self._row(self._parsed(data))
            tick = next(iter(row.values()))
            self._expect(0 <= tick <= latest, f"a tick from 0 to {latest}")
            if "tick" in row:
                self._expect(sampled or tick == begins, f"the first sample at tick {begins}")
                sampled = True
                latest = tick + self._every + 1
            yield row

    def _read_through(self) -> tuple[bytes, bytes]:
        """Check digest and end; return the last sample and the last line."""
        digest = hashlib.sha256()
        sample = last = b""
        for data in self._lines():
            self._expect(not last.startswith(_END), "nothing after the end of the recording")
            digest.update(last)
            last = data
            if data.startswith(_SAMPLE):
                sample = data
        if last.startswith(_END) and self._parsed(last).get("sha256") != digest.hexdigest():
            for data in self._lines():
                self._parsed(data)
            raise ConfigError(f"{file_name(self.path)}: was changed after recording: its SHA-256 is another")
        return sample, last

    def _lines(self) -> Iterator[bytes]:
        for number, data in enumerate(_lines(self.path), 1):
            self._line = number
            yield data

    def _header(self) -> dict[str, Any]:
        head = self._parsed(next(self._lines(), b"{}\n"))
        found = head.get("twin_tui")
        if found != FORMAT:
            older = f"; this one has format {found}, of an earlier version" if found in (1, 2) else ""
            raise ConfigError(
                f"{file_name(self.path)}: not a recording of this program (format {FORMAT}){older}"
            )
        for key, (fits, expected) in _HEAD.items():
            self._expect(fits(head.get(key)), f"{key}: {expected}")
        try:
            self._every = whole_steps(head["every_s"], head["step_s"], "time between samples")
        except CommandError as error:
            raise ConfigError(f"{self.place}: {error}") from None
        return head

    def _parsed(self, data: bytes) -> dict[str, Any]:
        try:
            found = json.loads(data)
        except (ValueError, RecursionError) as error:
            text = getattr(error, "msg", "") or type(error).__name__
            raise ConfigError(f"{self.place}: damaged: not JSON: {text}") from None
        self._expect(isinstance(found, dict), "a JSON object")
        return dict(found)

    def _row(self, found: dict[str, Any]) -> dict[str, Any]:
        try:
            if _whole(found.get("at")):
                from_dict({key: item for key, item in found.items() if key != "at"})
                return {"at": found.pop("at"), **found}
            if _whole(found.get("tick")):
                self._expect(_finite(found.get("t")), "t: a time in s")
                values = named(self.head["columns"], found)
                return {"tick": found["tick"], "t": found["t"], **dict(values)}
            self._expect(_whole(found.get("end")), "an event (at), a sample (tick) or the end")
            return {"end": found["end"]}
        except CommandError as error:
            raise ConfigError(f"{self.place}: {error}") from None
        except (KeyError, TypeError, ValueError):
            raise ConfigError(f"{self.place}: expected a value for each column of line 1") from None

    def _expect(self, fits: bool, expected: str) -> None:
        if not fits:
            raise ConfigError(f"{self.place}: expected {expected}")


def _whole(found: Any) -> bool:
    return isinstance(found, int) and not isinstance(found, bool) and found >= 0


def _finite(found: Any) -> bool:
    return isinstance(found, int | float) and not isinstance(found, bool) and abs(found) < 1e300


def _above_0(found: Any) -> bool:
    return _finite(found) and found > 0


def _names(found: Any) -> bool:
    return isinstance(found, list) and all(isinstance(name, str) for name in found)


def _columns(found: Any) -> bool:
    if not isinstance(found, dict):
        return False
    devices = found.get("devices")
    site = [names for part, names in found.items() if part != "devices"]
    return isinstance(devices, dict) and all(map(_names, [*site, *devices.values()]))


_HEAD: dict[str, tuple[Callable[[Any], bool], str]] = {
    "seed": (lambda found: isinstance(found, int), "a whole number"),
    "step_s": (_above_0, "seconds above 0"),
    "every_s": (_above_0, "seconds above 0"),
    "duration_s": (lambda found: found is None or _above_0(found), "seconds above 0, or null"),
    "tick": (_whole, "the tick of the first sample"),
    "columns": (_columns, "the names of the values of grid, weather and devices"),
    "site": (lambda found: isinstance(found, dict), "the site as an object"),
}


def _check_kind(path: Path) -> None:
    """Raise ConfigError for what is no file, or a table."""
    try:
        kind = path.stat().st_mode
        if stat.S_ISREG(kind):
            with path.open("rb") as file:
                start = file.read(max(map(len, _TABLE_STARTS)))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file_name(path)}: cannot be read: {reason(error)}") from None
    if path.suffix.lower() == ".parquet" or (stat.S_ISREG(kind) and start.startswith(_TABLE_STARTS)):
        raise ConfigError(
            f"{file_name(path)}: is a table, which has no events to replay; record to .jsonl or .jsonl.gz"
        )
    if not stat.S_ISREG(kind):
        raise ConfigError(f"{file_name(path)}: is not a file; expected a recording")


def _lines(path: Path) -> Iterator[bytes]:
    """Yield the whole lines of a file."""
    rest = bytearray()
    for chunk in _chunks(path):
        *whole, last = chunk.split(b"\n")
        for part in whole:
            yield bytes(rest) + part + b"\n"
            rest.clear()
        rest += last
        if len(rest) > LONGEST_LINE:
            raise ConfigError(f"{file_name(path)}: has a line that is too long for a recording")


def _chunks(path: Path) -> Iterator[bytes]:
    """Yield the content of a file, unpacked if it is gzipped, as far as it goes."""
    try:
        with path.open("rb") as file:
            gzipped = file.read(2) == _GZIPPED
            file.seek(0)
            chunks = iter(partial(file.read, CHUNK), b"")
            yield from _unpacked(chunks, file_name(path)) if gzipped else chunks
    except OSError as error:
        raise ConfigError(f"{file_name(path)}: cannot be read: {reason(error)}") from None


def _unpacked(chunks: Iterable[bytes], name: str) -> Iterator[bytes]:
    """Yield the content of gzip data; several may follow one another, only the first may be torn."""
    unpack, more = zlib.decompressobj(GZIP), False
    try:
        for packed in chunks:
            chunk = packed
            while chunk:
                if unpack.eof:
                    unpack, more = zlib.decompressobj(GZIP), True
                yield unpack.decompress(chunk, CHUNK)
                chunk = unpack.unconsumed_tail or unpack.unused_data
        if more and not unpack.eof:
            raise zlib.error("it ends within")
    except zlib.error as error:
        text = f"there is more after the end of the gzip data: {error}" if more else f"not gzip data: {error}"
        raise ConfigError(f"{name}: damaged: {text}") from None


def read(path: Path, *, partial: bool = False) -> tuple[dict[str, Any], Recorded]:
    """Return the header and the further lines of a recording; raise ConfigError unless it is valid."""
    recorded = Recorded(path, partial=partial)
    return recorded.head, recorded


def read_recording(path: str | Path) -> Iterator[dict[str, Any]]:
    """Yield a row for each sample of a recording, by column as in a table, as far as it goes: for pandas."""
    for row in Recorded(Path(path), partial=True):
        if "tick" in row:
            parts: Mapping[str, Mapping[str, Any]] = {**row, **row["devices"]}
            values = {
                f"{name}.{signal}": found
                for name, part in parts.items()
                if name not in ("tick", "t", "devices")
                for signal, found in part.items()
            }
            yield {"t_s": row["t"], "tick": row["tick"], **values}
