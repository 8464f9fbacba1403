"""Paths that are no ordinary files: each is one message and exit code 2, and none is waited for."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.processes import PROGRAM, environment, twin_tui
from twin_tui.cli.check import check_file
from twin_tui.config import load_site
from twin_tui.errors import ConfigError
from twin_tui.run.scenario import find

NOBODY = 65534
AS_NOBODY = f"""
import os, sys
from pathlib import Path
from twin_tui.cli.check import check_file
from twin_tui.config import load_site
from twin_tui.cli.results import Results
from twin_tui.errors import TwinError
from twin_tui.protocols.eos.plan import read_plan
from twin_tui.run.scenario import find
load_site("demo"), find("ride_through")  # what is imported late cannot be imported later
os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})
path = Path(sys.argv[1])
print(check_file(path)[1][0].text)
for read in (load_site, find, read_plan, Results):
    try:
        read(path)
    except TwinError as error:
        print(error)
"""


def test_a_pipe_that_nobody_writes_to_is_refused_at_once(tmp_path: Path) -> None:
    pipe = tmp_path / "site.yaml"
    os.mkfifo(pipe)
    for read in (load_site, find):
        with pytest.raises(ConfigError, match=r"site.yaml: is a pipe, a socket or a terminal"):
            read(str(pipe))
    (_, (finding,)) = check_file(pipe)
    assert "is a pipe" in finding.text


@pytest.mark.parametrize("name", ["x" * 5_000, "x/" * 3_000, "\0", "a\nb" * 300, "x" * 5_000 + ".yaml"])
def test_a_name_that_no_file_can_have_is_one_short_message(name: str) -> None:
    for read in (load_site, find):
        with pytest.raises(ConfigError) as caught:
            read(name)
        assert len(str(caught.value)) < 500
        assert "\n" not in str(caught.value)
    (_, (finding,)) = check_file(name)
    assert len(finding.text) < 500


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to become another user")
def test_a_folder_without_permission_is_one_message(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    path = closed / "site.yaml"
    path.write_text("assets: []")
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(folder.stat().st_mode | 0o011)
    done = twin_tui(Path("/"), args=[sys.executable, "-c", AS_NOBODY, str(path)])
    assert done.stderr == ""
    unreadable = f"{path}: cannot be read (Permission denied)"
    assert done.stdout.splitlines() == [unreadable] * 4 + [f"{path}: cannot be written: Permission denied"]


def test_a_file_name_with_escapes_reaches_no_terminal(tmp_path: Path) -> None:
    done = subprocess.run(
        [*PROGRAM, "run", "\x1b[31mred\u202e", "--headless"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "\x1b" not in done.stderr
    assert "\u202e" not in done.stderr


@pytest.mark.parametrize(("power", "found"), [("1e300", "1e+300"), ("1e16", "1e+16")])
def test_a_number_beyond_calculation_is_refused_by_check(tmp_path: Path, power: str, found: str) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(f"assets:\n- type: load\n  base_kw: {power}\n")
    (_, (finding,)) = check_file(path)
    expected = "a number of at least 0, at most 1e+15"
    assert finding.text == f"{path}:3: assets[0].base_kw: expected {expected}, found {found}"
