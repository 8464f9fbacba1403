"""What a third party declares with a device type: everything else in the system reads it from there."""

from dataclasses import replace
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from tests.laws.worlds import FLYWHEEL, FlywheelParams
from twin_tui.engine import devices, packages
from twin_tui.engine.device import AnyDeviceType, Described, DeviceRegistry, Role, registry
from twin_tui.engine.devices.battery import BATTERY, BatteryParams
from twin_tui.engine.devices.load import LOAD, LoadParams
from twin_tui.engine.devices.meter import METER, MeterParams
from twin_tui.engine.disturbance import Disturbance, Target
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Disturb, Instruct, ReportStatus, SelectControl, SelectMode, Write
from twin_tui.engine.s2.model import (
    Actuator,
    ControlType,
    Element,
    ModeDescription,
    OperationMode,
    PowerRange,
)
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.engine.steering import Mode, PowerLimits, Steering
from twin_tui.engine.surroundings import Surroundings
from twin_tui.errors import CommandError, ConfigError
from twin_tui.protocols.eos.status import reports_of
from twin_tui.widgets.model import power_flow
from twin_tui.widgets.themes import role_of


def _spinning(device: Described, surroundings: Surroundings) -> ModeDescription:
    spin = Element((PowerRange(0.0, device.params.rated_w),))
    return ModeDescription(ControlType.OMBC, (Actuator("wheel", (OperationMode("spin", (spin,)),)),))


SECOND_BATTERY = replace(FLYWHEEL, kind="battery")
STEERED = replace(
    FLYWHEEL,
    title="Flywheel",
    role=Role.STORAGE,
    steering=Steering(
        setpoints=frozenset({"power_w"}),
        encode=lambda params, power_w: {"power_w": power_w},
        limits=lambda params: PowerLimits(params.rated_w, params.rated_w, params.capacity_wh),
        report={"soc": lambda params, state, soc: {"energy_wh": soc * params.capacity_wh}},
    ),
    modes=(
        Mode(
            "SPIN_UP",
            "Charges",
            lambda inputs: lambda net_w, soc, surroundings: inputs.most_charge_w,
            aliases=("CHARGE",),
        ),
    ),
    s2={ControlType.OMBC: _spinning},
)


def a_site(*plans: DevicePlan) -> Engine:
    return Engine(SitePlan("test", plans, dt_s=1.0))


def wheel(**changes: Any) -> DevicePlan:
    return DevicePlan("wheel", replace(STEERED, **changes), FlywheelParams(10_000.0, 4_000.0))


def test_a_type_has_its_own_group_in_the_power_flow() -> None:
    engine = a_site(wheel(), DevicePlan("load", LOAD, LoadParams(1_000.0)))
    engine.submit(Write("wheel", {"power_w": 300.0}))
    engine.step()
    assert power_flow(engine.snapshot()) == [
        ("Grid", 700.0, "grid"),
        ("Flywheel", 300.0, role_of("Flywheel", STEERED.role.value)),
        ("Load", -1_000.0, "load"),
    ]


def test_a_group_named_grid_adds_nothing_to_the_grid_itself() -> None:
    engine = a_site(wheel(flow_group="Grid"), DevicePlan("load", LOAD, LoadParams(1_000.0)))
    engine.submit(Write("wheel", {"power_w": 300.0}))
    engine.step()
    assert [(title, power_w) for title, power_w, _ in power_flow(engine.snapshot())] == [
        ("Grid", 700.0),
        ("Grid", 300.0),
        ("Load", -1_000.0),
    ]


def test_a_type_can_join_the_flow_group_of_another() -> None:
    battery = DevicePlan("battery", BATTERY, BatteryParams(10_000.0, 5_000.0, 5_000.0, 5_000.0))
    engine = a_site(wheel(flow_group="Battery"), battery)
    engine.submit(Write("wheel", {"power_w": 300.0}))
    engine.step()
    flows = {title: power_w for title, power_w, _ in power_flow(engine.snapshot())}
    assert flows == {"Grid": -300.0, "Battery": 300.0}


@pytest.mark.parametrize("role", Role)
def test_the_colour_of_a_flow_group_follows_its_role(role: Role) -> None:
    engine = a_site(wheel(role=role))
    for power_w in (300.0, -300.0):
        engine.submit(Write("wheel", {"power_w": power_w}))
        engine.step()
        assert power_flow(engine.snapshot())[1] == ("Flywheel", power_w, role_of("Flywheel", role.value))


def test_a_meter_is_in_no_flow_group() -> None:
    engine = a_site(DevicePlan("meter", METER, MeterParams()))
    assert [group for group, _, _ in power_flow(engine.snapshot())] == ["Grid"]


@pytest.mark.parametrize(("role", "sign"), [(Role.PRODUCER, 1), (Role.STORAGE, 1), (Role.CONSUMER, -1)])
def test_reports_count_power_by_the_role(role: Role, sign: int) -> None:
    engine = a_site(wheel(role=role))
    engine.submit(Write("wheel", {"power_w": 300.0}))
    engine.step()
    power = reports_of(engine.device("wheel"), "now")[-1]
    assert power["values"][0]["value"] == sign * 300.0


def test_a_declared_mode_runs_under_its_name_and_its_alias() -> None:
    engine = a_site(wheel())
    for name in ("SPIN_UP", "charge"):
        engine.submit(SelectMode("wheel", name, 0.5))
        engine.step()
        assert engine.telemetry("wheel").active_power_w == -2_000.0
    with pytest.raises(CommandError, match="has no mode 'SPIN_DOWN'; did you mean SPIN_UP"):
        engine.submit(SelectMode("wheel", "SPIN_DOWN"))


