"""A device type of another package in the console: shown, steered and faulted like our own."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.widgets.screen import console, screen_text, settled
from twin_tui import Twin
from twin_tui.engine import packages
from twin_tui.engine.device import registry
from twin_tui.engine.events.registry import EVENT_TYPES, from_dict, to_dict
from twin_tui.session.local import LocalSession

MODULE = '''
"""A package of somebody else: a flywheel with a mode, a flow group of its own, and an event."""

from dataclasses import replace

from tests.engine.test_device_types import STEERED
from twin_tui.engine.events.registry import event
from twin_tui.engine.running import Event
from twin_tui.engine.snapshot import LogKind

FLYWHEEL = replace(STEERED, title="Flywheel", flow_group="Kinetic")


@event
class Balance(Event):
    """The wheel is balanced."""

    device: str
    grams: float = 1.0

    def carry_out(self, run, tick):
        run.note(LogKind.STATE, self.device, f"balanced with {self.grams:g} g", self.origin, tick)
'''
SITE: dict[str, Any] = {
    "name": "kinetic",
    "assets": [
        {"type": "flywheel", "name": "wheel", "capacity_kwh": 10, "rated_kw": 4},
        {"type": "load", "name": "house", "base_kw": 1},
    ],
}


@pytest.fixture
def twin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Twin]:
    """A site whose device type, mode, flow group and event come from an installed package."""
    info = tmp_path / "twin_flywheel-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: twin-flywheel\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[twin_tui.device_types]\nflywheel = twin_flywheel:FLYWHEEL\n")
    (tmp_path / "twin_flywheel.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(registry, "_types", dict(registry._types))
    monkeypatch.setattr(registry, "_searched", False)
    monkeypatch.setattr(registry, "broken", ())
    known = dict(EVENT_TYPES)
    yield Twin.from_dict(SITE)
    EVENT_TYPES.clear()
    EVENT_TYPES.update(known)
    sys.modules.pop("twin_flywheel", None)


async def line(pilot: Pilot[int], text: str) -> str:
    """Type a command line, and return the screen that follows it."""
    await pilot.press("colon")
    await pilot.press(
        *(
            "space"
            if letter == " "
            else "underscore"
            if letter == "_"
            else "full_stop"
            if letter == "."
            else letter
            for letter in text
        )
    )
    await pilot.press("enter")
    return await after(pilot)


async def after(pilot: Pilot[int]) -> str:
    """Return the screen after the last keys."""
    await settled(pilot)
    return screen_text(pilot)


async def test_it_is_shown_and_used_like_a_type_of_our_own(twin: Twin) -> None:
    async with console(LocalSession(twin), (160, 48)) as pilot:
        twin.engine.advance(1.0)
        shown = await after(pilot)
        assert "wheel" in shown
        assert "Kinetic" in shown, "the flow group"

        await line(pilot, "write wheel power_w 2kW")
        twin.engine.advance(2.0)
        assert "2.00" in await after(pilot)
        assert twin.engine.telemetry("wheel").active_power_w == 2_000.0

        await line(pilot, "mode wheel SPIN_UP 0.5")
        twin.engine.advance(2.0)
        assert twin.engine.telemetry("wheel").active_power_w == -2_000.0
        assert "SPIN_UP" in await after(pilot)

        await line(pilot, "fault wheel bearing")
        twin.engine.advance(1.0)
        assert "bearing" in await after(pilot)
        assert twin.engine.device("wheel").state.status.value == "FAULT"


async def test_its_modes_faults_and_signals_are_in_the_lists(twin: Twin) -> None:
    async with console(LocalSession(twin), (160, 48)) as pilot:
        twin.engine.advance(1.0)
        for key, word in (("s", "SPIN_UP"), ("e", "A bearing is worn"), ("w", "Power asked for")):
            await pilot.press(key)
            assert word in await after(pilot), key
            await pilot.press("escape")
            await pilot.press("escape")
            await settled(pilot)
        await pilot.press("enter")
        shown = await after(pilot)
        assert "Flywheel" in shown
        assert "Energy in the wheel" in shown or "energy_wh" in shown


async def test_its_event_is_logged_recorded_and_read_again(twin: Twin) -> None:
    async with console(LocalSession(twin), (160, 48)) as pilot:
        made = from_dict({"event": "Balance", "device": "wheel", "grams": 2.5})
        assert from_dict(to_dict(made)) == made
        twin.engine.submit(made)
        twin.engine.advance(1.0)
        assert "balanced with 2.5 g" in await after(pilot)


def test_it_is_found_by_its_entry_point_and_nothing_else(twin: Twin) -> None:
    assert [entry.value for entry in packages._entries("twin_tui.device_types")] == ["twin_flywheel:FLYWHEEL"]
    assert registry.broken == ()
