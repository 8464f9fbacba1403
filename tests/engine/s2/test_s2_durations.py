"""S2 counts durations in whole milliseconds, the engine in time steps: neither may come out shorter."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_tui.engine.device import AnyDeviceType
from twin_tui.engine.devices.appliance import APPLIANCE, ApplianceParams
from twin_tui.engine.devices.chp import CHP, ChpParams
from twin_tui.engine.devices.ev_charger import EV_CHARGER, EvParams
from twin_tui.engine.devices.heat_pump import HEAT_PUMP
from twin_tui.engine.devices.heat_pump_model import HeatPumpParams
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Write
from twin_tui.engine.s2.descriptions import description_of
from twin_tui.engine.s2.machine import ActuatorMachine, steps
from twin_tui.engine.s2.model import (
    Actuator,
    ControlType,
    Element,
    ModeDescription,
    OperationMode,
    PowerRange,
    ProfileDescription,
    Timer,
    Transition,
)
from twin_tui.engine.site import DevicePlan, SitePlan

MILLISECONDS = st.integers(1, 10_000_000)


@given(duration_ms=MILLISECONDS, dt_s=st.sampled_from([0.01, 0.1, 0.25, 0.3, 1.0, 7.0]))
def test_a_duration_takes_the_least_number_of_steps_that_cover_it(duration_ms: int, dt_s: float) -> None:
    taken, dt_ms = steps(duration_ms, dt_s), round(dt_s * 1000)
    assert taken * dt_ms >= duration_ms > (taken - 1) * dt_ms


def test_a_transition_and_its_timer_last_at_least_as_long_as_described() -> None:
    off, on = (OperationMode(name, (Element((PowerRange(0.0, 1.0),)),)) for name in ("off", "on"))
    there = Transition("there", "off", "on", start_timers=("hold",), duration_ms=2_300)
    back = Transition("back", "on", "off", blocking_timers=("hold",))
    machine = ActuatorMachine(Actuator("a", (off, on), (there, back), (Timer("hold", 3_100),)), dt_s=0.5)
    machine.enter(on, 1.0, abnormal=False, moment=0)
    assert machine.in_transition(4)
    assert not machine.in_transition(5)
    assert machine.running(6) == ("hold",)
    assert machine.running(7) == ()


def described(kind: AnyDeviceType, params: Any, control: ControlType) -> Any:
    engine = Engine(SitePlan("test", (DevicePlan("device", kind, params),)))
    return description_of(engine.device("device"), control, engine.surroundings)


def only_actuator(description: ModeDescription) -> Actuator:
    (actuator,) = description.actuators
    return actuator


# 1.001 s times 1000 is 1000.9999999999999
@pytest.mark.parametrize("milliseconds", [1_001, 4_351, 16_100, 65_537_003])
def test_a_duration_in_seconds_is_described_to_the_very_millisecond(milliseconds: int) -> None:
    seconds = milliseconds / 1000.0
    programme = ApplianceParams(1_000.0, seconds, (1.0, 0.5, 2.0))
    (timer,) = only_actuator(described(APPLIANCE, programme, ControlType.OMBC)).timers
    assert timer.duration_ms == milliseconds
    profile: ProfileDescription = described(APPLIANCE, programme, ControlType.PPBC)
    assert sum(part_ms for part_ms, _ in profile.sequences[0].elements) == milliseconds
    engine = ChpParams(
        1000.0, starting_s=seconds, warmup_s=0.0, idle_s=0.0, synchronizing_s=0.0, stopping_s=seconds
    )
    start, stop = only_actuator(described(CHP, engine, ControlType.DDBC)).transitions
    assert (start.duration_ms, stop.duration_ms) == (milliseconds, milliseconds)
    pump = only_actuator(described(HEAT_PUMP, HeatPumpParams(min_pause_s=seconds), ControlType.DDBC))
    assert pump.timers[0].duration_ms == milliseconds


def test_a_vehicle_wants_its_level_by_the_very_millisecond_of_its_departure() -> None:
    engine = Engine(
        SitePlan("test", (DevicePlan("device", EV_CHARGER, EvParams(initial_soc=0.4)),), start_unix_s=1e9)
    )
    engine.submit(Write("device", {"departure_unix_s": 1e9 + 16.1015}))
    engine.advance(10.0)
    station = description_of(engine.device("device"), ControlType.FRBC, engine.surroundings)
    assert isinstance(station, ModeDescription)
    assert station.storage is not None
    assert station.storage.targets[0].duration_ms in (6_101, 6_102)
