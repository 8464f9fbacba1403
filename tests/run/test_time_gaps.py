"""A process that was stopped, or a laptop that was shut: the gap is told of, marked, and not caught up."""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from twin_tui import CommandError, Twin
from twin_tui.engine.events import from_dict
from twin_tui.engine.snapshot import LogKind
from twin_tui.run import recording
from twin_tui.run.pacer import Pacer

SITE = {"name": "small", "assets": [{"type": "battery", "name": "bess"}], "real_time": False}


class Machine:
    """A wall clock and a CPU clock that the test turns, and a twin that is paced by them."""

    def __init__(self, speed: float = 1.0) -> None:
        self.now = 1000.0
        self.used = 5.0
        self.twin = Twin.from_dict(SITE)
        self.engine = self.twin.engine
        self.pacer = Pacer(self.engine, speed, lambda: self.now, lambda: self.used)

    async def passes(self, seconds: float, *, busy: bool = False) -> None:
        """Let wall time pass in one go."""
        self.now += seconds
        if busy:
            self.used += seconds
        self.pacer._changed.set()
        for _ in range(20):
            await asyncio.sleep(0)

    @property
    def gaps(self) -> list[tuple[int, str]]:
        """What the log has of gaps."""
        return [(entry.tick, entry.text) for entry in self.engine.log if entry.kind is LogKind.GAP]


@asynccontextmanager
async def running(speed: float = 1.0) -> AsyncIterator[Machine]:
    machine = Machine(speed)
    task = asyncio.create_task(machine.pacer.run())
    await machine.passes(0.0)
    for _ in range(10):
        await machine.passes(0.101 / speed)
    yield machine
    task.cancel()


@pytest.mark.parametrize(("speed", "left_out"), [(1.0, "60.0 s"), (20.0, "1200.0 s")])
async def test_a_stopped_process_goes_on_where_it_stood_and_says_what_is_left_out(
    speed: float, left_out: str
) -> None:
    async with running(speed) as machine:
        assert machine.engine.tick == 10
        await machine.passes(60.0 + 0.0999 / speed)  # as long as it meant to wait, and a minute
        ((tick, text),) = machine.gaps
        assert tick == 11
        assert text.startswith("the process was halted for 60.0 s (stopped, suspended or without CPU): ")
        assert text.endswith(f": {left_out} of simulated time are left out")
        await machine.passes(0.101 / speed)
        await machine.passes(0.101 / speed)
        assert machine.engine.tick in (12, 13)
        assert machine.pacer.overruns == 0
        assert len(machine.gaps) == 1


async def test_a_busy_process_is_too_slow_and_has_no_gap() -> None:
    async with running() as machine:
        await machine.passes(2.0, busy=True)
        assert machine.engine.tick == 30
        assert machine.gaps == []


async def test_a_short_halt_is_caught_up() -> None:
    async with running() as machine:
        await machine.passes(0.95)
        assert machine.engine.tick == 19
        assert machine.gaps == []


@pytest.mark.parametrize(("halt_s", "gaps"), [(0.98, 0), (1.02, 1)])
async def test_a_halt_of_a_second_or_more_is_a_gap(halt_s: float, gaps: int) -> None:
    async with running() as machine:
        await machine.passes(0.0999 + halt_s)
        assert len(machine.gaps) == gaps


@pytest.mark.parametrize(("busy", "gaps"), [(0.4, 1), (0.6, 0)])
async def test_a_halt_in_which_half_the_time_was_spent_working_is_none(busy: float, gaps: int) -> None:
    async with running() as machine:
        for _ in range(3):
            await machine.passes(0.101, busy=True)  # work before the halt does not count
        machine.used += 10.0 * busy
        await machine.passes(10.0)
        assert len(machine.gaps) == gaps


async def test_a_halt_within_a_step_is_a_gap_too() -> None:
    async with running() as machine:

        def halt() -> None:
            machine.engine.unwatch(watcher)
            machine.now += 30.0

        watcher = machine.engine.watch(0.1, halt)
        await machine.passes(0.101)
        assert machine.engine.tick == 11
        assert len(machine.gaps) == 1
        await machine.passes(0.101)
        assert machine.engine.tick == 12
        assert machine.pacer.overruns == 0


async def test_nothing_is_left_out_of_a_pause_or_at_full_speed() -> None:
    async with running() as machine:
        machine.pacer.pause()
        await machine.passes(60.0)
        machine.pacer.resume()
        await machine.passes(0.0)
        assert machine.engine.tick == 10
        machine.engine.watch(1.0, lambda: setattr(machine, "now", machine.now + 5.0))
        machine.pacer.jump(100)
        await machine.passes(60.0)
        assert machine.engine.tick == 100
        assert machine.gaps == []


async def test_a_clock_that_is_set_back_does_not_hold_the_run_up() -> None:
    async with running() as machine:
        await machine.passes(-3600.0)
        await machine.passes(0.101)
        await machine.passes(0.101)
        assert machine.engine.tick in (11, 12)


async def test_a_recording_has_the_gap_and_replays_over_it(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    async with running() as machine:
        machine.twin.record(path)
        await machine.passes(90.0)
        for _ in range(20):
            await machine.passes(0.101)
        machine.twin.stop_recording()
        head, rows = recording.read(path)
        (gap,) = [row for row in rows if row.get("event") == "TimeGap"]
        assert gap["at"] == 11
        assert gap["wall_s"] == pytest.approx(90.0, abs=0.2)
        assert gap["origin"] == "pacer"
        again = recording.fresh_engine(head)
        assert list(recording.replay(again, rows)) == []
        assert again.tick == machine.engine.tick > 25


def test_a_gap_of_no_length_is_refused() -> None:
    twin = Twin.from_dict(SITE)
    with pytest.raises(CommandError, match="finite"):
        twin.submit(from_dict({"event": "TimeGap", "wall_s": math.nan, "simulated_s": 1.0}))
