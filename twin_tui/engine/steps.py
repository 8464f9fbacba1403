"""Times and the simulation step: a time is a whole number of steps, or is refused; or the nearest one."""

import math
from fractions import Fraction

from twin_tui.errors import CommandError

NOISE_S = 1e-9
"""What binary fractions add to a time: 0.1 + 0.2 is a multiple of 0.1."""
MOST_STEPS = 2.0**53
"""Up to here every tick has its own time."""
FINEST_S = Fraction(1, 1000)
"""The smallest step that is proposed."""


def nearest_steps(seconds: float, dt_s: float, least: int = 0) -> int:
    """Return the steps nearest to a time; half a step counts as a whole one."""
    return max(least, math.floor(seconds / dt_s + 0.5))


def whole_steps(seconds: float, dt_s: float, what: str) -> int:
    """Return how many steps a time is; raise CommandError when it is not a whole number of them."""
    if not seconds / dt_s < MOST_STEPS:
        raise CommandError(f"{what} {_shown(seconds)} is too long for the step {_shown(dt_s)}")
    steps = round(seconds / dt_s)
    if abs(steps * dt_s - seconds) <= NOISE_S + 1e-12 * seconds:
        return steps
    below = math.floor(seconds / dt_s)
    nearest = ", ".join(_shown(dt_s * steps) for steps in (below, below + 1) if steps)
    finer = _finer_step(seconds, dt_s)
    remedy = f"; or set step: {finer}" if finer else ""
    raise CommandError(
        f"{what} {_shown(seconds)} is not a multiple of the step {_shown(dt_s)}; nearest: {nearest}{remedy}"
    )


def check_duration(seconds: float | None) -> None:
    """Raise CommandError for a duration that is not above 0; None is one without an end."""
    if seconds is not None and not (math.isfinite(seconds) and seconds > 0):
        raise CommandError(f"duration {seconds:g} s is not above 0")


def _finer_step(seconds: float, dt_s: float) -> str:
    """Return the largest step that divides both, so that all other times of the site still fit; or ""."""
    asked, step = (Fraction(str(round(each, 9))) for each in (seconds, dt_s))
    finer = Fraction(
        math.gcd(asked.numerator * step.denominator, step.numerator * asked.denominator),
        asked.denominator * step.denominator,
    )
    return f"{float(finer):.12g}" if finer >= FINEST_S else ""


def _shown(seconds: float) -> str:
    return f"{seconds:.12g} s"
