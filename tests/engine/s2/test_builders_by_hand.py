"""What the device types say of themselves in S2, against numbers worked out by hand."""

from typing import Any

import pytest

from twin_tui.engine.device import AnyDeviceType
from twin_tui.engine.devices.appliance import APPLIANCE, ApplianceParams
from twin_tui.engine.devices.battery import BATTERY, BatteryCommands, BatteryParams
from twin_tui.engine.devices.chp import CHP, ChpParams
from twin_tui.engine.devices.chp_signals import START, ChpCommands
from twin_tui.engine.devices.ev_charger import EV_CHARGER, EvParams
from twin_tui.engine.devices.heat_pump import HEAT_PUMP
from twin_tui.engine.devices.heat_pump_model import HeatPumpParams
from twin_tui.engine.devices.heat_pump_signals import HeatPumpCommands
from twin_tui.engine.devices.pv import PV, PvParams
from twin_tui.engine.devices.terminals import Connection
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Write
from twin_tui.engine.grid import GridParams
from twin_tui.engine.s2.descriptions import description_of
from twin_tui.engine.s2.model import L1, SYMMETRIC, ControlType, OperationMode, PowerRange
from twin_tui.engine.site import DevicePlan, SitePlan

MIDNIGHT = 1_781_913_600.0


def an_engine(kind: AnyDeviceType, params: Any, commands: Any = None, dt_s: float = 1.0) -> Engine:
    plan = DevicePlan("d", kind, params, commands)
    grid = GridParams(nominal_v=230.0)
    return Engine(SitePlan("test", (plan,), dt_s=dt_s, grid=grid, start_unix_s=MIDNIGHT))


def described(engine: Engine, control: ControlType) -> Any:
    return description_of(engine.devices["d"], control, engine.surroundings)


def rows(mode: OperationMode) -> list[tuple[float, ...]]:
    """Return (low, high, power at 0 and 1, rate at 0 and 1) of each element."""
    found = []
    for element in mode.elements:
        (power,) = element.powers
        rates = (element.rate_start, element.rate_end)
        found.append((element.low, element.high, power.start_w, power.end_w, *rates))
    return found


def flat(table: list[tuple[float, ...]]) -> list[float]:
    return [number for row in table for number in row]


def test_a_battery_gives_the_middle_of_each_quarter_where_its_limits_taper_the_power() -> None:
    params = BatteryParams(
        10_000.0,
        5_000.0,
        4_000.0,
        6_000.0,
        charge_efficiency=0.95,
        discharge_efficiency=0.9,
        standby_w=36.0,
    )
    engine = an_engine(BATTERY, params)
    found = described(engine, ControlType.FRBC)
    idle, charge, discharge = found.actuators[0].modes
    # 1 W into 10 kWh is 1 / 36 MJ a second
    joules = 3.6e7
    charging = [(0.0, 0.85, 5000.0), (0.85, 0.8625, 4375.0), (0.8625, 0.875, 3125.0), (0.875, 0.8875, 1875.0)]
    charging += [(0.8875, 0.9, 625.0), (0.9, 1.0, 0.0)]
    discharging = [(0.0, 0.2, 0.0), (0.2, 0.2125, 500.0), (0.2125, 0.225, 1500.0), (0.225, 0.2375, 2500.0)]
    discharging += [(0.2375, 0.25, 3500.0), (0.25, 1.0, 4000.0)]
    assert rows(idle) == [(0.0, 1.0, 0.0, 0.0, 0.0, 0.0)]
    wanted = [(low, high, 0.0, w, 0.0, w * 0.95 / joules) for low, high, w in charging]
    assert flat(rows(charge)) == pytest.approx(flat(wanted))
    wanted = [(low, high, -w, 0.0, -w / 0.9 / joules, 0.0) for low, high, w in discharging]
    assert flat(rows(discharge)) == pytest.approx(flat(wanted))
    assert found.storage is not None
    assert (found.storage.low, found.storage.high) == (0.2, 0.9)
    ((low, high, rate),) = [(each.low, each.high, each.rate) for each in found.storage.leakage]
    assert (low, high, rate) == (0.0, 1.0, pytest.approx(1e-6))
    assert len(found.actuators[0].transitions) == 6


def test_a_battery_without_soc_limits_has_its_whole_power_at_every_fill_level() -> None:
    limits = {f"soc_{side}_limit_{i}": end for side, end in (("lower", 0.0), ("upper", 1.0)) for i in (1, 2)}
    engine = an_engine(BATTERY, BatteryParams(10_000.0, 5_000.0, 4_000.0, 6_000.0), BatteryCommands(**limits))
    found = described(engine, ControlType.FRBC)
    _, charge, discharge = found.actuators[0].modes
    assert [row[:4] for row in rows(charge)] == [(0.0, 1.0, 0.0, 5000.0)]
    assert [row[:4] for row in rows(discharge)] == [(0.0, 1.0, -4000.0, 0.0)]
    assert found.storage is not None
    assert (found.storage.low, found.storage.high, found.storage.leakage) == (0.0, 1.0, ())


