"""Settings of a grid code behind registers, in the layout of SunSpec's model 703 (enter service)."""

from typing import Any

from tests.protocols.maps.site import mapping, read, write
from twin_tui.config.grid_codes import load_grid_code
from twin_tui.engine.device import DevicePlan, Status
from twin_tui.engine.devices.battery import BATTERY, ON, BatteryCommands, BatteryParams
from twin_tui.engine.engine import Engine
from twin_tui.engine.site import SitePlan
from twin_tui.protocols.maps.registers import Registers, SiteRegisters
from twin_tui.protocols.modbus.memory import Table

RW: dict[str, Any] = {"table": "holding", "access": "rw"}
ENTER_SERVICE = (
    {"name": "ESVHi", "signal": "enter_v_high_pu", "address": 3, "type": "uint16", "scale": 0.001, **RW},
    {"name": "ESVLo", "signal": "enter_v_low_pu", "address": 4, "type": "uint16", "scale": 0.001, **RW},
    {"name": "ESHzHi", "signal": "enter_f_high_hz", "address": 5, "type": "uint32", "scale": 0.01, **RW},
    {"name": "ESHzLo", "signal": "enter_f_low_hz", "address": 7, "type": "uint32", "scale": 0.01, **RW},
    {"name": "ESDlyTms", "signal": "enter_delay_s", "address": 9, "type": "uint32", **RW},
    {"name": "UV1", "signal": "trip_uv1_pu", "address": 20, "type": "uint16", "scale": 0.001, **RW},
    {"name": "UV1s", "signal": "trip_uv1_s", "address": 21, "type": "uint32", "scale": 0.01, **RW},
)


def battery() -> tuple[Engine, Registers]:
    params = BatteryParams(1e5, 1e4, 1e4, 1e4, grid_code=load_grid_code("en50549-1"))
    told = BatteryCommands(start_stop=ON, active_power_setpoint_w=5_000.0)
    engine = Engine(SitePlan("site", (DevicePlan("battery", BATTERY, params, told),)))
    return engine, SiteRegisters(engine).of(mapping(*ENTER_SERVICE), "battery", {})


def test_registers_show_the_settings_and_set_them_several_at_once() -> None:
    engine, registers = battery()
    assert read(registers, Table.HOLDING_REGISTERS, 3, 8) == [1100, 850, 0, 5020, 0, 4950, 0, 60]
    assert write(registers, 3, 1150, 900) == 0
    assert write(registers, 9, 0, 300) == 0
    engine.step()
    assert read(registers, Table.HOLDING_REGISTERS, 3, 8) == [1150, 900, 0, 5020, 0, 4950, 0, 300]
    assert engine.devices["battery"].commands.enter_delay_s == 300.0


def test_limits_that_contradict_each_other_are_refused_on_the_wire() -> None:
    engine, registers = battery()
    assert write(registers, 4, 1200) == 3
    assert write(registers, 5, 0, 4950) == 3
    assert write(registers, 20, 2500) == 3
    engine.step()
    assert read(registers, Table.HOLDING_REGISTERS, 3, 2) == [1100, 850]


def test_a_trip_limit_written_over_modbus_trips_the_device() -> None:
    engine, registers = battery()
    engine.advance(1.0)
    assert write(registers, 20, 1050, 0, 50) == 0
    engine.advance(0.5)
    assert engine.devices["battery"].state.status is Status.RUNNING
    engine.advance(0.1)
    assert engine.devices["battery"].state.status is Status.TRIPPED
