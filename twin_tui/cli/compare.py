"""``twin-tui compare``: a device of a site beside the real one."""

import asyncio
import logging
import sys

import click

from twin_tui.cli.headless import run as headless_run
from twin_tui.cli.options import DURATION, OUTSIDE
from twin_tui.cli.results import TimedRun
from twin_tui.cli.runs import check_run_length
from twin_tui.engine.formats import clean_lines
from twin_tui.errors import ConfigError, ExitCode
from twin_tui.protocols.maps.compare import Address, adopted, comparison, read_real
from twin_tui.protocols.maps.compare import lines as compared
from twin_tui.twin import Twin


@click.command("compare")
@click.argument("site")
@click.argument("device")
@click.option("--with", "real", required=True, metavar="HOST:PORT[:UNIT]", help="The real device.")
@click.option("--adopt", is_flag=True, help="Then run the twin from the state of the real device.")
@click.option("--headless", is_flag=True, help="With --adopt: run without a screen.")
@click.option("--duration", type=DURATION, metavar="TIME", help="With --adopt: simulated time to run.")
@click.option("--timeout", type=float, default=3.0, show_default=True, help="Seconds to wait for a response.")
@OUTSIDE
def command(
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
    if adopt and not headless:
        from twin_tui.console.settings import load  # noqa: PLC0415 - others need no screen

        settings = load()
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # the errors are reported once, below
    where = Address.parse(real)
    twin = Twin.from_file(site, allow_outside=allow_outside)
    check_run_length(duration, twin.dt_s)
    maps = twin.links.registers(twin.device(device).name)
    if not maps:
        raise ConfigError(
            f"{device} has no register map in {site}; give it one with protocols or register_map"
        )
    readings = asyncio.run(read_real(maps[0], where, timeout_s=timeout))
    lines = compared(maps[0], readings)
    click.echo(clean_lines(comparison(lines, where, device)))
    if not adopt:
        sys.exit(ExitCode.OK if all(line.same for line in lines) else ExitCode.NO)
    for event in adopted(maps[0], readings):
        twin.submit(event)
    if headless:
        sys.exit(asyncio.run(headless_run([TimedRun(twin, duration)])))
    from twin_tui.console.start import run_console  # noqa: PLC0415 - a headless run needs no screen

    sys.exit(run_console(twin, duration_s=duration, settings=settings))
