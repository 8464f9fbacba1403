"""What followed a write, an injection and a trip, as the events say it."""

from typing import Any

import pytest

from twin_tui import Twin
from twin_tui.engine.snapshot import LogKind
from twin_tui.session.write_traces import KEPT, WriteTraces

CODE = "en50549-1"


def site(code: str = CODE, **options: Any) -> tuple[Twin, WriteTraces]:
    """Return a running battery under a grid code, and what watches it."""
    battery = {
        "type": "battery",
        "name": "b",
        "capacity_kwh": 20,
        "max_charge_kw": 10,
        "max_discharge_kw": 10,
    }
    station = {"type": "ev_charger", "name": "ev", "plugged_in": False}
    twin = Twin.from_dict({"grid_code": code, "assets": [{**battery, **options}, station]})
    twin["b"].write(start_stop="Power On")
    twin.advance(1.0)
    return twin, WriteTraces(twin.engine)


def newest(twin: Twin, traces: WriteTraces, kind: LogKind) -> str:
    """Return the effect of the newest entry of a kind."""
    entry = next(entry for entry in reversed(twin.engine.log) if entry.kind is kind)
    return traces.effects().get(entry.number, "")


def test_a_write_that_moves_the_power_says_from_where_to_where_and_how_fast() -> None:
    twin, traces = site(ramp_kw_per_s=5)
    twin["b"].write(active_power_setpoint_w=-5_000)
    twin.advance(5.0)
    assert newest(twin, traces, LogKind.WRITE) == "P 0.00 → -5.00 kW after 1 s"
    (trace,) = traces.traces()
    assert trace.effect == "P 0.00 → -5.00 kW after 1 s"
    assert trace.entry == twin.engine.log[-1].number


def test_a_limit_in_the_way_is_named() -> None:
    twin, traces = site()
    twin["b"].write(active_power_setpoint_w=60_000)
    twin.advance(5.0)
    found = newest(twin, traces, LogKind.WRITE)
    assert found.startswith("P 0.00 → 10.00 kW after")
    assert found.endswith(", asked 60.00: discharge limit 10.00 kW")


def test_a_trip_in_the_middle_is_named() -> None:
    twin, traces = site(ramp_kw_per_s=1)
    twin["b"].write(active_power_setpoint_w=10_000)
    twin.inject("3s sag 0.2 20s")
    twin.advance(4.0)
    assert "tripped U<< 0.4 pu" in newest(twin, traces, LogKind.WRITE)


def test_a_write_without_effect_says_why() -> None:
    twin, traces = site()
    twin["b"].write(active_power_setpoint_w=5_000)
    twin.advance(5.0)
    twin["b"].write(active_power_setpoint_w=5_000, origin="10.0.0.7:502")
    twin.advance(5.0)
    assert newest(twin, traces, LogKind.WRITE) == "no effect: already 5.00 kW"
    twin["ev"].write(active_power_limit_w=7_000)
    twin.advance(5.0)
    assert newest(twin, traces, LogKind.WRITE) == "no effect: not plugged in"
    twin.inject("now sag 0.2 2s")
    twin.advance(5.0)
    twin["b"].write(active_power_setpoint_w=-5_000)
    twin.advance(1.0)
    found = newest(twin, traces, LogKind.WRITE)
    assert found.startswith("no effect: tripped U<< 0.4 pu, back in ")


def test_a_write_of_something_else_claims_no_effect() -> None:
    twin, traces = site()
    twin["b"].write(soc_upper_limit_1=0.7)
    twin.advance(5.0)
    assert newest(twin, traces, LogKind.WRITE) == ""


def test_a_sag_says_which_devices_it_trips_and_a_small_one_that_none_does() -> None:
    twin, traces = site()
    twin["b"].write(active_power_setpoint_w=5_000)
    twin.inject("now sag 0.95 1s")
    twin.advance(5.0)
    assert newest(twin, traces, LogKind.INJECT) == "no device trips"
    twin.inject("now sag 0.2 2s")
    twin.advance(5.0)
    assert newest(twin, traces, LogKind.INJECT) == "b TRIPPED"


def test_a_trip_counts_down_and_then_says_how_long_the_device_was_away() -> None:
    twin, traces = site()
    twin.inject("now sag 0.2 2s")
    twin.advance(1.0)
    assert newest(twin, traces, LogKind.TRIP) == "waits for the grid" or "back in" in newest(
        twin, traces, LogKind.TRIP
    )
    twin.advance(3.0)
    first = newest(twin, traces, LogKind.TRIP)
    twin.advance(10.0)
    assert first.startswith("back in")
    assert newest(twin, traces, LogKind.TRIP) != first
    twin.advance(120.0)
    assert newest(twin, traces, LogKind.TRIP).startswith("back after 6")


def test_a_fault_says_what_it_does_to_the_power() -> None:
    twin, traces = site()
    twin["b"].write(active_power_setpoint_w=5_000)
    twin.advance(5.0)
    twin["b"].fault("isolation")
    twin.advance(5.0)
    assert newest(twin, traces, LogKind.INJECT) == "P 5.00 → 0.00 kW after 0.1 s: isolation"


def test_effects_do_not_grow_with_the_run() -> None:
    twin, traces = site()
    for turn in range(3 * KEPT):
        twin["b"].write(active_power_setpoint_w=100.0 * turn)
        twin.advance(0.2)
    assert 100 < len(traces.effects()) <= KEPT
    assert len(traces.traces()) == KEPT


@pytest.mark.parametrize("seconds", [0.1, 1.0])
def test_a_watch_ends_and_costs_nothing_afterwards(seconds: float) -> None:
    twin, traces = site()
    twin["b"].write(active_power_setpoint_w=1_000)
    twin.inject(f"now sag 0.95 {seconds:g}s")
    twin.advance(10.0)
    assert traces.effects()
    assert twin.engine._watchers.next_due > twin.engine.tick + 10**6


def test_a_device_that_ceases_and_then_trips_says_so_and_never_counts_below_zero() -> None:
    twin, traces = site("vde-ar-n-4105")
    twin.inject("now sag 0.7 60s")
    seen: dict[int, list[str]] = {}
    for _ in range(300):
        twin.advance(0.4)
        for number, effect in traces.effects().items():
            seen.setdefault(number, []).append(effect)
    trips = [entry for entry in twin.engine.log if entry.kind is LogKind.TRIP and entry.device == "b"]
    assert [entry.text.partition(":")[0] for entry in trips] == ["RUN → CEASED", "CEASED → TRIPPED"]
    ceased, tripped = (seen[entry.number] for entry in trips)
    assert ceased[0] == "waits for the grid", "what trips in 3 s is not back in 3 s"
    assert ceased[-1] == f"TRIPPED after {trips[1].time_s - trips[0].time_s:.3g} s"
    assert not any("-" in effect for effect in (*ceased, *tripped))
    assert any(effect.startswith("back in ") for effect in tripped)


def test_both_trips_between_two_frames_have_their_effects() -> None:
    twin, traces = site("vde-ar-n-4105")
    twin.inject("now sag 0.7 60s")
    twin.advance(10.0)
    trips = [entry for entry in twin.engine.log if entry.kind is LogKind.TRIP and entry.device == "b"]
    found = traces.effects()
    assert [found[entry.number].partition(" after")[0] for entry in trips] == [
        "TRIPPED",
        "waits for the grid",
    ]
