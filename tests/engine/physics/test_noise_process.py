"""Noise: its spread, its correlation, and who shares it with whom."""

from math import exp
from random import Random
from statistics import NormalDist, fmean, pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_tui.engine.physics import noise


def test_a_generator_depends_on_seed_and_name_alone():
    assert [noise.generator(7, "pv-1").random() for _ in range(2)] == [
        noise.generator(7, "pv-1").random()
    ] * 2
    draws = {noise.generator(seed, name).random() for seed in (7, 8) for name in ("pv-1", "pv-2", "grid")}
    assert len(draws) == 6


def test_a_generator_is_the_same_on_every_machine():
    assert noise.generator(1, "grid").getrandbits(32) == Random(
        int("a0f282b842b775a31538a96b84b4f386", 16)
    ).getrandbits(32)


def test_the_deviates_follow_the_normal_distribution():
    random = noise.generator(3, "deviates")
    draws = sorted(noise.normal(random) for _ in range(20_000))
    assert fmean(draws) == pytest.approx(0.0, abs=0.02)
    assert pstdev(draws) == pytest.approx(1.0, abs=0.02)
    largest_gap = max(abs((i + 0.5) / 20_000 - NormalDist().cdf(x)) for i, x in enumerate(draws))
    assert largest_gap < 1.36 / 20_000**0.5


def test_the_smallest_uniform_number_gives_a_finite_deviate():
    class Zero(Random):
        def random(self) -> float:
            return 0.0

    assert -9.0 < noise.normal(Zero()) < -8.0


@pytest.mark.parametrize("dt_s", [0.01, 0.1, 1.0, 10.0])
def test_the_spread_does_not_depend_on_the_step(dt_s):
    random = noise.generator(11, f"spread {dt_s}")
    decay, kick = noise.ou_coefficients(dt_s, tau_s=1.0, sigma=0.02)
    value, draws = 0.0, []
    for _ in range(int(min(400_000, 4_000 / dt_s)) + 4000):
        value = noise.ou_step(value, decay, kick, random)
        draws.append(value)
    assert pstdev(draws) == pytest.approx(0.02, rel=0.06)


def test_the_memory_fades_with_the_correlation_time():
    random = noise.generator(5, "memory")
    decay, kick = noise.ou_coefficients(0.1, tau_s=1.0, sigma=1.0)
    value, draws = 0.0, []
    for _ in range(60_000):
        value = noise.ou_step(value, decay, kick, random)
        draws.append(value)
    lag = 10
    correlation = fmean(a * b for a, b in zip(draws, draws[lag:], strict=False)) / pstdev(draws) ** 2
    assert correlation == pytest.approx(exp(-1.0), abs=0.05)


@given(st.floats(0.001, 100.0), st.floats(0.01, 1000.0), st.floats(0.0, 10.0))
def test_two_half_steps_decay_and_spread_like_a_whole_one(dt_s, tau_s, sigma):
    decay, kick = noise.ou_coefficients(dt_s, tau_s, sigma)
    half_decay, half_kick = noise.ou_coefficients(dt_s / 2, tau_s, sigma)
    assert half_decay**2 == pytest.approx(decay, rel=1e-9)
    assert (half_decay * half_kick) ** 2 + half_kick**2 == pytest.approx(kick**2, rel=1e-6, abs=1e-12)


def test_without_a_correlation_time_the_noise_is_white():
    assert noise.ou_coefficients(0.1, 0.0, 3.0) == (0.0, 3.0)


def test_each_step_keeps_a_part_of_the_last_value_and_adds_a_kick_times_a_deviate():
    one, other = noise.generator(5, "x"), noise.generator(5, "x")
    value = 0.0
    for _ in range(20):
        expected = 0.75 * value + 0.5 * noise.normal(other)
        value = noise.ou_step(value, 0.75, 0.5, one)
        assert value == expected
