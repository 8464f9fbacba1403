"""Scale factors of a map: the powers of ten with which its points hold what the device can show."""

import math
from collections.abc import Sequence

from twin_tui.engine.signals import value
from twin_tui.protocols.sunspec.models import ModelPoint

HEADROOM = 1.5
_MOST = 32767
"""The most that a 16-bit register holds with either sign."""

_UNITS = {
    **{unit: unit for unit in ("W", "VA", "var", "V", "A", "Hz", "Wh", "VAh", "varh", "Ah")},
    "Var": "var",
    "WH": "Wh",
    "Varh": "varh",
    "AH": "Ah",
    "C": "degC",
    "Secs": "s",
    "DeptRef": "%",
}
_FIXED = {"%": -2, "V": -1, "degC": -1, "Ah": -1, "": -3, "s": -2}


@value
class Ratings:
    """What a map is written for."""

    power_w: float = 200_000.0
    """The largest power; scale factors follow from it."""
    nominal_v: float = 400.0
    """Line voltage."""
    strings: int = 2
    curves: int = 3


def unit_of(point: ModelPoint) -> str:
    """Return the unit of a point by the name that it has in register maps."""
    units = point.units.strip()
    if units.startswith("%") or units.lower().endswith("pct"):
        return "%"
    return _UNITS.get(units, "")


def power_of_ten(users: Sequence[ModelPoint], ratings: Ratings) -> int:
    """Return the scale factor of the points that use it."""
    point = users[0]
    wide = point.type in {"int32", "uint32", "uint64", "acc32", "acc64"}
    unit = unit_of(point)
    if unit in {"W", "VA", "var"}:
        return 0 if wide else max(0, _least(ratings.power_w))
    if unit == "A":
        return max(-3, _least(ratings.power_w / ratings.nominal_v * math.sqrt(3.0)))
    if unit == "Hz":
        return -3 if wide else -2
    if unit in {"Wh", "VAh", "varh"}:
        return 0 if wide else max(0, _least(4.0 * ratings.power_w))
    return _FIXED.get(unit, 0)


def _least(most: float) -> int:
    """Return the least power of ten with which a 16-bit register holds so much, and half as much again."""
    return math.ceil(math.log10(HEADROOM * most / _MOST))
