"""A site as the engine takes it: everything in SI units, nothing left to look up."""

from dataclasses import field
from typing import Any

from twin_tui.engine.device import AnyDeviceType
from twin_tui.engine.events import Event
from twin_tui.engine.grid import GridParams
from twin_tui.engine.s2.model import Description
from twin_tui.engine.signals import value
from twin_tui.engine.weather import WeatherParams


@value
class DevicePlan:
    """One device of a site: its type, its parameters and the commands it starts with."""

    name: str
    type: AnyDeviceType
    params: Any
    commands: Any = None
    """Commands at the start; None takes the defaults of the type."""
    s2: tuple[Description, ...] = ()
    """S2 descriptions in place of those that the type makes from its parameters."""
    meters: tuple[str, ...] = ()
    """For a sub-meter: the devices it measures; empty is the grid connection."""


@value
class SitePlan:
    """A whole site, ready to run."""

    name: str
    devices: tuple[DevicePlan, ...]
    dt_s: float = 0.1
    seed: int = 0
    start_unix_s: float = 1_781_913_600.0
    """Unix time at the start, s (UTC); by default midnight of 20 June 2026."""
    utc_offset_s: float = 0.0
    """What to add to UTC for the site's local time, s."""
    grid: GridParams = field(default_factory=GridParams)
    weather: WeatherParams = field(default_factory=WeatherParams)
    events: tuple[tuple[float, Event], ...] = ()
    """What happens by itself: (seconds after the start, event)."""
