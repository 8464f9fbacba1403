"""A bidirectional vehicle has protection and droop like any storage; one that only charges is a load."""

from typing import Any

import pytest

from twin_tui import Disturb, Disturbance, Target, Twin
from twin_tui.engine.device import Status

V2G: dict[str, Any] = {
    "type": "ev_charger",
    "name": "ev",
    "capacity_kwh": 40,
    "max_charge_power_kw": 11,
    "max_discharge_power_kw": 10,
    "ramp_a_per_s": 1000,
}


def station(**keys: Any) -> tuple[Twin, Any]:
    assets = [{**V2G, **keys}, {"type": "meter", "name": "m"}]
    twin = Twin.from_dict({"assets": assets, "step": 0.1})
    return twin, twin.device("ev")


def code_of(**keys: Any) -> str | None:
    twin, _ = station(**keys)
    code = twin.engine.devices["ev"].params.grid_code
    return None if code is None else code.name


def move(twin: Twin, hz: float, **keys: Any) -> None:
    twin.submit(Disturb(Disturbance(Target.FREQUENCY, hz, **keys)))


def test_it_takes_the_code_of_the_site_like_every_inverter_and_one_that_only_charges_none() -> None:
    _, ev = station()
    assert ev.commands.trip_uv1_pu == 0.85
    names = [code_of(), code_of(max_discharge_power_kw=0), code_of(grid_code="none")]
    assert names == ["en50549-1", None, None]
    assert code_of(grid_code="vde-ar-n-4105") == "vde-ar-n-4105"
    assert code_of(max_discharge_power_kw=0, grid_code="g99") == "g99"


def test_it_trips_outside_the_limits_and_comes_back_on_the_ramp_after_the_delay() -> None:
    twin, ev = station()
    ev.write(discharge_setpoint_w=6_000.0)
    twin.advance(2.0)
    assert ev.telemetry.active_power_w == pytest.approx(6_000.0)
    move(twin, 2.0, duration_s=1.0)
    twin.advance(0.5)
    assert (ev.status, ev.telemetry.active_power_w) == (Status.TRIPPED, 0.0)
    assert ev.faults == ("grid_frequency",)
    twin.advance(2.0)
    assert ev.status is Status.WAITING
    assert "f>: frequency above 51.5 Hz; back in" in twin.snapshot().device("ev").explanation
    twin.advance(61.0 + 60.0)
    # a tenth of ten minutes up the ramp, of the larger power
    assert 800.0 < ev.telemetry.active_power_w < 1_300.0
    twin.advance(600.0)
    assert ev.telemetry.active_power_w == pytest.approx(6_000.0)
    told = [entry.text for entry in twin.engine.log if entry.device == "ev"]
    assert any("grid_frequency (code 5009)" in text for text in told)


def test_it_charges_less_and_then_discharges_when_the_frequency_is_low() -> None:
    twin, ev = station()
    ev.write(active_power_limit_w=5_500.0)
    twin.advance(2.0)
    assert ev.telemetry.active_power_w == pytest.approx(-5_500.0)
    move(twin, -0.4)
    twin.advance(30.0)
    # 0.2 Hz beyond the deadband over 5 % of 50 Hz, of 11 kW
    assert ev.telemetry.active_power_w == pytest.approx(-5_500.0 + 0.08 * 11_000.0)
    move(twin, -1.4)
    twin.advance(30.0)
    assert ev.telemetry.active_power_w == pytest.approx(-5_500.0 + 0.64 * 11_000.0)
    assert ev.telemetry.discharging_power_w > 1_000.0


def test_it_discharges_less_when_the_frequency_is_high() -> None:
    twin, ev = station()
    ev.write(discharge_setpoint_w=6_000.0)
    twin.advance(2.0)
    move(twin, 0.7)
    twin.advance(30.0)
    assert ev.telemetry.active_power_w == pytest.approx(6_000.0 - 0.2 * 11_000.0)


def test_a_disabled_station_answers_no_frequency() -> None:
    twin, ev = station()
    ev.write(enabled=False)
    move(twin, -1.4)
    twin.advance(10.0)
    assert ev.telemetry.active_power_w == 0.0


def test_an_empty_vehicle_does_not_discharge_for_the_grid() -> None:
    twin, ev = station(initial_soc=20)
    ev.write(active_power_limit_w=5_500.0, target_soc=0.2)
    move(twin, -1.4)
    twin.advance(10.0)
    assert ev.telemetry.active_power_w == 0.0


def test_a_vehicle_without_a_code_runs_at_any_frequency() -> None:
    twin, ev = station(grid_code="none")
    ev.write(discharge_setpoint_w=6_000.0)
    move(twin, 3.0)
    twin.advance(10.0)
    assert ev.telemetry.active_power_w == pytest.approx(6_000.0)
