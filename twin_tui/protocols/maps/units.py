"""Conversion from the units of register maps to the SI units of signals."""

from fractions import Fraction
from typing import NamedTuple

from twin_tui.errors import ConfigError, did_you_mean


class Conversion(NamedTuple):
    """Conversion from a map's unit to SI: ``si = number * factor + shift``."""

    factor: Fraction
    shift: Fraction


_PREFIXES = {"m": Fraction(1, 1000), "": Fraction(1), "k": Fraction(1000), "M": Fraction(10**6)}
_PREFIXED = ("W", "var", "VA", "V", "A", "Hz", "Wh", "varh", "VAh", "Ah", "bar")
_OTHERS: dict[str, tuple[str, Fraction, Fraction]] = {
    "GW": ("W", Fraction(10**9), Fraction(0)),
    "GWh": ("Wh", Fraction(10**9), Fraction(0)),
    "J": ("Wh", Fraction(1, 3600), Fraction(0)),
    "kJ": ("Wh", Fraction(1000, 3600), Fraction(0)),
    "MJ": ("Wh", Fraction(10**6, 3600), Fraction(0)),
    "s": ("s", Fraction(1), Fraction(0)),
    "ms": ("s", Fraction(1, 1000), Fraction(0)),
    "min": ("s", Fraction(60), Fraction(0)),
    "h": ("s", Fraction(3600), Fraction(0)),
    "d": ("s", Fraction(86400), Fraction(0)),
    "degC": ("degC", Fraction(1), Fraction(0)),
    "°C": ("degC", Fraction(1), Fraction(0)),
    "C": ("degC", Fraction(1), Fraction(0)),
    "K": ("degC", Fraction(1), Fraction(-27315, 100)),
    "degF": ("degC", Fraction(5, 9), Fraction(-160, 9)),
    "1": ("1", Fraction(1), Fraction(0)),
    "pu": ("1", Fraction(1), Fraction(0)),
    "%": ("1", Fraction(1, 100), Fraction(0)),
    "‰": ("1", Fraction(1, 1000), Fraction(0)),
    "cycles": ("cycles", Fraction(1), Fraction(0)),
    "rpm": ("rpm", Fraction(1), Fraction(0)),
    "Pa": ("bar", Fraction(1, 10**5), Fraction(0)),
    "kPa": ("bar", Fraction(1, 100), Fraction(0)),
    "W/m2": ("W/m2", Fraction(1), Fraction(0)),
    "m/s": ("m/s", Fraction(1), Fraction(0)),
    "km/h": ("m/s", Fraction(10, 36), Fraction(0)),
    "deg": ("deg", Fraction(1), Fraction(0)),
    "ohm": ("ohm", Fraction(1), Fraction(0)),
    "kohm": ("ohm", Fraction(1000), Fraction(0)),
    "kg/h": ("kg/h", Fraction(1), Fraction(0)),
    "l/h": ("l/h", Fraction(1), Fraction(0)),
    "m3/h": ("l/h", Fraction(1000), Fraction(0)),
}
_UNITS: dict[str, tuple[str, Fraction, Fraction]] = {
    **{
        prefix + base: (base, factor, Fraction(0))
        for base in _PREFIXED
        for prefix, factor in _PREFIXES.items()
    },
    **_OTHERS,
}
_FOLDED: dict[str, list[str]] = {}
for _name in _UNITS:
    _FOLDED.setdefault(_name.casefold(), []).append(_name)


def conversion(unit: str, signal_unit: str) -> Conversion:
    """Return the conversion from a map's unit to the SI unit of a signal.

    No unit means the SI unit. Raises ConfigError for an unknown unit or another dimension.
    """
    if not unit or unit == signal_unit:
        return Conversion(Fraction(1), Fraction(0))
    name = _canonical(unit)
    signal = _UNITS.get(signal_unit)
    if name is None:
        known = [n for n, (d, _, _) in _UNITS.items() if signal is not None and d == signal[0]]
        raise ConfigError(f"unknown unit {unit!r}{did_you_mean(unit, known)}")
    dimension, factor, shift = _UNITS[name]
    if signal is None or signal[0] != dimension:
        wanted = {"": "has no unit", "1": "is a fraction"}.get(signal_unit, f"is in {signal_unit}")
        raise ConfigError(f"{unit!r} does not fit a signal that {wanted}")
    return Conversion(factor / signal[1], (shift - signal[2]) / signal[1])


def base_unit(unit: str) -> str:
    """Return the SI unit of a map's unit; an unknown one is its own."""
    name = _canonical(unit)
    return unit if name is None else _UNITS[name][0]


def _canonical(unit: str) -> str | None:
    """Return the canonical name of a unit; its case may differ if it remains unambiguous."""
    if unit in _UNITS:
        return unit
    near = _FOLDED.get(unit.casefold(), [])
    return near[0] if len(near) == 1 else None
