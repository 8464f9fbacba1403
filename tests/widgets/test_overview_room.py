"""The overview at any size: no pane covers another, none is lost on a larger screen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.widgets.hand_fed import CLIENT, HandFedSession
from tests.widgets.screen import app_of, console, screen_text, settled
from twin_tui.widgets.arrange import PANES, arrange

SIZES = [(80, 24), (100, 30), (120, 40), (160, 48), (200, 60), (250, 70)]


@given(st.integers(40, 300), st.integers(8, 100), st.integers(0, 60), st.integers(1, 8))
def test_panes_fill_the_screen_and_never_overlap(width: int, height: int, devices: int, groups: int) -> None:
    regions = arrange(width, height, devices, groups)
    area = 0
    for name, region in regions.items():
        assert name in PANES
        assert region.x >= 0
        assert region.y >= 0
        assert region.right <= width
        assert region.bottom <= height
        assert region.height > 0
        assert region.width >= 30
        assert not any(region.overlaps(other) for key, other in regions.items() if key != name)
        area += region.area
    assert area >= 0.95 * width * height


@pytest.mark.parametrize("devices", [0, 3, 7, 20])
def test_a_larger_screen_shows_whatever_a_smaller_one_does(devices: int) -> None:
    shown: set[str] = set()
    for width, height in SIZES:
        now = set(arrange(width, height - 2, devices, 4))
        assert shown - {"flow"} <= now
        shown = now
    assert shown == set(PANES)


def test_a_pane_that_is_zoomed_has_everything() -> None:
    for pane in PANES:
        assert {name: region.area for name, region in arrange(80, 22, 3, 4, pane).items()} == {pane: 80 * 22}


@pytest.mark.parametrize("size", SIZES)
async def test_every_size_shows_state_power_setpoint_voltage_write_and_events(size: tuple[int, int]) -> None:
    async with console(HandFedSession(), size) as pilot:
        text = screen_text(pilot)
    for needed in ("bess-1", "RUN", "-20.00", "43", "231 V", "0.4s", "load", "-8.00", "WRITE", "±20"):
        assert needed in text
    assert text.count("0┤") >= 1, "the chart of the chosen device has a zero line"
    if size[0] >= 100:
        assert "on_gr" in text
        assert CLIENT.partition(":")[2] in text
    if size[0] >= 200:
        assert "links and clients" in text


async def test_a_pane_is_zoomed_and_given_back_with_a_key() -> None:
    async with console(HandFedSession(), (160, 48)) as pilot:
        before = screen_text(pilot)
        app_of(pilot).views.overview.log_pane.list.focus()
        await pilot.press("Z")
        await settled(pilot)
        zoomed = screen_text(pilot)
        assert "events" in zoomed
        assert "on_grid_power_setpoint  " not in zoomed
        await pilot.press("Z")
        await settled(pilot)
        assert screen_text(pilot).splitlines()[1:40] == before.splitlines()[1:40]
