"""Reads register map files into checked maps."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from twin_tui.documents.loader import Document, NamedPlace, open_document
from twin_tui.documents.model import Complaints, join
from twin_tui.engine import devices
from twin_tui.engine.device import registry
from twin_tui.errors import ConfigError, did_you_mean
from twin_tui.protocols.maps.check import check_map
from twin_tui.protocols.maps.entries import EntryParser
from twin_tui.protocols.maps.file import LimitsFile, MapFile, RegisterEntry, WatchdogFile
from twin_tui.protocols.maps.gaps import find_gaps
from twin_tui.protocols.maps.model import OWN, RegisterMap, Watchdog
from twin_tui.protocols.maps.names import KINDS
from twin_tui.protocols.maps.rules import read_rules
from twin_tui.protocols.maps.standards import RULED
from twin_tui.protocols.modbus.memory import Limits

assert devices  # registers the device types that come with the package


def load_map(path: Path) -> RegisterMap:
    """Read, check and resolve a register map file; raise one ConfigError with all errors."""
    try:
        stamp = path.stat()
    except OSError:
        return map_of(open_document(path))
    return _load(path, stamp.st_mtime_ns, stamp.st_size)


@lru_cache(maxsize=64)
def _load(path: Path, _modified_ns: int, _size: int) -> RegisterMap:
    return map_of(open_document(path))


def read_map(source: Path | Mapping[str, Any], owner: str) -> RegisterMap:
    """Return the map of a device, from a file or from inside the site file."""
    return load_map(source) if isinstance(source, Path) else parse_map(source, f"register map of {owner}")


def parse_map(data: Any, place: str = "register map") -> RegisterMap:
    """Check and resolve a register map given as plain data."""
    return map_of(Document(data, place))


def map_of(document: Document) -> RegisterMap:
    """Check and resolve the register map in a document."""
    complaints = Complaints(document)
    file = complaints.required(MapFile, document.data)
    kind = _kind("device_type", file.device_type, complaints)
    roles = {role: _kind(join("devices", role), name, complaints) for role, name in file.devices.items()}
    if file.rules and kind not in RULED:
        complaints.add("rules", f"no {file.rules} rules for a {kind}; there are some for {', '.join(RULED)}")
    complaints.settle()
    parser = EntryParser(file, kind, roles)
    for index, data in enumerate(file.registers):
        place = join("registers", index)
        entry = complaints.checked(RegisterEntry, data, place)
        if entry is None:
            continue
        label = entry.name or entry.internal_name or entry.signal
        if label is None:
            complaints.add("", f"missing key name in {place}", at=place)
            continue
        try:
            parser.add(entry, NamedPlace(document.name, place, label, document))
        except ConfigError as error:
            complaints.take(error)
    complaints.settle()
    registers = parser.finish(complaints)
    warnings = check_map(registers, complaints)
    gaps = find_gaps(file.gaps, registers, complaints)
    limits = _limits(file.limits, complaints)
    rules = read_rules(file.commands, kind, roles, registers, complaints)
    watchdog = None if file.watchdog is None else _watchdog(file.watchdog, kind, roles, complaints)
    complaints.settle()
    return RegisterMap(
        name=Path(document.name).stem,
        place=document.name,
        kind=kind,
        roles=roles,
        registers=tuple(registers),
        limits=limits,
        gaps=gaps,
        identity=file.identity,
        rules=rules,
        watchdog=watchdog,
        standard=file.rules,
        description=file.description,
        source=file.source,
        warnings=tuple(warnings),
    )


def _kind(place: str, name: str, complaints: Complaints) -> str:
    try:
        return registry[KINDS.get(name, name)].kind
    except ConfigError:
        hint = did_you_mean(name, [*registry.kinds(), *KINDS])
        complaints.add(place, f"unknown device type {name!r}{hint}")
        return ""


def _limits(file: LimitsFile, complaints: Complaints) -> Limits:
    try:
        return Limits(
            max_read_registers=file.max_read_registers,
            max_write_registers=file.max_write_registers,
            even_counts_only=file.even_counts_only,
            functions=file.functions,
            diagnostics=file.diagnostics,
            server_id=file.server_id,
        )
    except ConfigError as error:
        complaints.add("limits", str(error))
        return Limits()


def _watchdog(
    file: WatchdogFile, kind: str, roles: Mapping[str, str], complaints: Complaints
) -> Watchdog | None:
    role = file.device or OWN
    if role and role not in roles:
        complaints.add("watchdog.device", f"unknown device {role!r}{did_you_mean(role, roles)}")
        return None
    commands = [s.name for s in registry[roles[role] if role else kind].signals.values() if s.command]
    for name in file.fallback:
        if name not in commands:
            place = join("watchdog", "fallback", name)
            complaints.add(place, f"unknown command {name!r}{did_you_mean(name, commands)}")
    return Watchdog(file.seconds, {name: float(value) for name, value in file.fallback.items()}, role)
