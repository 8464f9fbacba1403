"""``twin-tui map``: writes register maps."""

from datetime import UTC, datetime
from pathlib import Path

import click

from twin_tui.documents.files import write_whole
from twin_tui.documents.loader import to_document
from twin_tui.engine.device import registry
from twin_tui.errors import ConfigError, shown
from twin_tui.protocols.maps.names import KINDS
from twin_tui.protocols.maps.parse import map_of
from twin_tui.protocols.sunspec.factors import Ratings
from twin_tui.protocols.sunspec.layout import lay_out
from twin_tui.protocols.sunspec.models import SHIPPED, read_model
from twin_tui.protocols.sunspec.writer import coverage_text, map_text

_DEVICES = ("pv", "battery", "meter")


@click.group("map")
def command() -> None:
    """Write register maps of devices that no shipped map describes."""


@command.command("sunspec")
@click.argument("models")
@click.option("--device", required=True, metavar="KIND", help="The kind of device: pv, battery or meter.")
@click.option(
    "--models",
    "folder",
    type=click.Path(path_type=Path),
    help="Folder with model_*.json in place of the package's.",
)
@click.option(
    "--output", type=click.Path(path_type=Path), help="File to write; without one, the map is printed."
)
@click.option(
    "--rating", type=float, default=200.0, show_default=True, metavar="KW", help="Largest power to show."
)
@click.option(
    "--voltage", type=float, default=400.0, show_default=True, metavar="V", help="Nominal line voltage."
)
@click.option(
    "--strings", type=click.IntRange(1, 4), default=2, show_default=True, help="Strings of a PV plant."
)
@click.option(
    "--curves", type=click.IntRange(1, 9), default=3, show_default=True, help="Curves of each function."
)
@click.option(
    "--common-length",
    type=click.Choice(["65", "66"]),
    default="66",
    show_default=True,
    help="Length of model 1.",
)
def sunspec(
    models: str,
    device: str,
    folder: Path | None,
    output: Path | None,
    rating: float,
    voltage: float,
    strings: int,
    curves: int,
    common_length: str,
) -> None:
    """Write the register map of a device with the SunSpec MODELS, numbers separated by commas."""
    kind = _kind(device)
    for name, number in (("rating", rating), ("voltage", voltage)):
        if not 0.0 < number < 1e9:
            raise ConfigError(f"--{name}: expected a number above 0, found {number:g}")
    folder = SHIPPED if folder is None else folder
    definitions = [read_model(number, folder) for number in _numbers(models)]
    ratings = Ratings(rating * 1000.0, voltage, strings, curves)
    chain = lay_out(definitions, kind, ratings, common_length=int(common_length))
    source = "" if folder == SHIPPED else str(folder)
    text = map_text(chain, source=source, date=f"{datetime.now(UTC):%Y-%m-%d}")
    map_of(to_document(text, str(output or "map"), as_json=False))  # what is written is valid
    if output is None:
        click.echo(text, nl=False)
    else:
        write_whole(output, text)
    click.echo(coverage_text(chain.coverage), err=output is None)


def _kind(device: str) -> str:
    kind = registry[KINDS.get(device, device)].kind
    if kind not in _DEVICES:
        raise ConfigError(f"--device: no SunSpec models for a {kind}; expected one of {', '.join(_DEVICES)}")
    return kind


def _numbers(models: str) -> list[int]:
    words = [word.strip() for word in models.split(",")]
    bad = [word for word in words if not (word.isascii() and word.isdecimal() and len(word) < 6)]
    if bad:
        raise ConfigError(f"models: expected numbers such as 1,103,120, found {shown(bad[0])}")
    numbers = [int(word) for word in words]
    if numbers[0] != 1:
        raise ConfigError(f"models: a chain begins with model 1, found {numbers[0]}")
    return numbers
