"""A limit of the feed-in: the plant gives way, and only where load and storage leave something over."""

from typing import Any

import pytest

from twin_tui.config.grid_codes import load_grid_code
from twin_tui.engine.device import registry
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import SelectMode, Write
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.engine.weather import Series

LOAD_W = 352.0
FULL_SUN = Series(0.0, 60.0, (8_000.0,), relative=True)


def plan(name: str, kind: str, **params: Any) -> DevicePlan:
    found = registry[kind]
    return DevicePlan(name, found, found.params(**params))


def engine(*, soc: float = 0.5, plants: int = 1, **pv: Any) -> Engine:
    params = {"rated_w": 10_000.0, "peak_w": 10_000.0, "series": FULL_SUN, **pv}
    made = Engine(
        SitePlan(
            "limit",
            (
                *(plan(f"pv-{number}", "pv", **params) for number in range(1, plants + 1)),
                plan("load", "load", base_w=LOAD_W),
                plan(
                    "battery",
                    "battery",
                    capacity_wh=10_000.0,
                    max_charge_w=2_000.0,
                    max_discharge_w=2_000.0,
                    rated_va=2_000.0,
                    initial_soc=soc,
                ),
                plan("meter", "meter"),
            ),
        )
    )
    made.advance(3.0)
    return made


def power(made: Engine, name: str) -> float:
    found: float = made.telemetry(name).active_power_w
    return found


def limit(made: Engine, limit_w: float, name: str = "pv-1") -> None:
    made.submit(Write(name, {"export_limit_w": limit_w}))
    made.advance(2.0)


def test_without_a_limit_the_site_feeds_in_what_is_over() -> None:
    made = engine()
    assert power(made, "meter") == pytest.approx(LOAD_W - 8_000.0)


@pytest.mark.parametrize("limit_w", [0.0, 500.0, -100.0])
def test_the_feed_in_is_the_limit_and_the_plant_gives_the_rest_to_the_load(limit_w: float) -> None:
    made = engine()
    limit(made, limit_w)
    assert power(made, "meter") == pytest.approx(-limit_w, abs=1e-6)
    assert power(made, "pv-1") == pytest.approx(LOAD_W + limit_w)
    limit(made, 1e9)
    assert power(made, "pv-1") == pytest.approx(8_000.0)


def test_the_plant_gives_to_load_and_storage_before_it_gives_way() -> None:
    made = engine()
    made.submit(SelectMode("battery", "SELF_CONSUMPTION"))
    limit(made, 0.0)
    assert power(made, "battery") == pytest.approx(-2_000.0)
    assert power(made, "pv-1") == pytest.approx(LOAD_W + 2_000.0)
    assert power(made, "meter") == pytest.approx(0.0, abs=1e-6)


def test_a_full_battery_leaves_the_plant_the_load_alone() -> None:
    made = engine(soc=0.95)
    made.submit(SelectMode("battery", "SELF_CONSUMPTION"))
    limit(made, 0.0)
    assert power(made, "battery") == 0.0
    assert power(made, "pv-1") == pytest.approx(LOAD_W)


def test_the_plant_cannot_undo_what_a_battery_discharges() -> None:
    made = engine()
    made.submit(Write("battery", {"start_stop": 1, "active_power_setpoint_w": 1_500.0}))
    limit(made, 0.0)
    assert power(made, "pv-1") == 0.0
    assert power(made, "meter") == pytest.approx(LOAD_W - 1_500.0)


def test_of_two_plants_the_one_with_the_limit_gives_way() -> None:
    made = engine(plants=2)
    limit(made, 9_000.0, "pv-2")
    assert power(made, "pv-1") == pytest.approx(8_000.0)
    assert power(made, "pv-2") == pytest.approx(1_000.0 + LOAD_W)
    limit(made, 500.0, "pv-1")
    assert power(made, "pv-1") == 0.0
    assert power(made, "pv-2") == pytest.approx(8_000.0)


def test_the_power_falls_no_faster_than_the_ramp_of_the_plant() -> None:
    made = engine(ramp_w_per_s=1_000.0)
    made.advance(20.0)
    limit(made, 0.0)
    assert power(made, "pv-1") == pytest.approx(8_000.0 - 2 * 1_000.0)


def test_a_lower_power_limit_remains_in_force() -> None:
    made = engine()
    made.submit(Write("pv-1", {"active_power_limit_w": 200.0}))
    limit(made, 0.0)
    assert power(made, "pv-1") == pytest.approx(200.0)


def test_the_plant_says_that_the_feed_in_is_limited() -> None:
    made = engine()
    limit(made, 0.0)
    why = made.snapshot().device("pv-1").why
    assert [each.name for each in why.constraints] == ["export limit"]
    assert why.constraints[0].text == "the site may feed in 0.00 kW"


def test_protection_goes_before_the_limit() -> None:
    made = engine(grid_code=load_grid_code("en50549-1"))
    made.advance(300.0)
    limit(made, 0.0)
    assert power(made, "meter") == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "wanted_w", "limit_w"), [("charge", -1_800.0, 700.0), ("discharge", 1_800.0, 0.0)]
)
def test_a_battery_keeps_its_charge_and_discharge_limits(name: str, wanted_w: float, limit_w: float) -> None:
    made = engine()
    made.submit(Write("battery", {"start_stop": 1, "active_power_setpoint_w": wanted_w}))
    made.advance(2.0)
    assert power(made, "battery") == pytest.approx(wanted_w)
    made.submit(Write("battery", {f"{name}_limit_w": limit_w}))
    made.advance(2.0)
    assert abs(power(made, "battery")) == pytest.approx(limit_w)
    assert getattr(made.telemetry("battery"), f"available_{name}_power_w") == pytest.approx(limit_w)
