"""A read-only console sends nothing to the twin and writes no file, whatever is typed or pressed."""

import threading
from pathlib import Path

import pytest
from textual.widgets import Input

from tests.widgets.hand_fed import HandFedSession
from tests.widgets.screen import app_of, console, screen_text, settled
from twin_tui.commands.verbs import VERBS
from twin_tui.widgets.dialogs import AskDialog

LINES = {name: [line for line, _ in verb.examples] or [name] for name, verb in VERBS.items()}


def files_in(folder: Path) -> list[Path]:
    return list(folder.rglob("*"))


async def test_no_verb_writes_a_file_or_sends_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    session = HandFedSession()
    async with console(session, read_only=True) as pilot:
        await pilot.press("r")
        await settled(pilot)
        for verb, lines in LINES.items():
            for line in lines:
                await app_of(pilot).carry_out(line)
                await pilot.pause()
                while len(app_of(pilot).screen_stack) > 1:
                    await pilot.press("escape")
            assert files_in(tmp_path) == [], verb
    assert files_in(tmp_path) == []
    assert session.commands == []


async def test_neither_the_export_key_nor_a_screenshot_writes_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    session = HandFedSession()
    async with console(session, read_only=True) as pilot:
        app = app_of(pilot)
        await pilot.press("r")
        await pilot.press("x")
        await settled(pilot)
        assert not isinstance(app.screen, AskDialog)
        assert app.deliver_screenshot(path=str(tmp_path)) is None
        await settled(pilot)
    assert files_in(tmp_path) == []
    assert session.commands == []


async def test_a_writable_console_exports_and_saves_its_screen_before_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with console(HandFedSession()) as pilot:
        app = app_of(pilot)
        await pilot.press("r")
        await settled(pilot)
        await pilot.press("x")
        await settled(pilot)
        assert isinstance(app.screen, AskDialog)
        app.screen.query_one(Input).value = str(tmp_path / "shown.tsv")
        await pilot.press("enter")
        await settled(pilot)
        assert "system_soc" in (tmp_path / "shown.tsv").read_text(encoding="utf-8")
        before = threading.enumerate()
        app.deliver_screenshot("screen.svg", ".")
        assert (tmp_path / "screen.svg").read_text(encoding="utf-8").rstrip().endswith("</svg>")
        assert threading.enumerate() == before, "a thread that waits for the console outlives it for ever"
        await settled(pilot)
        assert "the screen is saved in ./screen.svg" in screen_text(pilot)
        app.deliver_screenshot("screen.svg", "missing")
        await settled(pilot)
        assert "cannot be written" in screen_text(pilot).replace("\n", "")
