"""Whatever the code of a connector raises or returns is one message that names it, and no traceback."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import AfterValidator

from twin_tui import CommandError, RunError, Twin
from twin_tui.cli.ending import end
from twin_tui.cli.main import invoke
from twin_tui.engine.events import LinkFault
from twin_tui.engine.link_view import LinkView, TrafficLine
from twin_tui.engine.snapshot import LogKind
from twin_tui.engine.view import ViewRequest
from twin_tui.protocols.connector import (
    Connector,
    EntryContext,
    EntryEndpoint,
    Flag,
    LinkSettings,
    ProtocolEntry,
    Wire,
    Wiring,
)
from twin_tui.protocols.modbus.fault_rules import LinkFaultKind
from twin_tui.protocols.registry import connectors
from twin_tui.session.local import LocalSession

Method = Callable[..., Any]
BEHAVIOUR: dict[str, Method] = {}
"""What a method of the connector or of its wire does in place of its duty."""


def fails(*_: Any) -> Any:
    return 1 / len(BEHAVIOUR["none"]())


def ends_the_process(*_: Any) -> Any:
    raise SystemExit(0)


def behave(method: str, otherwise: Method, *args: Any) -> Any:
    return BEHAVIOUR.get(method, otherwise)(*args)


def checked(found: int) -> int:
    return found if found < 10 else fails()


class ShakyEntry(ProtocolEntry):
    level: Annotated[int, AfterValidator(checked)] = 1


class ShakySettings(LinkSettings):
    level: Annotated[int, AfterValidator(checked), Flag("--shaky", "How shaky.", "N")] = 1


class ShakyWire(Wire):
    def __init__(self, wiring: Wiring) -> None:
        behave("constructor", lambda: None)
        self.endpoints = wiring.endpoints
        self.wiring = wiring
        self.is_open = False

    def open(self) -> Awaitable[None]:  # type: ignore[override]
        async def really() -> None:
            self.is_open = True
            behave("in open", lambda wire: None, self)

        return behave("open", really)  # type: ignore[no-any-return]

    def close(self) -> Awaitable[None]:  # type: ignore[override]
        async def really() -> None:
            self.is_open = False

        return behave("close", really)  # type: ignore[no-any-return]

    def lines(self) -> Any:
        return behave("lines", lambda: ["shaky"])

    def views(self, now_s: float) -> Any:
        return behave("views", lambda: [LinkView("bess", "here", "shaky")])

    def traffic(self, device: str, now_s: float) -> Any:
        return behave("traffic", lambda: [TrafficLine(1, 0.0, "me", "hello")])

    def stop_traffic(self) -> None:
        behave("stop_traffic", lambda: None)

    def tcp_port(self, device: str, unit: int | None = None) -> Any:
        return behave("tcp_port", lambda: 7)

    def failure(self) -> Any:
        return behave("failure", str)

    def impose(self, fault: LinkFault) -> None:
        behave("impose", lambda: None)

    def lift(self, label: str) -> None:
        behave("lift", lambda: None)


class ShakyConnector(Connector):
    kind = "shaky"
    entry = ShakyEntry
    settings = ShakySettings

    def link_faults(self, endpoint: object) -> dict[str, str]:
        return {kind.value: kind.value for kind in LinkFaultKind}

    def plan(self, entry: Any, context: EntryContext) -> Any:
        return behave("plan", super().plan, entry, context)

    def check(self, placed: Any, complain: Any) -> None:
        behave("check", super().check, placed, complain)

    def source(self, endpoint: Any) -> Any:
        return behave("source", super().source, endpoint)

    def wires(self, wiring: Wiring) -> Any:
        return behave("wires", lambda: [ShakyWire(wiring)])


@pytest.fixture(autouse=True)
def shaky() -> Iterator[None]:
    connectors.add(ShakyConnector())
    BEHAVIOUR.clear()
    BEHAVIOUR["none"] = list
    yield
    connectors.remove("shaky")


def site(**keys: Any) -> dict[str, Any]:
    own = [{"kind": "shaky", **keys}]
    return {"real_time": False, "assets": [{"type": "battery", "name": "bess", "protocols": own}]}


Ended = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ended:
    """Return what runs a command line on the site and returns its exit code and standard error."""

    def call(*words: str, **keys: Any) -> tuple[int, str]:
        path = tmp_path / "site.json"
        path.write_text(json.dumps(site(**keys)))
        monkeypatch.setattr(sys, "argv", ["twin-tui", words[0], str(path), *words[1:]])
        code = end(invoke)
        return code, capsys.readouterr().err

    return call


HEADLESS = ("run", "--headless", "--duration", "2s", "--speed", "max")
NAMED = "connector shaky: "
WIRE = NAMED + "ShakyWire of bess: "
BY_ZERO = "failed: ZeroDivisionError: division by zero (test_a_connector_that_fails.py, line "


@pytest.mark.parametrize(
    ("method", "does", "code", "message"),
    [
        ("plan", fails, 2, f"{NAMED}plan {BY_ZERO}"),
        ("plan", ends_the_process, 2, f"{NAMED}plan failed: SystemExit: 0"),
        ("plan", lambda *_: None, 2, f"{NAMED}plan returned no endpoint and reported no error"),
        ("plan", lambda *_: "x", 2, f"{NAMED}plan failed: AttributeError: 'str' object has no"),
        ("plan", lambda *_: EntryEndpoint("s2", "bess", None), 2, f"{NAMED}plan returned EntryEndpoint"),
        ("plan", lambda *_: EntryEndpoint("shaky", 5, None), 2, f"{NAMED}plan returned EntryEndpoint"),  # type: ignore[arg-type]
        ("check", fails, 2, f"{NAMED}check {BY_ZERO}"),
        ("source", fails, 2, f"{NAMED}source {BY_ZERO}"),
        ("source", lambda *_: None, 2, f"{NAMED}source returned None; expected a dict"),
        ("source", lambda *_: {"a": object()}, 2, f"{NAMED}source failed: TypeError: expected plain data"),
        ("wires", fails, 2, f"{NAMED}wires {BY_ZERO}"),
        ("wires", lambda: None, 2, f"{NAMED}wires returned None; expected Wire items"),
        ("wires", lambda: ["x"], 2, f"{NAMED}wires returned an item 'x'; expected Wire items"),
        ("wires", lambda: (fails() for _ in "x"), 2, f"{NAMED}wires {BY_ZERO}"),
        ("constructor", fails, 2, f"{NAMED}wires {BY_ZERO}"),
        ("open", fails, 3, f"{WIRE}open {BY_ZERO}"),
        ("open", ends_the_process, 3, f"{WIRE}open failed: SystemExit: 0"),
        ("open", lambda: None, 3, f"{WIRE}open failed: TypeError: "),
        ("close", fails, 3, f"{WIRE}close {BY_ZERO}"),
        ("close", lambda: None, 3, f"{WIRE}close failed: TypeError: "),
        ("lines", fails, 3, f"{WIRE}lines {BY_ZERO}"),
        ("lines", lambda: None, 2, f"{WIRE}lines returned None; expected str items"),
        ("lines", lambda: [5], 2, f"{WIRE}lines returned an item 5; expected str items"),
    ],
)
def test_an_error_of_its_code_ends_a_run_with_one_message(
    run: Ended, method: str, does: Method, code: int, message: str
) -> None:
    BEHAVIOUR[method] = does
    ended, text = run(*HEADLESS)
    assert ended == code, text
    (line,) = [line for line in text.splitlines() if message in line]
    assert "Traceback" not in text
    if code == 2:
        assert line in text.splitlines()[-1]
    if method in ("plan", "check", "source", "wires", "constructor"):
        checked, text = run("check")
        assert checked == 2
        assert message in text


@pytest.mark.parametrize(
    ("words", "keys"),
    [(HEADLESS, {"level": 10}), (("check",), {"level": 10}), ((*HEADLESS, "--shaky", "10"), {})],
)
def test_an_error_of_its_keys_is_one_message(
    run: Ended, words: Sequence[str], keys: Mapping[str, Any]
) -> None:
    code, text = run(*words, **keys)
    assert code == 2
    assert f"{NAMED}its keys {BY_ZERO}" in text
    assert "Traceback" not in text


def test_an_error_of_its_settings_is_one_message() -> None:
    with pytest.raises(Exception, match=r"links.shaky: connector shaky: ZeroDivisionError") as caught:
        Twin.from_dict({**site(), "links": {"shaky": {"level": 10}}})
    assert "Traceback" not in str(caught.value)


def alarms(twin: Twin) -> list[str]:
    return [entry.text for entry in twin.engine.log if entry.kind is LogKind.ALARM]


@pytest.mark.parametrize(
    ("method", "does", "message"),
    [
        ("views", fails, f"{WIRE}views {BY_ZERO}"),
        ("views", lambda: None, f"{WIRE}views returned None; expected LinkView items"),
        ("views", lambda: [LinkView("bess", None, "x")], f"{WIRE}views returned an item LinkView"),  # type: ignore[arg-type]
        ("views", lambda: [5], f"{WIRE}views returned an item 5"),
        ("traffic", fails, f"{WIRE}traffic {BY_ZERO}"),
        ("traffic", lambda: "hello", f"{WIRE}traffic returned 'hello'; expected TrafficLine items"),
        ("stop_traffic", fails, f"{WIRE}stop_traffic {BY_ZERO}"),
        ("impose", fails, f"{WIRE}impose {BY_ZERO}"),
        ("lift", fails, f"{WIRE}lift {BY_ZERO}"),
        ("tcp_port", fails, f"{WIRE}tcp_port {BY_ZERO}"),
        ("failure", fails, f"{WIRE}failure {BY_ZERO}"),
    ],
)
async def test_one_that_fails_while_it_is_open_is_one_alarm_and_the_twin_runs_on(
    method: str, does: Method, message: str
) -> None:
    BEHAVIOUR[method] = does
    async with Twin.from_dict(site()) as twin:
        screen = LocalSession(twin)
        for device in ("bess", "", "bess", ""):
            await screen.frame(ViewRequest(traffic_device=device))
            twin.submit(LinkFault("bess", {"kind": "silence"}, label="quiet"))
            twin.advance(1)
            twin.links.tcp_ports("bess")
            twin.links.failure()
        assert alarms(twin) == [text for text in alarms(twin) if text.startswith(message)][:1]
        assert len(alarms(twin)) == 1
        assert twin.links.failure().startswith(message)
        assert twin.time_s == 4


def watch(wire: ShakyWire) -> None:
    wire.wiring.engine.watch(0.5, fails)


def watched_task(wire: ShakyWire) -> None:
    async def work() -> None:
        fails()

    wire.wiring.log().watch(asyncio.create_task(work(), name="shaky work"))


async def failing_work() -> None:
    await asyncio.sleep(0)
    fails()


def unwatched_task(wire: ShakyWire) -> None:
    asyncio.create_task(failing_work())  # noqa: RUF006 - as a careless connector does


def callback_of_the_loop(wire: ShakyWire) -> None:
    asyncio.get_running_loop().call_soon(fails)


@pytest.mark.parametrize(
    ("does", "what"),
    [
        (watch, "callback"),
        (watched_task, "shaky work"),
        (unwatched_task, "background task"),
        (callback_of_the_loop, "background task"),
    ],
)
def test_a_callback_or_task_that_fails_is_an_alarm_and_the_run_ends_with_3_at_its_end(
    run: Ended, does: Method, what: str
) -> None:
    BEHAVIOUR["in open"] = does
    code, text = run(*HEADLESS)
    assert code == 3
    assert f"ALARM               {WIRE}{what} {BY_ZERO}" in text
    assert text.splitlines()[-1].startswith(f"twin-tui: {WIRE}{what} {BY_ZERO}")
    assert "Traceback" not in text


def test_the_failure_of_a_task_that_is_kept_and_never_awaited_ends_the_run_with_3(run: Ended) -> None:
    def keep(wire: ShakyWire) -> None:
        task = asyncio.create_task(failing_work())
        BEHAVIOUR["kept"] = lambda: task

    BEHAVIOUR["in open"] = keep
    code, text = run(*HEADLESS)
    assert code == 3
    assert text.splitlines()[-1].startswith(f"twin-tui: {WIRE}background task {BY_ZERO}")
    assert "Traceback" not in text


async def test_a_task_whose_failure_the_connector_handles_is_no_alarm() -> None:
    async def handled() -> None:
        with pytest.raises(ZeroDivisionError):
            await asyncio.create_task(failing_work())

    BEHAVIOUR["in open"] = lambda wire: wire.wiring.log().watch(asyncio.create_task(handled()))
    async with Twin.from_dict(site()) as twin:
        await asyncio.sleep(0.01)
        assert asyncio.get_running_loop().get_task_factory() is not None
    assert not [entry for entry in twin.engine.log if entry.kind is LogKind.ALARM]
    assert asyncio.get_running_loop().get_task_factory() is None


async def test_a_program_keeps_the_task_factory_of_its_loop() -> None:
    def own(loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> asyncio.Task[Any]:
        return asyncio.Task(work, loop=loop, **options)

    loop = asyncio.get_running_loop()
    loop.set_task_factory(own)
    async with Twin.from_dict(site()):
        assert loop.get_task_factory() is own
    assert loop.get_task_factory() is own


async def test_a_callback_that_fails_is_not_called_again() -> None:
    calls: list[float] = []
    BEHAVIOUR["in open"] = lambda wire: wire.wiring.engine.watch(1.0, lambda: calls.append(1) or fails())
    async with Twin.from_dict(site()) as twin:
        twin.advance(5)
        assert twin.time_s == 5
    assert len(calls) == 1


async def test_a_callback_of_the_caller_still_ends_the_run() -> None:
    async with Twin.from_dict(site()) as twin:
        twin.engine.watch(1.0, fails)
        with pytest.raises(ZeroDivisionError):
            twin.advance(5)


async def test_open_that_cancels_itself_is_no_cancellation_of_the_start() -> None:
    async def cancelled() -> None:
        raise asyncio.CancelledError

    BEHAVIOUR["open"] = cancelled
    with pytest.raises(RunError, match="open failed: CancelledError"):
        await Twin.from_dict(site()).start()


async def test_all_others_are_closed_where_one_cannot_be() -> None:
    twin = Twin.from_dict(site())
    first = twin.links.wires[0]
    assert isinstance(first, ShakyWire)
    second = ShakyWire(first.wiring)
    twin.links.wires.append(second)
    await twin.start()
    BEHAVIOUR["close"] = lambda: BEHAVIOUR.pop("close") and fails()
    with pytest.raises(RunError, match="close failed: ZeroDivisionError"):
        await twin.stop()
    assert (first.is_open, second.is_open) == (True, False)
    await twin.start()
    await twin.stop()


async def test_stop_ends_a_start_that_waits() -> None:
    waiting = asyncio.Event()

    async def never() -> None:
        waiting.set()
        await asyncio.Event().wait()

    twin = Twin.from_dict({**site(), "links": {"rest": {"port": 0}}})
    twin.links.wires.reverse()
    BEHAVIOUR["open"] = never
    starting = asyncio.create_task(twin.start())
    await waiting.wait()
    assert len(twin.links._open) == 1
    await twin.stop()
    assert twin.links._open == []
    with pytest.raises(CommandError, match="stopped while it was starting"):
        await starting
    BEHAVIOUR.pop("open")
    await twin.start()
    await twin.stop()
