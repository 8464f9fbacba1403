"""What every protocol says about itself, so that nobody else has to know it.

A *connector* is one protocol: its name, its keys in a site file and their flags on the command line, and the
wires it makes for a twin. A *wire* is one thing that is opened and closed: a TCP port, a serial line, a
connection to an energy manager. ``registry.py`` has the connectors, docs/connectors.md an example.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Protocol, TypeVar, cast, get_args

from pydantic import PlainValidator, SecretStr, ValidationInfo, model_validator

from twin_tui.documents.model import Model
from twin_tui.documents.values import Text, to_text
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import LinkFault
from twin_tui.engine.snapshot import LogKind
from twin_tui.engine.view import LinkView, TrafficLine

T = TypeVar("T")

NO_DEVICES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Flag:
    """Marks a key of a connector's settings that ``twin-tui run`` takes as a flag too."""

    name: str
    """Such as ``--mqtt``."""
    help: str
    metavar: str = ""
    """What stands for the value in the help; a flag without one is a switch."""
    needs: str = ""
    """The key without which this one has no effect."""


class Entry(Model):
    """The keys of one entry of an asset's ``protocols``."""

    kind: Text
    comment: Any = None


class Settings(Model):
    """The keys of a connector for the whole site, under ``links``; those with a ``Flag`` are flags too."""

    @model_validator(mode="after")
    def _none_without_effect(self) -> "Settings":
        for key in self.model_fields_set:
            flag = flag_of(type(self), key)
            if flag is not None and flag.needs and getattr(self, flag.needs) is None:
                raise ValueError(f"{key} needs {flag.needs}")
        return self


def _to_output(found: Any, info: ValidationInfo) -> Path:
    folder = getattr(info.context, "folder", Path())
    return Path(folder, found if isinstance(found, Path) else to_text(found))


OutputFile = Annotated[Path, PlainValidator(_to_output)]
"""A file that a wire writes: in a site file relative to it, on the command line to the working folder."""


def flag_of(model: type[Model], key: str) -> Flag | None:
    """Return the flag of a key, if it has one."""
    return next((item for item in model.model_fields[key].metadata if isinstance(item, Flag)), None)


def secret_keys(model: type[Model]) -> set[str]:
    """Return the keys whose values stay out of recordings: those that are a ``SecretStr``."""
    return {key for key, item in model.model_fields.items() if _holds_secret(item.annotation)}


def _holds_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(map(_holds_secret, get_args(annotation)))


class Endpoint(Protocol):
    """One device as one protocol reaches it: what a connector makes of an entry. Nobody changes it."""

    @property
    def kind(self) -> str: ...
    @property
    def device(self) -> str: ...
    @property
    def devices(self) -> Mapping[str, str]:
        """Further devices that are reached together with it: role → name."""


@dataclass(frozen=True, slots=True)
class Entered:
    """The endpoint of a connector that has no form of its own for it: the entry as it was written."""

    devices: ClassVar[Mapping[str, str]] = NO_DEVICES
    kind: str
    device: str
    options: Any


@dataclass(frozen=True, slots=True)
class Reading:
    """Where an entry was read: its asset, its file, and who takes what is wrong with it."""

    device: str
    device_kind: str
    default_map: str
    """The register map of the device's type, "" when it has none."""
    folder: Path
    """The folder of the site file."""
    map_root: Path
    settings: Any
    """The connector's settings for the whole site, if the file has any."""
    place: str
    complain: Callable[[str, str], None]
    """Takes a place in the file and what is wrong there."""


class StateLog:
    """Notes in the log of a twin how a connection is, whenever that changes."""

    def __init__(self, engine: Engine, device: str, origin: str, kind: LogKind = LogKind.LINK) -> None:
        self._engine = engine
        self._device, self._origin, self._kind = device, origin, kind
        self._last = ""

    def __call__(self, text: str) -> None:
        """Note the state, unless it is the one that was noted last."""
        if text != self._last:
            self._last = text
            self._engine.note(self._kind, self._device, text, self._origin)

    def watch(self, task: asyncio.Task[None]) -> asyncio.Task[None]:
        """Have the failure of a background task noted; nobody else would hear of it."""
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self(f"{task.get_name()} has failed: {error!r}")


