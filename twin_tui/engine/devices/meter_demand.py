"""Demand as a meter bills it: the mean import over an interval that slides in steps."""

from math import fsum

from twin_tui.engine.signals import value

SLOTS = 15
"""How many steps the window takes to slide by one interval, where the interval has that many ticks."""


@value
class Demand:
    """The past slots of the window and what came of them."""

    interval_s: float = 0.0
    slot_ticks: int = 1
    """Ticks of a slot."""
    kept: int = 1
    """Slots of a whole interval."""
    slots_wh: tuple[float, ...] = ()
    mean_w: float = 0.0
    greatest_w: float = 0.0


def begin(before: Demand, interval_s: float, dt_s: float) -> Demand:
    """Return an empty window of another interval; the means stay until its first slot has passed."""
    ticks = max(1, round(interval_s / dt_s))
    slot_ticks = max(1, ticks // SLOTS)
    kept = max(1, round(ticks / slot_ticks))
    return Demand(interval_s, slot_ticks, kept, (), before.mean_w, before.greatest_w)


def add_slot(demand: Demand, slot_wh: float, dt_s: float) -> Demand:
    """Return the demand after one more slot.

    Before a whole interval has passed the mean is that since the beginning. Only whole intervals count for
    the greatest one.
    """
    slots = (*demand.slots_wh, slot_wh)[-demand.kept :]
    mean = fsum(slots) * 3600.0 / (len(slots) * demand.slot_ticks * dt_s)
    whole = len(slots) == demand.kept
    greatest = max(mean, demand.greatest_w) if whole else demand.greatest_w
    return Demand(demand.interval_s, demand.slot_ticks, demand.kept, slots, mean, greatest)
