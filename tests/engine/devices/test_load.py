"""A load consumes what its base, its profile and its series say, with noise that anybody can repeat."""

import itertools
from statistics import NormalDist, fmean, stdev

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin_tui.engine.device import Status
from twin_tui.engine.devices.load import LOAD, LoadParams, LoadTelemetry
from twin_tui.engine.devices.load_model import Profile
from twin_tui.engine.devices.meter import METER, MeterParams
from twin_tui.engine.devices.terminals import Connection
from twin_tui.engine.disturbance import Disturbance, Target
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import ClearFault, Disturb, Fault, Write
from twin_tui.engine.physics.load_shape import dynamic_factor, household_share
from twin_tui.engine.physics.noise import noise_key, normal_at
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.engine.weather import Series
from twin_tui.errors import ConfigError

HOUR = 3600.0
MONDAY = 1_798_761_600.0 + 3 * 86_400.0  # 4 January 2027; the year begins on a Friday
NEW_YEAR = 1_798_761_600.0


def site(params: LoadParams, dt_s: float = 1.0, seed: int = 0, name: str = "house") -> Engine:
    devices = (DevicePlan(name, LOAD, params), DevicePlan("meter", METER, MeterParams()))
    return Engine(SitePlan("house", devices, dt_s=dt_s, seed=seed, start_unix_s=MONDAY))


def seen(engine: Engine) -> LoadTelemetry:
    telemetry: LoadTelemetry = engine.telemetry("house")
    return telemetry


def test_base_extra_and_load_steps_add_up() -> None:
    engine = site(LoadParams(2_000.0))
    engine.submit(Write("house", {"extra_w": 300.0}))
    engine.submit(Disturb(Disturbance(Target.LOAD, 500.0, duration_s=10.0)))
    engine.advance(2)
    assert seen(engine).active_power_w == pytest.approx(-2_800.0)
    engine.advance(20)
    assert seen(engine).active_power_w == pytest.approx(-2_300.0)


def test_a_load_step_passes_by_a_load_that_takes_none() -> None:
    engine = site(LoadParams(2_000.0, takes_steps=False))
    engine.submit(Disturb(Disturbance(Target.LOAD, 500.0)))
    engine.advance(2)
    assert seen(engine).active_power_w == -2_000.0


def test_a_load_never_feeds_in() -> None:
    engine = site(LoadParams(1_000.0))
    engine.submit(Write("house", {"extra_w": -5_000.0}))
    engine.step()
    assert (seen(engine).active_power_w, seen(engine).consumed_energy_wh) == (0.0, 0.0)


def test_the_power_factor_takes_vars_or_gives_them() -> None:
    for factor, var in ((0.8, -750.0), (-0.8, 750.0), (1.0, 0.0)):
        engine = site(LoadParams(1_000.0, power_factor=factor))
        engine.step()
        assert seen(engine).reactive_power_var == pytest.approx(var)  # tan acos 0.8 = 0.75
        assert seen(engine).power_factor == pytest.approx(abs(factor))


def test_a_single_phase_load_shows_on_its_phase() -> None:
    engine = site(LoadParams(2_300.0, phase=Connection.C))
    engine.step()
    meter = engine.telemetry("meter")
    assert (meter.active_power_a_w, meter.active_power_c_w) == pytest.approx((0.0, 2_300.0), abs=1e-9)


def test_a_series_is_played_back_between_its_points() -> None:
    series = Series(0.0, 600.0, (1_000.0, 4_000.0, 2_500.0), relative=True)
    engine = site(LoadParams(0.0, series=series))
    powers = []
    for _ in range(5):
        engine.advance(300)
        powers.append(seen(engine).consumption_power_w)
    assert powers == pytest.approx([2_500.0, 4_000.0, 3_250.0, 2_500.0, 2_500.0], abs=10.0)


def test_a_flat_profile_spreads_the_annual_energy_evenly() -> None:
    engine = site(LoadParams(0.0, annual_energy_wh=8_760_000.0, profile=Profile.FLAT))
    engine.step()
    assert seen(engine).consumption_power_w == 1_000.0


def test_the_season_factor_is_that_of_the_h0_profile() -> None:
    # by hand: −0.43010 + 1.92914 − 2.32530 + 0.38220 + 1.24 at t = 182
    assert dynamic_factor(182) == pytest.approx(0.79594, abs=1e-5)
    assert dynamic_factor(1) == pytest.approx(1.2420, abs=1e-4)


