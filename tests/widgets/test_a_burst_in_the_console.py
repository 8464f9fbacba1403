"""25,000 writes in a second: the console counts them, and shows all else that happens among them."""

import re
from pathlib import Path

from tests.widgets.screen import app_of, settled
from twin_tui import Mark, Twin
from twin_tui.console.app import ConsoleApp
from twin_tui.console.settings import Settings
from twin_tui.engine.snapshot import LogKind
from twin_tui.session.local import LocalSession

SITE = {"name": "x", "real_time": False, "assets": [{"type": "battery", "name": "bess"}]}
WRITES, CLIENTS = 25_000, 4
COUNTED = re.compile(r"([\d,]+) more writes to (\d+)")


def a_second_of_writes(twin: Twin) -> None:
    ticks = round(1 / twin.dt_s)
    for number in range(WRITES):
        if number % (WRITES // ticks) == 0:
            twin.step_once()
        if number in (7_000, 18_000):
            twin.engine.note(LogKind.ALARM, "bess", f"alarm at {number}")
            twin.submit(Mark(f"mark at {number}"))
            twin.inject(f"now sag 0.{number // 1000:02d} 100ms")
        text = f"active_power_setpoint_w {number} → {number + 1} W  fc16 10126"
        twin.engine.note(LogKind.WRITE, "bess", text, f"10.0.0.{number % CLIENTS}:5000")
    twin.advance(2)


async def test_a_burst_hides_neither_alarms_nor_marks_and_its_writes_add_up(tmp_path: Path) -> None:
    twin = Twin.from_dict(SITE)
    app = ConsoleApp(LocalSession(twin), Settings(hz=0.1))
    async with app.run_test(size=(100, 30)) as pilot:
        await settled(pilot)
        a_second_of_writes(twin)
        await pilot.press("l")
        await settled(pilot)
        await app_of(pilot).carry_out(f"export {tmp_path / 'log.tsv'}")
        await settled(pilot)
    rows = (tmp_path / "log.tsv").read_text(encoding="utf-8").splitlines()
    for number in (7_000, 18_000):
        assert len([row for row in rows if f"alarm at {number}" in row]) == 1
        assert len([row for row in rows if f"mark at {number}" in row]) == 1
    assert len([row for row in rows if "sag to" in row and "ended" not in row]) == 2
    counted = sum(int(found[1].replace(",", "")) for row in rows if (found := COUNTED.search(row)))
    listed = len([row for row in rows if "setpoint_w" in row and "more writes" not in row])
    assert counted + listed == WRITES
    assert len(rows) < 1_000
