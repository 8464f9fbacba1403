"""Do the JSON Schemas and the loader agree? Changes shipped files by chance and compares both verdicts.

    python -m benchmarks.schemas [--cases 2000] [--seed 1] [--kinds site,map] [--show 40]

A change sets, removes or adds one key, or one item of a list. What no schema can have (``CROSS``) is in
docs/site-files.md. Exit code 1 when anything else differs.
"""

import argparse
import copy
import json
import random
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from twin_tui.cli.schemas import KINDS, schema
from twin_tui.config import load_site
from twin_tui.config.grid_codes import load_grid_code
from twin_tui.documents.loader import read_document
from twin_tui.errors import TwinError
from twin_tui.protocols.maps.parse import parse_map
from twin_tui.run.scenario import Scenario

ROOT = Path(__file__).parent.parent
FOLDERS = {
    "site": ROOT / "sites",
    "map": ROOT / "register_maps",
    "scenario": ROOT / "scenarios",
    "grid-code": ROOT / "twin_tui" / "data" / "grid_codes",
}
VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 7, 50, 100, 101, 1e4, 70000, -0.5, 0.5, 1.5, 1e9, 1e16, 1e-20,
    "", "x", "5", "-5", "1.5", "1e3", "20%", "5m", "08:00", "yes", "no", "max", "none", "battery", "a.yaml",
    [], {}, [1], [1, 2], ["x"], {"a": 1}, {"name": "x"}, [[1, 2], [3, 4]],
)  # fmt: skip
CROSS = {
    "two keys for one thing, or half of a pair": r"\bnot both|or neither|not several|different values",
    "a required quantity that has two keys": r"missing key \w+ in assets",
    "limits and times in order": (
        r"≤|must be below|voltages rise|ends before the last step|no time window of the appliance"
    ),
    "the names of assets, devices, files, maps, zones, sources and registers": (
        r"is already used by|no (asset|battery) is named|no such f|unknown (source|device|register)"
        r"|unknown grid code|time zone like"
        r"|has no (signal|command|fault|mode|parameter)|two (stages|registers)"
    ),
    "a grid code for another frequency": r"is for \d+ Hz",
    "what one entry of a register map needs of another, of its signal or of its type": (
        r"unknown unit|does not fit|expected (internal_name|func|signal or)|missing key (name|type|signal)"
        r"|: (func|value): expected|overlap|writable register needs|in the register"
        r"|missing code|single bits|read-only|expected an entry of type|register map: registers\[\d+\]: \w+: "
    ),
    "numbers closer to 0 than 1e-15": r"0 or at least 1e-15",
    "commands and events": r"events\[",
}
"""Errors that depend on more than one value, or on another file: no schema has them."""
AS_TEXT = "the range of a number that is written as text"


@dataclass(frozen=True, slots=True)
class Difference:
    """A changed file on which schema and loader differ."""

    kind: str
    place: str
    value: str
    schema: str
    loader: str

    def __str__(self) -> str:
        head = f"{self.kind} {self.place} = {self.value[:60]}"
        return f"{head}\n    schema: {self.schema}\n    loader: {self.loader}"


@cache
def checker(kind: str) -> Draft202012Validator:
    """Return the validator of a kind of file."""
    return Draft202012Validator(json.loads(schema(kind)))


def by_schema(kind: str, data: Any) -> str:
    """Return the first error by the schema, "" without any."""
    error = next(checker(kind).iter_errors(json.loads(json.dumps(data))), None)
    return "" if error is None else f"{error.json_path}: {error.message[:100]}"


def by_loader(kind: str, data: Any, folder: Path) -> str:
    """Return the errors of the loader, "" without any."""
    path = folder / kind / f"changed{'.yaml' if kind == 'grid-code' else '.json'}"
    try:
        if kind == "map":
            parse_map(data)
            return ""
        path.write_text(json.dumps(data), encoding="utf-8")
        if kind == "site":
            load_site(path, allow_outside=True)
        elif kind == "scenario":
            Scenario.load(path)
        else:
            load_grid_code(str(path))
    except TwinError as error:
        return str(error).replace(str(folder), "")
    return ""


def places(data: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the place of every value."""
    items: Any = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, item in items:
        yield (*at, key)
        yield from places(item, (*at, key))


def changed(data: Any, chance: random.Random, keys: list[str]) -> tuple[Any, tuple[Any, ...], Any]:
    """Return a copy with one change, its place and the new value."""
    data = copy.deepcopy(data)
    place = chance.choice(list(places(data)))
    parent = data
    for part in place[:-1]:
        parent = parent[part]
    value = copy.deepcopy(chance.choice(VALUES))
    how = chance.random()
    if how < 0.1:
        del parent[place[-1]]
        return data, place, "removed"
    if how < 0.45 and isinstance(parent, dict):
        place = (*place[:-1], chance.choice(keys))
    parent[place[-1]] = value
    return data, place, value


def known_keys(kind: str) -> list[str]:
    """Return every key that a schema names."""

    def found(part: Any) -> Iterator[str]:
        if isinstance(part, dict):
            yield from part.get("properties", ()) if isinstance(part.get("properties"), dict) else ()
            for item in part.values():
                yield from found(item)
        elif isinstance(part, list):
            for item in part:
                yield from found(item)

    return sorted(set(found(json.loads(schema(kind)))))


def shipped(kind: str) -> list[Any]:
    """Return the content of the shipped files of a kind, smaller ones more often."""
    files = sorted(path for path in FOLDERS[kind].iterdir() if path.suffix in (".yaml", ".json"))
    return [read_document(path) for path in files]


def beyond(value: Any, loader: str) -> bool:
    """Return whether no schema can have an error of the loader."""
    as_text = isinstance(value, str) and re.fullmatch(r"[-+.0-9e]+", value) is not None
    return as_text or any(re.search(pattern, loader) for pattern in CROSS.values())


def differences(kinds: list[str], cases: int, seed: int) -> Iterator[Difference | None]:
    """Yield for each case how schema and loader differ, None where they agree."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for source in FOLDERS.values():
            shutil.copytree(source, folder / source.name, dirs_exist_ok=True)
        for kind, source in FOLDERS.items():
            (folder / kind).symlink_to(folder / source.name)
        chance = random.Random(seed)
        files = {kind: shipped(kind) for kind in kinds}
        keys = {kind: known_keys(kind) for kind in kinds}
        for _ in range(cases):
            kind = chance.choice(kinds)
            data, place, value = changed(chance.choice(files[kind]), chance, keys[kind])
            refused, error = by_schema(kind, data), by_loader(kind, data, folder)
            if bool(refused) == bool(error) or (not refused and beyond(value, error)):
                yield None
            else:
                yield Difference(kind, ".".join(map(str, place)), repr(value), refused, error)


def main() -> None:
    """Print the differences."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--show", type=int, default=40)
    options = parser.parse_args()
    found = [each for each in differences(options.kinds.split(","), options.cases, options.seed) if each]
    for each in found[: options.show]:
        print(each)
    print(f"{len(found)} of {options.cases} changed files differ")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
