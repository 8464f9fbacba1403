"""Forms: what can be chosen is listed with its meaning, and a preview says what carrying it out would."""

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from textual.pilot import Pilot
from textual.widgets import Button, Input

from tests.widgets.hand_fed import LINK_FAULTS, HandFedSession
from tests.widgets.screen import app_of, console, screen_text, settled, shown_after
from twin_tui import Twin
from twin_tui.commands.forms import FORMS, Form
from twin_tui.commands.parser import parse
from twin_tui.commands.slots import Given, Slot
from twin_tui.console.app import ConsoleApp
from twin_tui.engine.events import Fault, LinkFault, SelectMode, Write
from twin_tui.errors import CommandError
from twin_tui.session.local import LocalSession
from twin_tui.widgets.form_dialog import FormDialog
from twin_tui.widgets.pick_list import PickList, ranked, rows

LINE = {"kind": "modbus_rtu", "port": "pty:"}
TCP = {"kind": "modbus_tcp", "port": 0}
OVER_TCP = {"kind": "modbus_tcp", "port": 0, "framing": "rtu"}
SITE: dict[str, Any] = {
    "name": "forms",
    "seed": 1,
    "real_time": False,
    "assets": [
        {"type": "battery", "name": "battery", "capacity_kwh": 10, "protocols": [TCP]},
        {"type": "pv", "name": "roof", "rated_kw": 5, "protocols": [OVER_TCP]},
        {"type": "ev_charger", "name": "car", "protocols": [LINE]},
        {"type": "load", "name": "house", "base_kw": 1.0},
    ],
}  # fmt: skip
TYPED = st.one_of(
    st.sampled_from(
        ("", "20", "0,7", "1.000,5", "nan", "0", "-1", "1e9", "97%", "-5kW", "2s", "250ms", "3s")
    ),
    st.sampled_from(("yes", "off", "Power On", "standby", "batt", "x y", '"', "'", "\\", "a=b", "٣", "1..4")),
    st.floats(-2, 60, allow_nan=False).map(lambda number: f"{number:.3g}"),
    st.text(max_size=6),
)


class Quiet(ConsoleApp):
    """A console without a terminal."""

    def say(self, text: str, severity: Any = "information") -> None:
        """Say nothing: there is no screen."""

    async def refresh_frame(self, *, whole_log: bool = False) -> None:
        """Ask for nothing."""


def answers_of(data: st.DataObject, form: Form, app: ConsoleApp) -> dict[str, str]:
    """Fill in a form: choices, defaults and whatever somebody may type."""
    answers: dict[str, str] = {}
    for _ in range(2):
        for field in form.fields(app.site, answers):
            if field.key in answers:
                continue
            known = [field.default, *field.choices(Given(app.site, answers))]
            likely = st.sampled_from(known)
            often = likely if field.noun else st.one_of(likely, TYPED)
            answers[field.key] = data.draw(st.one_of(often, often, TYPED) if field.noun else often)
    return answers


