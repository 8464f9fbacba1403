"""A site's servers: TCP and serial lines at once, link faults as events, nothing half-started."""

from pathlib import Path
from typing import Any

import pytest
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient

from twin_tui import CommandError, LinkError, Twin
from twin_tui.engine.events import ClearEverything, ClearLinkFault, Event, LinkFault
from twin_tui.engine.snapshot import LogKind


def a_site(*protocols: dict[str, Any]) -> dict[str, Any]:
    bess = {"type": "bess", "asset_id": "bess", "capacity_kwh": 10.0, "protocols": list(protocols)}
    return {"name": "links", "real_time": False, "assets": [bess]}


TCP: dict[str, Any] = {"kind": "modbus_tcp", "port": 0}
STATUS, SETPOINT = 10050, 10126


async def test_one_device_on_tcp_and_on_a_serial_line_is_stepped_once(tmp_path: Path) -> None:
    line = tmp_path / "bess"
    rtu = {"kind": "modbus_rtu", "port": f"pty:{line}", "baudrate": 115200, "unit_id": 7}
    async with Twin.from_dict(a_site(TCP, rtu)) as twin:
        tcp_client = AsyncModbusTcpClient("127.0.0.1", port=twin.links.servers[0].port)  # type: ignore[arg-type]
        line_client = AsyncModbusSerialClient(str(line), baudrate=115200)
        assert await tcp_client.connect()
        assert await line_client.connect()
        await tcp_client.write_register(10055, 1)
        await line_client.write_registers(SETPOINT, [0, 50], device_id=7)
        twin.advance(3600)
        seen = []
        for client, unit in ((tcp_client, 1), (line_client, 7)):
            answer = await client.read_input_registers(32002, count=1, device_id=unit)
            seen.append(answer.registers[0])
        assert seen[0] == seen[1]
        assert twin.engine.tick == 36_000
        discharged = twin.device("bess").telemetry.discharged_energy_wh
        assert discharged == pytest.approx(min(5_000.0, discharged), abs=1.0)
        tcp_client.close()
        line_client.close()
    assert not line.exists()


async def test_a_link_fault_is_an_event_that_ends_by_itself() -> None:
    async with Twin.from_dict(a_site(TCP)) as twin:
        client = AsyncModbusTcpClient("127.0.0.1", port=twin.links.servers[0].port)  # type: ignore[arg-type]
        await client.connect()
        twin.submit(LinkFault("bess", {"kind": "exception", "code": 6}, duration_s=1.0))
        answer = await client.read_input_registers(STATUS, count=1)
        assert answer.isError()
        assert answer.exception_code == 6
        twin.advance(1.1)
        answer = await client.read_input_registers(STATUS, count=1)
        assert not answer.isError()
        kinds = [entry.kind for entry in twin.snapshot().log]
        assert kinds == [LogKind.LINK, LogKind.CLEAR]
        client.close()


@pytest.mark.parametrize("clear", [ClearLinkFault("delay"), ClearLinkFault(), ClearEverything()])
def test_a_link_fault_cleared_before_its_time_ends_without_an_alarm(clear: Event) -> None:
    twin = Twin.from_dict(a_site(TCP))
    twin.submit(LinkFault("bess", {"kind": "delay", "delay_s": 1}, label="delay", duration_s=2.0))
    twin.submit(clear, at_s=1.0)
    twin.advance(5)
    assert [entry.kind for entry in twin.snapshot().log] == [LogKind.LINK, LogKind.CLEAR]


async def test_a_link_fault_that_makes_no_sense_changes_nothing() -> None:
    twin = Twin.from_dict(a_site(TCP))
    with pytest.raises(CommandError, match="did you mean silence"):
        twin.submit(LinkFault("bess", {"kind": "silense"}))
    with pytest.raises(CommandError, match="no link fault 'x'"):
        twin.submit(ClearLinkFault("x"))
    with pytest.raises(CommandError, match="not above 0"):
        twin.submit(LinkFault("bess", {"kind": "silence"}, duration_s=-1.0))
    assert not twin.engine.link_faults


async def test_a_serial_line_that_is_not_there_is_one_clear_message(tmp_path: Path) -> None:
    twin = Twin.from_dict(a_site(TCP, {"kind": "modbus_rtu", "port": str(tmp_path / "ttyUSB9")}))
    with pytest.raises(LinkError, match="ttyUSB9"):
        await twin.start()
    assert not twin.links.servers


async def test_a_recording_of_a_run_with_clients_replays_to_the_same_samples(tmp_path: Path) -> None:
    from twin_tui.run import recording  # noqa: PLC0415

    path = tmp_path / "run.jsonl"
    async with Twin.from_dict(a_site(TCP), seed=3) as twin:
        twin.record(path)
        client = AsyncModbusTcpClient("127.0.0.1", port=twin.links.servers[0].port)  # type: ignore[arg-type]
        await client.connect()
        twin.advance(1.5)
        await client.write_register(10055, 1)
        await client.write_registers(SETPOINT, [0xFFFF, 0xFF38])
        twin.advance(30.0)
        client.close()
    head, rows = recording.read(path)
    again = recording.fresh_engine(head)
    assert list(recording.replay(again, rows)) == []
    assert again.tick == 315
    assert again.telemetry("bess").active_power_w < 0
