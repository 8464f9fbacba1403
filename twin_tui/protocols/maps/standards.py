"""Writing rules of a standard: what writes to registers do beyond their own signal."""

from collections.abc import Callable, Mapping
from dataclasses import field
from importlib import import_module
from typing import Protocol

from twin_tui.engine.engine import Engine
from twin_tui.engine.running import Device
from twin_tui.engine.signals import Scalar, value
from twin_tui.protocols.maps.image import Cell

_ROOMS = {"sunspec": "twin_tui.protocols.sunspec.rules"}
"""The module of each standard, loaded with the first map that names it."""


RULED = ("pv", "battery")
"""The kinds of devices that have them."""


class NamedCells(Protocol):
    """The registers of a device as rules see them."""

    engine: Engine
    devices: dict[str, Device]

    def named(self) -> dict[str, Cell]:
        """Return the cells by the names of their registers."""


@value
class Consequence:
    """What follows from a write: commands, contents of registers, and what to do if it succeeds."""

    commands: dict[str, Scalar] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    then: Callable[[], None] | None = None


class StandardRules(Protocol):
    """The writing rules of one device's registers."""

    def derive(self, written: Mapping[str, bytes]) -> Consequence:
        """Return what follows from written registers, by name."""

    def refresh(self) -> None:
        """Update the registers that change with time."""


def rules_of(standard: str, cells: NamedCells) -> StandardRules | None:
    """Return the rules of a standard for the registers of a device; None without a standard."""
    if not standard:
        return None
    made: StandardRules = import_module(_ROOMS[standard]).rules(cells)
    return made
