"""The device types that come with the package."""

from twin_tui.engine.device import registry
from twin_tui.engine.devices.appliance import APPLIANCE
from twin_tui.engine.devices.battery import BATTERY
from twin_tui.engine.devices.chp import CHP
from twin_tui.engine.devices.ev_charger import EV_CHARGER
from twin_tui.engine.devices.heat_pump import HEAT_PUMP
from twin_tui.engine.devices.load import LOAD
from twin_tui.engine.devices.meter import METER
from twin_tui.engine.devices.pv import PV

__all__ = ["APPLIANCE", "BATTERY", "CHP", "EV_CHARGER", "HEAT_PUMP", "LOAD", "METER", "PV", "registry"]

for _type in (APPLIANCE, BATTERY, CHP, EV_CHARGER, HEAT_PUMP, LOAD, METER, PV):
    registry.add(_type)
