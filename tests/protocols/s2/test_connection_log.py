"""Each change of a connection's state is logged once, and nothing else."""

import asyncio
import json
import os
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from s2_cem import Cem, dialling, reaches
from websockets.asyncio.server import serve

from tests.waiting import until
from twin_tui import ConfigError, RunError, Twin
from twin_tui.engine.engine import Engine
from twin_tui.engine.snapshot import LogKind
from twin_tui.protocols.address import without_login
from twin_tui.protocols.connector import StateLog
from twin_tui.protocols.s2.conversation import S2State
from twin_tui.protocols.s2.log import ConversationLog
from twin_tui.protocols.s2.manager import HUNG_UP, ResourceManager

SITE: dict[str, Any] = {
    "name": "house",
    "real_time": False,
    "assets": [{"type": "battery", "name": "battery", "capacity_kwh": 10}],
}


def an_engine() -> Engine:
    return Twin.from_dict(SITE).engine


def logged(engine: Engine) -> list[str]:
    assert all(entry.device == "battery" and entry.origin.startswith("s2 127.0.0.1:") for entry in engine.log)
    return [entry.text for entry in engine.log if entry.kind is LogKind.S2]


async def attempts(manager: ResourceManager, number: int) -> None:
    await until(lambda: manager.status.attempts >= number)


async def test_a_refused_token_is_logged_once_however_often_it_is_tried() -> None:
    engine = Twin.from_dict(SITE).engine
    async with Cem(token="right") as cem, dialling(engine, cem.url, token="wrong") as manager:
        await attempts(manager, 4)
        assert logged(engine) == [f"{cem.url} rejected the token (HTTP 401)"]


async def test_an_absent_energy_manager_is_logged_once_and_again_after_a_connection() -> None:
    engine = Twin.from_dict(SITE).engine
    async with Cem() as cem:
        url, port = cem.url, int(cem.url.rstrip("/").rpartition(":")[2])
    async with dialling(engine, url) as manager:
        await attempts(manager, 3)
        assert len(logged(engine)) == 1
        assert logged(engine)[0].startswith(f"could not connect to {url}: ")
        cem = Cem()
        async with serve(cem._take, "127.0.0.1", port) as server:
            cem._server = server
            await cem.shake_hands()
            await until(lambda: len(engine.log) == 2)
            assert logged(engine)[1] == f"connected to {url}, S2 0.0.2-beta"
        await until(lambda: len(engine.log) == 4)
        assert logged(engine)[2:] == [HUNG_UP, logged(engine)[0]]
    assert len(engine.log) == 4


async def test_a_refusal_in_the_conversation_is_logged_once_however_often_it_is_repeated() -> None:
    engine = Twin.from_dict(SITE).engine
    async with Cem() as cem, dialling(engine, cem.url) as manager:
        for _ in range(3):
            await cem.expect("Handshake")
            await cem.send("HandshakeResponse", selected_protocol_version="9.9")
            await reaches(manager, S2State.REFUSED)
        refusals = [text for text in logged(engine) if not text.startswith("answered")]
    assert refusals == ["the energy manager selected version 9.9; the twin supports 0.0.2-beta, 1.0.0-beta"]


async def test_a_connection_closed_by_the_twin_is_not_logged_as_closed_by_the_energy_manager() -> None:
    engine = Twin.from_dict(SITE).engine
    async with Cem() as cem:
        async with dialling(engine, cem.url):
            await cem.shake_hands()
        assert logged(engine) == [f"connected to {cem.url}, S2 0.0.2-beta"]


async def test_a_certificate_that_is_not_trusted_is_named(certified: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certified / "c", certified / "k")
    engine = Twin.from_dict(SITE).engine
    async with serve(Cem()._take, "127.0.0.1", 0, ssl=context) as server:
        url = f"wss://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}/"
        async with dialling(engine, url) as manager:
            await reaches(manager, S2State.REFUSED, "is not trusted")
            await attempts(manager, 3)
    (text,) = logged(engine)
    assert text.startswith(f"the certificate of {url} is not trusted: self")


async def test_a_background_task_that_fails_is_logged() -> None:
    engine = Twin.from_dict(SITE).engine

    async def fail() -> None:
        raise RuntimeError("stumbled")

    task = StateLog(engine, "battery", "x").watch(asyncio.create_task(fail(), name="feed"))
    await asyncio.wait([task])
    await asyncio.sleep(0)
    assert [entry.text for entry in engine.log] == ["feed failed: RuntimeError('stumbled')"]


