"""The house has no circle, no arrow upwards and few loose modules, whatever kind of import is counted."""

import ast
from collections import Counter
from pathlib import Path

from benchmarks.house import House

CHECKOUT = Path(__file__).parent.parent


def test_no_file_imports_itself_by_way_of_others() -> None:
    assert House(CHECKOUT).circles() == []


def test_no_room_imports_from_a_room_above_it() -> None:
    assert House(CHECKOUT).upward == []


def test_at_most_six_modules_belong_to_no_room() -> None:
    assert len(House(CHECKOUT).loose) <= 6


def test_the_name_of_a_class_has_one_meaning_in_the_package() -> None:
    trees = [ast.parse(path.read_text()) for path in (CHECKOUT / "twin_tui").rglob("*.py")]
    names = Counter(
        node.name
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert [name for name, count in names.items() if count > 1] == []


def test_a_circle_is_found_even_where_only_an_annotation_closes_it(tmp_path: Path) -> None:
    package = tmp_path / "twin_tui"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "one.py").write_text("from twin_tui.other import Other\n")
    (package / "other.py").write_text(
        "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from twin_tui.one import One\n"
    )
    house = House(tmp_path)
    assert house.circles() == [{"twin_tui.one", "twin_tui.other"}]
    assert house.upward == [("one", "other")]
