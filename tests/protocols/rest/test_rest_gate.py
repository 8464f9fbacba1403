"""What a stranger on the REST port can do: nothing that fills memory, holds a connection or forges a name."""

import asyncio
import base64
import re
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from twin_tui import Twin
from twin_tui.engine.agenda import Watcher
from twin_tui.errors import ConfigError, LinkError
from twin_tui.protocols.rest import gate, guarded
from twin_tui.protocols.rest.options import RestOptions
from twin_tui.protocols.rest.server import RestServer

SITE: dict[str, Any] = {
    "name": "house",
    "step": 1,
    "real_time": False,
    "assets": [{"name": f"load-{n}", "type": "load", "base_kw": 1} for n in range(40)],
}
WAIT_S = 20.0
MARK = '{"event": "Mark", "note": "hello"}'


class Served:
    """A server that is open, and what it has logged."""

    def __init__(self, twin: Twin, server: RestServer, log: list[str]) -> None:
        self.twin, self.server, self.log = twin, server, log

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.server.port)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server.port}"


@asynccontextmanager
async def serving(**options: Any) -> AsyncIterator[Served]:
    twin, log = Twin.from_dict(SITE), list[str]()
    server = RestServer(twin.engine, RestOptions(port=0, **options), log.append)
    await server.start()
    try:
        yield Served(twin, server, log)
    finally:
        await server.stop()


async def answer_to_an_endless_body(served: Served, *lines: str, chunked: bool = False) -> tuple[str, int]:
    """Send headers, then a body without end until the server hangs up; return its answer and what it took."""
    reader, writer = await served.connect()
    head = ["POST /v1/events HTTP/1.1", f"Host: {served.host}", "Content-Type: application/json", *lines]
    writer.write(("\r\n".join(head) + "\r\n\r\n").encode())
    block = b"1000\r\n" + b" " * 4096 + b"\r\n" if chunked else b" " * 4096
    sent = 0

    async def feed() -> None:
        nonlocal sent
        while True:
            writer.write(block)
            await writer.drain()
            sent += len(block)

    feeding = asyncio.ensure_future(feed())
    got = b""
    try:
        async with asyncio.timeout(WAIT_S):
            while part := await reader.read(4096):
                got += part
    except ConnectionResetError:
        pass  # there were unread bytes when the server closed
    feeding.cancel()
    await asyncio.gather(feeding, return_exceptions=True)
    writer.transport.abort()
    return got.decode(), sent


async def hung_up(reader: asyncio.StreamReader) -> bool:
    """Return whether a connection ends without another byte."""
    try:
        return await reader.read() == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_without_the_token_is_never_read(chunked: bool) -> None:
    length = "Transfer-Encoding: chunked" if chunked else "Content-Length: 300000000"
    async with serving(token="secret") as served:
        # the first connection makes what every connection needs
        await answer_to_an_endless_body(served, length, chunked=chunked)
        tracemalloc.start()
        try:
            answer, sent = await answer_to_an_endless_body(served, length, chunked=chunked)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert answer.startswith("HTTP/1.1 401")
    assert "connection: close" in answer
    assert sent < 20_000_000  # what the buffers of two sockets hold
    assert peak < 8_000_000


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_of_more_than_64_kb_is_refused_before_it_is_complete(chunked: bool) -> None:
    length = "Transfer-Encoding: chunked" if chunked else "Content-Length: 300000000"
    async with serving(token="secret") as served:
        answer, _ = await answer_to_an_endless_body(
            served, length, "Authorization: Bearer secret", chunked=chunked
        )
    assert answer.startswith("HTTP/1.1 413")
    assert "more than 65536 bytes" in answer


async def test_the_longest_body_is_read_and_one_byte_more_is_not() -> None:
    async with (
        serving() as served,
        httpx.AsyncClient(base_url=served.server.url, trust_env=False) as client,
    ):
        headers = {"Content-Type": "application/json"}
        for spare, status in ((0, 202), (1, 413)):
            content = MARK + " " * (gate.LONGEST_BODY + spare - len(MARK))
            answer = await client.post("/v1/events", content=content, headers=headers)
            assert answer.status_code == status

            async def parts(content: str = content) -> AsyncIterator[bytes]:
                yield content[:1000].encode()
                yield content[1000:].encode()

            answer = await client.post("/v1/events", content=parts(), headers=headers)
            assert answer.status_code == status
        assert len([entry for entry in served.twin.engine.log if entry.text == "hello"]) > 0