async def test_a_serial_line_that_goes_and_comes_back_is_logged(tmp_path: Path) -> None:
    plug = tmp_path / "usb"
    near, far = os.openpty()
    plug.symlink_to(os.ttyname(far))
    rtu = {"kind": "modbus_rtu", "port": str(plug)}
    asset = {**SITE["assets"][0], "protocols": [rtu]}
    async with Twin.from_dict({**SITE, "assets": [asset]}) as twin:
        log = twin.engine.log
        assert not log
        os.close(far)
        os.close(near)
        await until(lambda: len(log) == 1)
        near, far = os.openpty()
        plug.unlink()
        plug.symlink_to(os.ttyname(far))
        await until(lambda: len(log) == 2)
    assert [entry.text for entry in log] == [f"{plug} lost; trying to reopen it", f"{plug} open again"]
    assert {entry.kind for entry in log} == {LogKind.LINK}
    os.close(far)
    os.close(near)


async def test_a_headless_run_prints_that_the_token_is_refused(tmp_path: Path) -> None:
    (tmp_path / "site.json").write_text(json.dumps(SITE))
    async with Cem(token="right") as cem:
        url = cem.url
        command = ["run", "site.json", "--headless", "--duration", "2s", "--speed", "1"]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "twin_tui", *command, "--s2-cem", cem.url, "--s2-token", "wrong",
            cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        _, errors = await asyncio.wait_for(process.communicate(), 120)
    text = errors.decode()
    assert process.returncode == 0, text
    assert text.count(f"{url} rejected the token (HTTP 401)") == 1
    assert "wrong" not in text


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("ws://me:secret@h:1/p", "ws://h:1/p"),
        ("ws://token@h/", "ws://h/"),
        ("ws://h/a@b", "ws://h/a@b"),
        ("ws://a@b@h?x=@", "ws://h?x=@"),
    ],
)
def test_a_login_in_an_address_is_not_shown(address: str, shown: str) -> None:
    assert without_login(address) == shown


async def test_an_s2_log_on_a_full_disk_ends_the_log_and_not_the_conversation() -> None:
    async with Cem() as cem:
        asset = {"type": "battery", "name": "bess", "protocols": [{"kind": "s2", "cem": cem.url}]}
        twin = Twin.from_dict({"name": "s", "assets": [asset], "links": {"s2": {"log": "/dev/full"}}})
        await twin.start()
        assert (await cem.shake_hands())["name"]
        with pytest.raises(RunError, match="/dev/full: the S2 log is incomplete: No space left on device"):
            await twin.stop()
    alarms = [entry.text for entry in twin.engine.log if entry.text.startswith("S2 log")]
    assert alarms == ["S2 log failed: /dev/full: No space left on device; the run goes on without it"]


def test_an_s2_log_that_cannot_be_written_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    engine = Twin.from_dict(SITE).engine
    for path, message in ((tmp_path / "pipe", "is not a regular file"), (tmp_path, "is a folder")):
        with pytest.raises(ConfigError, match=message):
            ConversationLog(path, engine).open()


async def test_an_s2_log_of_two_devices_on_a_full_disk_raises_one_alarm() -> None:
    async with Cem() as one, Cem() as other:
        assets = [
            {"type": "battery", "name": name, "protocols": [{"kind": "s2", "cem": cem.url}]}
            for name, cem in (("east", one), ("west", other))
        ]
        twin = Twin.from_dict({"name": "s", "assets": assets, "links": {"s2": {"log": "/dev/full"}}})
        await twin.start()
        assert (await one.shake_hands())["name"] != (await other.shake_hands())["name"]
        with pytest.raises(RunError) as caught:
            await twin.stop()
    assert str(caught.value).count("the S2 log is incomplete") == 1
    alarms = [entry for entry in twin.engine.log if entry.text.startswith("S2 log")]
    assert [(entry.device, entry.text) for entry in alarms] == [
        ("", "S2 log failed: /dev/full: No space left on device; the run goes on without it")
    ]


def test_an_s2_log_stays_open_until_the_last_device_has_left_it(tmp_path: Path) -> None:
    path = tmp_path / "s2.jsonl"
    log = ConversationLog(path, Twin.from_dict(SITE).engine)
    log.open()
    log.open()
    log.write("east", "in", 1)
    log.close()
    log.write("west", "in", 2)
    log.close()
    log.write("west", "in", 3)
    log.open()
    log.write("east", "in", 4)
    log.close()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(line["device"], line["in"]) for line in lines] == [("east", 1), ("west", 2), ("east", 4)]
