"""The protocols of an asset, from a site file to endpoints: each connector reads its entries."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twin_tui.config.assets.reading import ReadAsset
from twin_tui.documents.model import Complaints, Model, join
from twin_tui.errors import ConfigError, TwinError, shown
from twin_tui.protocols.connector import Connector, Endpoint, EntryContext, LinkSettings
from twin_tui.protocols.guard import errors_of
from twin_tui.protocols.modbus.endpoints import ModbusTcp
from twin_tui.protocols.registry import connectors

_FLAT = ("ip", "port", "unit_id", "register_map")
"""Keys of an asset that is a single unit of a TCP port."""


@dataclass(slots=True)
class LinkReader:
    """Converts the protocols of a site's assets into endpoints, and collects their errors."""

    complaints: Complaints
    map_root: Path
    settings: Mapping[str, LinkSettings]

    def read(self, asset: ReadAsset) -> tuple[Endpoint, ...]:
        """Return the endpoints of one device, from its ``protocols`` or its ip, port and unit_id."""
        keys, place = asset.model, asset.place
        flat = {key: getattr(keys, key) for key in _FLAT if key in keys.model_fields_set}
        if flat and keys.protocols:
            self.complaints.add("", f"give {next(iter(flat))} or protocols in {place}, not both")
            return ()
        entries = [(join(place, "protocols", at), data) for at, data in enumerate(keys.protocols)]
        if flat:
            entries = [(place, {"kind": ModbusTcp.kind, **flat})]
        found = [self._one(asset, data, where) for where, data in entries]
        return tuple(endpoint for endpoint in found if endpoint is not None)

    def _one(self, asset: ReadAsset, data: Any, place: str) -> Endpoint | None:
        if not isinstance(data, dict):
            self.complaints.add(place, f"expected an object with keys, found {shown(data)}")
            return None
        name, known = data.get("kind"), connectors.entries()
        connector = known.get(name) if isinstance(name, str) else None
        if connector is None or connector.entry is None:
            missing = connectors.why_missing(name) if isinstance(name, str) else ""
            text = f"expected one of {', '.join(known)}, found {shown(name)}{missing and f'; {missing}'}"
            self.complaints.add(join(place, "kind"), text)
            return None
        reported: list[str] = []

        def complain(place: str, text: str) -> None:
            reported.append(text)
            self.complaints.add(place, text)

        own = f"connector {connector.kind}"
        try:
            with errors_of(own, "its keys"):
                entry: Model | None = self.complaints.checked(connector.entry, data, place)
            if entry is None:
                return None
            context = EntryContext(
                asset.name,
                asset.type.kind,
                asset.model.default_map,
                self.complaints.context.file,
                self.map_root,
                self.settings.get(connector.kind),
                place,
                complain,
            )
            with errors_of(own, "plan"):
                endpoint = connector.plan(entry, context)
                if endpoint is None and not reported:
                    raise ConfigError(f"{own}: plan returned no endpoint and reported no error")
                return None if endpoint is None else _checked(connector, endpoint)
        except TwinError as error:
            self.complaints.add(place, str(error))
            return None


def check_together(endpoints: Iterable[tuple[str, Endpoint]], complaints: Complaints) -> None:
    """Collect conflicts between endpoints."""
    placed = list(endpoints)
    for connector in connectors:
        own = [(place, endpoint) for place, endpoint in placed if endpoint.kind == connector.kind]
        if not own:
            continue
        try:
            with errors_of(f"connector {connector.kind}", "check"):
                connector.check(own, complaints.add)
        except TwinError as error:
            complaints.add("", str(error))


def _checked(connector: Connector, endpoint: Endpoint) -> Endpoint:
    names = (endpoint.device, *endpoint.devices.values())
    if endpoint.kind != connector.kind or not all(isinstance(name, str) for name in names):
        text = f"plan returned {shown(endpoint)}; expected an endpoint of its own"
        raise ConfigError(f"connector {connector.kind}: {text}")
    return endpoint
