"""R8 and R9: what the answer to the sines does to the frequency of the Nordic power system."""

from cmath import exp
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from math import pi

from twin_tui.engine.signals import value
from twin_tui.run.prequalification.rows import Requirement

MARGIN = 0.95
RADIUS = 0.43 * MARGIN
DISTURBANCE_S = 70.0
MEASUREMENT_S = 1.0
"""Time constant of a frequency measurement that the test signal goes around."""


@value
class PowerSystem:
    r"""The Nordic power system, as a service sees it.

    Notes
    -----
    .. math:: G(s) = \frac{\Delta P}{\Delta f}\,\frac{f_0}{S_n}\,\frac{1}{2 H s + K_f f_0},\quad H = E_k / S_n

    The numbers are those of table 7 as a provider's public evaluation of its sine tests has them; they were
    not compared with the document.

    References
    ----------
    Technical Requirements for Frequency Containment Reserve Provision in the Nordic Synchronous Area, v1.1,
    28 March 2025, 3.2, equation 11.
    """

    reserve_mw: float
    band_hz: float
    rated_mw: float
    kinetic_mws: float
    load_per_hz: float = 0.01

    def at(self, period_s: float) -> complex:
        """Return the frequency, over the band, that a power over all of the reserve causes at a period."""
        s = 2j * pi / period_s
        hz_per_mw = (
            50.0 / self.rated_mw / (2.0 * self.kinetic_mws / self.rated_mw * s + self.load_per_hz * 50.0)
        )
        return self.reserve_mw / self.band_hz * hz_per_mw


STABILITY = {"fcr_n": PowerSystem(600.0, 0.1, 23_000.0, 120_000.0)}
PERFORMANCE = {"fcr_n": PowerSystem(600.0, 0.1, 42_000.0, 190_000.0)}
FCR_D = PowerSystem(1_450.0, 0.4, 23_000.0, 120_000.0)


def phasor(times_s: Sequence[float], values: Sequence[float], period_s: float) -> complex:
    """Return the sine of a period in whole periods of samples, as a complex number."""
    found = sum(
        each * exp(-2j * pi * time_s / period_s) for time_s, each in zip(times_s, values, strict=True)
    )
    return 2.0 * found / len(times_s)


def stability(service: str, answers: Mapping[float, complex], *, measured: bool) -> Iterator[Requirement]:
    r"""Judge R8 and R9 on the answers F to sines by period: power over capacity for deviation over band.

    Unless the measurement of the frequency is part of the test, ``measured``, F has its lag of 1 s.

    Notes
    -----
    R8: the curve of :math:`F G` from the longest period to the shortest, and on to 0, has -1 on its left and
    a distance of at least 0.43 · 0.95 to it. R9: :math:`0.95\,|G/(1 + F G)| < |70 s + 1|` at each period.
    """
    periods = sorted(answers, reverse=True)
    lagging = {p: answers[p] / (1.0 if measured else 1.0 + MEASUREMENT_S * 2j * pi / p) for p in periods}
    grid = STABILITY.get(service, FCR_D)
    curve = [lagging[p] * grid.at(p) for p in periods]
    yield Requirement("R8", "distance of the open loop to -1", _distance(curve), RADIUS)
    grid = PERFORMANCE.get(service, FCR_D)
    worst = max(
        abs(MARGIN * grid.at(p) / (1.0 + lagging[p] * grid.at(p)) / (1.0 + DISTURBANCE_S * 2j * pi / p))
        for p in periods
    )
    yield Requirement("R9", "closed loop over what the disturbances allow", worst, high=1.0)


def _distance(curve: Sequence[complex]) -> float:
    """Return the least distance of a curve to -1; negative where it passes on the wrong side of it."""
    least = min(_to_segment(a, b) for a, b in pairwise(curve))
    for a, b in pairwise((*curve, 0j)):
        crosses = a.imag < 0.0 <= b.imag or b.imag < 0.0 <= a.imag
        if crosses and (a.real * b.imag - b.real * a.imag) / (b.imag - a.imag) < -1.0:
            return -least
    return least


def _to_segment(a: complex, b: complex) -> float:
    along = b - a
    share = ((-1.0 - a) * along.conjugate()).real / abs(along) ** 2 if along else 0.0
    return abs(a + along * min(1.0, max(0.0, share)) + 1.0)
