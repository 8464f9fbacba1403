"""Adopting a stored curve: its points become the settings of the device's grid code."""

import re
from collections.abc import Callable, Mapping

from twin_tui.engine.signals import Scalar
from twin_tui.errors import CommandError
from twin_tui.protocols.maps.image import Cell

_FIRST = re.compile(r"(m(\d+)_(?:Crv|Ctl))1_(.+)\Z")
_POINT = re.compile(r"(.*?)Pt(\d+)_")
_TRIPS = ("707", "708", "709", "710")
Content = Callable[[str], bytes | None]
"""The bytes of a register by its name; None where the map has no such."""


class Curves:
    """The curves of a map: the registers of the first, which is in force, tell what the others mean."""

    def __init__(self, cells: Mapping[str, Cell]) -> None:
        self._first: dict[str, list[tuple[Cell, str, str]]] = {}
        for name, cell in cells.items():
            found = _FIRST.match(name)
            if found is not None and cell.reader.signal is not None:
                self._first.setdefault(found[2], []).append((cell, found[1], found[3]))

    def models(self) -> tuple[str, ...]:
        """Return the models with curves."""
        return tuple(self._first)

    def settings(self, model: str) -> tuple[str, ...]:
        """Return the settings that the curves of a model have."""
        return tuple(cell.reader.signal.name for cell, _, _ in self._first[model] if cell.reader.signal)

    def values(self, model: str, curve: int, content: Content) -> dict[str, Scalar]:
        """Return the settings of a stored curve; raise CommandError for points without a value."""
        found: dict[str, Scalar] = {}
        for cell, group, rest in self._first[model]:
            signal = cell.reader.signal
            assert signal is not None
            name = f"{group}{curve}_{rest}"
            point = _POINT.match(rest)
            if point is not None:
                kind, number = point[1], int(point[2])
                active = int.from_bytes(content(f"{group}{curve}_{kind}ActPt") or b"", "big")
                if number > active:
                    if model in _TRIPS:  # a stage without a point is off
                        found[signal.name] = signal.default
                        continue
                    if not active:
                        raise CommandError(f"{group}{curve}_ActPt is 0")
                    name = f"{group}{curve}_{rest.replace(f'Pt{number}_', f'Pt{active}_', 1)}"
            data = content(name)
            value = None if data is None else cell.reader.decode(data)
            if value is None:
                raise CommandError(f"{name} has no value")
            found[signal.name] = value
        return found
