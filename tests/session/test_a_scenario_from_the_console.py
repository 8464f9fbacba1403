"""A scenario that is played in a running console: its times count from now, and its verdicts are kept."""

import asyncio
from pathlib import Path

import pytest
import yaml

from twin_tui import Twin, TwinError
from twin_tui.commands.parser import parse
from twin_tui.engine.snapshot import LogKind
from twin_tui.engine.view import PlayScenario, SaveScenario, ViewRequest
from twin_tui.errors import CommandError, ConfigError
from twin_tui.session.local import LocalSession

STEPS = """
name: A short sag
steps:
  - {at: 1s, do: sag 0.7 2s}
  - {at: 2s, expect: grid.voltage_a_pu == 0.7 ± 0.02}
  - {at: 0s, for: 5s, always: grid.frequency_hz == 50 ± 0.5}
  - {at: 4s, expect: grid.voltage_a_pu == 0.3 ± 0.02}
"""


@pytest.fixture
def session() -> LocalSession:
    """A session that has run for a while."""
    session = LocalSession(Twin.from_file("demo"))
    session.twin.engine.advance(123.4)
    return session


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "short.yaml"
    path.write_text(STEPS)
    return path


def test_its_times_count_from_now_and_its_verdicts_are_seen(session: LocalSession, file: Path) -> None:
    async def play() -> None:
        command = parse(f"scenario {file}", session.site)
        await session.check(command)
        assert session.twin.judge is None, "a check plays nothing"
        assert await session.send(command) == "A short sag: 4 steps in 5 s"
        session.twin.engine.advance(2.0)
        frame = await session.frame(ViewRequest())
        assert frame.snapshot.grid.voltage_a_pu == pytest.approx(0.7, abs=0.01)
        session.twin.engine.advance(3.2)
        seen = {step.at_s - 123.4: step.state for step in (await session.frame(ViewRequest())).timeline}
        expected = {0.0: "passed", 1.0: "done", 2.0: "passed", 4.0: "failed"}
        assert {round(at_s, 6): state for at_s, state in seen.items()} == expected

    asyncio.run(play())


def test_another_one_is_played_once_the_first_is_over(session: LocalSession, file: Path) -> None:
    async def play() -> None:
        await session.send(PlayScenario(str(file)))
        for refuse in (session.check, session.send):
            with pytest.raises(CommandError, match="'A short sag' is still played, for 5 s"):
                await refuse(PlayScenario("ride_through"))
        session.twin.engine.advance(5.1)
        assert (await session.send(PlayScenario("ride_through"))).startswith("Ride through a sag: 16 steps")
        assert session.twin.judge is not None
        assert session.twin.judge.scenario.name == "Ride through a sag"

    asyncio.run(play())


def test_the_scenario_of_the_command_line_is_not_replaced(file: Path) -> None:
    session = LocalSession(Twin.from_file("demo"))
    judge = session.twin.play("ride_through")
    session.twin.engine.advance(300.0)
    with pytest.raises(CommandError, match="this run is judged by 'Ride through a sag'"):
        asyncio.run(session.check(PlayScenario(str(file))))
    assert session.twin.judge is judge


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ride_trough", "did you mean ride_through"),
        ("nosuch.yaml", "no shipped scenario 'nosuch.yaml'"),
        ("island_life", "unknown device"),
        ("/dev", "is a directory"),
    ],
)
def test_what_cannot_be_played_is_refused_and_changes_nothing(
    session: LocalSession, name: str, said: str
) -> None:
    log = list(session.twin.engine.log)
    for refuse in (session.check, session.send):
        with pytest.raises(TwinError, match=said):
            asyncio.run(refuse(parse(f"scenario {name}", session.site)))
    session.twin.engine.advance(600.0)
    assert not [
        entry for entry in session.twin.engine.log if entry.kind is LogKind.INJECT and entry not in log
    ]
    assert session.twin.judge is None


def test_a_wrong_step_keeps_all_others_from_being_played(session: LocalSession, file: Path) -> None:
    file.write_text(STEPS + "  - {at: 3s, do: fault battery nosuch}\n")
    with pytest.raises(ConfigError, match="unknown fault of battery 'nosuch'"):
        asyncio.run(session.send(PlayScenario(str(file))))
    session.twin.engine.advance(5.0)
    assert not [entry for entry in session.twin.engine.log if entry.kind is LogKind.INJECT]


def test_the_shipped_ones_are_listed_with_their_titles_those_for_this_site_first(
    session: LocalSession,
) -> None:
    assert next(iter(session.site.scenarios.items())) == ("ride_through", "Ride through a sag")
    assert session.site.scenarios["island_life"] == "The life of an island (for site microgrid)"


def test_a_saved_session_has_the_steps_that_were_played_so_far(
    session: LocalSession, file: Path, tmp_path: Path
) -> None:
    async def play() -> None:
        await session.send(parse("mark begin", session.site), "mark begin")
        await session.send(PlayScenario(str(file)))
        session.twin.engine.advance(0.5)
        await session.send(SaveScenario(str(tmp_path / "before.yaml")))
        session.twin.engine.advance(3.0)
        await session.send(SaveScenario(str(tmp_path / "after.yaml")))

    asyncio.run(play())
    before, after = (tmp_path / f"{name}.yaml" for name in ("before", "after"))
    assert "sag 0.7 2s" not in before.read_text()
    done = [step for step in yaml.safe_load(after.read_text())["steps"] if "do" in step]
    assert [(step["at"], step["do"]) for step in done] == [("123.4s", "mark begin"), ("124.4s", "sag 0.7 2s")]
