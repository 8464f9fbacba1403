"""The weather: irradiance, air and wind over the day."""

import math
from dataclasses import field
from enum import Enum
from typing import Annotated

from twin_tui.engine import bounds
from twin_tui.engine.bounds import NotNegative, Range
from twin_tui.engine.disturbance import Target
from twin_tui.engine.grid import Grid
from twin_tui.engine.physics.noise import generator, ou_coefficients, ou_step
from twin_tui.engine.physics.sun import haurwitz, place, refracted, sine_irradiance, sun_vector
from twin_tui.engine.signals import derive, value
from twin_tui.engine.surroundings import Surroundings
from twin_tui.errors import ConfigError

DAY_S = 86_400.0
REFRESH_S = 1.0
YEAR_S = 365.2425 * DAY_S
WARMEST_UNIX_S = 16_977_600.0
"""16 July 1970, 12 h UTC: in Central Europe the air is warmest some four weeks after the sun is highest."""
DARKEST_SKY, BRIGHTEST_SKY = 0.05, 1.2
"""Bounds of the clear-sky index: the darkest overcast, and the bright edge of a cloud."""


class Sky(Enum):
    """Where the irradiance comes from."""

    SINE = "sine"
    """A half sine between sunrise and sunset, taken as the irradiance of every module plane."""
    CLEAR = "clear"
    """The sun over the site's latitude and longitude, global horizontal after Haurwitz."""
    SERIES = "series"
    """Measured or forecast values."""


@value
class Series:
    """Values at even distances; linear between them or held, the end values hold outside."""

    start_s: float
    """Time of the first value: Unix time, or seconds since the start of the run when ``relative``."""
    step_s: float
    values: tuple[float, ...]
    relative: bool = False
    repeats: bool = False
    """Whether the series starts over after its last value, as a day does."""

    def __post_init__(self) -> None:
        if not (self.step_s > 0.0 and self.values):
            raise ConfigError("a series takes a step above 0 and at least one value")
        if not all(math.isfinite(number) for number in (self.start_s, self.step_s, *self.values)):
            raise ConfigError("a series takes finite numbers only")

    holds: bool = False
    """Whether a value holds until the next, as the mean of an hour does."""

    def at(self, unix_s: float, run_s: float) -> float:
        """Return the value at an instant, in Unix time and in time since the start of the run."""
        position = ((run_s if self.relative else unix_s) - self.start_s) / self.step_s
        values = self.values
        count = len(values)
        if self.repeats:
            position %= count
        elif position >= count - 1:
            return values[-1]
        elif position <= 0.0:
            return values[0]
        index = int(position)
        low = values[index]
        if self.holds:
            return low
        return low + (values[(index + 1) % count] - low) * (position - index)


@value
class WeatherParams:
    """The climate of a site."""

    sky: Sky = Sky.SINE
    peak_w_m2: NotNegative = 1000.0
    sunrise_h: Annotated[float, Range(0.0, 24.0)] = 6.0
    sunset_h: Annotated[float, Range(0.0, 24.0)] = 18.0
    latitude_deg: Annotated[float, Range(-90.0, 90.0)] = 52.5
    longitude_deg: Annotated[float, Range(-180.0, 360.0)] = 13.4
    clear_sky_index: Annotated[float, Range(0.0, 1.5)] = 1.0
    """Mean share of the clear sky's irradiance that reaches the ground."""
    clear_sky_index_std: NotNegative = 0.0
    """How much clouds scatter that share; the spread does not depend on the time step."""
    clear_sky_index_tau_s: NotNegative = 300.0
    """How long a cloud lasts."""
    ambient_mean_c: Annotated[float, Range(-90.0, 70.0)] = 20.0
    """Mean temperature of the air over the days, and over the year."""
    ambient_season_k: Annotated[float, Range(-50.0, 50.0)] = 0.0
    """How much warmer than it the middle of July is, and colder the middle of January; south of the equator
    below 0.
    """
    ambient_amplitude_k: Annotated[float, Range(-50.0, 50.0)] = 5.0
    ambient_peak_h: Annotated[float, Range(0.0, 24.0)] = 15.0
    wind_m_s: NotNegative = 1.0
    irradiance_series: Series | None = None
    series_in_plane: bool = False
    """Whether the series is the irradiance of the module planes rather than the global horizontal one."""
    ambient_series: Series | None = None
    wind_series: Series | None = None
    seed: int | None = None
    draws_sun: bool = field(init=False)

    def __post_init__(self) -> None:
        what = "the weather"
        bounds.check(self, what)
        bounds.rising(self, what, "sunrise_h", "sunset_h")
        if self.sky is Sky.SERIES and self.irradiance_series is None:
            raise ConfigError("sky: series takes an irradiance_series")
        drawn = self.sky is Sky.SINE or (self.sky is Sky.SERIES and self.series_in_plane)
        derive(self, draws_sun=drawn)


