"""Controls of models 123 and 704: limits with their timers, power factor, vars, connection."""

import pytest

from tests.protocols.maps.site import bound
from tests.protocols.sunspec.points import SUN_W, SunSpecDevice, plant, storage
from twin_tui.engine.events import Pin
from twin_tui.errors import ConfigError
from twin_tui.protocols.maps.parse import parse_map

LIMITS = {
    "123": {"percent": "m123_WMaxLimPct", "enable": "m123_WMaxLim_Ena", "revert": "m123_WMaxLimPct_RvrtTms"},
    "704": {"percent": "m704_WMaxLimPct", "enable": "m704_WMaxLimPctEna", "revert": "m704_WMaxLimPctRvrtTms"},
}


def limited(model: str, percent: float, revert_s: float = 0.0) -> SunSpecDevice:
    """Return a plant whose power a model limits."""
    names = LIMITS[model]
    device = plant()
    assert device.after(2.0) == SUN_W
    assert device.write(**{names["percent"]: percent, names["revert"]: revert_s, names["enable"]: 1}) == 0
    return device


@pytest.mark.parametrize("model", LIMITS)
def test_a_limit_of_30_percent_curtails_a_plant_to_30_percent_of_its_rating(model: str) -> None:
    device = limited(model, 30.0)
    assert device.after(1.0) == pytest.approx(3_000.0)
    assert device.read("m701_W") == pytest.approx(3_000.0)
    device.write(**{LIMITS[model]["enable"]: 0})
    assert device.after(1.0) == SUN_W


@pytest.mark.parametrize("model", LIMITS)
def test_a_percentage_alone_has_no_effect_until_it_is_enabled(model: str) -> None:
    device = plant()
    device.write(**{LIMITS[model]["percent"]: 10.0})
    assert device.after(1.0) == SUN_W
    device.write(**{LIMITS[model]["enable"]: 1})
    assert device.after(1.0) == pytest.approx(1_000.0)
    device.write(**{LIMITS[model]["percent"]: 20.0})
    assert device.after(1.0) == pytest.approx(2_000.0)


@pytest.mark.parametrize("model", LIMITS)
def test_a_limit_ends_with_its_time_of_reversion(model: str) -> None:
    device = limited(model, 30.0, revert_s=10.0)
    assert device.after(9.0) == pytest.approx(3_000.0)
    assert device.after(2.0) == SUN_W
    assert device.read(LIMITS[model]["enable"]) == 0


def test_each_write_of_a_limit_starts_its_time_again() -> None:
    device = limited("123", 30.0, revert_s=10.0)
    device.after(8.0)
    device.write(m123_WMaxLimPct=40.0)
    assert device.after(8.0) == pytest.approx(4_000.0)
    assert device.after(3.0) == SUN_W


def test_the_seconds_left_are_read_and_end_at_zero() -> None:
    device = limited("704", 30.0, revert_s=10.0)
    assert device.read("m704_WMaxLimPctRvrtRem") == 10
    device.after(4.0)
    assert device.read("m704_WMaxLimPctRvrtRem") == 6
    device.after(7.0)
    assert device.read("m704_WMaxLimPctRvrtRem") == 0


def test_a_limit_reverts_to_the_values_given_for_that() -> None:
    device = plant()
    device.write(
        m704_WMaxLimPctRvrt=50.0, m704_WMaxLimPctEnaRvrt=1, m704_WMaxLimPctRvrtTms=5,
        m704_WMaxLimPct=30.0, m704_WMaxLimPctEna=1,
    )  # fmt: skip
    assert device.after(4.0) == pytest.approx(3_000.0)
    assert device.after(2.0) == pytest.approx(5_000.0)
    assert (device.read("m704_WMaxLimPct"), device.read("m704_WMaxLimPctEna")) == (50.0, 1)


def test_a_limit_without_a_time_of_reversion_stays() -> None:
    device = limited("123", 30.0, revert_s=10.0)
    device.write(m123_WMaxLimPct_RvrtTms=0)
    assert device.after(20.0) == pytest.approx(3_000.0)


def test_of_two_limits_the_lower_applies() -> None:
    device = limited("123", 30.0)
    device.write(m704_WMaxLimPct=60.0, m704_WMaxLimPctEna=1)
    assert device.after(1.0) == pytest.approx(3_000.0)
    device.write(m123_WMaxLim_Ena=0)
    assert device.after(1.0) == pytest.approx(6_000.0)


def test_a_limit_ramps_in_its_ramp_time() -> None:
    device = limited("123", 80.0)
    device.after(1.0)
    device.write(m123_WMaxLimPct_RmpTms=10, m123_WMaxLimPct=30.0)
    assert device.after(5.0) == pytest.approx(5_500.0)
    assert device.after(5.0) == pytest.approx(3_000.0)
    device.after(2.0)
    assert device.device.commands.ramp_pu_per_s == 0.0


def test_a_limit_with_a_time_window_takes_effect_within_it() -> None:
    device = plant()
    device.write(m123_WMaxLimPct_WinTms=20, m123_WMaxLimPct=30.0, m123_WMaxLim_Ena=1)
    powers = [device.after(1.0) for _ in range(22)]
    assert powers[0] == SUN_W
    assert powers[-1] == pytest.approx(3_000.0)


def test_the_ramp_of_the_settings_holds_for_both_models() -> None:
    device = limited("123", 80.0)
    device.write(m121_WGra=5.0)
    assert device.read("m704_WRmp") == 5
    device.write(m123_WMaxLimPct=30.0)
    assert device.after(4.0) == pytest.approx(6_000.0)


