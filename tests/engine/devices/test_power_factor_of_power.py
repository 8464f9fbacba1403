"""cos φ(P): the reactive power of the curve of VDE-AR-N 4105, its lag, its limits, what goes first."""

from math import acos, exp, hypot, log, tan
from pathlib import Path
from typing import Any

import pytest

from twin_tui import CommandError, ConfigError, Twin
from twin_tui.config.grid_codes import load_grid_code
from twin_tui.engine.physics.droop import power_factor_at

VDE = ((0.5, 1.0), (1.0, -0.9))
ON = {"name": "vde-ar-n-4105", "watt_pf": True}


def plant(kw: float, rated_kva: float = 20.0, **keys: Any) -> Twin:
    series = {"values": [kw * 1000] * 2, "step": "1h", "start": 0, "repeats": True}
    asset = {
        "type": "pv",
        "name": "p",
        "rated_kw": 10,
        "rated_kva": rated_kva,
        "series": series,
        "nominal_efficiency": 1,
    }
    return Twin.from_dict({"assets": [{**asset, "grid_code": ON, **keys}], "step": 1})


def settled(twin: Twin) -> Any:
    twin.advance(120.0)
    return twin.device("p").telemetry


@pytest.mark.parametrize(("kw", "factor"), [(3.0, 1.0), (5.0, 1.0), (7.5, 0.95), (9.0, 0.92)])
def test_a_plant_takes_the_vars_of_the_curve_of_vde_ar_n_4105(kw: float, factor: float) -> None:
    seen = settled(plant(kw))
    assert seen.active_power_w == pytest.approx(kw * 1000)
    assert seen.reactive_power_var == pytest.approx(-kw * 1000 * tan(acos(factor)), abs=0.01)
    assert seen.power_factor == pytest.approx(factor, abs=1e-6)


def test_active_power_gives_way_where_the_current_allows_only_one_of_them() -> None:
    seen = settled(plant(10.0, rated_kva=10.0))
    assert hypot(seen.active_power_w, seen.reactive_power_var) == pytest.approx(10_000.0, abs=0.1)
    # p = 1 - 0.1 (p - 0.5) / 0.5 of the rating
    assert seen.active_power_w == pytest.approx(10_000.0 * 1.1 / 1.2, abs=0.1)


def test_nine_tenths_of_the_vars_are_there_after_the_response_time() -> None:
    twin = plant(10.0)
    twin.advance(120.0)
    twin.device("p").write(watt_pf_pf2=-0.95)
    twin.advance(10.0)
    first, last = (-10_000.0 * tan(acos(factor)) for factor in (0.9, 0.95))
    expected = last + (first - last) * exp(-log(10.0))
    assert twin.device("p").telemetry.reactive_power_var == pytest.approx(expected, abs=0.01)


def test_a_battery_and_a_chp_follow_the_curve_too_and_charging_has_no_vars() -> None:
    assets: list[dict[str, Any]] = [
        {"type": "battery", "name": "b", "capacity_kwh": 50, "max_charge_kw": 10, "rated_kva": 10},
        {"type": "chp", "name": "c", "rated_kw": 10, "starting_s": 1, "warmup_s": 1, "idle_s": 1},
    ]
    twin = Twin.from_dict({"assets": [{**asset, "grid_code": ON} for asset in assets], "step": 1})
    battery, chp = twin.device("b"), twin.device("c")
    battery.write(start_stop=1, active_power_setpoint_w=7_500.0)
    chp.write(start_stop=1, load_setpoint_pu=0.75)
    twin.advance(600.0)
    assert battery.telemetry.reactive_power_var == pytest.approx(-7_500.0 * tan(acos(0.95)), abs=0.1)
    assert chp.telemetry.active_power_w == pytest.approx(7_500.0)
    assert chp.telemetry.reactive_power_var == pytest.approx(-7_500.0 * tan(acos(0.95)), abs=0.1)
    assert "cos φ(P) -24.7%" in twin.engine.snapshot().device("b").explanation
    battery.write(active_power_setpoint_w=-7_500.0)
    twin.advance(120.0)
    assert battery.telemetry.active_power_w == -7_500.0
    assert battery.telemetry.reactive_power_var == 0.0


def test_a_setpoint_of_vars_or_of_the_power_factor_goes_before_the_curve() -> None:
    twin = plant(10.0)
    twin.advance(120.0)
    device = twin.device("p")
    device.write(power_factor_setpoint=0.95)
    twin.advance(1.0)
    assert device.telemetry.reactive_power_var == pytest.approx(10_000.0 * tan(acos(0.95)))
    device.write(power_factor_setpoint=1.0, reactive_power_setpoint_var=1_000.0)
    twin.advance(1.0)
    assert device.telemetry.reactive_power_var == 1_000.0


def test_the_curve_is_switched_on_and_off_and_set_while_the_plant_runs() -> None:
    twin = plant(10.0, grid_code="vde-ar-n-4105")
    assert settled(twin).reactive_power_var == 0.0
    device = twin.device("p")
    assert (device.commands.watt_pf_p1_pu, device.commands.watt_pf_pf2) == (0.5, -0.9)
    device.write(watt_pf_enabled=True, watt_pf_response_s=0.0)
    twin.advance(2.0)
    assert device.telemetry.reactive_power_var == pytest.approx(-10_000.0 * tan(acos(0.9)))
    device.write(watt_pf_enabled=False)
    twin.advance(1.0)
    assert device.telemetry.reactive_power_var == 0.0


def test_the_way_from_injecting_to_taking_vars_passes_through_1() -> None:
    curve = ((0.2, 0.9), (0.5, 1.0), (1.0, -0.9))
    found = [power_factor_at(p, curve) for p in (0.0, 0.2, 0.35, 0.5, 0.75, 1.0)]
    assert found == pytest.approx([0.9, 0.9, 0.95, 1.0, -0.95, -0.9])
    assert power_factor_at(0.5, ((0.0, 0.95), (1.0, -0.95))) == 1.0


def test_volt_var_and_the_curve_exclude_each_other() -> None:
    device = plant(5.0).device("p")
    with pytest.raises(CommandError, match="p: volt_var_enabled and watt_pf_enabled exclude each other"):
        device.write(volt_var_enabled=True)
    with pytest.raises(ConfigError, match="has both volt_var and watt_pf switched on"):
        load_grid_code("vde-ar-n-4105", volt_var=True, watt_pf=True)


def test_a_power_factor_of_no_use_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"p: watt_pf_pf2 takes 0\.1 … 1 of either sign, not 0\.05"):
        plant(5.0).device("p").write(watt_pf_pf2=0.05)
    with pytest.raises(CommandError, match=r"p: watt_pf_p2_pu 0\.4 is below watt_pf_p1_pu 0\.5"):
        plant(5.0).device("p").write(watt_pf_p2_pu=0.4)
    text = Path(load_grid_code.__code__.co_filename).parents[1] / "data" / "grid_codes"
    own = (text / "vde-ar-n-4105.yaml").read_text(encoding="utf-8").replace("[1, -0.9]", "[1, 0]")
    (tmp_path / "own.yaml").write_text(own, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"power factors from 0\.1 to 1 of either sign, found \[1, 0\]"):
        load_grid_code("own.yaml", tmp_path)
