"""What followed a write, an injection and a trip, as the events say it."""

import re
from typing import Any

import pytest

from twin_tui import Twin
from twin_tui.engine.snapshot import LogKind
from twin_tui.session.power_watch import SERVICE_WITHIN_S
from twin_tui.session.write_traces import KEPT, WriteTraces
from twin_tui.widgets.log_lines import LogFilter

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


def test_a_write_while_tripped_is_told_anew_when_the_device_follows_it() -> None:
    twin, traces = site()
    twin["b"].write(active_power_setpoint_w=5_000)
    twin.advance(5.0)
    twin.inject("now sag 0.2 2s")
    twin.advance(5.0)
    twin["b"].write(active_power_setpoint_w=-5_000)
    twin.advance(10.0)
    assert newest(twin, traces, LogKind.WRITE).startswith("no effect: tripped U<<")
    assert traces._watcher is not None
    twin.advance(120.0)
    found = re.fullmatch(
        r"P .*0\.00 → -0\.\d\d kW after ([\d.]+) s, asked -5\.00: reconnection ramp .*",
        newest(twin, traces, LogKind.WRITE),
    )
    assert found is not None, newest(twin, traces, LogKind.WRITE)
    assert 50.0 < float(found[1]) < 125.0
    assert traces._watcher is None, "nothing is looked at any more"


def test_a_device_that_never_comes_back_is_not_watched_for_ever() -> None:
    twin, traces = site()
    twin.inject("now fault b emergency_stop")
    twin.advance(40.0)
    twin["b"].write(active_power_setpoint_w=-5_000)
    twin.advance(SERVICE_WITHIN_S + 10.0)
    assert newest(twin, traces, LogKind.WRITE).startswith("no effect")
    assert not traces._open


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
    outages = (LogKind.TRIP, LogKind.CEASE)
    trips = [entry for entry in twin.engine.log if entry.kind in outages and entry.device == "b"]
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
    outages = (LogKind.TRIP, LogKind.CEASE)
    trips = [entry for entry in twin.engine.log if entry.kind in outages and entry.device == "b"]
    found = traces.effects()
    assert [found[entry.number].partition(" after")[0] for entry in trips] == [
        "TRIPPED",
        "waits for the grid",
    ]


EMS = "10.0.0.7:51234"


def effects_of_writes(twin: Twin, traces: WriteTraces) -> list[str]:
    """Return the effects of all writes in the log, in order."""
    found = traces.effects()
    return [found.get(entry.number, "") for entry in twin.engine.log if entry.kind is LogKind.WRITE]


def test_a_write_beside_the_setpoint_does_not_take_its_effect() -> None:
    twin, traces = site(ramp_kw_per_s=1)
    twin["b"].write(active_power_setpoint_w=5_000, origin=EMS)
    twin.advance(1.0)
    twin["b"].write(soc_upper_limit_1=0.7, origin=EMS)
    twin.advance(10.0)
    assert effects_of_writes(twin, traces)[-2:] == ["P 0.00 → 5.00 kW after 5 s", ""]


def test_a_write_is_not_credited_with_what_a_later_fault_did() -> None:
    twin, traces = site()
    twin["b"].write(active_power_setpoint_w=5_000, origin=EMS)
    twin.advance(1.0)
    twin["b"].fault("isolation")
    twin.advance(5.0)
    assert effects_of_writes(twin, traces)[-1] == "P 0.00 → 5.00 kW after 0.1 s: isolation"
    assert newest(twin, traces, LogKind.INJECT) == "P 5.00 → 0.00 kW after 0.1 s: isolation"


def test_an_injection_that_moves_the_power_away_is_named() -> None:
    twin, traces = site("none", ramp_kw_per_s=1)
    twin["b"].write(active_power_setpoint_w=8_000, origin=EMS)
    twin.advance(2.0)
    twin.inject("now sag 0.1 1s")
    twin.advance(5.0)
    found = effects_of_writes(twin, traces)[-1]
    assert found.startswith("P 0.00 → 2.0")
    assert found.endswith(", then sag to 0.10 pu for 1 s")


def test_a_mode_that_takes_over_is_named_and_its_moves_are_its_own() -> None:
    twin, traces = site(ramp_kw_per_s=1)
    twin["b"].write(active_power_setpoint_w=8_000, origin=EMS)
    twin.advance(2.0)
    twin["b"].select_mode("FORCED_CHARGE")
    twin.advance(20.0)
    found = effects_of_writes(twin, traces)[-1]
    assert found.startswith("P 0.00 → 2.00 kW after 2 s, then mode FORCED_CHARGE"), found


def test_the_power_of_a_mode_is_not_credited_to_a_write_of_something_else() -> None:
    twin, traces = site()
    twin["b"].select_mode("FORCED_DISCHARGE", 0.5)
    twin["b"].write(soc_lower_limit_1=0.1, origin=EMS)
    twin.advance(5.0)
    assert twin.engine.devices["b"].state.active_power_w > 4_000
    assert effects_of_writes(twin, traces)[-1] == ""


