"""The generated pages are those of the present declarations, and what they show works."""

import inspect
from typing import Any

import pytest

from docs import make_commands, make_console, make_devices, make_grid
from twin_tui import Twin
from twin_tui.commands.parser import parse, parse_event
from twin_tui.commands.slots import ScreenCommand
from twin_tui.commands.verbs import GROUPS, VERBS
from twin_tui.config.assets import asset_model
from twin_tui.engine.device import registry
from twin_tui.engine.devices.battery_model import Housing
from twin_tui.engine.events import Event
from twin_tui.errors import CommandError
from twin_tui.protocols.modbus.fault_rules import OPTIONS, LinkFaultKind, LinkRule
from twin_tui.protocols.vocabulary import site_view

HOME = Twin.from_file(make_commands.SITE)
EXAMPLES = [line for verb in VERBS.values() for line, _ in verb.examples]
NEED_SOMETHING_BEFORE = ("clear voltage-1", "release battery soc")
LINK_EXAMPLES = [line for line, _ in VERBS["link"].examples]


@pytest.mark.parametrize("maker", [make_devices, make_commands, make_console, make_grid])
def test_the_committed_page_is_up_to_date(maker: Any) -> None:
    assert maker.PAGE.read_text(encoding="utf-8") == maker.page(), f"run python -m {maker.__name__}"


def test_every_command_stands_in_one_group_with_examples() -> None:
    assert len(VERBS) == sum(len(group.verbs) for group in GROUPS)
    assert all(verb.examples for verb in VERBS.values())
    assert all(line.split()[0] == verb.name for verb in VERBS.values() for line, _ in verb.examples)


@pytest.mark.parametrize("line", EXAMPLES)
def test_each_example_is_understood_on_the_site_it_is_for(line: str) -> None:
    site = site_view(HOME.engine.plan)
    command = parse(line, site, screen=make_commands.SCREEN)
    if isinstance(command, Event):
        assert parse_event(line, site)
    else:
        steered = "screen" if isinstance(command, ScreenCommand) else "run"
        with pytest.raises(CommandError, match=f"steers the {steered}"):
            parse_event(line, site)


@pytest.mark.parametrize("line", [line for line in EXAMPLES if line not in NEED_SOMETHING_BEFORE])
def test_each_example_that_is_an_event_is_accepted_by_the_engine(line: str) -> None:
    command = parse(line, site_view(HOME.engine.plan), screen=make_commands.SCREEN)
    if isinstance(command, Event):
        Twin.from_file(make_commands.SITE).submit(command)


def test_each_link_fault_and_each_of_its_keys_is_described() -> None:
    assert all(kind.meaning for kind in LinkFaultKind)
    assert set(OPTIONS) == {*inspect.signature(LinkRule).parameters} - {"kind", "unit"} | {"label"}


@pytest.mark.parametrize("line", LINK_EXAMPLES)
def test_each_link_example_is_a_rule(line: str) -> None:
    event = parse(line, site_view(HOME.engine.plan))
    assert LinkRule.parse(event.rule)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("kind", "keys", "parameter", "expected"),
    [
        ("battery", {"max_charge_kw": 8, "max_discharge_kw": 6}, "rated_va", 8_800.0),
        ("battery", {"round_trip_eff": 0.81}, "charge_efficiency", 0.9),
        ("battery", {"round_trip_eff": 0.81}, "discharge_efficiency", 0.9),
        ("battery", {"capacity_kwh": 40}, "thermal_capacity_j_per_k", 292_000.0),
        ("battery", {"capacity_kwh": 40, "cell": "nmc"}, "thermal_capacity_j_per_k", 240_000.0),
        ("battery", {"capacity_kwh": 40}, "thermal_conductance_w_per_k", 80.0),
        ("battery", {"capacity_kwh": 400}, "thermal_conductance_w_per_k", 4_000.0),
        ("battery", {"capacity_kwh": 199}, "housing", Housing.INDOORS),
        ("battery", {"capacity_kwh": 200}, "housing", Housing.CONTAINER),
        ("battery", {"capacity_kwh": 200, "thermal_capacity_j_per_k": 1e6}, "housing", Housing.OPEN),
        ("battery", {"capacity_kwh": 8000}, "container_j_per_k", 2_560_000.0),
        ("battery", {"capacity_kwh": 8000}, "container_w_per_k", 460.0),
        ("battery", {"capacity_kwh": 1000}, "heating_w", 15_000.0),
        ("battery", {"capacity_kwh": 1000}, "cooling_w", 30_000.0),
        ("pv", {"rated_kw": 7}, "peak_w", 7_000.0),
        ("load", {}, "base_w", 5_000.0),
        ("load", {"annual_kwh": 3_000}, "base_w", 0.0),
    ],
)
def test_the_defaults_that_follow_from_other_keys_are_those_of_the_page(
    kind: str, keys: dict[str, Any], parameter: str, expected: Any
) -> None:
    assert (kind, parameter) in make_devices.WORKED_OUT
    settings = asset_model(registry[kind]).model_validate({"type": kind, **keys}).parameters()
    assert settings[parameter] == (pytest.approx(expected) if isinstance(expected, float) else expected)


@pytest.mark.parametrize("kind", registry.kinds())
def test_no_other_default_follows_from_other_keys(kind: str) -> None:
    """What a model sets although no key has that default must be explained on the page."""
    given = {"consumption_wh": 1, "duration_h": 1} if kind == "appliance" else {}
    model = asset_model(registry[kind]).model_validate({"type": kind, **given})
    plain = {
        sets.parameter
        for item in type(model).model_fields.values()
        if item.default is not None
        for sets in item.metadata
        if isinstance(sets, make_devices.Sets)
    }
    worked_out = {parameter for each, parameter in make_devices.WORKED_OUT if each == kind}
    assert set(model.parameters()) - plain - {"consumption_wh", "duration_s"} <= worked_out


@pytest.mark.parametrize("kind", registry.kinds())
def test_every_key_of_every_type_has_a_meaning(kind: str) -> None:
    device_type = registry[kind]
    rows = list(make_devices._keys(device_type))
    assert rows
    assert all(row[-1] for row in rows), [row[0] for row in rows if not row[-1]]
