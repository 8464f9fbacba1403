"""The site's clock in registers: parts of the local time, and periods from which values count."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from twin_tui.engine.engine import Engine

CLOCKS: dict[str, Callable[[datetime], int]] = {
    "local_s": lambda now: int(now.timestamp()),
    "year": lambda now: now.year,
    "month": lambda now: now.month,
    "day": lambda now: now.day,
    "hour": lambda now: now.hour,
    "minute": lambda now: now.minute,
    "second": lambda now: now.second,
}
"""Parts of the local time; ``local_s`` are the seconds since 1970 by the local clock."""
PERIODS: dict[str, Callable[[datetime], tuple[int, ...]]] = {
    "hour": lambda now: (now.year, now.month, now.day, now.hour),
    "day": lambda now: (now.year, now.month, now.day),
    "month": lambda now: (now.year, now.month),
    "year": lambda now: (now.year,),
}
"""What differs from one period to the next."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def local_time(engine: Engine) -> datetime:
    """Return the site's local time, with the digits of its wall clock."""
    return _EPOCH + timedelta(seconds=_local_s(engine))


def seconds_to_hour(engine: Engine) -> float:
    """Return the time until the local clock reaches the next full hour, s."""
    return 3600.0 - _local_s(engine) % 3600.0


def _local_s(engine: Engine) -> float:
    # to the millisecond: simulated times are products, and 3599.9999999 s is the full hour
    return round(engine.start_unix_s + engine.time_s + engine.surroundings.utc_offset_s, 3)
