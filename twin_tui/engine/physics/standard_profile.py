"""Standard load profiles of groups of customers, by season and day of the week."""

from dataclasses import field
from datetime import date
from functools import lru_cache
from math import fsum

from twin_tui.engine.physics.load_shape import QUARTERS, dynamic_factor
from twin_tui.engine.signals import derive, value
from twin_tui.errors import ConfigError

_UNIX_DAY = 719_163
WINTER, TRANSITION, SUMMER = 0, 1, 2
WORKDAY, SATURDAY, SUNDAY = 0, 1, 2


@value
class StandardProfile:
    """A profile of a group of customers, with the holidays of its place."""

    days: tuple[tuple[float, ...], ...]
    """Relative power by quarter of an hour: workday, Saturday and Sunday of winter, transition and summer."""
    dynamic: bool = False
    """Whether the factor of the season applies, as for households."""
    holidays: frozenset[int] = frozenset()
    """Days that count as Sundays, in days since 1 January 1970."""
    sums: tuple[float, ...] = field(init=False)

    def __post_init__(self) -> None:
        if len(self.days) != 9 or any(len(day) != QUARTERS for day in self.days):
            raise ConfigError("a standard profile has nine days of 96 quarters of an hour")
        derive(self, sums=tuple(map(fsum, self.days)))

    def share(self, local_s: float) -> float:
        r"""Return the consumption at a local Unix time relative to its mean over that calendar year.

        Notes
        -----
        The table's value of season, day and quarter of an hour, held over the quarter, for households times
        `dynamic_factor`, over its mean of the year: the energy of a calendar year is exact whatever its
        weekdays, and greater by the 366th day of a leap year. Holidays are Sundays; 24 and 31 December,
        unless Sundays, are Saturdays. The mean of many customers: one alone is far rougher, and the profiles
        know no plant of the customer's own.

        References
        ----------
        VDEW, "Repräsentative VDEW-Lastprofile", 1999, and "Anwendung der repräsentativen VDEW-Lastprofile
        step-by-step", 2000, Frankfurt am Main.
        """
        day, of_day = divmod(local_s, 86_400.0)
        row, year, factor = _day(int(day), self.holidays)
        mean = _mean_of_year(year, self.sums, self.dynamic, self.holidays)
        here = self.days[row][int(of_day / 900.0)]
        return here / mean * (factor if self.dynamic else 1.0)


@lru_cache(maxsize=512)
def _day(day: int, holidays: frozenset[int]) -> tuple[int, int, float]:
    """Return the row of a day in the table, its year and the factor of its season."""
    when = date.fromordinal(_UNIX_DAY + day)
    month_day = when.month, when.day
    if (5, 15) <= month_day <= (9, 14):
        season = SUMMER
    else:
        season = TRANSITION if (3, 21) <= month_day <= (10, 31) else WINTER
    kind = max(WORKDAY, when.weekday() - 4)
    if day in holidays:
        kind = SUNDAY
    elif kind == WORKDAY and month_day in ((12, 24), (12, 31)):
        kind = SATURDAY
    return 3 * season + kind, when.year, dynamic_factor(when.timetuple().tm_yday)


@lru_cache(maxsize=16)
def _mean_of_year(year: int, sums: tuple[float, ...], dynamic: bool, holidays: frozenset[int]) -> float:
    first = date(year, 1, 1).toordinal() - _UNIX_DAY
    days = [_day(day, holidays) for day in range(first, date(year + 1, 1, 1).toordinal() - _UNIX_DAY)]
    return fsum(sums[row] * (factor if dynamic else 1.0) for row, _, factor in days) / (QUARTERS * len(days))
