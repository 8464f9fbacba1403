"""Modbus as connectors: TCP ports, plain, framed as RTU or behind TLS; serial lines and pseudo terminals."""

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from pathlib import Path
from typing import Any

from twin_tui.documents.model import join
from twin_tui.documents.shipped import find_shipped, shipped_names
from twin_tui.errors import ConfigError, did_you_mean, file_name, shown
from twin_tui.protocols.connector import Connector, EntryContext, Wire, Wiring
from twin_tui.protocols.modbus.endpoints import (
    IDENTITY_KEYS,
    MapSource,
    ModbusRtu,
    ModbusTcp,
    SerialOptions,
    TcpOptions,
    Tls,
)
from twin_tui.protocols.modbus.fault_rules import kinds_on
from twin_tui.protocols.modbus.options import ANY, ModbusRtuEntry, ModbusTcpEntry, TcpSettings, TlsFiles

_EVERYWHERE = ("0.0.0.0", "::")
_SUFFIXES = ("", ".yaml", ".yml", ".json")

Complain = Callable[[str, str], None]
Placed = Collection[tuple[str, Any]]


class ModbusTcpConnector(Connector):
    """Units on TCP ports."""

    kind = ModbusTcp.kind
    entry = ModbusTcpEntry
    settings = TcpSettings
    flat = True

    def plan(self, entry: ModbusTcpEntry, context: EntryContext) -> ModbusTcp | None:
        """Return the endpoint; keys missing in the entry come from the site's settings."""
        source = _map(entry.register_map, context)
        if source is None:
            return None
        given = entry.model_fields_set
        site = context.settings or TcpSettings()
        chosen = {key: getattr(entry if key in given else site, key) for key in TcpSettings.model_fields}
        if entry.unit_id == ANY and chosen["framing"] != "mbap":
            context.complain(
                join(context.place, "unit_id"), f"{ANY} needs framing mbap; give the unit's number"
            )
            return None
        tls, idle_timeout_s = _tls(chosen.pop("tls"), context), chosen.pop("idle_timeout")
        any_unit = entry.unit_id == ANY
        options = TcpOptions(**chosen, tls=tls, idle_timeout_s=idle_timeout_s, any_unit=any_unit)
        name, unit = context.device, 1 if isinstance(entry.unit_id, str) else entry.unit_id
        return ModbusTcp(name, entry.ip, entry.port, unit, source, options, entry.devices, entry.identity)

    def check(self, placed: Placed, complain: Complain) -> None:
        """Report duplicate units, one port with different options or on overlapping addresses."""
        fixed = [(place, endpoint) for place, endpoint in placed if endpoint.port != 0]
        hosts: dict[int, str] = {}
        for place, endpoint in fixed:
            other = hosts.setdefault(endpoint.port, endpoint.host)
            if other != endpoint.host and (other in _EVERYWHERE or endpoint.host in _EVERYWHERE):
                complain(place, f"port {endpoint.port} is used on both {other} and {endpoint.host}")
        _check_shared(fixed, _port_of, complain)
        shared = Counter(_port_of(endpoint) for _, endpoint in fixed)
        for place, endpoint in fixed:
            if endpoint.options.any_unit and shared[_port_of(endpoint)] > 1:
                complain(place, f"unit_id {ANY} needs a port of its own; {_port_of(endpoint)} has others")

    def link_faults(self, endpoint: ModbusTcp) -> Mapping[str, str]:
        """Return the faults of a connection; only one framed as RTU has checksums."""
        return kinds_on(connections=True, crc=endpoint.options.framing == "rtu")

    def source(self, endpoint: ModbusTcp) -> dict[str, Any]:
        """Return the endpoint as an entry, with the site's settings, without certificates."""
        options = endpoint.options
        return {
            **_shared_source(endpoint),
            **({"unit_id": ANY} if options.any_unit else {}),
            "ip": endpoint.host,
            "framing": options.framing,
            "policy": options.policy,
            "missing_unit": options.missing_unit,
            "max_clients": options.max_clients,
            "idle_timeout": options.idle_timeout_s,
        }

    def wires(self, wiring: Wiring) -> Iterable[Wire]:
        from twin_tui.protocols.modbus.wires import TcpWire  # noqa: PLC0415 - other sites need no server

        ports: dict[Hashable, list[ModbusTcp]] = {}
        for number, endpoint in enumerate(wiring.endpoints):
            ports.setdefault((endpoint.host, endpoint.port or f"free {number}"), []).append(endpoint)
        return [TcpWire(wiring, endpoints) for endpoints in ports.values()]


