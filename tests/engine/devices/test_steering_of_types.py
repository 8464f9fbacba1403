"""How each type is steered: its limits, the commands that ask for a power, and what it reports."""

from typing import Any

import pytest

from tests.laws.worlds import TYPES
from twin_tui.engine.device import AnyDeviceType
from twin_tui.engine.devices.appliance import APPLIANCE, ApplianceParams
from twin_tui.engine.devices.battery import BATTERY, BatteryParams
from twin_tui.engine.devices.chp import CHP, ChpParams
from twin_tui.engine.devices.ev_charger import EV_CHARGER, EvParams
from twin_tui.engine.devices.heat_pump import HEAT_PUMP
from twin_tui.engine.devices.heat_pump_model import HeatPumpParams
from twin_tui.engine.devices.pv import NO_LIMIT_W, PV, PvParams
from twin_tui.engine.engine import Engine
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.engine.steering import PowerLimits, Steering

PARAMS: dict[str, Any] = {
    "battery": BatteryParams(10_000.0, 5_000.0, 4_000.0, 6_000.0, initial_soh=0.9, initial_soc=0.25),
    "pv": PvParams(8_000.0, 9_000.0),
    "chp": ChpParams(10_000.0, max_load_pu=1.1),
    "ev_charger": EvParams(capacity_wh=60_000.0, max_charge_power_w=11_000.0, initial_soc=0.75),
    "appliance": ApplianceParams(1_200.0, 7_200.0, (3.0, 1.0, 2.0, 0.0)),
    "heat_pump": HeatPumpParams(rated_heat_w=8_000.0),
}


def steering(kind: str) -> Steering:
    found = TYPES[kind].steering
    assert found is not None
    return found


def device(kind: str) -> Any:
    engine = Engine(SitePlan("x", (DevicePlan("d", TYPES[kind], PARAMS[kind]),), dt_s=1.0))
    engine.step()
    return engine.devices["d"]


@pytest.mark.parametrize(
    ("kind", "limits"),
    [
        ("battery", PowerLimits(5_000.0, 4_000.0, 9_000.0)),
        ("pv", PowerLimits(0.0, 8_000.0, 0.0)),
        ("chp", PowerLimits(0.0, 11_000.0, 0.0)),
        ("ev_charger", PowerLimits(11_000.0, 0.0, 60_000.0)),
        # 1200 Wh in 2 h, at the highest of its quarters
        ("appliance", PowerLimits(1_200.0, 0.0, 0.0)),
        ("heat_pump", PowerLimits(8_000.0, 0.0, 0.0)),
    ],
)
def test_the_limits_of_a_type_are_those_of_its_parameters(kind: str, limits: PowerLimits) -> None:
    found = steering(kind).limits(PARAMS[kind])
    assert (found.charge_w, found.discharge_w, found.capacity_wh) == pytest.approx(
        (limits.charge_w, limits.discharge_w, limits.capacity_wh)
    )


@pytest.mark.parametrize(
    ("kind", "power_w", "commands"),
    [
        ("battery", -700.0, {"active_power_setpoint_w": -700.0}),
        ("pv", 3_000.0, {"active_power_limit_w": 3_000.0}),
        ("pv", 1e12, {"active_power_limit_w": NO_LIMIT_W}),
        ("chp", 5_000.0, {"start_stop": 1, "load_setpoint_pu": 0.5}),
        ("chp", 0.0, {"start_stop": 0, "load_setpoint_pu": 0.0}),
        ("ev_charger", -4_200.0, {"active_power_limit_w": 4_200.0}),
        ("ev_charger", 500.0, {"active_power_limit_w": 0.0}),
        ("appliance", -0.5, {"run": True}),
        ("appliance", 0.0, {"run": False}),
        ("heat_pump", 5_000.0, {"heat_power_setpoint_w": 5_000.0}),
    ],
)
def test_a_power_becomes_the_commands_that_ask_for_it(
    kind: str, power_w: float, commands: dict[str, Any]
) -> None:
    found = steering(kind).encode(PARAMS[kind], power_w)
    assert found == commands
    assert set(found) <= steering(kind).setpoints


@pytest.mark.parametrize(
    ("kind", "level"), [("battery", 0.25), ("ev_charger", 0.75), ("pv", 0.0), ("appliance", 0.0)]
)
def test_a_storage_says_how_full_it_is(kind: str, level: float) -> None:
    found = device(kind)
    assert steering(kind).level(found.params, found.state) == pytest.approx(level, abs=1e-3)


@pytest.mark.parametrize("kind", ["battery", "ev_charger"])
def test_a_reported_fill_level_is_taken_over(kind: str) -> None:
    found = device(kind)
    found.change_state(**steering(kind).report["soc"](found.params, found.state, 0.6))
    assert steering(kind).level(found.params, found.state) == pytest.approx(0.6)


@pytest.mark.parametrize("kind", [BATTERY, PV, CHP, EV_CHARGER, APPLIANCE, HEAT_PUMP], ids=lambda k: k.kind)
def test_what_makes_a_device_ready_and_what_steers_it_are_commands(kind: AnyDeviceType) -> None:
    assert kind.steering is not None
    for name, wanted in kind.steering.start.items():
        assert kind.signals[name].command
        assert kind.signals[name].accept(wanted, name) == wanted
    assert all(kind.signals[name].command for name in kind.steering.setpoints)
    assert kind.steering.setpoints
