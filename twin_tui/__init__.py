"""Twin TUI: a digital twin of an energy site that lives in a terminal.

The public names, each loaded on first access: importing the engine alone brings in no server.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twin_tui.config.reader import Site
    from twin_tui.config.site import load_site
    from twin_tui.device_handles import (
        Appliance,
        Battery,
        Chp,
        DeviceHandle,
        EvCharger,
        HeatPump,
        Load,
        Meter,
        Pv,
    )
    from twin_tui.engine.device import DeviceType, FaultKind, Role, Stage, Status
    from twin_tui.engine.devices import (
        APPLIANCE,
        BATTERY,
        CHP,
        EV_CHARGER,
        HEAT_PUMP,
        LOAD,
        METER,
        PV,
        registry,
    )
    from twin_tui.engine.devices.battery_model import OFF, ON, STANDBY
    from twin_tui.engine.devices.chp_signals import START, STOP
    from twin_tui.engine.devices.ev_signals import PLUG, UNPLUG
    from twin_tui.engine.disturbance import Disturbance, Shape, Target
    from twin_tui.engine.events import (
        ClearDisturbance,
        ClearEverything,
        ClearFault,
        ClearLinkFault,
        Disturb,
        Event,
        Fault,
        Instruct,
        LinkFault,
        Mark,
        Pin,
        ReportStatus,
        Revoke,
        SelectControl,
        SelectMode,
        Unpin,
        Write,
    )
    from twin_tui.engine.signals import commanded, measured, value
    from twin_tui.engine.snapshot import Snapshot
    from twin_tui.engine.steering import Mode, PowerLimits, Steering
    from twin_tui.engine.surroundings import Surroundings
    from twin_tui.errors import ArgumentError, CommandError, ConfigError, LinkError, RunError, TwinError
    from twin_tui.run.recording import read_recording
    from twin_tui.run.scenario import Scenario
    from twin_tui.run.verdicts import Judge
    from twin_tui.twin import Twin

__version__ = "0.2.0"
__all__ = [
    "APPLIANCE",
    "BATTERY",
    "CHP",
    "EV_CHARGER",
    "HEAT_PUMP",
    "LOAD",
    "METER",
    "OFF",
    "ON",
    "PLUG",
    "PV",
    "STANDBY",
    "START",
    "STOP",
    "UNPLUG",
    "Appliance",
    "ArgumentError",
    "Battery",
    "Chp",
    "ClearDisturbance",
    "ClearEverything",
    "ClearFault",
    "ClearLinkFault",
    "CommandError",
    "ConfigError",
    "DeviceHandle",
    "DeviceType",
    "Disturb",
    "Disturbance",
    "EvCharger",
    "Event",
    "Fault",
    "FaultKind",
    "HeatPump",
    "Instruct",
    "Judge",
    "LinkError",
    "LinkFault",
    "Load",
    "Mark",
    "Meter",
    "Mode",
    "Pin",
    "PowerLimits",
    "Pv",
    "ReportStatus",
    "Revoke",
    "Role",
    "RunError",
    "Scenario",
    "SelectControl",
    "SelectMode",
    "Shape",
    "Site",
    "Snapshot",
    "Stage",
    "Status",
    "Steering",
    "Surroundings",
    "Target",
    "Twin",
    "TwinError",
    "Unpin",
    "Write",
    "__version__",
    "commanded",
    "load_site",
    "measured",
    "read_recording",
    "registry",
    "value",
]
_HOMES = {
    "config.site": "Site load_site",
    "device_handles": "Appliance Battery Chp DeviceHandle EvCharger HeatPump Load Meter Pv",
    "engine.device": "DeviceType FaultKind Role Stage Status",
    "engine.devices": "APPLIANCE BATTERY CHP EV_CHARGER HEAT_PUMP LOAD METER PV registry",
    "engine.devices.battery_model": "OFF ON STANDBY",
    "engine.devices.chp_signals": "START STOP",
    "engine.devices.ev_signals": "PLUG UNPLUG",
    "engine.disturbance": "Disturbance Shape Target",
    "engine.events": "ClearDisturbance ClearEverything ClearFault ClearLinkFault Disturb Event Fault "
    "Instruct LinkFault Mark Pin ReportStatus Revoke SelectControl SelectMode Unpin Write",
    "engine.signals": "commanded measured value",
    "engine.snapshot": "Snapshot",
    "engine.steering": "Mode PowerLimits Steering",
    "engine.surroundings": "Surroundings",
    "errors": "ArgumentError CommandError ConfigError LinkError RunError TwinError",
    "run.recording": "read_recording",
    "run.scenario": "Scenario",
    "run.verdicts": "Judge",
    "twin": "Twin",
}
_HOME = {name: f"twin_tui.{home}" for home, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'twin_tui' has no attribute {name!r}")
    globals()[name] = found = getattr(import_module(home), name)
    return found


def __dir__() -> list[str]:
    return __all__