TWIN = Twin.from_dict(SITE)
APP = Quiet(LocalSession(TWIN))


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.key)
@given(st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_what_previews_as_valid_is_accepted_and_what_is_refused_previews_so(
    form: Form, data: st.DataObject
) -> None:
    line = form.build(APP.site, answers_of(data, form, APP))

    async def both() -> tuple[str, bool]:
        return await APP.refusal(line), await APP.carry_out(line)

    refusal, done = asyncio.run(both())
    assert done == (not refusal), (line, refusal)
    TWIN.step_once()


def test_the_forms_are_both_accepted_and_refused_in_that_test() -> None:
    app = Quiet(LocalSession(Twin.from_dict(SITE)))
    for line, possible in (
        ("write battery soc_upper_limit_2 20", False),
        ("force battery soc 20", False),
        ("sag grid 0.7 250ms", False),
        ("link battery bad_crc 5s", False),
        ("link roof bad_crc 5s", True),
        ("link car bad_crc 5s", True),
        ("link car refuse_connection 5s", False),
        ("link battery delay 5s delay_s=-1", False),
        ("mode battery PEAK_SHAVING peak_target_w=8kW", True),
        ("mode battery BATTERY_RESERVE reserve_soc=20", False),
    ):
        assert (asyncio.run(app.refusal(line)) == "") is possible, line


def form_dialog(pilot: Pilot[int]) -> FormDialog:
    dialog = app_of(pilot).screen
    assert isinstance(dialog, FormDialog)
    return dialog


async def test_a_state_of_charge_of_20_is_refused_by_the_preview() -> None:
    twin = Twin.from_dict(SITE)
    async with console(LocalSession(twin), (100, 40)) as pilot:
        shown = await shown_after(pilot, "w", "shift+tab", *"soc", "tab", *"20")
        assert ":force battery soc 20" not in shown
        assert "Not possible: battery.soc" in shown
        assert form_dialog(pilot).query_one("#inject", Button).disabled
        shown = await shown_after(pilot, "percent_sign")
        assert ":force battery soc 20%" in shown
        await pilot.press("enter", "enter")
        await settled(pilot)
        assert twin.engine.device("battery").pins == {"soc": 0.2}


async def test_faults_are_listed_with_their_meanings_and_found_by_a_few_letters() -> None:
    session = HandFedSession()
    async with console(session) as pilot:
        shown = await shown_after(pilot, "e")
        assert "over_temperature  The cells are too hot" in shown
        assert "emergency_stop    The emergency stop is pressed" in shown
        shown = await shown_after(pilot, *"estp")
        assert ":fault bess-1 emergency_stop" in shown
        assert "over_temperature" not in shown
        await pilot.press("enter", "enter", "enter")
        await settled(pilot)
        assert session.commands == [Fault("bess-1", "emergency_stop", origin="console")]


async def test_a_word_is_found_by_its_meaning_too() -> None:
    async with console(HandFedSession()) as pilot:
        shown = await shown_after(pilot, "e", *"too hot")
        assert ":fault bess-1 over_temperature" in shown


async def test_the_arrows_and_a_click_choose_from_the_list() -> None:
    async with console(HandFedSession()) as pilot:
        assert ":fault bess-1 emergency_stop" in await shown_after(pilot, "e", "down")
        assert ":fault bess-1 over_temperature" in await shown_after(pilot, "down")
        listed = form_dialog(pilot).query_one(PickList)
        await pilot.click(PickList, offset=(3, 1))
        await settled(pilot)
        assert listed.word == "emergency_stop"
        assert ":fault bess-1 emergency_stop" in screen_text(pilot)


async def test_a_mode_brings_its_parameters_with_unit_and_default() -> None:
    session = HandFedSession()
    async with console(session, (100, 30)) as pilot:
        assert "peak_target_w" not in await shown_after(pilot, "s")
        shown = await shown_after(pilot, *"peak", "enter", "tab")
        assert "Import let through; W or kW; default 0" in shown
        await pilot.press(*"8kW", "enter", "enter")
        await settled(pilot)
        chosen = SelectMode("bess-1", "PEAK_SHAVING", 1.0, {"peak_target_w": 8000.0}, "console")
        assert session.commands == [chosen]


async def test_link_faults_are_offered_where_they_apply() -> None:
    twin = Twin.from_dict(SITE)
    session = LocalSession(twin)
    offered = {device.name: set(device.link_faults) for device in session.site.devices}
    assert "bad_crc" not in offered["battery"]
    assert "wrong_transaction_id" in offered["battery"]
    assert offered["roof"] & {"bad_crc", "wrong_transaction_id"} == {"bad_crc"}
    assert offered["car"] & {"bad_crc", "disconnect", "refuse_connection"} == {"bad_crc"}
    assert offered["house"] == set()
    with pytest.raises(CommandError, match="bad_crc is not possible on the links of battery; possible: exc"):
        twin.submit(LinkFault("battery", {"kind": "bad_crc"}))
    async with console(session, (100, 40)) as pilot:
        shown = await shown_after(pilot, "L")
        assert "truncated" in shown
        shown = await shown_after(pilot, *"delay", "enter")
        assert "delay_s" in shown
        assert "jitter_s" in shown
        assert "age_s" not in shown


async def test_nothing_is_not_possible_before_something_was_typed() -> None:
    session = HandFedSession()
    session.refuse = "battery is in mode FAULT"
    async with console(session) as pilot:
        for key in "vfeLsw":
            shown = await shown_after(pilot, key)
            assert "Not possible" not in shown
            await pilot.press("escape")
        shown = await shown_after(pilot, "v", *"0.5")
        assert "Not possible: battery is in mode FAULT" in shown


async def test_a_decimal_comma_is_refused_with_its_cure() -> None:
    async with console(HandFedSession()) as pilot:
        assert "decimals take a point: 0.7, not '0,7'" in await shown_after(pilot, "v", *"0,7")
        shown = await shown_after(pilot, "ctrl+u", *"0.7", "tab", *"1,5s")
        assert "duration: decimals take a point: 1.5s, not '1,5s'" in " ".join(shown.split())


LISTS_AND_TEXTS = {"functions", "addresses", "label", "phases", "file", "scenario"}
"""Fields in which a comma separates, or means nothing."""


def filled_in(form: Form, **given: str) -> dict[str, str]:
    """Return the answers with which a form opens, after some that were given."""
    answers = dict(given)
    for _ in range(2):
        for field in form.fields(APP.site, answers):
            choices = iter(field.choices(Given(APP.site, answers)))
            answers.setdefault(field.key, field.default or next(choices, ""))
    return answers


def variants(form: Form) -> list[dict[str, str]]:
    """Return the answers after which a form asks for other numbers."""
    battery = APP.site.device("battery")
    assert battery is not None
    names = {"mode": battery.modes, "kind": battery.link_faults, "signal": battery.commands}
    key = {"mode": "mode", "link": "kind", "force": "signal", "write": "signal"}.get(form.key)
    return [{"device": "battery", key: name} for name in names[key]] if key is not None else [{}]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.key)
