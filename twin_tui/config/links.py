"""The protocols of an asset, from a site file to endpoints."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from pydantic import Field, PlainValidator

from twin_tui.config.assets.base import Asset
from twin_tui.config.endpoints import (
    IDENTITY_KEYS,
    S2,
    ClientPolicy,
    Clock,
    Endpoint,
    Framing,
    MapSource,
    MissingUnit,
    ModbusRtu,
    ModbusTcp,
    SerialOptions,
    TcpOptions,
    Tls,
)
from twin_tui.documents.model import Complaints, Model, join
from twin_tui.documents.shipped import find_shipped, shipped_names
from twin_tui.documents.values import (
    Duration,
    Host,
    Positive,
    TcpPort,
    Text,
    choice,
    refuse_unknown,
    shown,
    whole,
)
from twin_tui.errors import ConfigError, did_you_mean

LOOPBACK = "127.0.0.1"
_EVERYWHERE = ("0.0.0.0", "::")
_FLAT = ("ip", "port", "unit_id", "register_map")
_SUFFIXES = ("", ".yaml", ".yml", ".json")


def _to_cem(found: Any) -> str:
    if isinstance(found, str) and found.startswith(("ws://", "wss://")):
        return found
    pairing = isinstance(found, str) and found.startswith(("http://", "https://"))
    hint = "; S2 Connect pairing is not supported" if pairing else ""
    raise ValueError(f"expected a WebSocket address like ws://127.0.0.1:8000/, found {shown(found)}{hint}")


def _to_roles(found: Any) -> dict[str, str]:
    if isinstance(found, dict) and all(isinstance(name, str) for pair in found.items() for name in pair):
        return found
    raise ValueError(f"expected an object of roles and asset names, found {shown(found)}")


def _to_identity(found: Any) -> dict[int, str]:
    if not isinstance(found, dict):
        raise ValueError(f"expected an object with keys like vendor_name, found {shown(found)}")
    refuse_unknown(found, IDENTITY_KEYS)
    for key, text in found.items():
        if not (isinstance(text, str) and text.isascii() and len(text) <= 200):
            raise ValueError(f"{key}: expected ASCII text, found {shown(text)}")
    return {IDENTITY_KEYS.index(key): text for key, text in found.items()}


class UnitSettings(Model):
    """What a unit on a port or a line is."""

    comment: Any = None
    register_map: Any = None
    devices: Annotated[dict[str, str], PlainValidator(_to_roles)] = Field(default_factory=dict)
    identity: Annotated[dict[int, str], PlainValidator(_to_identity)] = Field(default_factory=dict)


class TlsFiles(Model):
    """The files of Modbus/TCP Security, relative to the site file."""

    certificate: Text
    key: Text
    ca: Text | None = None


class TcpSettings(Model):
    """How TCP ports behave: for the whole site under ``links``, or for one protocol."""

    framing: Annotated[str, choice("mbap", "rtu")] = "mbap"
    max_clients: Annotated[int, whole(1, 100_000)] | None = None
    policy: Annotated[str, choice("drop_oldest", "refuse", "busy")] = "drop_oldest"
    idle_timeout: Duration | None = None
    missing_unit: Annotated[str, choice("exception", "silent")] = "exception"
    tls: TlsFiles | None = None


class ModbusTcpModel(UnitSettings, TcpSettings):
    """``kind: modbus_tcp``."""

    kind: Text = "modbus_tcp"
    ip: Host = LOOPBACK
    port: TcpPort
    unit_id: Annotated[int, whole(0, 255)] = 1


class ModbusRtuModel(UnitSettings):
    """``kind: modbus_rtu``."""

    kind: Text = "modbus_rtu"
    port: Text
    unit_id: Annotated[int, whole(1, 247)] = 1
    baudrate: Annotated[int, whole(50, 4_000_000)] = 9600
    parity: Annotated[str, choice("N", "E", "O")] = "N"
    stopbits: Annotated[int, whole(1, 2)] = 1
    bytesize: Annotated[int, whole(8, 8)] = 8
    timeout: Positive = 1.0


def _refuse_s2_connect(found: Any) -> None:
    raise ValueError("pairing and certificate pinning of S2 Connect are not supported: give cem and token")


NotSupported = Annotated[None, PlainValidator(_refuse_s2_connect)]


class S2Model(Model):
    """``kind: s2``."""

    kind: Text = "s2"
    pairing: NotSupported = None
    pairing_token: NotSupported = None
    certificate_pin: NotSupported = None
    certificate_fingerprint: NotSupported = None
    comment: Any = None
    cem: Annotated[str, PlainValidator(_to_cem)]
    token: Text | None = None
    clock: Annotated[str, choice("wall", "site")] = "wall"


_KINDS: dict[str, type[Model]] = {"modbus_tcp": ModbusTcpModel, "modbus_rtu": ModbusRtuModel, "s2": S2Model}


class LinkReader:
    """Turns the protocols of a site's assets into endpoints, noting what is wrong with them."""

    def __init__(self, complaints: Complaints, folder: Path, map_root: Path, links: TcpSettings) -> None:
        self._complaints = complaints
        self._folder = folder
        self._map_root = map_root
        self._links = links

    def read(self, device: str, kind: str, asset: Asset, place: str) -> tuple[Endpoint, ...]:
        """Return the endpoints of one device: of its ``protocols``, or of ip, port and unit_id of its own."""
        flat = {key: getattr(asset, key) for key in _FLAT if key in asset.model_fields_set}
        if flat and asset.protocols:
            self._complaints.add("", f"give {next(iter(flat))} or protocols in {place}, not both")
            return ()
        found: list[Endpoint | None] = []
        if flat:
            model = self._complaints.checked(ModbusTcpModel, flat, place)
            found = [self._tcp(device, kind, asset.default_map, model, place) if model is not None else None]
        for position, data in enumerate(asset.protocols):
            where = join(place, "protocols", position)
            found.append(self._one(device, kind, asset.default_map, data, where))
        return tuple(endpoint for endpoint in found if endpoint is not None)

    def _one(self, device: str, kind: str, default_map: str, data: Any, place: str) -> Endpoint | None:
        if not isinstance(data, dict):
            self._complaints.add(place, f"expected an object with keys, found {shown(data)}")
            return None
        name = data.get("kind")
        if not isinstance(name, str) or name not in _KINDS:
            text = f"expected one of {', '.join(_KINDS)}, found {shown(name)}"
            self._complaints.add(join(place, "kind"), text)
            return None
        model = self._complaints.checked(_KINDS[name], data, place)
        if isinstance(model, ModbusTcpModel):
            return self._tcp(device, kind, default_map, model, place)
        if isinstance(model, ModbusRtuModel):
            return self._rtu(device, kind, default_map, model, place)
        if isinstance(model, S2Model):
            return S2(device, model.cem, model.token, cast(Clock, model.clock))
        return None

    def _rtu(
        self, device: str, kind: str, default_map: str, model: ModbusRtuModel, place: str
    ) -> ModbusRtu | None:
        source = self._map(model.register_map, kind, default_map, place)
        if source is None:
            return None
        parity = cast(Literal["N", "E", "O"], model.parity)
        options = SerialOptions(model.baudrate, parity, model.stopbits, model.bytesize, model.timeout)
        return ModbusRtu(device, model.port, model.unit_id, source, options, model.devices, model.identity)

    def _tcp(
        self, device: str, kind: str, default_map: str, model: ModbusTcpModel, place: str
    ) -> ModbusTcp | None:
        source = self._map(model.register_map, kind, default_map, place)
        if source is None:
            return None
        given = model.model_fields_set
        chosen = {
            key: getattr(model if key in given else self._links, key) for key in TcpSettings.model_fields
        }
        options = TcpOptions(
            framing=cast(Framing, chosen["framing"]),
            max_clients=chosen["max_clients"],
            policy=cast(ClientPolicy, chosen["policy"]),
            idle_timeout_s=chosen["idle_timeout"],
            missing_unit=cast(MissingUnit, chosen["missing_unit"]),
            tls=self._tls(chosen["tls"], place),
        )
        return ModbusTcp(
            device, model.ip, model.port, model.unit_id, source, options, model.devices, model.identity
        )

    def _tls(self, files: TlsFiles | None, place: str) -> Tls | None:
        if files is None:
            return None
        for key in ("certificate", "key", "ca"):
            text = getattr(files, key)
            if text is not None and not (self._folder / text).is_file():
                self._complaints.add(join(place, "tls", key), f"no such file: {self._folder / text}")
        ca = None if files.ca is None else self._folder / files.ca
        return Tls(self._folder / files.certificate, self._folder / files.key, ca)

    def _map(self, wanted: Any, kind: str, default_map: str, place: str) -> MapSource | None:
        where = join(place, "register_map")
        if isinstance(wanted, dict):
            return wanted
        if wanted is None:
            if not default_map and find_shipped("register_maps", f"{kind}_modbus") is not None:
                default_map = f"{kind}_modbus"
            if not default_map:
                self._complaints.add("", f"missing key register_map in {place}; a {kind} has no default one")
                return None
            wanted = default_map
        if not isinstance(wanted, str):
            self._complaints.add(where, f"expected the name of a register map, found {shown(wanted)}")
            return None
        try:
            return find_map(wanted, self._map_root)
        except ConfigError as error:
            self._complaints.add(where, str(error))
            return None


