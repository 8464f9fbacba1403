"""Demand as a meter bills it: the mean import over an interval that slides in steps."""

from twin_tui.engine.signals import value

SLOTS = 15
"""How many steps the window takes to slide by one interval, where the interval has that many ticks."""


@value
class Demand:
    """A window of past slots, the slot that is filling, and what came of it."""

    slots_wh: tuple[float, ...] = ()
    slot_wh: float = 0.0
    ticks: int = 0
    """Ticks in the slot that is filling."""
    interval_ticks: int = 0
    mean_w: float = 0.0
    greatest_w: float = 0.0


def advance_demand(demand: Demand, imported_wh: float, interval_s: float, dt_s: float, reset: bool) -> Demand:
    """Return the demand after one more tick.

    The mean follows at the end of each slot, a fifteenth of the interval; before a whole interval has passed
    it is the mean since the beginning. Only whole intervals count for the greatest one. Another interval
    begins a new window.
    """
    interval_ticks = max(1, round(interval_s / dt_s))
    slots, slot_wh, ticks = demand.slots_wh, demand.slot_wh, demand.ticks
    if interval_ticks != demand.interval_ticks:
        slots, slot_wh, ticks = (), 0.0, 0
    slot_ticks = max(1, interval_ticks // SLOTS)
    mean, greatest = demand.mean_w, 0.0 if reset else demand.greatest_w
    slot_wh += imported_wh
    ticks += 1
    if ticks >= slot_ticks:
        kept = max(1, round(interval_ticks / slot_ticks))
        slots = (*slots, slot_wh)[-kept:]
        mean = sum(slots) * 3600.0 / (len(slots) * slot_ticks * dt_s)
        if len(slots) == kept and mean > greatest:
            greatest = mean
        slot_wh, ticks = 0.0, 0
    return Demand(slots, slot_wh, ticks, interval_ticks, mean, greatest)
