"""A charging station with its vehicle in a site file."""

from typing import Annotated, Any

from twin_tui.config.assets.base import Asset
from twin_tui.config.derive import Sets
from twin_tui.documents.values import Efficiency, Percent


class EvChargerAsset(Asset):
    """A charging station and its vehicle, also in EOS's form of an electric vehicle."""

    initial_soc_percentage: Annotated[Percent | None, Sets("initial_soc", 0.01)] = None
    max_soc_percentage: Annotated[Percent | None, Sets("max_soc", 0.01)] = None
    min_soc_percentage: Percent | None = None
    """Accepted from EOS's form, without effect: the minimum charge in EOS's plans."""
    discharging_efficiency: Efficiency | None = None
    """Accepted from EOS's form, without effect: the vehicle does not discharge."""
    min_charge_power_w: Any = None
    """Accepted from EOS's form, without effect: the station follows any current."""
    charge_rates: Any = None
    """Accepted from EOS's form, without effect."""
