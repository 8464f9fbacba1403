"""The device types that come with the package; each is loaded when it is first needed."""

from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from twin_tui.engine.device import AnyDeviceType, registry

if TYPE_CHECKING:
    from twin_tui.engine.devices.appliance import APPLIANCE
    from twin_tui.engine.devices.battery import BATTERY
    from twin_tui.engine.devices.chp import CHP
    from twin_tui.engine.devices.ev_charger import EV_CHARGER
    from twin_tui.engine.devices.heat_pump import HEAT_PUMP
    from twin_tui.engine.devices.load import LOAD
    from twin_tui.engine.devices.meter import METER
    from twin_tui.engine.devices.pv import PV

__all__ = ["APPLIANCE", "BATTERY", "CHP", "EV_CHARGER", "HEAT_PUMP", "LOAD", "METER", "PV", "registry"]


def __getattr__(name: str) -> AnyDeviceType:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: AnyDeviceType = getattr(import_module(f"{__name__}.{name.lower()}"), name)
    return found


_ALIASES = {
    "APPLIANCE": ("home_appliance",),
    "BATTERY": ("bess",),
    "EV_CHARGER": ("ev", "wallbox"),
    "HEAT_PUMP": ("boiler",),
    "METER": ("energy_meter",),
    "PV": ("inverter",),
}
"""Those that the types name themselves: a site that uses one loads that type alone."""
for _name in __all__[:-1]:
    registry.offer(_name.lower(), partial(__getattr__, _name), *_ALIASES.get(_name, ()))