def find_map(name: str, root: Path) -> Path:
    """Return the file of a register map: below ``root``, else the shipped one of the same name."""
    for suffix in _SUFFIXES:
        try:
            path = root / (name + suffix)
            if path.is_file():
                return path
        except (OSError, ValueError):
            break
    found = find_shipped("register_maps", Path(name).name)
    if found is not None:
        return found
    near = {path.name for path in root.glob("*.y*ml")} if root.is_dir() else set()
    known = near | {f"{stem}.yaml" for stem in shipped_names("register_maps")}
    raise ConfigError(
        f"no register map {name!r} in {root} or among the shipped ones{did_you_mean(name, known)}"
    )


def check_together(endpoints: Iterable[tuple[str, Endpoint]], complaints: Complaints) -> None:
    """Note what cannot be opened together: units twice, one port or line with two settings."""
    units: dict[tuple[Any, ...], str] = {}
    settings: dict[tuple[Any, ...], tuple[str, Any]] = {}
    hosts: dict[int, str] = {}
    for place, endpoint in endpoints:
        if isinstance(endpoint, S2) or (isinstance(endpoint, ModbusTcp) and endpoint.port == 0):
            continue
        if isinstance(endpoint, ModbusTcp):
            line: tuple[Any, ...] = (endpoint.host, endpoint.port)
            text = f"{endpoint.host}:{endpoint.port}"
            other = hosts.setdefault(endpoint.port, endpoint.host)
            if other != endpoint.host and (other in _EVERYWHERE or endpoint.host in _EVERYWHERE):
                complaints.add(place, f"port {endpoint.port} is asked for on {other} and on {endpoint.host}")
        else:
            line = (endpoint.port,)
            text = endpoint.port
        first = units.setdefault((*line, endpoint.unit), endpoint.device)
        if first != endpoint.device:
            complaints.add(place, f"{endpoint.device} and {first} are both unit {endpoint.unit} on {text}")
        before = settings.setdefault(line, (place, endpoint.options))
        if before[1] != endpoint.options:
            complaints.add(
                place, f"{text} has other options than at {before[0]}; one port has one set of them"
            )
