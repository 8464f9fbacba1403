"""Model 124: storage rates are limits, which force only where they are negative."""

import pytest

from tests.protocols.sunspec.points import house, storage, sun
from twin_tui.engine.events import SelectMode

ALL_W = 5_000.0


@pytest.mark.parametrize("setpoint_w", [-ALL_W, 0.0, 1_500.0, ALL_W])
@pytest.mark.parametrize("mode", [0, 1, 2, 3])
def test_rates_of_100_percent_restrict_nothing(mode: int, setpoint_w: float) -> None:
    device = storage()
    device.device.change({"active_power_setpoint_w": setpoint_w})
    device.write(m124_InWRte=100.0, m124_OutWRte=100.0, m124_StorCtl_Mod=mode)
    assert device.after(1.0) == setpoint_w


@pytest.mark.parametrize(
    ("mode", "setpoint_w", "power_w"),
    [
        (0, -ALL_W, -ALL_W),
        (1, -ALL_W, -1_000.0),
        (1, ALL_W, ALL_W),
        (2, -ALL_W, -ALL_W),
        (2, ALL_W, 2_000.0),
        (3, -ALL_W, -1_000.0),
        (3, ALL_W, 2_000.0),
        (3, 500.0, 500.0),
    ],
)
def test_a_rate_limits_its_direction_in_the_modes_that_count_it(
    mode: int, setpoint_w: float, power_w: float
) -> None:
    device = storage()
    device.device.change({"active_power_setpoint_w": setpoint_w})
    device.write(m124_InWRte=20.0, m124_OutWRte=40.0, m124_StorCtl_Mod=mode)
    assert device.after(1.0) == power_w


@pytest.mark.parametrize(
    ("points", "power_w"),
    [
        ({"m124_OutWRte": -60.0, "m124_StorCtl_Mod": 2}, -3_000.0),
        ({"m124_InWRte": -30.0, "m124_StorCtl_Mod": 1}, 1_500.0),
        ({"m124_InWRte": 50.0, "m124_OutWRte": -50.0, "m124_StorCtl_Mod": 3}, -2_500.0),
    ],
)
def test_a_negative_rate_forces_the_other_direction(points: dict[str, float], power_w: float) -> None:
    device = storage(start=False)
    device.write(**points)
    assert device.after(1.0) == power_w
    device.write(m124_StorCtl_Mod=0)
    assert device.after(1.0) == 0.0


def test_rates_end_with_their_time_of_reversion() -> None:
    device = storage()
    device.write(m124_InOutWRte_RvrtTms=10, m124_OutWRte=-60.0, m124_StorCtl_Mod=2)
    assert device.after(9.0) == -3_000.0
    assert device.after(2.0) == 0.0
    assert device.read("m124_StorCtl_Mod") == 0


def test_rates_move_the_power_in_their_ramp_time() -> None:
    device = storage()
    device.write(m124_InOutWRte_RmpTms=10, m124_OutWRte=-60.0, m124_StorCtl_Mod=2)
    assert device.after(5.0) == pytest.approx(-1_500.0)
    assert device.after(5.0) == pytest.approx(-3_000.0)


def test_a_mode_of_operation_goes_on_within_the_rates() -> None:
    device = storage(house(3_000.0))
    device.engine.submit(SelectMode("battery", "SELF_CONSUMPTION"))
    assert device.after(2.0) == pytest.approx(3_000.0)
    device.write(m124_OutWRte=20.0, m124_StorCtl_Mod=2)
    assert device.after(2.0) == pytest.approx(1_000.0)
    assert device.device.guide is not None
    device.write(m124_OutWRte=100.0)
    assert device.after(2.0) == pytest.approx(3_000.0)


def test_the_greatest_charge_power_is_what_rates_are_percent_of() -> None:
    device = storage()
    device.write(m124_WChaMax=4_000.0, m124_OutWRte=-100.0, m124_StorCtl_Mod=3, m124_InWRte=50.0)
    device.write(m124_OutWRte=100.0)
    device.device.change({"active_power_setpoint_w": -ALL_W})
    assert device.after(1.0) == -2_000.0


def test_a_reserve_stops_the_discharge() -> None:
    device = storage()
    device.device.change({"active_power_setpoint_w": ALL_W})
    device.write(m124_MinRsvPct=60.0)
    assert device.after(1.0) == 0.0
    assert device.read("m802_SoCRsvMin") == 60.0


@pytest.mark.parametrize(("sun_w", "power_w"), [(4_000.0, -1_000.0), (2_000.0, 0.0), (9_000.0, -ALL_W)])
def test_without_charging_from_the_grid_a_battery_takes_what_the_site_has_to_spare(
    sun_w: float, power_w: float
) -> None:
    device = storage(sun(sun_w), house(3_000.0))
    device.write(m124_ChaGriSet=0, m124_OutWRte=-100.0, m124_StorCtl_Mod=2)
    assert device.after(2.0) == pytest.approx(power_w)
    device.write(m124_ChaGriSet=1)
    assert device.after(2.0) == -ALL_W


def test_what_binds_a_battery_names_the_command() -> None:
    device = storage()
    device.device.change({"active_power_setpoint_w": ALL_W})
    device.write(m124_OutWRte=20.0, m124_StorCtl_Mod=2)
    device.after(1.0)
    assert "limited to 1.00 kW by command" in str(device.device.why(device.engine.surroundings))
