"""The commands of a checkout: make, and what CI calls."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
HERE = ".".join(map(str, sys.version_info[:2]))
PAGES = "".join((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "CONTRIBUTING.md"))
# a Python that is there, one that is a shim for nothing, and a make that says what it was called with
PYTHON = '#!/bin/sh\ncase "$2" in *ensurepip*) exit 0;; esac\necho "$0"\n'
SHIM = "#!/bin/sh\nexit 127\n"
MAKE = '#!/bin/sh\necho "make $*"\ncase "$*" in *"$FAILING"*) exit 1;; esac\n'
OF_AN_OUTER_MAKE = {"PYTHON", "VENV", "BIN", "MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES"}


def make(*words: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in OF_AN_OUTER_MAKE}
    command = ["make", "--no-print-directory", *words]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def ci(folder: Path, programs: dict[str, str], versions: str, failing: str = "none") -> tuple[int, str]:
    """Run the CI script where these programs come first; return its exit code and output."""
    for name, text in {**programs, "make": MAKE}.items():
        path = folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
    (folder / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", folder / ".ci" / "run")
    search = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": search, "VERSIONS": versions, "FAILING": failing}
    done = subprocess.run(
        [folder / ".ci" / "run"], env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize("target", sorted(set(re.findall(r"^    make (\w+)", PAGES, re.MULTILINE))))
def test_each_target_that_a_page_names_exists(target: str) -> None:
    done = make("-n", target)
    assert done.returncode == 0, done.stderr


def test_a_python_that_is_asked_for_gets_an_environment_of_its_own() -> None:
    assert f".venv-{HERE}/bin/ruff" in make("-n", "test", f"PYTHON={sys.executable}").stdout
    assert "\n.venv/bin/ruff" in make("-n", "test").stdout


def test_an_environment_that_another_python_has_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "pyvenv.cfg").touch()
    python = tmp_path / "bin" / "python"
    python.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.2.1"\n')
    python.chmod(0o755)
    done = make("environment", f"PYTHON={sys.executable}", f"VENV={tmp_path}")
    assert done.returncode == 2
    assert f"{tmp_path} has Python 3.2.1, not {HERE}: remove it" in done.stdout


def test_ci_tests_each_python_at_hand_and_names_the_missing(tmp_path: Path) -> None:
    programs = {"python3.96": PYTHON, "python3.97": PYTHON, "python3.98": SHIM}
    code, output = ci(tmp_path, programs, "3.96 3.97 3.98 3.99")
    called = [line for line in output.splitlines() if line.startswith("make ")]
    assert called == [f"make test PYTHON={tmp_path}/bin/python3.{minor}" for minor in (96, 97)]
    assert output.endswith("Passed: 3.96 3.97. Failed: none. Not on this machine: 3.98 3.99.\n")
    assert code == 0


def test_ci_fails_if_one_python_does_and_tries_the_others_all_the_same(tmp_path: Path) -> None:
    code, output = ci(tmp_path, {"python3.96": PYTHON, "python3.97": PYTHON}, "3.96 3.97", "python3.96")
    assert output.endswith("Passed: 3.97. Failed: 3.96. Not on this machine: none.\n")
    assert code == 1


def test_ci_fails_where_no_python_can_run(tmp_path: Path) -> None:
    assert ci(tmp_path, {"python3.98": SHIM}, "3.98")[0] == 1


def of_extras(*names: str) -> list[str]:
    """Return what extras need, but for each other."""
    return [line for name in names for line in EXTRAS[name] if not line.startswith("twin-tui[")]


def test_the_lowest_version_of_every_dependency_is_tried() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / ".ci" / "lowest.py"], capture_output=True, text=True, check=True
    )
    tried = {Requirement(line).name: Requirement(line) for line in done.stdout.splitlines()}
    extras = of_extras("s2", "rest", "parquet", "holidays", "docs")
    declared = [Requirement(line) for line in (*PROJECT["dependencies"], *extras)]
    assert tried.keys() == {requirement.name for requirement in declared}
    for requirement in declared:
        (pin,) = tried[requirement.name].specifier
        assert f">={pin.version}" in str(requirement.specifier)


def test_the_pinned_versions_fit_what_the_project_needs_and_name_no_registry() -> None:
    text = (ROOT / ".ci" / "constraints.txt").read_text(encoding="utf-8")
    assert "://" not in text
    pins = [Requirement(line) for line in text.splitlines() if not line.startswith("#")]
    pinned = {pin.name.lower(): pin for pin in pins}
    for needed in map(Requirement, (*PROJECT["dependencies"], *of_extras("s2", "rest", "parquet", "dev"))):
        (pin,) = pinned[needed.name.lower()].specifier
        assert needed.specifier.contains(pin.version), needed