class ModbusRtuConnector(Connector):
    """Units on serial lines."""

    kind = ModbusRtu.kind
    entry = ModbusRtuEntry

    def plan(self, entry: ModbusRtuEntry, context: EntryContext) -> ModbusRtu | None:
        source = _map(entry.register_map, context)
        if source is None:
            return None
        options = SerialOptions(entry.baudrate, entry.parity, entry.stopbits, entry.bytesize, entry.timeout)
        name, unit = context.device, entry.unit_id
        return ModbusRtu(name, entry.port, unit, source, options, entry.devices, entry.identity)

    def check(self, placed: Placed, complain: Complain) -> None:
        """Report duplicate units, and one line with different options."""
        _check_shared(placed, lambda endpoint: endpoint.line, complain)

    def link_faults(self, endpoint: ModbusRtu) -> Mapping[str, str]:
        return kinds_on(connections=False, crc=True)

    def source(self, endpoint: ModbusRtu) -> dict[str, Any]:
        serial = endpoint.options
        return {
            **_shared_source(endpoint),
            "baudrate": serial.baudrate,
            "parity": serial.parity,
            "stopbits": serial.stopbits,
            "bytesize": serial.bytesize,
            "timeout": serial.timeout_s,
        }

    def wires(self, wiring: Wiring) -> Iterable[Wire]:
        from twin_tui.protocols.modbus.serial_wire import SerialWire  # noqa: PLC0415 - other sites need no server

        lines: dict[str, list[ModbusRtu]] = {}
        for endpoint in wiring.endpoints:
            lines.setdefault(endpoint.line, []).append(endpoint)
        return [SerialWire(wiring, endpoints) for endpoints in lines.values()]


def find_map(name: str, root: Path, allowed: Callable[[str], Path]) -> Path:
    """Return the file of a register map: under ``root``, or else the shipped one of that name.

    ``allowed`` raises ValueError for a file that the site may not name.
    """
    for suffix in _SUFFIXES:
        try:
            path = root / (name + suffix)
            found_there = path.is_file()
        except (OSError, ValueError):
            break
        if found_there:
            allowed(str(path.absolute()))
            return path
    found = find_shipped("register_maps", Path(name).name)
    if found is not None:
        return found
    near = {path.name for path in root.glob("*.y*ml")} if root.is_dir() else set()
    known = near | {f"{stem}.yaml" for stem in shipped_names("register_maps")}
    raise ConfigError(
        f"unknown register map {shown(name)}: not in {file_name(root)}, not shipped"
        f"{did_you_mean(name, known)}"
    )


def _map(wanted: Any, context: EntryContext) -> MapSource | None:
    where, kind, default_map = join(context.place, "register_map"), context.device_kind, context.default_map
    if isinstance(wanted, dict):
        return wanted
    if wanted is None:
        if not default_map and find_shipped("register_maps", f"{kind}_modbus") is not None:
            default_map = f"{kind}_modbus"
        if not default_map:
            text = f"missing key register_map in {context.place}; a {kind} has no default map"
            context.complain("", text)
            return None
        wanted = default_map
    try:
        return find_map(wanted, context.map_root, context.file)
    except (ConfigError, ValueError) as error:
        context.complain(where, str(error))
        return None


def _tls(files: TlsFiles | None, context: EntryContext) -> Tls | None:
    if files is None:
        return None
    paths: dict[str, Path] = {}
    for key in ("certificate", "key", "ca"):
        name = getattr(files, key)
        if name is None:
            continue
        try:
            paths[key] = context.file(name)
            if not paths[key].is_file():
                raise ValueError(f"no such file: {paths[key]}")
        except (OSError, ValueError) as error:
            context.complain(join(context.place, "tls", key), str(error))
    return Tls(paths["certificate"], paths["key"], paths.get("ca")) if len(paths) > 1 else None


def _check_shared(placed: Placed, line_of: Callable[[Any], str], complain: Complain) -> None:
    units: dict[tuple[str, int], str] = {}
    settings: dict[str, tuple[str, Any]] = {}
    for place, endpoint in placed:
        line = line_of(endpoint)
        first = units.setdefault((line, endpoint.unit), endpoint.device)
        if first != endpoint.device:
            complain(place, f"{endpoint.device} and {first} are both unit {endpoint.unit} on {line}")
        before = settings.setdefault(line, (place, endpoint.options))
        if before[1] != endpoint.options:
            complain(place, f"options of {line} differ from those at {before[0]}; expected the same")


def _port_of(endpoint: ModbusTcp) -> str:
    return f"{endpoint.host}:{endpoint.port}"


def _shared_source(endpoint: ModbusTcp | ModbusRtu) -> dict[str, Any]:
    return {
        "kind": endpoint.kind,
        "port": endpoint.port if isinstance(endpoint, ModbusTcp) else endpoint.line,
        "unit_id": endpoint.unit,
        "register_map": _map_source(endpoint.register_map),
        "devices": dict(endpoint.devices),
        "identity": {IDENTITY_KEYS[number]: text for number, text in endpoint.identity.items()},
    }


def _map_source(source: MapSource) -> Any:
    if not isinstance(source, Path):
        return source
    shipped = find_shipped("register_maps", source.name)
    return source.name if shipped is not None and shipped.samefile(source) else source
