"""A read-only console changes nothing, whatever key, click or entry of the palette is tried.

The same walk through a console that may write shows that it tries everything that writes.
"""

from pathlib import Path

import pytest

from tests.widgets.screen import settled
from tests.widgets.walks import (
    DONE,
    choose_everything_in_the_palette,
    click_everywhere,
    press_everything,
    walked,
)


def files_in(folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DOWNLOAD_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    return tmp_path


async def test_no_key_changes_anything(tmp_path: Path) -> None:
    async with walked(read_only=True) as (pilot, session):
        await press_everything(pilot)
        await settled(pilot)
        assert session.commands == []
    assert files_in(tmp_path) == []


async def test_no_click_and_nothing_in_the_palette_changes_anything(tmp_path: Path) -> None:
    async with walked(read_only=True) as (pilot, session):
        for view in ("overview", "active", "modes"):
            await click_everywhere(pilot, view)
        await choose_everything_in_the_palette(pilot)
        await settled(pilot)
        assert session.commands == []
    assert files_in(tmp_path) == []


async def test_the_same_keys_and_palette_change_a_console_that_may_write(tmp_path: Path) -> None:
    async with walked(read_only=False) as (pilot, session):
        await press_everything(pilot)
        await settled(pilot)
        assert [type(command).__name__ for command in session.commands] == DONE
        assert "shown.tsv" in files_in(tmp_path)
        before = len(session.commands)
        await choose_everything_in_the_palette(pilot)
        assert len(session.commands) > before
    assert any(name.endswith(".svg") for name in files_in(tmp_path))
