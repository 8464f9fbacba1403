"""The control laws of the modes by hand: power in W, positive while charging."""

import pytest

from twin_tui.engine.policies import laws


@pytest.mark.parametrize(
    ("net_w", "wanted_w"), [(-3000, 3000), (-9000, 5000), (0, 0), (0.5, -0.5), (3000, -3000), (9000, -4000)]
)
def test_self_consumption_brings_the_net_load_to_zero_within_both_limits(
    net_w: float, wanted_w: float
) -> None:
    assert laws.self_consumption(net_w, 5000.0, 4000.0) == wanted_w


@pytest.mark.parametrize(
    ("net_w", "wanted_w"), [(-3000, 3000), (-0.5, 0.5), (0, 0), (3000, 0), (-9000, 5000)]
)
def test_non_export_takes_in_all_that_would_be_exported(net_w: float, wanted_w: float) -> None:
    assert laws.non_export(net_w, 5000.0) == wanted_w
    assert laws.non_export(net_w - 700.0, 5000.0, 700.0) == wanted_w


@pytest.mark.parametrize(
    ("net_w", "wanted_w"), [(3000, -3000), (0.5, -0.5), (0, 0), (-3000, 0), (9000, -4000)]
)
def test_peak_shaving_covers_all_that_is_above_its_target(net_w: float, wanted_w: float) -> None:
    assert laws.peak_shaving(net_w, 4000.0) == wanted_w
    assert laws.peak_shaving(net_w + 700.0, 4000.0, 700.0) == wanted_w


@pytest.mark.parametrize(
    ("net_w", "wanted_w"), [(500, -2500), (-1999.5, -0.5), (-2000, 0), (-2500, 0), (2500, -4000)]
)
def test_grid_support_export_discharges_until_the_site_exports_what_it_may(
    net_w: float, wanted_w: float
) -> None:
    assert laws.grid_support_export(net_w, 4000.0, 2000.0) == wanted_w


@pytest.mark.parametrize(
    ("net_w", "wanted_w"), [(500, 1500), (1999.5, 0.5), (2000, 0), (2500, 0), (-4000, 5000)]
)
def test_grid_support_import_charges_until_the_site_imports_what_it_may(
    net_w: float, wanted_w: float
) -> None:
    assert laws.grid_support_import(net_w, 5000.0, 2000.0) == wanted_w


@pytest.mark.parametrize(
    ("net_w", "smoothed_w"), [(165, 165), (900, 170), (-900, 110), (140, 140), (130, 130)]
)
def test_the_smoothed_net_load_moves_by_no_more_than_its_reach(net_w: float, smoothed_w: float) -> None:
    assert laws.ramp_target(net_w, 140.0, 30.0) == smoothed_w


@pytest.mark.parametrize(("net_w", "wanted_w"), [(1000, -800), (100, 100), (9000, -4000), (-9000, 5000)])
def test_the_battery_covers_what_the_grid_must_not_see(net_w: float, wanted_w: float) -> None:
    assert laws.ramp_rate_control(net_w, 200.0, 5000.0, 4000.0) == wanted_w


@pytest.mark.parametrize(
    ("soc", "wanted_w"),
    [
        (0.3, 5000),
        (0.499, 5000),
        (0.499998, 72),  # 2e-6 of 36 MW: the step ends at the reserve
        (0.5 - 5e-7, 18),
        (0.5, 0),
        (0.5 + 5e-6, -180),
        (0.5 + 1e-3, -3000),
        (0.9, -3000),
    ],
)
def test_a_reserve_is_charged_at_full_power_and_never_gone_below(soc: float, wanted_w: float) -> None:
    asked_w = laws.reserve_backup(3000.0, soc, 0.5, charge_w=5000.0, discharge_w=4000.0, energy_w=3.6e7)
    assert asked_w == pytest.approx(wanted_w, rel=1e-6, abs=1e-9)


def test_above_its_reserve_a_battery_takes_surplus_in() -> None:
    asked_w = laws.reserve_backup(-3000.0, 0.6, 0.5, charge_w=5000.0, discharge_w=4000.0, energy_w=3.6e7)
    assert asked_w == 3000.0


@pytest.mark.parametrize(("net_w", "wanted_w"), [(-3000, 2000), (-1500, 1500), (-500, 1000), (3000, 1000)])
def test_forced_charge_goes_beyond_its_power_only_for_surplus_and_only_where_it_may(
    net_w: float, wanted_w: float
) -> None:
    assert laws.forced_charge(net_w, 1000.0) == 1000.0
    assert laws.forced_charge(net_w, 1000.0, 2000.0) == wanted_w
    assert laws.forced_charge(net_w, 0.0) == 0.0
