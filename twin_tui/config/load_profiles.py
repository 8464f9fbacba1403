"""Standard load profiles in a site file: their names, and the holidays beside them."""

import re
from datetime import date
from pathlib import Path
from typing import Any

from twin_tui.documents.model import Complaints
from twin_tui.engine.physics.load_shape import QUARTERS
from twin_tui.engine.physics.standard_profile import StandardProfile
from twin_tui.errors import ConfigError, did_you_mean, shown

_TABLE = Path(__file__).parent.parent / "data" / "load_profiles" / "bdew.csv"
NAMES = ("h0", "g0", "g1", "g2", "g3", "g4", "g5", "g6", "l0", "l1", "l2")
REGION = {"type": "string", "pattern": "^[A-Za-z]{2}(-[A-Za-z0-9]{1,3})?$"}
YEARS = 11
"""Of the clock changes of a run: ten years from any day of the first."""
_UNIX_DAY = 719_163


def to_profile(found: Any) -> str:
    """Return the name of a standard profile; raise ValueError with the nearest one."""
    name = found.strip().lower() if isinstance(found, str) else ""
    if name not in NAMES:
        raise ValueError(f"expected one of {', '.join(NAMES)}, found {shown(found)}")
    return name


def to_holidays(found: Any) -> frozenset[int]:
    """Return the days of a list of dates, in days since 1 January 1970."""
    expected = "expected a list of dates like 2026-12-25"
    if not isinstance(found, list):
        raise ValueError(f"{expected}, found {shown(found)}")
    days = set()
    for each in found:
        try:
            when = each if isinstance(each, date) else date.fromisoformat(each)
        except (TypeError, ValueError):
            raise ValueError(f"{expected}, found {shown(each)}") from None
        days.add(when.toordinal() - _UNIX_DAY)
    return frozenset(days)


def to_region(found: Any) -> str:
    """Return a country, or a country and its subdivision, as in ISO 3166."""
    if isinstance(found, str) and re.fullmatch(REGION["pattern"], found):
        return found.upper()
    raise ValueError(f"expected a region like DE or DE-BY, found {shown(found)}")


def holidays_of(region: str, year: int) -> list[str]:
    """Return the dates of a region's public holidays from that year on; raise ConfigError."""
    try:
        import holidays  # noqa: PLC0415 - an extra, of which few sites have a use
    except ImportError:
        raise ConfigError(
            "the holidays of a region need the holidays package; install the extra holidays: "
            "pip install 'twin-tui[holidays]'"
        ) from None
    known = holidays.list_supported_countries(include_aliases=False)
    country, _, part = region.partition("-")
    if country not in known:
        raise ConfigError(f"no holidays are known for {region}{did_you_mean(country, known)}")
    if part and part not in known[country]:
        parts = [f"{country}-{each}" for each in known[country]]
        raise ConfigError(f"no holidays are known for {region}{did_you_mean(region, parts)}")
    found = holidays.country_holidays(country, subdiv=part or None, years=range(year, year + YEARS))
    return sorted(day.isoformat() for day in found)


def with_holidays(listed: Any, region: str, year: int, complaints: Complaints) -> Any:
    """Return the assets of a site with the holidays of its region in every load with a standard profile."""

    def profiled(each: Any) -> bool:
        own = each.get("holidays", []) if isinstance(each, dict) else None
        return isinstance(own, list) and each.get("standard_profile") is not None

    if not isinstance(listed, list) or not any(map(profiled, listed)):
        return listed
    try:
        days = holidays_of(region, year)
    except ConfigError as error:
        complaints.add("region", str(error))
        return listed
    return [
        {**each, "holidays": [*each.get("holidays", []), *days]} if profiled(each) else each
        for each in listed
    ]


def load_profile(name: str, holidays: frozenset[int]) -> StandardProfile:
    """Return the profile of that name."""
    lines = _TABLE.read_text(encoding="utf-8").splitlines()
    column = lines[0].split(",").index(name)
    heights = [float(line.split(",")[column]) for line in lines[1:]]
    days = (tuple(heights[start : start + QUARTERS]) for start in range(0, len(heights), QUARTERS))
    return StandardProfile(tuple(days), name == "h0", holidays)
