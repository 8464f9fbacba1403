"""What a signal accepts, and how values, units and ranges are written."""

import math
from typing import Any

import pytest

from twin_tui.engine.signals import (
    Signal,
    after_number,
    bounds,
    check_range,
    commanded,
    measured,
    short,
    signals_of,
    value,
)
from twin_tui.errors import CommandError


def signal(kind: type, **rest: Any) -> Signal:
    return Signal("power", "Power", "W", kind, True, **rest)


@pytest.mark.parametrize(
    ("known", "wanted", "found"),
    [
        (signal(float), 5, 5.0),
        (signal(float), True, 1.0),
        (signal(float, low=0.0, high=10.0), 0, 0.0),
        (signal(float, low=0.0, high=10.0), 10, 10.0),
        (signal(int), 5.0, 5),
        (signal(int, low=-3, high=3), -3, -3),
        (signal(int, options={2: "On"}), 2.0, 2),
        (signal(bool), 1, True),
        (signal(bool), 0.0, False),
        (signal(bool), True, True),
        (signal(str), 5, "5"),
        (signal(str), "RUN", "RUN"),
    ],
)
def test_a_value_is_taken_over_in_the_type_of_its_signal(known: Signal, wanted: Any, found: Any) -> None:
    accepted = known.accept(wanted, "bess.power")
    assert accepted == found
    assert type(accepted) is type(found)


@pytest.mark.parametrize(
    ("known", "wanted", "message"),
    [
        (signal(float), "5", "bess.power takes a number, not '5'"),
        (signal(float), math.nan, "bess.power takes a finite number, not nan"),
        (signal(int), -math.inf, "bess.power takes a finite number, not -inf"),
        (signal(int), 5.5, "bess.power takes a whole number, not 5.5"),
        (signal(int, options={1: "On", 2: "Off"}), 3, "bess.power takes 1 = On, 2 = Off; not 3"),
        (signal(float, low=0.0, high=10.0), 10.1, "bess.power takes 0 … 10 W, not 10.1"),
        (signal(float, low=0.0, high=10.0), -0.1, "bess.power takes 0 … 10 W, not -0.1"),
        (signal(float, low=2.0), 1.0, "bess.power takes 2 … W, not 1"),
        (signal(float, high=2.0), 3.0, "bess.power takes … 2 W, not 3"),
        (signal(bool), 2, "bess.power takes 0 or 1, not 2"),
        (signal(bool), "yes", "bess.power takes 0 or 1, not 'yes'"),
    ],
)
def test_what_is_no_value_of_a_signal_is_refused_with_what_it_takes(
    known: Signal, wanted: Any, message: str
) -> None:
    with pytest.raises(CommandError) as caught:
        known.accept(wanted, "bess.power")
    assert str(caught.value) == message


def test_a_declaration_says_what_is_a_command_and_what_returns_to_its_default() -> None:
    @value
    class Shown:
        """Telemetry and commands in one, and a field that is neither."""

        power_w: float = measured("Power", "W", low=0, high=5)
        note: str
        on: bool = commanded(True, "Run", momentary=True)
        limit_w: float = commanded(7.0, "Limit", "W", low=1.0, high=9.0, options={1: "one"})

    found = signals_of(Shown)
    assert list(found) == ["power_w", "on", "limit_w"]
    power, on, limit = found.values()
    assert (power.command, power.momentary, power.default, power.type) == (False, False, None, float)
    assert (power.unit, power.low, power.high, power.options) == ("W", 0, 5, None)
    assert (on.command, on.momentary, on.default, on.type) == (True, True, True, bool)
    assert (limit.momentary, limit.default, limit.low, limit.high, limit.options) == (
        False,
        7.0,
        1.0,
        9.0,
        {1: "one"},
    )
    assert signals_of(Shown) is found


def test_ranges_units_and_values_are_written_as_a_sentence_has_them() -> None:
    assert [bounds(*each) for each in ((0, 1), (None, 5), (2.5, None), (None, None))] == [
        "0 … 1",
        "… 5",
        "2.5 …",
        "…",
    ]
    assert [after_number(unit) for unit in ("W", "", "1", "degC")] == [" W", "", "", " degC"]
    assert [short(each) for each in (0.5, 1e6, 3, True, "RUN")] == ["0.5", "1e+06", "3", "True", "RUN"]
    check_range("x", 1.0, 1.0, 1.0, "W")
    check_range("x", -math.inf, None, None, "W")