def test_a_decimal_comma_is_refused_with_its_cure_wherever_a_number_is_typed(form: Form) -> None:
    for first in variants(form):
        answers = filled_in(form, **first)
        for field in form.fields(APP.site, answers):
            if field.choices(Given(APP.site, answers)) or field.key in LISTS_AND_TEXTS:
                continue
            for typed in ("1,5", "-0,2", ",5"):
                line = form.build(APP.site, {**answers, field.key: typed})
                assert "decimals take a point" in asyncio.run(APP.refusal(line)), line


@pytest.mark.parametrize("word", ["1,5", "-0,2Hz", "1,5kW"])
def test_a_decimal_comma_is_never_read_as_anything_else(word: str) -> None:
    app = Quiet(LocalSession(Twin.from_dict(SITE)))
    with pytest.raises(CommandError, match="decimals take a point"):
        parse(f"freq step {word}", app.site)


async def test_a_long_name_in_a_field_shows_its_start() -> None:
    twin = Twin.from_dict(SITE)
    async with console(LocalSession(twin), (40, 12)) as pilot:
        await pilot.press("w", *"setpoint_var", "tab")
        await settled(pilot)
        assert "reactive_power_s" in screen_text(pilot)
        assert not any(" ctive_power" in line for line in screen_text(pilot).splitlines())
        box = form_dialog(pilot).query_one("#signal", Input)
        assert (box.value, box.cursor_position) == ("reactive_power_setpoint_var", 0)


async def test_another_device_in_the_form_asks_for_its_own_commands() -> None:
    twin = Twin.from_dict(SITE)
    async with console(LocalSession(twin), (100, 40)) as pilot:
        await pilot.press("W", "shift+tab", "shift+tab", *"house", "enter")
        await settled(pilot)
        commands = form_dialog(pilot).choices("signal")
        assert set(commands) == {s.name for s in twin["house"].type.signals.values() if s.command}
        assert form_dialog(pilot).answers["signal"] in commands


async def test_an_option_is_chosen_by_its_name() -> None:
    session = HandFedSession()
    async with console(session, (100, 30)) as pilot:
        shown = await shown_after(pilot, "W", "shift+tab", *"start", "enter")
        assert "Power Off" in shown
        await pilot.press(*"power off", "enter", "enter")
        await settled(pilot)
        assert session.commands == [Write("bess-1", {"start_stop": 2}, "console")]


async def test_the_menu_of_injections_is_searched_while_typing() -> None:
    async with console(HandFedSession()) as pilot:
        shown = await shown_after(pilot, "i")
        assert "Voltage sag" in shown
        assert "lower the grid voltage for a while" in shown
        shown = await shown_after(pilot, *"osci")
        assert "Frequency oscillation" in shown
        assert "Voltage sag" not in shown
        assert "Amplitude" in await shown_after(pilot, "enter")


@pytest.mark.parametrize("size", [(40, 10), (80, 24), (250, 70)])
@pytest.mark.parametrize("key", ["e", "L", "i"])
async def test_list_preview_and_button_are_in_sight_at_every_size(size: tuple[int, int], key: str) -> None:
    async with console(LocalSession(Twin.from_dict(SITE)), size) as pilot:
        shown = await shown_after(pilot, key)
        if key != "i":
            assert "Inject" in shown
            assert "Cancel" in shown
        if key == "e":
            assert ":fault battery over_temperature" in shown
            assert "dc_contactor_open" in shown
        for height in (12, 24, 10):
            await pilot.resize_terminal(60, height)
            await settled(pilot)
        assert app_of(pilot).failure is None


def test_exact_words_come_before_those_that_begin_so_and_these_before_others() -> None:
    words = dict.fromkeys(("reactive_power_w", "active_power_w", "active", "soc"), "")
    assert ranked("active", words) == ["active", "active_power_w", "reactive_power_w"]
    assert ranked("", words) == list(words)
    assert ranked("zzz", words) == []
    assert ranked("a" * 200, {"a" * 40: "", "b": "a" * 300}) == ["b"]


def test_a_row_is_never_wider_than_the_list() -> None:
    long = {"漢字" * 30: "", "x": "y" * 300, "\x1b[31m": "z"}
    assert all(len(row) <= 20 and "\x1b" not in row for row in rows(list(long), long, 20, "…"))


def test_link_faults_of_the_hand_fed_site_are_real_ones() -> None:
    assert set(LINK_FAULTS) <= set(LocalSession(Twin.from_dict(SITE)).site.link_faults)


def test_every_field_with_a_list_of_names_says_what_it_lists() -> None:
    site = LocalSession(Twin.from_dict(SITE)).site
    slots: list[Slot] = [slot for form in FORMS for slot in form.phrase.slots if slot.label and slot.noun]
    assert {slot.key for slot in slots} == {"device", "fault", "mode", "signal", "kind", "scenario"}
    known = {"device": "battery", "mode": "PEAK_SHAVING"}
    for slot in slots:
        assert all(slot.choices(Given(site, known)).values()), slot.key
