"""Calls into the code of connectors: each error becomes one message that names the connector."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

from twin_tui.engine.agenda import ON_FAILURE
from twin_tui.engine.engine import Engine
from twin_tui.engine.snapshot import LogKind
from twin_tui.errors import ConfigError, LinkError, RunError, TwinError, shown, unexpected
from twin_tui.protocols.connector import Connector, Wire, Wiring

T = TypeVar("T")


@contextmanager
def errors_of(name: str, doing: str, kind: type[TwinError] = ConfigError) -> Iterator[None]:
    """Raise an unexpected error of a connector as a TwinError with its name, an OSError as a LinkError."""
    try:
        yield
    except TwinError:
        raise
    except OSError as error:
        raise LinkError(f"{name}: {error.strerror or error}") from error
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise kind(f"{name}: {doing} failed: {unexpected(error)}") from error
    except (Exception, SystemExit) as error:  # whatever the code of another package raises
        raise kind(f"{name}: {doing} failed: {unexpected(error)}") from error


def listed(found: object, kind: type[T], what: str) -> list[T]:
    """Return the items of a result; raise ConfigError for a result or an item of another type."""
    expected = f"expected {kind.__name__} items"
    if isinstance(found, str | bytes) or not isinstance(found, Iterable):
        raise ConfigError(f"{what} returned {shown(found)}; {expected}")
    items = list(found)
    for item in items:
        if not (isinstance(item, kind) and _fits(item, kind)):
            raise ConfigError(f"{what} returned an item {shown(item)}; {expected}")
    return items


def _fits(item: object, kind: type[object]) -> bool:
    """Return whether the plain fields of an item have the types that its class declares."""
    plain: dict[object, Any] = {str: str, int: int, float: (int, float)}
    known = getattr(kind, "__annotations__", {}).items()
    return all(isinstance(getattr(item, name), plain[cls]) for name, cls in known if cls in plain)


class Guard:
    """Calls the wires of one twin; one that fails while it is open is an ALARM, once, and the run goes on."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._names: dict[int, str] = {}
        self._reported: set[tuple[str, str]] = set()
        self.failure = ""
        """What failed first while wires were open."""

    def wires(self, connector: Connector, wiring: Wiring) -> list[Wire]:
        """Return the wires of a connector; raise TwinError."""
        name = f"connector {connector.kind}"
        with errors_of(name, "wires"), self._watching(name):
            found = listed(connector.wires(wiring), Wire, f"{name}: wires")
            for wire in found:
                self._names[id(wire)] = f"{name}: {_served(wire)}"
        return found

    def name(self, wire: Wire) -> str:
        """Return the connector, the class and the devices of a wire, for messages."""
        return self._names.get(id(wire)) or _served(wire)

    async def open(self, wire: Wire) -> None:
        """Open a wire; raise TwinError."""
        name = self.name(wire)
        with errors_of(name, "open", RunError), self._watching(name):
            await wire.open()

    async def close(self, wire: Wire) -> None:
        """Close a wire; raise RunError."""
        try:
            with errors_of(self.name(wire), "close", RunError):
                await wire.close()
        except LinkError as error:
            raise RunError(f"a connection could not be closed: {error}") from error

    def lines(self, wire: Wire) -> list[str]:
        """Return the lines of a wire; raise TwinError."""
        name = self.name(wire)
        with errors_of(name, "lines", RunError):
            return listed(wire.lines(), str, f"{name}: lines")

    def call(self, wire: Wire, method: str, work: Callable[[], T], otherwise: T) -> T:
        """Return the result of a method of an open wire, or something else after an ALARM."""
        name = self.name(wire)
        try:
            with errors_of(name, method, RunError):
                return work()
        except TwinError as error:
            self._report(name, method, str(error))
            return otherwise

    def restart(self) -> None:
        """Forget what has failed so far."""
        self._reported.clear()
        self.failure = ""

    @contextmanager
    def _watching(self, name: str) -> Iterator[None]:
        """Report errors of callbacks and tasks that begin here, whenever they occur."""
        token = ON_FAILURE.set(partial(self._failed, name))
        try:
            yield
        finally:
            ON_FAILURE.reset(token)

    def _failed(self, name: str, what: str, error: BaseException) -> None:
        self._report(name, what, f"{name}: {what} failed: {unexpected(error)}")

    def _report(self, name: str, what: str, text: str) -> None:
        self.failure = self.failure or text
        if (name, what) not in self._reported:
            self._reported.add((name, what))
            self._engine.note(LogKind.ALARM, "", text)


def _served(wire: Wire) -> str:
    return f"{type(wire).__name__} of {', '.join(e.device for e in wire.endpoints) or 'the site'}"
