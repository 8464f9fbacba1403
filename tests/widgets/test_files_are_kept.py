"""The console overwrites a file only after a question: recordings and what is exported."""

from pathlib import Path

import pytest

from tests.widgets.screen import app_of, console, screen_text, settled
from twin_tui import Twin
from twin_tui.session.local import LocalSession


@pytest.mark.parametrize("line", ["record start {}", "export {}"])
@pytest.mark.parametrize("agreed", [False, True])
async def test_an_existing_file_is_overwritten_only_when_the_user_agrees(
    tmp_path: Path, line: str, agreed: bool
) -> None:
    kept = tmp_path / "kept.jsonl"
    kept.write_text("precious")
    twin = Twin.from_file("demo")
    async with console(LocalSession(twin)) as pilot:
        app_of(pilot).action_view("log")
        await settled(pilot)
        app_of(pilot).run_worker(app_of(pilot).carry_out(line.format(kept)))
        await settled(pilot)
        assert "Overwrite" in screen_text(pilot)
        assert kept.read_text() == "precious"
        await pilot.press(*(["left", "enter"] if agreed else ["escape"]))
        await settled(pilot)
        assert (kept.read_text() == "precious") is not agreed
        if line.startswith("record"):
            assert (twin.recorder is not None) is agreed
            twin.stop_recording()
