"""The course of a household's consumption over the day, the week and the year."""

from datetime import date
from functools import lru_cache
from math import exp, fsum

QUARTERS = 96
_DAY_H = 24.0

# hour of the peak, height over the night's level, width in h
_WORKDAY = ((7.3, 0.8, 1.2), (12.6, 0.9, 1.7), (19.4, 1.9, 2.2))
_SATURDAY = ((9.6, 1.1, 1.8), (13.0, 1.0, 1.8), (19.0, 1.7, 2.3))
_SUNDAY = ((10.4, 1.2, 1.9), (12.6, 1.4, 1.4), (19.3, 1.5, 2.4))
_NIGHT = 0.45


def dynamic_factor(day_of_year: int) -> float:
    r"""Return the season's factor on a household's consumption: about 1.24 in January, 0.80 in July.

    Notes
    -----
    .. math::
        F(t) = -3.92 \cdot 10^{-10} t^4 + 3.2 \cdot 10^{-7} t^3 - 7.02 \cdot 10^{-5} t^2 + 2.1 \cdot 10^{-3} t
        + 1.24

    Made for Germany; t is the day of the year, 1 to 366.

    References
    ----------
    VDEW, "Anwendung der repräsentativen VDEW-Lastprofile", Frankfurt am Main, 2000 (profile H0).
    """
    t = float(day_of_year)
    return (((-3.92e-10 * t + 3.2e-7) * t - 7.02e-5) * t + 2.1e-3) * t + 1.24


def _shape(peaks: tuple[tuple[float, float, float], ...]) -> tuple[float, ...]:
    heights = []
    for quarter in range(QUARTERS):
        hour = quarter * _DAY_H / QUARTERS
        height = _NIGHT
        for peak_h, over, width_h in peaks:
            away_h = abs(hour - peak_h)
            away_h = min(away_h, _DAY_H - away_h)
            height += over * exp(-0.5 * (away_h / width_h) ** 2)
        heights.append(height)
    return tuple(heights)


def _normalized() -> tuple[tuple[float, ...], ...]:
    workday, saturday, sunday = _shape(_WORKDAY), _shape(_SATURDAY), _shape(_SUNDAY)
    week = (workday,) * 5 + (saturday, sunday)
    mean_of_week = fsum(map(fsum, week)) / (7 * QUARTERS)
    mean_of_year = fsum(dynamic_factor(day) for day in range(1, 366)) / 365.0
    return tuple(tuple(height / (mean_of_week * mean_of_year) for height in day) for day in week)


WEEK = _normalized()
"""Relative power at each quarter of an hour, Monday to Sunday."""


@lru_cache(maxsize=8)
def _season(day: int) -> float:
    return dynamic_factor(date.fromordinal(719_163 + day).timetuple().tm_yday)


def household_share(local_s: float) -> float:
    """Return a household's consumption at a local Unix time relative to its mean over the year.

    The mean over a year is 1 within the weekdays' share of that year.

    Notes
    -----
    A drawn shape of this package, not a measured one: a level at night and a morning, noon and evening peak
    as bell curves, later and flatter at the weekend, linear between quarters of an hour, times the season's
    `dynamic_factor`. It is smooth, as the mean of many households is; one household is far rougher.
    """
    day, of_day = divmod(local_s, 86_400.0)
    position = of_day / 900.0
    quarter = int(position)
    today = int(day + 3) % 7
    here = WEEK[today][quarter]
    after = WEEK[today][quarter + 1] if quarter + 1 < QUARTERS else WEEK[(today + 1) % 7][0]
    return (here + (after - here) * (position - quarter)) * _season(int(day))
