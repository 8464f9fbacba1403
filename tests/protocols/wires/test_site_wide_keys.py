"""REST, EOS and S2 for a whole site: keys under links, and the flags that take their place."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from twin_tui import ConfigError, Twin
from twin_tui.cli.main import cli
from twin_tui.cli.wire_flags import with_flags
from twin_tui.config import load_site
from twin_tui.protocols.eos.connector import EosSettings, EosWire
from twin_tui.protocols.rest.connector import RestWire
from twin_tui.protocols.rest.options import RestOptions
from twin_tui.protocols.s2.connector import S2Settings, S2Wire
from twin_tui.session.link_views import LinkViews
from twin_tui.session.write_traces import WriteTraces

CEM = "ws://127.0.0.1:9/"


def site(**links: Any) -> dict[str, Any]:
    own = [{"kind": "s2", "cem": "ws://127.0.0.1:8/"}]
    return {
        "name": "wired",
        "real_time": False,
        "assets": [
            {"type": "battery", "name": "bess", "protocols": own},
            {"type": "heat_pump", "name": "pump"},
            {"type": "load", "name": "house"},
        ],
        "links": links,
    }


async def test_a_site_file_has_the_site_answer_over_http() -> None:
    async with Twin.from_dict(site(rest={"port": 0, "token": "hush"})) as twin:
        (wire,) = twin.links.of(RestWire)
        async with httpx.AsyncClient(base_url=wire.url, trust_env=False) as client:
            assert (await client.get("/v1/health")).status_code == 401
            headers = {"Authorization": "Bearer hush"}
            assert (await client.get("/v1/health", headers=headers)).json()["site"] == "wired"
        assert f"REST on {wire.url}" in list(twin.links.lines())
        views = LinkViews(twin, WriteTraces(twin.engine)).links()
        assert [(v.address, v.requests) for v in views if v.protocol == "REST"] == [(wire.url, 2)]


def test_every_device_that_can_be_controlled_dials_the_energy_manager_of_the_site(tmp_path: Path) -> None:
    path = tmp_path / "site.json"
    path.write_text(json.dumps(site(s2={"cem": CEM, "clock": "site", "log": "s2.jsonl"})))
    twin = Twin.from_file(path)
    dialled = {
        (wire.endpoint.device, wire.endpoint.cem, wire.endpoint.clock) for wire in twin.links.of(S2Wire)
    }
    assert dialled == {("bess", "ws://127.0.0.1:8/", "wall"), ("pump", CEM, "site")}
    settings = twin.site.links["s2"]
    assert isinstance(settings, S2Settings)
    assert settings.log == tmp_path / "s2.jsonl"


async def test_the_s2_log_of_a_site_is_beside_its_file_and_serves_every_device(tmp_path: Path) -> None:
    path = tmp_path / "site.json"
    path.write_text(json.dumps(site(s2={"log": "s2.jsonl"})))
    async with Twin.from_file(path):
        assert (tmp_path / "s2.jsonl").exists()


def test_a_site_file_has_the_site_follow_an_eos_server() -> None:
    twin = Twin.from_dict(site(eos={"url": "http://127.0.0.1", "every": "5m"}))
    assert twin.site.links["eos"] == EosSettings(url="http://127.0.0.1:8503", every=300.0)
    assert len(twin.links.of(EosWire)) == 1
    assert "EOS at http://127.0.0.1:8503" in list(twin.links.lines())


@pytest.mark.parametrize(
    ("links", "message"),
    [
        ({"rest": {"port": 70000}}, "links.rest.port: expected a whole number from 0 to 65535, found 70000"),
        ({"rest": {"host": "::"}}, "links.rest: REST on :: is open to other computers"),
        ({"rest": {"prot": 80}}, r"unknown key prot in links.rest; did you mean port\?"),
        ({"rest": 8080}, "links.rest: expected an object with keys, found 8080"),
        ({"eos": {}}, "missing key url in links.eos"),
        ({"eos": {"url": "http://eos:99999"}}, "expected a port from 1 to 65535"),
        ({"eos": {"url": "http://eos", "every": 0}}, "links.eos.every: expected a duration above 0"),
        ({"s2": {"token": "x"}}, "links.s2: token needs cem"),
        ({"s2": {"cem": "ws://h:99999/"}}, "links.s2.cem: .* expected a port from 1 to 65535"),
        ({"s2": {"cem": "ws://h:abc/"}}, "links.s2.cem: .* expected a port from 1 to 65535"),
        ({"s2": {"cem": "ws://h:0/"}}, "links.s2.cem: .* expected a port from 1 to 65535"),
        ({"s2": {"cem": "ws://[::1/"}}, "links.s2.cem: .* invalid host name"),
        ({"s2": {"cem": f"ws://{'a' * 64}.b/"}}, "links.s2.cem: .* invalid host name"),
        ({"s2": {"cem": "ws://a b/"}}, "links.s2.cem: .* is not a ws:// or wss:// address"),
        ({"s2": {"clock": "moon"}}, "links.s2.clock: expected one of wall, site"),
        ({"s2": {"log": 5}}, "links.s2.log: expected text, found 5"),
        ({"rst": {}}, r"unknown key rst in links; did you mean rest\?"),
    ],
)
def test_wrong_keys_are_refused_when_the_site_loads(links: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_site(site(**links))


@pytest.mark.parametrize("cem", ["ws://h:99999/", "ws://h:abc/"])
def test_an_address_of_one_device_with_a_bad_port_is_refused_when_the_site_loads(cem: str) -> None:
    bad = site()
    bad["assets"][0]["protocols"][0]["cem"] = cem
    with pytest.raises(ConfigError, match=r"protocols\[0\].cem: .* expected a port from 1 to 65535"):
        load_site(bad)


def test_no_secret_is_in_a_recording_and_it_replays(tmp_path: Path) -> None:
    data = site(rest={"host": "0.0.0.0", "token": "hush-1"}, s2={"cem": CEM, "token": "hush-2"})
    data["assets"][0]["protocols"] = [{"kind": "s2", "cem": "ws://me:hush-3@cem/", "token": "hush-4"}]
    twin = Twin.from_dict(data)
    twin.record(tmp_path / "run.jsonl")
    twin.advance(5)
    twin.stop_recording()
    text = (tmp_path / "run.jsonl").read_text()
    assert "ws://cem/" in text
    for secret in ("hush", "me:"):
        assert secret not in text
        assert secret not in json.dumps(twin.site.source)
        assert secret not in " ".join(twin.links.lines())
    result = CliRunner().invoke(cli, ["replay", str(tmp_path / "run.jsonl")])
    assert result.exit_code == 0, result.output


def test_a_flag_takes_the_place_of_a_key_and_leaves_the_others() -> None:
    loaded = load_site(site(rest={"port": 8080, "host": "0.0.0.0", "token": "hush"}))
    changed = with_flags(loaded.links, {"rest": {"port": "0"}})["rest"]
    assert isinstance(changed, RestOptions)
    assert (changed.port, changed.host, changed.secret) == (0, "0.0.0.0", "hush")


RUN = ["run", "demo", "--headless", "--duration", "1s", "--speed", "max"]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--rest", "99999"], "--rest: expected a whole number from 0 to 65535, found '99999'"),
        (["--rest", "x"], "--rest: expected a whole number from 0 to 65535, found 'x'"),
        (["--rest", "0", "--rest-host", "0.0.0.0"], "--rest: REST on 0.0.0.0 is open to other"),
        (["--rest-host", "localhost"], "--rest-host needs --rest"),
        (["--rest-token", "x"], "--rest-token needs --rest"),
        (["--eos-every", "5m"], "--eos-every needs --eos"),
        (["--eos", "http://eos", "--eos-every", "0"], "--eos-every: expected a duration above 0"),
        (["--eos", "http://eos:99999"], "--eos: .* expected a port from 1 to 65535"),
        (["--s2-token", "x"], "--s2-token needs --s2-cem"),
        (["--s2-cem", "ws://h:99999"], "--s2-cem: .* expected a port from 1 to 65535"),
    ],
)
def test_a_wrong_flag_is_one_sentence_that_names_it(flags: list[str], message: str) -> None:
    result = CliRunner().invoke(cli, [*RUN, *flags])
    assert isinstance(result.exception, ConfigError)
    with pytest.raises(ConfigError, match=message):
        raise result.exception


@pytest.mark.parametrize(
    "flags",
    [
        ["--rest", "0"],
        ["--s2-cem", CEM],
        ["--eos", "http://eos"],
        ["--s2-log", "s2.jsonl"],
        ["--eos-every", "5m"],
    ],
)
def test_a_flag_that_would_have_no_effect_beside_no_servers_is_refused(flags: list[str]) -> None:
    result = CliRunner().invoke(cli, [*RUN, "--no-servers", *flags])
    assert result.exit_code == 2
    assert f"--no-servers opens no connection: remove it, or {flags[0]}" in result.output


def test_keys_of_a_site_file_are_no_error_beside_no_servers(tmp_path: Path) -> None:
    path = tmp_path / "site.json"
    path.write_text(json.dumps(site(rest={"port": 0}, s2={"cem": CEM, "log": "s2.jsonl"})))
    result = CliRunner().invoke(cli, ["run", str(path), *RUN[2:], "--no-servers"])
    assert result.exit_code == 0, result.output
    assert not (tmp_path / "s2.jsonl").exists()


def test_the_help_of_run_has_every_flag_of_every_connector() -> None:
    shown = " ".join(CliRunner().invoke(cli, ["run", "--help"], terminal_width=200).output.split())
    for text in (
        "--s2-cem URL Connect every controllable device to this S2 energy manager.",
        "--s2-token TEXT Bearer token for --s2-cem.",
        "--s2-log FILE Log the S2 conversations to FILE.",
        "--rest PORT Serve REST over HTTP on this TCP port.",
        "--rest-host HOST Listen on this host; by default only this computer can connect.",
        "--rest-token TEXT Bearer token that clients must send.",
        "--eos URL Follow the plans of this EOS server and report the status of the devices to it.",
        "--eos-every TIME Interval for --eos, 15m by default.",
    ):
        assert text in shown


def test_check_makes_the_wires_of_a_site_without_opening_them(tmp_path: Path) -> None:
    path = tmp_path / "site.json"
    path.write_text(json.dumps(site(rest={}, s2={"cem": CEM, "log": "s2.jsonl"}, eos={"url": "http://eos"})))
    result = CliRunner().invoke(cli, ["check", str(path)])
    assert result.exit_code == 0, result.output
    assert not (tmp_path / "s2.jsonl").exists()
