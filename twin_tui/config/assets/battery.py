"""A battery in a site file."""

from math import sqrt
from typing import Annotated, Any, ClassVar

from pydantic import Field, PrivateAttr, model_validator

from twin_tui.config.assets.base import Asset
from twin_tui.config.derive import Sets
from twin_tui.documents.model import Model
from twin_tui.documents.values import Celsius, Efficiency, NotNegative, Percent, Positive
from twin_tui.engine.devices.battery_model import Housing
from twin_tui.engine.physics.battery import LFP

CONTAINER_KWH = 200.0
"""Batteries from here up are outdoors in a container, smaller ones in a room."""


class SocLimits(Model):
    """Derating limits in %: no power beyond lower_2 and upper_2, full power between lower_1 and upper_1."""

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
    """Efficiency of a full cycle at the terminals; its square root applies in each direction."""
    soc_limits: SocLimits = Field(default_factory=SocLimits)
    """In %: no discharge below lower_2, no charge above upper_2, full power between lower_1 and upper_1."""
    ambient_temp_c: Annotated[Celsius | None, Sets("initial_cell_c")] = None
    internal_resistance: NotNegative | None = None
    """Accepted from DER Twin's form, without effect: the cell type determines the resistance."""

    # EOS's form
    initial_soc_percentage: Annotated[Percent | None, Sets("initial_soc", 0.01)] = None
    charging_efficiency: Annotated[Efficiency | None, Sets("charge_efficiency")] = None
    discharging_efficiency: Annotated[Efficiency | None, Sets("discharge_efficiency")] = None
    max_charge_power_w: Annotated[NotNegative | None, Sets("max_charge_w"), Sets("max_discharge_w")] = None
    """EOS's form: one limit for both directions."""
    min_soc_percentage: Percent | None = None
    """EOS's form of both lower limits."""
    max_soc_percentage: Percent | None = None
    """EOS's form of both upper limits."""
    min_charge_power_w: Any = None
    """Accepted from EOS's form, without effect: the battery follows any setpoint."""
    charge_rates: Any = None
    """Accepted from EOS's form, without effect."""
    levelized_cost_of_storage_kwh: Any = None
    """Accepted from EOS's form, without effect."""

    _inverter_efficiencies: tuple[float, float] = PrivateAttr(default=(1.0, 1.0))

    @model_validator(mode="after")
    def _one_pair_of_limits(self) -> "BatteryAsset":
        given = {"min_soc_percentage", "max_soc_percentage"} & self.model_fields_set
        if given and "soc_limits" in self.model_fields_set:
            raise ValueError(f"give soc_limits or {sorted(given)[0]}, not both")
        low, high = self.min_soc_percentage, self.max_soc_percentage
        if low is not None and high is not None and low >= high:
            raise ValueError(
                f"expected min_soc_percentage below max_soc_percentage, found {low:g} and {high:g}"
            )
        return self

    def parameters(self) -> dict[str, Any]:
        """Return the engine parameters, the thermal ones in proportion to the capacity."""
        one_way = sqrt(self.round_trip_eff)
        found: dict[str, Any] = {"charge_efficiency": one_way, "discharge_efficiency": one_way}
        found.update(super().parameters())
        found["charge_efficiency"] *= self._inverter_efficiencies[0]
        found["discharge_efficiency"] *= self._inverter_efficiencies[1]
        kwh = found["capacity_wh"] / 1e3
        outside = any(key in found for key in ("thermal_capacity_j_per_k", "thermal_conductance_w_per_k"))
        by_size = Housing.CONTAINER if kwh >= CONTAINER_KWH else Housing.INDOORS
        housing = found.setdefault("housing", Housing.OPEN if outside else by_size)
        per_kwh = 10.0 if housing is Housing.CONTAINER else 2.0
        found.setdefault("thermal_capacity_j_per_k", found.get("cell", LFP).heat_j_per_wh_k * 1e3 * kwh)
        found.setdefault("thermal_conductance_w_per_k", per_kwh * kwh)
        area = (kwh / 1e3) ** (2.0 / 3.0)
        found.setdefault("container_j_per_k", 640_000.0 * area)
        found.setdefault("container_w_per_k", 115.0 * area)
        found.setdefault("heating_w", 15.0 * kwh)
        found.setdefault("cooling_w", 30.0 * kwh)
        found.setdefault("rated_va", 1.1 * max(found["max_charge_w"], found["max_discharge_w"]))
        return found

    def behind(self, ac_to_dc: float, dc_to_ac: float) -> "BatteryAsset":
        """Return this battery behind an inverter with these efficiencies."""
        model = self.model_copy()
        model._inverter_efficiencies = (ac_to_dc, dc_to_ac)
        return model

    def first_commands(self) -> dict[str, Any]:
        """Return the commands at the start, including the derating limits."""
        limits = {
            f"soc_{side}_limit_{number}": getattr(self.soc_limits, f"{side}_{number}") / 100.0
            for side in ("lower", "upper")
            for number in (1, 2)
        }
        for side, percent in (("lower", self.min_soc_percentage), ("upper", self.max_soc_percentage)):
            if percent is not None:
                limits[f"soc_{side}_limit_1"] = limits[f"soc_{side}_limit_2"] = percent / 100.0
        return {**super().first_commands(), **limits}
