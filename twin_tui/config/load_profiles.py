"""Standard load profiles in a site file: their names, and the holidays beside them."""

from datetime import date
from pathlib import Path
from typing import Any

from twin_tui.engine.physics.load_shape import QUARTERS
from twin_tui.engine.physics.standard_profile import StandardProfile
from twin_tui.errors import shown

_TABLE = Path(__file__).parent.parent / "data" / "load_profiles" / "bdew.csv"
NAMES = ("h0", "g0", "g1", "g2", "g3", "g4", "g5", "g6", "l0", "l1", "l2")
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


def load_profile(name: str, holidays: frozenset[int]) -> StandardProfile:
    """Return the profile of that name."""
    lines = _TABLE.read_text(encoding="utf-8").splitlines()
    column = lines[0].split(",").index(name)
    heights = [float(line.split(",")[column]) for line in lines[1:]]
    days = (tuple(heights[start : start + QUARTERS]) for start in range(0, len(heights), QUARTERS))
    return StandardProfile(tuple(days), name == "h0", holidays)
