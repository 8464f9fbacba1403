"""A device in Python: typed, read-only where it is shown, everything that can be done to it in one place."""

import copy
import dataclasses
import pickle
from typing import Any

import pytest

from twin_tui import BATTERY, ON, CommandError, Fault, LinkError, Status, Twin, Write

SITE: dict[str, Any] = {
    "name": "small",
    "assets": [
        {"type": "battery", "name": "bess", "capacity_kwh": 10, "max_charge_kw": 5, "port": 0},
        {"type": "pv", "name": "roof", "rated_kw": 8},
        {"type": "pv", "name": "shed", "rated_kw": 2},
        {"type": "load", "name": "house", "base_kw": 1.2},
    ],
}


@pytest.fixture
def twin() -> Twin:
    return Twin.from_dict(SITE)


def test_a_device_is_found_by_name_in_three_ways(twin: Twin) -> None:
    assert twin["bess"].name == twin.battery("bess").name == twin.device("bess", BATTERY).name == "bess"
    assert "bess" in twin
    assert "buss" not in twin
    assert list(twin) == [device.name for device in twin.devices()] == ["bess", "roof", "shed", "house"]


def test_the_only_device_of_its_type_needs_no_name(twin: Twin) -> None:
    assert twin.battery().name == "bess"
    with pytest.raises(CommandError, match="2 devices of type pv, give a name: roof, shed"):
        twin.pv()
    with pytest.raises(CommandError, match="no device of type chp"):
        twin.chp()


def test_a_wrong_name_or_type_is_refused_with_the_right_one(twin: Twin) -> None:
    with pytest.raises(CommandError, match="did you mean bess"):
        twin["besss"]
    with pytest.raises(CommandError, match="roof is a pv, not a battery"):
        twin.battery("roof")


@pytest.mark.parametrize(
    ("kind", "needed"),
    [
        ("appliance", {"consumption_kwh": 1, "duration": "1h"}),
        ("battery", {"capacity_kwh": 10}),
        ("chp", {"rated_kw": 5}),
        ("ev_charger", {}),
        ("heat_pump", {}),
        ("load", {"base_kw": 1}),
        ("meter", {}),
        ("pv", {"rated_kw": 5}),
    ],
)
def test_every_shipped_type_has_its_typed_way(kind: str, needed: dict[str, Any]) -> None:
    twin = Twin.from_dict({"assets": [{"type": kind, "name": "it", **needed}]})
    found = getattr(twin, kind)()
    assert found.type.kind == kind
    assert isinstance(found.telemetry, found.type.telemetry)
    assert isinstance(found.commands, found.type.commands)


def test_what_a_handle_shows_cannot_be_changed_by_mistake(twin: Twin) -> None:
    bess = twin.battery()
    with pytest.raises(AttributeError, match=r"BatteryTelemetry\.soc is read-only"):
        bess.telemetry.soc = 1.0  # type: ignore[misc]
    with pytest.raises(AttributeError, match=r"BatteryCommands\.start_stop is read-only"):
        bess.commands.start_stop = ON  # type: ignore[misc]
    with pytest.raises(AttributeError, match="read-only"):
        del bess.telemetry.soc  # type: ignore[misc]
    shown = twin.snapshot().device("bess")
    with pytest.raises(AttributeError, match="read-only"):
        shown.telemetry.soc = 1.0
    with pytest.raises(AttributeError, match="read-only"):
        shown.commands.start_stop = ON


def test_read_only_values_are_otherwise_the_engines_own(twin: Twin) -> None:
    mine, own = twin.battery().telemetry, twin.engine.telemetry("bess")
    assert isinstance(mine, type(own))
    assert mine == own
    assert own == mine
    assert repr(mine) == repr(own)
    assert mine == twin.snapshot().device("bess").telemetry
    assert mine != dataclasses.replace(mine, soc=0.123)
    assert dataclasses.replace(mine, soc=0.123).soc == 0.123
    assert dataclasses.asdict(mine) == dataclasses.asdict(own)
    for twice in (copy.copy(mine), copy.deepcopy(mine), pickle.loads(pickle.dumps(mine))):
        assert twice == mine
        with pytest.raises(AttributeError, match="read-only"):
            twice.soc = 1.0
    with pytest.raises(TypeError, match="unhashable"):
        hash(mine)


def test_the_values_of_one_tick_stay_when_time_goes_on(twin: Twin) -> None:
    bess = twin.battery()
    bess.write(start_stop=ON, active_power_setpoint_w=-5_000)
    before = bess.telemetry
    twin.advance(60)
    assert bess.telemetry.soc > before.soc


