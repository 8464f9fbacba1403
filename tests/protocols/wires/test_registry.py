"""The registry of connectors, and what it asks of them."""

import errno
from collections.abc import Iterable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import SecretStr

from twin_tui.cli.wire_flags import wire_options
from twin_tui.config import load_site
from twin_tui.engine import packages
from twin_tui.errors import ConfigError, LinkError, RunError, TwinError
from twin_tui.protocols import registry as registries
from twin_tui.protocols.connector import Connector, Flag, LinkSettings, Wire, Wiring
from twin_tui.protocols.registry import Registry, connectors
from twin_tui.twin import Twin

BATTERY = {"assets": [{"type": "battery", "name": "bess"}]}
DONE: list[str] = []


class Bell(Wire):
    """Notes what is done to it."""

    def __init__(self, name: str, fails: bool = False) -> None:
        self.name, self.fails = name, fails

    async def open(self) -> None:
        if self.fails:
            raise LinkError(f"{self.name} is cracked")
        DONE.append(f"open {self.name}")

    async def close(self) -> None:
        DONE.append(f"close {self.name}")


class BellSettings(LinkSettings):
    fails: bool = False


class Bells(Connector):
    kind = "bells"
    settings = BellSettings

    def wires(self, wiring: Wiring) -> list[Wire]:
        return [Bell("small"), Bell("large", wiring.settings.fails)]


class Nameless(Connector):
    wires = Bells.wires


SECOND, NAMELESS = Bells(), Nameless()


@pytest.fixture(autouse=True)
def bells() -> Iterator[None]:
    connectors.add(Bells())
    DONE.clear()
    yield
    connectors.remove("bells")


async def test_wires_are_opened_in_order_and_closed_together() -> None:
    async with Twin.from_dict({**BATTERY, "links": {"bells": {}}}):
        assert DONE == ["open small", "open large"]
    assert sorted(DONE[2:]) == ["close large", "close small"]


async def test_when_one_wire_cannot_be_opened_those_before_it_are_closed() -> None:
    twin = Twin.from_dict({**BATTERY, "links": {"bells": {"fails": True}}})
    with pytest.raises(LinkError, match="large is cracked"):
        await twin.start()
    assert DONE == ["open small", "close small"]
    await twin.stop()
    assert DONE == ["open small", "close small"]


async def test_a_site_that_says_nothing_of_a_connector_has_none_of_its_wires() -> None:
    for links in ({}, {"links": {}}, {"links": {"bells": None}}):
        async with Twin.from_dict({**BATTERY, **links}):
            assert DONE == []


def test_two_connectors_of_one_kind_are_refused() -> None:
    with pytest.raises(ConfigError, match="'bells' is already registered"):
        connectors.add(Bells())


def test_a_secret_that_a_recording_could_not_do_without_is_refused() -> None:
    class Open(LinkSettings):
        key: SecretStr

    class Sesame(Bells):
        kind = "sesame"
        settings = Open

    with pytest.raises(ConfigError, match=r"'sesame': key is a secret, .* needs a default"):
        connectors.add(Sesame())
    assert "sesame" not in [connector.kind for connector in connectors]


def test_a_kind_that_cannot_be_a_key_is_refused() -> None:
    class Odd(Bells):
        kind = "od d"

    with pytest.raises(ConfigError, match="expected letters"):
        connectors.add(Odd())


def test_a_flag_that_is_taken_is_refused() -> None:
    class Loud(LinkSettings):
        port: Annotated[int, Flag("--rest", "How loud.", "N")] = 1

    class Gong(Bells):
        kind = "gong"
        settings = Loud

    connectors.add(Gong())
    try:
        with pytest.raises(ConfigError, match="'gong': flag --rest is already used by rest"):
            wire_options([])
    finally:
        connectors.remove("gong")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("no_such_module:X", r"connector strange \(no_such_module:X\) could not be loaded: No module"),
        ("json:dumps", r"connector strange \(json:dumps\): expected a Connector, found <function"),
        ("twin_tui.protocols.rest.connector:RestConnector", "expected a Connector, found <class"),
        (f"{__name__}:SECOND", r"strange \(.*:SECOND\): connector 'bells' is already registered"),
        (f"{__name__}:NAMELESS", r"strange \(.*:NAMELESS\): connector None: invalid kind"),
    ],
)
def test_an_entry_point_that_gives_no_connector_is_named(
    value: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = EntryPoint("strange", value, registries.GROUP)
    monkeypatch.setattr(packages, "entry_points", lambda group: [entry] if group == registries.GROUP else [])
    registry = Registry((Bells(),))
    for kind in ("strange", "other"):
        assert [connector.kind for connector in registry] == ["bells"]
        with pytest.raises(ConfigError, match=message):
            registry[kind]


def test_a_module_that_fails_by_itself_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_wire.py").write_text("1 / 0\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    entry = EntryPoint("strange", "broken_wire:X", registries.GROUP)
    monkeypatch.setattr(packages, "entry_points", lambda group: [entry])
    registry = Registry(())
    assert list(registry) == []
    message = r"strange \(broken_wire:X\) could not be loaded: division by zero \(broken_wire.py, line 1\)"
    with pytest.raises(ConfigError, match=message):
        registry["strange"]


def test_an_unknown_key_of_links_names_the_nearest_connector() -> None:
    with pytest.raises(ConfigError, match=r"unknown key bels in links; did you mean bells\?"):
        load_site({**BATTERY, "links": {"bels": {}}})


def test_every_protocol_of_the_package_is_a_connector() -> None:
    kinds = [connector.kind for connector in connectors]
    assert kinds[:5] == ["modbus_tcp", "modbus_rtu", "s2", "eos", "rest"]


class BrokenWire(Wire):
    """A wire of another package that lets its errors through."""

    def __init__(self, where: str) -> None:
        self.where = where

    def _at(self, where: str) -> None:
        if where == self.where:
            raise OSError(errno.ENODEV, "No such device")

    async def open(self) -> None:
        self._at("open")

    async def close(self) -> None:
        self._at("close")

    def lines(self) -> Iterable[str]:
        self._at("lines")
        return ()


@pytest.mark.parametrize(
    ("where", "error", "message"),
    [
        ("open", LinkError, "BrokenWire of the site: No such device"),
        ("lines", LinkError, "BrokenWire of the site: No such device"),
        ("close", RunError, "a connection could not be closed"),
    ],
)
async def test_an_error_of_the_system_in_a_wire_of_others_is_one_message(
    where: str, error: type[TwinError], message: str
) -> None:
    twin = Twin.from_dict({"real_time": False, "assets": [{"type": "load"}]})
    twin.links.wires.append(BrokenWire(where))

    async def run() -> None:
        await twin.start()
        try:
            list(twin.links.lines())
        finally:
            await twin.stop()

    with pytest.raises(error, match=message):
        await run()
