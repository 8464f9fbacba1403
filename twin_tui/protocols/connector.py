"""The interface of a protocol; nothing else in the package depends on a particular protocol.

A *connector* is one protocol: its name, its keys in a site file, their flags on the command line, and its
wires. A *wire* is one thing that is opened and closed: a TCP port, a serial line, a
connection to an energy manager. ``registry.py`` has the connectors, docs/connectors.md an example.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Protocol, TypeVar, cast

from pydantic import model_validator

from twin_tui.documents.model import Model, holds_secret
from twin_tui.documents.values import Accepts, Text, to_text
from twin_tui.engine.agenda import ON_FAILURE, Watcher
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import LinkFault
from twin_tui.engine.link_view import LinkView, TrafficLine
from twin_tui.engine.signals import value
from twin_tui.engine.snapshot import LogKind

T = TypeVar("T")

NO_DEVICES: Mapping[str, str] = MappingProxyType({})


@value
class Flag:
    """Marks a key of a connector's settings that is also a flag of ``twin-tui run``."""

    name: str
    """Such as ``--mqtt``."""
    help: str
    metavar: str = ""
    """Placeholder for the value in the help; a flag without one is a switch."""
    needs: str = ""
    """The key without which this one has no effect."""
    instead_of: str = ""
    """The key that this one replaces."""
    writes: bool = False
    """Whether it names a file that is written."""


class ProtocolEntry(Model):
    """The keys of one entry of an asset's ``protocols``."""

    kind: Text
    comment: Any = None


class LinkSettings(Model):
    """The keys of a connector for the whole site, under ``links``; a key with a ``Flag`` is also a flag."""

    @model_validator(mode="after")
    def _none_without_effect(self) -> "LinkSettings":
        for key in self.model_fields_set:
            flag = flag_of(type(self), key)
            if flag is not None and flag.needs and getattr(self, flag.needs) is None:
                raise ValueError(f"{key} needs {flag.needs}")
            if flag is not None and flag.instead_of in self.model_fields_set:
                raise ValueError(f"give {flag.instead_of} or {key}, not both")
        return self


def _path(by: str) -> Accepts:
    """Return a type for files that the method ``by`` of the context finds."""

    def check(found: Any, context: Any) -> Path:
        place: Callable[[str], Path] = getattr(context, by, Path)
        return found if isinstance(found, Path) else place(to_text(found))

    return Accepts(check, {"type": "string"}, informed=True)


NamedFile = Annotated[Path, _path("file")]
"""A file that a wire reads: in the folder of the site file, or anywhere on the command line."""
WrittenFile = Annotated[Path, _path("place")]
"""The same of a file that a wire writes."""


def flag_of(model: type[Model], key: str) -> Flag | None:
    """Return the flag of a key, if it has one."""
    return next((item for item in model.model_fields[key].metadata if isinstance(item, Flag)), None)


def secret_keys(model: type[Model]) -> set[str]:
    """Return the keys whose values recordings leave out: those of type ``SecretStr``."""
    return {key for key, item in model.model_fields.items() if holds_secret(item.annotation)}


class Endpoint(Protocol):
    """One device on one protocol, made by a connector from an entry; immutable."""

    @property
    def kind(self) -> str: ...
    @property
    def device(self) -> str: ...
    @property
    def devices(self) -> Mapping[str, str]:
        """Further devices at the same endpoint: role → name."""


@value
class EntryEndpoint:
    """The endpoint of a connector that defines none: the entry itself."""

    devices: ClassVar[Mapping[str, str]] = NO_DEVICES
    kind: str
    device: str
    options: Any


@value
class EntryContext:
    """The context of an entry: its asset, its file, and where to report errors."""

    device: str
    device_kind: str
    default_map: str
    """The register map of the device's type, "" when it has none."""
    file: Callable[[str], Path]
    """Returns the path of a file that the site file names; ValueError for one that it may not name."""
    map_root: Path
    settings: Any
    """The connector's settings for the whole site, if the file has any."""
    place: str
    complain: Callable[[str, str], None]
    """Reports an error: its place in the file and the text."""


FLAPPING_S = 60.0
LISTED_OF_A_STATE, MOST_STATES = 3, 1000


class StateLog:
    """Logs the state of a connection whenever it changes; one that keeps changing once a minute."""

    def __init__(self, engine: Engine, device: str, origin: str, kind: LogKind = LogKind.LINK) -> None:
        self._engine = engine
        self._device, self._origin, self._kind = device, origin, kind
        self._last = ""
        self.failure = ""
        """What a watched task failed with."""
        self._seen: Counter[str] = Counter()
        """How often each state has come since the connection was last steady."""
        self._held, self._newest = 0, ""
        self._watcher: Watcher | None = None

    def __call__(self, text: str, state: str = "") -> None:
        """Log the state unless it equals the last one logged.

        ``state`` is what counts for that, where the text also has what differs each time.
        """
        state = state or text
        if state == self._last:
            return
        self._last = state
        if len(self._seen) > MOST_STATES:
            self._seen.clear()
        self._seen[state] += 1
        if self._watcher is None:
            self._watcher = self._engine.watch(FLAPPING_S, self.settle)
        if self._seen[state] > LISTED_OF_A_STATE:
            self._held, self._newest = self._held + 1, text
        else:
            self._note(text)

    def accepting(self, problem: str) -> None:
        """Log why clients have to wait, such as no file handles; with "" that they no longer do."""
        self(f"clients have to wait: {problem}" if problem else "clients are accepted again")

    def settle(self) -> None:
        """Log how often the state has changed without an entry, and what it is now."""
        held, self._held = self._held, 0
        if held:
            self._note(f"{held} more changes of the connection, the last: {self._newest}")
        elif self._watcher is not None:
            self._engine.unwatch(self._watcher)
            self._watcher = None
            self._seen.clear()

    def _note(self, text: str) -> None:
        self._engine.note(self._kind, self._device, text, self._origin)

    def watch(self, task: asyncio.Task[None]) -> asyncio.Task[None]:
        """Log an exception of a background task; nothing else would report it."""
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is None:
            return
        self.failure = f"{task.get_name()} failed: {error!r}"
        report = ON_FAILURE.get()
        if report is not None:
            report(task.get_name(), error)
        else:
            self._engine.note(LogKind.ALARM, self._device, self.failure, self._origin)


