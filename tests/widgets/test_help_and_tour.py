"""The help shows the parts of the screen it was asked on; the tour of a first run goes on by doing."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from textual.geometry import Region

from tests.widgets.hand_fed import HandFedSession, battery, frame, load, snapshot
from tests.widgets.screen import app_of, console, screen_text, settled, shown_after
from twin_tui.cli.main import cli
from twin_tui.console.app import ConsoleApp
from twin_tui.console.first_run import FILE, first_run, tour_shown, with_tour
from twin_tui.console.glossary import OF_VIEW, OF_WIDGET, PARTS, WORDS
from twin_tui.console.help_text import help_text
from twin_tui.console.keys import Keys
from twin_tui.console.settings import Settings
from twin_tui.engine.snapshot import LogEntry, LogKind
from twin_tui.widgets.picture import picture
from twin_tui.widgets.tour import STEPS
from twin_tui.widgets.views import VIEWS

SIZES = [(40, 10), (80, 24), (160, 48), (250, 70)]


@pytest.mark.parametrize("size", SIZES)
async def test_the_help_draws_the_parts_of_the_overview_where_they_are(size: tuple[int, int]) -> None:
    async with console(HandFedSession(), size) as pilot:
        app = app_of(pilot)
        places = {w.id: w.region for w in (app.status, app.views.overview.devices, app.hints)}
        shown = await shown_after(pilot, "question_mark")
        assert "Help: overview" in shown
        if size[1] < 24:
            return
        lines = shown.splitlines()
        names = ("status", "devices", "events", "keys")
        drawn = {name: next(n for n, row in enumerate(lines) if f"─ {name} ─" in row) for name in names}
        assert drawn["status"] < drawn["devices"] < drawn["events"] < drawn["keys"]
        assert places["status"].y < places["devices"].y < places["hints"].y


@pytest.mark.parametrize("view", VIEWS)
async def test_the_help_of_each_view_names_its_parts_keys_and_words(view: str) -> None:
    async with console(HandFedSession(), (160, 200)) as pilot:
        app_of(pilot).action_view(view)
        await settled(pilot)
        shown = await shown_after(pilot, "question_mark")
        assert f"Help: {view}" in shown
        assert "Keys of this screen" in shown
        for word in OF_VIEW[view]:
            assert re.search(rf"│\s+{re.escape(word)}\s+{re.escape(WORDS[word][:20])}", shown), word
        assert "keys       what can be done here" in shown


def test_every_view_has_words_and_every_word_and_part_is_explained() -> None:
    assert set(OF_VIEW) == set(VIEWS)
    assert {word for words in OF_VIEW.values() for word in words} == set(WORDS)
    assert set(OF_WIDGET.values()) <= set(PARTS)
    assert {"P*", "pu", "SOC", "factor", "S2"} <= set(WORDS)


def test_the_help_has_the_keys_in_force() -> None:
    text = help_text("overview", Keys({"inject": "f7"}))
    here = text.partition("Keys of this screen")[2].partition("Words")[0]
    assert "f7" in here
    assert "inject: choose from all there is" in here
    assert "Break things" in text
    assert "save-scenario FILE" in text


def test_a_drawing_is_as_wide_as_asked_and_marks_each_part() -> None:
    screen = Region(0, 0, 160, 48)
    parts = [
        ("status", Region(0, 0, 160, 1)),
        ("left", Region(0, 1, 80, 46)),
        ("right", Region(80, 1, 80, 46)),
    ]
    drawn = picture(parts, screen, 60)
    assert all(len(line) == 60 for line in drawn)
    row = next(line for line in drawn if " left " in line)
    assert row.index(" right ") > 30 > row.index(" left ")
    assert picture(parts, Region(0, 0, 3, 3), 4)
    assert "+- left " in "\n".join(picture(parts, screen, 60, "-"))


def with_settings(session: HandFedSession, **changes: object) -> ConsoleApp:
    return ConsoleApp(session, Settings(glyphs="unicode", hz=0.1).with_options(**changes))


async def test_the_tour_goes_on_as_each_step_is_done_and_escape_ends_it() -> None:
    session = HandFedSession(frame(snapshot=snapshot(log=())))
    app = with_settings(session, tour=True)
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        assert "1/5 Inject: press v, then enter twice" in screen_text(pilot)
        entry = LogEntry(3, 7300, 730.0, LogKind.INJECT, "grid", "sag to 0.70 pu for 2 s", "console")
        session.shown = frame(snapshot=snapshot(log=(entry,)))
        await settled(pilot)
        assert "2/5 See the writes: press r" in screen_text(pilot)
        assert "3/5 Force a register: press w" in await shown_after(pilot, "r")
        pinned = snapshot(log=(entry,), devices=(replace(battery(), pinned=("soc",)), load()))
        session.shown = frame(snapshot=pinned)
        await settled(pilot)
        assert "4/5 Speed: press +" in screen_text(pilot)
        session.shown = replace(session.shown, speed=2.0)
        await settled(pilot)
        assert "5/5 Quit: press q" in screen_text(pilot)
        assert "5/5" not in await shown_after(pilot, "escape")
        assert app.views.current == "registers", "escape ended the tour and nothing else"
        assert "1/5 Inject" in await shown_after(pilot, "colon", *"tour", "enter")


async def test_the_tour_can_be_skipped_and_uses_the_keys_in_force() -> None:
    session = HandFedSession()
    app = with_settings(session, tour=True, keys={"registers": "f8"})
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        entry = LogEntry(3, 7300, 730.0, LogKind.INJECT, "grid", "sag to 0.70 pu for 2 s", "console")
        session.shown = frame(snapshot=snapshot(log=(entry,)))
        await settled(pilot)
        assert "2/5 See the writes: press f8" in screen_text(pilot)
        shown = await shown_after(pilot, "escape")
        assert "/5 " not in shown
        assert not app.tour.display


@pytest.mark.parametrize("changes", [{"tour": None}, {"tour": False}, {"tour": True, "read_only": True}])
async def test_there_is_no_tour_unless_it_is_wanted(changes: dict[str, object]) -> None:
    app = with_settings(HandFedSession(), **changes)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert not app.tour.display


def test_each_key_of_a_screen_is_explained_by_itself_not_by_another_with_the_same_hint() -> None:
    text = help_text("overview", Keys({})).partition("Keys of this screen")[2].partition("Words")[0]
    rows = [re.sub(r"\[[^]]*\]", "", line).split(maxsplit=1) for line in text.splitlines()[1:]]
    found = {row[0]: row[1] for row in rows if len(row) == 2}
    assert found["enter"] == "open what is under the cursor"
    assert found["u"] == "clear everything injected (asks first)"
    assert found["q"] == "quit; asks while clients are connected"
    assert found["+"].split() == ["-", "faster,", "slower"]


def test_only_the_first_run_is_the_first(tmp_path: Path) -> None:
    assert first_run(tmp_path / "state")
    assert first_run(tmp_path / "state"), "nothing has been shown yet"
    tour_shown(tmp_path / "state")
    assert not first_run(tmp_path / "state")
    assert (tmp_path / "state" / FILE).exists()
    (tmp_path / "file").touch()
    assert not first_run(tmp_path / "file"), "where no mark can be left, no run is the first"


def test_the_tour_is_for_the_first_run_that_somebody_watches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twin_tui.console.first_run.user_state_path", lambda name: tmp_path / name)
    assert with_tour(Settings(), allowed=False).tour is False
    assert with_tour(Settings(read_only=True), allowed=True).tour is False
    assert not (tmp_path / "twin-tui").exists(), "no mark for a run without a tour"
    assert with_tour(Settings(tour=False), allowed=True).tour is False
    assert with_tour(Settings(), allowed=True).tour is True
    tour_shown()
    assert with_tour(Settings(), allowed=True).tour is False
    assert with_tour(Settings(tour=True), allowed=True).tour is True


@pytest.mark.parametrize(
    ("options", "wanted"),
    [([], True), (["--no-tour"], False), (["--inject", "1s mark x"], False), (["--duration", "5s"], False),
     (["--scenario", "ride_through"], False), (["--read-only"], False)],
)  # fmt: skip
def test_the_command_line_shows_the_tour_to_people_only(
    options: list[str], wanted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Settings] = []

    def run_console(twin: object, *, settings: Settings, **rest: object) -> int:
        seen.append(settings)
        return 0

    monkeypatch.setattr("twin_tui.console.first_run.user_state_path", lambda name: tmp_path / name)
    monkeypatch.setattr("twin_tui.console.settings.user_config_path", lambda name: tmp_path / name)
    monkeypatch.setattr("twin_tui.console.start.run_console", run_console)
    CliRunner().invoke(cli, ["run", "demo", "--no-servers", *options])
    assert [bool(settings.tour) for settings in seen] == [wanted]


def test_the_steps_are_five() -> None:
    assert [step.title for step in STEPS] == ["Inject", "See the writes", "Force a register", "Speed", "Quit"]
