"""Schema and loader give the same verdict on files that were changed by chance."""

from typing import Any

import pytest

from benchmarks.schemas import by_loader, by_schema, differences
from twin_tui.cli.schemas import KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_a_shipped_file_changed_by_chance_is_refused_by_both_or_by_neither(kind: str) -> None:
    assert [str(found) for found in differences([kind], 100, seed=11) if found is not None] == []


BATTERY = {"type": "battery", "name": "bess"}


def site(*assets: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return {"assets": [*(assets or (BATTERY,))], **keys}


@pytest.mark.parametrize(
    ("data", "valid"),
    [
        (site(weather={"clear_sky_index": 1.6}), False),
        (site(weather={"clear_sky_index_by_month": "Central-Europe"}), True),
        (site(weather={"clear_sky_index_by_month": [0.5] * 12}), True),
        (site(weather={"clear_sky_index_by_month": [0.5] * 11}), False),
        (site(weather={"clear_sky_index_by_month": "mars"}), False),
        (site(weather={"ambient_mean_c": -91}), False),
        (site(weather={"sunrise_h": 25}), False),
        (site({"type": "meter", "accuracy_class": 21}), False),
        (site({"type": "meter", "accuracy_class": 20}), True),
        (site({"type": "load", "power_factor": 1.5}), False),
        (site({**BATTERY, "register_map": 0}), False),
        (site({**BATTERY, "protocols": [{"kind": "modbus_tcp", "port": 0, "register_map": 0}]}), False),
        (site(latitude=50), False),
        (site(latitude=50, longitude=10), True),
        (site(events=[{"at": 1, "event": "Write", "device": "bess"}]), False),
        (site(events=[{"at": 1, "event": "Write", "device": "bess", "values": {"start_stop": 1}}]), True),
        (site({"type": "appliance", "windows": [{"start_time": "25:00", "duration": "5h"}]}), False),
        (site({"type": "appliance", "windows": [{"start_time": "8:00"}]}), False),
        (site({**BATTERY, "mode": {"name": "FREQUENCY_REGULATION", "parameters": {"product": "x"}}}), False),
        (site({**BATTERY, "mode": {"name": "FREQUENCY_REGULATION", "parameters": {"x": 1}}}), False),
        (site({**BATTERY, "mode": {"name": "idle", "factor": 2}}), False),
        (site({**BATTERY, "mode": ""}), True),
        (site({**BATTERY, "mode": "idle"}), True),
        (site({**BATTERY, "capacity_kwh": "10"}), True),
        (site({**BATTERY, "capacity_kwh": "ten"}), False),
        (site({**BATTERY, "capacity_kwh": None}), False),
        (site({**BATTERY, "started": "YES"}), True),
        (site({**BATTERY, "grid_code": {"name": "g99", "volt_var": 5}}), False),
        (site(links={"rest": None}), True),
        (site(grid=None, weather=None), True),
    ],
)
def test_a_value_has_the_same_verdict_by_both(data: dict[str, Any], valid: bool, tmp_path: Any) -> None:
    (tmp_path / "site").mkdir()
    refused, error = by_schema("site", data), by_loader("site", data, tmp_path)
    assert (not refused, not error) == (valid, valid), (refused, error)