def test_a_charging_station_describes_the_taper_of_its_vehicle() -> None:
    params = EvParams(
        capacity_wh=50_000.0, charging_efficiency=0.9, max_charge_power_w=11_000.0, max_soc=0.95
    )
    engine = an_engine(EV_CHARGER, params)
    engine.submit(Write("d", {"departure_unix_s": MIDNIGHT + 7201.0, "target_soc": 0.8}))
    engine.step()
    found = described(engine, ControlType.FRBC)
    _, charge = found.actuators[0].modes
    # 6 A of three phases at least; from 80 % on evenly down to a tenth: at the middle of each quarter
    powers = [(0.0, 0.8, 11_000.0), (0.8, 0.85, 9_762.5), (0.85, 0.9, 7_287.5), (0.9, 0.95, 4_812.5)]
    powers.append((0.95, 1.0, 4_140.0))
    per_s = 0.9 / (50_000.0 * 3600.0)
    wanted = [(low, high, 4_140.0, w, 4_140.0 * per_s, w * per_s) for low, high, w in powers]
    assert flat(rows(charge)) == pytest.approx(flat(wanted))
    assert found.storage is not None
    assert (found.storage.low, found.storage.high) == (0.0, 0.95)
    targets = [(each.duration_ms, each.low, each.high) for each in found.storage.targets]
    assert targets == [(7_200_000, 0.0, 1.0), (3_600_000, 0.8, 1.0)]


@pytest.mark.parametrize(
    ("knee", "zones"), [(1.0, [(0.0, 1.0)]), (0.0, [(0, 0.25), (0.25, 0.5), (0.5, 0.75)])]
)
def test_a_taper_may_begin_at_either_end(knee: float, zones: list[tuple[float, float]]) -> None:
    engine = an_engine(EV_CHARGER, EvParams(taper_from_soc=knee))
    _, charge = described(engine, ControlType.FRBC).actuators[0].modes
    assert [row[:2] for row in rows(charge)][: len(zones)] == zones
    assert rows(charge)[0][3] == pytest.approx(11_000.0 if knee else 11_000.0 * (1.0 - 0.9 * 0.125))
    assert rows(charge)[-1][1] == 1.0


def test_a_station_of_one_phase_offers_a_third_and_no_target_without_a_departure() -> None:
    engine = an_engine(EV_CHARGER, EvParams(station_phases=1, max_current_a=10.0))
    found = described(engine, ControlType.FRBC)
    power: PowerRange = found.actuators[0].modes[1].elements[0].powers[0]
    assert (power.start_w, power.end_w, power.quantity) == (1_380.0, 2_300.0, L1)
    assert found.storage is not None
    assert found.storage.targets == ()


DISHES = ApplianceParams(1_200.0, 7_200.0, (3.0, 1.0, 2.0, 0.0))


def test_an_appliance_describes_its_profile_and_how_long_it_still_runs() -> None:
    engine = an_engine(APPLIANCE, DISHES)
    (programme,) = described(engine, ControlType.OMBC).actuators
    off, run = programme.modes
    # 1200 Wh in shares of 3, 1 and 2 of half an hour: 1200, 400 and 800 W
    assert [row[2:4] for row in rows(run)] == [(400.0, 1_200.0)]
    assert [row[2:4] for row in rows(off)] == [(0.0, 0.0)]
    (timer,) = programme.timers
    assert (timer.duration_ms, timer.left_ms, programme.initial) == (7_200_000, 0, "off")
    engine.submit(Write("d", {"run": 1}))
    engine.advance(600)
    (programme,) = described(engine, ControlType.OMBC).actuators
    (timer,) = programme.timers
    assert (timer.left_ms, programme.initial) == (6_600_000, "run")
    assert (type(timer.left_ms), type(timer.duration_ms)) == (int, int), "S2 counts whole milliseconds"


def test_an_appliance_describes_its_programme_as_one_sequence_for_a_day() -> None:
    engine = an_engine(APPLIANCE, DISHES)
    found = described(engine, ControlType.PPBC)
    (sequence,) = found.sequences
    spans = [number for element in sequence.elements for number in element]
    half_hour = 1_800_000
    assert spans == pytest.approx([half_hour, 1200.0, half_hour, 400.0, half_hour, 800.0, half_hour, 0.0])
    assert (found.horizon_ms, sequence.quantity) == (86_400_000, L1)


