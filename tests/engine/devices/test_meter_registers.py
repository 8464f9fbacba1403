"""A meter counts reactive energy by quadrant, and demand over an interval that slides or over blocks."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.devices.test_meter import site
from twin_tui import Twin
from twin_tui.engine.devices.meter import METER, MeterParams
from twin_tui.engine.devices.meter_demand import BLOCK
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Write
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.errors import ConfigError


def varh(engine: Engine, phase: str = "") -> list[float]:
    seen = engine.telemetry("meter")
    return [getattr(seen, f"reactive_energy_q{number}_{phase}varh") for number in (1, 2, 3, 4)]


@pytest.mark.parametrize(
    ("watts", "var", "quadrant"),
    [(-3000.0, -1500.0, 1), (3000.0, -1500.0, 2), (3000.0, 1500.0, 3), (-3000.0, 1500.0, 4), (0, -1500.0, 1)],
    ids=["motor", "PV beside a motor", "PV over-excited", "capacitor", "coil"],
)
def test_reactive_energy_counts_in_the_quadrant_of_its_powers(
    watts: float, var: float, quadrant: int
) -> None:
    engine = site()
    engine.submit(Write("probe", {"watts": watts, "var": var}))
    engine.advance(3600)
    expected = [1500.0 if number == quadrant else 0.0 for number in (1, 2, 3, 4)]
    assert varh(engine) == pytest.approx(expected)
    assert varh(engine, "b_") == pytest.approx([each / 3.0 for each in expected])


def test_the_reactive_register_of_the_sum_nets_the_phases_and_those_of_the_phases_do_not() -> None:
    engine = site(motor="a", capacitor="b")
    engine.submit(Write("motor", {"watts": -1000.0, "var": -900.0}))
    engine.submit(Write("capacitor", {"var": 500.0}))
    engine.advance(3600)
    assert varh(engine) == pytest.approx([400.0, 0.0, 0.0, 0.0])
    assert varh(engine, "a_") == pytest.approx([900.0, 0.0, 0.0, 0.0])
    assert varh(engine, "b_") == pytest.approx([0.0, 0.0, 0.0, 500.0])


POWER = st.floats(-1e5, 1e5)


@settings(max_examples=60, deadline=None)
@given(
    powers=st.lists(st.tuples(POWER, POWER, POWER, POWER), min_size=1, max_size=8),
    dt_s=st.sampled_from([0.1, 1.0, 60.0]),
)
def test_reactive_registers_only_grow_and_their_sum_is_all_reactive_energy(
    powers: list[tuple[float, float, float, float]], dt_s: float
) -> None:
    engine = site(MeterParams(initial_q2_varh=300.0), dt_s=dt_s, one="a", other="c")
    before = {phase: varh(engine, phase) for phase in ("", "a_", "b_", "c_")}
    assert before["a_"] == [0.0, 100.0, 0.0, 0.0]
    for p_a, q_a, p_c, q_c in powers:
        engine.submit(Write("one", {"watts": p_a, "var": q_a}))
        engine.submit(Write("other", {"watts": p_c, "var": q_c}))
        engine.step()
        for phase, q in (("", q_a + q_c), ("a_", q_a), ("b_", 0.0), ("c_", q_c)):
            now = varh(engine, phase)
            grown = [after - each for after, each in zip(now, before[phase], strict=True)]
            assert min(grown) >= 0.0
            assert sum(grown) == pytest.approx(abs(q) * dt_s / 3600.0, abs=1e-9)
            assert sum(each > 0.0 for each in grown) <= 1
            before[phase] = now


def blocks(start_s: float = 0.0, dt_s: float = 1.0) -> Engine:
    """A meter with blocks of 15 minutes at a load of 3 kW, started so long after midnight."""
    engine = site(dt_s=dt_s)
    plan = SitePlan("metered", engine.plan.devices, dt_s=dt_s, start_unix_s=1_781_913_600.0 + start_s)
    engine = Engine(plan)
    engine.submit(Write("meter", {"demand_method": BLOCK}))
    engine.submit(Write("probe", {"watts": -3000.0}))
    return engine


def demand(engine: Engine) -> tuple[float, float]:
    seen = engine.telemetry("meter")
    return seen.demand_w, seen.max_demand_w


def test_a_block_is_shown_when_it_has_ended_and_begins_at_the_quarter_of_an_hour() -> None:
    engine = blocks()
    engine.advance(899)
    assert demand(engine) == (0.0, 0.0)
    engine.advance(1)
    assert demand(engine) == pytest.approx((3000.0, 3000.0))
    engine.submit(Write("probe", {"watts": -9000.0}))
    engine.advance(300)
    engine.submit(Write("probe", {"watts": 4000.0}))
    engine.advance(599)
    assert demand(engine) == pytest.approx((3000.0, 3000.0))
    engine.advance(1)
    # 300 of 900 s at 9 kW: export counts as nothing
    assert demand(engine) == pytest.approx((3000.0, 3000.0))
    engine.advance(900)
    assert demand(engine) == pytest.approx((0.0, 3000.0))


def test_a_block_that_the_run_did_not_see_from_its_start_counts_for_nothing() -> None:
    engine = blocks(start_s=7 * 3600 + 600)
    engine.advance(300)
    assert demand(engine) == (0.0, 0.0)
    engine.advance(900)
    assert demand(engine) == pytest.approx((3000.0, 3000.0))


@pytest.mark.parametrize("dt_s", [0.1, 1.0, 7.0, 60.0, 1000.0])
def test_the_demand_of_a_steady_load_is_the_load_at_any_step(dt_s: float) -> None:
    engine = blocks(dt_s=dt_s)
    engine.submit(Write("meter", {"demand_interval_s": 60.0}))
    for _ in range(round(max(200.0, 3 * dt_s) / dt_s)):
        engine.step()
    assert demand(engine) == pytest.approx((3000.0, 3000.0))


def test_blocks_begin_anew_at_midnight_when_they_do_not_divide_the_day() -> None:
    engine = blocks(start_s=86_400.0 - 500.0)
    engine.submit(Write("meter", {"demand_interval_s": 1000.0}))
    engine.advance(500)
    # the last block of the day began 400 s before midnight and is no whole one
    assert demand(engine) == (0.0, 0.0)
    engine.advance(999)
    assert demand(engine) == (0.0, 0.0)
    engine.advance(1)
    assert demand(engine) == pytest.approx((3000.0, 3000.0))


def test_blocks_find_less_of_a_spike_across_two_of_them_than_a_sliding_interval() -> None:
    found = []
    for method in (BLOCK, 0):
        engine = blocks()
        engine.submit(Write("meter", {"demand_method": method}))
        engine.submit(Write("probe", {"watts": 0.0}))
        engine.advance(1380)
        engine.submit(Write("probe", {"watts": -8000.0}))
        engine.advance(900)
        engine.submit(Write("probe", {"watts": 0.0}))
        engine.advance(1000)
        found.append(demand(engine)[1])
    assert found == pytest.approx([8000.0 * 480 / 900, 8000.0])


def test_a_fresh_meter_shows_the_same_registers_as_its_parameters() -> None:
    params = MeterParams(initial_import_wh=9000.0, initial_export_wh=600.0)
    engine = Engine(SitePlan("one", (DevicePlan("meter", METER, params),)))
    seen = engine.telemetry("meter")
    assert (seen.import_energy_wh, seen.import_energy_c_wh) == (9000.0, 3000.0)
    assert (seen.export_energy_wh, seen.export_energy_a_wh) == (600.0, 200.0)


def test_the_phases_of_a_meter_may_start_with_readings_of_their_own() -> None:
    params = MeterParams(
        initial_import_wh=6_000.0,
        initial_import_phases_wh=(3_000.0, 2_500.0, 600.0),
        initial_q1_phases_varh=(10.0, 20.0, 30.0),
        initial_export_wh=300.0,
    )
    seen = Engine(SitePlan("one", (DevicePlan("m", METER, params),))).telemetry("m")
    found = [getattr(seen, f"import_energy_{phase}wh") for phase in ("", "a_", "b_", "c_")]
    assert found == [6_000.0, 3_000.0, 2_500.0, 600.0]
    assert (seen.reactive_energy_q1_varh, seen.reactive_energy_q1_c_varh) == (60.0, 30.0)
    assert (seen.export_energy_wh, seen.export_energy_b_wh) == (300.0, 100.0)


@pytest.mark.parametrize("phases", [(1.0, 2.0), (1.0, 2.0, -3.0), (1.0, 2.0, float("nan"))])
def test_readings_of_phases_are_three_numbers_from_0_up(phases: tuple[float, ...]) -> None:
    with pytest.raises(ConfigError, match="initial_import_phases_wh of a meter three readings from 0 up"):
        MeterParams(initial_import_phases_wh=phases)


def test_a_site_file_gives_the_readings_of_the_phases() -> None:
    asset = {"type": "meter", "name": "m", "initial_export_phases_wh": [1000, 2000, 3000]}
    twin = Twin.from_dict({"assets": [asset]})
    assert twin.device("m").telemetry.export_energy_wh == 6_000.0
    assert twin.device("m").telemetry.export_energy_b_wh == 2_000.0
