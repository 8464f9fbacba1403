"""The assets of a site file: one model per device type, derived from its parameters."""

from typing import Any

from twin_tui.config.assets.base import Asset
from twin_tui.config.assets.battery import BatteryAsset
from twin_tui.config.derive import complete
from twin_tui.engine.device import AnyDeviceType

__all__ = ["Asset", "asset_model"]

_complete: dict[tuple[str, type[Any]], type[Asset]] = {}


def asset_model(device_type: AnyDeviceType) -> type[Asset]:
    """Return the model of a type's assets, with a key for every parameter of the type."""
    key = (device_type.kind, device_type.params)
    known = _complete.get(key)
    if known is not None:
        return known
    written = _written(device_type.kind)
    model = complete(written, device_type.params, f"{device_type.title}Asset")
    model.device_type = device_type
    _complete[key] = model
    return model


def _written(kind: str) -> type[Asset]:
    """Return the model with the keys that a type has besides its parameters, loaded when a site uses it."""
    if kind == "battery":
        return BatteryAsset
    from twin_tui.config.assets.kinds import KINDS  # noqa: PLC0415 - many sites have batteries alone

    return KINDS.get(kind, Asset)
