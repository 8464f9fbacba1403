"""YAML is read as it looks: numbers are numbers, everything else is text."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from twin_tui.documents.json_text import json_places
from twin_tui.documents.loader import parse_document
from twin_tui.errors import ConfigError

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
def test_a_scalar_is_what_it_looks_like(written: str, read: Any) -> None:
    found = parse_document(f"key: {written}\n" if written != "-" else "key: '-'\n", "x")["key"]
    assert found == read
    assert type(found) is type(read)


def test_anchors_and_merges_work() -> None:
    text = "base: &base {a: 1, b: 2}\nother: {<<: *base, b: 3}\n"
    assert parse_document(text, "x")["other"] == {"a": 1, "b": 3}


def test_aliases_that_explode_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    with pytest.raises(ConfigError, match="holds more than 500000 values"):
        parse_document("\n".join(lines), "x")


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
        ('{"a": 1,}', "x:1:9: bad JSON: expected a key in double quotes, found '}'"),
        ("[1,\n 2,\n]", "x:3:1: bad JSON: expected a value, found ']'"),
        ("[1 2]", "x:1:4: bad JSON: expected a comma or ], found '2'"),
        ('{"a" 1}', "x:1:6: bad JSON: expected a colon after the key, found '1'"),
        ("[1] 2", "x:1:5: bad JSON: expected the end of the text, found '2'"),
        ('{"a": ', "x:1:7: bad JSON: expected a value, found the end of the text"),
        ('["a\tb"]', "x:1:4: bad JSON: '\\tb' is not allowed in a text"),
        (r'["\x"]', r"x:1:3: bad JSON: '\\x' is not allowed in a text"),
        ('["a', "x:1:2: bad JSON: a text without closing quotes"),
        ("[-]", "x:1:2: bad JSON: expected a value, found '-'"),
        ("[01]", "x:1:3: bad JSON: expected a comma or ], found '1'"),
        ("[-Infinity]", "x:1:2: bad JSON: expected a value, found '-Infinity'"),
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
