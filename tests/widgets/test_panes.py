"""The panes of the overview: chosen by key, line and palette, zoomed, and remembered for their site."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.pilot import Pilot
from textual.widgets import Input

from tests.widgets.hand_fed import HandFedSession, frame, snapshot
from tests.widgets.screen import app_of, console, screen_text, settled
from twin_tui.console.app import ConsoleApp
from twin_tui.console.memory import Memory, Remembered
from twin_tui.console.settings import Settings
from twin_tui.widgets.arrange import PANES
from twin_tui.widgets.chosen_panes import COLUMNS, KEPT, arrange_chosen
from twin_tui.widgets.dialogs import MenuDialog

BROKEN = {
    "not JSON": b"{",
    "not UTF-8": b"\xff\xfe",
    "another form": b"[1]",
    "an unknown pane": b'{"panes": ["lag"]}',
    "an unknown key": b'{"pane": []}',
    "empty": b"",
}


def files(folder: Path) -> list[Path]:
    return list(folder.glob("overviews/*"))


async def choose(pilot: Pilot[int], word: str) -> None:
    """Search a word in the list that is open, and press enter."""
    pilot.app.screen.query_one(Input).value = word
    await pilot.pause()
    await pilot.press("enter")
    await pilot.pause()


@given(
    st.integers(40, 300),
    st.integers(8, 100),
    st.integers(0, 60),
    st.integers(1, 8),
    st.lists(st.sampled_from(list(PANES)), min_size=1, unique=True),
)
def test_chosen_panes_fill_the_screen_and_never_overlap(
    width: int, height: int, devices: int, groups: int, chosen: Sequence[str]
) -> None:
    regions = arrange_chosen(width, height, devices, groups, chosen)
    assert set(regions) <= set(chosen)
    assert set(regions) == set(chosen) or height < 4 * len(chosen)
    for name, region in regions.items():
        assert min(region.x, region.y) >= 0
        assert region.right <= width
        assert region.bottom <= height
        assert region.height > 0
        assert not any(region.overlaps(other) for key, other in regions.items() if key != name)
    assert sum(region.area for region in regions.values()) >= 0.93 * width * height


def test_every_pane_has_its_column_and_its_rank() -> None:
    assert sorted(KEPT) == sorted(PANES) == sorted(name for column in COLUMNS for name in column)


def test_without_room_for_all_the_events_stay() -> None:
    assert list(arrange_chosen(40, 9, 5, 4, tuple(PANES))) == ["devices", "timeline"]
    assert "log" in arrange_chosen(80, 22, 5, 4, tuple(PANES))


async def test_panes_are_shown_and_hidden_in_a_list_that_stays_open(tmp_path: Path) -> None:
    memory = Memory("site-a", tmp_path)
    async with ConsoleApp(HandFedSession(), Settings(hz=0.1), memory).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        overview = app_of(pilot).views.overview
        assert overview.shown == ("devices", "flow", "timeline", "log")
        await pilot.press("P")
        await pilot.pause()
        text = screen_text(pilot)
        assert "[x] log" in text
        assert "[ ] registers" in text
        assert "who wrote them" in text
        await choose(pilot, "timeline")
        await pilot.pause()
        assert isinstance(app_of(pilot).screen, MenuDialog)
        assert overview.shown == ("devices", "flow", "log")
        await choose(pilot, "registers")
        await pilot.press("escape")
        await settled(pilot)
        assert overview.shown == ("devices", "flow", "registers", "log")
        assert "10126" in screen_text(pilot)
        assert Memory("site-a", tmp_path).load().panes == overview.shown
        assert Memory("site-b", tmp_path).load() == Remembered()


async def test_panes_are_chosen_by_a_line_and_as_usual_again(tmp_path: Path) -> None:
    memory = Memory("site-a", tmp_path)
    async with ConsoleApp(HandFedSession(), Settings(hz=0.1), memory).run_test(size=(160, 48)) as pilot:
        await settled(pilot)
        app, overview = app_of(pilot), app_of(pilot).views.overview
        usual = overview.shown
        app.action_view("log")
        assert await app.carry_out("panes log Links")
        await settled(pilot)
        assert overview.shown == ("log", "links")
        assert "links and clients" in screen_text(pilot)
        assert app.focused is overview.log_pane.list, "the keys go to a pane that is shown"
        assert not await app.carry_out("panes lgo")
        assert await app.carry_out("panes")
        await settled(pilot)
        assert overview.shown == usual
        assert memory.load() == Remembered()


async def test_the_next_run_of_the_site_shows_what_was_chosen_and_zoomed(tmp_path: Path) -> None:
    Memory("site-a", tmp_path).save(Remembered(panes=("log", "links"), zoomed="log"))
    memory = Memory("site-a", tmp_path)
    async with ConsoleApp(HandFedSession(), Settings(hz=0.1), memory).run_test() as pilot:
        await settled(pilot)
        assert app_of(pilot).views.overview.shown == ("log",)
        await pilot.press("Z")
        await settled(pilot)
        assert app_of(pilot).views.overview.shown == ("log", "links")
        assert memory.load() == Remembered(panes=("log", "links"))


async def test_a_read_only_console_chooses_panes_but_writes_no_file(tmp_path: Path) -> None:
    settings = Settings(hz=0.1, read_only=True)
    async with ConsoleApp(HandFedSession(), settings, Memory("a", tmp_path)).run_test() as pilot:
        await settled(pilot)
        await app_of(pilot).carry_out("panes log")
        await pilot.press("Z")
        assert app_of(pilot).views.overview.shown == ("log",)
    assert files(tmp_path) == []


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_file_gives_the_usual_panes_one_line_and_is_replaced(kind: str, tmp_path: Path) -> None:
    Memory("site-a", tmp_path).save(Remembered(panes=("log",)))
    (file,) = files(tmp_path)
    file.write_bytes(BROKEN[kind])
    memory = Memory("site-a", tmp_path)
    assert memory.load() == Remembered()
    assert len(memory.mistake.splitlines()) == 1
    assert memory.mistake.startswith(str(file))
    assert memory.mistake.endswith("; the default panes are shown")
    assert memory.save(Remembered(zoomed="log")) == ""
    assert Memory("site-a", tmp_path).load() == Remembered(zoomed="log")


async def test_what_is_wrong_with_the_file_is_shown_when_the_console_starts(tmp_path: Path) -> None:
    Memory("site-a", tmp_path).save(Remembered(panes=("log",)))
    files(tmp_path)[0].write_text("{")
    app = ConsoleApp(HandFedSession(), Settings(hz=0.1), Memory("site-a", tmp_path))
    async with app.run_test(notifications=True) as pilot:
        await settled(pilot)
        assert "the default panes are shown" in " ".join(each.message for each in app._notifications)


def test_a_folder_that_takes_no_file_is_reported_once(tmp_path: Path) -> None:
    (tmp_path / "overviews").touch()
    memory = Memory("site-a", tmp_path)
    assert memory.load() == Remembered()
    said = memory.save(Remembered(panes=("log",)))
    assert said.startswith("the panes are not remembered: ")
    assert len(said.splitlines()) == 1
    assert memory.save(Remembered(panes=("log",))) == ""


def test_a_path_that_is_no_file_is_left_alone(tmp_path: Path) -> None:
    Memory("a", tmp_path).save(Remembered(panes=("log",)))
    (file,) = files(tmp_path)
    file.unlink()
    file.mkdir()
    memory = Memory("a", tmp_path)
    assert memory.load() == Remembered()
    assert "is a directory" in memory.mistake
    assert "is no file" in memory.save(Remembered(panes=("log",)))


def test_without_a_home_nothing_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless(name: str) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr("twin_tui.console.memory.user_state_path", homeless)
    memory = Memory("site-a")
    assert memory.load() == Remembered()
    assert memory.save(Remembered(panes=("log",))) == memory.mistake == ""


@pytest.mark.parametrize("name", ["../../etc/passwd", "a" * 5000, "", "蓄/電\x00池", "\ud800", "con.json"])
def test_any_name_of_a_site_has_a_file_of_its_own_in_the_folder(name: str, tmp_path: Path) -> None:
    for site in (name, name + "x"):
        assert Memory(site, tmp_path).save(Remembered(panes=("log",))) == ""
    assert len(list((tmp_path / "overviews").iterdir())) == 2
    assert [each.name for each in tmp_path.iterdir()] == ["overviews"]


@pytest.mark.parametrize("size", [(40, 10), (250, 70)])
async def test_every_single_pane_and_all_together_are_drawn_at_any_size(size: tuple[int, int]) -> None:
    async with console(HandFedSession(), size) as pilot:
        app = app_of(pilot)
        for names in (*((name,) for name in PANES), tuple(PANES), tuple(PANES)[1:]):
            app.show_panes(*names)
            await pilot.pause()
            assert app.views.overview.shown
            assert screen_text(pilot)
        app.session.shown = frame(snapshot=snapshot(devices=()))
        await settled(pilot)


async def test_help_palette_and_hints_know_the_keys_of_panes() -> None:
    async with console(HandFedSession(), keys={"panes": "ctrl+n"}) as pilot:
        app = app_of(pilot)
        offered = {each.title: each for each in app.get_system_commands(app.screen)}
        assert "ctrl+n" in offered["Panes"].help
        assert "chosen pane" in offered["Zoom"].help
        offered["Zoom"].callback()
        await settled(pilot)
        assert app.views.overview.zoomed == "devices"
        offered["Panes"].callback()
        await pilot.pause()
        assert isinstance(app.screen, MenuDialog)


async def test_a_theme_is_remembered_unless_the_settings_name_one(tmp_path: Path) -> None:
    memory = Memory("site-a", tmp_path)
    async with ConsoleApp(HandFedSession(), Settings(hz=0.1), memory).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await app_of(pilot).carry_out("theme nord")
        app_of(pilot).show_panes("log")
        assert memory.load() == Remembered(panes=("log",), theme="nord")
    assert ConsoleApp(HandFedSession(), Settings(hz=0.1), memory).theme == "nord"
    said = Settings(hz=0.1, theme="twin-light")
    assert ConsoleApp(HandFedSession(), said, memory).theme == "twin-light"
