"""A twin as a fixture: with a loop for each test, and with one loop for all of them."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio

from twin_tui import Twin

PROTOCOL = {"kind": "modbus_tcp", "port": 0, "register_map": "bess_modbus"}
SITE: dict[str, Any] = {"assets": [{"type": "battery", "name": "bess", "protocols": [PROTOCOL]}]}
READ = bytes.fromhex("000100000006010400000001")


async def read(twin: Twin) -> bytes:
    """Return the answer of the battery's first register."""
    reader, writer = await asyncio.open_connection("127.0.0.1", twin.port("bess"))
    writer.write(READ)
    answer = await reader.read(64)
    writer.close()
    await writer.wait_closed()
    return answer


@pytest_asyncio.fixture
async def own() -> AsyncIterator[Twin]:
    async with Twin.from_dict(SITE) as twin:
        yield twin


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared() -> AsyncIterator[Twin]:
    async with Twin.from_dict({**SITE, "real_time": False}) as twin:
        yield twin


@pytest.fixture
def without_loop() -> Iterator[Twin]:
    twin = Twin.from_dict(SITE)
    yield twin
    assert twin.time_s == 5


@pytest.mark.parametrize("seconds", [0, 3])
async def test_a_twin_of_one_test_runs_and_stops_with_it(own: Twin, seconds: int) -> None:
    own.advance(seconds)
    assert own.time_s >= seconds
    assert (await read(own))[:2] == READ[:2]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("number", [1, 2])
async def test_a_twin_of_all_tests_goes_on_from_one_to_the_next(shared: Twin, number: int) -> None:
    await shared.run(2)
    assert shared.time_s == 2 * number
    assert (await read(shared))[:2] == READ[:2]


async def test_a_twin_whose_loop_rests_can_be_stepped_from_another(shared: Twin) -> None:
    before = shared.time_s
    shared.advance(1)
    assert shared.time_s == before + 1


def test_a_twin_needs_no_loop_to_be_stepped(without_loop: Twin) -> None:
    without_loop.advance(5)


@pytest.mark.parametrize("turns", range(6))
async def test_a_stop_at_any_time_after_a_step_ends_the_pacer(turns: int) -> None:
    twin = Twin.from_dict(SITE)
    await twin.start(servers=False)
    for _ in range(3):
        await asyncio.sleep(0)  # the pacer waits for its next tick
    twin.advance(1)
    for _ in range(turns):
        await asyncio.sleep(0)
    async with asyncio.timeout(20):
        await twin.stop()
