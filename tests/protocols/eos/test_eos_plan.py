"""EOS plans on the twin, against EOS's own trajectory."""

import json
from pathlib import Path
from typing import Any

import pytest

from twin_tui import Twin
from twin_tui.errors import ConfigError
from twin_tui.protocols.eos.bundle import read_bundle, site_of_bundle
from twin_tui.protocols.eos.plan import Plan, parse_plan, read_plan, schedule

REFERENCE = Path(__file__).parents[4] / "shared" / "reference" / "eos-plans"
needs_reference = pytest.mark.skipif(not REFERENCE.is_dir(), reason=f"no EOS plans at {REFERENCE}")

BUNDLE: dict[str, Any] = {
    "start": "2025-06-01 08:00:00+00:00",
    "interval_s": 3600,
    "battery": {
        "device_id": "battery1",
        "capacity_wh": 10_000,
        "charging_efficiency": 0.9,
        "discharging_efficiency": 0.9,
        "max_charge_power_w": 2_000.0,
        "initial_soc_percentage": 50,
        "min_soc_percentage": 10,
        "max_soc_percentage": 100,
        "charge_rates": None,
    },
    "electric_vehicle": {
        "device_id": "ev1",
        "capacity_wh": 60_000,
        "charging_efficiency": 0.95,
        "max_charge_power_w": 11_000.0,
        "initial_soc_percentage": 50,
    },
    "home_appliance": {"device_id": "dishwasher", "consumption_wh": 1_000, "duration_h": 1},
    "inverter": {"max_power_wh": 10_000.0, "dc_to_ac_efficiency": 1.0},
    "pv_wh": [0.0, 1_500.0, 0.0, 0.0],
    "load_wh": [900.0, 600.0, 500.0, 500.0],
}


def instruction(resource: str, hour: int, mode: str, factor: Any = 1.0, **rest: Any) -> dict[str, Any]:
    return {
        "type": "FRBCInstruction",
        "resource_id": resource,
        "execution_time": f"2025-06-01T{hour:02d}:00:00Z",
        "operation_mode_id": mode,
        "operation_mode_factor": factor,
        **rest,
    }


def a_plan(*instructions: dict[str, Any]) -> Plan:
    return parse_plan({"id": "p", "instructions": list(instructions)})


@needs_reference
def test_the_twin_follows_eos_own_trajectory_over_38_hours() -> None:
    bundle = json.loads((REFERENCE / "eos_bundle_1.json").read_text(encoding="utf-8"))
    twin = Twin.from_dict(read_bundle(REFERENCE / "eos_bundle_1.json"))
    assert schedule(twin.engine, read_plan(REFERENCE / "eos_plan_1.json")) == 27
    expected = bundle["expected"]
    for hour, (battery_pct, ev_pct) in enumerate(
        zip(expected["battery_soc_pct"], expected["ev_soc_pct"], strict=True)
    ):
        battery = 100 * twin.device("battery1").telemetry.soc
        vehicle = 100 * twin.device("ev1").telemetry.soc
        assert battery == pytest.approx(battery_pct, abs=5.0), f"hour {hour}"
        assert vehicle == pytest.approx(ev_pct, abs=2.0), f"hour {hour}"
        twin.advance(3600)


def test_the_active_instruction_is_the_latest_that_is_due_per_resource() -> None:
    plan = a_plan(
        instruction("battery1", 10, "IDLE"),
        instruction("battery1", 8, "SELF_CONSUMPTION"),
        instruction("ev1", 9, "IDLE"),
    )
    ten = 1_748_772_000.0
    assert plan.active("battery1", ten - 7200) is not None
    assert plan.active("battery1", ten - 7201) is None
    before, at = plan.active("battery1", ten - 1), plan.active("battery1", ten)
    assert before is not None
    assert at is not None
    assert (before.mode, at.mode) == ("SELF_CONSUMPTION", "IDLE")
    assert plan.resources == ("battery1", "ev1")


@pytest.mark.parametrize(
    "written",
    [
        "2025-06-01T10:00:00Z",
        "2025-06-01 10:00:00+00:00",
        "2025-06-01T12:00:00+02:00",
        "20250601T100000Z",
        "2025-06-01 10:00:00",
    ],
)
def test_times_are_read_in_every_notation(written: str) -> None:
    plan = a_plan(instruction("battery1", 0, "IDLE", execution_time=written))
    assert plan.steps[0].unix_s == 1_748_772_000.0


