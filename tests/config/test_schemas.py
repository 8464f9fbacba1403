"""The JSON Schemas accept every shipped file and find typical mistakes."""

import json
import os
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from docs.make_schemas import FOLDER
from tests.config.test_the_page_on_site_files import EXAMPLES
from twin_tui.cli.main import cli
from twin_tui.cli.schemas import KINDS, schema
from twin_tui.config import load_site
from twin_tui.config.assets import asset_model
from twin_tui.documents.loader import read_document, to_document
from twin_tui.engine.device import registry

ROOT = FOLDER.parents[2]
FOLDERS = {
    "site": ROOT / "sites",
    "map": ROOT / "register_maps",
    "scenario": ROOT / "scenarios",
    "grid-code": ROOT / "twin_tui" / "data" / "grid_codes",
}
SHIPPED = [
    (kind, path)
    for kind, folder in FOLDERS.items()
    for path in sorted(folder.iterdir())
    if path.suffix in (".yaml", ".json")
]


@cache
def committed(kind: str) -> str:
    """Return the schema that is in the package."""
    return (FOLDER / f"{kind}.json").read_text(encoding="utf-8")


@cache
def checker(kind: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads(committed(kind)))


def as_json(data: Any) -> Any:
    """Return data as editors see it: keys are texts."""
    return json.loads(json.dumps(data))


def faults(kind: str, text: str) -> list[str]:
    """Return the places of what a schema finds in a text."""
    return [error.json_path for error in checker(kind).iter_errors(as_json(to_document(text, kind).data))]


@pytest.mark.parametrize("kind", KINDS)
def test_the_shipped_schema_is_up_to_date(kind: str) -> None:
    assert committed(kind) == schema(kind), "run python -m docs.make_schemas"
    assert "x-unit" not in committed(kind)
    Draft202012Validator.check_schema(json.loads(committed(kind)))


@pytest.mark.parametrize("kind", KINDS)
def test_the_command_line_prints_a_schema(kind: str) -> None:
    done = CliRunner().invoke(cli, ["schema", kind])
    assert (done.exit_code, done.stdout) == (0, committed(kind))


@pytest.mark.parametrize(("kind", "path"), SHIPPED, ids=lambda found: getattr(found, "stem", found))
def test_a_shipped_file_is_valid_by_its_schema(kind: str, path: Path) -> None:
    assert list(map(str, checker(kind).iter_errors(as_json(read_document(path))))) == []


@pytest.mark.parametrize(
    ("kind", "path"),
    [found for found in SHIPPED if found[1].suffix == ".yaml"],
    ids=lambda f: getattr(f, "stem", f),
)
def test_the_first_line_of_a_shipped_file_names_its_schema(kind: str, path: Path) -> None:
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    start = "# yaml-language-server: $schema="
    assert first.startswith(start)
    assert (path.parent / first.removeprefix(start)).resolve() == FOLDER / f"{kind}.json"


@pytest.mark.parametrize("example", EXAMPLES)
def test_each_example_of_the_page_on_site_files_is_valid_by_the_schema(example: str) -> None:
    assert faults("site", example) == []


