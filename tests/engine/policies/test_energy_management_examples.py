"""NEM and AEM over the examples of the Nordic requirements for limited reservoirs, by hand.

Energies are in seconds of the capacity sold. NEM adds a share of it by the mean of five minutes, so that a
direction held for 300 s gives 150 s of full NEM; one held for 150 s gives 37.5 s at once, 112.5 s later.
"""

from math import inf

import pytest

from twin_tui.engine.device import DevicePlan
from twin_tui.engine.devices.battery import BATTERY, ON, BatteryCommands, BatteryParams
from twin_tui.engine.disturbance import Disturbance, Target
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Disturb, SelectMode
from twin_tui.engine.site import SitePlan

CAPACITY_W = 70_000.0
# technical requirements v1.1 of 28 March 2025: frequency from each time on, s and Hz
FCR_D_UP = (*((0, 49.91), (30, 49.5), (630, 49.91), (780, 49.5), (1680, 49.91)),)
FCR_N = (
    *((0, 50.0), (120, 50.09), (1800, 50.11), (2160, 50.09), (2310, 50.11), (2760, 50.09), (3360, 49.91)),
    *((6960, 49.89), (7260, 49.91), (7410, 49.89), (8010, 49.91), (8610, 50.0)),
)


def courses(
    product: str, reservoir_s: float, soc: float, steps: tuple[tuple[int, float], ...], marks: list[int]
) -> list[float]:
    """Return what can still be delivered at these times, in seconds of the capacity."""
    capacity_wh = reservoir_s * CAPACITY_W / 3600.0
    params = BatteryParams(
        capacity_wh,
        100_000.0,
        100_000.0,
        100_000.0,
        initial_soc=soc,
        charge_efficiency=1.0,
        discharge_efficiency=1.0,
        ageing_speed=0.0,
        nominal_dc_v=800.0,
        hot_full_c=100.0,
        hot_zero_c=120.0,
        over_temperature_c=150.0,
    )
    commands = BatteryCommands(
        start_stop=ON,
        soc_lower_limit_2=0.0,
        soc_lower_limit_1=0.0,
        soc_upper_limit_1=1.0,
        soc_upper_limit_2=1.0,
    )
    engine = Engine(SitePlan("ler", (DevicePlan("b", BATTERY, params, commands),), dt_s=1.0))
    sold = {f"{product}_w": CAPACITY_W, "energy_management": "nem_aem"}
    engine.submit(SelectMode("b", "FREQUENCY_REGULATION", 1.0, sold))
    found = []
    ends = [*(begin for begin, _ in steps[1:]), inf]
    for (_, hz), end in zip(steps, ends, strict=True):
        engine.grid.clear()
        engine.submit(Disturb(Disturbance(Target.APPLIED, hz, absolute=True)))
        for mark in (each for each in marks if engine.time_s < each <= end):
            engine.advance(mark - engine.time_s)
            found.append(engine.devices["b"].state.energy_wh * 3600.0 / CAPACITY_W)  # type: ignore[attr-defined]
        if end < inf:
            engine.advance(end - engine.time_s)
    return found


def test_fcr_d_up_recharges_in_normal_state_and_fades_in_alert_state_as_in_the_example() -> None:
    # full: 20 min. 600 s of full activation; NEM of 0.2 for 150 s: 7.5 s at once, 22.5 s in the next 300 s;
    # 5 min are left 330 s after the second step; AEM fades the answer over 300 s, 150 s of it; from 1680 s on
    # NEM gives 30 s in the first 300 s, 0.2 of the other 600 s
    marks = {630: 600.0, 780: 607.5, 1110: 300.0, 1410: 150.0, 1680: 150.0, 1980: 180.0, 2580: 300.0}
    found = courses("fcr_d_up", 1200.0, 1.0, FCR_D_UP, list(marks))
    assert found == pytest.approx(list(marks.values()), abs=1.5)


def test_fcr_n_keeps_its_reservoir_off_both_ends_as_in_the_example() -> None:
    # half full: an hour either way; 0.9 of the capacity flows at ±0.09 Hz, all of it beyond ±0.1 Hz
    down = [3600.0]
    down.append(down[-1] - 0.9 * 1680)  # 1800 s: 34.8 min, NEM begins below 30
    down.append(down[-1] - 360)  # 2160 s: 28.8 min, NEM is to discharge, but not outside the normal band
    down.append(down[-1] - 0.9 * 150 + 0.34 * 37.5)  # 2310 s
    down.append(down[-1] - 450 + 0.34 * 112.5)  # 2760 s
    down.append(down[-1] - 0.9 * 600 + 0.34 * (150 + 300))  # 3360 s: 13.45 min
    until_s = (57.5 * 60 - down[-1]) / (0.9 + 0.34)  # NEM ends at 57.5 min, then fades for 150 s in all
    down.append(down[-1] + 0.9 * 3600 + 0.34 * (until_s + 150))  # 6960 s
    down.append(down[-1] + 300)  # 7260 s
    down.append(down[-1] + 0.9 * 150)  # 7410 s
    down.append(down[-1] + 600)  # 8010 s: 22 min of delivery left, NEM is to charge
    down.append(down[-1] + 0.9 * 600 - 0.34 * (150 + 300))  # 8610 s
    down.append(down[-1] - 0.34 * 1800)  # 10410 s
    marks = [120, 1800, 2160, 2310, 2760, 3360, 6960, 7260, 7410, 8010, 8610, 10410]
    found = courses("fcr_n", 7200.0, 0.5, FCR_N, marks)
    assert found == pytest.approx([7200.0 - each for each in down], abs=3.0)
    assert min(found) > 0.1 * 7200.0
