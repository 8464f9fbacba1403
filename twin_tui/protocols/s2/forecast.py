"""Power forecast of an uncontrolled device: its model, run ahead."""

from dataclasses import replace
from typing import Any

from twin_tui.engine.engine import Engine
from twin_tui.engine.running import Device
from twin_tui.engine.s2.builders import quantity_of

HORIZON_S = 86_400.0
ELEMENT_S = 900.0
STEP_S = 300.0


def forecasts(device: Device) -> bool:
    """Return whether the device's power depends on weather and time alone."""
    return device.type.undisturbed is not None


def forecast_of(engine: Engine, device: Device) -> list[dict[str, Any]]:
    """Return the expected power over the next day in quarters of an hour, as elements of a PowerForecast.

    The device is simulated alone, with its present commands, an undisturbed grid, no passing clouds and
    no noise.
    """
    plan = engine.plan
    calm = replace(plan.weather, clear_sky_index_std=0.0)
    undisturbed = device.type.undisturbed
    params = device.params if undisturbed is None else undisturbed(device.params)
    alone = replace(device.plan, params=params, commands=device.commands)
    model = Engine(
        replace(
            plan,
            devices=(alone,),
            dt_s=STEP_S,
            start_unix_s=plan.start_unix_s + engine.time_s,
            weather=calm,
            grid=type(plan.grid)(nominal_hz=plan.grid.nominal_hz, nominal_v=plan.grid.nominal_v),
            events=(),
        )
    )
    state, quantity = model.devices[device.name], quantity_of(device)
    elements = []
    per_element = round(ELEMENT_S / STEP_S)
    for _ in range(round(HORIZON_S / ELEMENT_S)):
        total_w = 0.0
        for _ in range(per_element):
            model.step()
            total_w -= state.state.active_power_w
        value = {"value_expected": total_w / per_element, "commodity_quantity": quantity}
        elements.append({"duration": round(ELEMENT_S * 1000), "power_values": [value]})
    return elements
