"""Runs the tests of a prequalification: each on a fresh site, the test signal in place of the frequency."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from twin_tui.engine.disturbance import Disturbance, Shape, Target
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Disturb, SelectMode
from twin_tui.engine.physics.droop import fcr_share
from twin_tui.engine.signals import Scalar, value
from twin_tui.engine.site import SitePlan
from twin_tui.errors import CommandError
from twin_tui.run.prequalification import rows, signals
from twin_tui.run.prequalification.rows import Requirement, Trace
from twin_tui.run.prequalification.signals import Kind, Points
from twin_tui.run.prequalification.stability import phasor, stability

BEFORE_S = 60.0
"""The reserve runs at the frequency at which it gives nothing before a test begins."""
NOT_JUDGED = (
    "R5 to R7 are of static FCR-D, where the reserve here answers in proportion; R13 is of reserves that"
    " shift their mode"
)
Sample = tuple[float, float, float, float, float]
"""Time, power into the site, frequency of the grid, applied frequency, state of charge."""


@value
class Reserve:
    """What is sold, and how the controller answers."""

    device: str
    service: str
    """fcr_n, fcr_d_up or fcr_d_down."""
    capacity_w: float
    parameters: Mapping[str, Scalar]
    """Further parameters of FREQUENCY_REGULATION: measurement, dead time, lag, energy management."""
    limited: bool = False
    """Whether its reservoir is limited (LER): then it answers for as long as its service asks."""


@value
class Test:
    """One test that was run, with its samples and its verdicts."""

    __test__ = False
    kind: Kind
    begin_s: float
    """Simulated time at which the test signal begins."""
    samples: tuple[Sample, ...]
    rows: tuple[Requirement, ...]


def examine(plan: SitePlan, reserve: Reserve) -> Iterator[Test]:
    """Run every test of a service on the site; raise CommandError when there is no such device or mode."""
    if reserve.service not in signals.SINE_CENTRE:
        raise CommandError(f"unknown service {reserve.service!r}; known: {', '.join(signals.SINE_CENTRE)}")
    if not reserve.capacity_w > 0.0:
        raise CommandError(f"a capacity is above 0 W, not {reserve.capacity_w:g}")
    least_hz = signals.LOG_HZ[reserve.service]
    if plan.dt_s * least_hz > 1.0 + 1e-9:
        raise CommandError(
            f"step {plan.dt_s:g} s is too long: {reserve.service} is judged on {least_hz:g} samples a second;"
            f" write step: {1 / least_hz:g}"
        )
    hold_s = signals.HOLD_S[reserve.service] if reserve.limited else signals.NOT_LIMITED_S
    lasting = partial(rows.endurance, hold_s=hold_s)
    is_n = reserve.service == "fcr_n"
    stairs = signals.FCR_N_LINEARITY if is_n else signals.FCR_D_LINEARITY
    droop = partial(fcr_share, "fcr_n" if is_n else "fcr_d_up")
    tests: tuple[tuple[Kind, Points, Callable[[Trace], Iterator[Requirement]]], ...] = (
        (Kind.STEP, signals.FCR_N_STEP, rows.fcr_n_step)
        if is_n
        else (Kind.RAMP, signals.FCR_D_RAMP, rows.fcr_d_ramp),
        (Kind.LINEARITY, stairs, lambda trace: rows.linearity(trace, stairs, droop)),
        (Kind.ENDURANCE, signals.endurance(reserve.service, hold_s), lambda trace: iter((lasting(trace),))),
    )
    for kind, points, judge in tests:
        shown = signals.mirrored(points) if reserve.service == "fcr_d_down" else points
        signal = Disturbance(Target.APPLIED, shown[0][1], shape=Shape.PLAYBACK, points=shown, absolute=True)
        samples, begin_s = _run(plan, reserve, (signal,), points[-1][0])
        yield Test(kind, begin_s, samples, tuple(judge(_trace(reserve, samples, begin_s))))
    periods = tuple(signals.SINES if is_n else signals.FCR_D_SINES)
    answers: dict[float, complex] = {}
    measured = bool(reserve.parameters.get("measure_s") or reserve.parameters.get("measure_delay_s"))
    for period_s in periods:
        count, judged = signals.SINES[period_s]
        centre = Disturbance(Target.APPLIED, signals.SINE_CENTRE[reserve.service], absolute=True)
        swing = Disturbance(Target.APPLIED, signals.SINE_HZ, shape=Shape.SINE, period_s=period_s)
        samples, begin_s = _run(plan, reserve, (centre, swing), count * period_s)
        found = [rows.sine(_trace(reserve, samples, begin_s), period_s, judged)]
        answers[period_s] = answer(reserve, samples[-round(judged * period_s / plan.dt_s) :], period_s)
        if period_s == periods[-1]:
            found += stability(reserve.service, answers, measured=measured)
        yield Test(Kind.SINE, begin_s, samples, tuple(found))


def _run(
    plan: SitePlan, reserve: Reserve, signal: tuple[Disturbance, ...], lasting_s: float
) -> tuple[tuple[Sample, ...], float]:
    engine = Engine(plan)
    engine.step()  # what the site file selects comes first
    sold = {**reserve.parameters, f"{reserve.service}_w": reserve.capacity_w}
    engine.submit(SelectMode(reserve.device, "FREQUENCY_REGULATION", 1.0, sold))
    neutral = {"fcr_n": 50.0, "fcr_d_up": 49.9, "fcr_d_down": 50.1}[reserve.service]
    engine.submit(Disturb(Disturbance(Target.APPLIED, neutral, absolute=True, label="neutral")))
    engine.advance(BEFORE_S)
    engine.grid.clear("neutral")
    begin_s = engine.time_s
    for each in signal:
        engine.submit(Disturb(each))
    device = engine.device(reserve.device)
    steering = device.type.steering
    samples = []
    for _ in range(round(lasting_s / plan.dt_s)):
        engine.step()
        seen = engine.surroundings
        level = steering.level(device.params, device.state) if steering is not None else 0.0
        hz, applied = seen.frequency_hz, seen.applied_hz
        samples.append((engine.time_s, device.state.active_power_w, hz, applied, level))
    return tuple(samples), begin_s


def answer(reserve: Reserve, samples: tuple[Sample, ...], period_s: float) -> complex:
    """Return power over capacity for a deviation of the frequency over the band, as a complex number."""
    down = reserve.service == "fcr_d_down"
    band_hz = -0.1 if reserve.service == "fcr_n" else 0.4 if down else -0.4
    over_w = -reserve.capacity_w if down else reserve.capacity_w
    times_s = [sample[0] for sample in samples]
    power = phasor(times_s, [sample[1] / over_w for sample in samples], period_s)
    return power / phasor(times_s, [sample[3] / band_hz for sample in samples], period_s)


def _trace(reserve: Reserve, samples: tuple[Sample, ...], begin_s: float) -> Trace:
    over = reserve.capacity_w * (-1.0 if reserve.service == "fcr_d_down" else 1.0)
    dt_s = samples[1][0] - samples[0][0]
    # the first tick of a disturbance shows it at 0 s
    return Trace([sample[0] - begin_s - dt_s for sample in samples], [sample[1] / over for sample in samples])
