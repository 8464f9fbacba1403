"""`twin-tui map sunspec`: maps from model definitions."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from docs.make_maps import MAPS, chain, page
from tests.protocols.maps.site import MAPS as FOLDER
from tests.protocols.maps.site import bound, shipped
from twin_tui.cli.map import command
from twin_tui.documents.loader import to_document
from twin_tui.errors import ConfigError
from twin_tui.protocols.maps.model import RegisterMap
from twin_tui.protocols.maps.parse import map_of
from twin_tui.protocols.sunspec.factors import Ratings
from twin_tui.protocols.sunspec.layout import lay_out
from twin_tui.protocols.sunspec.models import SHIPPED, known_models, read_model
from twin_tui.protocols.sunspec.writer import coverage_text, map_text

MODELS = {
    "pv": "1,101,102,103,111,112,113,120,121,122,123,160,701,702,703,704,705,706,707,708,709,710,711,714,715",
    "battery": "1,103,113,120,121,122,123,124,701,702,703,704,705,706,707,708,709,710,711,713,714,715,802",
    "meter": "1,201,202,203,204,211,212,213,214",
}


def made(
    kind: str, models: str, folder: Path = SHIPPED, common_length: int = 66, **ratings: Any
) -> RegisterMap:
    """Return the map of a chain as it is after a file has been written and read."""
    definitions = [read_model(int(number), folder) for number in models.split(",")]
    laid = lay_out(definitions, kind, Ratings(**ratings), common_length=common_length)
    return map_of(to_document(map_text(laid), "made.yaml", as_json=False))


def model_file(folder: Path, points: list[dict[str, Any]], **group: Any) -> Path:
    """Write the definition of a model of our own."""
    first = [{"name": "ID", "type": "uint16", "value": 64999}, {"name": "L", "type": "uint16"}]
    data = {"id": 64999, "group": {"name": "own", "type": "group", "points": [*first, *points], **group}}
    (folder / "model_64999.json").write_text(json.dumps(data), encoding="utf-8")
    (folder / "model_1.json").write_bytes((SHIPPED / "model_1.json").read_bytes())
    return folder


@pytest.mark.parametrize("name", MAPS)
def test_a_shipped_map_is_the_one_that_the_generator_writes(name: str) -> None:
    assert (FOLDER / f"{name}.yaml").read_text(encoding="utf-8") == page(name), "run make docs"


@pytest.mark.parametrize("kind", MODELS)
def test_the_models_of_a_kind_follow_each_other_with_the_lengths_of_their_definitions(kind: str) -> None:
    found = made(kind, MODELS[kind])
    values = {register.name: register for register in found.registers}
    assert found.warnings == ()
    address = 40_002
    for number in map(int, MODELS[kind].split(",")):
        length = values[f"m{number}_L"].constant
        assert values[f"m{number}_ID"].address == address
        assert isinstance(length, int)
        fixed = next(p.constant for p in read_model(number).root.points if p.name == "L")
        assert fixed in (None, length), "some definitions give the length"
        address += 2 + length
    assert values["end_ID"].address == address
    bound(found).refresh()


@pytest.mark.parametrize("kind", MODELS)
def test_every_mandatory_point_is_served_or_named(kind: str) -> None:
    laid = lay_out([read_model(int(number)) for number in MODELS[kind].split(",")], kind)
    missing = {each.model: each.missing for each in laid.coverage if each.missing}
    phases = ("PhVphA", "PhVphB", "PhVphC")
    assert missing == ({103: phases, 113: phases} if kind == "battery" else {})
    assert ("not served: PhVphA" in coverage_text(laid.coverage)) is (kind == "battery")


def test_the_length_of_a_repeated_group_follows_from_its_number() -> None:
    lengths = {}
    for strings in (1, 2, 4):
        found = {r.name: r.constant for r in made("pv", "1,160", strings=strings).registers}
        assert found["m160_N"] == strings
        lengths[strings] = found["m160_L"]
    assert lengths == {1: 28, 2: 48, 4: 88}


def test_curves_hold_as_many_points_as_their_length_says() -> None:
    found = {r.name: r for r in made("pv", "1,705", curves=2).registers}
    assert (found["m705_NCrv"].constant, found["m705_NPt"].constant) == (2, 4)
    assert "m705_Crv3_ActPt" not in found
    assert not found["m705_Crv1_Pt1_V"].writable
    assert found["m705_Crv2_Pt1_V"].writable


def test_the_common_model_has_65_or_66_registers() -> None:
    for length in (65, 66):
        found = {r.name: r for r in made("pv", "1,103", common_length=length).registers}
        assert found["m1_L"].constant == length
        assert found["m103_ID"].address == 40_004 + length


@pytest.mark.parametrize(("power_w", "factor"), [(3_000.0, 0), (20_000.0, 0), (200_000.0, 1), (2e6, 2)])
def test_scale_factors_follow_from_the_rating(power_w: float, factor: int) -> None:
    found = {r.name: r for r in made("pv", "1,103", power_w=power_w).registers}
    assert found["m103_W_SF"].constant == factor
    assert float(found["m103_W"].highest * found["m103_W"].scale) > 1.4 * power_w


def test_a_model_that_the_table_does_not_know_is_laid_out_without_values(tmp_path: Path) -> None:
    folder = model_file(
        tmp_path,
        [
            {"name": "Nope", "type": "int16", "sf": "A_SF", "units": "A"},
            {"name": "Count", "type": "count"},
            {"name": "Mine", "type": "uint32", "access": "RW"},
            {"name": "Addr", "type": "ipaddr"},
            {"name": "A_SF", "type": "sunssf"},
        ],
        groups=[{"name": "Each", "count": "Count", "points": [{"name": "X", "type": "float32", "size": 2}]}],
    )
    found = {r.name: r for r in made("pv", "1,64999", folder).registers}
    assert found["m64999_L"].constant == 1 + 1 + 2 + 2 + 1 + 2
    assert found["m64999_Mine"].stored
    assert found["m64999_Mine"].writable
    assert found["m64999_Nope"].nothing().hex() == "8000"
    assert found["m64999_Each1_X"].nothing().hex() == "7fc00000"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<html>", "model_64999.json"),
        ("{}", "not a SunSpec model definition"),
        ('{"id": 5, "group": {"name": "x"}}', "the file defines model 5"),
        ('{"group": {"name": "x", "points": [{"name": "P", "type": "int17"}]}}', "x.P: unknown type 'int17'"),
        ('{"group": {"name": "x", "points": [{"type": "int16"}]}}', "not a SunSpec model definition"),
    ],
)
def test_a_definition_that_is_none_is_refused_with_its_file(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "model_64999.json").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"model_64999\.json") as caught:
        read_model(64999, tmp_path)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["1,x", "--device", "pv"], "expected numbers such as 1,103,120, found 'x'"),
        (["103", "--device", "pv"], "a chain begins with model 1"),
        (["1,103,103", "--device", "pv"], "model 103 is given twice"),
        (["1,64001", "--device", "pv"], "model 64001 is not among those of the package"),
        (["1,103", "--device", "chp"], "no SunSpec models for a chp"),
        (["1,103", "--device", "pvv"], "unknown device type 'pvv'; did you mean"),
        (["1,103", "--device", "pv", "--rating", "0"], "--rating: expected a number above 0"),
        (["1,103", "--device", "pv", "--models", "/nowhere"], "no file model_1.json"),
    ],
)
def test_bad_input_is_refused_and_writes_nothing(tmp_path: Path, words: list[str], message: str) -> None:
    output = tmp_path / "map.yaml"
    result = CliRunner().invoke(command, ["sunspec", *words, "--output", str(output)])
    assert isinstance(result.exception, ConfigError)
    assert message in str(result.exception)
    assert not output.exists()


def test_the_written_map_names_source_and_date_and_is_valid(tmp_path: Path) -> None:
    output = tmp_path / "map.yaml"
    words = ["sunspec", "1,103,120,123,704", "--device", "pv", "--output", str(output)]
    result = CliRunner().invoke(command, words, catch_exceptions=False)
    assert "served 35 of 35 mandatory points" in result.output
    head = output.read_text(encoding="utf-8").split("registers:")[0].replace("\n# ", " ")
    assert "SunSpec Alliance" in head
    assert "twin-tui map sunspec 1,103,120,123,704 --device pv` on 20" in head
    printed = CliRunner().invoke(command, words[:4], catch_exceptions=False)
    assert printed.stdout == output.read_text(encoding="utf-8")


def test_the_definitions_of_the_package_travel_with_their_licence() -> None:
    assert "Apache License" in (SHIPPED / "LICENSE").read_text(encoding="utf-8")
    assert "SunSpec Alliance" in (SHIPPED / "NOTICE").read_text(encoding="utf-8")
    used = {number for kind in MODELS for number in map(int, MODELS[kind].split(","))}
    assert set(known_models()) == used


def test_the_registers_that_were_there_before_are_where_they_were() -> None:
    places = {
        "sunspec_inverter": {
            "m103_W": 40_084,
            "m113_W": 40_144,
            "m701_W": 40_194,
            "m160_1_DCW": 40_360,
            "m703_ESVHi": 40_392,
        },
        "sunspec_battery": {
            "m124_StorCtl_Mod": 40_075,
            "m124_OutWRte": 40_082,
            "m802_SoC": 40_271,
            "m703_ESVHi": 40_327,
        },
        "sunspec_meter": {"m203_W": 40_088},
    }
    for name, expected in places.items():
        by_name = {register.name: register.address for register in shipped(name).registers}
        assert {point: by_name[point] for point in expected} == expected


def test_every_shipped_map_covers_its_mandatory_points() -> None:
    for name in MAPS:
        assert all(not each.missing for each in chain(name).coverage), name


@pytest.mark.parametrize("name", ["sunspec_inverter", "sunspec_battery"])
def test_the_capacity_names_the_functions_that_the_device_has(name: str) -> None:
    modes = next(p for p in read_model(702).root.points if p.name == "CtrlModes").symbols
    word = next(
        register.constant for register in shipped(name).registers if register.name == "m702_CtrlModes"
    )
    assert isinstance(word, int)
    lacking = {"dyn react curr", "watt var", "scheduled"} | ({"fixed w"} if "inverter" in name else set())
    assert {text for bit, text in modes.items() if not word >> bit & 1} == lacking
