"""The keys of a site file's top level."""

import math
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from twin_tui.config.load_profiles import REGION, to_region
from twin_tui.config.world import Latitude, Longitude, Start, Zone
from twin_tui.documents.model import FileModel, empty_list
from twin_tui.documents.values import (
    Accepts,
    Hour,
    Seed,
    Switch,
    Text,
    Title,
    number,
    number_schema,
    to_number,
)
from twin_tui.errors import shown


def _to_speed(found: Any) -> float:
    if found == "max":
        return math.inf
    value = to_number(found, "a number above 0, or max")
    if value <= 0:
        raise ValueError(f"expected a number above 0, or max, found {shown(found)}")
    return value


_SPEED = {"anyOf": [number_schema(above=0), {"const": "max"}]}


class SiteFile(FileModel):
    """The top level of a site file."""

    model_config = ConfigDict(
        json_schema_extra={"dependentRequired": {"latitude": ["longitude"], "longitude": ["latitude"]}}
    )

    name: Title | None = None
    site_name: Title | None = None
    """DER Twin's key for name."""
    comment: Any = None
    step: Annotated[float, number(above=0, high=3600, unit="s")] = 0.1
    """Simulated time of one step."""
    real_time: Switch = True
    """Whether the run is paced by the wall clock, or as fast as possible."""
    speed: Annotated[float, Accepts(_to_speed, _SPEED)] | None = None
    """Simulated seconds a second."""
    seed: Seed = 0
    """Seed of all random numbers."""
    start: Start | None = None
    """Date and time at the start."""
    start_time_h: Hour | None = None
    """Time of day at the start, in DER Twin's form."""
    timezone: Zone | None = None
    """Time zone such as Europe/Oslo; UTC by default."""
    region: Annotated[str, Accepts(to_region, REGION)] | None = None
    """Country or subdivision like DE-BY, whose public holidays are Sundays for standard load profiles."""
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    register_map_root: Text = "."
    """Folder of the register maps, relative to this file."""
    external_models: Any = None
    """DER Twin's form of grid, weather and base load."""
    grid: Any = None
    """A preset, and any parameter of the grid."""
    island: Any = None
    """When a site with a grid-forming battery leaves the grid, and how it runs without it."""
    weather: Any = None
    """Any parameter of the weather."""
    links: Any = None
    """Site-wide settings of each protocol."""
    assets: list[Any]
    grid_code: Any = None
    """The grid code of every asset that supports one and has no grid_code of its own."""
    events: list[Any] = Field(default_factory=empty_list)
    """Events and their times."""
