"""Following an EOS server, played by the test."""

import asyncio
import contextlib
import json
from base64 import b64encode
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from test_eos_plan import BUNDLE, instruction

from twin_tui import Twin
from twin_tui.errors import ConfigError
from twin_tui.protocols.eos import live
from twin_tui.protocols.eos.bundle import site_of_bundle
from twin_tui.protocols.eos.connector import check_url
from twin_tui.protocols.eos.live import EosFollower


class Server:
    """A few paths of EOS, over plain HTTP/1.1."""

    def __init__(self, plan: Any = None, status: int = 200) -> None:
        self.plan = plan
        self.status = status
        self.put: list[tuple[str, dict[str, str], Any]] = []
        self.logins: set[str] = set()

    async def __aenter__(self) -> "Server":
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            lines = head.decode().splitlines()
            method, target, _ = lines[0].split()
            self.logins |= {line for line in lines if line.lower().startswith("authorization")}
            lengths = [line.split(":")[1] for line in lines if line.lower().startswith("content-length")]
            body = await reader.readexactly(int(lengths[0]) if lengths else 0)
            parts = urlsplit(target)
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            if method == "PUT":
                self.put.append((parts.path, query, json.loads(body) if body else None))
                self._answer(writer, 200, {})
            elif self.plan is None:
                self._answer(writer, 404, {"detail": "Can not get the optimization plan."})
            else:
                self._answer(writer, self.status, self.plan)

    def _answer(self, writer: asyncio.StreamWriter, status: int, content: Any) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)


async def turns(follower: EosFollower, number: int) -> None:
    turned = asyncio.Event()
    follower.turned = turned.set
    async with asyncio.timeout(10.0):
        while follower.turns < number:
            await turned.wait()
            turned.clear()


PLAN = {
    "id": "plan-1",
    "instructions": [
        instruction("battery1", 8, "IDLE"),
        instruction("battery1", 9, "FORCED_DISCHARGE", 0.5),
        instruction("ev1", 8, "IDLE"),
    ],
}


async def test_a_site_reports_itself_and_carries_out_the_plan() -> None:
    twin = Twin.from_dict(site_of_bundle(BUNDLE))
    async with Server(PLAN) as server:
        follower = EosFollower(twin.engine, server.url, 1800.0, wall_clock=False)
        await follower.start()
        await turns(follower, 1)
        assert follower.status.state == "following"
        assert follower.status.plan == "plan-1"
        twin.advance(1799.0)
        assert twin.snapshot().device("battery1").mode == "IDLE"
        assert twin.snapshot().device("ev1").mode == "IDLE"
        twin.advance(1.0)
        await turns(follower, 2)
        twin.advance(1800.0)
        await turns(follower, 3)
        twin.advance(5.0)
        assert twin.device("battery1").telemetry.active_power_w == pytest.approx(1_000.0)
        await follower.stop()
    reports = [(query, body) for path, query, body in server.put if path == "/v1/resource/status"]
    modes = [body for query, body in reports if body["type"] == "FRBCActuatorStatus"]
    assert modes[0]["active_operation_mode_id"] == "IDLE"
    assert {query["resource_id"] for query, _ in reports} == {"battery1", "ev1", "dishwasher"}
    levels = [query for path, query, _ in server.put if path == "/v1/measurement/value"]
    assert levels[0] == {
        "datetime": "2025-06-01T08:00:00+00:00",
        "key": "battery1-soc-factor",
        "value": "0.5",
    }
    assert {query["key"] for query in levels} == {"battery1-soc-factor", "ev1-soc-factor"}


async def test_a_time_of_the_plan_without_an_offset_is_the_sites_own() -> None:
    site = {**site_of_bundle(BUNDLE), "timezone": "Asia/Tokyo", "start": "2025-06-01T08:00:00"}
    twin = Twin.from_dict(site)
    plan = [
        instruction("battery1", 8, "IDLE", execution_time="2025-06-01 08:00:00"),
        instruction("battery1", 9, "NON_EXPORT", execution_time="2025-06-01 09:00:00"),
    ]
    async with Server({"id": "plan", "instructions": plan}) as server:
        follower = EosFollower(twin.engine, server.url, 7200.0, wall_clock=False)
        await follower.start()
        await turns(follower, 1)
        assert twin.snapshot().device("battery1").mode == "IDLE"
        twin.advance(3601.0)
        assert twin.snapshot().device("battery1").mode == "NON_EXPORT"
        await follower.stop()


async def test_a_new_plan_replaces_the_one_before() -> None:
    twin = Twin.from_dict(site_of_bundle(BUNDLE))
    async with Server(PLAN) as server:
        follower = EosFollower(twin.engine, server.url, 600.0, wall_clock=False)
        await follower.start()
        await turns(follower, 1)
        server.plan = {"id": "plan-2", "instructions": [instruction("battery1", 8, "NON_EXPORT")]}
        twin.advance(600.0)
        await turns(follower, 2)
        twin.advance(3600.0)
        assert twin.snapshot().device("battery1").mode == "NON_EXPORT"
        await follower.stop()


