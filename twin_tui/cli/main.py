"""The command line: routes to the commands, each loaded when it is used."""

import gc
import os
import signal
import sys
from importlib import import_module
from typing import Any

import click

from twin_tui import __version__
from twin_tui.cli.ending import end
from twin_tui.cli.options import DEMO
from twin_tui.errors import did_you_mean, shown

os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # their search takes a tenth of the start-up

PROGRAM = "twin-tui"
COMMANDS = {
    "check": ("check", "Check sites, maps, grid codes and scenarios."),
    "compare": ("compare", "Compare a device with a real one."),
    "map": ("map", "Write register maps of devices: from SunSpec models."),
    "prequalify": ("prequalify", "Judge a frequency reserve by the tests of its prequalification."),
    "registers": ("registers", "Print the decoded registers of every device."),
    "replay": ("replay", "Run a recording again and compare."),
    "replay-plan": ("plan_replay", "Carry out an EOS plan on a site."),
    "run": ("run", "Run a site: in the console, or headless."),
    "schema": ("schemas", "Print the JSON Schema of a kind of file."),
}
"""Name of a command → the module in this package that has it as ``command``, and its line in the help."""
EXIT_CODES = """\
Exit codes: 0 fine, 1 the answer is no (an expectation failed, a replay or comparison differs), 2 invalid
input, 3 the run itself failed, 4 to 6 reserved for attach, 128 + signal (129 HUP, 130 INT, 141 PIPE,
143 TERM)."""


class _Commands(click.Group):
    """The commands; the error for a misspelt one names the nearest."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, about = COMMANDS[cmd_name]
        command: click.Command = _load(f"twin_tui.cli.{module}").command
        command.short_help = about
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_module, about) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"unknown command {shown(args[0])}{did_you_mean(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)


def _load(name: str) -> Any:
    """Return a module; what it makes while it is imported stays, so nobody has to search it for garbage."""
    if name not in sys.modules:
        gc.disable()
        try:
            import_module(name)
            gc.freeze()
        finally:
            gc.enable()
    return sys.modules[name]


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
        run = cli.get_command(ctx, "run")
        assert run is not None
        ctx.invoke(run, site=DEMO)


def main() -> None:
    """Run the command line as a process."""
    gc.set_threshold(20_000)  # most objects of a start stay
    code = end(invoke)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the code is settled; a late Ctrl+C would print a traceback
    sys.exit(code)


def invoke() -> None:
    """Carry out the command line of this process; its errors are raised."""
    if "_TWIN_TUI_COMPLETE" in os.environ:  # a shell wants to complete a word
        cli.main(prog_name=PROGRAM)
    with cli.make_context(PROGRAM, sys.argv[1:]) as context:
        cli.invoke(context)
