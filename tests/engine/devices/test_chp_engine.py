"""What the sensors of a CHP's engine see: first-order lags towards what its state and load make of them."""

import math
from dataclasses import fields, replace
from typing import Any

import pytest

from twin_tui.engine.devices.chp_engine import ChpUnit, Sensors, advance_sensors, at_rest

AIR_C = 20.0
COLD = at_rest(AIR_C)
RUNS: dict[str, Any] = {
    "breaker_closed": False,
    "synchronous_rpm": 1485.0,
    "rated_rpm": 1500.0,
    "ambient_c": AIR_C,
    "cooled": True,
    "oil_fed": True,
}


def after(sensors: Sensors, unit: ChpUnit, load_pu: float, seconds: float, **changes: Any) -> Sensors:
    return advance_sensors(sensors, unit, load_pu, seconds, **{**RUNS, **changes})


def settled(unit: ChpUnit, load_pu: float = 0.0, **changes: Any) -> Sensors:
    """Return what the sensors come to; speed first, since the oil pressure follows it."""
    return after(after(COLD, unit, load_pu, 1e6, **changes), unit, load_pu, 1e6, **changes)


def test_an_engine_at_rest_is_as_cold_as_the_air() -> None:
    assert after(COLD, ChpUnit.READY, 0.0, 60.0) == COLD
    assert (COLD.speed_rpm, COLD.throttle, COLD.oil_bar, COLD.charge_bar) == (0.0, 0.0, 0.0, 0.0)
    assert {COLD.coolant_c, COLD.oil_c, COLD.exhaust_c, COLD.intake_c} == {AIR_C}


@pytest.mark.parametrize(
    ("unit", "load_pu", "expected"),
    [
        # speed, throttle, coolant, oil, exhaust, intake, oil pressure, charge pressure
        (ChpUnit.STARTING, 0.0, (1500.0, 0.08, 82.0, 88.0, 200.0, 25.0, 4.5, 0.0)),
        (ChpUnit.IDLE, 0.0, (1500.0, 0.08, 82.0, 88.0, 200.0, 25.0, 4.5, 0.0)),
        (ChpUnit.RUNNING, 0.05, (1500.0, 0.08, 82.3, 88.3, 383.5, 25.0, 4.5, 0.1)),
        (ChpUnit.RUNNING, 0.5, (1500.0, 0.5, 85.0, 91.0, 415.0, 25.0, 4.5, 1.0)),
        (ChpUnit.STOPPING, 0.0, (0.0, 0.0, 20.0, 20.0, 20.0, 20.0, 0.0, 0.0)),
        (ChpUnit.FAULT, 0.0, (0.0, 0.0, 20.0, 20.0, 20.0, 20.0, 0.0, 0.0)),
    ],
)
def test_each_state_and_load_has_its_temperatures_and_pressures(
    unit: ChpUnit, load_pu: float, expected: tuple[float, ...]
) -> None:
    found = settled(unit, load_pu)
    assert [getattr(found, item.name) for item in fields(Sensors)] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("name", "tau_s"),
    [
        *(("throttle", 1.0), ("charge_bar", 2.0), ("speed_rpm", 3.0), ("exhaust_c", 15.0)),
        *(("coolant_c", 60.0), ("oil_c", 60.0), ("intake_c", 300.0)),
    ],
)
@pytest.mark.parametrize("steps", [1, 8])
def test_each_quantity_covers_two_thirds_of_its_way_in_its_own_time(
    name: str, tau_s: float, steps: int
) -> None:
    target, sensors = settled(ChpUnit.RUNNING, 0.5), COLD
    for _ in range(steps):
        sensors = after(sensors, ChpUnit.RUNNING, 0.5, tau_s / steps)
    way = getattr(target, name) - getattr(COLD, name)
    assert getattr(sensors, name) - getattr(COLD, name) == pytest.approx(way * (1.0 - math.exp(-1.0)))


def test_a_stopped_engine_cools_thirty_times_slower_than_it_warms() -> None:
    hot = settled(ChpUnit.RUNNING, 1.0)
    cooler = after(hot, ChpUnit.READY, 0.0, 1800.0)
    for name in ("coolant_c", "oil_c"):
        warmer = getattr(cooler, name) - AIR_C
        assert warmer == pytest.approx((getattr(hot, name) - AIR_C) * math.exp(-1.0))


@pytest.mark.parametrize(("speed_rpm", "bar"), [(0.0, 0.0), (300.0, 1.8), (750.0, 4.5), (1500.0, 4.5)])
def test_oil_pressure_rises_with_the_speed_up_to_half_of_the_rated_one(speed_rpm: float, bar: float) -> None:
    turning = {"breaker_closed": True, "synchronous_rpm": speed_rpm}
    assert settled(ChpUnit.RUNNING, 0.0, **turning).oil_bar == pytest.approx(bar)
    assert settled(ChpUnit.RUNNING, 0.0, **turning, oil_fed=False).oil_bar == 0.0


def test_on_the_grid_the_speed_is_synchronous_at_once() -> None:
    found = after(replace(COLD, speed_rpm=1500.0), ChpUnit.RUNNING, 0.5, 0.1, breaker_closed=True)
    assert found.speed_rpm == 1485.0


def test_without_its_coolant_pump_an_engine_tends_to_140_degrees_while_it_turns() -> None:
    assert settled(ChpUnit.RUNNING, 1.0, cooled=False).coolant_c == pytest.approx(140.0)
    assert settled(ChpUnit.READY, cooled=False).coolant_c == pytest.approx(AIR_C)
