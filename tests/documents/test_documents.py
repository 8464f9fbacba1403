"""YAML scalars: numbers are numbers, everything else is text."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from twin_tui.documents import yaml_text
from twin_tui.documents.json_text import json_places
from twin_tui.documents.loader import to_document
from twin_tui.documents.shipped import shipped, shipped_names
from twin_tui.errors import ConfigError


def parse_document(text: str, name: str, *, as_json: bool | None = None) -> Any:
    return to_document(text, name, as_json=as_json).data


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
)
DATA = st.recursive(
    SCALARS | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1e3", 1000.0),
        ("1E-3", 0.001),
        ("5.", 5.0),
        (".5", 0.5),
        ("1_000", 1000),
        ("010", 10),
        ("0x1F", 31),
        ("12:30", "12:30"),
        ("off", "off"),
        ("yes", "yes"),
        ("true", True),
        ("2026-06-20", "2026-06-20"),
        ("2026-06-20T12:00:00+02:00", "2026-06-20T12:00:00+02:00"),
        ("'1e3'", "1e3"),
        ("~", None),
        ("1.2.3", "1.2.3"),
        ("-", "-"),
    ],
)
def test_a_scalar_has_its_type_of_yaml_1_2(written: str, read: Any) -> None:
    found = parse_document(f"key: {written}\n" if written != "-" else "key: '-'\n", "x")["key"]
    assert found == read
    assert type(found) is type(read)


def test_anchors_and_merges_work() -> None:
    text = "base: &base {a: 1, b: 2}\nother: {<<: *base, b: 3}\n"
    assert parse_document(text, "x")["other"] == {"a": 1, "b": 3}


@given(DATA.filter(lambda data: data is not None))
def test_json_reads_as_the_json_library_reads_it(data: Any) -> None:
    assert parse_document(json.dumps(data), "x", as_json=True) == data


@given(
    st.dictionaries(
        st.text("abcxyz_", min_size=1), st.integers() | st.booleans() | st.text("abc 1"), min_size=1
    )
)
def test_yaml_reads_back_what_was_dumped(data: dict[str, Any]) -> None:
    assert parse_document(yaml.safe_dump(data), "x", as_json=False) == data


@given(st.text(max_size=60))
def test_any_text_gives_data_or_one_message(text: str) -> None:
    message = "x: fine"
    try:
        parse_document(text, "x")
    except ConfigError as error:
        message = str(error)
    assert message.startswith("x:")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1,}', "x:1:9: invalid JSON: expected a key in double quotes, found '}'"),
        ("[1,\n 2,\n]", "x:3:1: invalid JSON: expected a value, found ']'"),
        ("[1 2]", "x:1:4: invalid JSON: expected a comma or ], found '2'"),
        ('{"a" 1}', "x:1:6: invalid JSON: expected a colon after the key, found '1'"),
        ("[1] 2", "x:1:5: invalid JSON: expected the end of the text, found '2'"),
        ('{"a": ', "x:1:7: invalid JSON: expected a value, found the end of the text"),
        ('["a\tb"]', "x:1:4: invalid JSON: '\\tb' is not allowed in text"),
        (r'["\x"]', r"x:1:3: invalid JSON: '\\x' is not allowed in text"),
        ('["a', "x:1:2: invalid JSON: text without closing quotes"),
        ("[-]", "x:1:2: invalid JSON: expected a value, found '-'"),
        ("[01]", "x:1:3: invalid JSON: expected a comma or ], found '1'"),
        ("[-Infinity]", "x:1:2: invalid JSON: expected a value, found '-Infinity'"),
    ],
)
def test_an_error_in_json_has_the_same_place_on_every_python(text: str, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_document(text, "x", as_json=True)
    assert str(caught.value) == expected


@given(st.text('{}[]",:1-e.\\untrfalse \n', max_size=25))
def test_the_places_of_json_are_found_where_json_is_read(text: str) -> None:
    try:
        json.loads(text, parse_constant=lambda _: json.loads("x"))
        read = True
    except ValueError:
        read = False
    try:
        json_places(text, "x")
        placed = True
    except ConfigError as error:
        placed = "is given twice" in str(error)
    assert placed is read


@pytest.fixture(params=["libyaml", "python"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "python":
        monkeypatch.setattr(yaml_text, "_CParser", None)
    elif yaml_text._CParser is None:
        pytest.skip("this PyYAML comes without libyaml")
    return request.param


BOMBS = {
    "aliases": ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)],
    "merges": ["a0: &a0 {x: 1, y: 2}"]
    + [f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 9)}], k{i}: 1}}" for i in range(1, 25)],
    "one merge a line": ["a0: &a0 {x: 1}"]
    + [f"a{i}: &a{i} {{<<: *a{i - 1}, l: *a{i - 1}, r: *a{i - 1}}}" for i in range(1, 40)],
}


@pytest.mark.parametrize("kind", BOMBS)
def test_an_alias_bomb_is_refused_while_it_is_read(kind: str, parser: str) -> None:
    with pytest.raises(ConfigError, match=r"x:\d+:\d+: invalid YAML: contains more than 500000 values"):
        parse_document("\n".join(BOMBS[kind]), "x")


def test_aliases_nest_no_deeper_than_brackets(parser: str) -> None:
    lines = ["a0: &a0 [1]"] + [f"a{i}: &a{i} [*a{i - 1}]" for i in range(1, 70)]
    with pytest.raises(ConfigError, match="x:60:12: invalid YAML: nested more than 60 levels deep"):
        parse_document("\n".join(lines), "x")


def test_large_yaml_is_refused_before_it_is_read() -> None:
    with pytest.raises(ConfigError, match="x: is larger than 1 MB of YAML; put series of many values into"):
        parse_document("- a\n" * 7_000_000, "x")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: [1\nb: 2\n", "x:2:2: invalid YAML: expected ',' or ']', but got ':'"),
        ("a: 1\n b: 2\n", "x:2:3: invalid YAML: mapping values are not allowed here"),
        ("a: *b\n", "x:1:4: invalid YAML: found undefined alias 'b'"),
        ("a: 1\n---\nb: 2\n", "x:2:1: invalid YAML: expected one document, found another"),
        ("a: {<<: 3}\n", "x:1:9: invalid YAML: expected a mapping or a list of mappings to merge"),
        ("a: !!int x\n", "x:1:4: invalid YAML: 'x' cannot be read as tag:yaml.org,2002:int"),
        ("a: !!set {b}\n", "x:1:4: invalid YAML: unknown tag tag:yaml.org,2002:set"),
        ("a: 1\n0: 1\n0x0: 2\n", "x:3:1: invalid YAML: key '0x0' is given twice in one mapping"),
        ("a: \t\ufeff1\n", "x:1:5: invalid YAML: character '\\ufeff' is not allowed"),
        ("a: 1\nb: \ud800\x7f\n", "x:2:4: invalid YAML: character '\\ud800' is not allowed"),
        ("a: é\x1f\ufffe\n", "x:1:5: invalid YAML: character '\\x1f' is not allowed"),
    ],
)
def test_an_error_in_yaml_reads_the_same_with_and_without_libyaml(
    text: str, expected: str, parser: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_document(text, "x")
    assert str(caught.value) == expected


KINDS = ("sites", "register_maps", "scenarios")
SHIPPED = [shipped(kind, name) for kind in KINDS for name in shipped_names(kind)]


@pytest.mark.parametrize("path", [path for path in SHIPPED if path.suffix == ".yaml"], ids=lambda p: p.stem)
def test_shipped_files_read_the_same_with_and_without_libyaml(
    path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = path.read_text(encoding="utf-8")
    found = yaml_text.parse_yaml(text, "x"), yaml_text.yaml_places(text, "x")
    monkeypatch.setattr(yaml_text, "_CParser", None)
    assert (yaml_text.parse_yaml(text, "x"), yaml_text.yaml_places(text, "x")) == found


@given(st.text("ab:-[]{},&*! \n'\"#|>1.~<", max_size=25))
def test_both_parsers_agree_on_text_that_both_accept(text: str) -> None:
    found: list[Any] = []
    kept = yaml_text._CParser
    try:
        for one in (kept, None):
            yaml_text._CParser = one
            found.append(outcome(text))
    finally:
        yaml_text._CParser = kept
    assert found[0] == found[1] or "invalid YAML" in str(found)


def outcome(text: str) -> Any:
    try:
        return yaml_text.parse_yaml(text, "x")
    except ConfigError as error:
        return str(error)


def test_tags_of_scalar_types_are_accepted(parser: str) -> None:
    text = "{a: !!str 1, b: !!float 2, c: !!int '3', d: !!null '', e: !!map {f: !!seq [!!bool true]}, g: ! 4}"
    assert parse_document(text, "x", as_json=False) == {
        **{"a": "1", "b": 2.0, "c": 3, "d": None},
        **{"e": {"f": [True]}, "g": "4"},
    }


def test_a_place_is_found_by_its_path() -> None:
    text = "base: &base\n  k: 1\nlist:\n- {a.b: 1,\n   a: {b: 2}}\n- <<: *base\n  l: [1,\n   2]\n'': 7\n"
    document = to_document(text, "x", as_json=False)
    expected = {
        "base.k": "x:2",
        "list[0].a.b": "x:4",
        "list[0].a": "x:5",
        "list[1].k": "x:2",
        "list[1].l[1]": "x:8",
        "list[5].q": "x:3",
        "no.such": "x:1",
    }
    assert {path: document.where(path) for path in expected} == expected
    assert document.where() == "x"
