"""What the points of the models mean on the devices of the twin: the table points.yaml."""

from collections.abc import Mapping
from functools import cache
from itertools import product
from typing import Any

from twin_tui.documents.loader import read_document
from twin_tui.engine.signals import value
from twin_tui.protocols.sunspec.models import FOLDER

GroupPath = tuple[tuple[str, int], ...]
"""The groups of a point from the outside in, each with its number; 0 for one that is not repeated."""


@value
class Meanings:
    """What the points of one model mean on one kind of device."""

    points: Mapping[str, Mapping[str, Any]]
    without: frozenset[str]
    factors: Mapping[str, int]

    def of(self, path: GroupPath, name: str, numbers: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the keys of a point's entry; {} for one that is left out, None for an unknown one."""
        inner = next((number for _, number in reversed(path) if number), 0)
        for key in _keys(path, name):
            if key in self.without:
                return {}
            if key in self.points:
                found: dict[str, Any] = _filled(self.points[key], {**numbers, "n": inner})
                return found
        return None


def meanings(model: int, kind: str) -> Meanings:
    """Return what the points of a model mean on a kind of device."""
    points: dict[str, Any] = {}
    without: set[str] = set()
    factors: dict[str, int] = {}
    for block in _table():
        if model in block["models"] and kind in block.get("kinds", (kind,)):
            points |= block.get("points", {})
            without |= set(block.get("without", ()))
            factors |= block.get("factors", {})
    return Meanings(points, frozenset(without), factors)


@cache
def _table() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read_document(FOLDER / "points.yaml")
    return found


def _keys(path: GroupPath, name: str) -> list[str]:
    """Return the keys that fit a point, those with the most numbers first: Crv1.Pt2.V, Crv1.Pt{n}.V, …"""
    choices = [(f"{group}{number}", group + "{n}") if number else (group,) for group, number in path]
    found = [".".join((*groups, name)) for groups in product(*choices)]
    return sorted(found, key=lambda key: key.count("{n}"))


def _filled(found: Any, numbers: Mapping[str, Any]) -> Any:
    """Return a value of the table with its numbers in place."""
    if isinstance(found, Mapping):
        return {key: _filled(item, numbers) for key, item in found.items()}
    if isinstance(found, list):
        return [_filled(item, numbers) for item in found]
    if not isinstance(found, str):
        return found
    if found.startswith("$"):
        return numbers[found[1:]]
    return numbers["n"] if found == "{n}" else found.replace("{n}", str(numbers["n"]))
