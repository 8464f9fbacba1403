"""Lays out a chain of models as the entries of a register map."""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from twin_tui.engine import devices
from twin_tui.engine.device import registry
from twin_tui.engine.signals import value
from twin_tui.errors import ConfigError
from twin_tui.protocols.sunspec.factors import Ratings, power_of_ten, unit_of
from twin_tui.protocols.sunspec.models import ModelDefinition, ModelPoint, PointGroup
from twin_tui.protocols.sunspec.points import GroupPath, Meanings, meanings

assert devices  # registers the device types that come with the package

BASE = 40_000
_ADDRESSES = 65_536
_CURVE_POINTS = {705: 4, 706: 2}
_TRIP_POINTS = 2
_MODELS_OF = {"pv": "PV-TWIN", "battery": "BESS-TWIN", "meter": "METER-TWIN"}
_TRIVIAL = {"ID", "L"}
_IN_FORCE = {("Crv", 1), ("Ctl", 1)}
"""The first curve is the one in force; it is read-only."""


@value
class Coverage:
    """How many points of a model are served: of the mandatory, of the writable ones, of all."""

    model: int
    label: str
    points: int
    served: int
    mandatory: int
    mandatory_served: int
    missing: tuple[str, ...]
    """The mandatory points that are not served."""
    writable: int
    accepted: int
    """Writable points that accept writes."""


@value
class Chain:
    """The entries of the models of one device, with their coverage."""

    kind: str
    models: tuple[tuple[ModelDefinition, tuple[dict[str, Any], ...]], ...]
    coverage: tuple[Coverage, ...]


def lay_out(
    models: Iterable[ModelDefinition], kind: str, ratings: Ratings | None = None, *, common_length: int = 66
) -> Chain:
    """Return the entries of models in this order, from register 40000."""
    ratings = Ratings() if ratings is None else ratings
    laid, coverage, registers = [], [], 2 + 2
    for model in models:
        layout = _ModelLayout(model, kind, ratings, common_length)
        laid.append((model, tuple(layout.entries)))
        coverage.append(layout.coverage())
        registers += sum(entry.get("count", 1) for entry in layout.entries)
        if any(number == model.number for number in (found.number for found, _ in laid[:-1])):
            raise ConfigError(f"model {model.number} is given twice")
    if BASE + registers > _ADDRESSES:
        raise ConfigError(
            f"these models need {registers} registers; {_ADDRESSES - BASE} are left from {BASE}"
        )
    return Chain(kind, tuple(laid), tuple(coverage))


