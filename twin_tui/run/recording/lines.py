"""A recording that can be replayed: JSON Lines, plain or gzipped."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from twin_tui.documents.output import Output
from twin_tui.engine.events import Event, to_dict
from twin_tui.run.recording.samples import Moment, Sampler

FORMAT = 3


def _plain(item: Any) -> Any:
    if isinstance(item, Enum):
        return item.value
    if is_dataclass(item) and not isinstance(item, type):
        return asdict(item)
    raise TypeError(f"{type(item).__name__} cannot be recorded")


def line(data: Mapping[str, Any]) -> str:
    """Return one line of a recording; the same data give the same bytes."""
    text = _json(data, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # half a character, which only an escape can write
        text = _json(data, ensure_ascii=True)
    return text + "\n"


def _json(data: Mapping[str, Any], *, ensure_ascii: bool) -> str:
    return json.dumps(data, separators=(",", ":"), ensure_ascii=ensure_ascii, default=_plain)


def end_line(tick: int, time_s: float, before: "hashlib._Hash") -> bytes:
    """Return the last line: when the recording ended, and the digest of all lines before it."""
    return line({"end": tick, "t": time_s, "sha256": before.hexdigest()}).encode()


class JsonLines:
    """Writes header, events and samples as they come, and an end line with the digest of them all."""

    def __init__(self, path: Path, sampler: Sampler, head: Mapping[str, Any], *, force: bool) -> None:
        self._sampler = sampler
        self._digest = hashlib.sha256()
        self._output = Output(path, force=force, gzipped=path.suffix.lower() == ".gz")
        self._head = {"twin_tui": FORMAT, **head}
        self._head["columns"] = sampler.columns()
        self._head["site"] = self._head.pop("site")

    def begin(self) -> None:
        """Write the header; raise OSError when even that does not fit."""
        self._write(line(self._head).encode())

    def event(self, tick: int, event: Event) -> None:
        """Write an event with the tick in which it takes effect."""
        self._write(line({"at": tick, **to_dict(event)}).encode())

    def sample(self, moment: Moment) -> None:
        """Write the values of a tick."""
        self._write(to_json(self._sampler.values(moment), fallback=_plain) + b"\n")

    def flush(self) -> None:
        """Give the system all that was written."""
        self._output.flush()

    def end(self, tick: int, time_s: float) -> None:
        """Write the end line and close the file."""
        self._write(end_line(tick, time_s, self._digest))
        self._output.close()

    def abandon(self, *, remove: bool = False) -> None:
        """Close the file as it is."""
        self._output.abandon(remove=remove)

    def _write(self, data: bytes) -> None:
        self._digest.update(data)
        self._output.write(data)
