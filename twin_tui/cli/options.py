"""Options that several commands have, and the kinds of their values."""

from typing import TYPE_CHECKING, Any

import click

from twin_tui.documents.durations import parse_duration
from twin_tui.errors import TwinError, shown

if TYPE_CHECKING:
    _Number = click.ParamType[float]
else:
    _Number = click.ParamType  # generic in the newest releases only

DEMO = "demo"


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
OUTSIDE = click.option(
    "--allow-outside",
    is_flag=True,
    help="Let the site name files outside its folder: CSV, maps, certificates.",
)
