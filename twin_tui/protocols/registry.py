"""The connectors of this process: the built-in ones and those of entry points."""

import re
from collections.abc import Collection, Iterable, Iterator
from functools import partial
from typing import Annotated, Any

from pydantic import WrapValidator, create_model

from twin_tui.documents.model import Model
from twin_tui.engine.packages import Broken, from_packages, why_missing
from twin_tui.errors import ConfigError, did_you_mean, shown, unexpected
from twin_tui.protocols.connector import (
    Connector,
    Endpoint,
    Flag,
    LinkSettings,
    ProtocolEntry,
    flag_of,
    secret_keys,
)
from twin_tui.protocols.eos.connector import EosConnector
from twin_tui.protocols.modbus.connector import ModbusRtuConnector, ModbusTcpConnector
from twin_tui.protocols.rest.connector import RestConnector
from twin_tui.protocols.s2.connector import S2Connector

GROUP = "twin_tui.connectors"
_KIND = re.compile(r"[^\W_]\w*")
_FLAG = re.compile(r"--[a-z][a-z0-9-]*")


class Registry:
    """Connectors by kind, in the order in which their wires open."""

    def __init__(self, built_in: Iterable[Connector]) -> None:
        self._connectors: dict[str, Connector] = {}
        self._broken: tuple[Broken, ...] = ()
        self._foreign: set[str] = set()
        self._entry_points_loaded = False
        for connector in built_in:
            self.add(connector)

    def add(self, connector: Connector) -> None:
        """Register a connector under its kind."""
        kind = getattr(connector, "kind", None)
        if not (isinstance(kind, str) and _KIND.fullmatch(kind)) or hasattr(Model, kind):
            raise ConfigError(f"connector {kind!r}: invalid kind; expected letters, digits and _")
        if self._connectors.get(kind, connector) is not connector:
            raise ConfigError(f"connector {kind!r} is already registered")
        for model, base in ((connector.entry, ProtocolEntry), (connector.settings, LinkSettings)):
            if model is None:
                continue
            if not (isinstance(model, type) and issubclass(model, base)):
                raise ConfigError(f"connector {kind!r}: expected a {base.__name__}, found {shown(model)}")
            for key in secret_keys(model):
                if model.model_fields[key].is_required():
                    text = f"{key} is a secret, which recordings leave out, so it needs a default"
                    raise ConfigError(f"connector {kind!r}: {text}")
        self._connectors[kind] = connector

    def remove(self, kind: str) -> None:
        """Unregister a connector."""
        del self._connectors[kind]

    def __iter__(self) -> Iterator[Connector]:
        self._load_entry_points()
        return iter(tuple(self._connectors.values()))

    def __getitem__(self, kind: str) -> Connector:
        self._load_entry_points()
        try:
            return self._connectors[kind]
        except KeyError:
            missing = self.why_missing(kind)
            hint = f"; {missing}" if missing else did_you_mean(kind, self._connectors)
            raise ConfigError(f"unknown protocol {kind!r}{hint}") from None

    @property
    def broken(self) -> tuple[Broken, ...]:
        """The entry points of packages that failed."""
        self._load_entry_points()
        return self._broken

    def why_missing(self, kind: str) -> str:
        """Return the errors of the packages that may provide an unknown kind, "" without any."""
        return why_missing(kind, self.broken)

    def entries(self) -> dict[str, Connector]:
        """Return the connectors that an asset can name under ``protocols``, by kind."""
        return {connector.kind: connector for connector in self if connector.entry is not None}

    def links_model(self) -> type[Model]:
        """Return the model of a site's ``links``: a key for each connector, and the flat ones' keys."""
        flat = tuple(c.settings for c in self if c.flat and c.settings is not None)
        keys: dict[str, Any] = {
            c.kind: (Annotated[c.settings | None, WrapValidator(partial(_validated, c.kind))], None)
            for c in self
            if not c.flat and c.settings is not None
        }
        return create_model("Links", __base__=flat or (Model,), **keys)

    def settings_of(self, links: Model) -> dict[str, LinkSettings]:
        """Return the settings in a site's ``links``, by kind; a flat connector's are among its keys."""
        found = {c.kind: _part(links, c.settings) if c.flat else getattr(links, c.kind, None) for c in self}
        return {kind: item for kind, item in found.items() if isinstance(item, LinkSettings)}

    def flags(self) -> Iterator[tuple[Connector, str, Flag]]:
        """Yield every flag of the command line with its connector and key."""
        for connector in self:
            for key, flag in _flags(connector):
                yield connector, key, flag

    def reserve(self, names: Collection[str]) -> None:
        """Refuse the connectors of packages that have one of these flags, which the command line needs."""
        for connector, _, flag in self.flags():
            if flag.name in names and connector.kind in self._foreign & set(self._connectors):
                self.remove(connector.kind)
                text = f"connector {connector.kind}: flag {flag.name} is already used by twin-tui itself"
                self._broken += (Broken(connector.kind, text),)

    def _load_entry_points(self) -> None:
        if not self._entry_points_loaded:
            self._entry_points_loaded = True
            self._broken = from_packages(GROUP, Connector, "connector", self._add_foreign)

    def _add_foreign(self, connector: Connector) -> None:
        """Register the connector of a package, whose models, keys and flags are valid and not in use."""
        keys, names = set(self.links_model().model_fields), {flag.name for _, _, flag in self.flags()}
        self.add(connector)
        try:
            for model in (connector.entry, connector.settings):
                if model is not None:
                    model.model_rebuild()
            settings = connector.settings
            own = set(settings.model_fields) if connector.flat and settings is not None else {connector.kind}
            if keys & own:
                raise ConfigError(f"links already has a key {min(keys & own)}")
            for key, flag in _flags(connector):
                if not _FLAG.fullmatch(flag.name):
                    raise ConfigError(
                        f"{key}: invalid flag {flag.name!r}; expected one like --{connector.kind}"
                    )
                if flag.name in names:
                    raise ConfigError(f"flag {flag.name} is already used")
                names.add(flag.name)
        except BaseException:
            self.remove(connector.kind)
            raise
        self._foreign.add(connector.kind)


def _part(links: Model, settings: type[LinkSettings] | None) -> LinkSettings | None:
    """Return the keys of one model out of a validated one that has them all."""
    if settings is None:
        return None
    given = links.model_fields_set & settings.model_fields.keys()
    return settings.model_construct(given, **{key: getattr(links, key) for key in given})


def _validated(kind: str, found: Any, handler: Any) -> Any:
    """Return the settings of a connector; ValueError for an unexpected error of its validators."""
    try:
        return handler(found)
    except (ValueError, AssertionError):
        raise
    except Exception as error:
        raise ValueError(f"connector {kind}: {unexpected(error)}") from error


def _flags(connector: Connector) -> Iterator[tuple[str, Flag]]:
    settings = connector.settings
    for key in settings.model_fields if settings is not None else ():
        flag = flag_of(settings, key) if settings is not None else None
        if flag is not None:
            yield key, flag


connectors = Registry(
    (ModbusTcpConnector(), ModbusRtuConnector(), S2Connector(), EosConnector(), RestConnector())
)


def link_faults(endpoints: Iterable[Endpoint]) -> dict[str, dict[str, str]]:
    """Return the kinds of link faults, with their meanings, that the links of each device support."""
    found: dict[str, dict[str, str]] = {}
    for endpoint in endpoints:
        kinds = connectors[endpoint.kind].link_faults(endpoint)
        if kinds:
            found.setdefault(endpoint.device, {}).update(kinds)
    return found
