"""The keys of a site file's top level."""

import math
from typing import Annotated, Any

from pydantic import Field, PlainValidator

from twin_tui.config.world import Latitude, Longitude, Start, Zone
from twin_tui.documents.model import Model
from twin_tui.documents.values import Hour, Seed, Switch, Text, number, shown, to_number


def _to_list(found: Any) -> list[Any]:
    if isinstance(found, list):
        return found
    raise ValueError(f"expected a list, found {shown(found)}")


def _to_speed(found: Any) -> float:
    if found == "max":
        return math.inf
    value = to_number(found, "a number above 0, or max")
    if value <= 0:
        raise ValueError(f"expected a number above 0, or max, found {shown(found)}")
    return value


class SiteFile(Model):
    """The top level of a site file."""

    name: Text | None = None
    site_name: Text | None = None
    comment: Any = None
    step: Annotated[float, number(above=0, high=3600, unit="s")] = 0.1
    real_time: Switch = True
    speed: Annotated[float, PlainValidator(_to_speed)] | None = None
    seed: Seed = 0
    start: Start | None = None
    start_time_h: Hour | None = None
    timezone: Zone | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    register_map_root: Text = "."
    external_models: Any = None
    """DER Twin's way to describe grid and weather."""
    grid: Any = None
    weather: Any = None
    links: Any = None
    """What each connector reads for itself."""
    assets: Annotated[list[Any], PlainValidator(_to_list)]
    grid_code: Any = None
    """The code of every asset that follows one and names none itself."""
    events: Annotated[list[Any], PlainValidator(_to_list)] = Field(default_factory=list)