def test_a_household_uses_its_annual_energy_in_a_year() -> None:
    quarters = range(365 * 96)
    mean = fmean(household_share(NEW_YEAR + quarter * 900.0) for quarter in quarters)
    assert mean == pytest.approx(1.0, abs=2e-3)


@pytest.mark.parametrize(
    ("day", "shares"),
    [
        (0, [0.4809, 1.296, 0.8115, 1.3733, 1.2488, 2.4453, 1.4707]),
        (5, [0.4821, 0.8909, 1.7997, 1.8803, 1.6121, 2.2806, 1.2454]),
        (6, [0.4867, 0.7337, 1.7414, 2.7373, 1.7264, 2.0537, 1.3208]),
    ],
)
def test_a_household_keeps_the_course_that_recordings_were_made_with(day: int, shares: list[float]) -> None:
    first_monday_s = 345_600.0  # 5 January 1970
    hours = (3, 7, 9.5, 12, 14, 19, 22)
    seen = [household_share(first_monday_s + day * 86_400.0 + hour * 3600.0) for hour in hours]
    assert seen == pytest.approx(shares, abs=1e-3)


def test_a_household_sleeps_at_night_peaks_in_the_evening_and_rises_late_on_sunday() -> None:
    day = [household_share(MONDAY + hour * HOUR) for hour in range(24)]
    assert day.index(max(day)) == 19
    assert min(day) == min(day[1:5])
    sunday = [household_share(MONDAY + 6 * 24 * HOUR + hour * HOUR) for hour in range(24)]
    assert sunday[7] < day[7]
    assert sunday[11] > day[11]


@given(st.floats(NEW_YEAR, NEW_YEAR + 365 * 86_400.0))
def test_a_household_course_is_positive_and_has_no_jump(local_s: float) -> None:
    assert household_share(local_s) > 0.1
    later = local_s + 1.0
    assert abs(household_share(later) - household_share(local_s)) < 0.02


def test_the_counted_noise_is_that_of_a_splitmix_generator() -> None:
    # the first number that SplitMix64 gives from the seed 0
    uniform = 0xE220A8397B1DCDAF / 2.0**64
    assert NormalDist().cdf(normal_at(0, 1)) == pytest.approx(uniform, abs=1e-12)


def test_counted_noise_is_normal_and_white() -> None:
    draws = [normal_at(noise_key(3, "house noise"), tick) for tick in range(20_000)]
    assert fmean(draws) == pytest.approx(0.0, abs=0.03)
    assert stdev(draws) == pytest.approx(1.0, abs=0.02)
    neighbours = fmean(a * b for a, b in itertools.pairwise(draws))
    assert neighbours == pytest.approx(0.0, abs=0.03)


@pytest.mark.parametrize("dt_s", [0.5, 5.0])
def test_the_spread_of_the_noise_does_not_depend_on_the_step(dt_s: float) -> None:
    engine = site(LoadParams(1_000.0, noise_share=0.05, noise_tau_s=10.0), dt_s=dt_s)
    watts = []
    for _ in range(8_000):
        engine.step()
        watts.append(engine.devices["house"].state.active_power_w)
    assert fmean(watts) == pytest.approx(-1_000.0, abs=10.0)
    assert stdev(watts) == pytest.approx(50.0, rel=0.1)


def test_the_noise_follows_the_seed_and_the_name_and_nothing_else() -> None:
    def course(seed: int = 1, name: str = "house", own: int | None = None) -> list[float]:
        engine = site(LoadParams(1_000.0, noise_share=0.1, seed=own), seed=seed, name=name)
        found = []
        for _ in range(20):
            engine.step()
            found.append(engine.devices[name].state.active_power_w)
        return found

    assert course() == course()
    assert course() != course(seed=2)
    assert course() != course(name="barn")
    assert course(seed=2, own=7) == course(seed=3, own=7)


def test_a_step_is_pure() -> None:
    engine = site(LoadParams(1_000.0, noise_share=0.1))
    engine.advance(5)
    device = engine.devices["house"]
    once = device.step(device.params, device.state, device.commands, engine.surroundings)
    again = device.step(device.params, device.state, device.commands, engine.surroundings)
    assert once == again


