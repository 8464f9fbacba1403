"""Options of ``twin-tui run`` that exclude each other."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from twin_tui.cli.main import cli


@pytest.mark.parametrize("headless", [[], ["--headless", "--duration", "1s"]])
def test_a_capture_without_servers_is_refused(tmp_path: Path, headless: list[str]) -> None:
    file = tmp_path / "run.pcapng"
    result = CliRunner().invoke(cli, ["run", "demo", *headless, "--no-servers", "--capture", str(file)])
    assert result.exit_code == 2
    assert "--no-servers opens no connection: remove it, or --capture" in result.output
    assert not file.exists()


def test_every_flag_without_effect_is_named_beside_no_servers() -> None:
    result = CliRunner().invoke(cli, ["run", "demo", "--no-servers", "--rest", "0", "--capture", "x.txt"])
    assert result.exit_code == 2
    assert "remove it, or --rest and --capture" in result.output


@pytest.mark.parametrize("words", [("--record-every", "2s"), ("--record-layout", "long")])
def test_options_of_a_recording_without_one_are_refused(words: tuple[str, str]) -> None:
    result = CliRunner().invoke(cli, ["run", "demo", "--headless", "--duration", "1s", *words])
    assert result.exit_code == 2
    assert f"{words[0]} needs --record" in result.output