async def end_tasks(*tasks: asyncio.Task[Any] | None) -> None:
    """Cancel tasks and wait for them; end those of a closed event loop, which would not end them."""
    running = []
    for task in (task for task in tasks if task is not None and not task.done()):
        if not task.get_loop().is_closed():
            task.cancel()
            running.append(task)
        elif isinstance(work := task.get_coro(), Coroutine):
            with contextlib.suppress(RuntimeError):  # it waits for something at its end
                work.close()
    if running:
        await asyncio.wait(running)


@value
class Wiring:
    """The arguments for the wires of one connector in one twin."""

    engine: Engine
    endpoints: Sequence[Any]
    """The connector's endpoints, in the order of the site file."""
    settings: Any = None
    """The connector's settings for the whole site; None when neither file nor command line has any."""
    shared: dict[object, object] = field(default_factory=dict)
    """Objects that the wires of all connectors share."""

    def share(self, make: Callable[[Engine], T]) -> T:
        """Return ``make(engine)``, called once for all wires of a twin."""
        if make not in self.shared:
            self.shared[make] = make(self.engine)
        return cast(T, self.shared[make])

    def log(self, device: str = "", origin: str = "", kind: LogKind = LogKind.LINK) -> StateLog:
        """Return the log of a connection's state, for a device or for the whole site."""
        return StateLog(self.engine, device, origin, kind)


class Wire:
    """One thing that is opened and closed with a twin's servers; the constructor opens nothing."""

    endpoints: Sequence[Endpoint] = ()
    """The endpoints that it serves; none when it serves the whole site."""

    async def open(self) -> None:
        """Open; raise LinkError, with nothing left open, when that fails."""

    async def close(self) -> None:
        """Close, and disconnect every client; called only after ``open``."""

    def tcp_port(self, device: str, unit: int | None = None) -> int | None:
        """Return the TCP port of a device, 0 until one is assigned, None without one."""
        return None

    def lines(self) -> Iterable[str]:
        """Return the lines that a headless run prints when it starts."""
        return ()

    def views(self, now_s: float) -> Iterable[LinkView]:
        """Return what the console displays while it is open; ``now_s`` is monotonic wall time."""
        return ()

    def traffic(self, device: str, now_s: float) -> Sequence[TrafficLine] | None:
        """Return the newest frames of a device, kept from the first call on; None if not supported."""
        return None

    def failure(self) -> str:
        """Return why it has stopped working while it is open, "" if it has not."""
        return ""

    def lost(self) -> str:
        """Return which of its files is incomplete and why, once it is closed; "" if none is."""
        return ""

    def stop_traffic(self) -> None:
        """Stop keeping frames."""

    def impose(self, fault: LinkFault) -> None:
        """Start a link fault, if it concerns this wire."""

    def lift(self, label: str) -> None:
        """End the link faults with a label; an empty label ends all."""


class Connector:
    """One protocol. A package adds its own under the entry-point group ``twin_tui.connectors``."""

    kind: ClassVar[str]
    """Its name in site files: ``kind`` of an entry under ``protocols``, key under ``links``."""
    entry: ClassVar[type[ProtocolEntry] | None] = None
    settings: ClassVar[type[LinkSettings] | None] = None
    flat: ClassVar[bool] = False
    """Whether its settings are keys of ``links`` itself instead of under its kind."""

    def plan(self, entry: Any, context: EntryContext) -> Endpoint | None:
        """Return the endpoint of an entry, or None after reporting an error."""
        return EntryEndpoint(self.kind, context.device, entry)

    def check(self, placed: Collection[tuple[str, Any]], complain: Callable[[str, str], None]) -> None:
        """Report endpoints, given with their places in the file, that conflict with each other."""

    def source(self, endpoint: Any) -> dict[str, Any]:
        """Return an endpoint as an entry of a site file without its secrets.

        A path is that of a YAML or JSON file; the recording embeds its content.
        """
        options: Model = endpoint.options
        keys = options.model_fields_set - secret_keys(type(options))
        return {**options.model_dump(mode="json", include=keys), "kind": self.kind}

    def link_faults(self, endpoint: Any) -> Mapping[str, str]:
        """Return the kinds of link faults that an endpoint supports, each with its meaning."""
        return {}

    def wires(self, wiring: Wiring) -> Iterable[Wire]:
        """Return the wires of a twin; raise TwinError for endpoints that do not match its devices."""
        raise NotImplementedError
