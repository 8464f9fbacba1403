"""A PV plant in a site file."""

from typing import Annotated, Any, ClassVar

from twin_tui.config.assets.base import Asset
from twin_tui.config.derive import Sets
from twin_tui.documents.values import Efficiency, Positive, Text


class PvAsset(Asset):
    """An array with its inverter; the array's power is peak_kw or calculated from its area."""

    default_map: ClassVar[str] = "pv_inverter_modbus"

    rated_kw: Annotated[Positive, Sets("rated_w", 1e3)] = 10.0
    peak_kw: Annotated[Positive | None, Sets("peak_w", 1e3)] = None
    module_efficiency: Efficiency = 0.20
    """Efficiency of the modules, used with area_m2."""
    area_m2: Positive | None = None
    """Area of the modules; peak power is area times module_efficiency times 1 kW/m²."""

    # EOS's form of an inverter
    max_power_w: Annotated[Positive | None, Sets("rated_w")] = None
    dc_to_ac_efficiency: Annotated[Efficiency | None, Sets("nominal_efficiency")] = None
    ac_to_dc_efficiency: Efficiency | None = None
    """Efficiency while charging the battery behind the same inverter."""
    battery_id: Text | None = None
    """The battery behind the same inverter, whose efficiencies are multiplied by both."""

    def parameters(self) -> dict[str, Any]:
        """Return the engine parameters: the rating is the default of the peak power."""
        found = super().parameters()
        if self.area_m2 is not None:
            if "peak_w" in found:
                raise ValueError("give area_m2 or peak_kw, not both")
            found["peak_w"] = 1000.0 * self.area_m2 * self.module_efficiency
        found.setdefault("peak_w", found["rated_w"])
        return found
