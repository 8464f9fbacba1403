"""Writes what a user did in a session as a scenario; its expectations are what a run of it shows.

The session is played again on a fresh engine, without clients: what is expected holds wherever the file runs.
It is played once, up to the last effect that is looked for.
"""

import json
import os
import shlex
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, pairwise
from pathlib import Path

from twin_tui.commands.parser import parse_event
from twin_tui.config import Site
from twin_tui.documents.files import identity
from twin_tui.documents.output import check_new, refused
from twin_tui.documents.shipped import find_shipped
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Event, Pin, Unpin, Write
from twin_tui.engine.signals import value
from twin_tui.engine.view import SiteView
from twin_tui.errors import CommandError, ConfigError, TwinError, file_name
from twin_tui.protocols.vocabulary import site_view
from twin_tui.run.expectation import Expectation, shown
from twin_tui.twin import Twin

LOOK_EVERY_S = 0.5
SETTLED_S = 2.0
LOOK_S = 120.0
"""How long after a step its effects are looked for."""
LEAST_MOVE_W = 50.0
"""A smaller change of power is no effect."""
BAND = 0.05
"""The drafted band of a power, as a fraction of it."""
LEAST_STATUS_S = 1.0
"""A status that is shorter is not worth an expectation."""


@value
class Done:
    """One thing that the user did: when, in simulated time, and the command line."""

    at_s: float
    line: str


@value
class Entry:
    """One line of the file: a step, or a remark in place of one."""

    at_s: float
    kind: str
    text: str
    note: str = ""

    def written(self, reason: str = "") -> str:
        """Return it as a line of YAML, commented out with the reason why."""
        parts = [f"at: {_seconds(self.at_s)}", f"{self.kind}: {json.dumps(self.text, ensure_ascii=False)}"]
        if self.note:
            parts.append(f"note: {json.dumps(self.note, ensure_ascii=False)}")
        line = f"- {{{', '.join(parts)}}}"
        return f"  # {reason}: {line}" if reason else f"  {line}"


def without_registers(line: str, event: Event, site: SiteView) -> str:
    """Return a line that means the same in a scenario, whose reader knows signals but no registers."""
    plain = replace(site, devices=tuple(replace(device, registers=()) for device in site.devices))
    try:
        if parse_event(line, plain, event.origin) == event:
            return line
    except CommandError:
        pass
    if isinstance(event, Pin):
        words = ["force", event.device, event.signal, str(event.value)]
    elif isinstance(event, Write):
        pairs = ((name, str(wanted)) for name, wanted in event.values.items())
        words = ["write", event.device, *chain.from_iterable(pairs)]
    elif isinstance(event, Unpin):
        words = ["release", event.device, event.signal]
    else:
        return line
    return shlex.join(words)


def check_path(written: str, site_files: Collection[Path], *, force: bool) -> Path:
    """Return the path of a file that may be written; raise ConfigError, or ExistingFileError to be asked."""
    try:
        path = Path(written).expanduser()
    except RuntimeError as error:
        raise refused(Path(written), error) from None
    check_new(path, force=force, whole=True)
    if identity(path) in map(identity, site_files):
        raise ConfigError(f"{file_name(path)}: is a file of this site; choose another name")
    return path


