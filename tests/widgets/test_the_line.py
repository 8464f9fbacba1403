"""The `:` line: usage and explanation of the verb that is typed, and the words that come next."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.widgets.hand_fed import HandFedSession, site
from tests.widgets.screen import app_of, console, screen_text, settled, text_of
from twin_tui.commands.completion import complete, next_word
from twin_tui.commands.parser import parse
from twin_tui.commands.verbs import VERBS
from twin_tui.engine.events import Pin, Write
from twin_tui.engine.formats import columns
from twin_tui.errors import CommandError
from twin_tui.widgets.command_lines import LEAST_ROWS, ROWS, command_lines
from twin_tui.widgets.pick_list import ranked

SITE = site()


def above(line: str, width: int = 80, rows: int = ROWS) -> list[str]:
    """Return what is shown above a line."""
    return [text_of(each).rstrip() for each in command_lines(next_word(line, SITE), width, rows, "…")]


@pytest.mark.parametrize("verb", VERBS.values(), ids=lambda verb: verb.name)
def test_every_verb_is_explained_with_its_usage_while_it_is_typed(verb: object) -> None:
    name, usage, help_text = verb.name, verb.usage, verb.help  # type: ignore[attr-defined]
    for line in (name, f"{name} "):
        usage_row, help_row, *_ = above(line, 400)
        assert usage_row == f": {usage}"
        assert help_row == f"  {help_text}"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("fault bess-1 hot", "  over_temperature  The cells are too hot"),
        ("fault bess-1 estp", "  emergency_stop  The emergency stop is pressed"),
        ("sag ", "  magnitude, such as 0.7: 0 to 1 pu, or 0 to 100 %"),
        ("force bess-1 soc ", "  VALUE: fraction or %, 0 to 1"),
        ("write bess-1 active_power_setpoint_w ", "  VALUE: W or kW; default 0"),
        ("mode bess-1 PEAK_SHAVING ", "  peak_target_w=  Import let through"),
        ("sag 0.7 ov", "  over  0.5s; empty: at once"),
        ("force bess-2 soc 5", "  unknown device 'bess-2'; did you mean bess-1?"),
        (
            "force bess-1 on_grid",
            "  active_power_setpoint_w  Active power setpoint, + discharges (10126 on_grid_p…",
        ),
    ],
)
def test_the_next_word_is_explained_with_unit_range_and_default(line: str, shown: str) -> None:
    assert shown in above(line)
    assert above(line, rows=LEAST_ROWS) == [shown], "on a small screen that alone"


@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("spd", "speed"),
        ("volt", "sag"),
        ("fault bess-1 estp", "fault bess-1 emergency_stop "),
        ("fault bs", "fault bess-1 "),
        ("force bess-1 10126", "force bess-1 active_power_setpoint_w "),
        ("sag 0.7 q", "sag 0.7 q"),
    ],
)
def test_tab_takes_what_is_similar_where_nothing_begins_so(line: str, completed: str) -> None:
    assert complete(line, SITE, rank=ranked) == completed


@given(st.text(max_size=40), st.integers(10, 120), st.sampled_from([1, ROWS]))
def test_any_line_has_rows_that_fit(line: str, width: int, rows: int) -> None:
    shown = command_lines(next_word(line, SITE), width, rows, "…")
    assert len(shown) <= rows
    assert all(columns(text_of(each)) <= width for each in shown)
    assert complete(line, SITE, rank=ranked).startswith(line.rpartition(" ")[0])


def test_a_register_is_named_by_its_name_or_address_wherever_its_signal_is() -> None:
    for word in ("10126", "on_grid_power_setpoint", "ON_GRID_POWER_SETPOINT", "active_power_setpoint_w"):
        assert parse(f"force bess-1 {word} 5kW", SITE) == Pin(
            "bess-1", "active_power_setpoint_w", 5000.0, "console"
        )
        assert parse(f"write bess-1 {word} 5kW", SITE) == Write(
            "bess-1", {"active_power_setpoint_w": 5000.0}, "console"
        )
    assert parse("release bess-1 10200", SITE) == parse("release bess-1 soc", SITE)
    with pytest.raises(CommandError, match="unknown command of bess-1 '10200'"):
        parse("write bess-1 10200 5", SITE)
    with pytest.raises(CommandError, match="unknown signal of bess-1 '10210'"):
        parse("force bess-1 10210 5", SITE)


def test_an_address_of_two_signals_is_refused_with_both() -> None:
    level = replace(SITE.devices[0].registers[2], name="level", signal="energy_wh")
    twice = (*SITE.devices[0].registers, level)
    with pytest.raises(CommandError, match="register 10200 is not one signal but energy_wh and soc"):
        parse("force bess-1 10200 5", site(twice))
    assert parse("force bess-1 level 5", site(twice)) == parse("force bess-1 energy_wh 5", SITE)


def test_a_bare_number_for_a_register_is_in_the_unit_that_the_register_shows() -> None:
    for word in ("10126", "on_grid_power_setpoint"):
        assert parse(f"force bess-1 {word} 3.5", SITE) == Pin(
            "bess-1", "active_power_setpoint_w", 3500.0, "console"
        )
        assert parse(f"write bess-1 {word} -2", SITE) == Write(
            "bess-1", {"active_power_setpoint_w": -2000.0}, "console"
        )
        assert parse(f"force bess-1 {word} 3500W", SITE) == parse(f"force bess-1 {word} 3.5", SITE)
        said = "  VALUE: in kW as the register shows it, or with a unit"
        assert above(f"force bess-1 {word} ", rows=LEAST_ROWS) == [said]
    assert parse("force bess-1 10200 80", SITE) == Pin("bess-1", "soc", 0.8, "console")
    both = parse("write bess-1 10126 -2 active_power_setpoint_w -2000", SITE)
    assert both == Write("bess-1", {"active_power_setpoint_w": -2000.0}, "console"), "in SI by the signal"


def test_a_percentage_without_its_sign_is_refused_with_its_cure() -> None:
    with pytest.raises(CommandError, match=r"bess-1\.soc takes 0 … 1, not 80; for 80 % write 80%$"):
        parse("force bess-1 soc 80", SITE)
    assert parse("force bess-1 soc 80%", SITE) == Pin("bess-1", "soc", 0.8, "console")


async def test_the_line_is_over_the_view_which_keeps_its_place() -> None:
    async with console(HandFedSession(), (80, 24)) as pilot:
        before = screen_text(pilot).splitlines()
        await pilot.press("colon", *"flt")
        await settled(pilot)
        shown = screen_text(pilot).splitlines()
        assert shown[1:15] == before[1:15]
        assert ": fault DEVICE FAULT [30s]" in shown
        assert "  cause a device fault" in shown
        await pilot.press("tab")
        assert app_of(pilot).bar.input.value == "fault"
        for size in ((40, 10), (3, 3), (250, 70), (80, 24)):
            await pilot.resize_terminal(*size)
            await settled(pilot)
        await pilot.press("escape")
        await settled(pilot)
        assert ": fault" not in screen_text(pilot)
        assert app_of(pilot).failure is None


async def test_a_register_of_the_list_of_signals_is_found_by_name_and_address() -> None:
    session = HandFedSession()
    async with console(session, (100, 30)) as pilot:
        await pilot.press("w", "shift+tab", *"10126", "enter")
        await settled(pilot)
        assert "active_power_setpoint_w" in screen_text(pilot)
        await pilot.press(*"4.7kW", "enter", "enter")
        await settled(pilot)
        assert session.commands == [Pin("bess-1", "active_power_setpoint_w", 4700.0, "console")]
