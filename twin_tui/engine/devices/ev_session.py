"""When a vehicle is there: daily or weekday sessions at a charging station."""

from dataclasses import field

from twin_tui.engine.devices.clock import DAY_S, weekday
from twin_tui.engine.signals import value
from twin_tui.errors import ConfigError


@value
class ChargingSession:
    """A stay at the station, at the same time of each day; it may last past midnight."""

    arrival_s: float
    """Local time of day, s."""
    departure_s: float
    arrival_soc: float | None = None
    """State of charge on arrival; None: as at the departure before."""
    weekdays: tuple[int, ...] = field(default=(0, 1, 2, 3, 4, 5, 6))
    """Days of arrival, 0 is Monday."""

    def __post_init__(self) -> None:
        for name, found in (("arrival", self.arrival_s), ("departure", self.departure_s)):
            if not 0.0 <= found <= DAY_S:
                raise ConfigError(f"{name} at {found:g} s is not within a day of {DAY_S} s")
        if self.arrival_s == self.departure_s:
            raise ConfigError("a session departs when it arrives")
        if self.arrival_soc is not None and not 0.0 <= self.arrival_soc <= 1.0:
            raise ConfigError(f"arrival at a state of charge of {self.arrival_soc:g} is not in 0 … 1")
        if not self.weekdays or not all(0 <= day <= 6 for day in self.weekdays):
            raise ConfigError(f"weekdays {self.weekdays} are not among 0 (Monday) … 6 (Sunday)")

    def left_s(self, local: float) -> float:
        """Return how long the stay still lasts at a local Unix time, 0 when no vehicle is there."""
        day, of_day = divmod(local, DAY_S)
        today = weekday(day)
        if self.departure_s > self.arrival_s:
            here = self.arrival_s <= of_day < self.departure_s and today in self.weekdays
            return self.departure_s - of_day if here else 0.0
        if of_day >= self.arrival_s and today in self.weekdays:
            return self.departure_s + DAY_S - of_day
        if of_day < self.departure_s and (today - 1) % 7 in self.weekdays:
            return self.departure_s - of_day
        return 0.0


def current_session(sessions: tuple[ChargingSession, ...], local: float) -> tuple[int, float]:
    """Return the number of the session that is on and how long it lasts still, (-1, 0) for none."""
    for number, session in enumerate(sessions):
        left_s = session.left_s(local)
        if left_s > 0.0:
            return number, left_s
    return -1, 0.0
