"""What age does to a battery: capacity, resistance, energy, and the cycles that it counts."""

import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import rainflow

from twin_tui.engine.devices.battery import BATTERY, OFF, ON, BatteryCommands, BatteryParams
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import ReportStatus, Write
from twin_tui.engine.physics.ageing import age, calendar_stress, cyclic_stress
from twin_tui.engine.physics.battery import LFP, NMC, SUNGROW_SC1000TL, CellType
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.engine.weather import WeatherParams
from twin_tui.errors import ConfigError

PARAMS = BatteryParams(capacity_wh=10_000.0, max_charge_w=8000.0, max_discharge_w=8000.0, rated_va=10_000.0)
YEAR_S = 365 * 86400.0


def site(params: BatteryParams = PARAMS, dt_s: float = 60.0, cell_c: float = 25.0, **commands: Any) -> Engine:
    limits = {f"soc_{side}_limit_{i}": end for side, end in (("lower", 0.0), ("upper", 1.0)) for i in (1, 2)}
    told = BatteryCommands(**{"start_stop": ON, **limits, **commands})
    steady = WeatherParams(ambient_mean_c=cell_c, ambient_amplitude_k=0.0)
    plan = DevicePlan("b", BATTERY, replace(params, initial_cell_c=cell_c), told)
    return Engine(SitePlan("cellar", (plan,), dt_s=dt_s, weather=steady))


@pytest.mark.parametrize(
    ("cell_c", "soc", "percent"),
    [(10, 0.2, 2.5708), (25, 0.5, 4.25158), (25, 0.9, 5.54261), (40, 0.9, 7.71671)],
)
def test_a_year_of_storage_takes_what_its_temperature_and_charge_take(
    cell_c: float, soc: float, percent: float
) -> None:
    engine = site(replace(PARAMS, initial_soc=soc), dt_s=3600.0, cell_c=cell_c, start_stop=OFF)
    engine.advance(YEAR_S)
    seen = engine.telemetry("b")
    assert (1.0 - seen.soh) * 100 == pytest.approx(percent, rel=1e-3)
    assert seen.calendar_loss == pytest.approx(1.0 - seen.soh)
    assert seen.cycle_loss == 0.0


def test_a_year_in_the_heat_takes_more_of_an_nmc_battery() -> None:
    engine = site(replace(PARAMS, cell=NMC), dt_s=3600.0, cell_c=50.0, start_stop=OFF)
    engine.advance(YEAR_S)
    # Schmalstieg, 50 °C at half charge, 3.70438 V: 1.77e-3 a day to the power 0.75
    expected = (7.543 * 3.70438 - 23.75) * 1e6 * math.exp(-6976 / 323.15) * 365**0.75
    assert engine.telemetry("b").calendar_loss == pytest.approx(expected, rel=1e-3)
    assert engine.telemetry("b").resistance_pu > 1.05


def test_the_capacity_is_the_name_plate_times_the_state_of_health() -> None:
    seen = site(replace(PARAMS, initial_soh=0.8)).telemetry("b")
    assert (seen.soh, seen.capacity_wh, seen.energy_wh, seen.soc) == (0.8, 8000.0, 4000.0, 0.5)
    assert seen.resistance_pu == 1.0


def test_the_state_of_charge_stays_while_capacity_and_energy_shrink_together() -> None:
    engine = site(replace(PARAMS, initial_soc=0.7, ageing_speed=50.0), start_stop=OFF)
    engine.advance(30 * 86400.0)
    seen = engine.telemetry("b")
    assert seen.soc == pytest.approx(0.7)
    assert seen.capacity_wh < 9500.0
    assert 7000.0 - seen.energy_wh == pytest.approx(seen.faded_wh)


