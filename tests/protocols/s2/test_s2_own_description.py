"""Descriptions in site files, in the form of S2."""

import json
from pathlib import Path
from typing import Any

import pytest
from s2_cem import Cem, Remote, dialling

from twin_tui import Twin
from twin_tui.config import load_site
from twin_tui.engine.engine import Engine
from twin_tui.engine.s2.descriptions import description_of, offered
from twin_tui.engine.s2.model import ControlType
from twin_tui.errors import ConfigError
from twin_tui.protocols.s2.convert import MessageConverter
from twin_tui.protocols.s2.described import descriptions_of
from twin_tui.protocols.s2.names import Names


def power(start_w: float, end_w: float) -> list[dict[str, Any]]:
    return [{"start_of_range": start_w, "end_of_range": end_w, "commodity_quantity": "ELECTRIC.POWER.L1"}]


def mode(name: str, start_w: float, end_w: float, abnormal: bool = False) -> dict[str, Any]:
    return {"id": name, "power_ranges": power(start_w, end_w), "abnormal_condition_only": abnormal}


OMBC: dict[str, Any] = {
    "message_type": "OMBC.SystemDescription",
    "operation_modes": [mode("off", 0, 0), mode("full", 4000, 5000)],
    "transitions": [
        {
            "id": "up",
            "from": "off",
            "to": "full",
            "start_timers": ["rest"],
            "blocking_timers": [],
            "abnormal_condition_only": False,
        },
        {
            "id": "down",
            "from": "full",
            "to": "off",
            "start_timers": [],
            "blocking_timers": ["rest"],
            "abnormal_condition_only": False,
        },
    ],
    "timers": [{"id": "rest", "duration": 10_000}],
}


def a_site(description: Any) -> dict[str, Any]:
    battery = {"name": "battery", "type": "battery", "capacity_kwh": 10, "s2_description": description}
    return {"name": "own", "step": 1, "real_time": False, "assets": [battery]}


async def test_a_site_file_can_replace_the_description() -> None:
    twin = Twin.from_dict(a_site(OMBC))
    async with Cem() as cem, dialling(twin.engine, cem.url):
        details = await cem.shake_hands()
        assert details["available_control_types"] == ["OPERATION_MODE_BASED_CONTROL"]
        await cem.select("OPERATION_MODE_BASED_CONTROL")
        remote = Remote(cem, await cem.expect("OMBC.SystemDescription"))
        assert set(remote.modes) == {"off", "full"}
        await remote.instructed("full", 0.5)
        twin.advance(5)
        assert twin.device("battery").telemetry.active_power_w == pytest.approx(-4_500.0)
        await remote.instructed("off", ends="REJECTED")
        twin.advance(6)
        await remote.instructed("off")


def test_a_description_may_be_in_a_separate_file(tmp_path: Path) -> None:
    (tmp_path / "own.json").write_text(json.dumps([OMBC]), encoding="utf-8")
    (tmp_path / "site.json").write_text(json.dumps(a_site("own.json")), encoding="utf-8")
    site = load_site(tmp_path / "site.json")
    (description,) = site.plan.devices[0].s2
    assert description.control.name == "OMBC"
    again = load_site(dict(site.source))
    assert again.plan.devices[0].s2 == site.plan.devices[0].s2


@pytest.mark.parametrize("kind", ["battery", "ev_charger", "appliance", "chp", "heat_pump", "pv"])
def test_a_device_accepts_the_description_that_it_sends(kind: str) -> None:
    needed = {"appliance": {"consumption_wh": 1000, "duration_h": 1}, "chp": {"rated_kw": 20}}
    site = load_site({"name": "x", "assets": [{"name": "device", "type": kind, **needed.get(kind, {})}]})
    engine = Engine(site.plan)
    device = engine.devices["device"]
    converter = MessageConverter(engine, Names("x", "device"))
    for control in [kind for kind in offered(device) if kind is not ControlType.PPBC]:
        sent = converter.descriptions(description_of(device, control, engine.surroundings))
        (read,) = descriptions_of(sent, "sent")
        device.plan = type(device.plan)(device.name, device.type, device.params, s2=(read,))
        again = converter.descriptions(description_of(device, control, engine.surroundings))
        assert again == sent


@pytest.mark.parametrize(
    ("description", "message"),
    [
        (3, "expected an S2 message, found 3"),
        ({**OMBC, "message_type": "OMBC.SystemDescripton"}, "did you mean OMBC.SystemDescription"),
        ({**OMBC, "operation_modes": []}, "operation_modes: 0 entries, expected 1 to 100"),
        ({**OMBC, "timers": []}, "unknown timer 'rest'"),
        ([OMBC, OMBC], "two descriptions of one control type"),
        (
            [{"message_type": "FRBC.LeakageBehaviour", "elements": [{}]}],
            "fill_level_range is missing",
        ),
        ("none.json", "no such file"),
    ],
)
def test_an_invalid_description_is_refused(description: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_site(a_site(description))


def test_a_load_accepts_no_description() -> None:
    load = {"name": "load", "type": "load", "s2_description": OMBC}
    with pytest.raises(ConfigError, match="a load cannot be controlled"):
        load_site({"name": "x", "assets": [load]})


def test_a_heat_pump_accepts_demand_driven_control_only() -> None:
    pump = {"name": "pump", "type": "heat_pump", "s2_description": OMBC}
    with pytest.raises(ConfigError, match="expected DDBC"):
        load_site({"name": "x", "assets": [pump]})
