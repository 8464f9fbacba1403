"""Grid code files: the shipped ones, and user-defined ones."""

from importlib.resources import files
from math import inf
from pathlib import Path

import pytest
import yaml

from twin_tui.config import load_site
from twin_tui.config.grid_codes import grid_code_names, grid_code_of, load_grid_code
from twin_tui.documents.loader import to_document
from twin_tui.engine.grid_code import GridCode, Quantity
from twin_tui.errors import ConfigError

SHIPPED = grid_code_names()

OWN = """
title: Island of ours
nominal_hz: 50
stages:
  - {name: U<, quantity: voltage, below: 0.8, clearing_s: 0.5}
  - {name: f>, quantity: frequency, above: 52, clearing_s: 1}
enter_service: {v_low_pu: 0.9, v_high_pu: 1.1, f_low_hz: 49, f_high_hz: 51, delay_s: 5, ramp_s: 0}
"""


def text_of(name: str) -> str:
    return files("twin_tui").joinpath("data", "grid_codes", f"{name}.yaml").read_text(encoding="utf-8")


def own(text: str) -> GridCode:
    return grid_code_of(to_document(text, "island.yaml"), "island")


def entries(content: object) -> list[dict]:
    """Return every mapping in a file that contains numbers, except the file itself."""
    found = []
    for value in content.values():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict) and any(isinstance(v, int | float | list) for v in item.values()):
                found.append(item)
    return found


def test_the_documented_codes_are_shipped():
    assert set(SHIPPED) == {
        "ieee1547-2018-cat-i",
        "ieee1547-2018-cat-ii",
        "ieee1547-2018-cat-iii",
        "en50549-1",
        "vde-ar-n-4105",
        "g99",
        "dertwin",
    }


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_number_has_a_source_and_a_status(name):
    content = yaml.safe_load(text_of(name))
    groups = entries(content)
    assert len(groups) >= len(content["stages"]) + 2
    for group in groups:
        assert group["source"] in content["sources"]
        assert group["status"] in {"confirmed", "recalled"}


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_code_does_not_trip_on_a_normal_grid(name):
    code = load_grid_code(name)
    limits = {(stage.quantity, stage.over): [] for stage in code.stages}
    for stage in code.stages:
        limits[stage.quantity, stage.over].append(stage.limit)
    assert max(limits[Quantity.VOLTAGE, False]) < 0.9
    assert min(limits[Quantity.VOLTAGE, True]) >= 1.1
    assert max(limits[Quantity.FREQUENCY, False]) < code.nominal_hz - 1
    assert min(limits[Quantity.FREQUENCY, True]) > code.nominal_hz + 1
    assert code.enter_service.delay_s >= 60 or name == "dertwin"


@pytest.mark.parametrize(
    ("name", "stage", "limit", "clearing_s"),
    [
        ("vde-ar-n-4105", "U>", 1.10, 0.1),
        ("vde-ar-n-4105", "U>>", 1.25, 0.1),
        ("vde-ar-n-4105", "U<", 0.8, 3.0),
        ("vde-ar-n-4105", "U<<", 0.45, 0.3),
        ("vde-ar-n-4105", "f>", 51.5, 0.1),
        ("g99", "U> 1", 1.14, 1.0),
        ("g99", "f< 1", 47.5, 20.0),
        ("g99", "ROCOF", 1.0, 0.5),
    ],
)
def test_the_european_settings_are_those_of_the_sources(name, stage, limit, clearing_s):
    found = {item.name: item for item in load_grid_code(name).stages}[stage]
    assert (found.limit, found.clearing_s) == (limit, clearing_s)


def test_category_iii_has_the_curves_of_category_b():
    code = load_grid_code("ieee1547-2018-cat-iii", volt_var=True, volt_watt=True)
    assert code.volt_var.points == ((0.92, 0.44), (0.98, 0.0), (1.02, 0.0), (1.08, -0.44))
    assert code.volt_var.response_s == 5.0
    assert code.volt_watt.points == ((1.06, 1.0), (1.1, 0.0))
    assert code.frequency_droop.over_deadband_hz == 0.036
    assert (code.cease_low_pu, code.cease_high_pu) == (0.5, 1.1)


def test_curves_are_off_by_default():
    code = load_grid_code("ieee1547-2018-cat-iii")
    assert code.volt_var is None
    assert code.volt_watt is None
    with pytest.raises(ConfigError, match="g99 has no volt_watt curve"):
        load_grid_code("g99", volt_watt=True)


