"""A load in a site file."""

from typing import Annotated, Any

from twin_tui.config.assets.base import Asset
from twin_tui.config.derive import Sets
from twin_tui.documents.values import NotNegative, Percent

BASE_W = 5_000.0
"""Base load by default."""


class LoadAsset(Asset):
    """Uncontrolled consumption of the site."""

    base_kw: Annotated[NotNegative | None, Sets("base_w", 1e3)] = None
    annual_kwh: Annotated[NotNegative | None, Sets("annual_energy_wh", 1e3)] = None
    noise_percent: Annotated[Percent | None, Sets("noise_share", 0.01)] = None

    def parameters(self) -> dict[str, Any]:
        """Return the engine parameters; the default base load only without annual_kwh and series."""
        found = super().parameters()
        given = "annual_energy_wh" in found or found.get("series") is not None
        found.setdefault("base_w", 0.0 if given else BASE_W)
        return found
