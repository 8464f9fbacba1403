"""What the user's console.toml does to a start of the console."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from twin_tui import ConfigError
from twin_tui.cli.main import cli


@pytest.mark.parametrize(
    "command",
    [
        ["run", "demo"],
        ["replay-plan", "home", "plan.json"],
        ["compare", "demo", "battery", "--adopt", "--with", "127.0.0.1:1"],
    ],
)
def test_bad_settings_of_the_console_are_refused_before_anything_is_begun(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "kept.jsonl"
    kept.write_text("of yesterday", encoding="utf-8")
    (tmp_path / "twin-tui").mkdir()
    (tmp_path / "twin-tui" / "console.toml").write_text('[keys]\ninjct = "x"\n', encoding="utf-8")
    monkeypatch.setattr("twin_tui.console.settings.user_config_path", lambda name: tmp_path / name)
    recording_option = ["--record", str(kept)] if command[0] != "compare" else []
    done = CliRunner().invoke(cli, [*command, *recording_option])
    assert isinstance(done.exception, ConfigError)
    assert "console.toml:1: keys: unknown action 'injct'" in str(done.exception)
    assert kept.read_text(encoding="utf-8") == "of yesterday"
