"""A small running site, the registers of its devices, and a client's access to them."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from twin_tui.config.grid_codes import load_grid_code
from twin_tui.engine.device import registry
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Pin, Write
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.engine.weather import Series
from twin_tui.errors import ConfigError
from twin_tui.protocols.maps.image import Cell
from twin_tui.protocols.maps.model import RegisterMap
from twin_tui.protocols.maps.parse import load_map, parse_map
from twin_tui.protocols.maps.registers import Registers, SiteRegisters
from twin_tui.protocols.modbus.memory import Table
from twin_tui.protocols.modbus.pdu import respond

MAPS = Path(__file__).parents[3] / "register_maps"
SHIPPED = sorted(path.stem for path in MAPS.glob("*.yaml"))
CLIENT = "10.0.0.7:51234"
READ_FUNCTIONS = {
    Table.COILS: 1,
    Table.DISCRETE_INPUTS: 2,
    Table.HOLDING_REGISTERS: 3,
    Table.INPUT_REGISTERS: 4,
}

_PARAMS: dict[str, dict[str, Any]] = {
    "battery": {
        "capacity_wh": 10_000.0,
        "max_charge_w": 20_000.0,
        "max_discharge_w": 20_000.0,
        "rated_va": 20_000.0,
        "grid_code": load_grid_code("en50549-1"),
    },
    "pv": {"rated_w": 30_000.0, "peak_w": 30_000.0, "grid_code": load_grid_code("en50549-1")},
    "chp": {"rated_w": 50_000.0},
    "appliance": {"consumption_wh": 1_200.0, "duration_s": 7_200.0},
    "load": {"base_w": 2_000.0},
}


@cache
def shipped(name: str) -> RegisterMap:
    """Return a shipped map."""
    return load_map(MAPS / f"{name}.yaml")


def engine_with(*kinds: str) -> Engine:
    """Return an engine with one device of each kind, named as its kind."""
    plans = []
    for kind in dict.fromkeys(kinds):
        found = registry[kind]
        plans.append(DevicePlan(found.kind, found, found.params(**_PARAMS.get(found.kind, {}))))
    return Engine(SitePlan("test", tuple(plans)))


def bound(register_map: RegisterMap) -> Registers:
    """Return the registers of a device of the map's kind, with one device for each role."""
    engine = engine_with(register_map.kind, *register_map.roles.values())
    return SiteRegisters(engine).of(register_map, register_map.kind, register_map.roles)


def mapping(*entries: dict[str, Any], **top: Any) -> RegisterMap:
    """Return a battery's map from entries as read from YAML."""
    return parse_map({"device_type": "battery", **top, "registers": list(entries)}, "site.yaml")


def entry(**changes: Any) -> dict[str, Any]:
    """Return an entry of a map, a word of active power; keys that are None are left out."""
    plain = {"name": "p", "signal": "active_power_w", "table": "input", "address": 0, "type": "int16"}
    return {key: value for key, value in {**plain, **changes}.items() if value is not None}


def setpoint(**changes: Any) -> dict[str, Any]:
    """Return the entry of a setpoint that clients write."""
    return entry(signal="active_power_setpoint_w", table="holding", access="rw", **changes)


def showing(power_w: float, **changes: Any) -> list[int] | int:
    """Return the words of an entry at an active power."""
    registers = bound(mapping(entry(**changes)))
    registers.engine.submit(Pin("battery", "active_power_w", power_w))
    return read(registers, Table.INPUT_REGISTERS, 0, registers.map.registers[0].count)


def refusal(*entries: dict[str, Any], **top: Any) -> str:
    """Return why a map is not accepted."""
    with pytest.raises(ConfigError) as caught:
        mapping(*entries, **top)
    return str(caught.value)


def read(registers: Registers, table: Table, address: int, count: int) -> list[int] | int:
    """Return the words (or bits) that a client reads, or the exception code."""
    answer = respond(registers, _request(READ_FUNCTIONS[table], address, count), CLIENT)
    if answer[0] & 0x80:
        return answer[1]
    data = answer[2:]
    if table in {Table.COILS, Table.DISCRETE_INPUTS}:
        return [data[i // 8] >> (i % 8) & 1 for i in range(count)]
    return [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]


def write(registers: Registers, address: int, *words: int, function: int = 0, client: str = CLIENT) -> int:
    """Write words as a client does (FC06 for one, FC16 for more); return 0 or the exception code."""
    code = function or (6 if len(words) == 1 else 16)
    data = b"".join((word & 0xFFFF).to_bytes(2, "big") for word in words)
    if code == 6:
        pdu = bytes((6,)) + address.to_bytes(2, "big") + data
    else:
        pdu = _request(16, address, len(words)) + bytes((len(data),)) + data
    answer = respond(registers, pdu, client)
    return answer[1] if answer[0] & 0x80 else 0


def cell_at(registers: Registers, table: Table, address: int) -> Cell:
    """Return the up-to-date cell at an address."""
    registers.refresh()
    return next(c for c in registers.cells if (c.reader.table, c.reader.address) == (table, address))


def verdict(registers: Registers, address: int) -> str:
    """Return the verdict on the last write to a holding register."""
    last = cell_at(registers, Table.HOLDING_REGISTERS, address).last_write
    assert last is not None
    return last.verdict


def _request(function: int, address: int, count: int) -> bytes:
    return bytes((function,)) + address.to_bytes(2, "big") + count.to_bytes(2, "big")


def hybrid_home(name: str, *, strings: int = 2, rated_w: float = 10_000.0) -> Registers:
    """Return a hybrid's registers in a running home: 6 kW of sun, 352 W of load, a battery half full."""
    sun = Series(0.0, 60.0, (6_000.0,), relative=True)
    battery = {
        "capacity_wh": 10_000.0,
        "max_charge_w": 5_000.0,
        "max_discharge_w": 5_000.0,
        "rated_va": 5_000.0,
    }
    params: dict[str, dict[str, Any]] = {
        "pv": {"rated_w": rated_w, "peak_w": rated_w, "series": sun, "pv_strings": strings},
        "battery": {**battery, "initial_soc": 0.5},
        "load": {"base_w": 352.0},
        "meter": {},
    }
    plans = [DevicePlan(kind, registry[kind], registry[kind].params(**each)) for kind, each in params.items()]
    engine = Engine(SitePlan("home", tuple(plans)))
    registers = SiteRegisters(engine).of(shipped(name), "pv", {"battery": "battery", "meter": "meter"})
    engine.submit(Write("battery", {"soc_upper_limit_1": 1.0, "soc_upper_limit_2": 1.0}))
    engine.advance(5.0)
    return registers
