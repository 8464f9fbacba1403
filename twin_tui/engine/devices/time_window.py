"""Time windows: daily, on one day of the week, or on one date."""

from math import inf

from twin_tui.engine.devices.clock import DAY_S, weekday
from twin_tui.engine.signals import value
from twin_tui.errors import ConfigError


@value
class Window:
    """A span of local time that comes back every day, week, or once; it may last past midnight."""

    start_s: float
    """Local time of day at which it opens, s."""
    duration_s: float
    day_of_week: int | None = None
    """Only on this day, 0 is Monday."""
    date: int | None = None
    """Only on this date, in days since 1 January 1970."""

    def __post_init__(self) -> None:
        if not 0.0 <= self.start_s < DAY_S:
            raise ConfigError(f"a window opens at {self.start_s:g} s, which is not within a day of {DAY_S} s")
        if not 0.0 < self.duration_s <= DAY_S:
            raise ConfigError(f"a window lasts {self.duration_s:g} s, which is not above 0 up to a day")
        if self.day_of_week is not None and not 0 <= self.day_of_week <= 6:
            raise ConfigError(f"day of week {self.day_of_week} is not 0 (Monday) … 6 (Sunday)")

    def left_s(self, local: float) -> float:
        """Return how long the window is still open at a local time, 0 when it is closed."""
        today = local // DAY_S
        for day in (today, today - 1):
            passed_s = local - day * DAY_S - self.start_s
            if 0.0 <= passed_s < self.duration_s and self._holds(day):
                return self.duration_s - passed_s
        return 0.0

    def _holds(self, day: float) -> bool:
        if self.date is not None and int(day) != self.date:
            return False
        return self.day_of_week is None or weekday(day) == self.day_of_week


def left_s(windows: tuple[Window, ...], local: float) -> float:
    """Return how long the longest open window still lasts; without any windows there is no limit."""
    return max((window.left_s(local) for window in windows), default=inf)
