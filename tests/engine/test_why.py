"""Why a device gives what it gives: what binds it, with its value, how long still, and what helps."""

from dataclasses import replace
from typing import Any

import pytest

from twin_tui import Twin
from twin_tui.engine.devices.load import LOAD, LoadParams
from twin_tui.engine.engine import Engine
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.engine.why import Constraint, Why

KEYS = {"reset": "E", "release": "U"}


def twin(**asset: Any) -> Twin:
    """Return a site with one device named x, without a grid code."""
    code = {"grid_code": "none"} if asset["type"] in ("battery", "pv", "chp") else {}
    made = Twin.from_dict({**code, "start": "2026-06-20T12:00:00", "assets": [{"name": "x", **asset}]})
    made.advance(1.0)
    return made


def battery(**options: Any) -> Twin:
    found = twin(
        **{
            "type": "battery",
            "capacity_kwh": 20,
            "initial_soc": 50,
            "max_charge_kw": 10,
            "max_discharge_kw": 10,
            "rated_kva": 12,
            **options,
        }
    )
    found["x"].write(start_stop="Power On")
    return found


def bound(site: Twin) -> list[str]:
    """Return the names of what binds the device."""
    return [each.name for each in site["x"].why.constraints]


def said(site: Twin, *, brief: bool = False) -> str:
    return site["x"].why.sentence(KEYS, brief=brief)


def test_a_device_that_does_what_it_was_asked_has_nothing_to_say():
    site = battery()
    site["x"].write(active_power_setpoint_w=5_000)
    site.advance(60.0)
    assert said(site) == ""
    assert site["x"].why.asked_w == site["x"].why.gives_w == 5_000.0


def test_a_setpoint_beyond_the_rating_names_the_limit():
    site = battery()
    site["x"].write(active_power_setpoint_w=60_000)
    site.advance(60.0)
    assert said(site) == "asked 60.00 kW, gives 10.00: discharge limit 10.00 kW"
    assert said(site, brief=True) == "asked 60.0, gives 10.0: discharge limit 10.00 kW"
    site["x"].write(active_power_setpoint_w=-60_000)
    site.advance(60.0)
    assert said(site) == "asked -60.00 kW, gives -10.00: charge limit 10.00 kW"


@pytest.mark.parametrize(
    ("soc", "setpoint_w", "binds", "text"),
    [
        (0.95, -5_000, "SOC upper limit", "asked -5.00 kW, gives 0.00: SOC upper limit 90 %"),
        (0.15, 5_000, "SOC lower limit", "asked 5.00 kW, gives 0.00: SOC lower limit 20 %"),
        (0.88, -9_000, "SOC upper limit", "SOC upper limit 90 % derates to 40 % from 85 %"),
        (0.88, 5_000, "", ""),
    ],
)
def test_the_limits_of_the_charge_bind_in_their_own_direction(soc, setpoint_w, binds, text):
    site = battery(initial_soc=soc * 100)
    site["x"].write(active_power_setpoint_w=setpoint_w)
    site.advance(2.0)
    assert bound(site) == ([binds] if binds else [])
    assert said(site).endswith(text)


def test_cold_cells_derate_the_charge_and_say_their_temperature():
    site = battery(initial_cell_c=5.0)
    site["x"].write(active_power_setpoint_w=-9_000)
    site.advance(1.0)
    assert bound(site) == ["temperature"]
    assert "cells at 5 °C derate to 50 %" in said(site)


def test_a_ramp_says_how_fast_and_how_long_still():
    site = battery(ramp_kw_per_s=0.5)
    site["x"].write(active_power_setpoint_w=5_000)
    site.advance(2.0)
    (ramp,) = site["x"].why.constraints
    assert (ramp.name, ramp.text, ramp.left_s) == ("ramp", "ramp 0.50 kW/s", pytest.approx(8.0))
    assert said(site) == "asked 5.00 kW, gives 1.00: ramp 0.50 kW/s"


def test_a_stopped_device_names_the_command_that_starts_it():
    site = battery()
    site["x"].write(start_stop="Power Off", active_power_setpoint_w=5_000)
    site.advance(1.0)
    assert said(site) == "asked 5.00 kW, gives 0.00: stopped, write start_stop = 1"
    assert site["x"].why.constraints[0].command == ("start_stop", 1)
    site["x"].write(active_power_setpoint_w=0)
    site.advance(1.0)
    assert said(site) == "", "nothing is asked of it"


