"""``twin-tui prequalify``: the tests of a Nordic frequency reserve on a site, judged row by row."""

import sys
from pathlib import Path
from typing import Any

import click

from twin_tui.cli.options import OUTSIDE
from twin_tui.commands.values import number
from twin_tui.config.site import load_site
from twin_tui.engine.formats import clean_lines
from twin_tui.errors import CommandError, ConfigError, ExitCode
from twin_tui.run.prequalification import NOT_JUDGED, Reserve, examine, write_csv


def _parameter(text: str) -> tuple[str, Any]:
    name, _, value = text.partition("=")
    if not value:
        raise CommandError(f"expected a parameter such as lag_s=0.5, not {text!r}")
    try:
        return name, float(value)
    except ValueError:
        return name, value


@click.command("prequalify")
@click.argument("site")
@click.argument("device")
@click.argument("parameters", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--sell", required=True, metavar="SERVICE=POWER", help="Such as fcr_d_up=1MW, fcr_n=500kW.")
@click.option("--limited", is_flag=True, help="A limited energy reservoir (LER): it answers for longer.")
@click.option("--csv", "folder", type=click.Path(path_type=Path), help="Write the measurements there.")
@click.option("--area", default="XX", show_default=True, help="Bidding area, in the names of the files.")
@OUTSIDE
def command(
    site: str,
    device: str,
    parameters: tuple[str, ...],
    sell: str,
    limited: bool,
    folder: Path | None,
    area: str,
    allow_outside: bool,
) -> None:
    """Run the tests of a Nordic frequency reserve with DEVICE of SITE and judge them.

    A parameter is one of FREQUENCY_REGULATION, such as measure_s=0.2 lag_s=0.5. Powers of rows are over the
    capacity. The exit code is 1 when a row is not met.
    """
    service, _, power = sell.partition("=")
    if not power:
        raise CommandError(f"expected --sell SERVICE=POWER, such as fcr_d_up=1MW, not {sell!r}")
    capacity_w = number(power, "--sell", "W")
    plan = load_site(site, allow_outside=allow_outside).plan
    reserve = Reserve(device, service, capacity_w, dict(map(_parameter, parameters)), limited)
    if folder is not None and not folder.is_dir():
        raise ConfigError(f"{folder} is not a folder")
    met = True
    for place, test in enumerate(examine(plan, reserve), 1):
        for row in test.rows:
            met = met and row.passed
            click.echo(clean_lines(row.sentence()))
        if folder is not None:
            write_csv(folder, plan, reserve, place, test, area)
    click.echo(f"not judged: {NOT_JUDGED}")
    sys.exit(ExitCode.OK if met else ExitCode.NO)
