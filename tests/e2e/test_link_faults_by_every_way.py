"""A link fault acts the same whoever brings it about, and a run with some replays."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pymodbus.client import AsyncModbusTcpClient

from twin_tui import CommandError, ConfigError, Twin
from twin_tui.engine.events import ClearLinkFault, LinkFault
from twin_tui.protocols.modbus.fault_rules import LinkFaultKind
from twin_tui.run import recording, scenario

STATUS = 10050
BATTERY: dict[str, Any] = {"type": "bess", "name": "bess", "capacity_kwh": 10.0}
SITE: dict[str, Any] = {
    "name": "faulty",
    "seed": 1,
    "real_time": False,
    "assets": [
        {**BATTERY, "protocols": [{"kind": "modbus_tcp", "port": 0}]},
        {"type": "load", "name": "house", "base_kw": 1.0},
    ],
}
LINE = "link bess exception code=6 functions=4 addresses=10050..10060 count=2 for 10s"
RULE = {"kind": "exception", "code": 6, "functions": [4], "addresses": [10050, 10060], "count": 2}


async def connected(twin: Twin) -> AsyncModbusTcpClient:
    port = twin.links.servers[0].port
    client = AsyncModbusTcpClient("127.0.0.1", port=port, retries=0)  # type: ignore[arg-type]
    assert await client.connect()
    return client


async def read(client: AsyncModbusTcpClient, address: int = STATUS) -> int:
    """Return the exception code of a read, 0 for an answer."""
    answer = await client.read_input_registers(address, count=1)
    return answer.exception_code if answer.isError() else 0


def by_python() -> Twin:
    twin = Twin.from_dict(SITE)
    twin.submit(LinkFault("bess", RULE, duration_s=10.0))
    return twin


def by_site_event() -> Twin:
    event = {"at": 0, "event": "LinkFault", "device": "bess", "rule": RULE, "duration_s": 10}
    return Twin.from_dict({**SITE, "events": [event]})


def by_site_command() -> Twin:
    return Twin.from_dict({**SITE, "events": [{"at": 0, "do": LINE}]})


def by_injection() -> Twin:
    twin = Twin.from_dict(SITE)
    twin.inject(f"0s {LINE}")
    return twin


def by_scenario() -> Twin:
    twin = Twin.from_dict(SITE)
    twin.play(scenario.Scenario("faults", (scenario.ScenarioStep(0.0, "do", LINE),), duration_s=20.0))
    return twin


@pytest.mark.parametrize("way", [by_python, by_site_event, by_site_command, by_injection, by_scenario])
async def test_a_fault_acts_the_same_by_every_way(way: Callable[[], Twin]) -> None:
    async with way() as twin:
        twin.step_once()
        client = await connected(twin)
        assert not (await client.read_holding_registers(10126, count=2)).isError()
        assert await read(client, 10245) == 0
        assert [await read(client), await read(client), await read(client)] == [6, 6, 0]
        client.close()


async def test_a_fault_ends_after_its_duration() -> None:
    async with Twin.from_dict(SITE) as twin:
        twin.inject("1s link bess exception for 2s")
        client = await connected(twin)
        seen = []
        for _ in range(4):
            seen.append(await read(client))
            twin.advance(1.1)
        assert seen == [0, 4, 4, 0]
        client.close()


async def test_a_fault_given_before_the_servers_start_acts_and_survives_a_restart() -> None:
    twin = Twin.from_dict(SITE)
    twin.submit(LinkFault("bess", {"kind": "exception"}))
    twin.advance(1)
    for _ in range(2):
        async with twin:
            client = await connected(twin)
            assert await read(client) == 4
            client.close()
    async with twin:
        twin.submit(ClearLinkFault())
        twin.step_once()
        client = await connected(twin)
        assert await read(client) == 0
        client.close()


async def test_a_label_that_is_given_again_replaces_the_fault_and_its_end() -> None:
    async with Twin.from_dict(SITE) as twin:
        twin.submit(LinkFault("bess", {"kind": "exception", "code": 5}, "x", 1.0))
        twin.submit(LinkFault("bess", {"kind": "exception", "code": 6}, "x", 5.0), at_s=0.5)
        client = await connected(twin)
        twin.advance(2.0)
        assert await read(client) == 6
        twin.advance(4.0)
        assert await read(client) == 0
        client.close()


@pytest.mark.parametrize("kind", LinkFaultKind, ids=lambda kind: kind.value)
def test_every_kind_is_a_word_of_the_command_language(kind: LinkFaultKind) -> None:
    both = [{"kind": "modbus_tcp", "port": 0, "framing": framing} for framing in ("mbap", "rtu")]
    twin = Twin.from_dict({**SITE, "assets": [{**BATTERY, "protocols": both}]})
    twin.inject(f"0s link bess {kind.value}")
    twin.step_once()
    [(fault, _)] = twin.engine.link_faults.values()
    assert fault.rule["kind"] == kind.value


def test_a_device_without_a_modbus_link_has_none_to_disturb() -> None:
    with pytest.raises(CommandError, match="house has no Modbus link; devices with one: bess"):
        Twin.from_dict(SITE).inject("0s link house silence")
    with pytest.raises(ConfigError, match=r"events\[0\]: .*house has no Modbus link"):
        Twin.from_dict({**SITE, "events": [{"at": 0, "do": "link house silence"}]})


async def test_a_recording_with_link_faults_replays(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    async with Twin.from_dict(SITE) as twin:
        twin.record(path)
        client = await connected(twin)
        twin.advance(1.0)
        twin.submit(LinkFault("bess", {"kind": "exception", "probability": 0.5}, duration_s=2.0))
        await client.write_register(10055, 1)
        twin.advance(5.0)
        twin.submit(LinkFault("bess", {"kind": "silence", "count": 1}, "gone"))
        twin.advance(1.0)
        twin.submit(ClearLinkFault("gone"))
        twin.advance(1.0)
        client.close()
    head, rows = recording.read(path)
    again = recording.fresh_engine(head)
    assert list(recording.replay(again, rows)) == []
    assert not again.link_faults
    told = [(entry.kind, entry.text) for entry in again.log]
    assert told == [(entry.kind, entry.text) for entry in twin.snapshot().log]
