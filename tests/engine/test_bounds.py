"""Parameters that cannot be are refused before the first step, from Python as from a file."""

import math
from math import inf, nan
from typing import Any

import pytest

from tests.laws.worlds import plain_params
from twin_tui.engine.bounds import Efficiency, NotNegative, Positive, Range, Share
from twin_tui.engine.grid import GridParams
from twin_tui.engine.weather import Series, WeatherParams
from twin_tui.errors import ConfigError


@pytest.mark.parametrize(
    ("kind", "wrong", "message"),
    [
        ("battery", {"capacity_wh": 0.0}, "capacity_wh 0 of a battery is not above 0"),
        (
            "battery",
            {"charge_efficiency": 1.2},
            r"charge_efficiency 1\.2 of a battery is not above 0 up to 1",
        ),
        ("battery", {"initial_soc": -0.1}, r"initial_soc -0\.1 of a battery is not in 0 … 1"),
        ("battery", {"thermal_conductance_w_per_k": 0.0}, "thermal_conductance_w_per_k 0"),
        ("battery", {"max_charge_w": nan}, "max_charge_w nan"),
        ("battery", {"hot_full_c": 70.0}, "hot_full_c ≤ hot_zero_c of a battery, found -20, 0, 70, 60"),
        ("pv", {"rated_w": inf}, "rated_w inf of a PV plant is not above 0"),
        ("pv", {"nominal_efficiency": 1.1}, r"nominal_efficiency 1\.1"),
        ("pv", {"inverter_tau_s": 0.0}, "inverter_tau_s 0"),
        ("pv", {"voc_v": 500.0}, "expected vmp_v ≤ voc_v of a PV plant, found 600, 500"),
        ("pv", {"tilt_deg": 400.0}, "tilt_deg 400 of a PV plant is not in 0 … 180"),
        ("pv", {"albedo": 5.0}, "albedo 5"),
        ("chp", {"rated_rpm": 0.0}, "rated_rpm 0 of a CHP"),
        ("heat_pump", {"hysteresis_k": -3.0}, "hysteresis_k -3 of a heat pump is below 0"),
        ("heat_pump", {"tank_loss_w_per_k": -1.0}, "tank_loss_w_per_k -1"),
        ("meter", {"current_transformer_ratio": 0.0}, "current_transformer_ratio 0 of a meter"),
        ("meter", {"accuracy_class": 1000.0}, "accuracy_class 1000 of a meter is not in 0 … 20"),
        ("load", {"noise_tau_s": -1.0}, "noise_tau_s -1 of a load is below 0"),
    ],
)
def test_a_device_that_cannot_be_is_refused(kind: str, wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        plain_params(kind, **wrong)


@pytest.mark.parametrize(
    ("cls", "wrong", "message"),
    [
        (GridParams, {"nominal_hz": 0.0}, "nominal_hz 0 of the grid is not above 0"),
        (GridParams, {"voltage_std_pu": -1.0}, "voltage_std_pu -1 of the grid is not in 0 …"),
        (WeatherParams, {"sunset_h": 5.0}, "expected sunrise_h ≤ sunset_h of the weather, found 6, 5"),
        (WeatherParams, {"latitude_deg": 95.0}, "latitude_deg 95 of the weather is not in -90 … 90"),
        (WeatherParams, {"ambient_mean_c": -300.0}, "ambient_mean_c -300"),
    ],
)
def test_a_world_that_cannot_be_is_refused(cls: type[Any], wrong: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        cls(**wrong)


@pytest.mark.parametrize("bad", [nan, inf])
def test_a_series_takes_finite_numbers_only(bad: float) -> None:
    with pytest.raises(ConfigError, match="finite"):
        Series(0.0, 60.0, (1.0, bad, 2.0))


@pytest.mark.parametrize(
    ("kind", "inside", "outside"),
    [
        (Positive, (1e-9, 1e17), (0.0, -1e-9)),
        (NotNegative, (0.0, 1e-9, 1e17), (-1e-9,)),
        (Share, (0.0, 0.5, 1.0), (-1e-9, 1.0 + 1e-9)),
        (Efficiency, (1e-9, 0.5, 1.0), (0.0, 1.0 + 1e-9)),
    ],
)
def test_each_range_holds_its_ends_and_nothing_beyond(
    kind: Any, inside: tuple[float, ...], outside: tuple[float, ...]
) -> None:
    (allowed,) = kind.__metadata__
    for number in inside:
        allowed.require("x", number, "a thing")
    for number in (*outside, math.nan, math.inf, -math.inf):
        with pytest.raises(ConfigError, match=f"x {number:g} of a thing is"):
            allowed.require("x", number, "a thing")


@pytest.mark.parametrize("number", [1e-18, 1e18, -1e18, 0.0])
def test_numbers_up_to_the_largest_and_down_to_its_inverse_are_accepted(number: float) -> None:
    Range(-2e18, 2e18).require("x", number, "a thing")
    for wrong, word in ((number * 1.1, "larger"), (number / 1.1, "smaller")):
        if 0.0 < abs(wrong) < 1e-18 or abs(wrong) > 1e18:
            with pytest.raises(ConfigError, match=word):
                Range(-2e18, 2e18).require("x", wrong, "a thing")
