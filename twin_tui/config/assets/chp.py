"""A combined heat and power unit in a site file."""

from typing import Annotated, Any, ClassVar

from pydantic import model_validator

from twin_tui.config.assets.base import Asset
from twin_tui.config.derive import Sets
from twin_tui.documents.values import NotNegative, Percent, Positive, number


class ChpAsset(Asset):
    """A gas engine with generator and heat recovery."""

    default_map: ClassVar[str] = "chp_modbus"

    rated_kw: Annotated[Positive, Sets("rated_w", 1e3)] = 4000.0
    heat_to_power_ratio: Annotated[NotNegative, Sets("heat_to_power_ratio")] = 1.0
    ramp_rate_percent_per_s: Annotated[float, number(above=0, unit="%/s"), Sets("ramp_pu_per_s", 0.01)] = 5.0
    min_load_percent: Annotated[Percent, Sets("min_load_pu", 0.01)] = 30.0
    max_load_percent: Annotated[float, number(above=0, high=200, unit="%"), Sets("max_load_pu", 0.01)] = 110.0

    @model_validator(mode="after")
    def _loads_in_order(self) -> "ChpAsset":
        found: dict[str, Any] = self.parameters()
        low, high = found["min_load_pu"], found["max_load_pu"]
        if not 0 < low <= high:
            raise ValueError(
                f"expected 0 < min_load_percent ≤ max_load_percent, found {100 * low:g} and {100 * high:g}"
            )
        return self
