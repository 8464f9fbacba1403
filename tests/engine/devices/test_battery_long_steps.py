"""A battery in long steps and at the edges of what it can do: energy, standby, voltage, climate."""

from dataclasses import replace
from typing import Any

import pytest

from twin_tui.engine.devices.battery import BATTERY, OFF, ON, STANDBY, BatteryCommands, BatteryParams
from twin_tui.engine.devices.battery_dc import voltage_room_w
from twin_tui.engine.devices.battery_limits import source
from twin_tui.engine.devices.battery_model import CALM_RESISTANCE
from twin_tui.engine.engine import Engine
from twin_tui.engine.physics.battery import (
    LFP,
    NMC,
    NOTTON,
    SUNGROW_SC1000TL,
    ConverterLosses,
    active_power_of,
    converter_loss,
)
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.engine.weather import WeatherParams
from twin_tui.errors import ConfigError

PARAMS = BatteryParams(10_000.0, 8_000.0, 8_000.0, 10_000.0, ageing_speed=0.0)
CONVERTERS = [None, SUNGROW_SC1000TL, NOTTON]


def site(params: BatteryParams, dt_s: float = 1.0, **commands: Any) -> Engine:
    limits = {f"soc_{side}_limit_{i}": end for side, end in (("lower", 0.0), ("upper", 1.0)) for i in (1, 2)}
    told = BatteryCommands(**{"start_stop": ON, **limits, **commands})
    steady = WeatherParams(ambient_mean_c=params.initial_cell_c, ambient_amplitude_k=0.0)
    return Engine(SitePlan("cellar", (DevicePlan("b", BATTERY, params, told),), dt_s=dt_s, weather=steady))


@pytest.mark.parametrize("converter", CONVERTERS)
@pytest.mark.parametrize("cell", [LFP, NMC])
@pytest.mark.parametrize("soc", [0.3, 0.5, 0.7])
@pytest.mark.parametrize("power_w", [-8_000.0, -3_000.0, 3_000.0, 8_000.0])
def test_an_hour_in_one_step_moves_no_more_energy_than_there_is_or_fits_in(
    converter: ConverterLosses | None, cell: Any, soc: float, power_w: float
) -> None:
    engine = site(replace(PARAMS, converter=converter, cell=cell, initial_soc=soc), 3600.0)
    engine.devices["b"].commands = replace(engine.devices["b"].commands, active_power_setpoint_w=power_w)
    before = engine.devices["b"].state.energy_wh
    engine.step()
    state = engine.devices["b"].state
    assert 0.0 <= state.energy_wh <= 10_000.0
    assert before - state.energy_wh == pytest.approx(state.active_power_w + state.loss_w, abs=1e-6)
    assert state.loss_w >= 0.0
    assert 0.0 < state.active_power_w / power_w <= 1.0


@pytest.mark.parametrize("converter", CONVERTERS)
@pytest.mark.parametrize("cell", [LFP, NMC])
@pytest.mark.parametrize("sign", [-1.0, 1.0])
@pytest.mark.parametrize("dt_s", [1800.0, 7200.0])
def test_a_step_that_ends_near_full_or_empty_keeps_the_voltage_of_its_end(
    converter: ConverterLosses | None, cell: Any, sign: float, dt_s: float
) -> None:
    soc = 0.5 - 0.2 * sign
    params = replace(PARAMS, converter=converter, cell=cell, initial_cell_c=12.0, initial_soc=soc)
    limited = 0
    for energy_wh in range(2_200, 3_800, 50):
        engine = site(params, dt_s, active_power_setpoint_w=sign * energy_wh * 3600.0 / dt_s)
        before = engine.devices["b"].state
        engine.step()
        state, seen = engine.devices["b"].state, engine.telemetry("b")
        soc = state.energy_wh / state.ageing.capacity_wh
        room_w = voltage_room_w(params, state.ageing, soc, before.cell_c, sign > 0.0)
        if state.dc.voltage_v:
            assert abs(seen.dc_power_w) <= room_w * (1.0 + 1e-9) + 1e-6
        limited += state.dc.limit != ""
    assert limited < 32
    # an NMC cell is further from its limits than this
    assert limited or cell is NMC


@pytest.mark.parametrize("converter", [None, SUNGROW_SC1000TL])
@pytest.mark.parametrize("standby_w", [0.0, 400.0])
@pytest.mark.parametrize("soc", [0.02, 0.5])
def test_what_is_shown_as_available_is_what_it_gives_beside_its_standby_loss(
    converter: ConverterLosses | None, standby_w: float, soc: float
) -> None:
    params = replace(PARAMS, converter=converter, standby_w=standby_w, initial_soc=soc, initial_cell_c=10.0)
    engine = site(replace(params, nominal_dc_v=48.0), 0.1)
    engine.step()
    available_w = engine.telemetry("b").available_discharge_power_w
    commands = engine.devices["b"].commands
    engine.devices["b"].commands = replace(commands, active_power_setpoint_w=8_000.0)
    engine.step()
    assert engine.telemetry("b").active_power_w == pytest.approx(available_w, rel=5e-3)


