"""Demand as a meter bills it: the mean import over an interval that slides in steps, or over blocks."""

from math import fsum

from twin_tui.engine.devices.clock import DAY_S, local_s
from twin_tui.engine.signals import value
from twin_tui.engine.steps import nearest_steps
from twin_tui.engine.surroundings import Surroundings

SLIDING, BLOCK = 0, 1
SLOTS = 15
"""How many steps the window takes to slide by one interval, where the interval has that many ticks."""
_MOMENT_S = 1e-6
"""What binary fractions take from a local time."""


@value
class Demand:
    """The past slots of the window and what came of them."""

    interval_s: float = 0.0
    method: int = SLIDING
    slot_ticks: int = 1
    """Ticks of a slot."""
    kept: int = 1
    """Slots of a whole interval."""
    slots_wh: tuple[float, ...] = ()
    mean_w: float = 0.0
    greatest_w: float = 0.0


def begin(before: Demand, interval_s: float, method: int, dt_s: float) -> Demand:
    """Return an empty window of another interval; the means stay until its first slot has passed."""
    ticks = nearest_steps(interval_s, dt_s, 1)
    slot_ticks = max(1, ticks // SLOTS)
    kept = max(1, round(ticks / slot_ticks))
    if method == BLOCK:
        slot_ticks, kept = 2 * ticks, 1  # the clock ends it before
    return Demand(interval_s, method, slot_ticks, kept, (), before.mean_w, before.greatest_w)


def block_ends(demand: Demand, surroundings: Surroundings) -> bool:
    """Return whether a block ends in this tick: they follow one another from local midnight on."""
    of_day = (local_s(surroundings) + _MOMENT_S) % DAY_S
    return of_day % demand.interval_s < surroundings.dt_s


def add_slot(demand: Demand, slot_wh: float, ticks: int, dt_s: float) -> Demand:
    """Return the demand after one more slot, or block, of so many ticks.

    Before a whole interval has passed the sliding mean is that since the beginning. Only whole intervals
    count for the greatest one, and of blocks only whole ones count at all.
    """
    slots = (*demand.slots_wh, slot_wh)[-demand.kept :]
    seconds = len(slots) * ticks * dt_s
    if demand.method == BLOCK and seconds <= demand.interval_s - dt_s:
        return demand
    mean = fsum(slots) * 3600.0 / seconds
    greatest = max(mean, demand.greatest_w) if len(slots) == demand.kept else demand.greatest_w
    return Demand(demand.interval_s, demand.method, demand.slot_ticks, demand.kept, slots, mean, greatest)
