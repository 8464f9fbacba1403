"""From a register map's file to a checked map."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from twin_tui.documents.loader import read_text
from twin_tui.engine import devices
from twin_tui.engine.device import registry
from twin_tui.errors import ConfigError, did_you_mean
from twin_tui.protocols.maps.check import check_map
from twin_tui.protocols.maps.document import Section, read_yaml
from twin_tui.protocols.maps.entries import EntryParser
from twin_tui.protocols.maps.model import OWN, RegisterMap, Watchdog
from twin_tui.protocols.maps.names import KINDS
from twin_tui.protocols.maps.rules import parse_rules
from twin_tui.protocols.modbus.bank import ALL_FUNCTIONS, Limits

assert devices  # registers the device types that come with the package

MAP_KEYS = (
    "protocol",
    "device_type",
    "description",
    "source",
    "devices",
    "word_order",
    "byte_order",
    "not_available",
    "limits",
    "watchdog",
    "commands",
    "registers",
)


def load_map(path: Path) -> RegisterMap:
    """Read, check and resolve a register map's file; raise ConfigError with file, line and reason."""
    try:
        stamp = path.stat()
    except OSError:
        read_text(path)
        raise
    return _load(path, stamp.st_mtime_ns, stamp.st_size)


def read_map(source: Path | Mapping[str, Any], owner: str) -> RegisterMap:
    """Return the map of a device that a site file names or contains."""
    return load_map(source) if isinstance(source, Path) else parse_map(source, f"register map of {owner}")


@lru_cache(maxsize=64)
def _load(path: Path, _modified_ns: int, _size: int) -> RegisterMap:
    data, lines = read_yaml(read_text(path), str(path))
    return parse_map(data, str(path), lines)


def parse_map(data: Any, place: str = "register map", lines: list[int] | None = None) -> RegisterMap:
    """Check and resolve a register map that is plain data; ``lines`` are those of its entries."""
    top = Section.of(data, place)
    top.expect_keys(MAP_KEYS)
    kind = _kind(top, "device_type", top.text("device_type"))
    roles = {}
    if top.has("devices"):
        section = top.section("devices")
        roles = {str(role): _kind(section, str(role), section.text(str(role))) for role in section.data}
    entries = top.data.get("registers")
    if not isinstance(entries, list) or not entries:
        raise top.error("registers: expected a list of entries")
    parser = EntryParser(top, kind, roles)
    for index, entry in enumerate(entries):
        where = f"{place}:{lines[index]}" if lines else f"{place}: registers[{index}]"
        parser.add(Section.of(entry, where))
    registers = parser.finish()
    warnings = check_map(registers)
    return RegisterMap(
        name=Path(place).stem,
        place=place,
        kind=kind,
        roles=roles,
        registers=tuple(registers),
        limits=_limits(top),
        rules=parse_rules(top, kind, roles, registers),
        watchdog=_watchdog(top, kind, roles),
        description=top.text("description", ""),
        source=top.text("source", ""),
        warnings=tuple(warnings),
    )


def _kind(section: Section, key: str, name: str) -> str:
    try:
        return registry[KINDS.get(name, name)].kind
    except ConfigError:
        hint = did_you_mean(name, [*registry.kinds(), *KINDS])
        raise section.error(f"{key}: unknown device type {name!r}{hint}") from None


def _limits(top: Section) -> Limits:
    if not top.has("limits"):
        return Limits()
    section = top.section("limits")
    section.expect_keys(("max_read_registers", "max_write_registers", "even_counts_only", "functions"))
    functions = section.data.get("functions", sorted(ALL_FUNCTIONS))
    if not isinstance(functions, list) or not all(isinstance(number, int) for number in functions):
        raise section.error("functions: expected a list of function codes")
    try:
        return Limits(
            max_read_registers=section.integer("max_read_registers", 125),
            max_write_registers=section.integer("max_write_registers", 123),
            even_counts_only=section.flag("even_counts_only", False),
            functions=frozenset(functions),
        )
    except ConfigError as error:
        raise ConfigError(
            str(error) if section.place in str(error) else f"{section.place}: {error}"
        ) from None


def _watchdog(top: Section, kind: str, roles: Mapping[str, str]) -> Watchdog | None:
    if not top.has("watchdog"):
        return None
    section = top.section("watchdog")
    section.expect_keys(("seconds", "fallback", "device"))
    seconds = float(section.number("seconds"))
    if seconds <= 0:
        raise section.error(f"seconds: expected more than 0, found {seconds:g}")
    role = section.choice("device", roles) if section.has("device") else OWN
    commands = [s.name for s in registry[roles[role] if role else kind].signals.values() if s.command]
    fallback = section.section("fallback")
    values = {}
    for name in fallback.data:
        if name not in commands:
            raise fallback.error(f"unknown command {str(name)!r}{did_you_mean(str(name), commands)}")
        values[str(name)] = float(fallback.number(name))
    return Watchdog(seconds, values, role)
