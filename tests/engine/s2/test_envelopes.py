"""PEBC on a PV plant: limits one after the other, and when they end."""

import math
from typing import Any

import pytest

from twin_tui.engine.devices.pv import PV, PvParams
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Instruct, SelectControl
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.errors import CommandError

NOON_UNIX_S = 1_781_913_600.0 + 12 * 3600


def controlled() -> Engine:
    plant = DevicePlan("pv", PV, PvParams(rated_w=10_000.0, peak_w=15_000.0))
    engine = Engine(SitePlan("roof", (plant,), dt_s=0.5, start_unix_s=NOON_UNIX_S))
    engine.submit(SelectControl("pv", "PEBC", "cem"))
    engine.advance(1.0)
    return engine


def instruct(engine: Engine, *elements: tuple[int, float, float], **more: Any) -> None:
    engine.submit(Instruct("pv", {"id": f"i{engine.tick}", "elements": list(elements), **more}, "cem"))


def course(engine: Engine, ticks: int) -> list[int]:
    seen = []
    for _ in range(ticks):
        engine.step()
        seen.append(round(engine.telemetry("pv").active_power_w))
    return seen


def test_each_limit_lasts_its_time_and_then_the_plant_is_free() -> None:
    engine = controlled()
    assert course(engine, 1) == [10_000]
    instruct(engine, (1000, 0.0, -4000.0), (1500, 0.0, -2500.0), (500, 0.0, 0.0))
    assert engine.devices["pv"].control is not None
    assert engine.devices["pv"].control.mode == "limited"
    seen = course(engine, 12)
    assert [power for power in seen if power == 4000] == [4000] * 2
    assert [power for power in seen if power == 2500] == [2500] * 3
    assert [power for power in seen if power == 0] == [0]
    assert seen == sorted(seen[:6], reverse=True) + seen[6:]
    assert seen[-1] == 10_000
    assert engine.devices["pv"].control.mode == "free"


def test_another_envelope_replaces_the_first() -> None:
    engine = controlled()
    instruct(engine, (60_000, 0.0, -4000.0))
    course(engine, 4)
    instruct(engine, (60_000, 0.0, -1000.0))
    assert course(engine, 4)[-1] == 1000


@pytest.mark.parametrize(
    ("elements", "message"),
    [
        ([(1000, -2000.0, -1000.0)], "invalid power limits: -1000 … -2000 W for 1000 ms"),
        ([(0, 0.0, -1000.0)], "invalid power limits: -1000 … 0 W for 0 ms"),
        ([(1000, math.nan, -1000.0)], "invalid power limits"),
        ([(1000, 0.0, -math.inf)], "invalid power limits"),
        ([(1000, 0.0, -20_000.0)], "the lower limit -20000 W is not in"),
        ([(1000, 5.0, -1000.0)], "the upper limit 5 W is not in"),
        ([], "an envelope without elements"),
    ],
)
def test_an_envelope_that_limits_nothing_sensible_is_refused(elements: Any, message: str) -> None:
    with pytest.raises(CommandError) as caught:
        instruct(controlled(), *elements)
    assert message in str(caught.value)


def test_an_envelope_may_leave_one_power_only() -> None:
    engine = controlled()
    instruct(engine, (60_000, 0.0, 0.0))
    assert course(engine, 3)[-1] == 0
    with pytest.raises(CommandError, match="the envelope is for OTHER, not"):
        instruct(engine, (1000, 0.0, 0.0), quantity="OTHER")
