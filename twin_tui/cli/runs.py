"""The runs that a command line asks for: one, or one for each scenario, on twins of their own."""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from twin_tui.cli.results import TimedRun
from twin_tui.cli.wire_flags import Flags, files_of, public_words, with_flags
from twin_tui.config import load_site
from twin_tui.documents.files import identity
from twin_tui.engine.steps import whole_steps
from twin_tui.errors import ConfigError, shown
from twin_tui.twin import Twin

if TYPE_CHECKING:
    from twin_tui.run.scenario import Scenario

Files = Iterable[tuple[str, Path | None]]
"""Files, each with the name of the argument or key that names it."""


def make_runs(
    site: str | None,
    default: str,
    *,
    scenarios: Sequence[str] = (),
    seed: int | None = None,
    duration_s: float | None = None,
    speed: float | None = None,
    inject: Sequence[str] = (),
    servers: bool = True,
    flags: Flags,
    allow_outside: bool = False,
) -> list[TimedRun]:
    """Return the runs, all of them checked before the first one starts."""
    words = [word for text in inject for word in ("--inject", text)] + public_words(flags)
    if not servers:
        words.append("--no-servers")
    if allow_outside:
        words.append("--allow-outside")
    if duration_s is not None:
        words += ["--duration", f"{duration_s:g}"]
    runs = []
    names: Sequence[str | None] = scenarios or [None]
    for name in names:
        played = _find(name) if name is not None else None
        chosen = site or (played and played.site) or default
        length_s = duration_s if duration_s is not None or played is None else played.duration_s
        twin = _twin(chosen, seed, speed, flags, played, allow_outside=allow_outside)
        check_run_length(duration_s, twin.dt_s)
        for text in inject:
            at_s = twin.inject(text)
            if length_s is not None and at_s >= length_s:
                late = f"--inject {shown(text)} is after the end of the run at {length_s:g} s"
                raise click.UsageError(late)
        rate = "max" if twin.pacer.speed == float("inf") else f"{twin.pacer.speed:g}"
        command = ["twin-tui", "run", *([site] if site else []), "--headless", *words]
        command += ["--scenario", name] if name is not None else []
        command += ["--seed", str(twin.site.plan.seed), "--speed", rate]
        runs.append(TimedRun(twin, length_s, shlex.join(command)))
    return runs


def check_files(runs: Iterable[TimedRun], read: Iterable[tuple[str, str]], written: Files) -> None:
    """Raise UsageError when a file to write is also read or written by a run in another way."""
    for run in runs:
        site = run.twin.site
        own = [("a file of the site", path) for path in site.files]
        named = [(name, Path(text)) for name, text in read]
        check_apart([*own, *files_of(site.links), *named], [*written, *files_of(site.links, written=True)])


def check_apart(read: Files, written: Files) -> None:
    """Raise UsageError when a file to write is also read or written otherwise: one would be lost."""
    taken = {identity(path): name for name, path in read if path is not None}
    for name, path in written:
        place = identity(path) if path is not None else None
        if place is None:
            continue
        if place in taken:
            raise click.UsageError(f"{taken[place]} and {name} are the same file: {shown(str(path))}")
        taken[place] = name


def check_run_length(duration_s: float | None, dt_s: float) -> None:
    """Raise CommandError unless a run can last exactly as long as --duration says."""
    if duration_s is not None:
        if not duration_s > 0:
            raise ConfigError(f"invalid --duration {duration_s:g} s; expected a time above 0")
        whole_steps(duration_s, dt_s, "--duration")


def _find(name: str) -> "Scenario":
    from twin_tui.run.scenario import find  # noqa: PLC0415 - most runs play none

    return find(name)


def _twin(
    site: str,
    seed: int | None,
    speed: float | None,
    flags: Flags,
    played: "Scenario | None",
    *,
    allow_outside: bool,
) -> Twin:
    seed = seed if seed is not None or played is None else played.seed
    loaded = load_site(site, seed=seed, allow_outside=allow_outside)
    twin = Twin(replace(loaded, links=with_flags(loaded.links, flags)), speed=speed)
    if played is not None:
        twin.play(played)
    return twin
