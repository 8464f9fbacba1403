"""An energy meter in a site file."""

from typing import Annotated, Any, ClassVar

from twin_tui.config.assets.base import Asset
from twin_tui.documents.values import Accepts, shown


def _to_names(found: Any) -> tuple[str, ...]:
    if isinstance(found, list) and found and all(isinstance(name, str) for name in found):
        return tuple(found)
    raise ValueError(f"expected a list of asset names, found {shown(found)}")


_NAMES = {"type": "array", "items": {"type": "string"}, "minItems": 1}


class MeterAsset(Asset):
    """A meter of the grid connection or, with ``meters``, of some assets."""

    default_map: ClassVar[str] = "energy_meter_modbus"

    meters: Annotated[tuple[str, ...], Accepts(_to_names, _NAMES)] = ()
    """Names of the measured assets; without it, the grid connection."""
