"""The connectors of this process: the built-in ones and those of entry points."""

from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import create_model

from twin_tui.documents.model import Model
from twin_tui.engine.packages import from_packages
from twin_tui.errors import ConfigError, did_you_mean
from twin_tui.protocols.connector import Connector, Flag, LinkSettings, flag_of, secret_keys
from twin_tui.protocols.eos.connector import EosConnector
from twin_tui.protocols.modbus.connector import ModbusRtuConnector, ModbusTcpConnector
from twin_tui.protocols.rest.connector import RestConnector
from twin_tui.protocols.s2.connector import S2Connector

GROUP = "twin_tui.connectors"


class Registry:
    """Connectors by kind, in the order in which their wires open."""

    def __init__(self, built_in: Iterable[Connector]) -> None:
        self._connectors: dict[str, Connector] = {}
        self._entry_points_loaded = False
        for connector in built_in:
            self.add(connector)

    def add(self, connector: Connector) -> None:
        """Register a connector under its kind."""
        kind = getattr(connector, "kind", None)
        if not (isinstance(kind, str) and kind.isidentifier()):
            raise ConfigError(f"connector {kind!r}: invalid kind; expected letters, digits and _")
        if self._connectors.get(connector.kind, connector) is not connector:
            raise ConfigError(f"connector {connector.kind!r} is already registered")
        for model in (connector.entry, connector.settings):
            for key in secret_keys(model) if model is not None else ():
                if model is not None and model.model_fields[key].is_required():
                    text = f"{key} is a secret, which recordings leave out, so it needs a default"
                    raise ConfigError(f"connector {connector.kind!r}: {text}")
        self._connectors[connector.kind] = connector

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
            raise ConfigError(f"unknown protocol {kind!r}{did_you_mean(kind, self._connectors)}") from None

    def entries(self) -> dict[str, Connector]:
        """Return the connectors that an asset can name under ``protocols``, by kind."""
        return {connector.kind: connector for connector in self if connector.entry is not None}

    def links_model(self) -> type[Model]:
        """Return the model of a site's ``links``: a key for each connector, and the flat ones' keys."""
        flat = tuple(c.settings for c in self if c.flat and c.settings is not None)
        keys: dict[str, Any] = {
            c.kind: (c.settings | None, None) for c in self if not c.flat and c.settings is not None
        }
        return create_model("Links", __base__=flat, **keys)

    def settings_of(self, links: Model) -> dict[str, LinkSettings]:
        """Return the settings in a site's ``links``, by kind; flat connectors share the whole."""
        found = {c.kind: links if c.flat else getattr(links, c.kind, None) for c in self}
        return {kind: item for kind, item in found.items() if isinstance(item, LinkSettings)}

    def flags(self) -> Iterator[tuple[Connector, str, Flag]]:
        """Yield every flag of the command line with its connector and key."""
        for connector in self:
            settings = connector.settings
            for key in settings.model_fields if settings is not None else ():
                flag = flag_of(settings, key) if settings is not None else None
                if flag is not None:
                    yield connector, key, flag

    def _load_entry_points(self) -> None:
        if self._entry_points_loaded:
            return
        for origin, found in from_packages(GROUP, Connector, "connector"):
            try:
                self.add(found)
            except ConfigError as error:
                raise ConfigError(f"{origin}: {error}") from error
        self._entry_points_loaded = True


connectors = Registry(
    (ModbusTcpConnector(), ModbusRtuConnector(), S2Connector(), EosConnector(), RestConnector())
)