class Weather:
    """Writes the weather's part of the surroundings, once a simulated second."""

    def __init__(self, params: WeatherParams, dt_s: float, seed: int = 0) -> None:
        self.params = params
        self.every_ticks = max(1, round(REFRESH_S / dt_s))
        self._place = place(params.latitude_deg, params.longitude_deg)
        self._random = generator(params.seed if params.seed is not None else seed, "clouds")
        self._decay, self._kick = ou_coefficients(
            self.every_ticks * dt_s, params.clear_sky_index_tau_s, params.clear_sky_index_std
        )
        self._clouds = 0.0
        self._clouds_due = 0

    def step(self, surroundings: Surroundings, grid: Grid) -> None:
        """Write the weather of this tick."""
        params = self.params
        if self._kick and surroundings.tick >= self._clouds_due:
            # a disturbance may ask for the weather in between; the clouds keep their own pace
            self._clouds_due = surroundings.tick + self.every_ticks
            self._clouds = ou_step(self._clouds, self._decay, self._kick, self._random)
        sun = sun_vector(surroundings.unix_s, self._place)
        surroundings.sun = None if params.draws_sun else sun
        if params.sky is Sky.SINE:
            clear = sine_irradiance(
                surroundings.day_s, params.sunrise_h * 3600.0, params.sunset_h * 3600.0, params.peak_w_m2
            )
        else:
            clear = haurwitz(refracted(sun[2]))
        if params.sky is Sky.SERIES and params.irradiance_series is not None:
            light = params.irradiance_series.at(surroundings.unix_s, surroundings.time_s)
        else:
            light = clear * self._clear_sky_index()
        if params.ambient_series is not None:
            ambient = params.ambient_series.at(surroundings.unix_s, surroundings.time_s)
        else:
            angle = 2.0 * math.pi * (surroundings.day_s - params.ambient_peak_h * 3600.0) / DAY_S
            ambient = params.ambient_mean_c + params.ambient_amplitude_k * math.cos(angle)
            if params.ambient_season_k:
                since = (surroundings.unix_s - WARMEST_UNIX_S) / YEAR_S
                ambient += params.ambient_season_k * math.cos(2.0 * math.pi * since)
        if not grid.quiet:
            light *= grid.deviation(Target.IRRADIANCE, surroundings.tick, 1.0)
            ambient += grid.deviation(Target.TEMPERATURE, surroundings.tick, 0.0)
        surroundings.clear_sky_w_m2 = clear
        surroundings.ghi_w_m2 = light if light > 0.0 else 0.0
        surroundings.ambient_c = ambient
        wind = params.wind_series
        surroundings.wind_m_s = (
            params.wind_m_s if wind is None else wind.at(surroundings.unix_s, surroundings.time_s)
        )
        surroundings.weather_tick = surroundings.tick

    def _clear_sky_index(self) -> float:
        index = self.params.clear_sky_index
        if not self._kick:
            return index
        index += self._clouds
        if index < DARKEST_SKY:
            return DARKEST_SKY
        return index if index < BRIGHTEST_SKY else BRIGHTEST_SKY
