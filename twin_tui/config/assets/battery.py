"""A battery in a site file."""

from math import sqrt
from typing import Annotated, Any, ClassVar

from pydantic import model_validator

from twin_tui.config.assets.base import Asset
from twin_tui.config.derive import Sets
from twin_tui.config.model import Model
from twin_tui.config.values import Efficiency, NotNegative, Percent, Positive

_REFERENCE_KWH = 100.0


class SocLimits(Model):
    """Where the battery derates, in %: nothing below lower_2 and above upper_2, all between the others."""

    lower_1: Percent = 25.0
    lower_2: Percent = 20.0
    upper_1: Percent = 85.0
    upper_2: Percent = 90.0

    @model_validator(mode="after")
    def _in_order(self) -> "SocLimits":
        if not self.lower_2 <= self.lower_1 <= self.upper_1 <= self.upper_2:
            found = ", ".join(f"{key} {getattr(self, key):g}" for key in type(self).model_fields)
            raise ValueError(f"expected lower_2 ≤ lower_1 ≤ upper_1 ≤ upper_2, found {found}")
        return self


class BatteryAsset(Asset):
    """A battery with its converter."""

    default_map: ClassVar[str] = "bess_modbus"

    capacity_kwh: Annotated[Positive, Sets("capacity_wh", 1e3)] = 100.0
    initial_soc: Annotated[Percent, Sets("initial_soc", 0.01)] = 50.0
    max_charge_kw: Annotated[NotNegative, Sets("max_charge_w", 1e3)] = 20.0
    max_discharge_kw: Annotated[NotNegative, Sets("max_discharge_w", 1e3)] = 20.0
    ramp_rate_kw_per_s: Annotated[Positive, Sets("ramp_w_per_s", 1e3)] = 100.0
    rated_kva: Annotated[Positive | None, Sets("rated_va", 1e3)] = None
    round_trip_eff: Efficiency = 0.92
    soc_limits: SocLimits = SocLimits()

    def settings(self) -> dict[str, Any]:
        """Return the engine parameters: efficiencies one way, heat in proportion to the capacity."""
        one_way = sqrt(self.round_trip_eff)
        found: dict[str, Any] = {"charge_efficiency": one_way, "discharge_efficiency": one_way}
        found.update(super().settings())
        size = found["capacity_wh"] / 1e3 / _REFERENCE_KWH
        found.setdefault("thermal_capacity_j_per_k", 500_000.0 * size)
        found.setdefault("thermal_conductance_w_per_k", 200.0 * size)
        found.setdefault("rated_va", 1.1 * max(found["max_charge_w"], found["max_discharge_w"]))
        return found

    def first_commands(self) -> dict[str, Any]:
        """Return the commands at the start, the derating limits among them."""
        limits = {
            f"soc_{side}_limit_{number}": getattr(self.soc_limits, f"{side}_{number}") / 100.0
            for side in ("lower", "upper")
            for number in (1, 2)
        }
        return {**super().first_commands(), **limits}
