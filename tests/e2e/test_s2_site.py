"""A site file whose devices dial an energy manager."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from websockets.asyncio.server import ServerConnection, serve

from twin_tui.cli.main import cli
from twin_tui.engine.events import Instruct, SelectControl
from twin_tui.errors import ConfigError
from twin_tui.protocols.s2.connector import S2Wire
from twin_tui.twin import Twin


def a_site(**s2: Any) -> dict[str, Any]:
    return {
        "site_name": "s2-site",
        "step": 0.1,
        "real_time": False,
        "assets": [
            {
                "type": "bess",
                "name": "battery",
                "capacity_kwh": 10,
                "protocols": [{"kind": "s2", **s2}] if s2 else [],
            },
        ],
    }


async def test_a_running_site_dials_its_energy_manager_and_gives_up_cleanly() -> None:
    said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def listen(connection: ServerConnection) -> None:
        async for text in connection:
            said.put_nowait(json.loads(text))

    async with serve(listen, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        twin = Twin.from_dict(a_site(cem=f"ws://127.0.0.1:{port}/", token="secret"))
        assert list(twin.links.lines())[-1] == f"S2 to ws://127.0.0.1:{port}/  battery"
        async with twin:
            (wire,) = twin.links.of(S2Wire)
            assert wire.manager is not None
            first = await asyncio.wait_for(said.get(), 10.0)
            assert wire.manager.status.device == "battery"
        assert wire.manager is None
    assert first["message_type"] == "Handshake"


@pytest.mark.parametrize(
    ("s2", "message"),
    [
        ({"cem": "https://cem.local/pair"}, "S2 Connect pairing over https is not supported"),
        ({"cem": "ws://cem.local/", "tokn": "x"}, "token"),
        (
            {"cem": "wss://cem.local/", "certificate_pin": "ab:cd"},
            "certificate pinning of S2 Connect are not",
        ),
        ({"cem": "ws://cem.local/", "pairing": True}, "pairing and certificate pinning"),
        ({"cem": "ws://cem.local/", "clock": "moon"}, "wall"),
    ],
)
def test_a_site_file_with_a_wrong_s2_link_is_refused(s2: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Twin.from_dict(a_site(**s2))


def test_a_wrong_address_on_the_command_line_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "site.json"
    file.write_text(json.dumps(a_site()), encoding="utf-8")
    result = CliRunner().invoke(cli, ["run", str(file), "--headless", "--s2-cem", "http://cem"])
    assert isinstance(result.exception, ConfigError)
    assert "pairing over http is not supported" in str(result.exception)


def test_a_recording_under_an_energy_manager_replays_without_it(tmp_path: Path) -> None:
    twin = Twin.from_dict(a_site())
    twin.record(tmp_path / "run.jsonl")
    twin.submit(SelectControl("battery", "FRBC", "s2 cem"))
    twin.advance(3)
    twin.submit(Instruct("battery", {"id": "i1", "mode": "charge", "factor": 0.5}, "s2 cem"))
    later = {"id": "i2", "mode": "idle", "execute_unix_s": twin.site.plan.start_unix_s + 8.0}
    twin.submit(Instruct("battery", later, "s2 cem"))
    twin.advance(10)
    twin.submit(SelectControl("battery", "", "s2 cem"))
    twin.device("battery").select_mode("FORCED_DISCHARGE", 0.25)
    twin.advance(3)
    assert twin.device("battery").telemetry.active_power_w > 0.0
    twin.stop_recording()
    result = CliRunner().invoke(cli, ["replay", str(tmp_path / "run.jsonl")])
    assert result.exit_code == 0, result.output
    assert "all samples identical" in result.output
