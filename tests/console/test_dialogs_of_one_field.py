"""A dialog with one field stays open when its answer is refused."""

from pathlib import Path

import pytest
from textual.widgets import Input

from tests.widgets.screen import app_of, console, screen_text, settled
from twin_tui import Twin
from twin_tui.session.local import LocalSession
from twin_tui.widgets.dialogs import AskDialog


@pytest.mark.parametrize(("key", "typed", "added"), [("x", "/no/such/folder/a", "b"), ("J", "25:99", "0")])
async def test_a_refused_answer_stays_in_its_dialog_with_the_reason_and_is_typed_on(
    key: str, typed: str, added: str
) -> None:
    async with console(LocalSession(Twin.from_file("demo"))) as pilot:
        await pilot.press("l", key)
        await settled(pilot)
        app_of(pilot).screen.query_one(Input).value = typed
        await pilot.press("enter", added)
        await settled(pilot)
        assert isinstance(app_of(pilot).screen, AskDialog)
        assert "Not possible: " in screen_text(pilot)
        assert app_of(pilot).screen.query_one(Input).value == typed + added
        await pilot.press("escape")
        await settled(pilot)
        assert not isinstance(app_of(pilot).screen, AskDialog)


async def test_a_path_that_is_mended_in_its_dialog_is_written(tmp_path: Path) -> None:
    async with console(LocalSession(Twin.from_file("demo"))) as pilot:
        await pilot.press("l", "x")
        await settled(pilot)
        app_of(pilot).screen.query_one(Input).value = str(tmp_path / "none" / "a")
        await pilot.press("enter")
        await settled(pilot)
        app_of(pilot).screen.query_one(Input).value = str(tmp_path / "a")
        await pilot.press("enter")
        await settled(pilot)
        assert (tmp_path / "a").read_text()
        assert not isinstance(app_of(pilot).screen, AskDialog)