def test_switching_off_moves_the_power_to_zero_and_says_so() -> None:
    twin, traces = site(ramp_kw_per_s=5)
    twin["b"].write(active_power_setpoint_w=5_000, origin=EMS)
    twin.advance(5.0)
    twin["b"].write(start_stop="Power Off", origin=EMS)
    twin.advance(10.0)
    assert effects_of_writes(twin, traces)[-1].startswith("P 5.00 → 0.00 kW after")


def test_a_forced_setpoint_says_that_a_write_changes_nothing() -> None:
    twin, traces = site()
    twin["b"].force("active_power_setpoint_w", 1_000)
    twin.advance(5.0)
    twin["b"].write(active_power_setpoint_w=5_000, origin=EMS)
    twin.advance(5.0)
    assert effects_of_writes(twin, traces)[-1] == "no effect: active_power_setpoint_w is forced"


def cloudy() -> tuple[Twin, WriteTraces]:
    """Return a plant whose power changes all the time."""
    plant = {"type": "pv", "name": "pv", "rated_kw": 10}
    series = {"start": 0, "step": 10, "values": [300, 400, 350, 700, 600, 650]}
    weather = {"sky": "series", "irradiance_series": series}
    twin = Twin.from_dict({"grid_code": "none", "weather": weather, "assets": [plant]})
    twin.advance(5.0)
    return twin, WriteTraces(twin.engine)


def test_the_clouds_are_not_the_effect_of_a_limit_that_does_not_bind() -> None:
    twin, traces = cloudy()
    before_w = twin.engine.devices["pv"].state.active_power_w
    twin["pv"].write(active_power_limit_w=9_000, origin=EMS)
    twin.advance(20.0)
    assert abs(twin.engine.devices["pv"].state.active_power_w - before_w) > 100
    assert "→" not in effects_of_writes(twin, traces)[-1]


def test_a_limit_below_the_power_is_the_cause() -> None:
    twin, traces = cloudy()
    twin["pv"].write(active_power_limit_w=1_000, origin=EMS)
    twin.advance(20.0)
    assert "→ 1.00 kW after" in effects_of_writes(twin, traces)[-1]
    twin["pv"].write(active_power_limit_w=2_000, origin=EMS)
    twin.advance(5.0)
    assert "P 1.00 → 2.00 kW after" in effects_of_writes(twin, traces)[-1]


def test_a_load_that_moves_for_itself_credits_no_write() -> None:
    noisy = {"type": "load", "name": "l", "base_kw": 5, "noise_percent": 20}
    twin = Twin.from_dict({"assets": [noisy]})
    twin.advance(1.0)
    traces = WriteTraces(twin.engine)
    twin["l"].write(origin=EMS, extra_w=1.0)
    twin.advance(5.0)
    twin["l"].write(origin=EMS, extra_w=20_001.0)
    twin.advance(5.0)
    small, large = effects_of_writes(twin, traces)
    assert small == ""
    assert large.startswith("P -"), "a load steps at once by what it is told"
    assert large.endswith(" kW after 0.1 s")


def test_a_write_that_a_mode_overrules_in_the_same_step_has_no_effect() -> None:
    twin, traces = site()
    twin["b"].write(origin=EMS, active_power_setpoint_w=1_000)
    twin["b"].select_mode("FORCED_CHARGE")
    twin.advance(5.0)
    assert twin.engine.devices["b"].state.active_power_w < -4_000
    assert effects_of_writes(twin, traces)[-1] == "no effect: mode FORCED_CHARGE"


def test_a_reset_that_works_says_that_the_fault_is_cleared_and_when_it_starts() -> None:
    twin, traces = site()
    twin.inject("now fault b isolation 14s")
    twin.advance(16.0)
    twin["b"].write(fault_reset=1, origin=EMS)
    for _ in range(10):
        twin.advance(0.5)
        found = effects_of_writes(twin, traces)[-1]
        assert found.startswith("fault cleared"), found
    assert "no effect" not in found
    assert twin.engine.devices["b"].state.status.value in ("WAITING", "RUN")


def test_a_start_that_has_to_wait_says_that_it_waits_and_how_long() -> None:
    twin, traces = site()
    twin["b"].write(start_stop="Power Off", origin=EMS)
    twin.inject("now sag 0.2 2s")
    twin.advance(5.0)
    assert twin.engine.devices["b"].state.status.value == "OFF"
    twin["b"].write(start_stop="Power On", origin=EMS)
    found = set()
    for _ in range(10):
        twin.advance(0.5)
        found.add(effects_of_writes(twin, traces)[-1])
    assert twin.engine.devices["b"].state.status.value == "WAITING"
    assert len(found) == 1, "the time counts from the write"
    assert next(iter(found)).startswith("WAITING, starts in "), found


def test_a_cessation_is_no_trip_and_the_filter_for_trips_leaves_it_out() -> None:
    twin, _ = site("vde-ar-n-4105")
    twin.inject("now sag 0.7 60s")
    twin.advance(10.0)
    of_b = [entry for entry in twin.engine.log if entry.device == "b"]
    ceased = next(entry for entry in of_b if "→ CEASED" in entry.text)
    assert ceased.kind is LogKind.CEASE
    shown = [entry.text.partition(":")[0] for entry in of_b if LogFilter("trip").passes(entry)]
    assert shown == ["CEASED → TRIPPED"]