def test_a_latched_fault_says_whether_its_cause_is_gone_and_which_key_resets_it():
    site = battery()
    site["x"].write(active_power_setpoint_w=5_000)
    site["x"].fault("isolation")
    site.advance(1.0)
    assert said(site, brief=True) == "isolation"
    assert site["x"].why.helps("reset") is None, "a reset would not help yet"
    site["x"].clear_fault("isolation")
    site.advance(1.0)
    assert said(site, brief=True) == "isolation: cause gone, E resets"
    assert said(site) == "asked 5.00 kW, gives 0.00: isolation latched: cause gone, E resets"
    assert site["x"].why.sentence({"reset": "ctrl+e"}, brief=True).endswith("ctrl+e resets")
    assert site["x"].why.sentence().endswith("write fault_reset = 1"), "in Python there are no keys"
    found = site["x"].why.helps("reset")
    assert found is not None
    name, wanted = found.command or ("", 0)
    site["x"].write(**{name: wanted})
    site.advance(1.0)
    assert said(site) == ""


def test_a_fault_by_heat_is_not_called_gone_while_the_cells_are_hot():
    site = battery(initial_cell_c=70.0)
    site.advance(1.0)
    assert site["x"].faults == ("over_temperature",)
    assert bound(site) == ["fault"]


def test_a_trip_says_its_stage_and_when_the_device_is_back():
    site = Twin.from_dict(
        {
            "grid_code": "en50549-1",
            "assets": [{"type": "battery", "name": "x", "capacity_kwh": 20, "max_discharge_kw": 10}],
        }
    )
    site["x"].write(start_stop="Power On", active_power_setpoint_w=5_000)
    site.inject("1s sag 0.3 2s")
    site.advance(2.0)
    assert said(site, brief=True) == "tripped U<< 0.4 pu"
    site.advance(3.0)
    (trip,) = site["x"].why.constraints
    assert trip.left_s is not None
    assert said(site, brief=True) == f"tripped U<< 0.4 pu, back in {trip.left_s:.0f} s"
    assert said(site).startswith("asked 5.00 kW, gives 0.00: was U<<: voltage below 0.4 pu; back in")
    site.advance(trip.left_s + 30.0)
    (ramp,) = site["x"].why.constraints
    assert ramp.name == "reconnection ramp"
    assert ramp.left_s is not None
    assert said(site) == "asked 5.00 kW, gives 1.10: reconnection ramp 5 %"


def test_a_stage_that_is_timing_says_when_it_trips():
    site = Twin.from_dict({"grid_code": "en50549-1", "assets": [{"type": "pv", "name": "x", "rated_kw": 8}]})
    site.inject("1s sag 0.8 60s")
    site.advance(2.0)
    assert bound(site)[:1] == ["about to trip"]
    assert "trips in" in said(site)


def test_the_current_of_a_converter_binds_at_low_voltage():
    site = battery(rated_kva=10)
    site["x"].write(active_power_setpoint_w=10_000)
    site.inject("now sag 0.85 60s")
    site.advance(5.0)
    assert bound(site) == ["current limit"]
    assert said(site) == "asked 10.00 kW, gives 8.50: current limit at 0.85 pu"


def test_a_mode_and_a_forced_setpoint_are_named():
    site = battery()
    site["x"].select_mode("FORCED_DISCHARGE", 0.5)
    site.advance(5.0)
    assert said(site) == "mode FORCED_DISCHARGE asks 5.00 kW"
    assert said(site, brief=True) == ""
    site["x"].force("active_power_setpoint_w", 2_000)
    site.advance(5.0)
    assert said(site, brief=True) == "active_power_setpoint_w forced, U releases"


def test_a_plant_says_whether_its_limit_or_the_sun_binds():
    site = twin(type="pv", rated_kw=10)
    site.inject("now write x active_power_limit_w 3kW")
    site.advance(60.0)
    sun_w = site["x"].telemetry.available_power_w
    assert sun_w > 3_000.0, "the site starts by day"
    assert bound(site) == ["power limit"]
    assert said(site, brief=True) == "limit 3.00 kW"
    site["x"].write(active_power_limit_w=9_990)
    site.advance(60.0)
    assert bound(site) == ["sun"]
    assert "the sun gives" in said(site)
    site["x"].write(on=False)
    site.advance(1.0)
    assert said(site).endswith("switched off, write on = 1")