@pytest.mark.parametrize(
    ("kind", "text", "place"),
    [
        ("site", "{}", "$"),
        ("site", "{assets: [{type: bess}], sede: 1}", "$"),
        ("site", "{assets: [{type: besss}]}", "$.assets[0].type"),
        ("site", "{assets: [{type: bess, capacity_kw: 3}]}", "$.assets[0]"),
        ("site", "{assets: [{type: bess, capacity_kwh: -3}]}", "$.assets[0].capacity_kwh"),
        ("site", "{assets: [{type: bess, initial_soc: 140}]}", "$.assets[0].initial_soc"),
        ("site", "{assets: [{type: bess, cell: lead}]}", "$.assets[0].cell"),
        ("site", "{assets: [{type: bess, mode: SELF}]}", "$.assets[0].mode"),
        ("site", "{assets: [{type: bess, commands: {start_stopp: 1}}]}", "$.assets[0].commands"),
        ("site", "{assets: [{type: pv, started: maybe}]}", "$.assets[0].started"),
        ("site", "{assets: [{type: pv, protocols: [{kind: mod}]}]}", "$.assets[0].protocols[0].kind"),
        (
            "site",
            "{assets: [{type: pv, protocols: [{kind: modbus_tcp, port: 99999}]}]}",
            "$.assets[0].protocols[0].port",
        ),
        ("site", "{assets: [{type: pv}], grid_code: vde}", "$.grid_code"),
        ("site", "{assets: [{type: pv}], grid: {preset: nordik}}", "$.grid.preset"),
        ("site", "{assets: [{type: pv}], weather: {sky: blue}}", "$.weather.sky"),
        ("site", "{assets: [{type: pv}], links: {policy: drop}}", "$.links.policy"),
        ("site", "{assets: [{type: pv}], links: {eos: {url: 'ftp://x'}}}", "$.links.eos.url"),
        ("site", "{assets: [{type: pv}], links: {eos: {url: 'http://x', every: -1}}}", "$.links.eos.every"),
        ("site", "{assets: [{type: pv}], links: {s2: {cem: 'http://x'}}}", "$.links.s2.cem"),
        ("site", "{assets: [{type: pv, protocols: [{kind: s2, cem: x}]}]}", "$.assets[0].protocols[0]"),
        (
            "site",
            "{assets: [{type: pv, protocols: [{kind: s2, cem: 'ws://x', pairing: 1}]}]}",
            "$.assets[0].protocols[0].pairing",
        ),
        ("site", "{assets: [{type: pv}], links: {s2: {cem: 'ws://x', log: 3}}}", "$.links.s2.log"),
        ("site", "{assets: [{type: pv}], events: [{at: 1s, doo: clear}]}", "$.events[0]"),
        ("site", "{assets: [{type: pv}], events: [{at: 1s, event: Wirte}]}", "$.events[0]"),
        ("map", "{registers: [{address: 1}]}", "$"),
        ("map", "{device_type: pv, registers: []}", "$.registers"),
        ("map", "{device_type: pv, registers: [{address: 1, type: unt16}]}", "$.registers[0].type"),
        ("map", "{device_type: pv, registers: [{address: 1, scal: 2}]}", "$.registers[0]"),
        ("map", "{device_type: pv, registers: [{address: nxt}]}", "$.registers[0].address"),
        ("map", "{device_type: pv, registers: [{address: 1, options: {on: 1}}]}", "$.registers[0].options"),
        (
            "map",
            "{device_type: pv, limits: {max_read_registers: 126}, registers: [{address: 1}]}",
            "$.limits",
        ),
        ("scenario", "{steps: []}", "$.steps"),
        ("scenario", "{steps: [{att: 1s}]}", "$.steps[0]"),
        ("scenario", "{steps: [{at: soon, do: clear}]}", "$.steps[0].at"),
        ("grid-code", "{title: x}", "$"),
        ("grid-code", "{nominal_hz: 55}", "$.nominal_hz"),
        ("grid-code", "{stages: [{name: x, quantity: volts, clearing_s: 1}]}", "$.stages[0].quantity"),
    ],
)
def test_a_typical_mistake_is_found(kind: str, text: str, place: str) -> None:
    assert any(found.startswith(place) for found in faults(kind, text)), faults(kind, text)


@pytest.mark.parametrize("kind", registry.kinds())
def test_the_schema_has_every_key_of_a_type_with_its_meaning(kind: str) -> None:
    keys = json.loads(committed("site"))["$defs"][kind]["properties"]
    assert set(keys) == set(asset_model(registry[kind]).model_fields)
    assert [key for key, found in keys.items() if not found.get("description")] == []


def test_a_key_has_its_unit_and_its_range() -> None:
    keys = json.loads(committed("site"))["$defs"]["battery"]["properties"]
    assert keys["capacity_kwh"]["exclusiveMinimum"] == 0
    assert keys["capacity_kwh"]["description"].endswith("(kWh)")
    assert (keys["initial_soc"]["minimum"], keys["initial_soc"]["maximum"]) == (0, 100)
    assert "(%)" in keys["initial_soc"]["description"]


def test_the_wheel_has_the_schemas_at_the_path_in_the_shipped_files() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    moved = build["targets"]["wheel"]["force-include"]
    for folder in ("sites", "register_maps", "scenarios"):
        first = next((ROOT / folder).glob("*.yaml")).read_text(encoding="utf-8").partition("\n")[0]
        named = Path(first.rpartition("=")[2]).parent
        assert os.path.normpath(Path(moved[folder]) / named) == moved["twin_tui/data/schemas"]


def test_a_json_file_may_name_its_schema() -> None:
    data = {"$schema": "../twin_tui/data/schemas/site.json", "assets": [{"type": "pv"}]}
    site = load_site(data)
    assert "$schema" not in site.source
    assert list(checker("site").iter_errors(data)) == []