def test_ageing_can_be_sped_up_and_switched_off() -> None:
    lost = {}
    for speed in (0.0, 1.0, 100.0):
        engine = site(replace(PARAMS, ageing_speed=speed), start_stop=OFF)
        engine.advance(86400.0)
        lost[speed] = 1.0 - engine.telemetry("b").soh
    assert lost[0.0] == 0.0
    assert lost[100.0] == pytest.approx(10.0 * lost[1.0])


def test_no_age_takes_more_than_the_laws_can_say() -> None:
    engine = site(replace(PARAMS, ageing_speed=1e9), active_power_setpoint_w=2000.0)
    engine.advance(7200.0)
    seen = engine.telemetry("b")
    assert (seen.soh, seen.resistance_pu) == (pytest.approx(0.2), 5.0)
    with pytest.raises(ConfigError, match="initial_soh"):
        replace(PARAMS, initial_soh=0.1)


def cycle(engine: Engine, power_w: float, low: float, high: float) -> None:
    """Charge to a state of charge and discharge to another."""
    for sign, reached in ((-1.0, lambda soc: soc >= high), (1.0, lambda soc: soc <= low)):
        engine.submit(Write("b", {"active_power_setpoint_w": sign * power_w}))
        while not reached(engine.devices["b"].state.energy_wh / engine.devices["b"].state.ageing.capacity_wh):
            engine.step()


def test_cycles_take_what_their_depth_and_rate_take() -> None:
    params = replace(PARAMS, initial_soc=0.1, charge_efficiency=1.0, discharge_efficiency=1.0)
    engine = site(params, dt_s=20.0)
    for _ in range(6):
        cycle(engine, 5000.0, 0.1, 0.9)
    # the last discharge goes on, and with its end only it is known whether it closes the charge before it
    expected = age(0.0, cyclic_stress(0.5, 0.8), 5.0 * 0.8)
    assert engine.telemetry("b").cycle_loss == pytest.approx(expected, rel=0.01)


def test_rests_and_standby_leave_the_rate_of_a_cycle_as_it_was() -> None:
    losses = []
    for rest_s in (0.0, 20_000.0):
        engine = site(replace(PARAMS, initial_soc=0.1, standby_w=1.0), dt_s=20.0)
        for _ in range(2):
            cycle(engine, 5000.0, 0.1, 0.9)
            engine.submit(Write("b", {"active_power_setpoint_w": 0.0}))
            engine.advance(rest_s)
        cycle(engine, 5000.0, 0.1, 0.9)
        losses.append(engine.telemetry("b").cycle_loss)
    assert losses[1] == pytest.approx(losses[0], rel=0.01)


def test_the_cycles_of_a_day_are_those_of_a_batch_count_of_its_states_of_charge() -> None:
    engine = site(replace(PARAMS, converter=SUNGROW_SC1000TL, ageing_speed=3.0), dt_s=30.0)
    socs = [0.5]
    for tick in range(2880):
        if tick % 7 == 0:
            wanted = 4000.0 * math.sin(tick / 30) + 3500.0 * math.sin(tick / 5)
            engine.submit(Write("b", {"active_power_setpoint_w": round(wanted)}))
        engine.step()
        state = engine.devices["b"].state
        socs.append(state.energy_wh / state.ageing.capacity_wh)
    last_turn, _ = list(rainflow.reversals(socs))[-2]
    batch = list(rainflow.extract_cycles(socs[: last_turn + 1]))
    closed = batch[: len(batch) - len(state.ageing.turns) + 1]
    assert len(closed) > 50
    loss = 0.0
    for depth, _mean, count, i, j in closed:
        moves = [abs(after - before) for before, after in pairwise(socs[i : j + 1])]
        rate = sum(move * move for move in moves) / sum(moves) * 120.0
        loss = age(loss, cyclic_stress(rate, depth), 3.0 * count * depth)
    assert state.ageing.cycle_loss == pytest.approx(loss, rel=2e-3)


