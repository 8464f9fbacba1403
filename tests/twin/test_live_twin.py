"""A twin that runs by itself: waiting for simulated time, and hearing of an engine that failed."""

import asyncio
import contextlib
import doctest
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import twin_tui.twin
from twin_tui import CommandError, LinkError, Twin, TwinError, load_site

SITE: dict[str, Any] = {
    "name": "live",
    "assets": [{"type": "battery", "name": "bess", "capacity_kwh": 10, "max_charge_kw": 5, "port": 0}],
}
UNPACED = {**SITE, "real_time": False}


def failing(after_s: float) -> Twin:
    """Return a fast twin whose engine raises ZeroDivisionError."""
    twin = Twin.from_dict(SITE, speed=1000)
    twin.engine.watch(after_s, lambda: 1 / 0)
    return twin


def test_the_examples_in_the_help_are_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "site.yaml").write_text(json.dumps(SITE), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    result = doctest.testmod(twin_tui.twin, extraglobs={"asyncio": asyncio})
    assert result.attempted >= 6
    assert result.failed == 0


@pytest.mark.parametrize("wrong", ["site.yaml", {"assets": []}, None])
def test_a_twin_of_something_that_is_no_site_names_the_way(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"use Twin\.from_file") as caught:
        Twin(wrong)
    assert isinstance(caught.value, TwinError)
    assert Twin(load_site(SITE)).site.plan.name == "live"


async def test_run_waits_until_so_much_more_time_has_passed_where_the_site_is_paced() -> None:
    async with Twin.from_dict(SITE, speed=1000) as twin:
        await twin.run(60)
        first = twin.time_s
        await twin.run(30)
        assert first >= 60
        assert twin.time_s >= first + 30


async def test_run_ends_exactly_there_at_full_speed() -> None:
    async with Twin.from_dict(SITE, speed=float("inf")) as twin:
        await twin.run(60)
        assert twin.time_s == 60
        await twin.run(0.3)
        assert twin.tick == 603


async def test_run_makes_up_for_what_it_rounds() -> None:
    twin = Twin.from_dict(UNPACED, speed=float("inf"))
    for _ in range(100):
        await twin.run(0.05)
    assert twin.time_s == 5
    with pytest.raises(CommandError, match="cannot advance by -1 s"):
        await twin.run(-1)


async def test_run_steps_a_site_that_is_not_paced() -> None:
    async with Twin.from_dict(UNPACED, speed=1000) as twin:
        assert not twin.pacer.running
        await twin.run(60)
        assert twin.time_s == 60


async def test_several_may_wait_for_their_own_times() -> None:
    async with Twin.from_dict(SITE, speed=float("inf")) as twin:
        seen = await asyncio.gather(*(ticks(twin, seconds) for seconds in (30, 10, 20)))
    assert seen == [300, 100, 200]


async def ticks(twin: Twin, seconds: float) -> int:
    before = twin.tick
    await twin.run(seconds)
    return twin.tick - before


async def test_two_cannot_step_one_twin() -> None:
    async with Twin.from_dict(UNPACED) as twin:
        running = asyncio.create_task(twin.run())
        await asyncio.sleep(0)
        with pytest.raises(CommandError, match="running already"):
            await twin.run(1)
        running.cancel()


async def test_who_waits_when_the_twin_is_stopped_is_told() -> None:
    twin = Twin.from_dict(SITE)
    await twin.start()
    waiting = asyncio.create_task(twin.run(1e6))
    await asyncio.sleep(0)
    await twin.stop()
    with pytest.raises(CommandError, match="stopped"):
        await waiting


async def test_time_that_the_caller_takes_is_not_waited_for_afterwards() -> None:
    twin = Twin.from_dict(SITE)
    now = 0.0
    twin.pacer._clock = lambda: now
    await twin.start(servers=False)
    await asyncio.sleep(0)
    for jump in (lambda: twin.advance(60), twin.step_once):
        jump()
        before = twin.tick
        now += 0.25
        twin.pacer._changed.set()
        for _ in range(10):
            await asyncio.sleep(0)
        assert twin.tick == before + 2
    await twin.stop()


async def test_a_failure_of_the_engine_reaches_who_waits_in_run() -> None:
    with pytest.raises(AssertionError, match="caught it"):  # noqa: PT012
        async with failing(5) as twin:
            with pytest.raises(ZeroDivisionError):
                await twin.run(60)
            with pytest.raises(ZeroDivisionError):
                await twin.run(1)
            raise AssertionError("caught it")
    async with failing(5) as twin:
        with pytest.raises(ZeroDivisionError):
            await twin.run(60)
    assert twin.links.servers == []


async def test_a_failure_of_the_engine_interrupts_a_body_that_waits_for_something_else() -> None:
    with pytest.raises(ZeroDivisionError):
        async with failing(5) as twin:
            await asyncio.Event().wait()
    assert twin.links.servers == []
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_a_failure_of_the_engine_is_raised_by_stop() -> None:
    twin = failing(5)
    await twin.start()
    assert twin._pacing is not None
    await asyncio.wait([twin._pacing])
    with pytest.raises(ZeroDivisionError):
        await twin.stop()
    assert twin.links.servers == []
    await twin.stop()


async def test_a_failure_at_the_end_of_a_body_is_raised_and_leaves_no_cancellation() -> None:
    async def body() -> None:
        async with failing(5) as twin:
            assert twin._pacing is not None
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([twin._pacing])

    with pytest.raises(ZeroDivisionError):
        await asyncio.create_task(body())


async def test_a_cancelled_body_stays_cancelled() -> None:
    async def body() -> None:
        async with Twin.from_dict(SITE) as twin:
            started.set_result(twin)
            await twin.run()

    started: asyncio.Future[Twin] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(body())
    twin = await started
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert twin.links.servers == []


@pytest.mark.parametrize("make", [lambda: Twin.from_dict(SITE), lambda: Twin.from_file("demo")])
def test_time_and_tick_are_the_engines(make: Callable[[], Twin]) -> None:
    twin = make()
    twin.advance(60)
    assert twin.time_s == twin.engine.time_s == 60
    assert twin.tick * twin.dt_s == 60


async def test_a_second_start_is_refused_and_the_first_one_goes_on() -> None:
    async with Twin.from_dict(SITE, speed=1000) as twin:
        port = twin.port("bess")
        with pytest.raises(CommandError, match="this twin is started already"):
            await twin.start()
        with pytest.raises(CommandError, match="this twin is started already"):
            async with twin:
                pass
        assert twin.port("bess") == port
        await twin.run(1)
    assert not twin.links.servers
    await twin.start()
    await twin.stop()


async def test_a_start_that_failed_can_be_repeated() -> None:
    async with Twin.from_dict(SITE) as first:
        asset = {**SITE["assets"][0], "port": first.port("bess")}
        twin = Twin.from_dict({**SITE, "assets": [asset]})
        with pytest.raises(LinkError, match="in use"):
            await twin.start()
    await twin.start()
    await twin.stop()


def test_a_twin_runs_in_one_event_loop_after_another() -> None:
    twin = Twin.from_dict(SITE, speed=1000)

    async def once() -> None:
        async with twin:
            await twin.run(1)

    asyncio.run(once())
    asyncio.run(once())
    assert twin.time_s >= 2


def test_a_twin_whose_event_loop_ended_without_a_stop_is_stopped_in_another() -> None:
    twin = Twin.from_dict(SITE, speed=1000)
    asyncio.run(twin.start())
    asyncio.run(twin.stop())
    asyncio.run(twin.start())
    assert twin.port("bess") > 0
    asyncio.run(twin.stop())


@pytest.mark.parametrize("step", [Twin.step_once, lambda twin: twin.advance(1)])
async def test_another_thread_cannot_step_a_twin_that_is_paced(step: Callable[[Twin], None]) -> None:
    async with Twin.from_dict(SITE) as twin:
        with pytest.raises(CommandError, match="running in another thread"):
            await asyncio.to_thread(step, twin)
        step(twin)
        await twin.run(0.1)


async def test_another_thread_steps_a_twin_that_nothing_paces() -> None:
    twin = Twin.from_dict(UNPACED)
    async with twin:
        await asyncio.to_thread(twin.advance, 1)
    await asyncio.to_thread(twin.advance, 1)
    assert twin.time_s == 2
