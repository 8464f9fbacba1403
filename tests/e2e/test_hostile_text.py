"""Control, escape and bidirectional characters from outside reach no output of the twin."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.widgets.hand_fed import HandFedSession, frame, snapshot
from tests.widgets.screen import app_of, console, settled
from twin_tui import Mark, Twin
from twin_tui.cli.main import cli
from twin_tui.engine.formats import table_row
from twin_tui.engine.snapshot import LogEntry, LogKind
from twin_tui.run.recording import Difference

EVIL = "a\x1b]0;x\x07b\u202ec\x9bd\ne\x00f\x7fg"
BAD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")


def run(*arguments: str) -> "subprocess.CompletedProcess[bytes]":
    command = [sys.executable, "-m", "twin_tui", *arguments]
    return subprocess.run(command, capture_output=True, check=False, timeout=120)


def bad_in(data: bytes) -> list[str]:
    return BAD.findall(data.decode("utf-8"))


def a_site(**keys: Any) -> dict[str, Any]:
    return {"name": EVIL, "real_time": False, "assets": [{"type": "battery", "name": "bess"}], **keys}


def written(folder: Path, name: str, data: Any) -> str:
    path = folder / name
    path.write_text(json.dumps(data), encoding="utf-8")
    return str(path)


def test_a_headless_run_its_verdicts_and_its_recording(tmp_path: Path) -> None:
    events = [
        {"at": 1, "event": "Mark", "note": EVIL, "origin": EVIL},
        {
            "at": 2,
            "event": "Disturb",
            "disturbance": {"target": "voltage", "magnitude": 0.7, "duration_s": 1, "label": EVIL},
        },
    ]
    site = written(tmp_path, "site.json", a_site(events=events))
    steps = [{"at": 3, "expect": "bess.soc > 2", "note": EVIL}, {"at": 1, "do": f'mark "{EVIL}"'}]
    scenario = written(tmp_path, "scenario.json", {"name": EVIL, "duration": 5, "steps": steps})
    junit, recording = tmp_path / "junit.xml", tmp_path / "run.jsonl"
    done = run(
        *("run", site, "--headless", "--no-servers", "--speed", "max", "--scenario", scenario),
        *("--junit", str(junit), "--record", str(recording)),
    )
    assert done.returncode == 1, done.stderr
    assert bad_in(done.stdout + done.stderr) == []
    assert b"MARK" in done.stderr
    assert bad_in(junit.read_bytes()) == []
    assert bad_in(str(Difference(1.0, EVIL, EVIL, "x")).encode()) == []


@pytest.mark.parametrize(
    "data",
    [
        {**a_site(), EVIL: 1},
        a_site(start=EVIL),
        a_site(assets=[{"type": EVIL}]),
        a_site(assets=[{"type": "battery", "name": EVIL}]),
        a_site(assets=[{"type": "battery", EVIL: 1}]),
        a_site(grid_code=EVIL),
        a_site(weather={"irradiance_series": EVIL}),
        a_site(events=[{"at": 1, "do": EVIL}]),
        a_site(events=[{"at": 1, "event": EVIL}]),
        a_site(events=[{"at": 1, "event": "Fault", "device": EVIL, "fault": EVIL}]),
        a_site(register_map_root=EVIL),
        a_site(assets=[{"type": "battery", "port": 0, "register_map": EVIL}]),
        a_site(links={"s2": {"cem": f"ws://{EVIL}/"}}),
        a_site(links={"rest": {"host": EVIL}}),
        {"registers": [{"name": EVIL}], "device_type": EVIL},
        {"site": "demo", "steps": [{"at": 1, "expect": EVIL}]},
        {"stages": [{"name": EVIL}]},
    ],
    ids=str,
)
def test_what_check_prints(data: Any, tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["check", written(tmp_path, "file.json", data)])
    assert done.exit_code
    assert bad_in(done.stdout_bytes + done.stderr_bytes + str(done.exception).encode()) == []


async def test_the_screen_and_the_export_of_the_log(tmp_path: Path) -> None:
    entries = tuple(
        LogEntry(n, n, float(n), kind, EVIL, EVIL, EVIL) for n, kind in enumerate(LogKind, start=1)
    )
    session = HandFedSession(frame(snapshot=snapshot(log=entries)))
    async with console(session, (160, 48)) as pilot:
        await pilot.press("l")
        await settled(pilot)
        strips = app_of(pilot).screen._compositor.render_strips()
        assert BAD.findall("".join(strip.text for strip in strips)) == []
        file = tmp_path / "log.tsv"
        await app_of(pilot).carry_out(f"export {file}")
        assert bad_in(file.read_bytes()) == []
        assert len(file.read_text(encoding="utf-8").splitlines()) == 1 + len(entries)


def test_what_the_engine_logs_of_events() -> None:
    twin = Twin.from_dict(a_site())
    twin.submit(Mark(EVIL, EVIL))
    (entry,) = twin.snapshot().log
    assert BAD.findall(entry.text + entry.origin) == []


@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3+cmd|' '!A0", "@SUM(1)", "=HYPERLINK(1)"]
)
def test_a_cell_of_an_export_is_no_formula(text: str) -> None:
    assert table_row("a", text, "b").split("\t") == ["a", f"'{text}", "b"]


@pytest.mark.parametrize(
    "text", ["-5.00 kW", "+3", "-1,200", "-0.5 %", "-", "-12.5 °C", "-1e-05", "-2 kvar", "plain"]
)
def test_a_number_of_an_export_stays_a_number(text: str) -> None:
    assert table_row(text) == text