def test_a_corrected_state_of_charge_is_no_cycle() -> None:
    engine = site(active_power_setpoint_w=1000.0)
    engine.advance(600.0)
    for soc in (0.9, 0.1, 0.9, 0.1):
        engine.submit(ReportStatus("b", {"soc": soc}))
        engine.advance(60.0)
        engine.submit(Write("b", {"active_power_setpoint_w": -1000.0 if soc < 0.5 else 1000.0}))
    engine.advance(600.0)
    assert engine.telemetry("b").cycle_loss < age(0.0, cyclic_stress(0.1, 0.05), 0.1)


@pytest.mark.parametrize("dt_s", [1.0, 7.0, 300.0])
def test_the_age_does_not_depend_on_the_step(dt_s: float) -> None:
    def lost(dt_s: float) -> tuple[float, float, float]:
        engine = site(dt_s=dt_s)
        for power_w in (-3000.0, 2000.0, -2500.0, 3500.0):
            engine.submit(Write("b", {"active_power_setpoint_w": power_w}))
            engine.advance(4200.0)
        seen = engine.telemetry("b")
        return seen.calendar_loss, seen.cycle_loss, seen.resistance_pu - 1.0

    assert lost(dt_s) == pytest.approx(lost(60.0), rel=0.01)


def test_an_old_battery_loses_more_volts_under_load() -> None:
    young = site(replace(PARAMS, converter=SUNGROW_SC1000TL), active_power_setpoint_w=5000.0)
    old = site(replace(PARAMS, converter=SUNGROW_SC1000TL, ageing_speed=3000.0), active_power_setpoint_w=0.0)
    old.advance(86400.0)
    old.submit(Write("b", {"active_power_setpoint_w": 5000.0}))
    for engine in (young, old):
        engine.step()
    new, aged = young.telemetry("b"), old.telemetry("b")
    assert aged.resistance_pu > 1.1
    assert aged.open_circuit_v - aged.dc_voltage_v > 1.1 * (new.open_circuit_v - new.dc_voltage_v)
    assert aged.loss_w > new.loss_w


def test_the_calendar_of_an_hour_is_that_of_its_law() -> None:
    engine = site(start_stop=OFF, dt_s=0.5)
    engine.advance(3600.0)
    assert engine.telemetry("b").calendar_loss == pytest.approx(calendar_stress(25.0, 0.5) * 60.0, rel=1e-6)


@pytest.mark.parametrize(("cell", "loss", "growth"), [(LFP, 4.0, 16.0), (NMC, 8.0, 8.0)])
def test_a_resting_battery_ages_by_the_power_of_time_of_its_cells(
    cell: CellType, loss: float, growth: float
) -> None:
    # LFP: the root of time, and time itself for the resistance; NMC: time to the power 0.75 for both
    aged = []
    for days in (1, 16):
        engine = site(replace(PARAMS, cell=cell), dt_s=3600.0, start_stop=OFF)
        engine.advance(days * 86400.0)
        aged.append(engine.telemetry("b"))
    young, old = aged
    assert old.calendar_loss / young.calendar_loss == pytest.approx(loss, rel=1e-3)
    assert (old.resistance_pu - 1.0) / (young.resistance_pu - 1.0) == pytest.approx(growth, rel=1e-3)


def test_the_resistance_is_that_of_new_cells_and_what_time_and_cycles_have_added() -> None:
    engine = site(replace(PARAMS, initial_soc=0.1, ageing_speed=50.0), dt_s=20.0)
    for _ in range(3):
        cycle(engine, 5000.0, 0.1, 0.9)
    ageing = engine.devices["b"].state.ageing
    assert ageing.calendar_growth > 1e-5
    assert ageing.cycle_growth > 1e-5
    grown = 1.0 + ageing.calendar_growth + ageing.cycle_growth
    assert engine.telemetry("b").resistance_pu == pytest.approx(grown, rel=1e-12)
    lost = 1.0 - ageing.calendar_loss - ageing.cycle_loss
    assert engine.telemetry("b").soh == pytest.approx(lost, rel=1e-12)
