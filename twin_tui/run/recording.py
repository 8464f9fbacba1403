"""Recordings: the site, its seed and every event, with samples of what came of them; and their replay."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, is_dataclass, replace
from enum import Enum
from pathlib import Path
from typing import IO, Any

from twin_tui.config import load_site
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Event, from_dict, to_dict
from twin_tui.engine.observing import SITE_TELEMETRY
from twin_tui.engine.signals import value
from twin_tui.errors import CommandError, ConfigError, number

FORMAT = 2
MOST_EVENTS = 100_000
"""How many events a run keeps so that a recording can begin later."""


def _plain(item: Any) -> Any:
    if isinstance(item, Enum):
        return item.value
    if is_dataclass(item) and not isinstance(item, type):
        return asdict(item)
    raise TypeError(f"{type(item).__name__} cannot be recorded")


def line(data: Mapping[str, Any]) -> str:
    """Return one line of a recording; the same data give the same bytes."""
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False, default=_plain) + "\n"


def header(site: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Return the first line of a recording: all that a replay needs besides the events."""
    return {"twin_tui": FORMAT, "seed": seed, "site": site}


def sample(engine: Engine) -> dict[str, Any]:
    """Return what every device shows at this tick."""
    devices = {
        name: {"status": device.state.status.value, **engine.shown(name)}
        for name, device in engine.devices.items()
    }
    return {
        "tick": engine.tick,
        "t": engine.time_s,
        **{name: engine.shown(name) for name in SITE_TELEMETRY},
        "devices": devices,
    }


class History:
    """The events of a run since its start: with them a recording can begin at any time and still replay."""

    def __init__(self, engine: Engine) -> None:
        self.events: list[tuple[int, Event]] = []
        self.complete = True
        engine.listeners.append(self._keep)

    def _keep(self, tick: int, event: Event) -> None:
        if len(self.events) < MOST_EVENTS:
            self.events.append((tick, event))
        else:
            self.complete = False


class Recorder:
    """Writes a run to a file while it happens: every event at once, a sample at regular simulated times.

    One that begins in the middle of a run holds the events from the start and samples from its own beginning.
    """

    def __init__(
        self,
        engine: Engine,
        path: Path,
        site: Mapping[str, Any],
        seed: int,
        history: "History",
        every_s: float = 1.0,
    ) -> None:
        if not history.complete:
            raise CommandError(
                f"this run has had more than {MOST_EVENTS:,} events, too many to begin a recording now: "
                "start the twin with --record"
            )
        if not (number(every_s) and 0 < every_s < math.inf):
            raise CommandError(f"invalid time between samples: {every_s!r}; expected seconds above 0")
        self._engine = engine
        self.path = path
        self.since_s = engine.time_s
        """Simulated time of the first sample."""
        try:
            self._file: IO[str] = path.open("w", encoding="utf-8", newline="\n", buffering=1)
        except (OSError, ValueError) as error:
            raise ConfigError(f"{path}: cannot be written: {getattr(error, 'strerror', error)}") from None
        self.failed = ""
        """Why writing stopped, "" while all is well."""
        self._write(header(site, seed))
        for tick, event in history.events:
            self._event(tick, event)
        self._write(sample(engine))
        self._watcher = engine.watch(every_s, self._sample)
        engine.listeners.append(self._event)

    def close(self) -> None:
        """Write the last state and close the file; raise ConfigError when something is missing in it."""
        if self._event in self._engine.listeners:
            self._engine.listeners.remove(self._event)
            self._engine.unwatch(self._watcher)
            self._write({"end": self._engine.tick})
            try:
                self._file.close()
            except OSError as error:
                self.failed = self.failed or str(error.strerror)
            if self.failed:
                raise ConfigError(f"{self.path}: the recording is incomplete: {self.failed}")

    def _sample(self) -> None:
        self._write(sample(self._engine))

    def _event(self, tick: int, event: Event) -> None:
        self._write({"at": tick, **to_dict(event)})

    def _write(self, data: dict[str, Any]) -> None:
        if self.failed:
            return
        try:
            self._file.write(line(data))
        except OSError as error:
            self.failed = str(error.strerror)


def read(path: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the header and the further lines of a recording; a torn last line is left out."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    rows: list[dict[str, Any]] = []
    *whole, _torn = text.split("\n")
    for at, row in enumerate(whole, 1):
        try:
            found = json.loads(row)
        except json.JSONDecodeError as error:
            raise ConfigError(f"{path}, line {at}: not JSON: {error.msg}") from None
        if not isinstance(found, dict):
            raise ConfigError(f"{path}, line {at}: not a line of a recording")
        rows.append(found)
    if not rows or rows[0].get("twin_tui") != FORMAT:
        raise ConfigError(f"{path}: not a recording of this program (format {FORMAT})")
    return rows[0], rows[1:]


@value
class Difference:
    """One value in which a replay differs from the recording."""

    time_s: float
    place: str
    recorded: Any
    replayed: Any

    def __str__(self) -> str:
        return f"t = {self.time_s:g} s  {self.place}: recorded {self.recorded}, replayed {self.replayed}"


def _differences(time_s: float, place: str, recorded: Any, replayed: Any) -> Iterator[Difference]:
    if isinstance(recorded, dict) and isinstance(replayed, dict):
        for key in {**recorded, **replayed}:
            inside = f"{place}.{key}" if place else str(key)
            yield from _differences(time_s, inside, recorded.get(key), replayed.get(key))
    elif recorded != replayed:
        yield Difference(time_s, place.removeprefix("devices."), recorded, replayed)


def fresh_engine(head: Mapping[str, Any]) -> Engine:
    """Return an engine as the recorded one began, without the events of its site.

    The recording holds every event that took effect, those of the site among them.
    """
    site = {key: part for key, part in head["site"].items() if key != "events"}
    return Engine(replace(load_site(site, seed=head["seed"]).plan, events=()))


def replay(engine: Engine, rows: Iterable[Mapping[str, Any]]) -> Iterator[Difference]:
    """Carry out a recording on a fresh engine, line by line as it was written; yield what differs."""
    for row in rows:
        if "at" in row:
            _run_to(engine, row["at"] - 1)
            engine.repeat(from_dict({key: item for key, item in row.items() if key != "at"}))
        elif "t" in row:
            _run_to(engine, row["tick"])
            again = line(sample(engine))
            if line(row) != again:
                yield from _differences(row["t"], "", row, json.loads(again))
        elif "end" in row:
            _run_to(engine, row["end"])


def _run_to(engine: Engine, tick: int) -> None:
    while engine.tick < tick:
        engine.step()
