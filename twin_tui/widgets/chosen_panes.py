"""Where the panes are that a user has chosen for the overview: pure arithmetic, as for those it chooses."""

from collections.abc import Mapping, Sequence

from textual.geometry import Region

from twin_tui.widgets.arrange import GAP, HUGE, PANES

COLUMNS = (("devices", "flow", "log"), ("timeline", "charts"), ("registers", "links"))
"""The panes under each other on the widest screens; on narrower ones these are one column or two."""
KEPT = ("devices", "timeline", "log", "registers", "flow", "links", "charts")
"""Which panes go last where there is no room for all."""
WIDE = 100
LEAST = 4
"""Lines of a pane that shares the height with others."""


def arrange_chosen(
    width: int, height: int, devices: int, groups: int, chosen: Sequence[str]
) -> Mapping[str, Region]:
    """Return the region of each chosen pane; on a small screen some have no room."""
    many = 3 if width >= HUGE else 2 if width >= WIDE else 1
    first, second, third = ([name for name in column if name in chosen] for column in COLUMNS)
    parts = {1: [[*first, *second, *third]], 2: [[*first, *second], third], 3: [first, second, third]}[many]
    columns = [sorted(names, key=list(PANES).index) for names in parts if names]
    room = width - GAP * (len(columns) - 1)
    regions: dict[str, Region] = {}
    x = 0
    for place, names in enumerate(columns):
        share = room // len(columns) + (place < room % len(columns))
        regions |= _column(x, share, height, devices, groups, names)
        x += share + GAP
    return regions


def _column(
    x: int, width: int, height: int, devices: int, groups: int, names: Sequence[str]
) -> Mapping[str, Region]:
    """Return panes under each other: rows and bars as high as they are, the others share what is left."""
    usual = {"devices": devices + 2, "flow": groups + 1 if height >= 40 else 1}
    kept = sorted(names, key=KEPT.index)[: max(1, height // LEAST)]
    names = [name for name in names if name in kept]
    sharing = [name for name in names if name not in usual] or names[-1:]
    heights: dict[str, int] = {}
    left = height
    for name in names:
        if name not in sharing:
            others = LEAST * (len(names) - len(heights) - 1)
            heights[name] = max(1, min(usual[name], left - others))
            left -= heights[name]
    for place, name in enumerate(sharing):
        heights[name] = left // len(sharing) + (place < left % len(sharing))
    y, regions = 0, {}
    for name in names:
        regions[name] = Region(x, y, width, heights[name])
        y += heights[name]
    return regions
