"""The chosen device stays in sight when the terminal gets smaller, and letters do not answer questions."""

from dataclasses import replace

from tests.widgets.hand_fed import HandFedSession, battery, frame, snapshot
from tests.widgets.screen import app_of, console, screen_text, settled
from twin_tui.widgets.dialogs import QuestionDialog


async def test_the_chosen_device_is_in_sight_when_the_terminal_gets_smaller() -> None:
    devices = tuple(replace(battery(), name=f"unit-{number}") for number in range(30))
    session = HandFedSession(frame(snapshot=snapshot(devices=devices)))
    async with console(session, (160, 48)) as pilot:
        view = app_of(pilot).views.overview.devices
        view.move_to(24)
        await settled(pilot)
        assert "unit-24" in screen_text(pilot)
        await pilot.resize_terminal(80, 24)
        await settled(pilot)
        top = int(view.scroll_offset.y)
        assert top <= view.row + view.heading < top + view.size.height
        assert "unit-24" in screen_text(pilot)


async def test_no_letter_answers_a_question() -> None:
    async with console(HandFedSession(frame())) as pilot:
        question = QuestionDialog("Clear all?", "Clear")
        app_of(pilot).push_screen(question)
        await settled(pilot)
        await pilot.press(*"hlnya")
        await settled(pilot)
        assert app_of(pilot).screen is question
        assert app_of(pilot).focused is question.query_one("#cancel")
