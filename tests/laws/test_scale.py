"""A device of a fraction of the size does that fraction of the work: half a watt is a power too."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.laws.worlds import NOON_UNIX_S, TYPES
from twin_tui.config.grid_codes import load_grid_code
from twin_tui.engine.disturbance import Disturbance, Target
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import ClearDisturbance, Disturb, Event, Write
from twin_tui.engine.physics.battery import SUNGROW_SC1000TL
from twin_tui.engine.signals import signals_of
from twin_tui.engine.site import DevicePlan, SitePlan

SMALL = 2.0**-13
"""A power of two scales every number exactly: what is left is what the model does."""
SCALED = {"W", "Wh", "VA", "VAh", "var", "varh", "A"}
CODE = load_grid_code("vde-ar-n-4105")
Story = list[tuple[int, Event]]


def setpoints(k: float, **more: float) -> Story:
    """Charge, discharge, give and take vars, ask for more than there is."""
    wanted = (6_000.0, -3_000.0, 900.0, -900.0, 20_000.0, -20_000.0, 0.0)
    story: Story = [(0, Write("d", {"start_stop": 1, **more}))]
    story += [(5, Write("d", {"active_power_setpoint_w": w * k})) for w in wanted]
    story += [
        (5, Write("d", {"reactive_power_setpoint_var": 4_000.0 * k, "active_power_setpoint_w": 5_000.0 * k})),
        (5, Write("d", {"reactive_power_setpoint_var": 0.0, "power_factor_setpoint": -0.9})),
        (5, Disturb(Disturbance(Target.FREQUENCY, 0.6))),
        (5, Disturb(Disturbance(Target.VOLTAGE, 1.09))),
        (5, ClearDisturbance()),
        (5, Write("d", {"start_stop": 2})),
    ]
    return story


def battery(k: float, **more: Any) -> tuple[str, dict[str, Any], Story]:
    params = {
        "capacity_wh": 40_000.0 * k,
        "max_charge_w": 8_000.0 * k,
        "max_discharge_w": 8_000.0 * k,
        "rated_va": 9_000.0 * k,
        "ramp_w_per_s": 2_000.0 * k,
        "thermal_capacity_j_per_k": 20_000.0 * k,
        "thermal_conductance_w_per_k": 100.0 * k,
        "ageing_speed": 0.0,
        **more,
    }
    return "battery", params, setpoints(k)


def driven_hard(k: float) -> tuple[str, dict[str, Any], Story]:
    return battery(k, capacity_wh=400.0 * k)


def with_converter(k: float) -> tuple[str, dict[str, Any], Story]:
    return battery(k, converter=SUNGROW_SC1000TL, standby_w=40.0 * k)


def with_grid_code(k: float) -> tuple[str, dict[str, Any], Story]:
    return battery(k, standby_w=40.0 * k, grid_code=CODE, deadtime_s=2.0)


def with_q_first(k: float) -> tuple[str, dict[str, Any], Story]:
    return battery(k, q_priority=True)


def plant(k: float) -> tuple[str, dict[str, Any], Story]:
    params = {"rated_w": 8_000.0 * k, "peak_w": 9_000.0 * k, "ramp_w_per_s": 1_500.0 * k, "grid_code": CODE}
    story: Story = [
        (8, Write("d", {"active_power_limit_w": 3_000.0 * k})),
        (5, Write("d", {"active_power_limit_w": 1_500.0 * k, "reactive_power_setpoint_var": 900.0 * k})),
        (5, Write("d", {"active_power_limit_w": 1e9, "reactive_power_pu": -0.3})),
        (5, Write("d", {"reactive_power_setpoint_var": 0.0, "reactive_power_pu": 0.0})),
        (5, Write("d", {"power_factor_setpoint": 0.9})),
        (5, Disturb(Disturbance(Target.IRRADIANCE, 0.3))),
        (5, Disturb(Disturbance(Target.FREQUENCY, 0.6))),
        (5, ClearDisturbance()),
        (5, Write("d", {"on": 0})),
    ]
    return "pv", params, story


def chp(k: float) -> tuple[str, dict[str, Any], Story]:
    times = dict.fromkeys(("starting_s", "warmup_s", "idle_s", "synchronizing_s", "stopping_s"), 2.0)
    params = {"rated_w": 9_000.0 * k, "ramp_pu_per_s": 0.1, "grid_code": CODE, **times}
    story: Story = [
        (0, Write("d", {"start_stop": 1, "load_setpoint_pu": 0.8})),
        (15, Write("d", {"load_setpoint_pu": 0.4, "power_factor_setpoint": 0.9})),
        (8, Disturb(Disturbance(Target.FREQUENCY, 0.6))),
        (5, Write("d", {"start_stop": 0})),
    ]
    return "chp", params, story


def load(k: float) -> tuple[str, dict[str, Any], Story]:
    params = {"base_w": 3_000.0 * k, "power_factor": 0.8, "annual_energy_wh": 4e6 * k, "noise_share": 0.1}
    story: Story = [
        (5, Write("d", {"extra_w": 700.0 * k})),
        (5, Write("d", {"extra_w": -2_500.0 * k})),
        (5, Disturb(Disturbance(Target.LOAD, 900.0 * k))),
        (5, Disturb(Disturbance(Target.VOLTAGE, 0.8, phases="b"))),
        (5, Write("d", {"connected": 0})),
    ]
    return "load", params, story


def appliance(k: float) -> tuple[str, dict[str, Any], Story]:
    params = {"consumption_wh": 50.0 * k, "duration_s": 30.0, "profile": (1.0, 3.0, 0.5)}
    return "appliance", params, [(2, Write("d", {"run": 1})), (20, Write("d", {"run": 0}))]


def heat_pump(k: float) -> tuple[str, dict[str, Any], Story]:
    params = {
        "rated_heat_w": 8_000.0 * k,
        "tank_l": 50.0 * k,
        "tank_loss_w_per_k": 2.5 * k,
        "heat_loss_w_per_k": 150.0 * k,
        "hot_water_w": 1_000.0 * k,
        "min_pause_s": 5.0,
    }
    story: Story = [
        (10, Write("d", {"automatic": 0, "heat_power_setpoint_w": 5_000.0 * k})),
        (10, Write("d", {"heat_power_setpoint_w": 2_000.0 * k})),
        (10, Write("d", {"heat_power_setpoint_w": 8_000.0 * k})),
    ]
    return "heat_pump", params, story


Build = Callable[[float], tuple[str, dict[str, Any], Story]]
DEVICES: list[Build] = [
    *(battery, driven_hard, with_converter, with_grid_code, with_q_first),
    *(plant, chp, load, appliance, heat_pump),
]


def course(build: Build, k: float) -> list[tuple[str, float]]:
    """Return every telemetry of the device and of a meter beside it, brought back to the whole size."""
    kind, params, story = build(k)
    devices = (
        DevicePlan("d", TYPES[kind], TYPES[kind].params(**params)),
        DevicePlan("meter", TYPES["meter"], TYPES["meter"].params()),
    )
    engine = Engine(SitePlan("any", devices, dt_s=1.0, start_unix_s=NOON_UNIX_S))
    found = []
    for ticks, event in [*story, (10, None)]:
        for _ in range(ticks):
            engine.step()
            for name in ("d", "meter"):
                seen = engine.telemetry(name)
                for signal in signals_of(type(seen)).values():
                    number = getattr(seen, signal.name)
                    if not isinstance(number, str):
                        scaled = signal.unit in SCALED and not signal.name.startswith("voltage")
                        found.append((f"{name}.{signal.name}", number / k if scaled else number))
        if event is not None:
            engine.submit(event)
    return found


@pytest.mark.parametrize("build", DEVICES, ids=lambda build: build.__name__)
def test_everything_scales_with_the_size_of_a_device(build: Build) -> None:
    whole, small = course(build, 1.0), course(build, SMALL)
    assert [name for name, _ in whole] == [name for name, _ in small]
    assert any(number for name, number in whole if name == "d.active_power_w")
    for (name, one), (_, other) in zip(whole, small, strict=True):
        assert other == pytest.approx(one, rel=1e-9, abs=1e-6), name
