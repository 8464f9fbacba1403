"""The faults that `make mutants` plants are ones that a test should notice."""

import ast
from pathlib import Path

import pytest

from benchmarks.mutants.faults import faults

RUN = Path(__file__).parents[2] / "twin_tui" / "run"
SOURCE = '''"""The first line says é, so that bytes are not characters."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from far import Away

LIMIT = 3
__slots__ = ("a", 2)


def grow(x: "Away", by: int = 1, *, power_w: float = 2.0) -> Literal[5]:
    """Return 7."""
    assert x > 11, "é"
    if "é" == x and (power_w) < 13.0:
        raise ValueError(f"{x + 17} is too much")
    return max(x, 1e-6) + by
'''


def planted(source: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for fault in faults("grow.py", source):
        assert source[fault.start : fault.end] == fault.before
        found.setdefault(fault.before, []).append(fault.after)
    return found


def test_each_kind_of_fault_is_found_where_it_is() -> None:
    found = planted(SOURCE)
    assert found["3"] == ["4"]
    assert found["1"] == ["2"]
    assert found["2.0"] == ["2.2"]
    assert found["max"] == ["min"]
    assert found["+"] == ["-"]
    assert found["and"] == ["or"]
    assert found["=="] == ["!="]
    assert found['raise ValueError(f"{x + 17} is too much")'] == ["pass"]


def test_what_no_test_is_meant_to_notice_is_left_alone() -> None:
    found = planted(SOURCE)
    assert not found.keys() & {"2", "5", "7", "11", "17", "1e-6", "TYPE_CHECKING", '"Away"'}
    # a physical quantity is never exactly at its bound
    assert found["<"] == [">="]


@pytest.mark.parametrize("path", sorted(RUN.glob("*.py")), ids=lambda path: path.stem)
def test_every_fault_is_valid_python_and_another_program(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    before = ast.dump(ast.parse(source))
    for fault in faults(str(path), source):
        assert ast.dump(ast.parse(fault.plant(source))) != before, fault