def test_a_plan_drives_battery_vehicle_and_appliance() -> None:
    twin = Twin.from_dict(site_of_bundle(BUNDLE))
    plan = a_plan(
        instruction("battery1", 7, "IDLE"),
        instruction("battery1", 8, "ALLOW_DISCHARGE"),
        instruction("battery1", 9, "CHARGE", 0.25),
        instruction("battery1", 10, "DISCHARGE", 0.5),
        instruction("ev1", 8, "IDLE"),
        instruction("ev1", 9, "GRID_SUPPORT_IMPORT", "0.5"),
        instruction("ev1", 10, "IDLE"),
        instruction("dishwasher", 9, "RUN", type="DDBCInstruction"),
        instruction("dishwasher", 8, "OFF", type="DDBCInstruction"),
    )
    assert schedule(twin.engine, plan) == 8
    twin.advance(1800)
    assert twin.device("battery1").telemetry.active_power_w == pytest.approx(900.0)
    assert twin.device("ev1").telemetry.active_power_w == 0.0
    twin.advance(3600)
    # 1.5 kW of PV less 0.6 kW of load, 1 kW of the dishwasher and 5.5 kW of the vehicle: no surplus
    assert twin.device("battery1").telemetry.active_power_w == pytest.approx(-500.0)
    assert twin.device("ev1").telemetry.active_power_w == pytest.approx(-5_500.0, rel=0.02)
    assert twin.device("dishwasher").telemetry.active_power_w == pytest.approx(-1_000.0)
    twin.advance(3600)
    assert twin.device("battery1").telemetry.active_power_w == pytest.approx(1_000.0)
    assert twin.device("ev1").telemetry.active_power_w == 0.0
    assert twin.device("dishwasher").telemetry.total_energy_wh == pytest.approx(1_000.0)


def test_a_forced_charge_of_eos_accepts_pv_surplus() -> None:
    twin = Twin.from_dict(site_of_bundle({**BUNDLE, "electric_vehicle": None, "home_appliance": None}))
    schedule(twin.engine, a_plan(instruction("battery1", 8, "FORCED_CHARGE", 0.1)))
    twin.advance(1800)
    assert twin.device("battery1").telemetry.active_power_w == pytest.approx(-200.0)
    twin.advance(3600)
    assert twin.device("battery1").telemetry.active_power_w == pytest.approx(-900.0)


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ({}, "expected an object with a list of instructions"),
        ({"instructions": [1]}, r"instructions\[0\]: 1 is not an object"),
        ({"instructions": [instruction("b", 8, "IDLE", 1.3)]}, "operation_mode_factor 1.3 is not in 0 … 1"),
        ({"instructions": [instruction("b", 8, "IDLE", "nan")]}, "operation_mode_factor 'nan'"),
        ({"instructions": [instruction("b", 8, "IDLE", execution_time="soon")]}, "'soon' is not a date"),
        (
            {"instructions": [instruction("b", 8, "IDLE", type="FRBCInstrucion")]},
            "did you mean FRBCInstruction",
        ),
        ({"instructions": [instruction("", 8, "IDLE")]}, "missing resource_id"),
        ({"instructions": [instruction("b", 8, "")]}, "missing operation_mode_id"),
    ],
)
def test_an_invalid_plan_is_refused_with_its_place(plan: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_plan(plan)


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (instruction("batery1", 8, "IDLE"), "unknown resource 'batery1' in the plan; did you mean battery1"),
        (instruction("battery1", 8, "PEAK_SHAVINGS"), "did you mean PEAK_SHAVING"),
        (instruction("load", 8, "IDLE"), "a load has no operation modes"),
    ],
)
def test_a_plan_for_another_site_is_refused_before_anything_happens(
    step: dict[str, Any], message: str
) -> None:
    twin = Twin.from_dict(site_of_bundle(BUNDLE))
    with pytest.raises(ConfigError, match=message):
        schedule(twin.engine, a_plan(instruction("battery1", 8, "IDLE"), step))
    assert not twin.engine.log
