"""Each error in a site file is one message with the place, the value and what was expected."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from twin_tui.config import load_site
from twin_tui.engine.device import registry
from twin_tui.engine.devices.load import LOAD
from twin_tui.errors import ConfigError

Message = Callable[..., str]
BATTERY: dict[str, Any] = {"type": "bess"}
EMPTY_MAP: dict[str, Any] = {"registers": []}


def one(asset: dict[str, Any], **top: Any) -> dict[str, Any]:
    return {"assets": [asset], **top}


def tcp(port: int = 5020, **more: Any) -> dict[str, Any]:
    return {"kind": "modbus_tcp", "port": port, "register_map": EMPTY_MAP, **more}


def test_a_misspelt_key_names_the_nearest(write_site: Callable[..., Path], message: Message) -> None:
    path = write_site(one({**BATTERY, "initial_socc": 40}))
    assert message(path) == f"{path}:1: unknown key initial_socc in assets[0]; did you mean initial_soc?"


@pytest.mark.parametrize(
    ("asset", "expected"),
    [
        ({"capacity_kwh": -3}, "assets[0].capacity_kwh: expected a number above 0, found -3"),
        ({"initial_soc": 140}, "assets[0].initial_soc: expected a number from 0 to 100 (%), found 140"),
        ({"initial_soc": -1}, "assets[0].initial_soc: expected a number from 0 to 100 (%), found -1"),
        ({"capacity_kwh": "large"}, "assets[0].capacity_kwh: expected a number above 0, found 'large'"),
        ({"capacity_kwh": True}, "assets[0].capacity_kwh: expected a number above 0, found True"),
        ({"capacity_kwh": float("inf")}, "assets[0].capacity_kwh: expected a number above 0, found inf"),
        (
            {"max_charge_kw": float("nan")},
            "assets[0].max_charge_kw: expected a number of at least 0, found nan",
        ),
        ({"round_trip_eff": 1.2}, "assets[0].round_trip_eff: expected a number above 0 up to 1, found 1.2"),
        ({"name": "a b"}, "assets[0].name: expected a name of letters, digits"),
        ({"started": "maybe"}, "assets[0].started: expected true or false, found 'maybe'"),
        ({"commands": {"start_stopp": 1}}, "did you mean start_stop?"),
        ({"commands": {"start_stop": 9}}, "takes 1 = Power On"),
        ({"commands": [1]}, "assets[0].commands: expected an object of command names and values"),
        ({"protocols": {}}, "assets[0].protocols: expected a list, found {}"),
        ({"protocols": [3]}, "assets[0].protocols[0]: expected an object with keys, found 3"),
        ({"protocols": [{"port": 1}]}, "assets[0].protocols[0].kind: expected one of modbus_tcp"),
        ({"protocols": [tcp(70_000)]}, "protocols[0].port: expected a whole number from 0 to 65535"),
        ({"protocols": [tcp(unit_id=300)]}, "protocols[0].unit_id: expected a whole number from 0 to 255"),
        (
            {"protocols": [tcp(uint_id=3)]},
            "unknown key uint_id in assets[0].protocols[0]; did you mean unit_id?",
        ),
        ({"protocols": [tcp(ip="not an address")]}, "protocols[0].ip: expected an IP address or host name"),
        ({"protocols": [tcp(framing="mbab")]}, "expected one of mbap, rtu, found 'mbab'; did you mean mbap?"),
        (
            {"protocols": [tcp(identity={"vendor": "x"})]},
            "identity: unknown key vendor; did you mean vendor_url?",
        ),
        ({"protocols": [{"kind": "modbus_rtu"}]}, "missing key port in assets[0].protocols[0]"),
        (
            {"protocols": [{"kind": "modbus_rtu", "port": "/dev/x", "parity": "X"}]},
            "protocols[0].parity: expected one of N, E, O, found 'X'",
        ),
        (
            {"protocols": [{"kind": "s2", "cem": "http://x"}]},
            "protocols[0].cem: S2 energy manager 'http://x': S2 Connect pairing over http is not supported",
        ),
        ({"protocols": [tcp()], "port": 5}, "give port or protocols in assets[0], not both"),
        (
            {"port": 502, "register_map": 5},
            "assets[0].register_map: expected the name of a register map, found 5",
        ),
        ({"capacity_kwh": 3, "capacity_wh": 3000}, "assets[0]: give capacity_kwh or capacity_wh, not both"),
        ({"name": "a", "asset_id": "b"}, "give one of name, asset_id and device_id, not several"),
        ({"grid_code": "vde-ar-n-4501"}, "did you mean vde-ar-n-4105?"),
        ({"cell": "lead"}, "assets[0].cell: expected one of lfp, nmc, found 'lead'"),
    ],
)
def test_an_invalid_asset_is_reported(asset: dict[str, Any], expected: str, message: Message) -> None:
    text = message(one({**BATTERY, **asset}))
    assert expected in text
    assert text.startswith("site: ")
    assert len(text.splitlines()) == 1


@pytest.mark.parametrize(
    ("top", "expected"),
    [
        ({"step": 0}, "step: expected a number above 0 up to 3600 (s), found 0"),
        ({"seed": 1.5}, "seed: expected a whole number from"),
        ({"speed": -1}, "speed: expected a number above 0, or max, found -1"),
        ({"real_time": 3}, "real_time: expected true or false, found 3"),
        ({"start": "noon"}, "start: expected a date and time like 2026-06-20T12:00:00"),
        ({"start": "2026-06-20T12:00", "start_time_h": 3}, "give start or start_time_h, not both"),
        ({"start_time_h": 25}, "start_time_h: expected a number from 0 to 24 (h), found 25"),
        ({"timezone": "Europe/Olso"}, "did you mean Europe/Oslo?"),
        ({"latitude": 91, "longitude": 0}, "latitude: expected a number from -90 to 90"),
        ({"latitude": 10}, "give latitude and longitude, or neither"),
        ({"grid": {"preset": "nordik"}}, "grid.preset: expected one of"),
        ({"grid": {"nominal_hs": 3}}, "unknown key nominal_hs in grid; did you mean nominal_hz?"),
        ({"grid": []}, "grid: expected an object with keys, found []"),
        ({"grid_code": "ieee1547-2018-cat-iiii"}, "did you mean ieee1547-2018-cat-iii?"),
        ({"grid_code": "ieee1547-2018-cat-iii"}, "is for 60 Hz, but the grid has 50 Hz"),
        ({"weather": {"sky": "blue"}}, "weather.sky: expected one of sine, clear, series, found 'blue'"),
        ({"weather": {"peak_w_m3": 5}}, "unknown key peak_w_m3 in weather; did you mean peak_w_m2?"),
        ({"external_models": {"irradiance": {"peek": 1}}}, "unknown key peek in external_models.irradiance"),
        (
            {"external_models": {"irradiance": {"sunrise": 9, "sunset": 5}}},
            "external_models: expected sunrise_h ≤ sunset_h of the weather, found 9, 5",
        ),
        (
            {"external_models": {"power": {"base_load_w": -1}}},
            "power.base_load_w: expected a number of at least 0",
        ),
        (
            {"external_models": {"grid_voltage": {"nominal_v_ll": 0}}},
            "nominal_v_ll: expected a number above 0",
        ),
        (
            {"external_models": {"grid_voltage": {"nominal_v_ll": 400, "nominal_voltage_ll": 400}}},
            "give nominal_v_ll or nominal_voltage_ll, not both",
        ),
        (
            {"grid": {}, "external_models": {"grid_frequency": {}}},
            "give grid or external_models.grid_frequency, not both",
        ),
        ({"links": {"max_client": 2}}, "unknown key max_client in links; did you mean max_clients?"),
        ({"links": {"idle_timeout": "5 fortnights"}}, "links.idle_timeout: invalid duration: '5 fortnights'"),
        ({"name": "x" * 81}, "name: expected at most 80 characters, found 81"),
        ({"name": "a", "site_name": "b"}, "give name or site_name, not both"),
        ({"sede": 5}, "unknown key sede; did you mean seed?"),
        ({"events": [3]}, "events[0]: expected an object with at and event or do, found 3"),
        ({"events": [{"at": 3}]}, "events[0]: missing key event"),
        ({"events": [{"at": 3, "device": "battery-1"}]}, "events[0]: missing key event"),
        (
            {"events": [{"at": 3, "comand": "clear"}]},
            "events[0]: unknown key comand; expected at and do",
        ),
        ({"events": [{"at": 3, "evnt": "Mark"}]}, "events[0]: unknown key evnt; did you mean event?"),
        ({"events": [{"at": "x", "event": "Mark", "note": "n"}]}, "events[0]: invalid duration: 'x'"),
        ({"events": [{"event": "Mark"}]}, "events[0]: missing key at"),
        ({"events": [{"at": 3, "do": "sga 0.7 1s"}]}, "events[0]: unknown command 'sga'; did you mean sag?"),
        ({"events": [{"at": 3, "do": "pause"}]}, "events[0]: 'pause' steers the run and is no event"),
        ({"events": [{"at": 3, "do": "sag 0.7 1s", "event": "Mark"}]}, "events[0]: unknown key event"),
        ({"events": [{"at": 1, "event": "Wirte"}]}, "unknown event 'Wirte'; did you mean Write?"),
        (
            {"events": [{"at": 1, "event": "Write", "device": "batery-1", "values": {}}]},
            "events[0]: unknown device 'batery-1'; did you mean battery-1?",
        ),
        (
            {"events": [{"at": 1, "event": "Write", "device": "battery-1", "values": {"active_power": 1}}]},
            "events[0]: battery-1 has no command 'active_power'; did you mean active_power_setpoint_w?",
        ),
        (
            {"events": [{"at": 1, "event": "Disturb", "disturbance": {"target": "volage", "magnitude": 1}}]},
            "events[0]: disturbance: target: expected one of voltage, frequency",
        ),
        (
            {"events": [{"at": 1, "event": "Disturb", "disturbance": {"target": "voltage", "magnitude": 9}}]},
            "events[0]: voltage magnitude 9 is outside 0 to 2",
        ),
        ({"grid": {"nominal_hz": 0}}, "grid: nominal_hz 0 of the grid is not above 0"),
        (
            {"weather": {"sunrise_h": 20, "sunset_h": 6}},
            "weather: expected sunrise_h ≤ sunset_h of the weather, found 20, 6",
        ),
    ],
)
def test_an_invalid_top_level_is_reported(top: dict[str, Any], expected: str, message: Message) -> None:
    text = message(one(BATTERY, **top))
    assert expected in text
    assert len(text.splitlines()) == 1


def test_all_errors_are_reported_together_one_line_each(message: Message) -> None:
    text = message(
        {"stepp": 1, "assets": [{"type": "bess", "capacity_kwh": -1, "initial_soc": 101}, {"type": "x"}]}
    )
    lines = text.splitlines()
    assert len(lines) == 4
    assert all(line.startswith("site: ") for line in lines)


def test_an_unknown_type_names_the_nearest(message: Message) -> None:
    assert (
        message(one({"type": "besss"}))
        == "site: assets[0].type: unknown device type 'besss'; did you mean bess?"
    )
    assert "missing key type in assets[0]; known: appliance, battery" in message(one({}))
    assert message({"assets": [3]}) == "site: assets[0]: expected an object with keys, found 3"


def test_soc_limits_out_of_order_are_reported_with_the_defaults(message: Message) -> None:
    assert message(one({**BATTERY, "soc_limits": {"lower_1": 10}})) == (
        "site: assets[0].soc_limits: expected lower_2 ≤ lower_1 ≤ upper_1 ≤ upper_2,"
        " found lower_1 10, lower_2 20, upper_1 85, upper_2 90"
    )


def test_a_chp_has_its_least_load_below_its_greatest(message: Message) -> None:
    asset = {"type": "chp", "min_load_percent": 90, "max_load_percent": 50}
    assert "expected 0 < min_load_percent ≤ max_load_percent, found 90 and 50" in message(one(asset))


def test_two_assets_cannot_have_one_name(message: Message) -> None:
    text = message({"assets": [{"type": "bess", "name": "x"}, {"type": "meter", "name": "x"}]})
    assert text == "site: assets[1]: the name 'x' is already used by assets[0]"


def test_two_assets_with_the_same_unit_of_a_port_are_refused(message: Message) -> None:
    text = message({"assets": [{**BATTERY, "protocols": [tcp()]}, {"type": "meter", "protocols": [tcp()]}]})
    assert text == "site: assets[1]: meter-1 and battery-1 are both unit 1 on 127.0.0.1:5020"


def test_two_assets_with_the_same_unit_of_a_serial_line_are_refused(message: Message) -> None:
    line = {"kind": "modbus_rtu", "port": "/dev/x", "register_map": EMPTY_MAP}
    text = message({"assets": [{**BATTERY, "protocols": [line]}, {"type": "meter", "protocols": [line]}]})
    assert text == "site: assets[1]: meter-1 and battery-1 are both unit 1 on /dev/x"


def test_one_port_has_one_set_of_options(message: Message) -> None:
    other = tcp(unit_id=2, framing="rtu")
    text = message({"assets": [{**BATTERY, "protocols": [tcp()]}, {"type": "meter", "protocols": [other]}]})
    assert text == (
        "site: assets[1]: options of 127.0.0.1:5020 differ from those at assets[0]; expected the same"
    )


def test_a_port_on_all_addresses_leaves_none_for_another(message: Message) -> None:
    everywhere = tcp(ip="0.0.0.0", unit_id=2)
    text = message(
        {"assets": [{**BATTERY, "protocols": [tcp()]}, {"type": "meter", "protocols": [everywhere]}]}
    )
    assert text == "site: assets[1]: port 5020 is used on both 127.0.0.1 and 0.0.0.0"


def test_several_units_may_share_a_port_and_free_ports_are_never_shared() -> None:
    shared = load_site(
        {"assets": [{**BATTERY, "protocols": [tcp()]}, {"type": "meter", "protocols": [tcp(unit_id=2)]}]}
    )
    assert [endpoint.unit for endpoint in shared.endpoints] == [1, 2]
    free = load_site(
        {"assets": [{**BATTERY, "protocols": [tcp(0)]}, {"type": "meter", "protocols": [tcp(0)]}]}
    )
    assert [endpoint.port for endpoint in free.endpoints] == [0, 0]


def test_a_missing_register_map_names_the_nearest(write_site: Callable[..., Path], message: Message) -> None:
    path = write_site(one({**BATTERY, "port": 5020, "register_map": "bes_modbus.yaml"}))
    text = message(path)
    assert f"{path}:1: assets[0].register_map: unknown register map 'bes_modbus.yaml'" in text
    assert text.endswith("did you mean bess_modbus.yaml?")


def test_a_map_that_is_not_beside_the_site_is_the_shipped_one(write_site: Callable[..., Path]) -> None:
    path = write_site(one({**BATTERY, "port": 5020}, register_map_root="."))
    (endpoint,) = load_site(path).endpoints
    assert endpoint.register_map.name == "bess_modbus.yaml"
    assert endpoint.register_map.is_file()


def test_a_device_without_a_default_map_needs_one(message: Message) -> None:
    registry.add(replace(LOAD, kind="kettle"))
    try:
        text = message(one({"type": "kettle", "base_kw": 2, "port": 5020}))
    finally:
        registry._types.pop("kettle")
    assert text == "site: missing key register_map in assets[0]; a kettle has no default map"


@pytest.mark.parametrize("kind", registry.kinds())
def test_every_type_of_the_package_has_a_map_of_its_own(kind: str) -> None:
    needs = {"appliance": {"consumption_wh": 900, "duration": "2h"}}
    (endpoint,) = load_site(one({"type": kind, "port": 5020, **needs.get(kind, {})})).endpoints
    assert endpoint.register_map.is_file()


def test_a_meter_measures_assets_that_exist(message: Message) -> None:
    text = message({"assets": [{"type": "meter", "meters": ["batery"]}, {"type": "bess", "name": "battery"}]})
    assert text == "site: assets[0].meters[0]: no asset is named 'batery'; did you mean battery?"


def test_the_devices_of_a_unit_must_exist(message: Message) -> None:
    asset = {**BATTERY, "name": "store", "protocols": [tcp(devices={"meter": "stoer"})]}
    text = message(one(asset))
    assert (
        text == "site: assets[0].protocols[0].devices.meter: no asset is named 'stoer'; did you mean store?"
    )


def test_an_invalid_link_fault_is_reported(message: Message) -> None:
    event = {"at": 1, "event": "LinkFault", "device": "battery-1", "rule": {"action": "explode"}}
    assert "site: events[0]: " in message(one(BATTERY, events=[event]))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            '{"assets": [\n  {"type": "bess",}\n]}',
            ":2:19: invalid JSON: expected a key in double quotes, found '}'",
        ),
        ('{"assets": [], "assets": []}', ":1:16: invalid JSON: key 'assets' is given twice in one object"),
        ('{"assets": [NaN]}', ":1:13: invalid JSON: expected a value, found 'NaN'"),
        ("", ": is empty"),
        ("null", ": contains no data"),
        ("[1]", ": expected an object with keys like assets, found [1]"),
        ("[" * 100_000, ":1:62: invalid JSON: nested more than 60 levels deep"),
        ('{"step": 1' + "0" * 5000 + "}", ":1:10: invalid JSON: a number of more than 4300 digits"),
    ],
)
def test_bad_json_is_reported_with_its_place(
    content: str, expected: str, write_site: Callable[..., Path], message: Message
) -> None:
    path = write_site(content)
    assert message(path).startswith(f"{path}{expected}")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("assets:\n  - type: bess\n   name: x\n", ":3:4: invalid YAML: "),
        ("assets: []\nassets: []\n", ":2:1: invalid YAML: key 'assets' is given twice in one mapping"),
        ("assets: [\n", ":2:1: invalid YAML: "),
        ("? [a]\n: 1\n", ":1:3: invalid YAML: a key must be text"),
        ("a: &a [*a]\n", ":1:8: invalid YAML: alias 'a' refers to itself"),
        (
            "assets: !!python/object:os.system {}\n",
            ":1:9: invalid YAML: unknown tag tag:yaml.org,2002:python",
        ),
        ("assets: \x01", ":1:9: invalid YAML: character '\\x01' is not allowed"),
        ("# nothing\n", ": contains no data"),
    ],
)
def test_bad_yaml_is_reported_with_its_place(
    content: str, expected: str, write_site: Callable[..., Path], message: Message
) -> None:
    path = write_site(content, "site.yaml")
    assert message(path).startswith(f"{path}{expected}")


def test_a_path_that_is_not_a_text_file_is_reported(tmp_path: Path, message: Message) -> None:
    assert message(tmp_path) == f"{tmp_path}: is a directory; expected a file"
    binary = tmp_path / "site.json"
    binary.write_bytes(b"\x7fELF\xff\xfe\x00")
    assert message(binary) == f"{binary}:1: is not UTF-8 text; expected JSON or YAML"
    missing = tmp_path / "sits.json"
    assert message(missing) == f"{missing}: no such file and no shipped site; did you mean site.json?"
    assert message("demoo") == "demoo: no such file and no shipped site; did you mean demo?"
    assert "no such file" in message("a\0b")


def test_a_file_without_end_is_refused(message: Message) -> None:
    assert message("/dev/zero") == "/dev/zero: is larger than 32 MB"


def test_an_unreadable_file_is_reported(tmp_path: Path, message: Message) -> None:
    loop = tmp_path / "loop.json"
    loop.symlink_to(loop)
    assert f"{loop}: " in message(loop)


def test_a_site_of_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match="missing key assets"):
        load_site({})


WITH_LINES = """\
seed: 1.5
assets:
- type: bess
  initial_soc: 140
  soc_limits:
    lower_3: 1
  commands: {start_stop: 9}