def test_the_spans_of_a_sequence_make_up_the_whole_run_however_they_divide() -> None:
    engine = an_engine(APPLIANCE, ApplianceParams(100.0, 10.0, (1.0, 1.0, 1.0)))
    (sequence,) = described(engine, ControlType.PPBC).sequences
    assert [span for span, _ in sequence.elements] == [3_333, 3_334, 3_333]
    assert sequence.quantity == L1


CHP_PARAMS = ChpParams(
    100_000.0,
    heat_to_power_ratio=1.2,
    min_load_pu=0.5,
    max_load_pu=1.0,
    ramp_pu_per_s=1.0,
    starting_s=1.0,
    warmup_s=2.0,
    idle_s=3.0,
    synchronizing_s=4.0,
    stopping_s=5.0,
)


def test_a_chp_describes_its_heat_and_the_time_of_its_start() -> None:
    engine = an_engine(CHP, CHP_PARAMS)
    found = described(engine, ControlType.DDBC)
    (engine_of,) = found.actuators
    _, run = engine_of.modes
    assert [row[2:] for row in rows(run)] == [(-100_000.0, -50_000.0, 120_000.0, 60_000.0)]
    assert [each.duration_ms for each in engine_of.transitions] == [10_000, 5_000]
    assert (engine_of.initial, engine_of.initial_factor, found.demand) == ("off", 0.0, (0.0, 120_000.0))


@pytest.mark.parametrize(("load_pu", "factor"), [(1.0, 0.0), (0.75, 0.5), (0.5, 1.0), (0.2, 1.0)])
def test_a_chp_that_runs_describes_the_factor_of_its_load(load_pu: float, factor: float) -> None:
    engine = an_engine(CHP, CHP_PARAMS, ChpCommands(start_stop=START, load_setpoint_pu=load_pu))
    engine.advance(5)
    (starting,) = described(engine, ControlType.DDBC).actuators
    assert (starting.initial, starting.initial_factor) == ("off", 0.0)
    engine.advance(15)
    (running,) = described(engine, ControlType.DDBC).actuators
    assert (running.initial, running.initial_factor) == ("run", pytest.approx(factor))


@pytest.mark.parametrize(("heat_w", "factor"), [(2_400.0, 0.0), (5_200.0, 0.5), (8_000.0, 1.0)])
def test_a_heat_pump_describes_its_power_by_its_cop_and_its_rest_as_a_timer(
    heat_w: float, factor: float
) -> None:
    params = HeatPumpParams(ramp_s=0.0, min_pause_s=60.0, tank_l=5_000.0)
    engine = an_engine(HEAT_PUMP, params, HeatPumpCommands(automatic=False, heat_power_setpoint_w=heat_w))
    engine.step()
    found = described(engine, ControlType.DDBC)
    (compressor,) = found.actuators
    seen = engine.telemetry("d")
    _, heat = compressor.modes
    assert flat([row[2:] for row in rows(heat)]) == pytest.approx(
        [2_400.0 / seen.cop, 8_000.0 / seen.cop, 2_400.0, 8_000.0]
    )
    assert (compressor.initial, compressor.initial_factor) == ("heat", pytest.approx(factor))
    assert found.demand == (seen.heat_demand_w, seen.heat_demand_w)
    assert [(timer.duration_ms, timer.left_ms) for timer in compressor.timers] == [(60_000, 0)]
    engine.submit(Write("d", {"heat_power_setpoint_w": 0.0}))
    engine.advance(20)
    (compressor,) = described(engine, ControlType.DDBC).actuators
    assert (compressor.initial, compressor.initial_factor) == ("off", 0.0)
    assert [(timer.duration_ms, timer.left_ms) for timer in compressor.timers] == [(60_000, 40_000)]


def test_a_plant_can_be_limited_between_nothing_and_its_rating() -> None:
    found = described(an_engine(PV, PvParams(10_000.0, 12_000.0)), ControlType.PEBC)
    assert (found.upper, found.lower, found.quantity) == ((0.0, 0.0), (-10_000.0, 0.0), SYMMETRIC)


@pytest.mark.parametrize("phase", Connection)
def test_a_device_on_one_phase_is_on_the_first_one_of_s2_whichever_it_is(phase: Connection) -> None:
    engine = an_engine(APPLIANCE, ApplianceParams(100.0, 10.0, phase=phase))
    (sequence,) = described(engine, ControlType.PPBC).sequences
    assert sequence.quantity == (SYMMETRIC if phase is Connection.ABC else L1)
