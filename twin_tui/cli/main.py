"""The command line: parses and routes."""

import asyncio
import gc
import logging
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from twin_tui import __version__
from twin_tui.cli.ending import end
from twin_tui.documents.durations import parse_duration
from twin_tui.engine.formats import clean, clean_lines
from twin_tui.errors import ConfigError, ExitCode, RunError, TwinError, did_you_mean, shown

if TYPE_CHECKING:
    _Number = click.ParamType[float]
else:
    _Number = click.ParamType  # generic in the newest releases only

os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # their search takes a tenth of the start-up

PROGRAM = "twin-tui"
DEMO = "demo"
EXIT_CODES = """\
Exit codes: 0 fine, 1 the answer is no (an expectation failed, a replay or comparison differs), 2 invalid
input, 3 the run itself failed, 4 to 6 reserved for attach, 128 + signal (129 HUP, 130 INT, 141 PIPE,
143 TERM)."""
MAX_DIFFERENCES = 10


class _Duration(_Number):
    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            return parse_duration(value)
        except TwinError as error:
            self.fail(str(error), param, ctx)


class _Speed(_Number):
    name = "speed"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if str(value).lower() == "max":
            return float("inf")
        try:
            return float(str(value).lower().removeprefix("x"))
        except ValueError:
            self.fail(f"invalid speed {shown(value)}; give a number such as 1 or 60, or max", param, ctx)


DURATION, SPEED = _Duration(), _Speed()
_SEED = click.option(
    "--seed", type=int, metavar="N", help="Seed of all random numbers, by default that of the site."
)

_OUTSIDE = click.option(
    "--allow-outside",
    is_flag=True,
    help="Let the site name files outside its folder: CSV, maps, certificates.",
)


class _Commands(click.Group):
    """The commands; the error for a misspelt one names the nearest."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            ctx.fail(f"unknown command {shown(args[0])}{did_you_mean(args[0], self.commands)}")
        return super().resolve_command(ctx, args)


class _WithWireFlags(click.Command):
    """A command with the flags of every connector, collected when the command is used."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        from twin_tui.cli.wire_flags import wire_options  # noqa: PLC0415 - other commands need none

        *own, last = super().get_params(ctx)
        return [*own, *wire_options(self.params), last]