def test_a_battery_that_is_off_has_no_standby_loss_to_leave_room_for() -> None:
    params = replace(PARAMS, standby_w=400.0, initial_soc=0.005, initial_cell_c=10.0)
    available = {}
    for command in (OFF, STANDBY, ON):
        engine = site(params, 0.1, start_stop=command)
        engine.step()
        available[command] = engine.telemetry("b").available_discharge_power_w
    assert available[STANDBY] == available[ON]
    assert available[OFF] - available[ON] == pytest.approx(400.0 * 0.9592, rel=5e-3)


@pytest.mark.parametrize("cell", [LFP, NMC])
@pytest.mark.parametrize("converter", CONVERTERS)
@pytest.mark.parametrize("power_w", [4_000.0, 10_000.0, 20_000.0])
def test_the_calm_range_is_where_no_power_meets_the_voltage_limits_and_no_narrower(
    cell: Any, converter: ConverterLosses | None, power_w: float
) -> None:
    params = BatteryParams(
        10_000.0, power_w, power_w, power_w, cell=cell, converter=converter, standby_w=100.0, ageing_speed=0.0
    )
    engine = site(params)
    ageing = replace(engine.devices["b"].state.ageing, resistance=CALM_RESISTANCE)
    if converter is None:
        out_w, in_w = power_w / params.discharge_efficiency, power_w * params.charge_efficiency
    else:
        out_w = power_w + converter_loss(power_w, 0.0, power_w, converter)
        in_w = power_w - converter_loss(-power_w, 0.0, power_w, converter)
    out_w += 100.0

    def fits(soc: float) -> bool:
        return all(
            voltage_room_w(params, ageing, soc, cell_c, True) >= out_w * (1 - 1e-9)
            and voltage_room_w(params, ageing, soc, cell_c, False) >= in_w * (1 - 1e-9)
            for cell_c in (10.0, 25.0)
        )

    low, high = params.calm
    if low > high:
        assert not fits(0.5)
        return
    assert low <= 0.5 <= high
    assert all(fits(low + (high - low) * step / 50) for step in range(51))
    # half a per cent beyond either end is no longer calm
    assert low == 0.0 or not fits(low - 0.005)
    assert high == 1.0 or not fits(high + 0.005)


def test_a_converter_that_runs_at_no_power_takes_its_no_load_loss_from_the_cells() -> None:
    loss_w = 10_000.0 * SUNGROW_SC1000TL.discharge_p0
    assert converter_loss(0.0, 0.0, 10_000.0, SUNGROW_SC1000TL) == pytest.approx(loss_w)
    assert converter_loss(0.0, 0.0, 10_000.0, ConverterLosses(0.0, 0.0, 0.0, 0.0)) == 0.0


@pytest.mark.parametrize("power_w", [-9_000.0, -1.0, 1.0, 9_000.0])
def test_a_converter_without_losses_passes_everything(power_w: float) -> None:
    ideal = ConverterLosses(0.0, 0.0, 0.0, 0.0)
    assert converter_loss(power_w, 0.0, 10_000.0, ideal) == 0.0
    assert active_power_of(power_w, lambda p_w: converter_loss(p_w, 0.0, 10_000.0, ideal)) == power_w


@pytest.mark.parametrize("band_k", [0.0, 0.5, 13.0])
def test_the_thermostat_takes_any_band_up_to_the_distance_of_its_temperatures(band_k: float) -> None:
    assert replace(PARAMS, thermostat_band_k=band_k).thermostat_band_k == band_k


@pytest.mark.parametrize(
    "wrong",
    [
        {"thermostat_band_k": 13.1},
        {"thermostat_band_k": -0.1},
        {"heat_below_c": 29.0},
        {"cold_zero_c": 1.0},
        {"cold_full_c": 46.0},
        {"hot_full_c": 61.0},
        {"charge_cold_zero_c": 11.0},
        {"charge_cold_full_c": 46.0},
    ],
)
def test_temperatures_in_the_wrong_order_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="a battery"):
        replace(PARAMS, **wrong)


@pytest.mark.parametrize("converter", CONVERTERS)
@pytest.mark.parametrize("soc", [0.004, 0.5, 0.999])
@pytest.mark.parametrize("power_w", [-8_000.0, -10.0, 10.0, 8_000.0])
def test_the_voltage_at_the_terminals_is_that_of_rest_less_the_drop_of_the_current(
    converter: ConverterLosses | None, soc: float, power_w: float
) -> None:
    params = replace(PARAMS, converter=converter, initial_soc=soc, initial_cell_c=12.0)
    engine = site(params, 1.0, active_power_setpoint_w=power_w)
    before = engine.devices["b"].state
    engine.step()
    seen = engine.telemetry("b")
    ocv, ohm = source(params, before.ageing, soc, before.cell_c, seen.dc_current_a > 0.0)
    assert seen.dc_voltage_v == pytest.approx(ocv - ohm * seen.dc_current_a, rel=1e-3)
    # 10 W do not cover the no-load loss of a converter: the cells give the rest
    assert seen.dc_current_a * power_w >= 0.0 or (power_w == -10.0 and converter is not None)