class Watch:
    """Watches the devices of an engine from one step of a session to the next."""

    def __init__(self, engine: Engine, ends_at: int) -> None:
        self.engine = engine
        self.ends_at = min(ends_at, engine.tick + round(LOOK_S / engine.dt_s))
        self.every = max(1, round(LOOK_EVERY_S / engine.dt_s))
        self.first_look: Callable[[], None] | None = None
        """Called after the first tick."""
        self.settled = max(1, round(SETTLED_S / LOOK_EVERY_S))
        self.powered = [
            name for name, device in engine.devices.items() if "active_power_w" in device.type.signals
        ]

    def _powers(self) -> dict[str, float]:
        return {name: float(self.engine.telemetry(name).active_power_w) for name in self.powered}

    def effects(self) -> Iterator[Entry]:
        """Advance to the end of the watch and yield an expectation for each effect."""
        engine = self.engine
        before = self._powers()
        reference, still = dict(before), dict.fromkeys(before, 0)
        settled: dict[str, tuple[int, float]] = {}
        status = {name: (engine.tick, device.state.status.value) for name, device in engine.devices.items()}
        changes: list[tuple[str, str, int, int]] = []
        while engine.tick < self.ends_at:
            engine.step()
            if self.first_look is not None:
                self.first_look()
                self.first_look = None
            for name, device in engine.devices.items():
                since, was = status[name]
                now = device.state.status.value
                if now != was:
                    changes.append((name, was, since, engine.tick))
                    status[name] = (engine.tick, now)
            if (engine.tick % self.every) and engine.tick < self.ends_at:
                continue
            for name, power_w in self._powers().items():
                moved = abs(power_w - reference[name]) > _band(power_w) / 2
                still[name] = 0 if moved else still[name] + 1
                reference[name] = power_w if moved else reference[name]
                if still[name] >= self.settled and name not in settled and _moved(before[name], power_w):
                    settled[name] = (engine.tick, power_w)
        changes += [(name, was, since, self.ends_at) for name, (since, was) in status.items()]
        began = min((since for _, _, since, _ in changes), default=0)
        for name, found, since, until in changes:
            if since > began and (until - since) * engine.dt_s >= LEAST_STATUS_S:
                at = min(since + self.every, (since + until) // 2)
                yield Entry(at * engine.dt_s, "expect", f"{name}.status == {found}")
        for name, (tick, power_w) in settled.items():
            text = f"{name}.active_power_w == {round(power_w, -1):g}W ± {_band(power_w):g}W"
            yield Entry(tick * engine.dt_s, "expect", text)


class Draft:
    """A scenario of what was done up to a tick of a session."""

    def __init__(
        self, site: Site, path: Path, done: tuple[Done, ...], end_tick: int, others: Mapping[str, int]
    ) -> None:
        if not done:
            raise CommandError("nothing was done in this session yet: inject, write or mark something first")
        self.site = site
        self.path = path
        self.done = done
        self.end_tick = end_tick
        self.others = others
        self.abandoned = False
        """Set from another thread when nobody waits for the file any more."""
        self._failed: dict[int, str] = {}
        """Why an entry is commented out: what was seen instead, or why no scenario can say it."""
        self._dt_s = site.plan.dt_s

    def text(self) -> str:
        """Return the file."""
        steps = [Entry(done.at_s, "do", done.line.strip().removeprefix(":")) for done in self.done]
        entries = sorted([*steps, *self._effects(steps)], key=lambda entry: (entry.at_s, entry.kind != "do"))
        lines = [*self._head()]
        if all(id(entry) in self._failed for entry in entries):
            lines[-1] += " []"
        for entry in entries:
            reason = self._failed.get(id(entry), "")
            lines.append(entry.written(reason))
        return "\n".join(lines) + "\n"

    @property
    def end_s(self) -> float:
        return (self.end_tick + 1) * self._dt_s

    def _head(self) -> Iterator[str]:
        yield "# What was done in a session of the console. The expectations are drafts: values of a run of"
        yield "# this file. Delete those that do not matter, give the others the bands that do."
        for origin, count in self.others.items():
            times = "1 event" if count == 1 else f"{count} events"
            yield f"# Not in this file: {times} by {json.dumps(origin)[1:-1]}."
        yield f"name: {json.dumps(f'Session on {self.site.plan.name}', ensure_ascii=False)}"
        if (site := self._site()) is not None:
            yield f"site: {json.dumps(site, ensure_ascii=False)}"
        else:
            yield "# site: the session's site has no file"
        yield f"seed: {self.site.plan.seed}"
        yield f"duration: {_seconds(self.end_s)}"
        yield "steps:"

    def _site(self) -> str | None:
        """Return the site as the file names it: by its shipped name, or seen from the scenario's folder."""
        file = self.site.file
        if file is None:
            return None
        if find_shipped("sites", file.stem) == file:
            return file.stem
        return os.path.relpath(file.resolve(), self.path.parent.resolve())

    def _fresh(self) -> Twin:
        return Twin(self.site)

    def _effects(self, steps: Sequence[Entry]) -> Iterator[Entry]:
        """Play the session and yield what follows each step until the next one.

        A step that a scenario cannot say is left out, with the reason.
        """
        twin = self._fresh()
        engine, view = twin.engine, site_view(self.site.plan)
        events: list[Event] = []
        ends: list[int] = []
        for step in steps:
            try:
                event = parse_event(step.text, view, "console")
                engine.submit(event, at_s=step.at_s)
            except TwinError as error:
                self._failed[id(step)] = f"no step of a scenario, {' '.join(str(error).split())}"
            else:
                events.append(event)
                ends.append(round(step.at_s / self._dt_s))
        ends.append(self.end_tick)
        for (begins, ends_at), event in zip(pairwise(ends), events, strict=True):
            self._advance(engine, begins)
            watch = Watch(engine, ends_at)
            if isinstance(event, Pin) and ends_at > begins:
                yield from self._pinned(watch, event)
            yield from watch.effects()

    def _pinned(self, watch: Watch, event: Pin) -> Iterator[Entry]:
        """Yield what a forced signal is one tick later; what it is not then is noted while it is watched."""
        engine = watch.engine
        if engine.signals(event.device)[event.signal].type is str:
            return
        at_s = (engine.tick + 1) * self._dt_s
        text = f"{event.device}.{event.signal} == {float(event.value):.12g}"
        entry = Entry(at_s, "expect", text)
        expectation = Expectation.parse(text, engine)

        def look() -> None:
            seen = expectation.look(engine)
            if not expectation.met(seen):
                self._failed[id(entry)] = (
                    f"saw {seen if isinstance(seen, str) else shown(seen, expectation.unit)}"
                )

        watch.first_look = look
        yield entry

    def _advance(self, engine: Engine, tick: int) -> None:
        while engine.tick < tick and not self.abandoned:
            engine.step()
        if self.abandoned:
            raise CommandError("the session has ended: no scenario is saved")


def _band(power_w: float) -> float:
    return max(LEAST_MOVE_W, round(abs(power_w) * BAND, -1))


def _moved(before_w: float, now_w: float) -> bool:
    return abs(now_w - before_w) > _band(now_w)


def _seconds(time_s: float) -> str:
    return f"{time_s:.12g}s"
