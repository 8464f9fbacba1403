"""Tokens from the command line, a site file, a file of their own or the environment; none is ever shown."""

import os
from pathlib import Path
from typing import Any

import httpx
import pytest

from twin_tui import ConfigError, LinkError, Twin
from twin_tui.cli.wire_flags import with_flags
from twin_tui.config import load_site
from twin_tui.protocols.rest.connector import RestWire
from twin_tui.protocols.rest.options import RestOptions
from twin_tui.protocols.s2.connector import S2Settings

BATTERY = {"type": "battery", "name": "bess"}


def site(*protocols: dict[str, Any], **links: Any) -> dict[str, Any]:
    return {"assets": [{**BATTERY, "protocols": list(protocols)}], "real_time": False, "links": links}


def token_file(folder: Path, text: str = "hush\n", mode: int = 0o600) -> Path:
    path = folder / "token"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


async def status_with(twin: Twin, token: str) -> int:
    (wire,) = twin.links.of(RestWire)
    async with httpx.AsyncClient(base_url=wire.url, trust_env=False) as client:
        return (await client.get("/v1/health", headers={"Authorization": f"Bearer {token}"})).status_code


async def test_rest_reads_its_token_from_a_file(tmp_path: Path) -> None:
    path = token_file(tmp_path)
    async with Twin.from_dict(site(rest={"port": 0, "token_file": str(path)})) as twin:
        assert await status_with(twin, "hush") == 200
        assert await status_with(twin, "other") == 401
        assert not [entry for entry in twin.engine.log if "chmod" in entry.text]


async def test_rest_takes_its_token_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWIN_REST_TOKEN", "hush")
    async with Twin.from_dict(site(rest={"port": 0})) as twin:
        assert await status_with(twin, "hush") == 200
        assert await status_with(twin, "other") == 401
    assert RestOptions(port=0, host="0.0.0.0").host == "0.0.0.0"  # it may be open to others then


async def test_a_token_that_is_given_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWIN_REST_TOKEN", "other")
    async with Twin.from_dict(site(rest={"port": 0, "token": "hush"})) as twin:
        assert await status_with(twin, "hush") == 200
        assert await status_with(twin, "other") == 401


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "token file .*token is empty"),
        (" \n", "is empty"),
        ("one\ntwo\n", "expected one line of at most 4096 ASCII characters"),
        ("x" * 5000, "expected one line"),
        ("\x1b[2J", "expected one line"),
    ],
)
async def test_a_bad_token_file_is_one_message(text: str, message: str, tmp_path: Path) -> None:
    path = token_file(tmp_path, text)
    for links in (
        {"rest": {"port": 0, "token_file": str(path)}},
        {"s2": {"cem": "ws://127.0.0.1:9/", "token_file": str(path)}},
    ):
        with pytest.raises(LinkError, match=message):
            await Twin.from_dict(site(**links)).start()


async def test_a_token_file_that_cannot_be_read_is_one_message(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, message in (
        ("none", "No such file"),
        (".", "expected a regular file"),
        ("pipe", "expected a regular file"),
    ):
        links = {"rest": {"port": 0, "token_file": str(tmp_path / name)}}
        with pytest.raises(LinkError, match=message):
            await Twin.from_dict(site(**links)).start()


@pytest.mark.parametrize(
    "links", [{"rest": {"port": 0}}, {"s2": {"cem": "ws://127.0.0.1:9/"}}], ids=["rest", "s2"]
)
async def test_a_token_file_that_others_can_read_is_warned_about(
    links: dict[str, Any], tmp_path: Path
) -> None:
    path = token_file(tmp_path, mode=0o644)
    for keys in links.values():
        keys["token_file"] = str(path)
    async with Twin.from_dict(site(**links)) as twin:
        (warning,) = [entry.text for entry in twin.engine.log if "chmod" in entry.text]
        assert warning == f"token file {path} is readable by every user of this computer: chmod 600 {path}"


def test_a_token_and_a_file_of_it_are_refused_together(tmp_path: Path) -> None:
    both = {"token": "x", "token_file": "token"}
    for data in (
        site(rest={"port": 0, **both}),
        site(s2={"cem": "ws://h/", **both}),
        site({"kind": "s2", "cem": "ws://h/", **both}),
    ):
        with pytest.raises(ConfigError, match=r"give token(_file)? or token(_file)?, not both"):
            load_site(data)


def test_an_empty_token_is_refused_instead_of_being_none() -> None:
    with pytest.raises(ConfigError, match="the token is empty"):
        load_site(site(rest={"port": 0, "token": ""}))


def test_a_token_on_the_command_line_takes_the_place_of_the_sites_file() -> None:
    given = load_site(site(rest={"port": 0, "token_file": "mine"}, s2={"cem": "ws://h/", "token": "x"}))
    changed = with_flags(given.links, {"rest": {"token": "hush"}, "s2": {"token_file": "own"}})
    rest, s2 = changed["rest"], changed["s2"]
    assert isinstance(rest, RestOptions)
    assert isinstance(s2, S2Settings)
    assert (rest.secret, rest.token_file) == ("hush", None)
    assert (s2.token, s2.token_file) == (None, Path("own"))
    with pytest.raises(ConfigError, match="not both"):
        with_flags(given.links, {"rest": {"token": "hush", "token_file": "own"}})


async def test_no_token_is_in_what_is_printed_logged_or_recorded(tmp_path: Path) -> None:
    data = site(
        {"kind": "s2", "cem": "ws://me:hush-1@127.0.0.1:9/", "token": "hush-2"},
        rest={"port": 0, "token": "hush-3"},
        s2={"cem": "ws://127.0.0.1:9/", "token": "hush-4"},
    )
    twin = Twin.from_dict(data)
    shown = [repr(twin), repr(twin.site), repr(twin.site.endpoints), repr(twin.site.links)]
    recording = tmp_path / "run.jsonl"
    async with twin:
        recorder = twin.record(recording)
        shown += [repr(wire) for wire in twin.links.wires]
        shown += [repr(vars(wire)) for wire in twin.links.wires]
        shown += list(twin.links.lines())
        shown += [repr(view) for wire in twin.links.wires for view in wire.views(0.0)]
        twin.advance(5)
        recorder.close()
    shown += [repr(entry) for entry in twin.engine.log]
    shown.append(recording.read_text(encoding="utf-8"))
    assert "hush" not in "\n".join(shown)
    assert "127.0.0.1:9" in "\n".join(shown)