def test_a_declared_control_type_can_be_selected_and_instructed() -> None:
    engine = a_site(wheel())
    engine.submit(SelectControl("wheel", "OMBC"))
    engine.submit(Instruct("wheel", {"id": "1", "mode": "spin", "factor": 0.25}))
    engine.advance(2)
    assert engine.telemetry("wheel").active_power_w == -1_000.0


def test_a_declared_report_sets_the_state() -> None:
    engine = a_site(wheel())
    engine.submit(ReportStatus("wheel", {"soc": 0.9}))
    assert engine.telemetry("wheel").energy_wh == pytest.approx(9_000.0)
    with pytest.raises(CommandError, match="cannot take over a reported power_w"):
        engine.submit(ReportStatus("wheel", {"power_w": 1.0}))


def test_a_type_without_steering_has_no_modes() -> None:
    engine = a_site(wheel(steering=None, modes=(), s2={}))
    with pytest.raises(CommandError, match="a flywheel has no operation modes"):
        engine.submit(SelectMode("wheel", "SPIN_UP"))
    with pytest.raises(CommandError, match="does not offer OMBC; offered: none"):
        engine.submit(SelectControl("wheel", "OMBC"))


def test_a_load_step_needs_a_type_that_takes_it() -> None:
    step = Disturb(Disturbance(Target.LOAD, 500.0))
    with pytest.raises(CommandError, match="no load whose consumption could step"):
        a_site(wheel()).submit(step)
    a_site(wheel(takes_load_steps=True)).submit(step)


def test_every_shipped_type_declares_who_it_is() -> None:
    roles = {kind: (registry[kind].role.value, registry[kind].flow_title) for kind in registry.kinds()}
    assert roles == {
        "appliance": ("CONSUMER", "Appliance"),
        "battery": ("STORAGE", "Battery"),
        "chp": ("PRODUCER", "CHP"),
        "ev_charger": ("STORAGE", "EV"),
        "heat_pump": ("CONSUMER", "Heat pump"),
        "load": ("CONSUMER", "Load"),
        "meter": ("CONSUMER", ""),
        "pv": ("PRODUCER", "PV"),
    }


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The kinds that the registry of ``types`` has loaded so far."""
    monkeypatch.setattr(packages, "entry_points", lambda group: ())
    return []


@pytest.fixture
def types(loaded: list[str]) -> DeviceRegistry:
    """A registry with two types that are not loaded yet."""

    def offered(found: AnyDeviceType) -> AnyDeviceType:
        loaded.append(found.kind)
        return found

    registry = DeviceRegistry()
    for found in (BATTERY, LOAD):
        registry.offer(found.kind, lambda found=found: offered(found))  # type: ignore[misc]
    return registry


def test_a_type_is_loaded_with_its_first_use_and_once(types: DeviceRegistry, loaded: list[str]) -> None:
    assert types.kinds() == ("battery", "load")
    assert not loaded
    assert types["load"] is types["load"] is LOAD
    assert loaded == ["load"]


def test_an_alias_finds_a_type_that_is_not_loaded_yet(types: DeviceRegistry) -> None:
    assert types["bess"] is BATTERY
    assert types.kinds() == ("battery", "load")


def test_an_unknown_type_is_compared_with_those_that_are_not_loaded_yet(types: DeviceRegistry) -> None:
    with pytest.raises(ConfigError, match="unknown device type 'baterry'; did you mean battery"):
        types["baterry"]


def test_the_kind_of_a_type_that_is_not_loaded_yet_is_taken(types: DeviceRegistry) -> None:
    with pytest.raises(ConfigError, match="'battery' is registered already"):
        types.add(replace(STEERED, kind="battery"))
    assert types["battery"] is BATTERY


def test_a_type_of_an_entry_point_is_found_beside_those_not_loaded_yet(
    types: DeviceRegistry, loaded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = EntryPoint("flywheel", f"{__name__}:STEERED", "twin_tui.device_types")
    monkeypatch.setattr(packages, "entry_points", lambda group: [entry])
    assert types.kinds() == ("battery", "load", "flywheel")
    assert types["flywheel"] is STEERED
    assert not loaded


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("no_such_module:X", r"device type strange \(no_such_module:X\) could not be loaded: No module"),
        ("json:dumps", r"device type strange \(json:dumps\): expected a DeviceType, found <function"),
        (f"{__name__}:SECOND_BATTERY", r"strange \(.*\): device type 'battery' is registered already"),
    ],
)
def test_a_package_whose_device_type_does_not_work_is_named_where_a_site_uses_it(
    types: DeviceRegistry, value: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = EntryPoint("strange", value, "twin_tui.device_types")
    monkeypatch.setattr(packages, "entry_points", lambda group: [entry])
    for kind in ("strange", "other"):
        assert types.kinds() == ("battery", "load")
        with pytest.raises(ConfigError, match=f"unknown device type '{kind}'; .*{message}"):
            types[kind]
    assert types["battery"] is BATTERY


def test_the_package_has_each_of_its_types_by_name() -> None:
    assert devices.BATTERY is BATTERY is registry["battery"]
    with pytest.raises(AttributeError, match="has no attribute 'KETTLE'"):
        devices.KETTLE  # type: ignore[attr-defined]  # noqa: B018
