"""Messages in one line: names become shorter, reasons and numbers do not."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.widgets.hand_fed import HandFedSession
from tests.widgets.screen import app_of, console, screen_text, settled
from twin_tui.engine.formats import columns
from twin_tui.widgets.spans import SHORT_NAME, shortened

FOLDER = "/home/someone/projects/energy/2026/commissioning"


@pytest.mark.parametrize(
    ("text", "width", "kept"),
    [
        (f"the screen is saved in {FOLDER}/screen.svg", 60, ["the screen is saved in …", "/screen.svg"]),
        (f"1,234 lines written to {FOLDER}/a.tsv", 40, ["1,234 lines written to …", "/a.tsv"]),
        (f"{FOLDER}/a.tsv: could not write: No space left", 50, ["/a.tsv: could not write: No space left"]),
        ("unknown mode 'a mode with a very long name'; known: IDLE", 50, ["unknown mode …", "; known: IDLE"]),
        ("that isn't a number; what's expected is one of them", 40, ["isn't a number; what's"]),
    ],
)
def test_names_are_shortened_and_what_is_said_of_them_is_not(text: str, width: int, kept: list[str]) -> None:
    short = shortened(text, width)
    assert [part for part in kept if part not in short] == []
    assert columns(short) <= width or short == text


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")) | st.sampled_from(" /'"), max_size=80)
)
def test_a_message_never_becomes_longer_and_short_words_stay(text: str) -> None:
    short = shortened(text, 40)
    assert columns(short) <= max(40, columns(text))
    if not any(mark in text for mark in "/'\""):
        kept = [word for word in text.split() if len(word) < SHORT_NAME]
        assert [word for word in short.split() if len(word) < SHORT_NAME] == kept


async def test_the_screen_shows_the_reason_behind_a_long_path(tmp_path: Path) -> None:
    folder = tmp_path / "a folder with a long name" / ("deep" * 20)
    folder.mkdir(parents=True)
    async with console(HandFedSession(), (80, 24)) as pilot:
        await pilot.press("r")
        await settled(pilot)
        await app_of(pilot).carry_out(f'export "{folder}/shown.tsv"')
        await settled(pilot)
        last = screen_text(pilot).splitlines()[-1]
        assert " lines written to " in last
        assert last.endswith("/shown.tsv")
        app_of(pilot).deliver_screenshot("screen.svg", str(folder))
        await settled(pilot)
        last = screen_text(pilot).splitlines()[-1]
        assert "the screen is saved in " in last
        assert last.endswith("/screen.svg")
        app_of(pilot).say("nothing to shorten " * 8)
        await settled(pilot)
        assert screen_text(pilot).replace("\n", " ").count("nothing") == 8


async def test_a_message_is_gone_once_a_command_has_made_it_untrue() -> None:
    session = HandFedSession()
    async with console(session) as pilot:
        app_of(pilot).say("the cause of fan is still present", "warning")
        await settled(pilot)
        assert "still present" in screen_text(pilot)
        await app_of(pilot).carry_out("clear bess-1 emergency_stop")
        await settled(pilot)
        assert "still present" not in screen_text(pilot)
        assert "q Quit" in screen_text(pilot)
