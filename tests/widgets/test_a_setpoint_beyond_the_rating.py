"""A setpoint that no device can follow keeps its place at the edge of the chart; the power stays readable."""

import re
from typing import Any

import pytest

from tests.widgets.screen import app_of, console, screen_text, settled
from twin_tui import Twin
from twin_tui.session.local import LocalSession

EMS = "127.0.0.1:42022"
SITE: dict[str, Any] = {
    "name": "plant",
    "grid_code": "none",
    "assets": [
        {"type": "battery", "name": "bess", "capacity_kwh": 20, "max_charge_kw": 10, "max_discharge_kw": 10,
         "commands": {"start_stop": 1}},
    ],
}  # fmt: skip


def ticks(shown: str) -> list[float]:
    """Return the numbers at the axis of the chart."""
    return [float(found) for found in re.findall(r"^ *(-?[\d.]+)[┤+]", shown, re.MULTILINE)]


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
@pytest.mark.parametrize("glyphs", ["unicode", "ascii"])
@pytest.mark.parametrize(
    ("setpoint_w", "said"), [(2e8, "200000 kW"), (-2e8, "-200000 kW"), (60e3, "60.00 kW")]
)
async def test_a_typo_in_a_setpoint_does_not_ruin_the_chart(
    size: tuple[int, int], glyphs: str, setpoint_w: float, said: str
) -> None:
    session = LocalSession(Twin.from_dict(SITE))
    async with console(session, size, glyphs=glyphs) as pilot:
        for wanted_w in (5_000.0, setpoint_w, setpoint_w):
            session.twin["bess"].write(origin=EMS, active_power_setpoint_w=wanted_w)
            for _ in range(8):
                session.twin.advance(1.0)
                await app_of(pilot).refresh_frame()
        await settled(pilot)
        shown = screen_text(pilot)
    arrow = {"unicode": "↑↓", "ascii": "^v"}[glyphs][setpoint_w < 0]
    row = next(line for line in shown.splitlines() if f"{arrow} set {said}" in line)
    assert 10 <= max(map(abs, ticks(shown))) <= 20, "the axis is that of the rating, 10 kW"
    lines = shown.splitlines()
    title = next(place for place, line in enumerate(lines) if "inject" in line and "trip" in line)
    beneath = lines[title + 1 :]
    chart = [line for line in beneath if re.match(r"^ *(-?[\d.]+)?[┤│+|]", line)]
    assert chart.index(row) == (0 if setpoint_w > 0 else len(chart) - 1)


async def test_a_setpoint_within_the_rating_has_its_place_and_no_note() -> None:
    session = LocalSession(Twin.from_dict(SITE))
    async with console(session, (160, 48)) as pilot:
        session.twin["bess"].write(origin=EMS, active_power_setpoint_w=11_000)
        for _ in range(8):
            session.twin.advance(1.0)
            await app_of(pilot).refresh_frame()
        await settled(pilot)
        assert "↑ set" not in screen_text(pilot)


def test_the_rating_of_a_device_is_known_where_something_steers_it() -> None:
    site = LocalSession(Twin.from_file("demo")).site
    assert {device.name: device.rated_w for device in site.devices} == {
        "battery": 15_000.0,
        "pv": 20_000.0,
        "load": float("inf"),
        "meter": float("inf"),
    }