def test_a_user_defined_file_is_found_by_its_path(tmp_path: Path):
    (tmp_path / "codes").mkdir()
    (tmp_path / "codes" / "island.yaml").write_text(OWN, encoding="utf-8")
    code = load_grid_code("codes/island.yaml", tmp_path)
    assert (code.name, code.title, code.nominal_hz) == ("island", "Island of ours", 50.0)
    assert code.stages[0].quantity is Quantity.VOLTAGE
    assert code.cease_low_pu == -inf
    assert code.frequency_droop is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "clearing_s: 0.5",
            "clearing_z: 0.5",
            r":5: unknown key clearing_z in stages\[0\]; did you mean clearing_s\?",
        ),
        ("title:", "titel:", r":2: unknown key titel; did you mean title\?"),
        ("delay_s: 5", "delya_s: 5", r":7: unknown key delya_s in enter_service; did you mean delay_s\?"),
        ("below: 0.8", "below: .nan", r":5: stages\[0\].below: expected a number from 0 to 100, found nan"),
        ("below: 0.8", "below: 184", r":5: stages\[0\].below: expected a number from 0 to 100, found 184"),
        ("below: 0.8", "below: 1.8e1", r":5: stages\[0\]: voltages are per unit"),
        ("below: 0.8", "below: 0.8, above: 1.2", r":5: stages\[0\]: give either above or below"),
        (
            "quantity: voltage",
            "quantity: volts",
            r":5: stages\[0\].quantity: expected one of voltage, .*, found 'volts'; did you mean voltage\?",
        ),
        ("quantity: voltage", "quantity: rocof", r":5: stages\[0\]: rocof trips above its limit only"),
        (
            "clearing_s: 1}",
            "clearing_s: -1}",
            r":6: stages\[1\].clearing_s: expected a number from 0 to 86400 \(s\), found -1",
        ),
        ("name: f>", "name: U<", ": two stages are named 'U<'"),
        ("f_high_hz: 51", "f_high_hz: 48", ":7: enter_service: the lower limit of a window must be below"),
        ("nominal_hz: 50", "nominal_hz: 55", r":3: nominal_hz: expected 50 or 60, found 55"),
        ("delay_s: 5", "delay_s: 5, source: x", ": unknown source 'x'"),
        ("stages:", "stages: [", ":5:3: invalid YAML: "),
    ],
)
def test_an_error_names_file_place_and_nearest_name(old, new, message):
    assert old in OWN
    with pytest.raises(ConfigError, match=rf"^island.yaml{message}|\nisland.yaml{message}"):
        own(OWN.replace(old, new, 1))


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ("[[1, 0]]", "expected a list of at least two points"),
        ("[[1, 0], [1.1]]", r"expected points of voltage and power \(pu\), found \[1.1\]"),
        ("[[1, 0], [1.1, 3]]", "expected voltages from 0 to 2 and powers from -1 to 1"),
        ("[[1.1, 0], [1, 1]]", "expected points whose voltages rise"),
        ("[[1, x], [1, 1]]", "expected a number, found 'x'"),
    ],
)
def test_a_curve_has_points_that_rise(points: str, message: str):
    curve = f"volt_var: {{enabled: true, response_s: 1, points: {points}}}\n"
    with pytest.raises(ConfigError, match=rf"island.yaml:8: volt_var.points: {message}"):
        own(OWN + curve)


def test_all_errors_of_a_grid_code_are_reported_together():
    text = OWN.replace("below: 0.8", "below: 184").replace("delay_s: 5", "delay_s: -5")
    with pytest.raises(ConfigError) as caught:
        own(text)
    assert [line.split(": ")[1] for line in str(caught.value).splitlines()] == [
        "stages[0].below",
        "enter_service.delay_s",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("[]", r"expected an object with keys, found \[\]"),
        ("hello", "expected an object with keys, found 'hello'"),
        ("1", "expected an object with keys, found 1"),
    ],
)
def test_a_file_that_is_not_a_mapping_is_refused(text, message):
    with pytest.raises(ConfigError, match=rf"^island.yaml: {message}$"):
        own(text)


def test_a_code_written_into_a_site_names_its_place_there():
    code = yaml.safe_load(OWN)
    code["stages"][0]["below"], code["enter_service"]["delay_s"] = 184, -5
    with pytest.raises(ConfigError) as caught:
        load_site({"assets": [{"type": "pv", "name": "roof"}], "grid_code": code})
    assert str(caught.value).splitlines() == [
        "site: grid_code: stages[0].below: expected a number from 0 to 100, found 184",
        "site: grid_code: enter_service.delay_s: expected a number from 0 to 86400 (s), found -5",
    ]


def test_a_misspelt_name_gets_the_nearest_one(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"unknown grid code 'vde-4105'; did you mean vde-ar-n-4105\?"):
        load_grid_code("vde-4105")
    with pytest.raises(ConfigError, match=r"none.yaml: no such file"):
        load_grid_code("none.yaml", tmp_path)
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"binary.yaml:1: is not UTF-8 text"):
        load_grid_code("binary.yaml", tmp_path)


def test_a_code_for_another_frequency_is_refused():
    assert load_grid_code("g99", nominal_hz=50.0).nominal_hz == 50.0
    with pytest.raises(ConfigError, match="'g99' is for 50 Hz, but the grid has 60 Hz"):
        load_grid_code("g99", nominal_hz=60.0)
