"""``twin-tui registers``: the decoded registers of a site at its start."""

import click

from twin_tui.cli.options import DEMO, OUTSIDE
from twin_tui.engine.formats import clean_lines
from twin_tui.protocols.maps.listing import listing
from twin_tui.twin import Twin


@click.command("registers")
@click.argument("site", default=DEMO)
@click.option("--device", metavar="NAME", help="One device only.")
@OUTSIDE
def command(site: str, device: str | None = None, allow_outside: bool = False) -> None:
    """Print the decoded registers of every device of SITE at the start."""
    twin = Twin.from_file(site, allow_outside=allow_outside)
    if device is not None:
        twin.device(device)
    for wire in twin.links.modbus:
        for number, unit in sorted(wire.units.items()):
            if device is None or unit.device == device:
                click.echo(
                    clean_lines(
                        listing(unit.registers, unit.device, f"{wire.name} unit {wire.number_text(number)}")
                    )
                    + "\n"
                )