async def test_a_body_that_does_not_come_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "BODY_WITHIN_S", 0.05)
    async with serving() as served:
        reader, writer = await served.connect()
        writer.write(
            f"POST /v1/events HTTP/1.1\r\nHost: {served.host}\r\nContent-Length: 10\r\n\r\n{{".encode()
        )
        async with asyncio.timeout(WAIT_S):
            assert (await reader.read()).startswith(b"HTTP/1.1 408")
        writer.close()


@pytest.mark.parametrize("start", ["", "GET /v1/health HTTP/1.1\r\nHost: "])
async def test_headers_that_do_not_come_are_given_up(start: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarded, "HEADERS_WITHIN_S", 0.05)
    async with serving() as served:
        reader, writer = await served.connect()
        writer.write(start.encode())
        async with asyncio.timeout(WAIT_S):
            assert await hung_up(reader)
        writer.close()


async def test_headers_of_the_second_request_are_given_up_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarded, "HEADERS_WITHIN_S", 0.2)
    async with serving() as served:
        reader, writer = await served.connect()
        request = f"GET /v1/health HTTP/1.1\r\nHost: {served.host}\r\n\r\n"
        writer.write(request.encode())
        async with asyncio.timeout(WAIT_S):
            head = await reader.readuntil(b"\r\n\r\n")
            found = re.search(rb"content-length: (\d+)", head)
            assert found is not None
            await reader.readexactly(int(found[1]))
            writer.write(request[:20].encode())
            assert await hung_up(reader)
        writer.close()


async def test_headers_of_more_than_16_kb_are_refused() -> None:
    async with serving() as served:
        reader, writer = await served.connect()
        writer.write(b"GET / HTTP/1.1\r\nX: " + b"a" * (guarded.LONGEST_HEADERS + 1000))
        async with asyncio.timeout(WAIT_S):
            assert (await reader.read()).startswith(b"HTTP/1.1 400")
        writer.close()


async def healthy(served: Served, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    writer.write(f"GET /v1/health HTTP/1.1\r\nHost: {served.host}\r\n\r\n".encode())
    return (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")


async def test_the_connection_that_has_been_idle_longest_gives_way_to_a_new_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(guarded, "MOST_CONNECTIONS", 3)
    async with serving() as served, asyncio.timeout(WAIT_S):
        idle = [await served.connect() for _ in range(3)]
        newest = await served.connect()
        assert await hung_up(idle[0][0])
        assert await healthy(served, *newest)
        assert await healthy(served, *idle[1])
        (line,) = served.log
        assert line.endswith(": more than 3 connections")
        for _, each in (*idle, newest):
            each.transport.abort()


async def test_a_host_with_a_hundred_idle_connections_keeps_no_other_host_out() -> None:
    async with serving() as served, asyncio.timeout(WAIT_S):
        port = served.server.port
        other = await asyncio.open_connection("127.0.0.1", port, local_addr=("127.0.0.2", 0))
        crowd = [await served.connect() for _ in range(guarded.MOST_CONNECTIONS)]
        again = await asyncio.open_connection("127.0.0.1", port, local_addr=("127.0.0.2", 0))
        assert await healthy(served, *other)
        assert await healthy(served, *again)
        assert [await hung_up(reader) for reader, _ in crowd[:2]] == [True, True]
        assert await healthy(served, *crowd[-1])
        for _, each in (*crowd, other, again):
            each.transport.abort()


async def test_a_stream_that_is_under_way_never_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarded, "MOST_CONNECTIONS", 2)
    async with serving() as served, asyncio.timeout(WAIT_S):
        streams = [await served.connect() for _ in range(2)]
        for reader, writer in streams:
            head = f"GET /v1/telemetry HTTP/1.1\r\nHost: {served.host}\r\nAccept: text/event-stream\r\n\r\n"
            writer.write(head.encode())
            await reader.readuntil(b"data: ")
        late, writer = await served.connect()
        assert await hung_up(late)
        served.twin.advance(5)
        for reader, _ in streams:
            await reader.readuntil(b"data: ")
        for _, each in (*streams, (late, writer)):
            each.transport.abort()


async def test_a_stream_that_is_not_read_is_dropped_with_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarded, "READ_WITHIN_S", 0.05)
    async with serving() as served:
        engine, ended = served.twin.engine, asyncio.Event()
        unwatch = engine.unwatch

        def unwatched(watcher: Watcher) -> None:
            unwatch(watcher)
            ended.set()

        monkeypatch.setattr(engine, "unwatch", unwatched)
        _, writer = await served.connect()
        writer.transport.pause_reading()
        writer.write(
            f"GET /v1/telemetry HTTP/1.1\r\nHost: {served.host}\r\nAccept: text/event-stream\r\n\r\n".encode()
        )
        async with asyncio.timeout(WAIT_S):
            while not ended.is_set():
                engine.advance(1)
                await asyncio.sleep(0)
        (line,) = served.log
        assert re.fullmatch(r"disconnected 127\.0\.0\.1:\d+: it does not read", line)
        writer.transport.abort()


