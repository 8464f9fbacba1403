"""The energy of the day beside each device and kind, in both directions where they differ, never cut."""

import pytest

from tests.widgets.hand_fed import HandFedSession, frame, snapshot
from tests.widgets.screen import console, screen_text
from twin_tui.engine.view import Energy, Frame
from twin_tui.widgets.cards import since
from twin_tui.widgets.glyphs import ASCII, UNICODE
from twin_tui.widgets.model import flow_energy
from twin_tui.widgets.overview_lines import energy_text

ENERGIES = {"bess-1": Energy(3_210.0, 104_560.0), "load": Energy(0.0, 8_100.0), "": Energy(12_000.0, 900.0)}


def shown(begun_s: float = 0.0) -> Frame:
    return frame(energy=ENERGIES, energy_since_s=begun_s)


@pytest.mark.parametrize("size", [(120, 40), (160, 48), (200, 60), (250, 70)])
async def test_devices_kinds_and_grid_say_their_energy(size: tuple[int, int]) -> None:
    async with console(HandFedSession(shown()), size) as pilot:
        text = screen_text(pilot)
    for needed in ("→ 3.21 ← 104.6", "← 8.10", "→ 12.00 ← 0.90"):
        assert text.count(needed) == 2, needed
    assert "since 10:00, kWh" in text


def test_a_day_that_began_at_midnight_is_called_today() -> None:
    assert since(frame(snapshot=snapshot(86_400.0), energy_since_s=50_400.0)) == "today, kWh"
    assert since(shown()) == "since 10:00, kWh"


def test_one_direction_alone_is_shown_alone() -> None:
    assert energy_text(Energy(0.0, 4.9), UNICODE) == "0.00"
    assert energy_text(Energy(4.0, 1_234_567.0), UNICODE) == "← 1234.6"
    assert energy_text(Energy(1_000.0, 1_000.0), ASCII) == "> 1.00 < 1.00"
    assert energy_text(None, UNICODE) == ""


def test_a_kind_has_the_energies_of_its_devices() -> None:
    assert flow_energy(shown()) == {
        "Grid": ENERGIES[""],
        "Battery": ENERGIES["bess-1"],
        "Load": ENERGIES["load"],
    }
    assert flow_energy(frame()) == {}
