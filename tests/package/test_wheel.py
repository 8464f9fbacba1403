"""What is built from the project: the wheel, and the page of a package index."""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from docs.package_page import page
from twin_tui import __version__

ROOT = Path(__file__).parents[2]
ADDRESS = "https://forge.example/makers/twin-tui"
RELATIVE = re.compile(r"\]\((?!https://)[^)]+\)")


def built(folder: Path, repository: str = "") -> Path:
    """Build the wheel from a copy of what belongs into it; return where it was unpacked."""
    source = folder / "source"
    for name in ("twin_tui", "sites", "register_maps", "scenarios"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    (source / "docs").mkdir()
    for name in ("README.md", "LICENSE", "docs/package_page.py"):
        shutil.copy(ROOT / name, source / name)
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert project.count('repository = ""') == 1
    (source / "pyproject.toml").write_text(
        project.replace('repository = ""', f'repository = "{repository}"'), encoding="utf-8"
    )
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "unpacked")
    return folder / "unpacked"


def metadata(unpacked: Path) -> str:
    return (unpacked / f"twin_tui-{__version__}.dist-info" / "METADATA").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("wheel"))


def test_the_wheel_runs_its_sites_where_there_are_no_sources(unpacked: Path, tmp_path: Path) -> None:
    program = (
        f"import sys; sys.path.insert(0, {str(unpacked)!r}); import twin_tui; "
        f"assert twin_tui.__file__.startswith({str(unpacked)!r}); from twin_tui.cli.main import main; main()"
    )

    def twin_tui(*words: str) -> str:
        command = [sys.executable, "-I", "-c", program, *words]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    assert __version__ in twin_tui("--version")
    assert "system_soc" in twin_tui("registers", "demo")
    assert "passed" in twin_tui(
        "run", "--scenario", "ride_through", "--headless", "--speed", "max", "--no-servers"
    )
    assert list(tmp_path.iterdir()) == []


def test_the_page_of_a_package_index_is_the_readme_while_there_is_no_address(unpacked: Path) -> None:
    assert (ROOT / "README.md").read_text(encoding="utf-8") in metadata(unpacked)
    assert "\nProject-URL:" not in metadata(unpacked)


def test_one_address_makes_every_link_and_picture_of_that_page_lead_to_the_repository(tmp_path: Path) -> None:
    text = metadata(built(tmp_path, ADDRESS))
    assert f"Project-URL: Source, {ADDRESS}\n" in text
    assert f"]({ADDRESS}/blob/v{__version__}/docs/site-files.md)" in text
    assert f"]({ADDRESS}/raw/v{__version__}/docs/screenshots/overview-160x48.svg)" in text
    assert not RELATIVE.search(text)


def test_links_that_lead_elsewhere_stay_as_they_are() -> None:
    text = "[a](https://a.example/b) [b](#licence) [c](mailto:c@example.org) `[d](e)` ![f](g.svg)"
    assert page(text, "", "1") == text
    assert (
        page("[a](https://a.example/b) [b](#licence)", ADDRESS, "1")
        == "[a](https://a.example/b) [b](#licence)"
    )
