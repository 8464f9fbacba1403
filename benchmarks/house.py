"""The house in figures: rooms, floors and arrows of its imports. ``python -m benchmarks.house [CHECKOUT]``.

A room is a module or package directly in ``twin_tui/``. Every import counts: at the top of a file, inside a
function, and for annotations alone. An arrow from room to room is upward when it lies on a circle of rooms
and is the thinnest way (fewest importing files) to open it; the floors are those of the graph without it.
"""

import ast
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

PACKAGE = "twin_tui"
Graph = dict[str, set[str]]


def modules(checkout: Path) -> dict[str, Path]:
    """Return the file of every module of the package by its dotted name."""
    found = {}
    for path in sorted((checkout / PACKAGE).rglob("*.py")):
        parts = path.relative_to(checkout).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(path: Path, known: Mapping[str, Path]) -> Iterator[str]:
    """Yield the modules of the package that a file imports, wherever in the file it does."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module in known:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in known else node.module


def circles(graph: Mapping[str, Iterable[str]]) -> list[set[str]]:
    """Return the circles: sets of two or more nodes of which each reaches each other."""

    def reach(start: str) -> set[str]:
        seen: set[str] = set()
        todo = [start]
        while todo:
            for other in graph.get(todo.pop(), ()):
                if other not in seen:
                    seen.add(other)
                    todo.append(other)
        return seen

    far = {node: reach(node) for node in graph}
    found: list[set[str]] = []
    for node in graph:
        ring = {other for other in far[node] if node in far.get(other, ())}
        if len(ring) > 1 and ring not in found:
            found.append(ring)
    return found


def upward(weights: Counter[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the arrows between rooms to take out, thinnest first, until no circle is left."""
    left = dict(weights)
    out: list[tuple[str, str]] = []
    while True:
        graph: Graph = defaultdict(set)
        for one, other in left:
            graph[one].add(other)
        rings = circles(graph)
        if not rings:
            return out
        inside = [arrow for arrow in left if any(arrow[0] in ring and arrow[1] in ring for ring in rings)]
        thinnest = min(inside, key=lambda arrow: (left[arrow], arrow))
        out.append(thinnest)
        del left[thinnest]


def floors(rooms: Iterable[str], arrows: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Return the floor of each room: one above the highest room that it imports."""
    below: Graph = {room: set() for room in rooms}
    for one, other in arrows:
        below[one].add(other)
    found: dict[str, int] = {}

    def floor(room: str) -> int:
        if room not in found:
            found[room] = 1 + max(map(floor, below[room]), default=0)
        return found[room]

    for room in below:
        floor(room)
    return found


class House:
    """The package of a checkout, its imports counted by file and by room."""

    def __init__(self, checkout: Path) -> None:
        self.files = modules(checkout)
        self.imports: Graph = {
            name: {other for other in imported(path, self.files) if other != name}
            for name, path in self.files.items()
        }
        self.loose = [path.name for path in self.files.values() if path.parent.name == PACKAGE]
        self.arrows = Counter(
            (room(one), room(other))
            for one, others in self.imports.items()
            for other in others
            if room(one) != room(other)
        )
        self.upward = upward(self.arrows)

    def circles(self) -> list[set[str]]:
        """Return the circles of files."""
        return circles(self.imports)

    def floors(self) -> dict[str, int]:
        """Return the floor of each room, counted from 1 without the upward arrows."""
        return floors(
            set(map(room, self.files)), [arrow for arrow in self.arrows if arrow not in self.upward]
        )


def room(module: str) -> str:
    """Return the room of a module."""
    return module.split(".")[1] if "." in module else "__init__"


def main(checkout: Path) -> None:
    """Print the figures of a checkout."""
    house = House(checkout)
    lines, count = Counter[str](), Counter[str]()
    for name, path in house.files.items():
        lines[room(name)] += len(path.read_text(encoding="utf-8").splitlines())
        count[room(name)] += 1
    level, rings = house.floors(), house.circles()
    for name in sorted(lines, key=lambda each: (-level[each], each)):
        print(f"floor {level[name]:2d}  {name:<16} {count[name]:4d} files {lines[name]:7,d} lines")
    size = f"{sum(count.values())} files, {sum(lines.values()):,} lines"
    print(f"{size}, {len(lines)} rooms, {len(house.loose)} loose modules, {max(level.values())} floors")
    print(f"{len(house.arrows)} arrows, {len(house.upward)} upward, {len(rings)} circles of files")
    for one, other in house.upward:
        print(f"upward: {one} -> {other}")
    for ring in rings:
        print("circle: " + ", ".join(sorted(name.removeprefix(PACKAGE + ".") for name in ring)))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path())
