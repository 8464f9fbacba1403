"""The registers use the room there is: whole names first, the signal beside, numbers and ages never cut."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.widgets.hand_fed import CLIENT, REGISTERS, HandFedSession
from tests.widgets.screen import console, screen_text, settled, text_of
from twin_tui.engine.view import RegisterInfo, RegisterValue
from twin_tui.widgets.glyphs import UNICODE
from twin_tui.widgets.register_lines import NumberFormat, RegisterColumns, heading, register_line, who_columns
from twin_tui.widgets.spans import cut

LONG = RegisterInfo(
    "input registers", 10132, "available_discharging_power", "uint32", count=2, device="bess-1",
    signal="available_discharge_power_w", unit="kW",
)  # fmt: skip
WRITTEN = RegisterValue(0, (0xFFFF, 0xFF88), "-12.0 kW", writer=CLIENT, write_age_s=1.4)
NAMES = st.text("abcdefghij_", min_size=1, max_size=40)


@given(
    st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=6),
    st.integers(40, 260),
    st.floats(-1e9, 1e9),
    st.sampled_from(NumberFormat),
    st.sampled_from(["", "forced", "frozen"]),
    st.sampled_from(["", "mode PEAK_SHAVING"]),
)
def test_no_row_is_wider_than_its_room_and_its_number_is_whole(
    names: list[tuple[str, str]], width: int, number: float, how: NumberFormat, held: str, author: str
) -> None:
    infos = tuple(replace(LONG, name=name, signal=signal) for name, signal in names)
    text = f"{number:.1f} kWh"
    value = replace(WRITTEN, text=text, held=held, author=author)
    columns = RegisterColumns.of(
        width, infos, max(10, len(text)), how, number=len(text), who=who_columns(value)
    )
    assert len(text_of(heading(columns))) <= width
    for info in infos:
        line = text_of(register_line(info, value, columns, how, UNICODE, True))
        assert len(line) <= width
        assert text in line
        assert text_of(cut(line_of(line), width)).rstrip() == line.rstrip()
        if not held and not author and width >= 48:
            assert "1.4s" in line
        assert (author.partition(" ")[2] if author else ":51234") in line or width < 48
        if width >= 80 and len(info.name) <= 24:
            assert info.name in line


def line_of(text: str) -> list[tuple[str, str]]:
    return [(text, "plain")]


@pytest.mark.parametrize("width", range(50, 161, 5))
def test_names_are_whole_where_there_is_room(width: int) -> None:
    columns = RegisterColumns.of(width, (*REGISTERS, LONG), 10, NumberFormat.HEX)
    line = text_of(register_line(LONG, WRITTEN, columns, NumberFormat.HEX, UNICODE))
    if width >= 64:
        assert "available_discharging_power " in line
    else:
        assert re.search(r"available\w*…?\w*ower ", line)
    if width >= 72:
        assert "0xFFFFFF88" in line
    if width >= 125:
        assert LONG.signal in line


@pytest.mark.parametrize("width", range(46, 81, 2))
def test_names_that_are_cut_stay_different(width: int) -> None:
    limits = [replace(LONG, name=f"soc_upper_limit_of_{which}") for which in ("cell_1", "cell_2")]
    columns = RegisterColumns.of(width, (LONG, *limits), 10, NumberFormat.HEX)
    lines = {text_of(register_line(each, WRITTEN, columns, NumberFormat.HEX, UNICODE)) for each in limits}
    assert len(lines) == 2


async def test_a_register_has_its_signal_beside_it_where_they_differ() -> None:
    async with console(HandFedSession(), (160, 48)) as pilot:
        await pilot.press("r")
        await settled(pilot)
        lines = screen_text(pilot).splitlines()
    (row,) = [line for line in lines if line.lstrip("▶ ").startswith("10126")]
    assert "on_grid_power_setpoint active_power_setpoint_w" in row
    (same,) = [line for line in lines if line.startswith(" 10050i")]
    assert same.count("working_status") == 1, "one quantity, one name"


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (120, 40), (160, 48), (200, 60), (250, 70)])
async def test_the_age_of_a_write_is_whole_in_every_register_pane(size: tuple[int, int]) -> None:
    for key in ("r", "o"):
        async with console(HandFedSession(), size) as pilot:
            await pilot.press(key)
            await settled(pilot)
            rows = [line for line in screen_text(pilot).splitlines() if "10126  on_gr" in line]
        for row in rows:
            assert "-20.0 kW" in row
            assert "W 0.4s" in row
        assert rows or (key, size) == ("o", (80, 24))


def test_eighty_columns_have_the_address_of_a_client_beside_the_longest_names() -> None:
    written = replace(WRITTEN, writer="127.0.0.1:40658", write_age_s=0.8)
    columns = RegisterColumns.of(79, (*REGISTERS, LONG), 10, NumberFormat.HEX)
    line = text_of(register_line(LONG, written, columns, NumberFormat.HEX, UNICODE))
    assert line.endswith("W 0.8s 127.0.0.1:40658")
    assert "0xFFFFFF88" in line
