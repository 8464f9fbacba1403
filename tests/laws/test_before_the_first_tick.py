"""Before anything has run, no device of any type has moved power or counted energy."""

import re

import pytest

from tests.laws.worlds import KINDS, NOON_UNIX_S, TYPES, plain_params
from twin_tui.engine.devices.load import LOAD, LoadParams
from twin_tui.engine.devices.meter import METER, MeterParams
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import ClearFault, Fault
from twin_tui.engine.signals import signals_of
from twin_tui.engine.site import DevicePlan, SitePlan

FLOWS = re.compile(
    r"^((re)?active|apparent|consumption|charging|heat|fuel|dc)_power|^current_|_current_a$"
    r"|_energy(_[abc])?_wh$|^(starts|cycles|progress|loss_w|faded_wh|demand_w|max_demand_w|run_.*|load_pu)$"
    r"|^(engine_speed|throttle|oil_pressure|charge_pressure)|^(calendar|cycle)_loss$|^heat_unmet|^tank_loss"
)


@pytest.mark.parametrize("kind", KINDS)
def test_at_the_start_nothing_flows_and_every_counter_is_at_zero(kind: str) -> None:
    device = DevicePlan("d", TYPES[kind], plain_params(kind))
    engine = Engine(SitePlan("one", (device,), start_unix_s=NOON_UNIX_S))
    seen = engine.telemetry("d")
    flows = [name for name in signals_of(type(seen)) if FLOWS.search(name)]
    assert flows
    assert {name: getattr(seen, name) for name in flows} == dict.fromkeys(flows, 0)
    state = engine.devices["d"].state
    assert (state.active_power_w, state.reactive_power_var, state.causes, state.faults) == (0.0, 0.0, 0, 0)


def test_a_meter_that_is_stuck_from_the_start_shows_nothing_and_counts_nothing() -> None:
    devices = (
        DevicePlan("meter", METER, MeterParams()),
        DevicePlan("load", LOAD, LoadParams(3_000.0, power_factor=-0.8)),
    )
    engine = Engine(SitePlan("metered", devices, dt_s=1.0))
    engine.submit(Fault("meter", "sensor_stuck"))
    engine.advance(10)
    seen = engine.telemetry("meter")
    assert (seen.active_power_w, seen.reactive_power_var, seen.import_energy_wh) == (0.0, 0.0, 0.0)
    assert (seen.power_factor, seen.demand_w, seen.current_n_a) == (1.0, 0.0, 0.0)
    engine.submit(ClearFault("meter"))
    engine.step()
    seen = engine.telemetry("meter")
    assert (seen.active_power_w, abs(seen.reactive_power_var)) == pytest.approx((3_000.0, 2_250.0))
    assert seen.import_energy_wh == pytest.approx(3_000.0 / 3600.0)
