"""Volts, amperes and watts of each phase, of the bus and of the DC side, whatever happens to the site."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.laws import Tally, checks, fuzz
from tests.laws.worlds import runs, stories

DEVICES = "twin_tui.engine.devices"
law = settings(max_examples=25, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@law
@given(stories())
def test_electrical_laws_hold_in_every_tick_of_any_story(story: Any) -> None:
    tally, before = Tally(), dict[str, Any]()
    for engine in runs(*story):
        tally.count(checks(engine, before), f"tick {engine.tick}")
    assert not tally.first


@law
@given(st.integers(0, 100_000))
def test_electrical_laws_hold_on_any_site(seed: int) -> None:
    assert not fuzz(seed, sites=1, ticks=60).first


def _no_limit(rated_va: float, *whatever: Any) -> float:
    return rated_va


def _balanced(power_w: float, var: float, *whatever: Any) -> tuple[float, ...]:
    return (power_w / 3,) * 3 + (var / 3,) * 3


@pytest.mark.parametrize(
    ("where", "wrong", "broken"),
    [
        (f"{DEVICES}.battery.allowed_va", _no_limit, {"|I| ≤ limit"}),
        (f"{DEVICES}.chp.allowed_va", _no_limit, {"|I| ≤ limit"}),
        (f"{DEVICES}.pv.allowed_va", _no_limit, {"|I| ≤ limit"}),
        ("twin_tui.engine.bus.phase_powers", _balanced, {"each phase of the bus sums to zero"}),
        (f"{DEVICES}.battery_dc.voltage_room_w", lambda *any_: 1e9, {"cell voltage within its limits"}),
        (f"{DEVICES}.pv.dc_voltage", lambda *any_: 0.0, {"V·I = P on the DC side"}),
    ],
)
def test_a_law_that_is_broken_on_purpose_is_seen(
    where: str, wrong: Any, broken: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(where, wrong)
    assert any(broken <= set(fuzz(seed, sites=1, ticks=50).first) for seed in range(150))