class _ModelLayout:
    """The entries of one model."""

    def __init__(self, model: ModelDefinition, kind: str, ratings: Ratings, common_length: int) -> None:
        self._model = model
        self._meanings: Meanings = meanings(model.number, kind)
        self._signals = registry[kind].signals
        self._numbers: Mapping[str, Any] = {
            "model": _MODELS_OF.get(kind, f"{kind.upper()}-TWIN"),
            "v_ll": ratings.nominal_v,
            "v_ln": round(ratings.nominal_v / math.sqrt(3.0)),
            "va_per_a": round(ratings.nominal_v * math.sqrt(3.0), 2),
            "strings": ratings.strings,
            "curves": ratings.curves,
            "points": _CURVE_POINTS.get(model.number, _TRIP_POINTS),
        }
        placed = [
            (path, point)
            for path, point in self._each(model.root, (), self._counts(model.root))
            if not (model.number == 1 and common_length == 65 and point.type == "pad")
        ]
        found = [(path, point, self._meanings.of(path, point.name, self._numbers)) for path, point in placed]
        self._factors = self._powers(found, ratings)
        self._length = sum(point.size for _, point in placed) - 2
        self._points = [(path, point, self._entry(path, point, keys)) for path, point, keys in found]
        self.entries = [entry for _, _, entry in self._points]

    def coverage(self) -> Coverage:
        """Return how much of the model is served."""
        served = mandatory = mandatory_served = writable = accepted = points = 0
        missing = []
        for path, point, entry in self._points:
            if point.type in {"pad", "sunssf"} or (point.name in _TRIVIAL and not path):
                continue
            answers = _answers(entry)
            points += 1
            served += answers
            mandatory += point.mandatory
            mandatory_served += point.mandatory and answers
            if point.mandatory and not answers:
                missing.append(entry["name"].partition("_")[2])
            writable += point.writable and not any(each in _IN_FORCE for each in path)
            accepted += entry.get("access") == "rw"
        model = self._model
        counts = (points, served, mandatory, mandatory_served, tuple(missing), writable, accepted)
        return Coverage(model.number, model.label, *counts)

    def _counts(self, root: PointGroup) -> dict[str, int]:
        """Return the number in each point that counts the repetitions of a group."""
        named = {group.count for group in _all_groups(root) if isinstance(group.count, str)} | {"N"}
        counts = {}
        for point in root.points:
            if point.name in named:
                keys = self._meanings.of((), point.name, self._numbers) or {}
                counts[point.name] = int(keys.get("raw", 1))
        return counts

    def _each(
        self, group: PointGroup, path: GroupPath, counts: Mapping[str, int]
    ) -> Iterator[tuple[GroupPath, ModelPoint]]:
        yield from ((path, point) for point in group.points)
        for inner in group.groups:
            count = counts.get("N", 1) if inner.count == 0 else inner.count
            if count == 1 and not isinstance(inner.count, str) and inner.count:
                yield from self._each(inner, (*path, (inner.name, 0)), counts)
                continue
            if isinstance(count, str) and count not in counts:
                raise ConfigError(
                    f"model {self._model.number}: no point {count} counts the group {inner.name}"
                )
            for number in range(1, (counts[count] if isinstance(count, str) else count) + 1):
                yield from self._each(inner, (*path, (inner.name, number)), counts)

    def _powers(
        self, found: Iterable[tuple[GroupPath, ModelPoint, dict[str, Any] | None]], ratings: Ratings
    ) -> dict[str, int]:
        """Return the powers of ten of the scale factors that are mandatory or in use."""
        found = list(found)
        powers = {}
        for _, factor, _ in found:
            if factor.type != "sunssf":
                continue
            users = [(point, keys) for _, point, keys in found if point.factor == factor.name]
            in_use = any(keys or (keys is None and point.writable) for point, keys in users)
            if users and (in_use or factor.mandatory):
                power = power_of_ten([point for point, _ in users], ratings)
                powers[factor.name] = self._meanings.factors.get(factor.name, power)
        return powers

    def _entry(self, path: GroupPath, point: ModelPoint, keys: dict[str, Any] | None) -> dict[str, Any]:
        """Return the entry of a point in a register map."""
        name = "_".join((*(_group_name(*each) for each in path), point.name))
        entry: dict[str, Any] = {"name": f"m{self._model.number}_{name}", "type": point.type}
        if point.type in {"string", "pad"}:
            entry["count"] = point.size
        if point.type == "sunssf":
            return entry | ({"value": self._factors[point.name]} if point.name in self._factors else {})
        if not path and point.name == "ID":
            return entry | {"value": self._model.number}
        if not path and point.name == "L":
            return entry | {"value": self._length}
        if point.type == "pad":
            return entry
        writable = point.writable and not any(each in _IN_FORCE for each in path)
        if keys is None:
            keys = {"stored": True} if writable else {}
        if not _answers(keys):
            return entry
        return entry | self._served(point, dict(keys), writable)

    def _served(self, point: ModelPoint, keys: dict[str, Any], writable: bool) -> dict[str, Any]:
        power = self._factors.get(point.factor, point.power)
        if "raw" in keys:
            keys["value"] = keys.pop("raw")
        if "number" in keys:
            number = keys.pop("number")
            keys["value"] = number if point.type.startswith("float") else round(number / 10.0**power)
        signal = self._signals.get(keys.get("signal", ""))
        if not writable or keys.get("access") == "ro":
            keys = {key: item for key, item in keys.items() if key not in {"stored", "access", "min", "max"}}
        elif "stored" in keys or (signal is not None and signal.command):
            keys["access"] = "rw"
        if "stored" in keys and "value" not in keys and "param" not in keys and point.type.startswith("acc"):
            keys["value"] = 0
        if point.power:
            keys["scale"] = 10.0**point.power
        if point.factor in self._factors:
            keys["scale_register"] = f"m{self._model.number}_{point.factor}"
        if keys.keys() & {"signal", "param", "stored", "min", "max", "scale_register"}:
            keys.setdefault("unit", unit_of(point))
        if "param" in keys and keys.get("unit") == "var":
            keys["unit"] = "VA"  # what apparent power a device has is its reactive power too
        if not keys.get("unit"):
            keys.pop("unit", None)
        if point.symbols and "options" not in keys:
            used = keys.get("codes") or keys.get("bits") or point.symbols
            keys["options"] = {code: text for code, text in point.symbols.items() if code in used}
        if not keys.get("options"):
            keys.pop("options", None)
        return keys


def _answers(keys: Mapping[str, Any]) -> bool:
    return bool(keys.keys() & {"signal", "value", "raw", "number", "param", "bits", "states", "stored"})


def _group_name(name: str, number: int) -> str:
    if name == "module":  # the only repeated group of its model
        return str(number)
    return f"{name}{number or ''}"


def _all_groups(group: PointGroup) -> Iterator[PointGroup]:
    for inner in group.groups:
        yield inner
        yield from _all_groups(inner)
