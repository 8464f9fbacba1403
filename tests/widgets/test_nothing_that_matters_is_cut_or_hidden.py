"""Names stay different when they are cut, forced values say so, forms open at what is in force."""

from dataclasses import replace

import pytest
from textual.widgets import Input

from tests.widgets import hand_fed
from tests.widgets.hand_fed import HandFedSession, battery, frame, load, snapshot
from tests.widgets.screen import app_of, console, screen_text, settled, shown_after
from twin_tui import Twin
from twin_tui.commands.parser import parse
from twin_tui.engine.snapshot import LogKind
from twin_tui.engine.view import Frame
from twin_tui.engine.why import Constraint, Why
from twin_tui.errors import TwinError
from twin_tui.widgets.log_text import in_room
from twin_tui.widgets.register_view import LEAST_VALUE


def with_battery(**changes: object) -> Frame:
    return frame(snapshot=snapshot(devices=(battery(**changes), load())))  # type: ignore[arg-type]


@pytest.mark.parametrize("room", range(44, 60))
def test_two_names_with_one_beginning_stay_different(room: int) -> None:
    shown = in_room("soc_upper_limit_1 0.9 → 0.8, soc_upper_limit_2 0.95 → 0.85", room)
    first, _, second = shown.partition(", ")
    assert first.split()[0] != second.split()[0], shown


def test_the_names_of_both_options_stay_different() -> None:
    for room in range(34, 60):
        shown = in_room("11001 start_stop_command 1 (Power On) → 2 (Power Off)", room)
        if "(" in shown:
            assert "On)" in shown
            assert "off)" in shown.casefold()


async def test_a_forced_state_of_charge_says_so_at_the_value() -> None:
    shown_frame = with_battery(soc=0.97, pinned=("soc",))
    async with console(HandFedSession(shown_frame), (120, 30)) as pilot:
        assert "97%*" in screen_text(pilot) or "97.0 % forced" in screen_text(pilot)
        shown = await shown_after(pilot, "enter")
        assert "SOC 97.0 % forced" in shown
        await app_of(pilot).carry_out("trend soc")
        await settled(pilot)
        assert "% forced" in screen_text(pilot).partition("soc %")[2]


@pytest.mark.parametrize(("mode", "shown"), [("", "off"), ("PEAK_SHAVING", "PEAK_SHAVING")])
async def test_the_form_of_modes_opens_at_the_mode_in_force(mode: str, shown: str) -> None:
    async with console(HandFedSession(with_battery(mode=mode)), (100, 30)) as pilot:
        await pilot.press("s")
        await settled(pilot)
        assert pilot.app.screen.query_one("#mode", Input).value == shown
        lines = screen_text(pilot).splitlines()
        place = {
            word: next(n for n, line in enumerate(lines) if word in line) for word in ("no mode", "IDLE")
        }
        assert place["no mode"] < place["IDLE"], "off is at the head"


async def test_a_value_that_was_long_once_leaves_the_columns_when_it_is_gone() -> None:
    async with console(HandFedSession(), (120, 40)) as pilot:
        await pilot.press("r")
        await settled(pilot)
        pane = app_of(pilot).views.register_pane()
        assert pane is not None
        usual = pane.list.widest
        assert usual >= LEAST_VALUE
        value = pane.list.values[0]
        assert pane.list.frame is not None
        seen = pane.list.frame
        pane.list.frame = replace(seen, registers=(replace(value, text="x" * 23, option=""),))
        assert pane.list.widest > usual
        pane.list.frame = replace(seen, registers=(value,))
        assert pane.list.widest == usual


async def test_a_device_without_registers_has_no_heading_over_nothing() -> None:
    async with console(HandFedSession(site_view=hand_fed.site(())), (100, 30)) as pilot:
        shown = await shown_after(pilot, "r")
        assert "no registers on any link" in shown
        assert "addr" not in shown


async def test_the_log_says_how_its_full_text_is_shown() -> None:
    async with console(HandFedSession(), (120, 30)) as pilot:
        assert "enter Full text" in await shown_after(pilot, "l")


@pytest.mark.parametrize("status", ["WAITING", "RUN"])
async def test_a_row_says_what_binds_a_device(status: str) -> None:
    why = Why((Constraint("SOC lower limit", "SOC limit 20 %"),), 20_000.0, 4_260.0)
    bound = with_battery(status=status, power_w=4_260.0, why=why)
    async with console(HandFedSession(bound), (100, 30)) as pilot:
        row = next(line for line in screen_text(pilot).splitlines() if "bess-1" in line)
        assert "SOC limit 20 %" in row


def test_a_sag_to_70_is_refused_with_its_cure() -> None:
    with pytest.raises(TwinError, match="did you mean 70%"):
        parse("sag 70 2s", hand_fed.site())


def test_every_origin_gets_the_alarm_of_a_limited_setpoint_with_its_sign() -> None:
    made = {"type": "battery", "name": "b", "capacity_kwh": 20, "max_charge_kw": 10, "max_discharge_kw": 10}
    twin = Twin.from_dict({"assets": [made]})
    twin["b"].write(start_stop="Power On")
    for origin in ("10.0.0.7:51234", "console"):
        twin["b"].write(active_power_setpoint_w=-25_000.0, origin=origin)
        twin.advance(1.0)
    alarms = [entry.text for entry in twin.engine.log if entry.kind is LogKind.ALARM]
    assert alarms == ["setpoint -25 kW is limited to -10 kW"] * 2


def test_an_entry_of_the_log_stays_true_while_the_time_runs() -> None:
    made = {"type": "battery", "name": "b", "capacity_kwh": 20, "max_charge_kw": 10, "max_discharge_kw": 10}
    twin = Twin.from_dict({"grid_code": "en50549-1", "assets": [made]})
    twin["b"].write(start_stop="Power On")
    twin.advance(1.0)
    twin.inject("now sag 0.2 2s")
    twin.advance(5.0)
    entry = next(each.text for each in twin.engine.log if "→ WAITING" in each.text)
    assert entry.endswith("s later at the earliest")
    assert "back in" not in entry


@pytest.mark.parametrize(("key", "title"), [("A", "injections in force"), ("S", "operation modes and S2")])
async def test_the_views_of_injections_and_modes_have_a_title(key: str, title: str) -> None:
    async with console(HandFedSession(), (100, 30)) as pilot:
        assert title in (await shown_after(pilot, key)).splitlines()[1]
