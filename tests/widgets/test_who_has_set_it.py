"""Tile, table, chart and registers name who has set the setpoint in force, in little room too."""

from dataclasses import replace
from typing import Any

import pytest

from tests.widgets import hand_fed
from tests.widgets.screen import app_of, console, screen_text, settled
from twin_tui import Twin
from twin_tui.engine.formats import columns
from twin_tui.engine.view import RegisterInfo, RegisterValue
from twin_tui.session.local import LocalSession
from twin_tui.widgets.glyphs import UNICODE
from twin_tui.widgets.register_lines import NumberFormat, RegisterColumns, register_line, who_columns

EMS = "127.0.0.1:42022"
SITE: dict[str, Any] = {
    "name": "plant",
    "grid_code": "none",
    "assets": [
        {"type": "battery", "name": "bess", "capacity_kwh": 20, "max_charge_kw": 10, "max_discharge_kw": 10,
         "protocols": [{"port": 0, "kind": "modbus_tcp"}], "commands": {"start_stop": 1}},
        {"type": "load", "name": "house", "base_kw": 3},
    ],
}  # fmt: skip
SIZES = [(80, 24), (100, 30), (120, 40), (160, 48), (250, 70)]


def a_session() -> LocalSession:
    """Return a session in which the client has written, and later the site file."""
    session = LocalSession(Twin.from_dict(SITE))
    session.twin["bess"].write(origin=EMS, active_power_setpoint_w=5_000)
    session.twin.advance(3.0)
    return session


def row_of(shown: str, name: str) -> str:
    """Return the row of the table, or the rows of the card, of a device."""
    lines = shown.splitlines()
    at = next(place for place, line in enumerate(lines) if name in line and "RUN" in line)
    return "\n".join(line[:80] for line in lines[at : at + 5]) if "╭" in lines[at] else lines[at]


@pytest.mark.parametrize("size", SIZES)
async def test_the_client_that_wrote_last_is_named_only_while_its_setpoint_is_in_force(
    size: tuple[int, int],
) -> None:
    session = a_session()
    async with console(session, size) as pilot:
        await settled(pilot)
        client = screen_text(pilot)
        session.twin["bess"].write(origin="site file", active_power_setpoint_w=-2_000)
        session.twin.advance(3.0)
        await settled(pilot)
        site = screen_text(pilot)
        session.twin["bess"].select_mode("FORCED_DISCHARGE", 0.3)
        session.twin.advance(3.0)
        await settled(pilot)
        mode = screen_text(pilot)
    wide = size[0] >= 96
    assert ":42022" in row_of(client, "bess") or not wide
    assert ("site file" if wide else "site") in row_of(site, "bess")
    assert ":42022" not in row_of(site, "bess")
    assert "mode" in row_of(mode, "bess") or "FORCED_DISCHARGE" in row_of(mode, "bess")
    if size[1] >= 40:
        assert "mode FORCED_DISCHARGE sets 3.00 kW" in mode, "the line under the chart"
        assert "ago" in next(line for line in site.splitlines() if "site file" in line and "ago" in line)


@pytest.mark.parametrize("width", [40, 48, 60, 80, 120])
@pytest.mark.parametrize(
    ("found", "author"),
    [
        ({"writer": EMS, "write_age_s": 0.4}, ":42022"),
        ({"writer": EMS, "write_age_s": 5_000.0, "held": "forced"}, ":42022"),
        ({"writer": EMS, "write_age_s": 3.0, "author": "mode FREQUENCY_REGULATION"}, "FREQUENCY_REGULATION"),
        ({"writer": EMS, "write_age_s": 3.0, "author": "site file"}, "site file"),
        ({"author": EMS}, ":42022"),
        ({"writer": EMS, "write_age_s": 3.0, "verdict": "refused: 9 is outside"}, ":42022"),
    ],
)
def test_a_register_keeps_its_author_and_its_value_and_its_name_shortens(
    width: int, found: dict[str, Any], author: str
) -> None:
    if width == 40 and "FREQUENCY" in author:
        pytest.skip("no room for any name beside the value")
    info = RegisterInfo(
        "holding registers", 10_126, "on_grid_power_setpoint_of_the_battery", "int32", count=2
    )
    value = RegisterValue(0, (0, 90), "-12345.6 kW", **found)
    room = RegisterColumns.of(
        width,
        [info],
        columns(value.text),
        NumberFormat.HEX,
        number=columns(value.text),
        who=who_columns(value),
    )
    shown = "".join(text for text, _ in register_line(info, value, room, NumberFormat.HEX, UNICODE))
    assert columns(shown) <= width
    assert "-12345.6 kW" in shown
    assert author in shown
    assert "on_" in shown


async def test_a_refused_write_is_not_shown_as_a_write() -> None:
    session = hand_fed.HandFedSession()
    frame = session.frame

    async def refused(view: Any) -> Any:
        found = await frame(view)
        return replace(
            found, registers=tuple(replace(each, verdict="refused: 9 is outside") for each in found.registers)
        )

    session.frame = refused  # type: ignore[method-assign]
    async with console(session, (120, 40)) as pilot:
        await app_of(pilot).carry_out("view registers")
        await settled(pilot)
        assert "refused 0.4s 10.0.0.7:51234" in screen_text(pilot)
        assert "W 0.4s" not in screen_text(pilot).split("Power asked for")[0]


async def test_a_write_of_the_site_file_is_not_in_the_colour_of_clients() -> None:
    session = LocalSession(Twin.from_dict(SITE))
    session.twin["bess"].write(origin="site file", active_power_setpoint_w=-2_000)
    session.twin.advance(3.0)
    async with console(session, (160, 48)) as pilot:
        await settled(pilot)
        amber = app_of(pilot).get_css_variables()["role-fresh"]
        strips = pilot.app.screen._compositor.render_strips()
        coloured = [
            segment.text
            for strip in strips
            for segment in strip
            if segment.style is not None and segment.style.color is not None and segment.text.strip()
            and segment.style.color.get_truecolor().hex.lower() == amber.lower()
        ]  # fmt: skip
        assert coloured == []
        session.twin["bess"].write(origin=EMS, active_power_setpoint_w=2_000)
        session.twin.advance(1.0)
        await settled(pilot)
        assert ":42022" in screen_text(pilot)
