"""What the types with a storage declare alike: its level, and the reports that they accept."""

from collections.abc import Callable, Mapping
from typing import Any

from twin_tui.engine.steering import PowerLimits, Report


def level(params: Any, state: Any) -> float:
    """Return how full the storage is, 0 to 1."""
    return float(state.energy_wh / params.capacity_wh)


def report(limits: Callable[[Any], PowerLimits]) -> Mapping[str, Report]:
    """Return how a reported state of charge and power change the state."""

    def power(params: Any, state: Any, power_w: float) -> dict[str, Any]:
        most = limits(params)
        return {"active_power_w": min(max(power_w, -most.charge_w), most.discharge_w)}

    return {"soc": lambda params, state, soc: {"energy_wh": soc * params.capacity_wh}, "power_w": power}
