"""Every unit that a map may use, against its definition in SI."""

from fractions import Fraction

import pytest

from twin_tui.errors import ConfigError
from twin_tui.protocols.maps import units
from twin_tui.protocols.maps.units import conversion

# unit: SI unit of the signal, and two points on its line (in the unit, in SI), by the SI brochure or by hand
DEFINITIONS: dict[str, tuple[str, tuple[str, str], tuple[str, str]]] = {
    "GW": ("W", ("0", "0"), ("2", "2000000000")),
    "GWh": ("Wh", ("0", "0"), ("2", "2000000000")),
    "J": ("Wh", ("0", "0"), ("7200", "2")),
    "kJ": ("Wh", ("0", "0"), ("36", "10")),
    "MJ": ("Wh", ("0", "0"), ("3.6", "1000")),
    "s": ("s", ("0", "0"), ("3", "3")),
    "ms": ("s", ("0", "0"), ("1500", "1.5")),
    "min": ("s", ("0", "0"), ("15", "900")),
    "h": ("s", ("0", "0"), ("2", "7200")),
    "d": ("s", ("0", "0"), ("7", "604800")),
    "degC": ("degC", ("0", "0"), ("-10", "-10")),
    "°C": ("degC", ("0", "0"), ("-10", "-10")),
    "C": ("degC", ("0", "0"), ("-10", "-10")),
    "K": ("degC", ("0", "-273.15"), ("373.15", "100")),
    "degF": ("degC", ("32", "0"), ("-40", "-40")),
    "1": ("1", ("0", "0"), ("0.5", "0.5")),
    "pu": ("1", ("0", "0"), ("0.5", "0.5")),
    "%": ("1", ("0", "0"), ("50", "0.5")),
    "‰": ("1", ("0", "0"), ("500", "0.5")),
    "cycles": ("cycles", ("0", "0"), ("9", "9")),
    "rpm": ("rpm", ("0", "0"), ("1500", "1500")),
    "bar": ("bar", ("0", "0"), ("3", "3")),
    "mbar": ("bar", ("0", "0"), ("1013", "1.013")),
    "kbar": ("bar", ("0", "0"), ("1", "1000")),
    "Mbar": ("bar", ("0", "0"), ("1", "1000000")),
    "Pa": ("bar", ("0", "0"), ("100000", "1")),
    "kPa": ("bar", ("0", "0"), ("100", "1")),
    "W/m2": ("W/m2", ("0", "0"), ("1000", "1000")),
    "m/s": ("m/s", ("0", "0"), ("4", "4")),
    "km/h": ("m/s", ("0", "0"), ("36", "10")),
    "deg": ("deg", ("0", "0"), ("90", "90")),
    "ohm": ("ohm", ("0", "0"), ("50", "50")),
    "kohm": ("ohm", ("0", "0"), ("2", "2000")),
    "kg/h": ("kg/h", ("0", "0"), ("8", "8")),
    "l/h": ("l/h", ("0", "0"), ("8", "8")),
    "m3/h": ("l/h", ("0", "0"), ("2", "2000")),
}
for base in ("W", "var", "VA", "V", "A", "Hz", "Wh", "varh", "VAh", "Ah"):
    for prefix, number in (("m", "0.002"), ("", "2"), ("k", "2000"), ("M", "2000000")):
        DEFINITIONS[prefix + base] = (base, ("0", "0"), ("2", number))


@pytest.mark.parametrize("unit", DEFINITIONS)
def test_a_unit_is_converted_as_it_is_defined(unit: str) -> None:
    signal_unit, *points = DEFINITIONS[unit]
    found = conversion(unit, signal_unit)
    for number, si in points:
        assert Fraction(number) * found.factor + found.shift == Fraction(si)


@pytest.mark.parametrize("unit", DEFINITIONS)
def test_the_case_of_a_unit_matters_only_where_it_tells_two_apart(unit: str) -> None:
    signal_unit, *points = DEFINITIONS[unit]
    other = unit.swapcase()
    if other in DEFINITIONS:
        return
    if sum(name.casefold() == unit.casefold() for name in DEFINITIONS) > 1:
        with pytest.raises(ConfigError, match="unknown unit"):
            conversion(other, signal_unit)
    elif other != unit:
        found = conversion(other, signal_unit)
        for number, si in points:
            assert Fraction(number) * found.factor + found.shift == Fraction(si)


def test_every_unit_has_been_looked_up() -> None:
    assert units._UNITS.keys() == DEFINITIONS.keys()


@pytest.mark.parametrize(("unit", "signal_unit"), [("degF", "K"), ("K", "degF"), ("kW", "MW"), ("min", "h")])
def test_a_signal_in_another_unit_of_the_same_kind_is_converted_as_well(unit: str, signal_unit: str) -> None:
    there, back = conversion(unit, signal_unit), conversion(signal_unit, unit)
    for number in (Fraction(0), Fraction(7), Fraction(-400)):
        assert (number * there.factor + there.shift) * back.factor + back.shift == number
    direct, through = conversion(unit, signal_unit), DEFINITIONS[unit]
    via_si, own = conversion(unit, through[0]), conversion(signal_unit, through[0])
    si = 7 * via_si.factor + via_si.shift
    assert (7 * direct.factor + direct.shift) * own.factor + own.shift == si


@pytest.mark.parametrize(
    ("unit", "signal_unit", "message"),
    [
        ("kWatt", "W", "unknown unit .kWatt.; known: GW, MW, W, kW, mW"),
        ("Mw", "W", "unknown unit 'Mw'"),  # a mega or a milli: nobody knows
        ("V", "W", "'V' does not fit a signal that is in W"),
        ("V", "1", "'V' does not fit a signal that is a fraction"),
        ("V", "", "'V' does not fit a signal that has no unit"),
    ],
)
def test_a_unit_that_fits_nothing_is_refused(unit: str, signal_unit: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        conversion(unit, signal_unit)
