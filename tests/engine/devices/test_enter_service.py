"""No start outside the window of enter service, whatever brings it about; and storage at a low frequency."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin_tui.config.grid_codes import grid_code_names, load_grid_code
from twin_tui.engine.device import DevicePlan, Status
from twin_tui.engine.devices.battery import BATTERY, OFF, ON, BatteryCommands, BatteryParams
from twin_tui.engine.devices.chp import CHP, ChpParams
from twin_tui.engine.devices.chp_signals import START, ChpCommands
from twin_tui.engine.devices.pv import PV, PvCommands, PvParams
from twin_tui.engine.disturbance import Disturbance, Target
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import ClearDisturbance, Disturb, Fault, Write
from twin_tui.engine.grid import GridParams
from twin_tui.engine.site import SitePlan
from twin_tui.engine.weather import Series

RATED_W = 100_000.0
KINDS = ("pv", "battery", "chp")
SWITCH: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "pv": ({"on": True}, {"on": False}),
    "battery": ({"start_stop": ON}, {"start_stop": OFF}),
    "chp": ({"start_stop": START}, {"start_stop": 0}),
}


def site(code_name: str = "ieee1547-2018-cat-iii", dt_s: float = 0.5) -> Engine:
    code = load_grid_code(code_name)
    sun = Series(0.0, 1.0, (91_800.0,))
    told = BatteryCommands(start_stop=ON, active_power_setpoint_w=91_800.0)
    chp = ChpParams(
        RATED_W, grid_code=code, starting_s=1, warmup_s=1, idle_s=1, synchronizing_s=1, stopping_s=1
    )
    devices = (
        DevicePlan("pv", PV, PvParams(RATED_W, RATED_W, grid_code=code, series=sun), PvCommands()),
        DevicePlan("battery", BATTERY, BatteryParams(1e9, RATED_W, RATED_W, RATED_W, grid_code=code), told),
        DevicePlan("chp", CHP, chp, ChpCommands(start_stop=START, load_setpoint_pu=0.9)),
    )
    return Engine(SitePlan("site", devices, dt_s=dt_s, grid=GridParams(nominal_hz=code.nominal_hz)))


def power_w(engine: Engine, name: str) -> float:
    return float(engine.devices[name].state.active_power_w)


def text(engine: Engine, name: str) -> str:
    return engine.snapshot().device(name).explanation


@pytest.mark.parametrize("name", KINDS)
def test_on_a_grid_that_has_been_healthy_from_the_start_a_device_starts_at_once_without_ramp(
    name: str,
) -> None:
    engine = site()
    engine.advance(0.5 if name != "chp" else 60)
    assert power_w(engine, name) == pytest.approx(90_000.0 if name == "chp" else 91_800.0)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize(
    "disturbance",
    [
        Disturbance(Target.FREQUENCY, 0.3),
        Disturbance(Target.FREQUENCY, -0.6),
        Disturbance(Target.VOLTAGE, 1.06),
        Disturbance(Target.VOLTAGE, 0.9),
    ],
)
def test_no_device_starts_with_a_site_whose_grid_is_outside_the_window(
    name: str, disturbance: Disturbance
) -> None:
    engine = site()
    engine.submit(Disturb(disturbance))
    for _ in range(200):
        engine.step()
        assert power_w(engine, name) == 0.0
    assert "waits for 0.917 … 1.05 pu and 59.5 … 60.1 Hz" in text(engine, name)
    assert engine.devices[name].state.faults == 0
    engine.submit(ClearDisturbance())
    engine.advance(299)
    assert power_w(engine, name) == 0.0
    assert "waits for the delay of enter service: 2 s" in text(engine, name)
    engine.advance(1 + 150 + (3 if name == "chp" else 0))
    assert power_w(engine, name) == pytest.approx(50_000.0, rel=0.03)
    engine.advance(160)
    assert power_w(engine, name) >= 90_000.0 - 1e-6


@pytest.mark.parametrize("name", KINDS)
def test_switching_off_and_on_outside_the_window_waits_until_the_grid_has_been_healthy_for_the_delay(
    name: str,
) -> None:
    engine = site()
    engine.advance(60)
    engine.submit(Disturb(Disturbance(Target.FREQUENCY, 0.3)))
    engine.advance(10)
    # what runs rides through
    assert power_w(engine, name) > 30_000.0
    on, off = SWITCH[name]
    engine.submit(Write(name, off))
    engine.advance(60)
    engine.submit(Write(name, on))
    engine.advance(60)
    assert power_w(engine, name) == 0.0
    assert engine.devices[name].state.status is Status.WAITING
    engine.submit(ClearDisturbance())
    engine.advance(299)
    assert power_w(engine, name) == 0.0
    engine.advance(60)
    assert 0.0 < power_w(engine, name) < 30_000.0 + RATED_W * 0.05


@pytest.mark.parametrize("name", KINDS)
def test_switching_off_and_on_at_a_healthy_grid_takes_neither_delay_nor_ramp(name: str) -> None:
    engine = site()
    engine.advance(60)
    on, off = SWITCH[name]
    engine.submit(Write(name, off))
    engine.advance(60)
    assert power_w(engine, name) == 0.0
    engine.submit(Write(name, on))
    engine.advance(0.5 if name != "chp" else 60)
    assert power_w(engine, name) >= 90_000.0 - 1e-6


@pytest.mark.parametrize("name", KINDS)
def test_a_reset_of_a_fault_outside_the_window_does_not_start_a_device(name: str) -> None:
    engine = site()
    engine.advance(60)
    engine.submit(Disturb(Disturbance(Target.FREQUENCY, 0.3)))
    fault = "over_temperature" if name == "pv" else "emergency_stop"
    engine.submit(Fault(name, fault, duration_s=2.0))
    engine.advance(5)
    engine.submit(Write(name, {"acknowledge": 4321} if name == "chp" else {"fault_reset": 1}))
    if name == "chp":
        engine.submit(Write(name, {"start_stop": 0}))
        engine.advance(1)
        engine.submit(Write(name, {"start_stop": START}))
    for _ in range(100):
        engine.step()
        assert power_w(engine, name) == 0.0
    assert engine.devices[name].state.status is Status.WAITING


@pytest.mark.parametrize("name", KINDS)
def test_a_device_that_is_switched_off_does_not_trip(name: str) -> None:
    engine = site()
    engine.advance(60)
    engine.submit(Write(name, SWITCH[name][1]))
    engine.advance(60)
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, 0.2)))
    engine.advance(30)
    assert engine.devices[name].state.status in (Status.OFF, Status.STANDBY)
    assert engine.devices[name].state.faults == 0


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(grid_code_names()), st.data())
def test_power_never_begins_outside_the_window_nor_within_the_delay(
    code_name: str, data: st.DataObject
) -> None:
    code = load_grid_code(code_name)
    window = code.enter_service
    engine = site(code_name, dt_s=1.0)
    # two trips in three minutes, starts between them: what the grid does and who is switched is drawn
    before, fit_s = dict.fromkeys(KINDS, 0.0), 1e9
    for _ in range(data.draw(st.integers(1, 6))):
        engine.submit(ClearDisturbance())
        hz = data.draw(st.sampled_from([0.0, 0.0, 0.3, -0.6, 2.1, -4.0]))
        pu = data.draw(st.sampled_from([1.0, 1.0, 0.9, 1.06, 0.2, 1.3]))
        engine.submit(Disturb(Disturbance(Target.FREQUENCY, hz)))
        engine.submit(Disturb(Disturbance(Target.VOLTAGE, pu)))
        for name in KINDS:
            engine.submit(Write(name, data.draw(st.sampled_from(SWITCH[name]))))
        for _ in range(data.draw(st.sampled_from([3, 40, 90, 400]))):
            engine.step()
            seen = engine.surroundings
            fit = (
                window.v_low_pu <= seen.v_min_pu <= seen.v_max_pu <= window.v_high_pu
                and window.f_low_hz <= seen.frequency_hz <= window.f_high_hz
            )
            fit_s = fit_s + 1.0 if fit else 0.0
            for name in KINDS:
                now = power_w(engine, name)
                tie = engine.devices[name].state.tie
                started = now > 0.0 and before[name] == 0.0 and not _was_in_service(before, name)
                if started:
                    assert fit_s >= window.delay_s
                before[name] = now
                before[f"{name} in service"] = float(tie.protection.in_service and not _out(tie))


def _out(tie: Any) -> bool:
    return tie.status in (Status.TRIPPED, Status.WAITING)


def _was_in_service(before: dict[str, float], name: str) -> bool:
    return bool(before.get(f"{name} in service", 0.0))


def at(engine: Engine, deviation_hz: float) -> float:
    engine.submit(ClearDisturbance())
    engine.submit(Disturb(Disturbance(Target.FREQUENCY, deviation_hz)))
    engine.advance(30)
    return power_w(engine, "battery") / RATED_W


@pytest.mark.parametrize("code_name", ["en50549-1", "vde-ar-n-4105"])
def test_storage_that_charges_takes_less_at_a_low_frequency_and_then_discharges(code_name: str) -> None:
    engine = site(code_name)
    engine.submit(Write("battery", {"active_power_setpoint_w": -20_000.0}))
    engine.advance(10)
    # 5 % of 50 Hz for the whole rating, beyond 49.8 Hz
    assert at(engine, -0.19) == pytest.approx(-0.2)
    assert at(engine, -0.45) == pytest.approx(-0.2 + 0.25 / 2.5, abs=1e-3)
    assert at(engine, -0.7) == pytest.approx(0.0, abs=1e-3)
    assert at(engine, -1.2) == pytest.approx(-0.2 + 1.0 / 2.5, abs=1e-3)
    assert "frequency droop +40.0%" in text(engine, "battery")
    assert power_w(engine, "pv") == pytest.approx(91_800.0)


def test_a_droop_driven_into_a_limit_takes_its_response_time_to_get_there() -> None:
    # 50 kW at 61.7 Hz: 55.5 % less is more than there is, so that 10 % of the 50 kW are left after 5 s
    engine = site(dt_s=0.1)
    engine.submit(Write("pv", {"active_power_limit_w": 50_000.0}))
    engine.advance(1)
    engine.submit(Disturb(Disturbance(Target.FREQUENCY, 1.7)))
    engine.advance(5)
    assert power_w(engine, "pv") == pytest.approx(5_000.0, rel=1e-6)