def test_a_charging_station_says_what_keeps_the_current_away():
    site = twin(type="ev_charger", plugged_in=False)
    assert bound(site) == ["not plugged in"]
    site["x"].write(plug=1)
    site["x"].write(active_power_limit_w=3_000)
    site.advance(5.0)
    assert bound(site) == ["least current"]
    assert said(site).startswith("asked -3.00 kW, gives 0.00: limit below 6 A: charges from")
    site["x"].write(active_power_limit_w=9_000)
    site.advance(60.0)
    assert bound(site) == ["power limit"]
    site["x"].write(enabled=False)
    site.advance(5.0)
    assert said(site, brief=True) == "disabled"
    site["x"].write(enabled=True, active_power_limit_w=50_000, current_limit_a=10)
    site.advance(60.0)
    assert bound(site) == ["current limit"]


def test_a_vehicle_at_its_target_says_so():
    site = twin(type="ev_charger", initial_soc=80)
    site["x"].write(target_soc=0.8)
    site.advance(10.0)
    assert said(site, brief=True) == "target SOC 80 % reached"


def test_a_chp_counts_its_start_sequence_down_and_names_its_acknowledgement():
    site = twin(type="chp", rated_kw=100)
    site["x"].write(start_stop=1, load_setpoint_pu=0.8)
    site.advance(2.0)
    (first,) = site["x"].why.constraints
    assert first.name == "start sequence"
    assert first.left_s is not None
    site.advance(1.0)
    (then,) = site["x"].why.constraints
    assert then.left_s == pytest.approx(first.left_s - 1.0)
    site["x"].fault("oil_pressure_low", duration_s=1.0)
    site.advance(3.0)
    found = site["x"].why.helps("reset")
    assert found is not None
    assert found.command == ("acknowledge", 0x10E1)


def test_a_heat_pump_tells_its_thermostat_from_its_setpoint():
    site = twin(type="heat_pump", rated_heat_kw=8, initial_tank_c=45)
    site["x"].write(heat_power_setpoint_w=5_000)
    site.advance(1.0)
    assert bound(site) == ["automatic"]
    site["x"].write(automatic=False, heat_power_setpoint_w=1_000)
    site.advance(400.0)
    assert bound(site) == ["least modulation"]
    assert said(site).startswith("asked 1.00 kW heat, gives 0.00: below the least heat of 2.40 kW")


def test_a_load_and_an_appliance_say_what_keeps_them_off():
    site = twin(type="load", base_kw=2)
    assert said(site) == ""
    site["x"].write(connected=False)
    site.advance(1.0)
    assert said(site) == "disconnected, write connected = 1"
    washer = twin(type="appliance", consumption_kwh=1, duration="1h")
    washer["x"].fault("water_inlet", duration_s=1.0)
    washer.advance(3.0)
    assert said(washer, brief=True) == "water_inlet: cause gone, E resets"


def test_a_type_of_others_may_still_say_plain_text():
    def explain(params: Any, state: Any, commands: Any, surroundings: Any) -> str:
        return "it is on holiday"

    kind: Any = replace(LOAD, kind="holiday", aliases=(), explain=explain)
    engine = Engine(SitePlan("x", (DevicePlan("x", kind, LoadParams(1.0)),)))
    engine.step()
    shown = engine.snapshot().device("x")
    assert shown.explanation == shown.why.sentence(KEYS) == "it is on holiday"
    assert shown.why == Why((Constraint("it is on holiday"),))


def test_nothing_is_explained_while_nobody_looks():
    asked = []

    def explain(params: Any, state: Any, commands: Any, surroundings: Any) -> Why:
        asked.append(state)
        return Why()

    kind: Any = replace(LOAD, kind="holiday", aliases=(), explain=explain)
    engine = Engine(SitePlan("x", (DevicePlan("x", kind, LoadParams(1.0)),)))
    engine.advance(10.0)
    assert asked == []
    engine.snapshot()
    assert len(asked) == 1
