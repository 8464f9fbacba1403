"""The assets of a site file that have keys besides the parameters of their types; batteries apart."""

from typing import Annotated, Any, ClassVar

from pydantic import model_validator

from twin_tui.config.assets.base import Asset
from twin_tui.config.derive import Sets
from twin_tui.config.load_profiles import NAMES, load_profile, to_holidays, to_profile
from twin_tui.config.named import WINDOWS_SCHEMA
from twin_tui.config.schedule import to_windows
from twin_tui.documents.values import (
    Accepts,
    Duration,
    Efficiency,
    NotNegative,
    Percent,
    Positive,
    Text,
    number,
)
from twin_tui.engine.devices.time_window import Window
from twin_tui.errors import shown

BASE_W = 5_000.0
"""Base load by default."""


def _to_names(found: Any) -> tuple[str, ...]:
    if isinstance(found, list) and found and all(isinstance(name, str) for name in found):
        return tuple(found)
    raise ValueError(f"expected a list of asset names, found {shown(found)}")


Names = Annotated[
    tuple[str, ...], Accepts(_to_names, {"type": "array", "items": {"type": "string"}, "minItems": 1})
]
Holidays = Annotated[
    frozenset[int], Accepts(to_holidays, {"type": "array", "items": {"type": "string", "format": "date"}})
]
Windows = Annotated[tuple[Window, ...], Accepts(to_windows, WINDOWS_SCHEMA, informed=True)]


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


class EvChargerAsset(Asset):
    """A charging station and its vehicle, also in EOS's form of an electric vehicle."""

    initial_soc_percentage: Annotated[Percent | None, Sets("initial_soc", 0.01)] = None
    max_soc_percentage: Annotated[Percent | None, Sets("max_soc", 0.01)] = None
    min_soc_percentage: Annotated[Percent | None, Sets("min_soc", 0.01)] = None
    min_charge_power_w: Any = None
    """Accepted from EOS's form, without effect: the station follows any current."""
    charge_rates: Any = None
    """Accepted from EOS's form, without effect."""


class ApplianceAsset(Asset):
    """An appliance with a programme of known energy and duration, also in EOS's form."""

    duration: Annotated[Duration | None, Sets("duration_s")] = None
    duration_h: Annotated[Positive | None, Sets("duration_s", 3600.0)] = None
    windows: Annotated[Windows | None, Sets("windows")] = None
    time_windows: Annotated[Windows | None, Sets("windows")] = None
    horizon: Annotated[Duration | None, Sets("horizon_s")] = None


class LoadAsset(Asset):
    """Uncontrolled consumption of the site."""

    base_kw: Annotated[NotNegative | None, Sets("base_w", 1e3)] = None
    annual_kwh: Annotated[NotNegative | None, Sets("annual_energy_wh", 1e3)] = None
    noise_percent: Annotated[Percent | None, Sets("noise_share", 0.01)] = None
    standard_profile: Annotated[str | None, Accepts(to_profile, {"enum": list(NAMES)})] = None
    """Standard load profile of annual_kwh: household H0 (dynamic), business G0 to G6, farms L0 to L2."""
    holidays: Holidays = frozenset()
    """Dates that count as Sundays in the standard profile."""

    def parameters(self) -> dict[str, Any]:
        """Return the engine parameters; the default base load only without annual_kwh and series."""
        found = super().parameters()
        given = "annual_energy_wh" in found or found.get("series") is not None
        found.setdefault("base_w", 0.0 if given else BASE_W)
        if self.standard_profile is not None:
            if "profile" in self.model_fields_set:
                raise ValueError("give profile or standard_profile, not both")
            found["standard_profile"] = load_profile(self.standard_profile, self.holidays)
        elif self.holidays:
            raise ValueError("holidays take a standard_profile")
        return found


class MeterAsset(Asset):
    """A meter of the grid connection or, with ``meters``, of some assets."""

    default_map: ClassVar[str] = "energy_meter_modbus"

    meters: Names = ()
    """Names of the measured assets; without it, the grid connection."""


KINDS: dict[str, type[Asset]] = {
    "pv": PvAsset,
    "chp": ChpAsset,
    "ev_charger": EvChargerAsset,
    "appliance": ApplianceAsset,
    "load": LoadAsset,
    "meter": MeterAsset,
}
"""Models with keys of their own, by kind; the model of any other type is derived from its parameters."""
