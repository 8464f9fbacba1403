"""Runs a recording again and compares."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from twin_tui.config import load_site
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import from_dict
from twin_tui.engine.signals import value
from twin_tui.errors import CommandError, ConfigError, TwinError, named, shown
from twin_tui.run.recording.samples import Sampler, sample


@value
class Difference:
    """One value in which a replay differs from the recording."""

    time_s: float
    place: str
    recorded: Any
    replayed: Any

    def __str__(self) -> str:
        recorded, replayed = shown(self.recorded), shown(self.replayed)
        return f"t = {self.time_s:g} s  {named(self.place)}: recorded {recorded}, replayed {replayed}"


def _differences(time_s: float, place: str, recorded: Any, replayed: Any) -> Iterator[Difference]:
    if isinstance(recorded, dict) and isinstance(replayed, dict):
        for key in {**recorded, **replayed}:
            inside = f"{place}.{key}" if place else str(key)
            yield from _differences(time_s, inside, recorded.get(key), replayed.get(key))
    elif recorded != replayed and not (recorded != recorded and replayed != replayed):  # noqa: PLR0124 - nan
        yield Difference(time_s, place.removeprefix("devices."), recorded, replayed)


def fresh_engine(head: Mapping[str, Any], place: str = "recording", *, allow_outside: bool = False) -> Engine:
    """Return an engine as the recorded one began, without the events of its site; raise ConfigError.

    The recording holds every event that took effect, those of the site among them, and the files that the
    site named: only one that was edited reads others, in the working folder unless ``allow_outside``.
    """
    site = {key: part for key, part in head["site"].items() if key != "events"}
    try:
        return Engine(
            replace(load_site(site, seed=head["seed"], allow_outside=allow_outside).plan, events=())
        )
    except TwinError as error:
        raise ConfigError(f"{place}: {error}") from None


def replay(engine: Engine, rows: Iterable[Mapping[str, Any]]) -> Iterator[Difference]:
    """Carry out a recording on a fresh engine, line by line as it was written; yield what differs."""
    sampler = Sampler(engine)
    for row in rows:
        if "at" in row:
            _run_to(engine, row["at"] - 1)
            try:
                engine.repeat(from_dict({key: item for key, item in row.items() if key != "at"}))
            except CommandError as error:
                raise ConfigError(f"{getattr(rows, 'place', 'recording')}: {error}") from None
        elif "t" in row:
            _run_to(engine, row["tick"])
            again = sample(sampler)
            if row != again:
                yield from _differences(row["t"], "", row, again)
        elif "end" in row:
            _run_to(engine, row["end"])


def _run_to(engine: Engine, tick: int) -> None:
    while engine.tick < tick:
        engine.step()
