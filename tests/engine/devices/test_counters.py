"""Every counter of every device can start at the reading of a real one, and counts on from there."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from tests.laws.worlds import NOON_UNIX_S, plain_params
from twin_tui import Twin
from twin_tui.engine.device import registry
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Write
from twin_tui.engine.signals import signals_of
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.run import recording

KINDS = sorted(registry.kinds())
NOT_COUNTED = {
    *("capacity_wh", "energy_to_target_wh", "faded_wh", "heat_unmet_wh"),
    *("day_energy_wh", "session_energy_wh", "run_energy_wh"),
}
"""Energies that are held, still to come, or counted anew for each day, stay or run."""
OTHERS = {"starts", "sessions", "cycles", "operating_hours_h", "running_time_s"}
STORED = {"battery", "ev_charger"}
"""Where the signal ``energy_wh`` is what the storage holds."""


def counters(kind: str) -> list[str]:
    found = signals_of(registry[kind].telemetry)
    energies = {name for name, signal in found.items() if signal.unit in ("Wh", "varh")} - NOT_COUNTED
    if kind in STORED:
        energies.discard("energy_wh")
    return sorted(energies | (OTHERS & set(found)))


def readings(kind: str) -> dict[str, Any]:
    """Return another reading for each parameter of the kind that is one."""
    suffixes = ("_wh", "_varh", "_h", "_starts", "_sessions", "_cycles")
    names = [
        item.name
        for item in fields(registry[kind].params)
        if item.name.startswith("initial_") and item.name.endswith(suffixes) and "phases" not in item.name
    ]
    return {name: 3 * 1000 * number for number, name in enumerate(names, start=1)}


def worked(params: Any, kind: str) -> tuple[Any, Any]:
    """Return what a device shows at the start, and after ten minutes of work."""
    meter = () if kind == "meter" else (DevicePlan("meter", registry["meter"], registry["meter"].params()),)
    plan = SitePlan(
        "one", (DevicePlan("d", registry[kind], params), *meter), dt_s=5.0, start_unix_s=NOON_UNIX_S
    )
    engine = Engine(plan)
    first = engine.telemetry("d")
    wanted = {"start_stop": 1, "active_power_setpoint_w": 3000.0, "load_setpoint_pu": 0.8, "run": True}
    commands = signals_of(registry[kind].commands)
    engine.submit(Write("d", {name: value for name, value in wanted.items() if name in commands}))
    engine.advance(600.0)
    return first, engine.telemetry("d")


@pytest.mark.parametrize("kind", KINDS)
def test_every_counter_of_a_device_starts_at_its_reading_and_counts_as_it_would_from_zero(kind: str) -> None:
    params = plain_params(kind)
    first, last = worked(params, kind)
    first_read, last_read = worked(replace(params, **readings(kind)), kind)
    assert counters(kind)
    for name in counters(kind):
        start = getattr(first_read, name) - getattr(first, name)
        assert start >= 1000, f"{name} of {kind} has no reading at the start"
        assert getattr(last_read, name) - getattr(last, name) == pytest.approx(start, rel=1e-12), name


@pytest.mark.parametrize("kind", KINDS)
def test_no_two_counters_of_a_device_share_a_reading_but_those_of_phases(kind: str) -> None:
    shown, _ = worked(replace(plain_params(kind), **readings(kind)), kind)
    sums = [name for name in counters(kind) if not name.endswith(("_a_wh", "_b_wh", "_c_wh", "_varh"))]
    sums += [name for name in counters(kind) if name.endswith(("q1_varh", "q2_varh", "q3_varh", "q4_varh"))]
    assert len({round(getattr(shown, name)) for name in sums}) == len(sums)


def test_a_watt_counts_as_well_behind_a_gigawatt_hour_as_from_zero() -> None:
    params = plain_params("meter", initial_import_wh=1e9)
    load = DevicePlan("load", registry["load"], plain_params("load", base_w=1.0))
    engine = Engine(SitePlan("one", (DevicePlan("d", registry["meter"], params), load), dt_s=0.1))
    engine.advance(3600.0)
    assert engine.telemetry("d").import_energy_wh - 1e9 == pytest.approx(1.0, abs=1e-6)


def test_a_recording_keeps_the_readings_and_its_replay_has_no_difference(tmp_path: Path) -> None:
    kinds = {"type": "battery", "initial_charged_kwh": 7000, "started": True}
    meter = {"type": "meter", "initial_import_kwh": 41_234.5, "initial_q4_kvarh": 12}
    twin = Twin.from_dict({"name": "old", "assets": [kinds, meter, {"type": "load", "name": "house"}]})
    twin.record(tmp_path / "a.jsonl")
    twin.advance(60.0)
    twin.stop_recording()
    assert twin.engine.telemetry("meter-1").import_energy_wh > 41_234_500.0
    head, rows = recording.read(tmp_path / "a.jsonl")
    again = recording.fresh_engine(head)
    assert again.telemetry("meter-1").import_energy_wh == 41_234_500.0
    assert again.telemetry("meter-1").reactive_energy_q4_varh == 12_000.0
    assert again.telemetry("battery-1").charged_energy_wh == 7_000_000.0
    assert list(recording.replay(again, rows)) == []
