"""The modules that a headless run loads."""

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys
from twin_tui.cli.main import cli
try:
    cli.main(sys.argv[1:])
finally:
    print(*sys.modules)
"""
SCREEN = ("textual", "rich", "plotext", "pygments", "markdown_it")
OPTIONAL = ("pymodbus", "serial", "websockets", "fastapi", "uvicorn", "httpx")


def test_a_headless_run_loads_neither_the_screen_nor_optional_packages(tmp_path: Path) -> None:
    command = ["run", "demo", "--headless", "--duration", "1s", "--speed", "max"]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *command, "--no-servers"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "twin_tui.twin" in loaded
    assert loaded.isdisjoint((*SCREEN, *OPTIONAL))
