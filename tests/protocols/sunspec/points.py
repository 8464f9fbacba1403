"""SunSpec devices of a running site, whose points are read and written by name."""

from dataclasses import dataclass
from typing import Any

from tests.protocols.maps.site import read, shipped, write
from twin_tui.config.grid_codes import load_grid_code
from twin_tui.engine.device import DevicePlan
from twin_tui.engine.devices.battery import BATTERY, BatteryParams
from twin_tui.engine.devices.load import LOAD, LoadParams
from twin_tui.engine.devices.pv import PV, PvParams
from twin_tui.engine.engine import Engine
from twin_tui.engine.grid import GridParams
from twin_tui.engine.site import SitePlan
from twin_tui.engine.weather import Series
from twin_tui.protocols.maps.registers import Registers, SiteRegisters
from twin_tui.protocols.modbus.memory import Table

CODE = load_grid_code("ieee1547-2018-cat-iii")
SUN_W = 8_000.0
PLANT = PvParams(10_000.0, 12_000.0, series=Series(0.0, 3600.0, (SUN_W,)), grid_code=CODE, pv_strings=2)
CELLS = BatteryParams(
    20_000.0, 5_000.0, 5_000.0, 5_000.0, charge_efficiency=1.0, discharge_efficiency=1.0, grid_code=CODE
)


@dataclass
class SunSpecDevice:
    """A device and its registers."""

    engine: Engine
    registers: Registers
    name: str

    @property
    def power_w(self) -> float:
        """Its active power."""
        return self.device.state.active_power_w

    @property
    def device(self) -> Any:
        return self.engine.devices[self.name]

    def read(self, name: str) -> float:
        """Read a point as a client does, in its unit."""
        register = self.registers.named()[name].reader
        words = read(self.registers, Table.HOLDING_REGISTERS, register.address, register.count)
        assert isinstance(words, list), name
        raw = register.layout.unpack(b"".join(word.to_bytes(2, "big") for word in words))
        return float(register.scale * raw)

    def write(self, **points: float) -> int:
        """Write points one after the other; return the first exception code, or 0."""
        for name, number in points.items():
            register = self.registers.named()[name].reader
            data = register.layout.pack(round(number / register.scale))
            words = [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]
            code = write(self.registers, register.address, *words)
            if code:
                return code
        return 0

    def after(self, seconds: float) -> float:
        """Let time pass and return the active power."""
        self.engine.advance(seconds)
        return self.power_w


def site(*plans: DevicePlan) -> Engine:
    return Engine(SitePlan("site", plans, grid=GridParams(nominal_hz=60.0), dt_s=1.0))


def plant(params: PvParams = PLANT) -> SunSpecDevice:
    """Return a plant of 10 kW that the sun gives 8 kW."""
    engine = site(DevicePlan("pv", PV, params))
    return SunSpecDevice(engine, SiteRegisters(engine).of(shipped("sunspec_inverter"), "pv"), "pv")


def storage(*others: DevicePlan, start: bool = True) -> SunSpecDevice:
    """Return a battery of 5 kW, half full."""
    commands = BATTERY.commands(start_stop=1 if start else 2)
    engine = site(DevicePlan("battery", BATTERY, CELLS, commands), *others)
    return SunSpecDevice(engine, SiteRegisters(engine).of(shipped("sunspec_battery"), "battery"), "battery")


def sun(power_w: float) -> DevicePlan:
    return DevicePlan("pv", PV, PvParams(10_000.0, 12_000.0, series=Series(0.0, 3600.0, (power_w,))))


def house(power_w: float) -> DevicePlan:
    return DevicePlan("house", LOAD, LoadParams(base_w=power_w))
