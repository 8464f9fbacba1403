"""A bidirectional vehicle gives back what it is told, within its limits; a charger loses what it must."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.devices.test_ev_charger import seen, site
from twin_tui.config.site import load_site
from twin_tui.engine.devices.ev_charger import EvParams
from twin_tui.engine.devices.ev_signals import PLUG, UNPLUG, Pilot
from twin_tui.engine.disturbance import Disturbance, Target
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Disturb, Fault, SelectMode, Write
from twin_tui.engine.physics.charger import charging_loss

V2G = EvParams(
    capacity_wh=40_000.0,
    initial_soc=0.6,
    max_discharge_power_w=7000.0,
    discharging_efficiency=0.9,
    charging_efficiency=0.94,
    charging_loss_w=240.0,
    min_soc=0.3,
    ramp_a_per_s=1000.0,
)


def told(params: EvParams = V2G, dt_s: float = 1.0, **commands: float) -> Engine:
    engine = site(params, dt_s=dt_s)
    engine.submit(Write("ev", commands))
    engine.advance(10 * dt_s)
    return engine


@pytest.mark.parametrize(
    ("commands", "power_w"),
    [
        ({"discharge_setpoint_w": 4000.0}, 4000.0),
        ({"discharge_setpoint_w": 9000.0}, 7000.0),
        ({"discharge_setpoint_w": 9000.0, "current_limit_a": 8.0}, 5520.0),  # 3 · 230 V · 8 A
        ({"discharge_setpoint_w": 9000.0, "phases": 1}, 3680.0),
        ({"discharge_setpoint_w": 4000.0, "active_power_limit_w": 0.0}, 4000.0),
        ({"discharge_setpoint_w": 4000.0, "enabled": 0}, 0.0),
    ],
    ids=str,
)
def test_it_discharges_what_it_is_told_within_the_limits_of_power_and_current(
    commands: dict[str, float], power_w: float
) -> None:
    engine = told(**commands)
    assert seen(engine).active_power_w == pytest.approx(power_w)
    assert seen(engine).discharging_power_w == pytest.approx(power_w)
    assert (seen(engine).charging_power_w, seen(engine).charging) == (0.0, False)
    assert seen(engine).working_status == (3 if power_w else 0)
    assert engine.telemetry("meter").active_power_w == pytest.approx(-power_w)


def test_a_vehicle_that_is_not_bidirectional_charges_on_and_the_log_says_why() -> None:
    engine = told(EvParams(), discharge_setpoint_w=4000.0)
    assert seen(engine).active_power_w == pytest.approx(-11_000.0)
    assert seen(engine).available_discharge_power_w == 0.0
    assert any("the vehicle does not discharge" in entry.text for entry in engine.log)


def test_it_stops_at_its_least_state_of_charge_to_the_watt_hour() -> None:
    engine = told(dt_s=60.0, discharge_setpoint_w=7000.0)
    engine.advance(4 * 3600)
    assert seen(engine).soc == pytest.approx(0.3, abs=2e-4)
    assert seen(engine).soc >= 0.3
    assert (seen(engine).active_power_w, seen(engine).pilot_state) == (0.0, Pilot.B)
    given_wh = (0.6 - seen(engine).soc) * 40_000.0
    hours = seen(engine).discharged_energy_wh / 7000.0
    assert given_wh == pytest.approx(seen(engine).discharged_energy_wh / 0.9 + 240.0 * hours, rel=2e-3)
    engine.submit(Write("ev", {"discharge_setpoint_w": 0.0}))
    engine.advance(60)
    assert seen(engine).charging


@pytest.mark.parametrize("what", ["unplugged", "fault", "dead grid"])
def test_nothing_is_given_back_without_vehicle_health_or_grid(what: str) -> None:
    engine = told(discharge_setpoint_w=4000.0)
    events = {
        "unplugged": Write("ev", {"plug": UNPLUG}),
        "fault": Fault("ev", "residual_current"),
        "dead grid": Disturb(Disturbance(Target.VOLTAGE, 0.0)),
    }
    engine.submit(events[what])
    engine.step()
    assert (seen(engine).active_power_w, seen(engine).current_a_a, seen(engine).loss_w) == (0.0, 0.0, 0.0)


def test_the_mode_forced_discharge_gives_the_share_of_its_factor() -> None:
    engine = site(V2G)
    engine.submit(SelectMode("ev", "FORCED_DISCHARGE", 0.5))
    engine.advance(10)
    assert seen(engine).active_power_w == pytest.approx(3500.0)
    engine.submit(SelectMode("ev", "IDLE"))
    engine.advance(10)
    assert seen(engine).active_power_w == 0.0


@pytest.mark.parametrize(("ac_w", "share"), [(2300.0, 0.164), (11_000.0, 0.082)])
def test_the_losses_are_those_that_adac_measured_on_average(ac_w: float, share: float) -> None:
    assert charging_loss(ac_w, 0.94, 240.0) / ac_w == pytest.approx(share, abs=0.002)


def test_keys_of_a_site_file_make_a_vehicle_bidirectional() -> None:
    asset = {"type": "ev_charger", "max_discharge_power_kw": 10, "min_soc": 35, "discharging_efficiency": 0.9}
    (ev,) = load_site({"assets": [asset]}).plan.devices
    assert (ev.params.max_discharge_power_w, ev.params.min_soc) == (10_000.0, pytest.approx(0.35))
    assert ev.params.discharging_efficiency == 0.9


ACTIONS = st.one_of(
    st.tuples(st.just("discharge_setpoint_w"), st.floats(0.0, 12_000.0)),
    st.tuples(st.just("current_limit_a"), st.floats(0.0, 32.0)),
    st.tuples(st.just("active_power_limit_w"), st.floats(0.0, 12_000.0)),
    st.tuples(st.just("phases"), st.sampled_from([1, 3])),
    st.tuples(st.just("target_soc"), st.floats(0.0, 1.0)),
    st.tuples(st.just("plug"), st.sampled_from([PLUG, UNPLUG])),
)


@settings(max_examples=80, deadline=None)
@given(
    story=st.lists(st.tuples(ACTIONS, st.integers(1, 5)), max_size=15),
    soc=st.floats(0.0, 1.0).map(lambda soc: round(soc, 9)),
    constant_w=st.sampled_from([0.0, 240.0]),
    dt_s=st.sampled_from([0.1, 1.0, 60.0]),
)
def test_whatever_flows_the_energy_of_the_cells_is_what_crossed_the_cable_less_the_losses(
    story: list[tuple[tuple[str, float], int]], soc: float, constant_w: float, dt_s: float
) -> None:
    params = EvParams(
        capacity_wh=2000.0,
        initial_soc=soc,
        max_discharge_power_w=9000.0,
        min_soc=0.25,
        charging_loss_w=constant_w,
        phase_switch_pause_s=5.0,
        phase_switch_interval_s=0.0,
    )
    engine = site(params, dt_s=dt_s)
    for (name, number), ticks in story:
        engine.submit(Write("ev", {name: number}))
        for _ in range(ticks):
            before = seen(engine)
            engine.step()
            now = seen(engine)
            assert now.loss_w >= 0.0
            crossed = (-now.active_power_w - now.loss_w) * dt_s / 3600.0
            assert now.energy_wh - before.energy_wh == pytest.approx(crossed, abs=1e-9)
            assert 0.0 <= now.soc <= 1.0
            if now.active_power_w > 0.0:
                assert now.soc >= 0.25 - 1e-12
            assert now.total_energy_wh >= before.total_energy_wh
            assert now.discharged_energy_wh >= before.discharged_energy_wh
            assert now.active_power_w <= 9000.0 + 1e-9
