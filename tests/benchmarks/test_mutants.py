"""The faults that `make mutants` plants are ones that a test should notice."""

import ast
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.mutants import __main__ as mutants
from benchmarks.mutants.faults import Fault, faults
from benchmarks.mutants.suite import OF_PAGES, Suite

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
    if sys.platform == "linux":
        by -= 1
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
    assert found["1"] == ["2", "2"]
    assert found["2.0"] == ["2.2"]
    assert found["max"] == ["min"]
    assert found["+"] == ["-"]
    assert found["and"] == ["or"]
    assert found["=="] == ["!="]
    assert found['raise ValueError(f"{x + 17} is too much")'] == ["pass"]


def test_what_no_test_is_meant_to_notice_is_left_alone() -> None:
    found = planted(SOURCE)
    assert not found.keys() & {'"linux"', 'sys.platform == "linux"'}
    assert found["-="] == ["+="]
    assert not found.keys() & {"2", "5", "7", "11", "17", "1e-6", "TYPE_CHECKING", '"Away"'}
    # a physical quantity is never exactly at its bound
    assert found["<"] == [">="]


@pytest.mark.parametrize("path", sorted(RUN.glob("*.py")), ids=lambda path: path.stem)
def test_every_fault_is_valid_python_and_another_program(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    before = ast.dump(ast.parse(source))
    for fault in faults(str(path), source):
        assert ast.dump(ast.parse(fault.plant(source))) != before, fault


@pytest.fixture
def grown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working tree with one source, and a place for what came of its faults."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "twin_tui").mkdir()
    (tmp_path / "twin_tui" / "grow.py").write_text(SOURCE)
    (tmp_path / "build" / "mutants").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_sample_keeps_its_faults_when_other_lines_change(grown: Path) -> None:
    def texts(size: int, seed: int = 1) -> list[tuple[str, str]]:
        return [(f.before, f.after) for f in mutants.sample(grown, "twin_tui", size, seed)]

    before = texts(100)
    assert texts(5) == before[:5]
    assert texts(100, seed=2) != before
    assert sorted(texts(100, seed=2)) == sorted(before)
    (grown / "twin_tui" / "grow.py").write_text(SOURCE.replace("LIMIT = 3", "\nLIMIT = 33\nFAR = 44"))
    assert [each for each in texts(100) if each[0] not in {"33", "44"}] == [e for e in before if e[0] != "3"]


@pytest.mark.parametrize("breaks", [lambda text: True, lambda text: "max(x" not in text])
def test_tests_that_end_without_an_answer_notice_a_fault_only_if_they_pass_without_it(
    grown: Path, monkeypatch: pytest.MonkeyPatch, breaks: Callable[[str], bool]
) -> None:
    def run(tree: Path, _tests: list[str], answer: Path) -> None:
        if not breaks((tree / "twin_tui" / "grow.py").read_text()):
            answer.write_text("")
        os._exit(1)

    monkeypatch.setattr(mutants, "_try", run)
    suite = Suite(seconds={"t": 0.0})
    suite.lines["twin_tui/grow.py"] = {1: ["t"]}
    (fault,) = [f for f in mutants.sample(grown, "twin_tui", 100, 1) if f.before == "max"]
    tree = grown / "copy"
    (tree / "twin_tui").mkdir(parents=True)
    (tree / "twin_tui" / "grow.py").write_text(SOURCE)
    book = mutants.Book(grown, ["tests"])
    mutants.judge(grown, [tree], suite, book, [fault], 1.0)
    assert book.outcome(fault) == (mutants.UNTRIED if breaks(SOURCE) else mutants.NOTICED)
    assert (tree / "twin_tui" / "grow.py").read_text() == SOURCE


def test_tests_of_the_room_and_fast_ones_go_first_and_those_of_pages_for_what_runs_on_import() -> None:
    pages = f"{OF_PAGES}::d"
    suite = Suite(seconds={"tests/run/a": 2.0, "tests/run/b": 1.0, "tests/e2e/c": 0.5, pages: 0.1})
    suite.seconds["tests/run/e"] = 9.0
    suite.lines["twin_tui/run/grow.py"] = {
        10: ["tests/run/a", "tests/run/b", "tests/e2e/c"],
        11: ["tests/run/e"],
    }

    def chosen(line: int, budget_s: float) -> list[str]:
        return suite.chosen(Fault("twin_tui/run/grow.py", line, line, 0, 1, "1", "2"), budget_s)

    assert chosen(10, 20.0) == ["tests/run/b", "tests/e2e/c", "tests/run/a"]
    assert chosen(10, 1.6) == ["tests/run/b", "tests/e2e/c"]
    assert chosen(11, 1.0) == ["tests/run/e"]
    assert chosen(1, 2.0) == [pages, "tests/run/b", "tests/e2e/c"]
    names = Fault("twin_tui/run/names.py", 1, 1, 0, 1, "1", "2")  # executed by no test
    suite.seconds["tests/run/test_growth.py::f"] = 5.0
    suite.lines["twin_tui/run/grow.py"][10].append("tests/run/test_growth.py::f")
    assert chosen(10, 7.0) == ["tests/run/test_growth.py::f", "tests/run/b", "tests/e2e/c"]
    assert suite.chosen(names, 4.0) == [pages, "tests/run/b", "tests/run/a"]
    suite.seconds["tests/run/test_grow_far.py::g"] = 0.2  # reads a constant, which executes no line
    assert chosen(1, 0.35) == ["tests/run/test_grow_far.py::g", pages]
    assert chosen(10, 7.0) == ["tests/run/test_growth.py::f", "tests/run/b", "tests/e2e/c"]
