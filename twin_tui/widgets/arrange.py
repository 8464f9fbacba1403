"""Where the panes of the overview are, for any size of the terminal: pure arithmetic."""

from collections.abc import Mapping

from textual.geometry import Region

from twin_tui.widgets.cards import CARD_HEIGHT, CARD_WIDTH

PANES = {
    "devices": "a row or a card for each device",
    "flow": "who feeds the site's bus and who takes from it",
    "timeline": "setpoint and power of the chosen device over time",
    "charts": "power of the other devices over time",
    "registers": "registers of the chosen device and who wrote them",
    "log": "what happened: writes, injections, trips",
    "links": "ports, their clients and what they ask",
}
"""Everything that the overview can show, in the order of the tab key, and what each pane is for."""
WIDE, HIGH = 150, 40
"""From here on cards, flow bars and registers have room at once."""
BARS_FROM = 120
"""The width from which the power flow has bars."""
HUGE, VERY_HIGH = 200, 54
LEAST_REGISTERS = 72
"""The columns in which registers have names, raw words, values and who wrote them."""
LEAST_CHART = 12
"""The lines of the chosen device's chart that cards leave."""
GAP = 2
"""Columns between two panes beside each other."""


def arrange(
    width: int, height: int, devices: int, groups: int, zoomed: str = "", links: int = 12
) -> Mapping[str, Region]:
    """Return the region of each pane that is shown, for a site of so many devices, kinds and links.

    ``zoomed`` is a pane that has all the room to itself; ``links`` counts the clients too.
    """
    if zoomed:
        return {zoomed: Region(0, 0, width, height)}
    if width >= WIDE and height >= HIGH:
        return _large(width, height, devices, groups, links)
    if width >= 100 and height >= 26:
        return _medium(width, height, devices, groups)
    return _small(width, height, devices)


def _stacked(x: int, width: int, parts: Mapping[str, int]) -> dict[str, Region]:
    """Return panes under each other, those without a height left out."""
    out, y = {}, 0
    for name, height in parts.items():
        if height > 0:
            out[name] = Region(x, y, width, height)
            y += height
    return out


def _small(width: int, height: int, devices: int) -> dict[str, Region]:
    """Return rows, the chart of the chosen device and events under each other."""
    rows = devices + 2
    if height < 14:
        table = max(1, min(rows, height - 4))
        return _stacked(0, width, {"devices": table, "log": height - table})
    table = min(rows, height - 12 if height >= 20 else height - 6)
    flow = 1 if height - table >= 18 else 0
    left = height - table - flow
    chart = min(9, max(0, left - 6)) if left >= 12 else 0
    return _stacked(0, width, {"devices": table, "flow": flow, "timeline": chart, "log": left - chart})


def _medium(width: int, height: int, devices: int, groups: int) -> dict[str, Region]:
    """Return rows and flow across, beneath them the chart beside the registers, and events across."""
    table = min(devices + 2, height // 2 - 1)
    bars = width >= BARS_FROM and height - table - groups - 1 >= 26
    flow = groups + 1 if bars else 1
    top = table + flow
    right = max(50, width * 5 // 12)
    left = width - right - GAP
    events = max(5, (height - top) // 3)
    upper = height - top - events
    return {
        **_stacked(0, width, {"devices": table, "flow": flow}),
        "timeline": Region(0, top, left, upper),
        "registers": Region(left + GAP, top, right, upper),
        "log": Region(0, top + upper, width, events),
    }


def _large(width: int, height: int, devices: int, groups: int, links: int) -> dict[str, Region]:
    """Return flow, cards and chart beside the registers, and events across.

    The largest screens have a third column of charts between them, and links under the registers.
    """
    huge = width >= HUGE and height >= VERY_HIGH
    right = min(90, max(LEAST_REGISTERS, width // 3 if huge else width * 2 // 5))
    rest = width - right - GAP - (GAP if huge else 0)
    middle = min(rest * 4 // 9, rest - 2 * CARD_WIDTH - 1) if huge else 0
    left = rest - middle
    events = height // 4
    upper = height - events
    flow = groups + 1
    across = max(1, (left - 1) // CARD_WIDTH)  # a scroll bar has a column
    high = CARD_HEIGHT * -(-(devices + 1) // across)
    most = upper - LEAST_CHART - flow
    device_rows = high if high <= most else min(devices + 2, max(6, most))
    chart = upper - flow - device_rows
    x = left + GAP
    panes = _stacked(0, left, {"flow": flow, "devices": device_rows, "timeline": chart})
    panes["log"] = Region(0, upper, width, events)
    if not huge:
        return {**panes, "registers": Region(x, 0, right, upper)}
    linked = min(links + 1, upper // 3)
    return {
        **panes,
        "charts": Region(x, 0, middle, upper),
        **_stacked(x + middle + GAP, right, {"registers": upper - linked, "links": linked}),
    }
