"""What all tests share."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# no deadline: nothing in a test depends on how fast the machine is; in CI the same examples every time
settings.register_profile("twin", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("twin")


def pytest_xdist_auto_num_workers() -> int:
    """Two workers a processor: half of what many tests do is wait for processes of their own."""
    return 2 * (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


@pytest.fixture(scope="session", autouse=True)
def no_console_of_a_test_is_the_first_one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the tour of a first run away, and the user's state folder as it is."""
    folder = tmp_path_factory.mktemp("state")
    (folder / "twin-tui").mkdir()
    (folder / "twin-tui" / "tour-shown").touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(folder))
        yield


@pytest.fixture(scope="session", autouse=True)
def nothing_is_left_in_the_working_folder() -> Iterator[None]:
    folder = Path.cwd()
    before = _files(folder)
    yield
    left = sorted(_files(folder) - before)
    assert not left, f"the tests left {', '.join(left)} in {folder}: write to tmp_path"


def _files(folder: Path) -> set[str]:
    """Return what is in a folder, caches and hidden files apart."""
    return {file.name for file in folder.iterdir() if not file.name.startswith((".", "__pycache__"))}


@pytest.fixture
def certified(tmp_path: Path) -> Path:
    """Return a folder with a certificate c, signed by nobody, and its key k."""
    new = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost"
    try:
        subprocess.run(
            [*new.split(), "-keyout", "k", "-out", "c"], cwd=tmp_path, check=True, capture_output=True
        )
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    return tmp_path
