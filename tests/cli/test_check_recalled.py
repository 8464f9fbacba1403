"""`twin-tui check` says which numbers of a grid code nobody has read in a source."""

from pathlib import Path

from click.testing import CliRunner

from twin_tui import Twin
from twin_tui.cli.main import cli


def check(*files: str) -> str:
    result = CliRunner().invoke(cli, ["check", *files])
    assert result.exit_code == 0, result.output
    return result.output


def test_a_site_and_a_grid_code_name_their_recalled_numbers(tmp_path: Path) -> None:
    shown = check("fcr_battery")
    assert "fcr_battery: site, valid" in shown
    assert "note: grid code en50549-1: recalled, not read in a source: U<<, f>, f<, " in shown
    own = tmp_path / "own.yaml"
    own.write_text(
        "title: own\nnominal_hz: 50\nsources: {me: memory}\n"
        "stages: [{name: U<, quantity: voltage, below: 0.8, clearing_s: 1, source: me, status: recalled}]\n"
        "enter_service: {v_low_pu: 0.9, v_high_pu: 1.1, f_low_hz: 49, f_high_hz: 51, delay_s: 0, ramp_s: 0}\n"
    )
    assert "note: grid code own: recalled, not read in a source: U<\n" in check(str(own))


def test_a_code_whose_numbers_were_all_read_needs_no_note() -> None:
    assert "note:" not in check("one_battery")


def test_what_the_device_screen_shows_names_them_too() -> None:
    shown = Twin.from_file("demo").snapshot().device("pv").grid_code
    assert shown.startswith("VDE-AR-N 4105 (Germany, low voltage); recalled: ")
    assert "frequency_droop" in shown
