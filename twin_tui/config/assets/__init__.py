"""The assets of a site file: one model per device type, derived from its parameters."""

from typing import Any

from twin_tui.config.assets.base import Asset
from twin_tui.config.assets.battery import BatteryAsset
from twin_tui.config.assets.kinds import (
    ApplianceAsset,
    ChpAsset,
    EvChargerAsset,
    LoadAsset,
    MeterAsset,
    PvAsset,
)
from twin_tui.config.derive import complete
from twin_tui.engine.device import AnyDeviceType

ASSETS: dict[str, type[Asset]] = {
    "battery": BatteryAsset,
    "pv": PvAsset,
    "chp": ChpAsset,
    "ev_charger": EvChargerAsset,
    "appliance": ApplianceAsset,
    "load": LoadAsset,
    "meter": MeterAsset,
}
"""Models with keys of their own, by kind; the model of any other type is derived from its parameters."""

__all__ = ["ASSETS", "Asset", "asset_model"]

_complete: dict[tuple[str, type[Any]], type[Asset]] = {}


def asset_model(device_type: AnyDeviceType) -> type[Asset]:
    """Return the model of a type's assets, with a key for every parameter of the type."""
    key = (device_type.kind, device_type.params)
    known = _complete.get(key)
    if known is not None:
        return known
    written = ASSETS.get(device_type.kind, Asset)
    model = complete(written, device_type.params, f"{device_type.title}Asset")
    model.device_type = device_type
    _complete[key] = model
    return model
