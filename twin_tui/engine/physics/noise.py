"""Chance: deviates in sequence or counted by the tick, seeded by name; the Ornstein-Uhlenbeck process.

A pure step has no place for a generator's state and takes counted deviates, at four times the cost.
"""

from collections.abc import Iterator
from hashlib import blake2b
from math import exp, sqrt
from random import Random
from statistics import NormalDist

_inverse_normal_cdf = NormalDist().inv_cdf
_SMALLEST_P = 2.0**-54
_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15


def generator(seed: int, name: str) -> Random:
    """Return the generator of one model: the same for the same seed and name, whatever other models exist."""
    digest = blake2b(f"{seed}/{name}".encode(), digest_size=16).digest()
    return Random(int.from_bytes(digest, "big"))


def normal(random: Random) -> float:
    """Draw a standard normal deviate from exactly one uniform number.

    Notes
    -----
    Inverse of the cumulative normal distribution, relative error below 1e-16: a third of the cost of
    `random.gauss`, which also keeps a hidden second value that a restored generator state would lose.

    References
    ----------
    M. J. Wichura, "Algorithm AS 241: The percentage points of the normal distribution", Applied Statistics
    37(3), pp. 477-484, 1988, doi:10.2307/2347330.
    """
    return _inverse_normal_cdf(random.random() or _SMALLEST_P)


def ou_coefficients(dt_s: float, tau_s: float, sigma: float) -> tuple[float, float]:
    r"""Return decay and kick of one exact step of an Ornstein-Uhlenbeck process, for `ou_step`.

    The standard deviation of the process and its kick have its own unit; a correlation time of 0 or less
    gives white noise.

    Notes
    -----
    .. math:: a = e^{-dt/\tau},\quad b = \sigma\sqrt{1 - a^2}

    Exact for every dt, so the spread does not depend on the step, unlike the Euler step
    :math:`x - x\,dt/\tau + \sigma\sqrt{2 dt/\tau}\,N`.

    References
    ----------
    D. T. Gillespie, "Exact numerical simulation of the Ornstein-Uhlenbeck process and its integral", Phys.
    Rev. E 54(2), pp. 2084-2091, 1996, doi:10.1103/PhysRevE.54.2084.
    """
    decay = exp(-dt_s / tau_s) if tau_s > 0.0 else 0.0
    return decay, sigma * sqrt(1.0 - decay * decay)


def ou_step(value: float, decay: float, kick: float, random: Random) -> float:
    """Advance an Ornstein-Uhlenbeck process with mean 0 by one step, by its `ou_coefficients`."""
    return decay * value + kick * _inverse_normal_cdf(random.random() or _SMALLEST_P)


def ou_course(value: float, decay: float, kick: float, random: Random) -> Iterator[float]:
    """Yield the process step by step, as `ou_step` does at twice the cost."""
    draw = random.random
    while True:
        value = decay * value + kick * _inverse_normal_cdf(draw() or _SMALLEST_P)
        yield value


def noise_key(seed: int, name: str) -> int:
    """Return the key of one model: the same for the same seed and name, whatever other models exist."""
    return int.from_bytes(blake2b(f"{seed}/{name}".encode(), digest_size=8).digest(), "big")


def normal_at(key: int, tick: int) -> float:
    """Return the standard normal deviate of a tick; those of different ticks are independent.

    Notes
    -----
    The tick counts through the state of a SplitMix64 generator whose start is the `noise_key`, so a step that
    draws noise stays a pure function. The uniform number becomes normal by the inverse of the distribution.

    References
    ----------
    G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014, pp.
    453-472, doi:10.1145/2660193.2660195.
    """
    z = (key + tick * _GOLDEN) & _MASK
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & _MASK
    z ^= z >> 31
    return _inverse_normal_cdf(((z >> 11) + 0.5) * 2.0**-53)
