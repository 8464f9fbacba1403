"""What was done in a session is written as a scenario that runs green on the same site."""

import asyncio
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from tests.widgets.screen import app_of, console, screen_text, settled
from twin_tui import Scenario, Twin
from twin_tui.cli.main import cli
from twin_tui.commands.parser import parse
from twin_tui.engine.events import Event, Mark, Write
from twin_tui.engine.view import Freeze, RegisterInfo, SaveScenario
from twin_tui.errors import CommandError, ConfigError
from twin_tui.session.local import LocalSession
from twin_tui.session.scenario_draft import LOOK_S, Draft

SETPOINT = "active_power_setpoint_w"
SITE = """
name: bench
seed: 4
step: 0.1
assets:
  - {name: bess, type: battery, capacity_kwh: 30, initial_soc: 50, max_charge_kw: 15, max_discharge_kw: 15,
     started: true, protocols: [{kind: modbus_tcp, port: 0}]}
  - {name: roof, type: pv, rated_kw: 8}
  - {name: house, type: load, base_kw: 4}
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "sites"
    folder.mkdir()
    (folder / "bench.yaml").write_text(SITE)
    return folder / "bench.yaml"


def played(site: Path | str, *steps: tuple[str, float], last_s: float = 10.0) -> LocalSession:
    """Return a session in which these lines were typed, each some time after the one before."""
    session = LocalSession(Twin.from_file(site))

    async def play() -> None:
        for line, after_s in steps:
            session.twin.engine.advance(after_s)
            command = parse(line, session.site)
            await session.send(command, line)
        session.twin.engine.advance(last_s)

    asyncio.run(play())
    return session


def saved(session: LocalSession, path: Path, *, force: bool = False) -> dict[str, Any]:
    said = asyncio.run(session.send(SaveScenario(str(path), force)))
    assert f"saved in {path}" in said
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def runs_green(path: Path) -> None:
    for words in (["check", str(path)], ["run", "--scenario", str(path), "--headless", "--no-servers"]):
        speed = ["--speed", "max"] if words[0] == "run" else []
        done = CliRunner().invoke(cli, [*words, *speed])
        assert done.exit_code == 0, done.output


SESSION = (
    ("write bess active_power_setpoint_w 5kW", 1.0),
    ("mark EMS restarted: \"now\"", 5.0),
    ("sag grid 0.7 4s", 2.5),
    ("fault bess emergency_stop 3s", 70.0),
    ("write bess fault_reset 1", 8.0),
    ("mode bess SELF_CONSUMPTION", 30.0),
    (":force bess soc 97%", 10.0),
    ("release bess soc", 3.0),
    ("link bess silence 5s", 1.0),
    ("load +3kW 20s", 1.0),
    ("clear all", 8.0),
)  # fmt: skip


def test_a_session_is_saved_with_its_times_and_runs_green(site: Path, tmp_path: Path) -> None:
    path = tmp_path / "session.yaml"
    found = saved(played(site, *SESSION), path)
    done = [step for step in found["steps"] if "do" in step]
    assert [step["do"] for step in done] == [line.removeprefix(":") for line, _ in SESSION]
    times, at_s = [], 0.0
    for _, after_s in SESSION:
        at_s += after_s
        times.append(f"{at_s:.12g}s")
    assert [step["at"] for step in done] == times
    assert (found["site"], found["seed"]) == ("sites/bench.yaml", 4)
    assert [step["at"] for step in found["steps"]] == sorted(
        (step["at"] for step in found["steps"]), key=lambda text: float(text[:-1])
    )
    runs_green(path)


def test_the_effects_that_were_seen_are_drafted_as_expectations(site: Path, tmp_path: Path) -> None:
    found = saved(played(site, *SESSION), tmp_path / "session.yaml")
    expected = [step["expect"] for step in found["steps"] if "expect" in step]
    assert any(text.startswith("bess.active_power_w == 5") and "±" in text for text in expected)
    for status in ("TRIPPED", "FAULT"):
        assert f"bess.status == {status}" in expected
    assert "bess.soc == 0.97" in expected
    assert "#" not in "".join((tmp_path / "session.yaml").read_text().split("steps:")[1]), "all of them hold"


def test_what_was_said_by_a_register_is_saved_by_its_signal(site: Path, tmp_path: Path) -> None:
    session = played(site, ("mark begun", 0.0))
    register = RegisterInfo(
        "holding registers", 10126, "setpoint", "int16", device="bess", signal=SETPOINT, unit="kW"
    )
    bess = replace(session.site.devices[0], registers=(register,))
    session.site = replace(session.site, devices=(bess, *session.site.devices[1:]))
    for line in ("force bess 10126 3.5", "release bess 10126", "write bess setpoint -2", "plug_is_no_verb"):
        command = parse(line, session.site) if "plug" not in line else Mark("x", "console")
        asyncio.run(session.send(command, line))
        session.twin.advance(1.0)
    path = tmp_path / "session.yaml"
    found = saved(session, path)
    assert [step["do"] for step in found["steps"] if "do" in step] == [
        "mark begun",
        f"force bess {SETPOINT} 3500.0",
        f"release bess {SETPOINT}",
        f"write bess {SETPOINT} -2000.0",
    ]
    assert "# no step of a scenario, unknown command 'plug_is_no_verb'" in path.read_text(), (
        "left out, and said"
    )
    runs_green(path)


def test_a_session_that_no_scenario_can_say_is_saved_all_the_same(site: Path, tmp_path: Path) -> None:
    session = played(site)
    asyncio.run(session.send(Mark("x", "console"), "nothing like this"))
    session.twin.advance(1.0)
    assert saved(session, tmp_path / "session.yaml")["steps"] == []


def test_a_frozen_value_is_written_as_the_value_that_it_had(site: Path, tmp_path: Path) -> None:
    session = played(site, ("write bess active_power_setpoint_w 5kW", 1.0))
    asyncio.run(session.send(Freeze("bess", "soc"), "freeze bess soc"))
    frozen = session.twin.engine.device("bess").pins["soc"]
    session.twin.engine.advance(1.0)
    path = tmp_path / "session.yaml"
    found = saved(session, path)
    line = next(step["do"] for step in found["steps"] if step.get("do", "").startswith("force"))
    event = parse(line, session.site)
    assert isinstance(event, Event)
    assert event == event.__class__("bess", "soc", frozen, "console")  # type: ignore[call-arg]
    runs_green(path)


def test_what_clients_did_is_counted_and_left_out_and_the_file_still_runs_green(
    site: Path, tmp_path: Path
) -> None:
    session = played(site, ("mark begin", 1.0))
    for power_w in (3000.0, -4000.0):
        session.twin.submit(Write("bess", {"active_power_setpoint_w": power_w}, "10.0.0.7:42022"))
        session.twin.engine.advance(5.0)
    path = tmp_path / "session.yaml"
    found = saved(session, path)
    assert [step["do"] for step in found["steps"]] == ["mark begin"]
    assert "# Not in this file: 2 events by 10.0.0.7:42022." in path.read_text()
    runs_green(path)


def test_a_shipped_site_is_named_and_one_from_python_is_not(tmp_path: Path) -> None:
    path = tmp_path / "demo.yaml"
    assert saved(played("demo", ("mark x", 1.0), last_s=1.0), path)["site"] == "demo"
    runs_green(path)
    session = LocalSession(Twin.from_dict(yaml.safe_load(SITE)))
    asyncio.run(session.send(parse("mark x", session.site), "mark x"))
    assert "site" not in saved(session, tmp_path / "no-site.yaml")


def test_nothing_done_an_existing_file_and_the_site_itself_are_refused(site: Path, tmp_path: Path) -> None:
    idle = LocalSession(Twin.from_file(site))
    with pytest.raises(CommandError, match="nothing was done"):
        saved(idle, tmp_path / "none.yaml")
    assert not (tmp_path / "none.yaml").exists()
    session = played(site, ("mark x", 0.0), last_s=0.0)
    kept = tmp_path / "kept.yaml"
    kept.write_text("mine")
    with pytest.raises(ConfigError, match="exists already"):
        saved(session, kept)
    assert kept.read_text() == "mine"
    assert saved(session, kept, force=True)["steps"]
    with pytest.raises(ConfigError, match="is a file of this site"):
        saved(session, site, force=True)
    assert site.read_text() == SITE
    for refused in ("~no-such-user/x", str(tmp_path), str(tmp_path / "no" / "folder.yaml")):
        with pytest.raises(ConfigError):
            asyncio.run(session.send(SaveScenario(refused)))


def test_hostile_text_in_a_mark_stays_one_line_of_the_file(site: Path, tmp_path: Path) -> None:
    session = played(site)
    line = 'mark a #b: {c} "[d]" é \\ ☃'
    asyncio.run(session.send(parse("mark x", session.site), line))
    found = saved(session, tmp_path / "s.yaml")
    assert found["steps"][0]["do"] == line
    assert Scenario.load(tmp_path / "s.yaml").steps[0].text == line


async def test_the_console_saves_asks_before_it_overwrites_and_refuses_read_only(
    site: Path, tmp_path: Path
) -> None:
    session = LocalSession(Twin.from_file(site))
    path = tmp_path / "s.yaml"
    path.write_text("mine")
    async with console(session) as pilot:
        assert await app_of(pilot).carry_out("sag grid 0.7 2s")
        session.twin.engine.advance(5.0)
        await pilot.press("colon")
        app_of(pilot).bar.input.value = f"save-scenario {path}"
        await pilot.press("enter")
        await settled(pilot)
        assert "exists already. Overwrite it?" in " ".join(screen_text(pilot).replace("│", " ").split())
        await pilot.press("enter")
        await settled(pilot)
        assert path.read_text() == "mine"
        await pilot.press("colon", "up", "enter")
        await settled(pilot)
        await pilot.press("right", "enter")
        await settled(pilot)
        steps = Scenario.load(path).steps
        assert steps[0].text == "sag grid 0.7 2s"
    async with console(session, read_only=True) as pilot:
        assert not await app_of(pilot).carry_out(f"save-scenario {tmp_path / 'other.yaml'}")
    assert not (tmp_path / "other.yaml").exists()


async def test_while_a_long_session_is_saved_the_console_says_so_and_its_keys_act(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = LocalSession(Twin.from_file(site))
    path, written = tmp_path / "s.yaml", threading.Event()
    text = Draft.text

    def slow(draft: Draft) -> str:
        written.wait(30.0)
        return text(draft)

    monkeypatch.setattr(Draft, "text", slow)
    try:
        async with console(session) as pilot:
            assert await app_of(pilot).carry_out("sag grid 0.7 2s")
            session.twin.engine.advance(5.0)
            assert await app_of(pilot).carry_out(f"save-scenario {path}")
            assert "saving" in screen_text(pilot)
            await pilot.press("l")
            await settled(pilot)
            assert app_of(pilot).views.current == "log"
            assert not path.exists()
            written.set()
            for _ in range(500):
                await pilot.pause(0.01)
                if path.exists() and "1 step saved" in screen_text(pilot):
                    break
            assert "1 step saved" in screen_text(pilot)
    finally:
        written.set()


def test_a_session_is_played_again_only_as_far_as_effects_are_looked_for(site: Path, tmp_path: Path) -> None:
    session = played(site, ("sag grid 0.7 2s", 1.0), last_s=1.0)
    draft = Draft(session.twin.site, tmp_path / "s.yaml", tuple(session.done), 24 * 36000, {})
    twins: list[Twin] = []

    def fresh() -> Twin:
        twins.append(Twin(session.twin.site))
        return twins[-1]

    draft._fresh = fresh  # type: ignore[method-assign]
    assert "duration: 86400.1s" in draft.text()
    assert [twin.time_s <= 1.0 + LOOK_S for twin in twins] == [True]


def test_a_forced_value_that_is_not_seen_is_commented_out_with_what_was_seen(
    site: Path, tmp_path: Path
) -> None:
    session = played(site, ("force bess soc 97%", 1.0), ("force bess soc 20%", 0.0))
    path = tmp_path / "s.yaml"
    saved(session, path)
    assert "bess.soc == 0.2" in path.read_text()
    runs_green(path)


def test_a_draft_that_nobody_waits_for_ends(site: Path, tmp_path: Path) -> None:
    session = played(site, ("mark x", 1.0))
    draft = Draft(session.twin.site, tmp_path / "s.yaml", tuple(session.done), 24 * 36000, {})
    draft.abandoned = True
    with pytest.raises(CommandError, match="the session has ended"):
        draft.text()
