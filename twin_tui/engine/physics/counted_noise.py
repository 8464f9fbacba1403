"""Noise without a hidden state: the deviate of a tick follows from a key and the tick's number alone."""

from hashlib import blake2b
from statistics import NormalDist

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15
_inverse_normal_cdf = NormalDist().inv_cdf


def noise_key(seed: int, name: str) -> int:
    """Return the key of one model: the same for the same seed and name, whatever other models exist."""
    return int.from_bytes(blake2b(f"{seed}/{name}".encode(), digest_size=8).digest(), "big")


def normal_at(key: int, tick: int) -> float:
    """Standard normal deviate of a tick.

    Parameters
    ----------
    key : int
        From `noise_key`.
    tick : int
        Number of the tick.

    Returns
    -------
    float
        Normal deviate; those of different ticks are independent.

    Notes
    -----
    The tick counts through the state of a SplitMix64 generator whose start is the key, so a step that draws
    noise stays a pure function. The uniform number becomes normal by the inverse of the distribution.

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
