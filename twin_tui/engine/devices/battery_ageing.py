"""How a battery ages while it runs: its calendar once a minute, its cycles at their turning points."""

from dataclasses import replace

from twin_tui.engine.physics.ageing import age
from twin_tui.engine.physics.battery import CellType, lookup
from twin_tui.engine.physics.rainflow import Turn, turned
from twin_tui.engine.signals import value

CALENDAR_STEP_S = 60.0
"""Temperature and state of charge change little in a minute, and the laws cost as much as a whole step."""
LEAST_SOH = 0.2
MOST_RESISTANCE = 5.0
"""A battery ages no further than this: no law applies to such cells."""


@value
class Ageing:
    """What age has made of a battery; losses and growth are fractions of what new cells have."""

    capacity_wh: float
    """Energy between empty and full now."""
    turns: tuple[Turn, ...]
    """Open turning points: state of charge, energy moved in Wh, its integral with the power in W²h."""
    calendar_loss: float = 0.0
    cycle_loss: float = 0.0
    calendar_growth: float = 0.0
    cycle_growth: float = 0.0
    resistance: float = 1.0
    """Inner resistance over that of new cells."""
    faded_wh: float = 0.0
    """Stored energy lost with the capacity: the state of charge stays, so less energy is left."""
    sense: float = 1.0
    """Which way the energy goes: 1 out of the cells, -1 into them."""
    since_s: float = 0.0
    due_s: float = CALENDAR_STEP_S


UNKNOWN_AGE = Ageing(0.0, ())


def unused(new_wh: float, soh: float, soc: float) -> Ageing:
    """Return the age of a battery at the start of a run; an earlier loss counts as one of the calendar."""
    return Ageing(new_wh * soh, ((soc, 0.0, 0.0),), calendar_loss=1.0 - soh)


def recounted(ageing: Ageing, soc: float, moved_wh: float, square_w2h: float) -> Ageing:
    """Return an age that counts cycles from here: the state of charge was corrected without any charge."""
    return replace(ageing, turns=((soc, moved_wh, square_w2h),))


def aged(
    cell: CellType,
    new_wh: float,
    speed: float,
    ageing: Ageing,
    energy_wh: float,
    cell_c: float,
    time_s: float,
    flow_w: float,
    start: Turn,
) -> tuple[Ageing, float]:
    """Return the age, and the energy in the cells, after a step that turned the flow or ended a minute.

    ``new_wh`` is the capacity of new cells, ``flow_w`` the power of the step, positive out of the cells, and
    ``start`` what a turning point at the start of the step would be. The C rate of a cycle is the mean over
    the charge that moved between its turning points, which neither rests nor standby dilute; smaller cycles
    between them are part of it.
    """
    law = cell.ageing
    turns, sense = ageing.turns, ageing.sense
    cycle_loss, cycle_growth = ageing.cycle_loss, ageing.cycle_growth
    if flow_w * sense < 0.0:
        sense = -sense
        turns, closed = turned(turns, start)
        for first, second, count in closed:
            depth, moved = abs(second[0] - first[0]), second[1] - first[1]
            if depth == 0.0 or moved <= 0.0:
                continue
            c_rate = (second[2] - first[2]) / moved / new_wh
            ocv = lookup(cell.ocv_v, 0.5 * (first[0] + second[0]))
            cycles = speed * count * depth
            cycle_loss = age(cycle_loss, law.cycle_loss(depth, c_rate, ocv), cycles)
            cycle_growth += law.cycle_growth(depth, c_rate, ocv) * cycles
    calendar_loss, calendar_growth = ageing.calendar_loss, ageing.calendar_growth
    since_s, due_s = ageing.since_s, ageing.due_s
    if time_s >= due_s:
        span = (time_s - since_s) * speed
        since_s, due_s = time_s, time_s + CALENDAR_STEP_S
        soc = energy_wh / ageing.capacity_wh
        ocv = lookup(cell.ocv_v, soc)
        stress, growth = law.calendar_loss(cell_c, soc, ocv), law.calendar_growth(cell_c, soc, ocv)
        calendar_loss = age(calendar_loss, stress, span, law.calendar_loss_exponent)
        calendar_growth = age(calendar_growth, growth, span, law.calendar_growth_exponent)
    soh = max(LEAST_SOH, 1.0 - calendar_loss - cycle_loss)
    capacity = min(ageing.capacity_wh, new_wh * soh)
    left = energy_wh * (capacity / ageing.capacity_wh)
    after = Ageing(
        capacity,
        turns,
        calendar_loss,
        cycle_loss,
        calendar_growth,
        cycle_growth,
        min(MOST_RESISTANCE, 1.0 + calendar_growth + cycle_growth),
        ageing.faded_wh + energy_wh - left,
        sense,
        since_s,
        due_s,
    )
    return after, left