@click.group(
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXIT_CODES,
)
@click.version_option(__version__, prog_name=PROGRAM)
@click.pass_context
def cli(ctx: click.Context) -> None:
    """A digital twin of an energy site in a terminal.

    Without a command it opens the console with the demo site.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(run, site=DEMO)


@cli.command(cls=_WithWireFlags, short_help="Run a site: in the console, or headless.")
@click.argument("site", required=False)
@click.option("--headless", is_flag=True, help="Run without a screen.")
@click.option("--duration", type=DURATION, metavar="TIME", help="Simulated time to run, e.g. 20m, 1h30m, 90.")
@click.option(
    "--speed", type=SPEED, metavar="N|max", help="Simulated seconds per second, by default that of the site."
)
@_SEED
@_OUTSIDE
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
    default="1s",
    help="Simulated time between samples, 1s by default.",
)
@click.option(
    "--record-layout",
    type=click.Choice(["wide", "long"]),
    default="wide",
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
@click.option("--read-only", is_flag=True, help="Refuse every command in the console that changes something.")
def run(
    site: str | None,
    headless: bool = False,
    duration: float | None = None,
    speed: float | None = None,
    seed: int | None = None,
    record: Path | None = None,
    record_every: float = 1.0,
    record_layout: str = "wide",
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
    read_only: bool = False,
    allow_outside: bool = False,
    **wires: Any,
) -> None:
    """Run SITE: a site file, or the name of a shipped site (demo by default)."""
    from twin_tui.cli.results import Results  # noqa: PLC0415 - other commands need none of these
    from twin_tui.cli.runs import check_apart, make_runs  # noqa: PLC0415
    from twin_tui.cli.wire_flags import flag_names, given_flags  # noqa: PLC0415
    from twin_tui.run.recording import RecordingPlan  # noqa: PLC0415

    flags = given_flags(wires)
    if no_servers and (flags or capture is not None):
        names = " and ".join([*flag_names(flags), *(["--capture"] if capture is not None else [])])
        raise click.UsageError(f"--no-servers opens no connection: remove it, or {names}")

    if junit is not None and not scenario:
        raise click.UsageError("--junit needs --scenario")
    if len(scenario) > 1:
        _check_several(headless, {"--record": record, "--capture": capture})
    given = [("SITE", text) for text in (site,) if text] + [("--scenario", name) for name in scenario]
    check_apart(given, [("--record", record), ("--capture", capture), ("--junit", junit)])
    if not headless:
        from twin_tui.console.settings import load  # noqa: PLC0415 - a headless run needs no screen

        settings = load().with_options(hz=hz, glyphs=glyphs, read_only=read_only or None)
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
    twin, length_s = runs[0].twin, runs[0].duration_s
    if record is not None:
        twin.record_from_start(RecordingPlan(record, record_every, record_layout, force, length_s))
    if capture is not None:
        twin.links.capture(capture, force=force)
    if headless:
        from twin_tui.cli import headless as without_screen  # noqa: PLC0415

        if length_s is None and twin.pacer.speed == float("inf"):
            raise click.UsageError("a headless run at speed max needs --duration")
        done = without_screen.run(runs, servers=not no_servers, junit=junit, plots=plot, quiet=quiet)
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


@cli.command(short_help="Print the decoded registers of every device.")
@click.argument("site", default=DEMO)
@click.option("--device", metavar="NAME", help="One device only.")
@_OUTSIDE
def registers(site: str, device: str | None = None, allow_outside: bool = False) -> None:
    """Print the decoded registers of every device of SITE at the start."""
    from twin_tui.protocols.maps.listing import listing  # noqa: PLC0415 - other commands need none of these
    from twin_tui.twin import Twin  # noqa: PLC0415

    twin = Twin.from_file(site, allow_outside=allow_outside)
    if device is not None:
        twin.device(device)
    for wire in twin.links.modbus:
        for number, unit in sorted(wire.units.items()):
            if device is None or unit.device == device:
                click.echo(
                    clean_lines(listing(unit.registers, unit.device, f"{wire.name} unit {number}")) + "\n"
                )


@cli.command(short_help="Compare a device with a real one.")
@click.argument("site")
@click.argument("device")
@click.option("--with", "real", required=True, metavar="HOST:PORT[:UNIT]", help="The real device.")
@click.option("--adopt", is_flag=True, help="Then run the twin from the state of the real device.")
@click.option("--headless", is_flag=True, help="With --adopt: run without a screen.")
@click.option("--duration", type=DURATION, metavar="TIME", help="With --adopt: simulated time to run.")
@click.option("--timeout", type=float, default=3.0, show_default=True, help="Seconds to wait for a response.")
@_OUTSIDE
def compare(
    site: str,
    device: str,
    real: str,
    adopt: bool,
    headless: bool,
    duration: float | None,
    timeout: float,
    allow_outside: bool,
) -> None:
    """Read every register of DEVICE of SITE from a real device too, and print the differences."""
    from twin_tui.cli.runs import check_run_length  # noqa: PLC0415 - other commands need none of these
    from twin_tui.protocols.maps import compare as comparing  # noqa: PLC0415
    from twin_tui.twin import Twin  # noqa: PLC0415

    if adopt and not headless:
        from twin_tui.console.settings import load  # noqa: PLC0415 - others need no screen

        settings = load()
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # the errors are reported once, below
    where = comparing.Address.parse(real)
    twin = Twin.from_file(site, allow_outside=allow_outside)
    check_run_length(duration, twin.dt_s)
    maps = twin.links.registers(twin.device(device).name)
    if not maps:
        raise ConfigError(
            f"{device} has no register map in {site}; give it one with protocols or register_map"
        )
    readings = asyncio.run(comparing.read_real(maps[0], where, timeout_s=timeout))
    lines = comparing.lines(maps[0], readings)
    click.echo(clean_lines(comparing.comparison(lines, where, device)))
    if not adopt:
        sys.exit(ExitCode.OK if all(line.same for line in lines) else ExitCode.NO)
    for event in comparing.adopted(maps[0], readings):
        twin.submit(event)
    if headless:
        from twin_tui.cli import headless as without_screen  # noqa: PLC0415
        from twin_tui.cli.results import Run  # noqa: PLC0415

        sys.exit(asyncio.run(without_screen.run([Run(twin, duration)])))
    from twin_tui.console.start import run_console  # noqa: PLC0415 - a headless run needs no screen

    sys.exit(run_console(twin, duration_s=duration, settings=settings))


@cli.command(short_help="Run a recording again and compare.")
@click.argument("recording", type=click.Path(path_type=Path))
@click.option("--partial", is_flag=True, help="Replay a recording without its end as far as it goes.")
def replay(recording: Path, partial: bool) -> None:
    """Run RECORDING again and compare.

    Exit code 1 when anything differs; 2 when it is incomplete, damaged or was changed.
    """
    from twin_tui.run import recording as recordings  # noqa: PLC0415

    head, rows = recordings.read(recording, partial=partial)
    if rows.incomplete:
        click.echo(f"{recording}: {rows.incomplete}", err=True)
    engine = recordings.fresh_engine(head, f"{recording}, line 1")
    differences = 0
    for difference in recordings.replay(engine, rows):
        differences += 1
        if differences <= MAX_DIFFERENCES:
            click.echo(difference)
    if differences:
        plural = "s" if differences > 1 else ""
        raise click.ClickException(
            f"{differences} value{plural} differ{'' if plural else 's'} from {recording}"
        )
    click.echo(f"{recording}: {engine.time_s:,.1f} s replayed, all samples identical")


@cli.command("replay-plan", short_help="Carry out an EOS plan on a site.")
@click.argument("site")
@click.argument("plan", type=click.Path(path_type=Path))
@click.option("--headless", is_flag=True, help="Run without a screen, as fast as possible.")
@click.option(
    "--duration", type=DURATION, metavar="TIME", help="Simulated time to run, by default that of the plan."
)
@click.option("--record", type=click.Path(path_type=Path), metavar="FILE", help="Record the run to FILE.")
@click.option("--force", is_flag=True, help="Let --record overwrite an existing file.")
@_OUTSIDE
def replay_plan(
    site: str,
    plan: Path,
    headless: bool,
    duration: float | None,
    record: Path | None,
    force: bool,
    allow_outside: bool,
) -> None:
    """Carry out an EOS PLAN on SITE, from the start time of the plan.

    SITE is a site file, the name of a shipped site, or the JSON file with the input of EOS.
    """
    from twin_tui.cli import plan_replay  # noqa: PLC0415 - other commands need no plan

    code = plan_replay.run(
        site,
        plan,
        headless=headless,
        duration_s=duration,
        record=record,
        force=force,
        allow_outside=allow_outside,
    )
    sys.exit(code)


@cli.command(short_help="Print the JSON Schema of a kind of file.")
@click.argument("kind", type=click.Choice(["site", "map", "scenario", "grid-code"]))
def schema(kind: str) -> None:
    """Print the JSON Schema of sites, register maps, scenarios or grid codes, for editors."""
    from twin_tui.cli import schemas  # noqa: PLC0415 - other commands need none of these

    click.echo(schemas.schema(kind), nl=False)


@cli.command(short_help="Check sites, maps, grid codes and scenarios.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@_OUTSIDE
def check(files: tuple[str, ...], allow_outside: bool) -> None:
    """Check FILEs without running them: sites with the files they name, register maps, grid codes, scenarios.

    Exit code 2 when one of them has an error.
    """
    from twin_tui.cli.check import check_file  # noqa: PLC0415

    faults = 0
    for name in files:
        kind, findings = check_file(name, allow_outside=allow_outside)
        faults += sum(finding.fault for finding in findings)
        for finding in findings:
            click.echo(("" if finding.fault else "warning: ") + clean(finding.text), err=finding.fault)
        if not any(finding.fault for finding in findings):
            click.echo(f"{clean(name)}: {kind}, valid")
    if faults:
        where = "the file" if len(files) == 1 else f"{len(files)} files"
        raise ConfigError(f"{faults} {'error' if faults == 1 else 'errors'} in {where}")


def main() -> None:
    """Run the command line as a process."""
    gc.set_threshold(20_000)  # the objects of a start stay: searching them for garbage takes 3 % of it
    code = end(invoke)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the code is settled; a late Ctrl+C would print a traceback
    sys.exit(code)


def invoke() -> None:
    """Carry out the command line of this process; its errors are raised."""
    if "_TWIN_TUI_COMPLETE" in os.environ:  # a shell wants to complete a word
        cli.main(prog_name=PROGRAM)
    with cli.make_context(PROGRAM, sys.argv[1:]) as context:
        cli.invoke(context)