def test_a_shed_load_takes_nothing_until_it_is_connected_again() -> None:
    engine = site(LoadParams(1_000.0))
    engine.submit(Write("house", {"connected": 0}))
    engine.step()
    assert (seen(engine).active_power_w, engine.devices["house"].state.status) == (0.0, Status.OFF)
    engine.submit(Write("house", {"connected": 1}))
    engine.step()
    assert seen(engine).active_power_w == -1_000.0


def test_a_tripped_breaker_stays_open_until_it_is_reset() -> None:
    engine = site(LoadParams(1_000.0))
    engine.submit(Fault("house", "breaker_tripped", duration_s=5.0))
    engine.advance(10)
    assert (seen(engine).active_power_w, seen(engine).fault_code) == (0.0, 8001)
    engine.submit(Write("house", {"fault_reset": 1}))
    engine.step()
    assert (seen(engine).active_power_w, seen(engine).fault_code) == (-1_000.0, 0)


def test_a_lost_phase_takes_a_third_away_while_it_lasts() -> None:
    engine = site(LoadParams(3_000.0))
    engine.submit(Fault("house", "phase_loss"))
    engine.step()
    meter = engine.telemetry("meter")
    assert (meter.active_power_a_w, meter.active_power_b_w, meter.active_power_c_w) == pytest.approx(
        (1_000.0, 1_000.0, 0.0), abs=1e-9
    )
    engine.submit(ClearFault())
    engine.step()
    assert seen(engine).active_power_w == -3_000.0


def test_without_voltage_it_takes_nothing() -> None:
    engine = site(LoadParams(1_000.0))
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, 0.0)))
    engine.step()
    assert (seen(engine).active_power_w, engine.devices["house"].state.status) == (0.0, Status.OFF)


@settings(max_examples=50, deadline=None)
@given(
    base_w=st.floats(0.0, 1e5).map(lambda w: round(w, 9)),
    extra_w=st.lists(st.floats(-1e5, 1e5), min_size=1, max_size=10),
    noise=st.floats(0.0, 0.5).map(lambda share: round(share, 9)),
    dt_s=st.sampled_from([0.1, 1.0, 60.0]),
)
def test_consumed_energy_only_grows_and_is_the_sum_of_its_power(
    base_w: float, extra_w: list[float], noise: float, dt_s: float
) -> None:
    engine = site(LoadParams(base_w, noise_share=noise), dt_s=dt_s)
    energy = 0.0
    for extra in extra_w:
        engine.submit(Write("house", {"extra_w": extra}))
        before = seen(engine).consumed_energy_wh
        engine.step()
        now = seen(engine)
        energy += now.consumption_power_w * dt_s / 3600.0
        assert now.active_power_w <= 0.0
        assert now.consumed_energy_wh >= before
    assert seen(engine).consumed_energy_wh == pytest.approx(energy, abs=1e-9, rel=1e-12)
    assert engine.telemetry("meter").import_energy_wh == pytest.approx(energy, abs=1e-6)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"base_w": -1.0}, "base_w -1 of a load is below 0"),
        ({"noise_share": float("nan")}, "noise_share nan of a load"),
        ({"power_factor": 0.0}, "power_factor 0 of a load"),
        ({"power_factor": 1.1}, r"power_factor 1\.1 of a load is not in -1 … 1"),
    ],
)
def test_a_load_that_cannot_be_is_refused(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        LoadParams(**{"base_w": 1.0, **wrong})  # type: ignore[arg-type]


@pytest.mark.parametrize("phase", Connection)
def test_a_load_without_one_of_its_phases_takes_what_is_left(phase: Connection) -> None:
    engine = site(LoadParams(0.6, phase=phase))
    engine.submit(Fault("house", "phase_loss"))
    engine.step()
    left_w = 0.4 if phase is Connection.ABC else 0.0
    assert seen(engine).consumption_power_w == pytest.approx(left_w)
    assert engine.telemetry("meter").active_power_w == pytest.approx(left_w)


def test_a_load_without_noise_is_the_same_in_every_tick() -> None:
    engine = site(LoadParams(0.25))
    for _ in range(20):
        engine.step()
        assert seen(engine).consumption_power_w == 0.25
