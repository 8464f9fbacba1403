"""Real processes of ``twin-tui``, as a shell or a pipeline starts them."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PROGRAM = [sys.executable, "-m", "twin_tui"]
SITE = """\
name: bench
assets:
  - type: battery
    name: bess
    protocols: [{kind: modbus_tcp, port: 0, register_map: bess_modbus.yaml}]
"""
SCENARIO = """\
name: bench
site: site.yaml
duration: 1h
steps:
  - {at: 0.1s, expect: bess.soc >= 0%, note: soon}
  - {at: 30m, expect: bess.soc >= 0%, note: late}
  - {at: 1s, for: 30m, always: bess.soc >= 0%, note: all the while}
  - {at: 1s, within: 30m, expect: bess.soc > 99.9%, note: within}
"""


def _heed_sighup() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def environment(**more: str) -> Mapping[str, str]:
    """Return the environment of a process that imports this working tree."""
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


def files(folder: Path) -> Path:
    """Write the site and the scenario; return their folder."""
    (folder / "site.yaml").write_text(SITE)
    (folder / "scenario.yaml").write_text(SCENARIO)
    return folder


def twin_tui(folder: Path, *words: str, **options: Any) -> "subprocess.CompletedProcess[str]":
    """Run a command line to its end."""
    settings = {"args": [*PROGRAM, *words], "capture_output": True, "text": True, "timeout": 60, **options}
    return subprocess.run(cwd=folder, env=environment(), check=False, **settings)


class Started:
    """A run whose servers are open."""

    def __init__(self, folder: Path, *words: str, program: tuple[str, ...] = tuple(PROGRAM)) -> None:
        self.process = subprocess.Popen(
            [*program, *words],
            cwd=folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=_heed_sighup,  # noqa: PLW1509 - the tests may run under nohup
        )
        assert self.process.stderr is not None
        self.errors = self.process.stderr
        line = self.errors.readline()
        address = re.match(r"Modbus TCP on 127\.0\.0\.1:(\d+) ", line)
        assert address is not None, line + self.errors.read()
        self.port = int(address[1])

    def end(self, *signals: signal.Signals) -> tuple[int, str, str]:
        """Send signals; return the exit code and what was printed."""
        for number in signals:
            self.process.send_signal(number)
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err
