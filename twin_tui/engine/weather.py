"""The weather: irradiance, air and wind over the day."""

import math
from dataclasses import field
from datetime import date
from enum import Enum
from functools import lru_cache
from typing import Annotated

from twin_tui.engine import bounds
from twin_tui.engine.bounds import NotNegative, Range
from twin_tui.engine.disturbance import Target
from twin_tui.engine.grid import Grid
from twin_tui.engine.physics.noise import generator, ou_coefficients, ou_step
from twin_tui.engine.physics.sun import haurwitz, place, refracted, sine_irradiance, sun_vector
from twin_tui.engine.signals import derive, value
from twin_tui.engine.steps import nearest_steps
from twin_tui.engine.surroundings import Surroundings
from twin_tui.errors import ConfigError

DAY_S = 86_400.0
REFRESH_S = 1.0
YEAR_S = 365.2425 * DAY_S
TYPICAL_YEAR_S = 365 * DAY_S
_UNIX_DAY = date(1970, 1, 1).toordinal()
_LEAP_DAY = 59
WARMEST_UNIX_S = 16_977_600.0
"""16 July 1970, 12 h UTC: in Central Europe the air is warmest some four weeks after the sun is highest."""
CLIMATES: dict[str, tuple[float, ...]] = {
    "central-europe": (0.54, 0.44, 0.56, 0.73, 0.68, 0.67, 0.61, 0.63, 0.62, 0.62, 0.47, 0.41),
}
"""Clear-sky index of each month. Central Europe: global irradiance of the reference climate Potsdam, DIN V
18599-10:2018-09, over that of a clear sky after Haurwitz at its place, 52.4° N 13.1° E.
"""
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


@lru_cache(maxsize=512)
def typical_day(unix_day: int) -> int:
    """Return the day of the year, from 0 on, without a 29 February: that is a 28th again."""
    day = date.fromordinal(_UNIX_DAY + unix_day)
    number = day.timetuple().tm_yday - 1
    leap = day.year % 4 == 0 and (day.year % 100 != 0 or day.year % 400 == 0)
    return number - 1 if leap and number >= _LEAP_DAY else number


@lru_cache(maxsize=512)
def month_of(unix_day: int) -> int:
    """Return the month of a day, January is 0."""
    return date.fromordinal(_UNIX_DAY + unix_day).month - 1


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

    holds: bool = False
    """Whether a value holds until the next, as the mean of an hour does."""
    typical_year_ahead_s: float | None = None
    """The values are those of a typical year, by a clock so far ahead of UTC: every calendar year has them,
    29 February those of the 28th. ``start_s`` is then the time since the start of the year.
    """

    def __post_init__(self) -> None:
        if not (self.step_s > 0.0 and self.values):
            raise ConfigError("a series takes a step above 0 and at least one value")
        ahead_s = self.typical_year_ahead_s
        numbers = (self.start_s, self.step_s, 0.0 if ahead_s is None else ahead_s, *self.values)
        if not all(map(math.isfinite, numbers)):
            raise ConfigError("a series takes finite numbers only")
        if ahead_s is not None and not (
            self.repeats and not self.relative and self.step_s * len(self.values) == TYPICAL_YEAR_S
        ):
            raise ConfigError("a series of a typical year repeats, and has the values of 365 days")

    def at(self, unix_s: float, run_s: float) -> float:
        """Return the value at an instant, in Unix time and in time since the start of the run."""
        instant_s = run_s if self.relative else unix_s
        if self.typical_year_ahead_s is not None:
            day, of_day_s = divmod(unix_s + self.typical_year_ahead_s, DAY_S)
            instant_s = typical_day(int(day)) * DAY_S + of_day_s
        position = (instant_s - self.start_s) / self.step_s
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
    clear_sky_index_by_month: tuple[float, ...] = ()
    """The same for January to December in its place, or the name of a climate."""
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
    beam_series: Series | None = None
    """Direct normal irradiance beside ``irradiance_series``, W/m²; without it beam and diffuse light are
    worked out from the global one.
    """
    diffuse_series: Series | None = None
    """Diffuse horizontal irradiance, W/m², with ``beam_series``."""
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
        months = self.clear_sky_index_by_month
        if months and not (len(months) == 12 and all(0.0 <= index <= 1.5 for index in months)):
            raise ConfigError("clear_sky_index_by_month takes twelve numbers from 0 to 1.5")
        if (self.beam_series is None) != (self.diffuse_series is None):
            raise ConfigError("beam_series and diffuse_series are given together")
        if self.beam_series is not None and (self.sky is not Sky.SERIES or self.series_in_plane):
            raise ConfigError("beam_series takes sky: series and an irradiance_series of the horizontal")
        drawn = self.sky is Sky.SINE or (self.sky is Sky.SERIES and self.series_in_plane)
        derive(self, draws_sun=drawn)


class Weather:
    """Writes the weather's part of the surroundings, once a simulated second."""

    def __init__(self, params: WeatherParams, dt_s: float, seed: int = 0) -> None:
        self.params = params
        self.every_ticks = nearest_steps(REFRESH_S, dt_s, 1)
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
            light = clear * self._clear_sky_index(surroundings.unix_s)
        if params.ambient_series is not None:
            ambient = params.ambient_series.at(surroundings.unix_s, surroundings.time_s)
        else:
            angle = 2.0 * math.pi * (surroundings.day_s - params.ambient_peak_h * 3600.0) / DAY_S
            ambient = params.ambient_mean_c + params.ambient_amplitude_k * math.cos(angle)
            if params.ambient_season_k:
                since = (surroundings.unix_s - WARMEST_UNIX_S) / YEAR_S
                ambient += params.ambient_season_k * math.cos(2.0 * math.pi * since)
        dimmed = 1.0
        if not grid.quiet:
            dimmed = grid.deviation(Target.IRRADIANCE, surroundings.tick, 1.0)
            light *= dimmed
            ambient += grid.deviation(Target.TEMPERATURE, surroundings.tick, 0.0)
        if params.beam_series is not None and params.diffuse_series is not None:
            at = surroundings.unix_s, surroundings.time_s
            # the means of an hour with a sunrise go on before it
            beam = params.beam_series.at(*at) if sun[2] > 0.0 else 0.0
            surroundings.beam_w_m2 = max(0.0, beam * dimmed)
            surroundings.diffuse_w_m2 = max(0.0, params.diffuse_series.at(*at) * dimmed)
        surroundings.clear_sky_w_m2 = clear
        surroundings.ghi_w_m2 = light if light > 0.0 else 0.0
        surroundings.ambient_c = ambient
        wind = params.wind_series
        surroundings.wind_m_s = (
            params.wind_m_s if wind is None else wind.at(surroundings.unix_s, surroundings.time_s)
        )
        surroundings.weather_tick = surroundings.tick

    def _clear_sky_index(self, unix_s: float) -> float:
        months = self.params.clear_sky_index_by_month
        index = months[month_of(int(unix_s // DAY_S))] if months else self.params.clear_sky_index
        if not self._kick:
            return index
        index += self._clouds
        if index < DARKEST_SKY:
            return DARKEST_SKY
        return index if index < BRIGHTEST_SKY else BRIGHTEST_SKY
