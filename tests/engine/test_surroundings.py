"""The surroundings before the first tick, and copies of them."""

from twin_tui.engine.engine import Engine
from twin_tui.engine.grid import GridParams
from twin_tui.engine.site import SitePlan
from twin_tui.engine.surroundings import Surroundings


def test_a_world_of_which_nothing_is_said_is_a_healthy_grid_at_rest_in_the_dark() -> None:
    seen = Surroundings(0.1)
    assert (seen.grid_live, seen.islanded, seen.sun) == (True, False, None)
    assert seen.island_unbalance is None
    assert (seen.va_pu, seen.vb_pu, seen.vc_pu, seen.v_min_pu, seen.v_max_pu) == (1.0,) * 5
    assert (seen.frequency_hz, seen.nominal_hz) == (50.0, 50.0)
    assert round(seen.nominal_v * 3**0.5) == 400
    flows = [name for name in Surroundings.__slots__ if name.startswith(("grid_", "island_", "load_step"))]
    flows.remove("grid_live")
    flows.remove("island_unbalance")
    assert [getattr(seen, name) for name in flows] == [0.0] * len(flows)
    assert (seen.tick, seen.time_s, seen.unix_s, seen.day_s, seen.weather_tick) == (0, 0.0, 0.0, 0.0, 0)
    assert (seen.ghi_w_m2, seen.clear_sky_w_m2, seen.phase_jump_deg) == (0.0, 0.0, 0.0)


def test_those_of_a_site_are_the_same_before_and_after_a_tick_in_which_nothing_happens() -> None:
    engine = Engine(SitePlan("x", (), grid=GridParams(nominal_hz=60.0, nominal_v=120.0)))
    before = engine.surroundings.copy()
    engine.step()
    after = engine.surroundings
    assert (before.tick, after.tick) == (0, 1)
    for name in ("grid_live", "frequency_hz", "va_pu", "v_min_pu", "v_max_pu", "nominal_v", "grid_w"):
        assert getattr(before, name) == getattr(after, name), name