def test_the_greatest_power_is_a_setting_that_two_models_share() -> None:
    device = plant()
    device.write(m702_WMax=5_000.0)
    assert device.read("m121_WMax") == 5_000.0
    assert device.after(1.0) == pytest.approx(5_000.0)
    device.write(m123_WMaxLimPct=50.0, m123_WMaxLim_Ena=1)
    assert device.after(1.0) == pytest.approx(2_500.0)


def test_a_value_outside_its_range_is_refused() -> None:
    device = plant()
    assert device.write(m123_WMaxLimPct=101.0) == 3
    assert device.write(m123_WMaxLim_Ena=2) == 3
    assert device.after(1.0) == SUN_W


def test_a_power_setpoint_of_a_plant_is_an_upper_limit() -> None:
    device = plant()
    device.write(m704_WSet=2_500.0, m704_WSetEna=1)
    assert device.after(1.0) == 2_500.0
    device.write(m704_WSetPct=40.0, m704_WSetMod=0)
    assert device.after(1.0) == 4_000.0
    device.write(m704_WSetEna=0)
    assert device.after(1.0) == SUN_W


@pytest.mark.parametrize(
    ("points", "sign"),
    [
        ({"m123_OutPFSet": 0.9, "m123_OutPFSet_Ena": 1}, 1),
        ({"m123_OutPFSet": -0.9, "m123_OutPFSet_Ena": 1}, -1),
        ({"m704_PFWInj_PF": 0.9, "m704_PFWInj_Ext": 0, "m704_PFWInjEna": 1}, 1),
        ({"m704_PFWInj_PF": 0.9, "m704_PFWInj_Ext": 1, "m704_PFWInjEna": 1}, -1),
    ],
)
def test_a_power_factor_gives_vars_of_its_sign(points: dict[str, float], sign: int) -> None:
    device = plant()
    device.write(**points)
    power_w = device.after(1.0)
    assert device.device.state.reactive_power_var == pytest.approx(sign * power_w * 0.48432, rel=1e-2)
    device.write(**{list(points)[-1]: 0})
    device.after(1.0)
    assert device.device.state.reactive_power_var == 0.0


@pytest.mark.parametrize(
    ("points", "var"),
    [
        ({"m123_VArPct_Mod": 1, "m123_VArWMaxPct": 20.0, "m123_VArPct_Ena": 1}, 2_000.0),
        ({"m123_VArPct_Mod": 2, "m123_VArMaxPct": -30.0, "m123_VArPct_Ena": 1}, -3_000.0),
        ({"m704_VarSetMod": 4, "m704_VarSet": 1_500.0, "m704_VarSetEna": 1}, 1_500.0),
        ({"m704_VarSetMod": 1, "m704_VarSetPct": -25.0, "m704_VarSetEna": 1}, -2_500.0),
    ],
)
def test_reactive_power_is_set_in_each_of_its_modes(points: dict[str, float], var: float) -> None:
    device = plant()
    device.write(**points)
    device.after(1.0)
    assert device.device.state.reactive_power_var == pytest.approx(var)
    assert device.read("m103_VAr") == pytest.approx(var)


def test_a_disconnection_ends_with_its_time() -> None:
    device = plant()
    device.write(m123_Conn_RvrtTms=5, m123_Conn=0)
    assert device.after(2.0) == 0.0
    assert device.read("m123_Conn") == 0
    device.after(5.0)
    assert device.read("m123_Conn") == 1
    assert device.device.commands.on is True


def test_a_reversion_meets_a_forced_command_without_harm() -> None:
    device = limited("123", 30.0, revert_s=3.0)
    device.engine.submit(Pin("pv", "active_power_limit_pu", 0.1))
    assert device.after(6.0) == pytest.approx(1_000.0)


def test_a_battery_discharges_no_more_than_its_limit() -> None:
    device = storage()
    device.device.change({"active_power_setpoint_w": 5_000.0})
    device.write(m704_WMaxLimPct=40.0, m704_WMaxLimPctEna=1)
    assert device.after(1.0) == 2_000.0
    device.write(m704_WMaxLimPctEna=0)
    assert device.after(1.0) == 5_000.0


def test_a_battery_follows_its_setpoint_in_watts() -> None:
    device = storage(start=False)
    device.write(m704_WSet=-1_200.0, m704_WSetRvrtTms=5, m704_WSetEna=1)
    assert device.after(2.0) == -1_200.0
    assert device.after(5.0) == 0.0


ENABLE = {"name": "m123_WMaxLim_Ena", "table": "holding", "access": "rw", "address": 0, "type": "enum16"}


def test_an_enable_without_its_percentage_limits_nothing() -> None:
    entry = {**ENABLE, "stored": True, "value": 0}
    registers = bound(parse_map({"device_type": "pv", "rules": "sunspec", "registers": [entry]}))
    device = SunSpecDevice(registers.engine, registers, "pv")
    device.write(m123_WMaxLim_Ena=1)
    assert device.device.commands.active_power_limit_pu == 1.0


@pytest.mark.parametrize(
    ("kind", "rules", "message"),
    [
        ("meter", "sunspec", "no sunspec rules for a meter; there are some for pv, battery"),
        ("pv", "sunspek", "rules: expected one of sunspec"),
    ],
)
def test_rules_that_a_map_cannot_have_are_refused(kind: str, rules: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_map({"device_type": kind, "rules": rules, "registers": [{**ENABLE, "stored": True}]})
    assert message in str(caught.value)
