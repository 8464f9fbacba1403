"""A run on a weak grid, through an island and back, is recorded and replayed to the last bit."""

from pathlib import Path
from typing import Any

import pytest

from twin_tui import Twin
from twin_tui.run import recording

WEAK: dict[str, Any] = {"r_ohm": 0.4, "x_ohm": 0.2, "neutral_over_phase": 1, "preset": "continental_europe"}
ASSETS: list[dict[str, Any]] = [
    {
        **{"type": "battery", "name": "b", "capacity_kwh": 60, "max_charge_kw": 30, "max_discharge_kw": 30},
        **{"grid_forming": True, "started": True, "mode": "OUTAGE_SUPPLY"},
    },
    {"type": "pv", "name": "p", "rated_kw": 25, "grid_code": {"name": "vde-ar-n-4105", "volt_var": True}},
    {"type": "load", "name": "l", "base_kw": 9, "noise_percent": 8, "voltage_model": "motor", "inrush": 2},
    {"type": "load", "name": "one", "base_kw": 2, "phase": "b"},
    {"type": "ev_charger", "name": "ev", "max_discharge_power_kw": 7},
    {"type": "meter", "name": "m"},
]
COURSES = {
    "weak": ["5s sag 0.88 2s", "8s freq step 0.4 4s", "10s write ev discharge_setpoint_w 6kW"],
    "island": ["5s interrupt 10s", "8s write one extra_w 1kW", "12s fault l stalled for 2s"],
    "collapse": ["5s interrupt 20s", "8s write l extra_w 80kW", "16s write l extra_w 0"],
    "two phases lost": ["5s interrupt 8s phases ab"],
}


@pytest.mark.parametrize("course", COURSES, ids=str)
def test_a_run_on_a_weak_grid_and_in_an_island_replays_to_the_same_bits(course: str, tmp_path: Path) -> None:
    site = {
        "name": "far",
        "seed": 5,
        "start": "2026-06-20T12:00:00",
        "grid": WEAK,
        "island": {"shed_order": ["one"], "restart_s": "3s", "reconnect_s": "4s"},
        "assets": ASSETS,
    }
    twin = Twin.from_dict(site)
    twin.record(tmp_path / "a.jsonl")
    for line in COURSES[course]:
        twin.inject(line)
    twin.advance(45.0)
    supplies = {entry.text.split(":")[0] for entry in twin.engine.log if entry.device == "grid"}
    if course == "weak":
        assert not any("islanded" in text for text in supplies)
    else:
        assert "islanded" in supplies
    twin.stop_recording()
    head, rows = recording.read(tmp_path / "a.jsonl")
    assert list(recording.replay(recording.fresh_engine(head), rows)) == []
