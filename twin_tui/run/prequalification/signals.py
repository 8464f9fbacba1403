"""The test signals of a prequalification, as (seconds, Hz); those of FCR-D down are mirrored about 50 Hz.

Technical Requirements for Frequency Containment Reserve Provision in the Nordic Synchronous Area, v1.1,
28 March 2025.
"""

from enum import Enum

Points = tuple[tuple[float, float], ...]
SINE_HZ = 0.1
LOG_HZ = {"fcr_n": 5.0, "fcr_d_up": 10.0, "fcr_d_down": 10.0}
"""Samples in a second that a service asks for."""
SINE_CENTRE = {"fcr_n": 50.0, "fcr_d_up": 49.7, "fcr_d_down": 50.3}
SINES = {
    **{10.0: (20, 5), 15.0: (15, 5), 25.0: (10, 5), 40.0: (7, 5), 50.0: (7, 5)},
    **{60.0: (7, 5), 70.0: (7, 5), 90.0: (7, 5), 150.0: (4, 3), 300.0: (3, 2)},
}
"""Periods of a sine, s → how many in all, and how many of them, the last ones, are judged."""
FCR_D_SINES = (10.0, 15.0, 25.0, 40.0, 50.0, 60.0, 70.0)
"""The longer ones are for reserves that shift their mode."""
HOLD_S = {"fcr_n": 3600.0, "fcr_d_up": 1200.0, "fcr_d_down": 1200.0}
"""How long a limited reservoir lasts; any other 15 minutes."""
NOT_LIMITED_S = 900.0
LINEARITY_S = 120.0


class Kind(Enum):
    """A test, with the name that it has in the name of an exported file."""

    STEP = "Step"
    RAMP = "Ramp"
    LINEARITY = "Lin"
    ENDURANCE = "End"
    SINE = "Sine"


FCR_N_STEP: Points = (
    *((0.0, 50.0), (30.0, 50.0), (30.0, 49.95), (60.0, 49.95), (60.0, 50.0), (360.0, 50.0)),
    *((360.0, 49.9), (660.0, 49.9), (660.0, 50.1), (960.0, 50.1), (960.0, 50.0), (1260.0, 50.0)),
)
FCR_D_RAMP: Points = (
    *((0.0, 49.9), (30.0, 49.9), (33.214286, 49.45), (34.9, 49.45), (39.9, 49.9), (90.0, 49.9)),
    *((91.666667, 49.5), (390.0, 49.5), (391.666667, 49.9), (690.0, 49.9), (693.75, 49.0)),
    *((750.0, 49.0), (754.166667, 50.0), (1050.0, 50.0)),
)


def _stairs(*levels: float) -> Points:
    """Return a signal that stays at each level for so long, and twice as long at the last."""
    points: list[tuple[float, float]] = []
    for place, level in enumerate(levels):
        begin_s, stays = place * LINEARITY_S, 2.0 if place == len(levels) - 1 else 1.0
        points += (begin_s, level), (begin_s + stays * LINEARITY_S, level)
    return tuple(points)


FCR_D_LINEARITY = _stairs(49.9, 49.8, 49.7, 49.6, 49.5, 49.6, 49.7, 49.8, 49.91)
_DOWN = tuple(round(50.0 - 0.02 * step, 2) for step in range(6))
_HALF = (*_DOWN, *_DOWN[-2::-1])
FCR_N_LINEARITY = _stairs(*_HALF, *(round(100.0 - level, 2) for level in _HALF[1:]))


def endurance(service: str, hold_s: float) -> Points:
    """Return a signal that asks for the whole capacity for so long, then for nothing."""
    neutral, full = (50.0, 49.9) if service == "fcr_n" else (49.9, 49.5)
    return (0.0, neutral), (60.0, neutral), (60.0, full), (60.0 + hold_s, full), (60.0 + hold_s, neutral)


def mirrored(points: Points) -> Points:
    """Return a signal about 50 Hz the other way round."""
    return tuple((time_s, round(100.0 - hz, 9)) for time_s, hz in points)