@pytest.mark.parametrize(
    ("plan", "status", "state", "detail"),
    [
        (None, 404, "waiting", "HTTP 404 for the plan: .*Can not get the optimization plan"),
        (b"<html>", 200, "failing", "the plan is not valid JSON"),
        (b"[" * 100_000, 200, "failing", "the plan is not valid JSON"),
        (b"null", 200, "failing", "not an EOS plan"),
        ({"x": 1}, 200, "failing", "not an EOS plan"),
        ({"instructions": []}, 500, "failing", "HTTP 500 for the plan"),
    ],
)
async def test_a_server_without_a_plan_is_reported_and_queried_again(
    plan: Any, status: int, state: str, detail: str
) -> None:
    twin = Twin.from_dict(site_of_bundle(BUNDLE))
    async with Server(plan, status) as server:
        follower = EosFollower(twin.engine, server.url, 600.0, wall_clock=False)
        await follower.start()
        await turns(follower, 1)
        assert follower.status.state == state
        with pytest.raises(AssertionError, match=detail):
            raise AssertionError(follower.status.detail)
        server.plan, server.status = PLAN, 200
        twin.advance(600.0)
        await turns(follower, 2)
        assert follower.status.state == "following"
        await follower.stop()


async def test_an_absent_server_is_reported_as_failing() -> None:
    twin = Twin.from_dict(site_of_bundle(BUNDLE))
    async with Server() as server:
        url = server.url
    follower = EosFollower(twin.engine, url, 600.0)
    await follower.start()
    await turns(follower, 1)
    assert follower.status.state == "failing"
    assert "could not connect" in follower.status.detail
    await follower.stop()


async def test_the_login_in_an_address_is_used_and_not_displayed() -> None:
    twin = Twin.from_dict(site_of_bundle(BUNDLE))
    async with Server(PLAN) as server:
        url = check_url(server.url.replace("//", "//user:pw@"))
        follower = EosFollower(twin.engine, url, 600.0, wall_clock=False)
        await follower.start()
        await turns(follower, 1)
        await follower.stop()
        assert follower.status.url == server.url
    assert server.logins == {f"Authorization: Basic {b64encode(b'user:pw').decode()}"}
    assert not any("pw" in entry.text + entry.origin for entry in twin.snapshot().log)


def test_addresses_are_checked_and_get_their_port() -> None:
    assert check_url("http://user:pw@[::1]/v1") == "http://user:pw@[::1]:8503"
    assert check_url("http://eos.local") == "http://eos.local:8503"
    assert check_url("http://127.0.0.1:9000/v1") == "http://127.0.0.1:9000"
    for wrong in ("eos.local", "ftp://eos", "http://eos:port"):
        with pytest.raises(ConfigError, match="is not an http:// address"):
            check_url(wrong)


async def test_a_refusal_in_other_words_each_time_is_one_log_entry_without_control_characters() -> None:
    twin = Twin.from_dict(site_of_bundle(BUNDLE))
    async with Server(b"\x1b[31mtry 1", status=503) as server:
        follower = EosFollower(twin.engine, server.url, 60.0)
        await follower.start()
        await turns(follower, 1)
        server.plan = b"\x1b[31mtry 2"
        twin.advance(60.0)
        await turns(follower, 2)
        assert follower.status.detail == "HTTP 503 for the plan:  [31mtry 2"
        server.status = 500
        twin.advance(60.0)
        await turns(follower, 3)
        await follower.stop()
    logged = [entry.text for entry in twin.engine.log if entry.text.startswith("EOS")]
    assert logged == ["EOS: HTTP 503 for the plan:  [31mtry 1", "EOS: HTTP 500 for the plan:  [31mtry 2"]


@pytest.mark.parametrize(
    ("head", "repeated", "detail"),
    [
        (b"", b"", "ReadTimeout"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n[", b" ", "no complete answer within 0.9 s"),
        (b"HTTP/1.1 200 OK\r\n\r\n[", b"1," * 5_000, "the answer has more than 20,000 bytes"),
    ],
)
async def test_an_answer_that_never_comes_or_never_ends_is_reported_as_failing(
    head: bytes, repeated: bytes, detail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "TIMEOUT_S", 0.3)  # long enough to connect on a busy machine
    monkeypatch.setattr(live, "LARGEST_ANSWER", 20_000)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            writer.write(head)
            while not writer.is_closing() and repeated:
                writer.write(repeated)
                await writer.drain()
                await asyncio.sleep(0.01)
            await reader.read()
        writer.close()

    twin = Twin.from_dict({"assets": [{"type": "load", "name": "house"}]})
    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        follower = EosFollower(twin.engine, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        await follower.start()
        await turns(follower, 1)
        assert follower.status.state == "failing"
        assert detail in follower.status.detail
        await follower.stop()
