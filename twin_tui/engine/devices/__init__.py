"""The device types that come with the package."""

from twin_tui.engine.device import registry
from twin_tui.engine.devices.battery import BATTERY
from twin_tui.engine.devices.load import LOAD

for _type in (BATTERY, LOAD):
    registry.add(_type)
