"""What the user's console.toml does to a start of the console: a mistake is reported, and it starts."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from twin_tui import ConfigError
from twin_tui.cli.main import cli
from twin_tui.console.settings import Settings

PLAN = """{"id": "plan", "valid_from": "2026-03-01 00:00:00+01:00", "instructions": [
{"type": "FRBCInstruction", "resource_id": "battery", "execution_time": "2026-03-01T00:00:00+01:00",
"operation_mode_id": "IDLE", "operation_mode_factor": 1.0}]}"""


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """The settings of each console that is started, with a mistake in the user's file."""
    found: list[Settings] = []

    def run_console(twin: object, *, settings: Settings, **rest: object) -> int:
        found.append(settings)
        return 0

    async def read_real(*given: object, **rest: object) -> dict[str, object]:
        return {}

    (tmp_path / "twin-tui").mkdir()
    (tmp_path / "twin-tui" / "console.toml").write_text('hz = 2\n[keys]\ninjct = "x"\n', encoding="utf-8")
    (tmp_path / "plan.json").write_text(PLAN)
    for name in ("settings.user_config_path", "first_run.user_state_path"):
        monkeypatch.setattr(f"twin_tui.console.{name}", lambda name: tmp_path / name)
    monkeypatch.setattr("twin_tui.console.start.run_console", run_console)
    monkeypatch.setattr("twin_tui.cli.compare.read_real", read_real)
    monkeypatch.chdir(tmp_path)
    return found


@pytest.mark.parametrize(
    "command",
    [
        ["run", "demo", "--no-servers"],
        ["replay-plan", "home", "plan.json"],
        ["compare", "demo", "battery", "--adopt", "--with", "127.0.0.1:1"],
    ],
    ids=lambda command: command[0],
)
def test_a_mistake_in_the_settings_of_the_console_keeps_nothing_from_starting(
    command: list[str], started: list[Settings]
) -> None:
    done = CliRunner().invoke(cli, command)
    assert done.exit_code == 0, done.output
    (settings,) = started
    assert settings.hz == 2
    (mistake,) = settings.mistakes
    assert mistake.endswith(
        "console.toml:3: keys.injct: unknown action 'injct'; did you mean inject?; it is ignored"
    )


def test_a_bad_option_is_refused_before_anything_is_begun(started: list[Settings], tmp_path: Path) -> None:
    kept = tmp_path / "kept.jsonl"
    kept.write_text("of yesterday", encoding="utf-8")
    done = CliRunner().invoke(cli, ["run", "demo", "--theme", "nrod", "--record", str(kept), "--force"])
    assert isinstance(done.exception, ConfigError)
    assert done.exception.exit_code == 2
    assert "theme: expected one of" in str(done.exception)
    assert str(done.exception).endswith("found 'nrod'; did you mean nord?")
    assert kept.read_text(encoding="utf-8") == "of yesterday"
    assert not started


def test_an_option_goes_before_the_users_file(started: list[Settings]) -> None:
    done = CliRunner().invoke(cli, ["run", "demo", "--no-servers", "--theme", "nord", "--hz", "8"])
    assert done.exit_code == 0, done.output
    assert (started[0].theme, started[0].hz) == ("nord", 8.0)
