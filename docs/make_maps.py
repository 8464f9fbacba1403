"""Writes the SunSpec maps: `python -m docs.make_maps`; with --coverage, prints what they serve."""

import sys
from pathlib import Path

from twin_tui.protocols.sunspec.layout import Chain, lay_out
from twin_tui.protocols.sunspec.models import read_model
from twin_tui.protocols.sunspec.writer import coverage_text, map_text

FOLDER = Path(__file__).parent.parent / "register_maps"
CONTROLS = (120, 121, 122, 123, 702, 704, 705, 706, 707, 708, 709, 710, 711, 714, 715)
MAPS = {
    "sunspec_inverter": ("pv", (1, 103, 113, 701, 160, 703, *CONTROLS)),
    "sunspec_battery": ("battery", (1, 124, 701, 713, 802, 703, *CONTROLS)),
    "sunspec_meter": ("meter", (1, 203, 213)),
}
"""Map → kind of device and models; the first ones are where they were before the others came."""


def chain(name: str) -> Chain:
    """Return the models of a shipped map, laid out."""
    kind, numbers = MAPS[name]
    return lay_out([read_model(number) for number in numbers], kind)


def page(name: str) -> str:
    """Return a shipped map."""
    return map_text(chain(name), schema="../twin_tui/data/schemas/map.json")


if __name__ == "__main__":
    for map_name in MAPS:
        if "--coverage" in sys.argv:
            print(f"{map_name}\n\n{coverage_text(chain(map_name).coverage)}\n")
        else:
            (FOLDER / f"{map_name}.yaml").write_text(page(map_name), encoding="utf-8")
