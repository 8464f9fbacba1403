"""What a test of an EMS looks like: fast-forward, deterministic replay, control logic."""

from typing import Any

from twin_tui import Twin
from twin_tui.engine.devices.battery import BATTERY, ON


def a_battery_site(soc: float = 40.0) -> dict[str, Any]:
    return {
        "site_name": "one battery",
        "step": 0.1,
        "real_time": False,
        "assets": [
            {
                "type": "bess",
                "asset_id": "bess",
                "capacity_kwh": 10.0,
                "initial_soc": soc,
                "max_charge_kw": 20.0,
                "max_discharge_kw": 20.0,
            }
        ],
    }


def test_twenty_minutes_of_charging_pass_in_no_time() -> None:
    twin = Twin.from_dict(a_battery_site())
    bess = twin.device("bess", BATTERY)
    bess.write(start_stop=ON, active_power_setpoint_w=-20_000)
    twin.advance(20 * 60)
    assert twin.engine.tick == 12_000
    assert bess.telemetry.soc >= 0.89


def test_two_runs_are_the_same_run() -> None:
    def soc_curve() -> list[float]:
        twin = Twin.from_dict(a_battery_site())
        bess = twin.device("bess", BATTERY)
        bess.write(start_stop=ON, active_power_setpoint_w=-20_000)
        curve = []
        for _ in range(200):
            for _ in range(5):
                twin.step_once()
            curve.append(bess.telemetry.soc)
        return curve

    assert soc_curve() == soc_curve()


def test_an_ems_keeps_the_state_of_charge_between_40_and_60_percent() -> None:
    twin = Twin.from_dict(a_battery_site(soc=50.0))
    bess = twin.device("bess", BATTERY)
    bess.write(start_stop=ON)
    charging, turns = True, 0
    for _ in range(8_000):
        soc = bess.telemetry.soc
        if charging and soc >= 0.60:
            charging, turns = False, turns + 1
        elif not charging and soc <= 0.40:
            charging, turns = True, turns + 1
        bess.write(active_power_setpoint_w=-20_000 if charging else 20_000)
        twin.step_once()
        assert 0.38 <= bess.telemetry.soc <= 0.62
    assert turns >= 2
