"""Devices in a site file may have EOS's form."""

from collections.abc import Callable
from typing import Any

import pytest

from twin_tui.config import load_site
from twin_tui.engine.devices.ev_session import ChargingSession
from twin_tui.engine.devices.time_window import Window
from twin_tui.engine.events import SelectMode

BATTERY = {
    "type": "battery",
    "device_id": "store",
    "capacity_wh": 8000,
    "charging_efficiency": 0.9,
    "discharging_efficiency": 0.8,
    "max_charge_power_w": 3000,
    "min_charge_power_w": 50,
    "charge_rates": [0, 0.5, 1],
    "initial_soc_percentage": 30,
    "min_soc_percentage": 10,
    "max_soc_percentage": 95,
}


def test_a_battery_of_that_form() -> None:
    (battery,) = load_site({"assets": [BATTERY]}).plan.devices
    params, commands = battery.params, battery.commands
    assert battery.name == "store"
    assert (params.capacity_wh, params.initial_soc) == (8000, pytest.approx(0.3))
    assert (params.charge_efficiency, params.discharge_efficiency) == (0.9, 0.8)
    assert params.max_charge_w == params.max_discharge_w == 3000
    assert commands.soc_lower_limit_1 == commands.soc_lower_limit_2 == pytest.approx(0.1)
    assert commands.soc_upper_limit_1 == commands.soc_upper_limit_2 == pytest.approx(0.95)


def test_an_inverter_of_that_form_adds_its_losses_to_those_of_its_battery() -> None:
    inverter = {
        "type": "inverter",
        "device_id": "inv",
        "max_power_w": 6000,
        "battery_id": "store",
        "ac_to_dc_efficiency": 0.95,
        "dc_to_ac_efficiency": 0.97,
    }
    battery, pv = load_site({"assets": [BATTERY, inverter]}).plan.devices
    assert battery.params.charge_efficiency == pytest.approx(0.9 * 0.95)
    assert battery.params.discharge_efficiency == pytest.approx(0.8 * 0.97)
    assert (pv.params.rated_w, pv.params.nominal_efficiency) == (6000, 0.97)


def test_an_inverter_names_a_battery_that_exists(message: Callable[..., str]) -> None:
    text = message({"assets": [BATTERY, {"type": "inverter", "battery_id": "stoer"}]})
    assert text == "site: assets[1].battery_id: no battery is named 'stoer'; did you mean store?"


def test_limits_are_given_once_and_in_order(message: Callable[..., str]) -> None:
    assert "give soc_limits or max_soc_percentage, not both" in message(
        {"assets": [{**BATTERY, "soc_limits": {"lower_1": 50}}]}
    )
    assert "expected min_soc_percentage below max_soc_percentage, found 90 and 80" in message(
        {"assets": [{**BATTERY, "min_soc_percentage": 90, "max_soc_percentage": 80}]}
    )


def test_a_vehicle_of_that_form() -> None:
    vehicle = {
        "type": "ev_charger",
        "device_id": "ev1",
        "capacity_wh": 50_000,
        "charging_efficiency": 0.95,
        "discharging_efficiency": 1.0,
        "max_charge_power_w": 7400,
        "initial_soc_percentage": 20,
        "min_soc_percentage": 60,
        "max_soc_percentage": 80,
    }
    (ev,) = load_site({"assets": [vehicle]}).plan.devices
    assert (ev.params.capacity_wh, ev.params.charging_efficiency, ev.params.max_charge_power_w) == (
        50_000,
        0.95,
        7400,
    )
    assert (ev.params.initial_soc, ev.params.max_soc) == (pytest.approx(0.2), pytest.approx(0.8))


def test_an_appliance_of_that_form() -> None:
    windows = [
        {"start_time": "08:00", "duration": "5 hours"},
        {"start_time": "20:30", "duration": "PT2H", "day_of_week": 6},
    ]
    appliance = {
        "type": "appliance",
        "device_id": "wash",
        "consumption_wh": 1200,
        "duration_h": 2,
        "time_windows": {"windows": windows},
    }
    (wash,) = load_site({"assets": [appliance]}).plan.devices
    assert (wash.params.consumption_wh, wash.params.duration_s) == (1200, 7200)
    assert wash.params.windows == (Window(28_800, 18_000), Window(73_800, 7200, day_of_week=6))


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ({"start_time": "25:00", "duration": "1h"}, "expected a time of day like 08:00, found '25:00'"),
        ({"start_time": "08:00"}, "missing key duration"),
        ({"start_time": "08:00", "duration": "long"}, "invalid duration: 'long'"),
        (
            {"start_time": "08:00", "duration": "1h", "day_of_week": "someday"},
            "expected a day of the week like monday",
        ),
        (
            {"start_time": "08:00", "duration": "1h", "date": "June"},
            "expected a date like 2026-06-20, found 'June'",
        ),
        ({"start_time": "08:00", "durtaion": "1h"}, "unknown key durtaion; did you mean duration?"),
        ({"start_time": "08:00", "duration": "3d"}, "which is not above 0 up to a day"),
        ({"start_time": "08:00", "duration": "1h"}, "no time window of the appliance is as long as its run"),
    ],
)
def test_an_invalid_window_is_reported(
    window: dict[str, Any], expected: str, message: Callable[..., str]
) -> None:
    appliance = {"type": "appliance", "consumption_wh": 1, "duration": "2h", "windows": [window]}
    text = message({"assets": [appliance]})
    assert expected in text
    assert text.startswith("site: assets[0]")


def test_charging_sessions_of_a_vehicle_are_read() -> None:
    stays = [
        {"arrival": "17:30", "departure": "07:15", "arrival_soc": 40, "weekdays": "mon-fri"},
        {"arrival": "10:00", "departure": "12:00", "weekdays": ["saturday", 6]},
    ]
    (ev,) = load_site({"assets": [{"type": "ev_charger", "sessions": stays}]}).plan.devices
    assert ev.params.sessions == (
        ChargingSession(63_000, 26_100, 0.4, (0, 1, 2, 3, 4)),
        ChargingSession(36_000, 43_200, None, (5, 6)),
    )


def test_a_device_can_start_in_an_operation_mode() -> None:
    mode = {"name": "PEAK_SHAVING", "factor": 0.5, "parameters": {"peak_target_w": 1000}}
    ((at_s, event),) = load_site({"assets": [{**BATTERY, "mode": mode}]}).plan.events
    assert at_s == 0
    assert event == SelectMode("store", "PEAK_SHAVING", 0.5, {"peak_target_w": 1000}, "site file")


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("PEAK_SHAVNIG", "did you mean PEAK_SHAVING?"),
        (7, "assets[0].mode: expected an operation mode, found 7"),
        ({"factor": 1}, "assets[0].mode: missing key name"),
        ({"name": "IDLE", "faktor": 1}, "assets[0].mode: unknown key faktor; did you mean factor?"),
        ({"name": "IDLE", "factor": 2}, "assets[0].mode: store: factor 2 is not in 0 … 1"),
    ],
)
def test_an_invalid_mode_is_reported(mode: Any, expected: str, message: Callable[..., str]) -> None:
    assert expected in message({"assets": [{**BATTERY, "mode": mode}]})