@dataclass(frozen=True, slots=True)
class Wiring:
    """What the wires of one connector in one twin are made from."""

    engine: Engine
    endpoints: Sequence[Any]
    """The connector's endpoints, in the order of the site file."""
    settings: Any = None
    """The connector's settings for the whole site; None when neither file nor command line has any."""
    shared: dict[object, object] = field(default_factory=dict)
    """What the wires of all connectors have in common."""

    def share(self, make: Callable[[Engine], T]) -> T:
        """Return what the wires of a twin have in common, made once from its engine: a class's one object."""
        if make not in self.shared:
            self.shared[make] = make(self.engine)
        return cast(T, self.shared[make])

    def log(self, device: str = "", origin: str = "", kind: LogKind = LogKind.LINK) -> StateLog:
        """Return what notes the state of a connection, of a device or of the whole site."""
        return StateLog(self.engine, device, origin, kind)


class Wire:
    """One thing that is opened and closed with a twin's servers. Making it opens nothing."""

    endpoints: Sequence[Endpoint] = ()
    """Whom it serves; none when it serves the whole site."""

    async def open(self) -> None:
        """Begin; raise LinkError, with nothing left open, for what cannot be had."""

    async def close(self) -> None:
        """End, and let go of everybody; called only after ``open``."""

    def tcp_port(self, device: str, unit: int | None = None) -> int | None:
        """Return the TCP port at which a device answers, 0 until one is chosen, None without one."""
        return None

    def lines(self) -> Iterable[str]:
        """Return what a headless run lists when it starts, one line each."""
        return ()

    def views(self, now_s: float) -> Iterable[LinkView]:
        """Return what a console shows of it while it is open; ``now_s`` is monotonic wall time."""
        return ()

    def traffic(self, device: str, now_s: float) -> Sequence[TrafficLine] | None:
        """Return the newest frames of a device, kept from the first call on; None where none are kept."""
        return None

    def stop_traffic(self) -> None:
        """Keep no frames any more."""

    def impose(self, fault: LinkFault) -> None:
        """Misbehave as a link fault says, if it is one for this wire."""

    def lift(self, label: str) -> None:
        """Misbehave no more under that label, or, for an empty one, no more at all."""


class Connector:
    """One protocol. A package adds its own under the entry-point group ``twin_tui.connectors``."""

    kind: ClassVar[str]
    """Its name in site files: ``kind`` of an entry under ``protocols``, key under ``links``."""
    entry: ClassVar[type[Entry] | None] = None
    settings: ClassVar[type[Settings] | None] = None
    flat: ClassVar[bool] = False
    """Whether its settings stand in ``links`` itself instead of under its kind."""
    link_faults: ClassVar[bool] = False
    """Whether link faults act on its endpoints."""

    def plan(self, entry: Any, reading: Reading) -> Endpoint | None:
        """Return the endpoint of an entry, or None after complaining."""
        return Entered(self.kind, reading.device, entry)

    def check(self, placed: Collection[tuple[str, Any]], complain: Callable[[str, str], None]) -> None:
        """Complain of endpoints, given with their places in the file, that cannot be opened together."""

    def source(self, endpoint: Any) -> dict[str, Any]:
        """Return an endpoint as an entry of a site file without its secrets.

        A path stands for a YAML or JSON file of the user's, whose content is put in its place.
        """
        options: Model = endpoint.options
        keys = options.model_fields_set - secret_keys(type(options))
        return {**options.model_dump(mode="json", include=keys), "kind": self.kind}

    def wires(self, wiring: Wiring) -> Iterable[Wire]:
        """Return what is opened in a twin; raise TwinError for what does not fit its devices."""
        raise NotImplementedError
