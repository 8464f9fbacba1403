"""A drifting meter drifts with time, not with steps."""

import pytest

from twin_tui.engine.devices.load import LOAD, LoadParams
from twin_tui.engine.devices.meter import METER, MeterParams
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import ClearFault, Fault
from twin_tui.engine.site import DevicePlan, SitePlan


def metered(dt_s: float, drift_per_hour: float) -> Engine:
    plans = (
        DevicePlan("meter", METER, MeterParams(drift_per_hour=drift_per_hour)),
        DevicePlan("load", LOAD, LoadParams(1_000.0)),
    )
    return Engine(SitePlan("metered", plans, dt_s=dt_s))


def share_read(engine: Engine) -> float:
    """Return what the meter reads of what the load takes."""
    return engine.telemetry("meter").active_power_w / -engine.devices["load"].state.active_power_w


@pytest.mark.parametrize("dt_s", [0.1, 0.5, 1.0, 5.0])
def test_the_gain_runs_away_by_the_same_share_an_hour_whatever_the_step(dt_s: float) -> None:
    engine = metered(dt_s, drift_per_hour=0.6)
    engine.advance(60)
    assert share_read(engine) == pytest.approx(1.0)
    engine.submit(Fault("meter", "sensor_drift"))
    engine.advance(100)
    assert share_read(engine) == pytest.approx(1.0 + 0.6 * 100 / 3600)
    engine.advance(200)
    assert share_read(engine) == pytest.approx(1.0 + 0.6 * 300 / 3600)
    engine.submit(ClearFault("meter"))
    engine.advance(5)
    assert share_read(engine) == pytest.approx(1.0)
    engine.submit(Fault("meter", "sensor_drift"))
    engine.advance(10)
    assert share_read(engine) == pytest.approx(1.0 + 0.6 * 10 / 3600)