- {type: meter,
   meters: [bess-1]}
- name: x
grid:
  nominal_hs: 3
"""


def test_every_error_of_a_file_has_its_line(write_site: Callable[..., Path], message: Message) -> None:
    path = write_site(WITH_LINES, "site.yaml")
    assert [line.removeprefix(f"{path}:").split(",")[0] for line in message(path).splitlines()] == [
        "1: seed: expected a whole number from -9223372036854775808 to 9223372036854775807",
        "12: unknown key nominal_hs in grid; did you mean nominal_hz?",
        "4: assets[0].initial_soc: expected a number from 0 to 100 (%)",
        "6: unknown key lower_3 in assets[0].soc_limits; did you mean lower_2?",
        "10: missing key type in assets[2]; known: appliance",
    ]


def test_json_and_yaml_name_the_same_lines(write_site: Callable[..., Path], message: Message) -> None:
    as_json = write_site('{"seed": 1,\n "assets": [\n  {"type": "bess",\n   "name": "a b"}]}')
    as_yaml = write_site("seed: 1\nassets:\n- type: bess\n  name: a b\n", "site.yaml")
    assert message(as_json).startswith(f"{as_json}:4: assets[0].name: expected a name")
    assert message(as_yaml).startswith(f"{as_yaml}:4: assets[0].name: expected a name")


def test_a_later_check_has_its_line_too(write_site: Callable[..., Path], message: Message) -> None:
    path = write_site(
        "assets:\n- type: bess\nevents:\n- {at: 1s, do: mark x}\n- {at: 2s, do: sga}\n", "s.yaml"
    )
    assert message(path).startswith(f"{path}:5: events[1]: unknown command 'sga'")


@pytest.mark.parametrize(("key", "found"), [("3", "3"), ("~", "'None'")])
def test_a_key_that_is_no_text_has_its_line(
    key: str, found: str, write_site: Callable[..., Path], message: Message
) -> None:
    path = write_site(f"assets:\n- {{type: bess}}\n{key}: 4\n", "site.yaml")
    assert message(path) == f"{path}:3: keys must be text, found {found}"
