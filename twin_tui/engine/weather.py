"""The weather: irradiance and ambient temperature over the day."""

import math
from enum import Enum

from twin_tui.engine.disturbance import Target
from twin_tui.engine.grid import Grid
from twin_tui.engine.signals import value
from twin_tui.engine.surroundings import Surroundings

DAY_S = 86_400.0


class Sky(Enum):
    """How the irradiance of a cloudless sky comes about."""

    SINE = "sine"
    """A half sine between sunrise and sunset."""


@value
class WeatherParams:
    """The climate of a site."""

    sky: Sky = Sky.SINE
    peak_w_m2: float = 1000.0
    sunrise_h: float = 6.0
    sunset_h: float = 18.0
    ambient_mean_c: float = 20.0
    ambient_amplitude_k: float = 5.0
    ambient_peak_h: float = 15.0
    wind_m_s: float = 1.0


def sine_irradiance(day_s: float, peak_w_m2: float, sunrise_h: float, sunset_h: float) -> float:
    """Return a half-sine irradiance in W/m² at a time of day in s."""
    hour = day_s / 3600.0
    if not sunrise_h < hour < sunset_h:
        return 0.0
    return peak_w_m2 * math.sin(math.pi * (hour - sunrise_h) / (sunset_h - sunrise_h))


class Weather:
    """Writes the weather's part of the surroundings, once a simulated second."""

    def __init__(self, params: WeatherParams, dt_s: float) -> None:
        self.params = params
        self.every_ticks = max(1, round(1.0 / dt_s))

    def step(self, around: Surroundings, grid: Grid) -> None:
        """Write the weather of this tick."""
        params = self.params
        clear = sine_irradiance(around.day_s, params.peak_w_m2, params.sunrise_h, params.sunset_h)
        angle = 2.0 * math.pi * (around.day_s - params.ambient_peak_h * 3600.0) / DAY_S
        ambient = params.ambient_mean_c + params.ambient_amplitude_k * math.cos(angle)
        around.clear_sky_w_m2 = clear
        if grid.quiet:
            around.ghi_w_m2 = clear
            around.ambient_c = ambient
        else:
            around.ghi_w_m2 = clear * grid.deviation(Target.IRRADIANCE, around.tick, 1.0)
            around.ambient_c = ambient + grid.deviation(Target.TEMPERATURE, around.tick, 0.0)
        around.wind_m_s = params.wind_m_s
        around.weather_tick = around.tick
