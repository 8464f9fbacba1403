"""Random sites at random sizes: no line is wider than its room, no number cut, nothing lost on more room."""

import re
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.widgets.hand_fed import CLIENT, HandFedSession, battery, frame, load, snapshot
from tests.widgets.screen import console, screen_text, text_of
from twin_tui.engine.formats import columns, kilowatts
from twin_tui.engine.snapshot import DeviceSnapshot, LogEntry, LogKind
from twin_tui.engine.view import Energy, Frame, WriteTrace
from twin_tui.engine.why import Constraint, Why
from twin_tui.widgets.cards import CARD_HEIGHT, CARD_WIDTH, balance, cards, flow, flow_line
from twin_tui.widgets.glyphs import ASCII, UNICODE, VT
from twin_tui.widgets.history import History
from twin_tui.widgets.overview_lines import Columns, table
from twin_tui.widgets.spans import Line, named
from twin_tui.widgets.timeline import device_chart

POWERS = st.one_of(
    st.sampled_from([0.0, -0.0, 0.4, -0.4, 1e9, -1e9, 99_995.0, -99_995.0, 9_999_950.0]),
    st.floats(-1e9, 1e9),
)
LETTERS = "abcdefgh-_ 蓄電池é\u0301"
NAMES = st.text(LETTERS, min_size=1, max_size=40).filter(lambda name: name.strip() != "")
ENERGIES = st.builds(Energy, st.floats(0, 2.4e10), st.floats(0, 2.4e10))
STATES = st.sampled_from(["RUN", "STANDBY", "STARTING", "TRIPPED", "CEASED", "WAITING", "FAULT", "OFF"])
GLYPHS = st.sampled_from([UNICODE, VT, ASCII])
WIDTHS = st.integers(40, 260)


@st.composite
def devices(draw: st.DrawFn) -> tuple[DeviceSnapshot, ...]:
    names = draw(st.lists(NAMES, min_size=1, max_size=25, unique=True))
    found = []
    for name in names:
        power_w = draw(POWERS)
        if draw(st.booleans()):
            left_s = draw(st.integers(1, 10_000))
            why = Why((Constraint("tripped", f"tripped U<< 0.45 pu, back in {left_s} s"),), power_w, 0.0)
            device = battery(power_w, draw(st.floats(0, 1)), status=draw(STATES), why=why)
            asked = replace(device.commands, active_power_setpoint_w=draw(POWERS))
            found.append(replace(device, name=name, commands=asked, pinned=("soc",)))
        else:
            found.append(replace(load(power_w), name=name, status=draw(STATES)))
    return tuple(found)


@st.composite
def sites(draw: st.DrawFn) -> Frame:
    found = draw(devices())
    grid = replace(snapshot().grid, active_power_w=draw(POWERS), loss_w=draw(st.floats(0, 1e8)))
    energy = {device.name: draw(ENERGIES) for device in found} | {"": draw(ENERGIES)}
    age_s = draw(st.floats(0, 1e7))
    trace = WriteTrace(found[0].name, 720.0, age_s, CLIENT, "active_power_setpoint_w 0 → 1", ("a",))
    return frame(
        snapshot=snapshot(devices=found, grid=grid),
        energy=draw(st.sampled_from([{}, energy])),
        traces=(trace,),
    )


def seen(site: Frame) -> History:
    history = History()
    for second in range(5):
        history.add(replace(site.snapshot, time_s=700.0 + second))
    return history


def whole(lines: list[Line], width: int) -> None:
    for line in lines:
        assert columns(text_of(line)) <= width, text_of(line)


@settings(max_examples=60)
@given(sites(), WIDTHS, GLYPHS)
def test_a_row_is_never_wider_than_its_room_and_has_its_power(
    site: Frame, width: int, glyphs: object
) -> None:
    lines = table(site, seen(site), width, glyphs, 0)  # type: ignore[arg-type]
    whole(lines, width)
    for device, line in zip(site.snapshot.devices, lines[1:], strict=False):
        if device.flow_group:
            assert re.search(
                rf"(?<![\d.-]){re.escape(kilowatts(device.active_power_w))}(?![\d.])", text_of(line)
            )


@settings(max_examples=60)
@given(sites(), st.integers(CARD_WIDTH, 260), GLYPHS)
def test_a_card_is_a_box_with_straight_sides_and_whole_numbers(
    site: Frame, width: int, glyphs: object
) -> None:
    lines = cards(site, seen(site), width, glyphs, 0)  # type: ignore[arg-type]
    whole(lines, width)
    for top in range(0, len(lines), CARD_HEIGHT):
        assert len({columns(text_of(line)) for line in lines[top : top + CARD_HEIGHT]}) == 1
    text = "\n".join(text_of(line) for line in lines)
    for device in site.snapshot.devices:
        if device.flow_group:
            assert f" {kilowatts(device.active_power_w)} kW" in text


@settings(max_examples=60)
@given(sites(), WIDTHS, GLYPHS)
def test_the_power_flow_has_every_power_and_bars_that_meet_the_bus(
    site: Frame, width: int, glyphs: object
) -> None:
    lines = flow(site, width, glyphs)  # type: ignore[arg-type]
    whole(lines, width)
    upright = glyphs.upright  # type: ignore[attr-defined]
    assert len({columns(text_of(line).partition(upright)[0]) for line in lines}) == 1
    assert kilowatts(site.snapshot.grid.active_power_w) in text_of(lines[0])
    assert "-0.00" not in balance(site.snapshot) + text_of(flow_line(site.snapshot, UNICODE))


@given(st.integers(4, 40), st.booleans(), st.integers(0, 24), st.integers(80, 259), st.integers(1, 200))
@example(14, True, 0, 80, 16)
def test_what_a_narrow_table_shows_a_wider_one_shows(
    longest: int, stores: bool, energy: int, width: int, more: int
) -> None:
    narrow = Columns.of(width, longest, stores=stores, energy=energy)
    wide = Columns.of(width + more, longest, stores=stores, energy=energy)
    for column in ("setpoint", "spark", "soc", "write"):
        assert not getattr(narrow, column) or getattr(wide, column), column
    assert narrow.spark


@settings(max_examples=60)
@given(sites(), st.integers(1, 260), st.integers(1, 60), GLYPHS)
def test_a_chart_is_as_large_as_its_room(site: Frame, width: int, height: int, glyphs: object) -> None:
    name = site.snapshot.devices[0].name
    entries = [LogEntry(1, 0, 701.0, kind, name, "x") for kind in LogKind]
    lines = device_chart(name, "battery", seen(site), entries, 60.0, width, height, glyphs)  # type: ignore[arg-type]
    assert len(lines) <= height
    whole(lines, width)


@given(NAMES, st.integers(0, 40))
def test_a_shortened_name_keeps_its_end(name: str, width: int) -> None:
    short = named(name, width)
    assert columns(short) == width
    if columns(name) > width >= 8:
        assert short.rstrip().endswith(name[-1].rstrip())
        assert "…" in short


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (160, 48), (250, 70)])
async def test_twenty_devices_with_like_names_are_told_apart(size: tuple[int, int]) -> None:
    names = [f"battery-in-the-cellar-of-house-{number}" for number in range(20)]
    found = tuple(replace(battery(), name=name) for name in names)
    async with console(HandFedSession(frame(snapshot=snapshot(devices=found))), size) as pilot:
        text = screen_text(pilot)
    for number in range(5):
        assert f"e-{number} " in text
    assert "last 60 s" in text
