"""Reads SunSpec model definitions: the JSON files of github.com/sunspec/models."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from twin_tui.documents.loader import open_document
from twin_tui.engine.signals import value
from twin_tui.errors import ConfigError, shown
from twin_tui.protocols.maps.wire import WIRE_TYPES

FOLDER = Path(__file__).parents[2] / "data" / "sunspec"
SHIPPED = FOLDER / "models"
_SAME = {"count": "uint16", "raw16": "uint16"}
"""Types of the definitions that a register map knows under another name."""
_TEXTS = {"ipaddr": 2, "ipv6addr": 8, "eui48": 4}
"""Types that no device of the twin has a value for, with their numbers of registers."""


@value
class ModelPoint:
    """One point of a model."""

    name: str
    type: str
    size: int
    factor: str
    """The name of its scale factor; empty for none."""
    power: int
    """A power of ten that the definition fixes in place of a scale factor."""
    writable: bool
    mandatory: bool
    units: str
    symbols: Mapping[int, str]
    constant: int | None


@value
class PointGroup:
    """A group of points, repeated ``count`` times; a text is the point that has the number."""

    name: str
    count: int | str
    points: tuple[ModelPoint, ...]
    groups: tuple["PointGroup", ...]

    def each(self) -> Iterator[ModelPoint]:
        """Yield the points of this group and of those within it."""
        yield from self.points
        for group in self.groups:
            yield from group.each()


@value
class ModelDefinition:
    """One information model."""

    number: int
    label: str
    root: PointGroup


def known_models(folder: Path = SHIPPED) -> tuple[int, ...]:
    """Return the numbers of the models in a folder."""
    names = (path.stem.removeprefix("model_") for path in folder.glob("model_*.json"))
    return tuple(sorted(int(name) for name in names if name.isdecimal()))


def read_model(number: int, folder: Path = SHIPPED) -> ModelDefinition:
    """Return a model; raise ConfigError naming the file and what is wrong with it."""
    path = folder / f"model_{number}.json"
    if not path.is_file():
        if folder != SHIPPED:
            raise ConfigError(f"{folder}: no file {path.name} for model {number}")
        known = ", ".join(map(str, known_models()))
        text = "give the folder with its definition with --models"
        raise ConfigError(f"model {number} is not among those of the package ({known}); {text}")
    data = open_document(path).data
    try:
        root = _group(data["group"], f"model {number}")
        if data.get("id", number) != number:
            raise ConfigError(f"the file defines model {data['id']}")
    except ConfigError as error:
        raise ConfigError(f"{path.name}: {error}") from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError(f"{path.name}: not a SunSpec model definition: {error!r}") from None
    return ModelDefinition(number, str(data["group"].get("label") or data["group"].get("name", "")), root)


def _group(data: Mapping[str, Any], place: str) -> PointGroup:
    name = str(data.get("name", ""))
    here = f"{place}: {name}"
    return PointGroup(
        name,
        data.get("count", 1),
        tuple(_point(point, here) for point in data.get("points", ())),
        tuple(_group(group, here) for group in data.get("groups", ())),
    )


def _point(data: Mapping[str, Any], place: str) -> ModelPoint:
    name, kind, factor = data["name"], data["type"], data.get("sf", "")
    if kind in _TEXTS:
        kind, size = "string", _TEXTS[kind]
    else:
        kind = _SAME.get(kind, kind)
        if kind not in WIRE_TYPES:
            raise ConfigError(f"{place}.{name}: unknown type {shown(kind)}")
        size = WIRE_TYPES[kind].words or int(data["size"])
    return ModelPoint(
        name=name,
        type=kind,
        size=size,
        factor=factor if isinstance(factor, str) else "",
        power=factor if isinstance(factor, int) else 0,
        writable=data.get("access") == "RW",
        mandatory=data.get("mandatory") == "M",
        units=str(data.get("units", "")),
        symbols={int(symbol["value"]): _words(symbol["name"]) for symbol in data.get("symbols", ())},
        constant=data.get("value"),
    )


def _words(symbol: str) -> str:
    return json.dumps(symbol)[1:-1].replace("_", " ").lower()
