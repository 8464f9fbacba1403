"""``twin-tui replay``: a recording, run again and compared."""

from pathlib import Path

import click

from twin_tui.cli.options import OUTSIDE
from twin_tui.errors import file_name
from twin_tui.run.recording import fresh_engine, read, replay

MAX_DIFFERENCES = 10


@click.command("replay")
@click.argument("recording", type=click.Path(path_type=Path))
@click.option("--partial", is_flag=True, help="Replay a recording without its end as far as it goes.")
@OUTSIDE
def command(recording: Path, partial: bool, allow_outside: bool) -> None:
    """Run RECORDING again and compare.

    Exit code 1 when anything differs; 2 when it is incomplete, damaged or was changed.
    """
    head, rows = read(recording, partial=partial)
    if rows.incomplete:
        click.echo(f"{file_name(recording)}: {rows.incomplete}", err=True)
    engine = fresh_engine(head, f"{recording}, line 1", allow_outside=allow_outside)
    differences = 0
    for difference in replay(engine, rows):
        differences += 1
        if differences <= MAX_DIFFERENCES:
            click.echo(difference)
    if differences:
        plural = "s" if differences > 1 else ""
        raise click.ClickException(
            f"{differences} value{plural} differ{'' if plural else 's'} from {recording}"
        )
    click.echo(f"{file_name(recording)}: {engine.time_s:,.1f} s replayed, all samples identical")
