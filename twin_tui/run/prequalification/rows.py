"""The rows of requirements, judged on what a reserve has delivered over a test signal.

Powers are those of an upward service over its capacity, 0 before it answers: FCR-D down is judged mirrored.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from math import cos, inf, pi, sin, sqrt

from twin_tui.engine.signals import value
from twin_tui.run.prequalification.signals import LINEARITY_S, Points


@value
class Requirement:
    """One requirement: what was found, between which numbers it has to be."""

    name: str
    text: str
    found: float
    low: float = -inf
    high: float = inf

    @property
    def passed(self) -> bool:
        """Whether it is met."""
        return self.low <= self.found <= self.high

    def sentence(self) -> str:
        """Return the row as a line of text."""
        low, high = f"{self.low:g}" if self.low > -inf else "", f"{self.high:g}" if self.high < inf else ""
        asked = f"{low} … {high}" if low and high else f"≥ {low}" if low else f"≤ {high}"
        verdict = "passed" if self.passed else "FAILED"
        return f"{verdict}  {self.name:<4} {self.text:<58} {self.found:7.3f}   {asked}"


class Trace:
    """What a reserve delivered over a test signal."""

    def __init__(self, times_s: Sequence[float], powers: Sequence[float]) -> None:
        self.times_s = times_s
        self.powers = powers
        self._dt_s = times_s[1] - times_s[0]

    def at(self, time_s: float) -> float:
        """Return the power at a time, of the sample at or after it."""
        return self.powers[min(bisect_left(self.times_s, time_s - 1e-6), len(self.powers) - 1)]

    def between(self, begin_s: float, end_s: float) -> Sequence[float]:
        """Return the samples after a time and up to another."""
        first = bisect_left(self.times_s, begin_s + 1e-6)
        return self.powers[first : bisect_left(self.times_s, end_s + 1e-6)]

    def mean(self, begin_s: float, end_s: float) -> float:
        """Return the mean power after a time and up to another."""
        found = self.between(begin_s, end_s)
        return sum(found) / len(found)

    def integral(self, begin_s: float, end_s: float) -> float:
        """Return the energy over the capacity, s, by trapezia."""
        after = self.between(begin_s, end_s)
        return (sum(after) + (self.at(begin_s) - after[-1]) / 2.0) * self._dt_s


STEADY_S = 10.0
"""A steady power is the mean of so long before the next change."""


def fcr_n_step(trace: Trace) -> Iterator[Requirement]:
    """Judge R1 of FCR-N over the step sequence."""
    ss = [trace.mean(end_s - STEADY_S, end_s) for end_s in (360.0, 660.0, 960.0, 1260.0)]
    neutral = (ss[0] + ss[3]) / 2.0
    yield Requirement("R1", "steady response at 49.9 Hz over the capacity", ss[1] - neutral, 0.95, 1.2)
    yield Requirement("R1", "steady response at 50.1 Hz over the capacity", neutral - ss[2], 0.95, 1.2)


def fcr_d_ramp(trace: Trace) -> Iterator[Requirement]:
    """Judge R1 to R4 of dynamic FCR-D over the sequence of fast ramps."""
    full, back = trace.mean(380.0, 390.0), trace.mean(680.0, 690.0)
    yield Requirement("R1", "steady response at 49.5 Hz over the capacity", full - back, 0.95, 1.2)
    before, after = trace.at(690.0), trace.at(697.5)
    yield Requirement("R2", "power 7.5 s after the fast ramp over the capacity", after - before, 0.86)
    yield Requirement(
        "R3", "energy of these 7.5 s over the capacity, s", trace.integral(690.0, 697.5) - before * 7.5, 3.2
    )
    least = min(trace.between(697.5, 750.0))
    yield Requirement(
        "R3", "least power until the way back over that after 7.5 s", least / (after or inf), 0.999
    )
    yield Requirement("R4", "energy too much after the short dip, s", _overshoot(trace), high=2.5)


def _overshoot(trace: Trace) -> float:
    """Return the most energy, s, beyond what the nadir of the short dip may leave, within 40 s of it."""
    nadir_s = 30.0 + 4.4
    allowed = min(abs(trace.at(nadir_s) - trace.at(30.0)), 0.5)
    return max(
        trace.integral(nadir_s, nadir_s + k / 2.0) - (trace.at(30.0) + allowed) * k / 2.0
        for k in range(1, 81)
    )


def sine(trace: Trace, period_s: float, judged: int) -> Requirement:
    """Judge R10: how far the answer to a sine is from a sine of the same period."""
    end_s = trace.times_s[-1]
    begin_s = end_s - judged * period_s
    powers = trace.between(begin_s, end_s)
    first = len(trace.powers) - len(powers)
    angles = [2.0 * pi * time_s / period_s for time_s in trace.times_s[first:]]
    count = len(powers)
    mean = sum(powers) / count
    a = 2.0 / count * sum(p * sin(angle) for p, angle in zip(powers, angles, strict=True))
    b = 2.0 / count * sum(p * cos(angle) for p, angle in zip(powers, angles, strict=True))
    rest = [p - mean - a * sin(x) - b * cos(x) for p, x in zip(powers, angles, strict=True)]
    spread = sqrt((a * a + b * b) / 2.0)
    rmse = sqrt(sum(each * each for each in rest) / count)
    text = f"sine of {period_s:g} s: error over spread of the fitted sine"
    return Requirement("R10", text, rmse / spread if spread else inf, high=1.0)


def linearity(trace: Trace, points: Points, share: Callable[[float], float]) -> Iterator[Requirement]:
    """Judge R11: the mean of 10 s about the droop line, from 60 to 120 s after each step."""
    worst_low, worst_high = 0.0, 0.0
    for begin_s, hz in points[2::2]:
        for end_s in range(70, int(LINEARITY_S)):
            off = trace.mean(begin_s + end_s - 10.0, begin_s + end_s) - share(hz)
            off = off if share(hz) >= 0.0 else -off
            worst_low, worst_high = min(worst_low, off), max(worst_high, off)
    yield Requirement("R11", "farthest below the droop line over the capacity", worst_low, -0.05)
    yield Requirement("R11", "farthest above the droop line over the capacity", worst_high, high=0.1)


def endurance(trace: Trace, hold_s: float) -> Requirement:
    """Judge R12: the answer lasts as long as the deviation."""
    least = min(trace.between(60.0 + 60.0, 60.0 + hold_s))
    return Requirement("R12", f"least response held for {hold_s / 60:g} min over the capacity", least, 0.95)
