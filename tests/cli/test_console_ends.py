"""What a console leaves on the terminal when its twin ends."""

import asyncio
import io
import logging
from socket import socket
from types import SimpleNamespace
from typing import Any

import pytest

from twin_tui import ConfigError, Twin, TwinError
from twin_tui.console import start
from twin_tui.console.settings import Settings
from twin_tui.engine.view import ViewRequest
from twin_tui.errors import ExitCode
from twin_tui.session.thread import TwinThread

SITE: dict[str, Any] = {"name": "small", "assets": [{"type": "battery", "name": "bess", "capacity_kwh": 10}]}


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return 0


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    shown = Terminal()
    monkeypatch.setattr(start, "sys", SimpleNamespace(stdin=Terminal(), stderr=shown))
    monkeypatch.setattr(start, "end_with_terminal", lambda terminal: None)
    return shown


def test_a_failed_simulation_is_named_last_and_ends_with_the_exit_code_of_a_headless_run(
    monkeypatch: pytest.MonkeyPatch, terminal: Terminal, caplog: pytest.LogCaptureFixture
) -> None:
    async def watch(thread: TwinThread) -> None:
        while True:
            await thread.frame(ViewRequest())

    def show(thread: TwinThread, *_: object) -> int:
        with pytest.raises(TwinError):
            asyncio.run(watch(thread))
        return 1

    monkeypatch.setattr(start, "_show", show)
    twin = Twin.from_dict(SITE, speed=1000)
    twin.engine.watch(5, lambda: 1 / 0)
    with caplog.at_level(logging.ERROR):
        assert start.run_console(twin, servers=False) == 3
    last = terminal.getvalue().splitlines()[-1]
    assert last == "twin-tui: the simulation failed at 5 s: ZeroDivisionError: division by zero"
    assert "the simulation failed" in caplog.text


def test_a_recording_that_is_incomplete_at_the_end_is_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    twin = Twin.from_dict(SITE)

    def fail() -> None:
        raise ConfigError("run.jsonl: the recording is incomplete: No space left on device")

    monkeypatch.setattr(twin, "stop_recording", fail)
    monkeypatch.setattr(start, "_show", lambda *_: 0)
    with pytest.raises(ConfigError, match="incomplete"):
        start.run_console(twin, servers=False)


def test_a_server_that_has_died_ends_the_console_with_3_and_is_named(
    monkeypatch: pytest.MonkeyPatch, terminal: Terminal
) -> None:
    protocol = {"kind": "modbus_tcp", "port": 0, "register_map": "bess_modbus"}
    twin = Twin.from_dict({**SITE, "assets": [{**SITE["assets"][0], "protocols": [protocol]}]})

    def show(thread: TwinThread, *_: object) -> int:
        (server,) = thread.twin.links.servers
        server.failure = "127.0.0.1:502 accepts no clients any more: OSError()"
        return 0

    monkeypatch.setattr(start, "_show", show)
    assert start.run_console(twin) == ExitCode.FAILED
    assert terminal.getvalue().splitlines()[-1] == (
        "twin-tui: 127.0.0.1:502 accepts no clients any more: OSError()"
    )


def test_what_is_wrong_in_the_users_file_is_on_stderr_and_in_the_log(
    monkeypatch: pytest.MonkeyPatch, terminal: Terminal
) -> None:
    monkeypatch.setattr(start, "_show", lambda *_: 0)
    twin = Twin.from_dict(SITE)
    said = "console.toml:2: hz: expected a number, found 'x'; the default 4.0 is used"
    assert start.run_console(twin, servers=False, settings=Settings(mistakes=(said, "another"))) == 0
    assert terminal.getvalue().splitlines() == [f"twin-tui: {said}", "twin-tui: another"]
    noted = [entry for entry in twin.engine.log if entry.origin == "console"]
    assert [entry.text for entry in noted] == [said, "another"]


def test_a_start_that_fails_does_not_use_up_the_tour(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[bool] = []
    monkeypatch.setattr(start, "tour_shown", lambda: shown.append(True))
    monkeypatch.setattr(start, "_show", lambda *_: 0)
    with socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        protocol = {"kind": "modbus_tcp", "port": taken.getsockname()[1], "register_map": "bess_modbus"}
        twin = Twin.from_dict({**SITE, "assets": [{**SITE["assets"][0], "protocols": [protocol]}]})
        with pytest.raises(TwinError, match="in use"):
            start.run_console(twin, settings=Settings(tour=True))
    assert not shown
    assert start.run_console(Twin.from_dict(SITE), servers=False, settings=Settings(tour=True)) == 0
    assert shown == [True]
