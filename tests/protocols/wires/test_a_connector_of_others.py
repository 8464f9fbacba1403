"""A protocol of another package comes in through its entry point alone: keys, flags, lines, console, log.

The package is the example of docs/connectors.md, installed as a package manager would leave it.
"""

import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from twin_tui.engine import packages
from twin_tui.protocols.registry import Registry, connectors

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "connectors.md").read_text(encoding="utf-8")
(MODULE,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
(ENTRY_POINT,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
(SITE,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return what runs Python in a folder where the package is installed."""
    info = tmp_path / "twin_feed-1.0.dist-info"
    info.mkdir()
    (tmp_path / "twin_feed.py").write_text(MODULE, encoding="utf-8")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: twin-feed\nVersion: 1.0\n", encoding="utf-8")
    head, line = ENTRY_POINT.strip().splitlines()
    group = re.fullmatch(r'\[project\.entry-points\."(.+)"\]', head)
    assert group is not None
    (info / "entry_points.txt").write_text(f"[{group[1]}]\n{line.replace(chr(34), '')}\n", encoding="utf-8")
    (tmp_path / "site.yaml").write_text(SITE, encoding="utf-8")

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join((str(tmp_path), str(ROOT)))
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path, "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return call


@contextmanager
def broker() -> Iterator[tuple[int, list[str]]]:
    """Listen; yield the port and what is said."""
    said: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def listen() -> None:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, connection.makefile() as lines:
                said.extend(lines)

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield listener.getsockname()[1], said
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


RUN = ("-m", "twin_tui", "run", "site.yaml", "--headless", "--duration", "1m", "--speed", "60")


def test_its_flags_take_the_place_of_its_keys_and_a_headless_run_lists_and_logs_it(run: Run) -> None:
    with broker() as (port, said):
        done = run(*RUN, "--feed", f"127.0.0.1:{port}", "--feed-password", "hush")
    assert done.returncode == 0, done.stderr
    assert f"feed to 127.0.0.1:{port}  bess" in done.stderr
    assert re.search(rf"LINK +feed: connected  127\.0\.0\.1:{port}", done.stderr)
    assert said[0] == "password hush\n"
    assert said[1] == "site/bess 0\n"
    assert len(said) <= 1 + 12
    assert "hush" not in done.stderr + done.stdout


def test_a_broker_that_is_absent_is_in_the_log_once(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    done = run(*RUN[:-2], "--speed", "20", "--feed", f"127.0.0.1:{port}")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("could not connect") == 1


def test_its_flags_are_in_the_help_and_refused_beside_no_servers(run: Run) -> None:
    shown = run("-m", "twin_tui", "run", "--help").stdout
    assert re.search(r"--feed HOST:PORT +Publish to this broker\.", shown)
    refused = run(*RUN, "--no-servers", "--feed", "127.0.0.1:1883")
    assert refused.returncode == 2
    assert "--no-servers opens no connection: remove it, or --feed" in refused.stderr


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("every: 5s", "evry: 5s", "unknown key evry in links.feed; did you mean every?"),
        ("topic: site/bess", "topik: site/bess", "did you mean topic?"),
        ("127.0.0.1:1883", "nowhere", "links.feed.broker: expected text that matches ^["),
        ("kind: feed", "kind: food", "expected one of modbus_tcp, modbus_rtu, s2, feed, found 'food'"),
    ],
)
def test_its_keys_are_checked_like_ours(run: Run, tmp_path: Path, old: str, new: str, message: str) -> None:
    (tmp_path / "site.yaml").write_text(SITE.replace(old, new), encoding="utf-8")
    done = run("-m", "twin_tui", "check", "site.yaml")
    assert done.returncode == 2
    assert message in done.stderr


def test_a_bad_flag_is_one_sentence_that_names_it(run: Run) -> None:
    done = run(*RUN, "--feed", "nowhere")
    assert done.returncode == 2
    assert done.stderr == "twin-tui: --feed: expected HOST:PORT, found 'nowhere'\n"
    assert (
        "--feed-password needs --feed"
        in run("-m", "twin_tui", "run", "demo", "--headless", "--feed-password", "x").stderr
    )


CONSOLE = """
import asyncio, json
from twin_tui import Twin
from twin_tui.engine.view import ViewRequest
from twin_tui.session.local import LocalSession

async def main():
    twin = Twin.from_file("site.yaml")
    screen = LocalSession(twin)
    await twin.start(paced=False)
    before = (await screen.frame(ViewRequest())).links
    while not twin.snapshot().log:
        await asyncio.sleep(0)
    after = (await screen.frame(ViewRequest())).links
    await twin.stop()
    shown = [(link.device, link.protocol, link.address, link.state, link.fault) for link in (*before, *after)]
    print(json.dumps([shown, twin.site.source, [entry.text for entry in twin.snapshot().log]]))

asyncio.run(main())
"""


def test_the_console_shows_it_and_its_state(run: Run, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    site = SITE.replace("127.0.0.1:1883", address).replace("every: 5s", "every: 5s, password: hush")
    (tmp_path / "site.yaml").write_text(site, encoding="utf-8")
    done = run("-c", CONSOLE)
    assert done.returncode == 0, done.stderr
    (before, after), source, log = json.loads(done.stdout)
    shown = f"{address} site/bess"
    assert before == ["bess", "feed", shown, "waiting", ""]
    assert after[:4] == ["bess", "feed", shown, "failing"]
    assert after[4] in log[0]
    assert len(log) == 1
    assert source["assets"][0]["protocols"] == [{"kind": "feed", "topic": "site/bess"}]
    assert "hush" not in json.dumps(source)


OWN_SITE = "name: own\nassets: [{type: battery, name: bess}]\n"
OWN_RUN = ("-m", "twin_tui", "run", "own.yaml", "--headless", "--duration", "1s", "--speed", "max")
BROKEN = "connector feed (twin_feed:FEED, package twin-feed) could not be loaded: No module named 'no_broker'"


@pytest.fixture
def broken(run: Run, tmp_path: Path) -> Run:
    """Return what runs Python where the package cannot be imported."""
    (tmp_path / "twin_feed.py").write_text("import no_broker\n", encoding="utf-8")
    (tmp_path / "own.yaml").write_text(OWN_SITE, encoding="utf-8")
    return run


def test_a_broken_package_is_a_warning_where_no_site_uses_it(broken: Run) -> None:
    done = broken(*OWN_RUN)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count(f"warning: {BROKEN} (twin_feed.py, line 1)") == 1
    done = broken("-m", "twin_tui", "check", "own.yaml", "own.yaml")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(f"warning: {BROKEN}") == 1
    assert done.stdout.count("own.yaml: site, valid") == 2
    assert broken("-m", "twin_tui", "run", "--help").returncode == 0
    assert broken("-m", "twin_tui", "schema", "site").returncode == 0


@pytest.mark.parametrize(
    ("site", "words"),
    [
        ("assets: [{type: load, protocols: [{kind: feed, topic: x}]}]", ()),
        ("links: {feed: {broker: 'x:1'}}\nassets: [{type: load}]", ()),
        (OWN_SITE, ("--feed", "x:1")),
    ],
)
def test_a_broken_package_is_an_error_where_its_kind_is_used(
    broken: Run, tmp_path: Path, site: str, words: tuple[str, ...]
) -> None:
    (tmp_path / "own.yaml").write_text(site, encoding="utf-8")
    done = broken(*OWN_RUN, *words)
    assert done.returncode == 2
    assert BROKEN in done.stderr
    assert "Traceback" not in done.stderr


def test_a_connector_with_a_flag_of_the_command_line_is_refused_and_blocks_nobody(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "twin_feed.py").write_text(MODULE.replace('"--feed"', '"--speed"'), encoding="utf-8")
    (tmp_path / "own.yaml").write_text(OWN_SITE, encoding="utf-8")
    done = run(*OWN_RUN)
    assert done.returncode == 0, done.stderr
    assert "warning: connector feed: flag --speed is already used by twin-tui itself" in done.stderr
    done = run(*RUN)
    assert done.returncode == 2
    assert "flag --speed is already used by twin-tui itself" in done.stderr


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"--feed"', '"--rest"', "flag --rest is already used"),
        ('"--feed"', '"feed"', "broker: invalid flag 'feed'; expected one like --feed"),
        ('kind = "feed"', 'kind = "_feed"', "connector '_feed': invalid kind"),
        ('kind = "feed"', 'kind = "mqtt"', ""),
        ('kind = "feed"', 'kind = "policy"', "links already has a key policy"),
        (
            "settings = FeedSettings",
            "settings = dict",
            "'feed': expected a LinkSettings, found <class 'dict'>",
        ),
        ("topic: Text", 'topic: "Txt"', "could not be loaded: name 'Txt' is not defined"),
        ("FEED = FeedConnector()", "FEED = FeedConnector", "expected a Connector, found <class"),
    ],
)
def test_a_connector_that_does_not_fit_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, message: str
) -> None:
    # first, so that the registry of this process does not search among what is patched
    built_in = [connector for connector in connectors if connector.kind in ("modbus_tcp", "rest")]
    name = f"{tmp_path.name}_feed"
    (tmp_path / f"{name}.py").write_text(MODULE.replace(old, new), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(packages, "entry_points", lambda group: [EntryPoint("feed", f"{name}:FEED", group)])
    registry = Registry(built_in)
    kinds = [connector.kind for connector in registry]
    assert kinds == ["modbus_tcp", "rest", *(["mqtt"] if not message else [])]
    assert message in "".join(broken.text for broken in registry.broken)
    registry.links_model()


def test_a_broken_device_type_is_a_warning_and_an_error_where_it_is_used(broken: Run, tmp_path: Path) -> None:
    points = tmp_path / "twin_feed-1.0.dist-info" / "entry_points.txt"
    points.write_text("[twin_tui.device_types]\nkettle = twin_feed:KETTLE\n", encoding="utf-8")
    named = BROKEN.replace("connector feed (twin_feed:FEED", "device type kettle (twin_feed:KETTLE")
    assert broken(*OWN_RUN).returncode == 0
    done = broken("-m", "twin_tui", "check", "own.yaml")
    assert (done.returncode, done.stdout.count(f"warning: {named}")) == (0, 1)
    (tmp_path / "own.yaml").write_text("assets: [{type: kettle}]", encoding="utf-8")
    done = broken(*OWN_RUN)
    assert done.returncode == 2
    assert f"own.yaml:1: assets[0].type: unknown device type 'kettle'; {named}" in done.stderr


def test_damaged_metadata_of_a_package_blocks_nobody(broken: Run, tmp_path: Path) -> None:
    info = tmp_path / "damaged-1.0.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text("[twin_tui.connectors]\nno entry point\n", encoding="utf-8")
    done = broken(*OWN_RUN)
    assert done.returncode == 0, done.stderr