async def test_the_origin_of_an_event_is_the_address_of_its_client() -> None:
    async with (
        serving() as served,
        httpx.AsyncClient(base_url=served.server.url, trust_env=False) as client,
    ):
        forged = {"event": "Mark", "note": "x", "origin": "console"}
        answer = await client.post("/v1/events", json=forged)
        assert answer.status_code == 400
        assert "origin is the address of the client" in answer.json()["detail"]
        headers = {"X-Forwarded-For": "10.0.0.7", "Forwarded": "for=10.0.0.7"}
        event = {"event": "Mark", "note": "x"}
        assert (await client.post("/v1/events", json=event, headers=headers)).status_code == 202
        (entry,) = served.twin.engine.log
        assert re.fullmatch(r"rest 127\.0\.0\.1:\d+", entry.origin)


async def test_a_web_page_of_another_site_can_change_nothing() -> None:
    async with (
        serving() as served,
        httpx.AsyncClient(base_url=served.server.url, trust_env=False) as client,
    ):
        for origin, status in (
            ("https://evil.example", 403),
            ("null", 403),
            ("http://[", 403),
            (served.server.url, 202),
        ):
            answer = await client.post(
                "/v1/events", json={"event": "Mark", "note": "x"}, headers={"Origin": origin}
            )
            assert answer.status_code == status, origin


async def test_the_pages_about_the_paths_need_the_token_and_nothing_from_elsewhere() -> None:
    async with (
        serving(token="secret") as served,
        httpx.AsyncClient(base_url=served.server.url, trust_env=False) as client,
    ):
        for path in ("/docs", "/openapi.json", "/nowhere"):
            assert (await client.get(path)).status_code == 401
        asked = (await client.get("/docs")).headers["www-authenticate"]
        assert "Bearer" in asked
        assert "Basic" in asked  # so that a browser asks its user
        basic = base64.b64encode(b"anybody:secret").decode()
        page = await client.get("/docs", headers={"Authorization": f"Basic {basic}"})
        assert page.status_code == 200
        for path in ("/v1/health", "/v1/resources", "/v1/resource/status", "/v1/telemetry", "/v1/events"):
            assert path in page.text
        assert "<script" not in page.text
        assert not re.findall(r"(?:src|href)=[\"']?(?:https?:)?//", page.text)
        for header in (
            "Basic !",
            "Basic",
            f"Basic {base64.b64encode(b'secret').decode()}",
            "Bearer",
            "Bearer é",
        ):
            refused = await client.get("/docs", headers={"Authorization": header.encode()})
            assert refused.status_code == 401, header
        assert served.log.count("refused 127.0.0.1: missing or invalid token") == len(served.log)


async def test_a_token_of_any_characters_is_the_bytes_that_the_client_sends() -> None:
    async with (
        serving(token="schlüssel") as served,
        httpx.AsyncClient(base_url=served.server.url, trust_env=False) as client,
    ):
        headers = {"Authorization": "Bearer schlüssel".encode()}
        assert (await client.get("/v1/health", headers=headers)).status_code == 200


