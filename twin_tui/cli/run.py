"""``twin-tui run``: one site, or a scenario after the other, in the console or without a screen."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import click

from twin_tui.cli.headless import run as headless_run
from twin_tui.cli.options import DEMO, DURATION, OUTSIDE, SPEED
from twin_tui.cli.results import Results
from twin_tui.cli.runs import check_files, make_runs
from twin_tui.cli.wire_flags import flag_names, given_flags, wire_options
from twin_tui.errors import ExitCode, RunError
from twin_tui.protocols.registry import connectors
from twin_tui.run.recording import RecordingPlan


class _WithWireFlags(click.Command):
    """A command with the flags of every connector, collected when it is used."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        *own, last = super().get_params(ctx)
        return [*own, *wire_options(self.params), last]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            missing = connectors.why_missing(error.option_name.removeprefix("--"))
            if not missing:
                raise
            text = f"{error.message}; {missing}"
            raise click.NoSuchOption(error.option_name, text, error.possibilities, ctx) from None


@click.command("run", cls=_WithWireFlags)
@click.argument("site", required=False)
@click.option("--headless", is_flag=True, help="Run without a screen.")
@click.option("--duration", type=DURATION, metavar="TIME", help="Simulated time to run, e.g. 20m, 1h30m, 90.")
@click.option(
    "--speed", type=SPEED, metavar="N|max", help="Simulated seconds per second, by default that of the site."
)
@click.option(
    "--seed", type=int, metavar="N", help="Seed of all random numbers, by default that of the site."
)
@OUTSIDE
@click.option(
    "--record",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Record the run to FILE: .jsonl or .jsonl.gz to replay, .csv or .parquet for pandas.",
)
@click.option(
    "--record-every",
    type=DURATION,
    metavar="TIME",
    help="Simulated time between samples, 1s by default.",
)
@click.option(
    "--record-layout",
    type=click.Choice(["wide", "long"]),
    help="Rows of .csv and .parquet: one a sample (wide, by default) or one a value (long).",
)
@click.option("--force", is_flag=True, help="Let --record and --capture overwrite an existing file.")
@click.option(
    "--scenario",
    multiple=True,
    metavar="FILE",
    help="Play a scenario and check its expectations; exit code 1 if one fails. May be repeated: one by one.",
)
@click.option("--junit", type=click.Path(path_type=Path), metavar="FILE", help="Write the verdicts as JUnit.")
@click.option(
    "--inject",
    multiple=True,
    metavar="'TIME COMMAND'",
    help="Carry out a command at a simulated time, e.g. '10s sag grid 0.7 2s'; may be repeated.",
)
@click.option(
    "--plot",
    multiple=True,
    metavar="DEVICE.SIGNAL",
    help="Draw a signal after a headless run; may be repeated.",
)
@click.option(
    "--capture",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the Modbus traffic to FILE: .pcapng for Wireshark, or .txt.",
)
@click.option("--no-servers", is_flag=True, help="Simulate only: open no ports, lines or connections.")
@click.option("--quiet", is_flag=True, help="Print the final table only.")
@click.option("--hz", type=float, metavar="N", help="Frames per second of the console, 4 by default.")
@click.option(
    "--glyphs", metavar="auto|unicode|vt|ascii", help="Characters for drawing; vt for the Linux console."
)
@click.option("--theme", metavar="NAME", help="Colours of the console, such as twin-light.")
@click.option("--read-only", is_flag=True, help="Refuse every command in the console that changes something.")
@click.option("--no-tour", is_flag=True, help="Begin without the tour that a first run of the console shows.")
def command(
    site: str | None,
    headless: bool = False,
    duration: float | None = None,
    speed: float | None = None,
    seed: int | None = None,
    record: Path | None = None,
    record_every: float | None = None,
    record_layout: str | None = None,
    force: bool = False,
    scenario: tuple[str, ...] = (),
    junit: Path | None = None,
    inject: tuple[str, ...] = (),
    capture: Path | None = None,
    plot: tuple[str, ...] = (),
    no_servers: bool = False,
    quiet: bool = False,
    hz: float | None = None,
    glyphs: str | None = None,
    theme: str | None = None,
    read_only: bool = False,
    no_tour: bool = False,
    allow_outside: bool = False,
    **wires: Any,
) -> None:
    """Run SITE: a site file, or the name of a shipped site (demo by default)."""
    flags = given_flags(wires)
    if no_servers and (flags or capture is not None):
        names = " and ".join([*flag_names(flags), *(["--capture"] if capture is not None else [])])
        raise click.UsageError(f"--no-servers opens no connection: remove it, or {names}")

    if junit is not None and not scenario:
        raise click.UsageError("--junit needs --scenario")
    for option, value in (("--record-every", record_every), ("--record-layout", record_layout)):
        if value is not None and record is None:
            raise click.UsageError(f"{option} needs --record")
    if len(scenario) > 1:
        _check_several(headless, {"--record": record, "--capture": capture})
    if not headless:
        from twin_tui.console.first_run import with_tour  # noqa: PLC0415 - a headless run needs no screen
        from twin_tui.console.settings import load  # noqa: PLC0415

        settings = load().with_options(hz=hz, glyphs=glyphs, theme=theme, read_only=read_only or None)
        settings = with_tour(settings, allowed=not (no_tour or scenario or inject or duration or record))
    runs = make_runs(
        site,
        DEMO,
        scenarios=scenario,
        seed=seed,
        duration_s=duration,
        speed=speed,
        inject=inject,
        servers=not no_servers,
        flags=flags,
        allow_outside=allow_outside,
    )
    given = [("SITE", text) for text in (site,) if text] + [("--scenario", name) for name in scenario]
    check_files(runs, given, [("--record", record), ("--capture", capture), ("--junit", junit)])
    twin, length_s = runs[0].twin, runs[0].duration_s
    if record is not None:
        every_s = 1.0 if record_every is None else record_every
        twin.record_from_start(RecordingPlan(record, every_s, record_layout or "wide", force, length_s))
    if capture is not None:
        twin.links.capture(capture, force=force)
    if headless:
        if length_s is None and twin.pacer.speed == float("inf"):
            raise click.UsageError("a headless run at speed max needs --duration")
        done = headless_run(runs, servers=not no_servers, junit=junit, plots=plot, quiet=quiet)
        sys.exit(asyncio.run(done))
    from twin_tui.console.start import run_console  # noqa: PLC0415 - a headless run needs no screen

    results = Results(junit)
    try:
        code = run_console(twin, servers=not no_servers, duration_s=length_s, settings=settings)
    except RunError as error:
        results.settle(runs[0], str(error))
        results.report(runs[0])
        raise
    results.settle(runs[0], "the simulation failed" if code == ExitCode.FAILED else "")
    results.report(runs[0])
    sys.exit(code or results.code())


def _check_several(headless: bool, files: dict[str, Path | None]) -> None:
    if not headless:
        raise click.UsageError("several scenarios need --headless")
    for name, file in files.items():
        if file is not None:
            raise click.UsageError(f"{name} writes one run: give one --scenario")