def test_a_write_also_reads_the_words_of_the_command_language(twin: Twin) -> None:
    bess = twin.battery()
    bess.write(start_stop="Power On", active_power_setpoint_w="-4 kW")
    assert bess.commands.start_stop == ON
    assert bess.commands.active_power_setpoint_w == -4_000
    bess.force("soc", "97%")
    assert bess.telemetry.soc == 0.97
    with pytest.raises(CommandError, match="not a unit"):
        bess.write(start_stop="Power Off", active_power_setpoint_w="-4 V")
    assert bess.commands.start_stop == ON


def test_events_from_python_say_so_unless_they_say_otherwise(twin: Twin) -> None:
    bess = twin.battery()
    bess.write(start_stop=ON)
    bess.force("soc", 0.5)
    bess.release("soc")
    bess.fault("emergency_stop", duration_s=2)
    bess.select_mode("PEAK_SHAVING")
    twin.submit(Write("bess", {"start_stop": 2}))
    twin.submit(Fault("bess", "emergency_stop"))
    assert {entry.origin for entry in twin.engine.log if entry.origin} == {"python"}
    bess.write(origin="my EMS", start_stop=ON)
    twin.submit(Write("bess", {"start_stop": 2}, "your EMS"))
    assert {entry.origin for entry in twin.engine.log if entry.origin} == {"python", "my EMS", "your EMS"}


def test_a_handle_brings_about_and_ends_faults_of_its_own_links(twin: Twin) -> None:
    bess = twin.battery()
    label = bess.link_fault("delay", delay_s=2, duration_s=30)
    kept = bess.link_fault("silence", label="mute", count=3)
    assert (label, kept) == ("link-1", "mute")
    assert bess.link_faults == ("link-1", "mute")
    fault, _ = twin.engine.link_faults["link-1"]
    assert (fault.rule, fault.duration_s) == ({"kind": "delay", "delay_s": 2}, 30)
    assert fault.origin == "python"
    bess.clear_link_fault("mute")
    assert bess.link_faults == ("link-1",)
    with pytest.raises(CommandError, match="no link fault 'mute'"):
        bess.clear_link_fault("mute")
    bess.clear_link_fault()
    assert bess.link_faults == ()
    with pytest.raises(CommandError, match="did you mean delay"):
        bess.link_fault("delya")
    with pytest.raises(CommandError, match="unknown key 'delay'"):
        bess.link_fault("delay", delay=2)


def test_a_handle_leaves_the_links_of_other_devices_alone() -> None:
    twin = Twin.from_dict({"assets": [{**SITE["assets"][0], "name": name} for name in ("a", "b")]})
    twin["a"].link_fault("silence")
    other = twin["b"].link_fault("silence")
    with pytest.raises(CommandError, match="a has no link fault"):
        twin["a"].clear_link_fault(other)
    twin["a"].clear_link_fault()
    assert twin["b"].link_faults == (other,)


def test_twins_and_devices_show_what_they_are(twin: Twin) -> None:
    twin.advance(60)
    twin.battery().write(start_stop=ON)
    twin.advance(1)
    assert twin.battery().status is Status.RUNNING
    assert repr(twin) == "<Twin 'small': 4 devices, 61 s>"
    assert repr(twin["bess"]) == "<DeviceHandle 'bess': battery, RUN>"


def test_a_device_without_a_tcp_port_says_so(twin: Twin) -> None:
    with pytest.raises(LinkError, match="house has no TCP port"):
        twin.port("house")
    with pytest.raises(LinkError, match="chosen when its server starts"):
        twin.port("bess")
    with pytest.raises(CommandError, match="did you mean house"):
        twin.port("houses")


async def test_a_device_has_the_port_that_its_server_got() -> None:
    site = {"assets": [{"type": "battery", "name": "bess", "protocols": two_endpoints()}], "real_time": False}
    async with Twin.from_dict(site) as twin:
        ports = [server.port for server in twin.links.servers]
        assert twin.port("bess", unit=7) == ports[1]
        assert [twin.port("bess", index=index) for index in (0, 1)] == ports
        with pytest.raises(LinkError, match="bess has 2 TCP ports, give unit or index: 0: "):
            twin.port("bess")
        with pytest.raises(LinkError, match="TCP ports 0 to 1, not 2"):
            twin.port("bess", index=2)
        with pytest.raises(LinkError, match="no TCP port with unit 9"):
            twin.port("bess", unit=9)


def two_endpoints() -> list[dict[str, Any]]:
    return [{"kind": "modbus_tcp", "port": 0, "unit_id": unit} for unit in (1, 7)]