@pytest.mark.parametrize("blank", ["", " ", "\t\n"])
def test_a_blank_variable_is_no_token_for_other_computers(
    blank: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWIN_REST_TOKEN", blank)
    with pytest.raises(ConfigError, match="open to other computers"):
        Twin.from_dict({**SITE, "links": {"rest": {"port": 0, "host": "0.0.0.0"}}})


@pytest.mark.parametrize("token", ["two\nlines", "\udcff", "\x1b[31m"])
async def test_a_token_that_no_client_can_send_is_refused(
    token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.environ", {"TWIN_REST_TOKEN": token})
    with pytest.raises(LinkError, match="TWIN_REST_TOKEN: expected one line without control characters"):
        async with serving():
            pass
    with pytest.raises(LinkError, match="token: expected one line without control characters"):
        async with serving(token=token):
            pass


async def test_garbage_is_reported_to_the_log_and_not_to_the_terminal(
    capfd: pytest.CaptureFixture[str],
) -> None:
    async with serving() as served:
        for garbage in (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"):
            reader, writer = await served.connect()
            writer.write(garbage)
            assert b"400 Bad Request" in await reader.read()
            writer.close()
        reader, writer = await served.connect()
        upgrade = (
            f"GET /v1/health HTTP/1.1\r\nHost: {served.host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        )
        writer.write(f"{upgrade}\r\n".encode())
        assert b"200 OK" in await reader.read(1000)
        writer.close()
    assert served.log == ["Invalid HTTP request received."] * 2
    assert capfd.readouterr().err == ""


async def test_an_error_in_a_path_is_one_line_of_the_log(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(self: Any) -> str:
        raise ZeroDivisionError("planted")

    monkeypatch.setattr("twin_tui.protocols.rest.app.EngineQueries.now", fail)
    async with serving() as served, httpx.AsyncClient(base_url=served.server.url, trust_env=False) as client:
        assert (await client.get("/v1/health")).status_code == 500
    assert served.log == ["Exception in ASGI application: ZeroDivisionError: planted"]
    assert capfd.readouterr().err == ""


async def test_a_body_of_the_smallest_chunks_is_parsed_a_little_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parsed = []
    parse = guarded.H11Protocol.data_received

    def data_received(self: guarded.H11Protocol, data: bytes) -> None:
        parsed.append(len(data))
        parse(self, data)

    monkeypatch.setattr(guarded.H11Protocol, "data_received", data_received)
    async with serving(token="secret") as served:
        reader, writer = await served.connect()
        head = f"POST /v1/events HTTP/1.1\r\nHost: {served.host}\r\nTransfer-Encoding: chunked\r\n\r\n"
        writer.write(head.encode() + b"1\r\nx\r\n" * 50_000)
        assert await reader.readline() == b"HTTP/1.1 401 Unauthorized\r\n"
        writer.transport.abort()
    assert max(parsed) <= guarded.PARSED_AT_ONCE
    assert sum(parsed) < 100_000, "parsed after the answer"


@pytest.mark.parametrize("text", ["x" * 9000, "\x1b[31m" * 500, "\x00"])
async def test_an_answer_repeats_little_of_what_was_asked(text: str) -> None:
    async with (
        serving() as served,
        httpx.AsyncClient(base_url=served.server.url, trust_env=False) as client,
    ):
        for query in ({"resource_id": text}, {"resource_id": "load-0", "type": text}):
            answer = await client.get("/v1/resource/status", params=query)
            assert answer.status_code == 404
            detail = answer.json()["detail"]
            assert len(detail) < 300
            assert detail.isprintable()


@pytest.mark.parametrize(
    "body", ['{"%s": 1}', '{"type": "%s"}', '{"event": "%s"}', '{"event": "Mark", "note": "%s"}']
)
async def test_half_a_character_in_a_body_is_refused_in_a_whole_answer(body: str) -> None:
    async with (
        serving() as served,
        httpx.AsyncClient(base_url=served.server.url, trust_env=False) as client,
    ):
        content, headers = body % "\\ud800", {"Content-Type": "application/json"}
        for method, path in (("POST", "/v1/events"), ("PUT", "/v1/resource/status?resource_id=load-0")):
            answer = await client.request(method, path, content=content, headers=headers)
            assert answer.status_code == 400
            assert answer.json()["detail"].isprintable()
        assert served.log == []
