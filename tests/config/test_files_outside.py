"""A site names files in its own folder, and shipped ones, unless it is allowed more."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.run.recordings import signed
from twin_tui import ConfigError, Twin
from twin_tui.cli.main import cli
from twin_tui.config import load_site
from twin_tui.documents.shipped import shipped

CSV = "time_s,value\n0,1\n60,2\n120,3\n"
S2_ENTRY = {"kind": "s2", "cem": "ws://h/"}
CASES: dict[str, tuple[str, Callable[[str], dict[str, Any]]]] = {
    "series": ("weather.irradiance_series: ", lambda name: {"weather": {"irradiance_series": name}}),
    "column": ("weather.irradiance_series: ", lambda name: {"weather": {"irradiance_series": {"csv": name}}}),
    "map": ("register_map: ", lambda name: battery(port=0, register_map=name)),
    "map root": ("register_map_root: ", lambda name: {"register_map_root": name}),
    "grid code": ("grid_code: ", lambda name: {"grid_code": name}),
    "grid code of a device": ("grid_code: ", lambda name: battery(grid_code={"name": name})),
    "description": ("s2_description: ", lambda name: battery(s2_description=name)),
    "playback": (
        "events[0]: ",
        lambda name: {
            "events": [{"at": 1, "event": "Disturb", "disturbance": {"target": "frequency", "points": name}}]
        },
    ),
    "certificate": ("tls.certificate: ", lambda name: {"links": tls(name, "own.pem")}),
    "key": ("tls.key: ", lambda name: {"links": tls("own.pem", name)}),
    "token of rest": ("token_file: ", lambda name: {"links": {"rest": {"token_file": name}}}),
    "token of s2": ("token_file: ", lambda name: {"links": {"s2": {"cem": "ws://h/", "token_file": name}}}),
    "token of a device": (
        "token_file: ",
        lambda name: battery(protocols=[{**S2_ENTRY, "token_file": name}]),
    ),
    "log": ("log: ", lambda name: {"links": {"s2": {"cem": "ws://h/", "log": name}}}),
}


def battery(**keys: Any) -> dict[str, Any]:
    return {"assets": [{"type": "battery", "name": "bess", **keys}]}


def tls(certificate: str, key: str) -> dict[str, Any]:
    return {"tls": {"certificate": certificate, "key": key}}


def written(folder: Path, keys: dict[str, Any]) -> Path:
    """Write a site into its folder, and beside the folder a file of every kind that it could name."""
    own = folder / "own"
    own.mkdir(exist_ok=True)
    for name in ("secret.csv", "secret.yaml", "secret.pem"):
        (folder / name).write_text(CSV, encoding="utf-8")
    (own / "own.pem").write_text("x", encoding="utf-8")
    path = own / "site.json"
    path.write_text(json.dumps({"name": "x", **battery(port=0), **keys}), encoding="utf-8")
    return path


@contextmanager
def not_raised(word: str) -> Iterator[None]:
    """Fail for an error that has this word."""
    try:
        yield
    except ConfigError as error:
        if word in str(error):
            raise AssertionError(error) from error
        raise


def suffix_of(case: str) -> str:
    return {"grid code": ".yaml", "grid code of a device": ".yaml", "map": ".yaml"}.get(case, ".csv")


@pytest.mark.parametrize("how", ["..", "absolute", "link"])
@pytest.mark.parametrize("case", CASES)
def test_a_file_outside_the_sites_folder_is_refused(case: str, how: str, tmp_path: Path) -> None:
    place, keys = CASES[case]
    secret = tmp_path if case == "map root" else tmp_path / f"secret{suffix_of(case)}"
    name = {"..": os.path.relpath(secret, tmp_path / "own"), "absolute": str(secret)}.get(how, "link")
    if how == "link":
        (tmp_path / "own").mkdir()
        name += "" if case == "map root" else suffix_of(case)
        (tmp_path / "own" / name).symlink_to(secret)
    path = written(tmp_path, keys(name))
    with pytest.raises(ConfigError) as caught:
        load_site(path)
    text = str(caught.value)
    assert place in text
    assert f"{secret} is outside the folder of the site, {tmp_path / 'own'}" in text
    assert "--allow-outside" in text
    assert str(path) in text
    with (
        suppress(ConfigError),
        not_raised("outside the folder of the site"),
    ):  # the file is not one of its kind, but it is read
        load_site(path, allow_outside=True)


def test_files_in_the_folder_below_it_and_shipped_ones_are_allowed(tmp_path: Path) -> None:
    (tmp_path / "own" / "data").mkdir(parents=True)
    (tmp_path / "own" / "data" / "sun.csv").write_text(CSV, encoding="utf-8")
    for name in ("data/sun.csv", "./data/../data/sun.csv", str(tmp_path / "own" / "data" / "sun.csv")):
        load_site(written(tmp_path, {"weather": {"irradiance_series": name}}))
    shipped_map = shipped("register_maps", "bess_modbus")
    load_site(written(tmp_path, battery(port=0, register_map="bess_modbus")))
    load_site(written(tmp_path, {"register_map_root": str(shipped_map.parent)}))


def test_a_site_that_is_itself_a_link_is_in_the_folder_of_the_link(tmp_path: Path) -> None:
    path = written(tmp_path, {"weather": {"irradiance_series": "sun.csv"}})
    (tmp_path / "sun.csv").write_text(CSV, encoding="utf-8")
    (tmp_path / "linked.json").symlink_to(path)
    load_site(tmp_path / "linked.json")


def test_a_folder_of_register_maps_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, {"register_map_root": "nowhere"})
    with pytest.raises(ConfigError, match=r"register_map_root: no such folder: .*nowhere; without this key"):
        load_site(path)
    (tmp_path / "own" / "file").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="no such folder"):
        load_site(written(tmp_path, {"register_map_root": "file"}))


def test_every_command_that_reads_a_site_can_allow_files_outside(tmp_path: Path) -> None:
    path = str(written(tmp_path, {"weather": {"irradiance_series": "../secret.csv"}}))
    for command in (
        ["check", path],
        ["registers", path],
        ["run", path, "--headless", "--duration", "1", "--no-servers", "--speed", "max", "--quiet"],
    ):
        refused = CliRunner().invoke(cli, command)
        assert isinstance(refused.exception, ConfigError | SystemExit), refused.output
        assert "outside the folder" in refused.output + str(refused.exception)
        done = CliRunner().invoke(cli, [*command, "--allow-outside"])
        assert not done.exit_code, done.output


def test_a_site_given_in_python_names_any_file(tmp_path: Path) -> None:
    (tmp_path / "sun.csv").write_text(CSV, encoding="utf-8")
    data = {**battery(), "weather": {"irradiance_series": str(tmp_path / "sun.csv")}}
    assert Twin.from_dict(data).time_s == 0.0
    path = written(tmp_path, {"weather": {"irradiance_series": "../sun.csv"}})
    assert Twin.from_file(path, allow_outside=True).time_s == 0.0
    with pytest.raises(ConfigError, match="outside"):
        Twin.from_file(path)


def test_a_recording_names_no_file(tmp_path: Path) -> None:
    """Not even one that its writer has put there by hand: it comes from others."""
    path = tmp_path / "run.jsonl"
    Twin.from_dict(battery()).record(path).close()
    head, *rows = path.read_text(encoding="utf-8").splitlines()
    data = json.loads(head)
    data["site"]["weather"] = {"irradiance_series": "/etc/passwd"}
    path.write_bytes(signed("\n".join([json.dumps(data), *rows, ""]).encode()))
    done = subprocess.run(
        [sys.executable, "-m", "twin_tui", "replay", str(path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "/etc/passwd is outside" in done.stderr
    assert "root:" not in done.stderr
