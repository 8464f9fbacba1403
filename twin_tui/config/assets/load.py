"""A load in a site file."""

from typing import Annotated, Any

from twin_tui.config.assets.base import Asset
from twin_tui.config.derive import Sets
from twin_tui.documents.values import NotNegative, Percent

BASE_W = 5_000.0
"""Of a load of which a site file says nothing else."""


class LoadAsset(Asset):
    """What the site consumes whatever anybody commands."""

    base_kw: Annotated[NotNegative | None, Sets("base_w", 1e3)] = None
    annual_kwh: Annotated[NotNegative | None, Sets("annual_energy_wh", 1e3)] = None
    noise_percent: Annotated[Percent | None, Sets("noise_share", 0.01)] = None

    def settings(self) -> dict[str, Any]:
        """Return the engine parameters; a base of its own only where nothing else says what it takes."""
        found = super().settings()
        told = "annual_energy_wh" in found or found.get("series") is not None
        found.setdefault("base_w", 0.0 if told else BASE_W)
        return found
