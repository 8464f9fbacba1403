"""A site as the engine takes it: all values in SI units, every reference resolved."""

from dataclasses import field

from twin_tui.engine.device import DevicePlan
from twin_tui.engine.grid import GridParams
from twin_tui.engine.running import Event
from twin_tui.engine.signals import value
from twin_tui.engine.surroundings import Surroundings
from twin_tui.engine.transfer import IslandParams
from twin_tui.engine.weather import DAY_S, WeatherParams

__all__ = ["DevicePlan", "SitePlan"]


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
    """What to add to UTC for the site's local time at the start, s."""
    clock_changes: tuple[tuple[float, float], ...] = ()
    """When the clocks change: (Unix time, what to add to UTC from then on)."""
    grid: GridParams = field(default_factory=GridParams)
    island: IslandParams = field(default_factory=IslandParams)
    weather: WeatherParams = field(default_factory=WeatherParams)
    events: tuple[tuple[float, Event], ...] = ()
    """Scheduled events: (seconds after the start, event)."""

    def surroundings(self) -> Surroundings:
        """Return the surroundings before the first tick."""
        return Surroundings(
            dt_s=self.dt_s,
            nominal_v=self.grid.nominal_v,
            nominal_hz=self.grid.nominal_hz,
            frequency_hz=self.grid.nominal_hz,
            unix_s=self.start_unix_s,
            utc_offset_s=self.utc_offset_s,
            day_s=(self.start_unix_s + self.utc_offset_s) % DAY_S,
        )
