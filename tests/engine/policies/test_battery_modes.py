"""The thirteen battery modes: their laws, and what they do to a running site."""

import math
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin_tui import Twin
from twin_tui.engine.devices.battery import BATTERY, BatteryCommands, BatteryParams
from twin_tui.engine.devices.load import LOAD, LoadParams
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Pin, ReportStatus, Scalar, SelectMode, Write
from twin_tui.engine.policies.modes import find_mode
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.engine.steering import ModeInputs, PowerLimits
from twin_tui.engine.surroundings import Surroundings
from twin_tui.errors import CommandError

CHARGE_W, DISCHARGE_W = 5_000.0, 4_000.0
NO_DERATING = {
    "soc_lower_limit_2": 0.0,
    "soc_lower_limit_1": 0.01,
    "soc_upper_limit_1": 0.99,
    "soc_upper_limit_2": 1.0,
}


def power_of(
    mode: str,
    net_w: float,
    *,
    factor: float = 1.0,
    soc: float = 0.5,
    frequency_hz: float = 50.0,
    parameters: Mapping[str, Scalar] | None = None,
) -> float:
    """Return what a mode asks of the battery, positive while charging."""
    found = find_mode(BATTERY, mode)
    settings = ModeInputs(
        PowerLimits(CHARGE_W, DISCHARGE_W, 10_000.0), factor, 1.0, 10_000.0, found.settle(parameters or {})
    )
    return found.build(settings)(net_w, soc, Surroundings(dt_s=1.0, frequency_hz=frequency_hz))


@pytest.mark.parametrize(
    ("mode", "net_w", "factor", "parameters", "expected_w"),
    [
        ("IDLE", 3_000, 1.0, {}, 0),
        ("SELF_CONSUMPTION", 3_000, 1.0, {}, -3_000),
        ("SELF_CONSUMPTION", -3_000, 1.0, {}, 3_000),
        ("SELF_CONSUMPTION", 9_000, 0.5, {}, -2_000),
        ("SELF_CONSUMPTION", -9_000, 0.5, {}, 2_500),
        ("NON_EXPORT", -3_000, 1.0, {}, 3_000),
        ("NON_EXPORT", -3_000, 1.0, {"export_limit_w": 1_000}, 2_000),
        ("NON_EXPORT", 3_000, 1.0, {}, 0),
        ("PEAK_SHAVING", 3_000, 1.0, {}, -3_000),
        ("PEAK_SHAVING", 3_000, 1.0, {"peak_target_w": 2_500}, -500),
        ("PEAK_SHAVING", -3_000, 1.0, {}, 0),
        ("GRID_SUPPORT_EXPORT", 1_000, 1.0, {}, -4_000),
        ("GRID_SUPPORT_EXPORT", 1_000, 1.0, {"export_max_w": 2_000}, -3_000),
        ("GRID_SUPPORT_EXPORT", -2_500, 1.0, {"export_max_w": 2_000}, 0),
        ("GRID_SUPPORT_IMPORT", 1_000, 0.5, {}, 2_500),
        ("GRID_SUPPORT_IMPORT", 1_000, 1.0, {"import_max_w": 3_000}, 2_000),
        ("GRID_SUPPORT_IMPORT", 4_000, 1.0, {"import_max_w": 3_000}, 0),
        ("OUTAGE_SUPPLY", 9_000, 0.1, {}, -4_000),
        ("FORCED_CHARGE", -9_000, 0.4, {}, 2_000),
        ("FORCED_CHARGE", -9_000, 0.4, {"pv_surplus": "yes"}, 5_000),
        ("FORCED_CHARGE", 9_000, 0.4, {"pv_surplus": "yes"}, 2_000),
        ("FORCED_DISCHARGE", 0, 0.25, {}, -1_000),
        ("FAULT", 3_000, 1.0, {}, 0),
    ],
)
def test_each_mode_answers_the_net_load_by_its_law(
    mode: str, net_w: float, factor: float, parameters: Mapping[str, Scalar], expected_w: float
) -> None:
    assert power_of(mode, net_w, factor=factor, parameters=parameters) == pytest.approx(expected_w)


@pytest.mark.parametrize(
    ("frequency_hz", "product", "share"),
    [
        (50.0, "continental", 0.0),
        (50.009, "continental", 0.0),
        (50.1, "continental", 0.5),
        (50.3, "continental", 1.0),
        (49.8, "continental", -1.0),
        (49.95, "fcr_n", -0.5),
        (49.95, "fcr_d_up", 0.0),
        (49.7, "fcr_d_up", -0.5),
        (50.7, "fcr_d_up", 0.0),
        (50.3, "fcr_d_down", 0.5),
    ],
)
def test_frequency_regulation_follows_the_curve_of_its_reserve(
    frequency_hz: float, product: str, share: float
) -> None:
    power = power_of(
        "FREQUENCY_REGULATION", 1_000, frequency_hz=frequency_hz, factor=0.5, parameters={"product": product}
    )
    assert power == pytest.approx(share * 0.5 * min(CHARGE_W, DISCHARGE_W))


def test_ramp_rate_control_lets_the_grid_see_no_more_than_the_ramp() -> None:
    mode = find_mode(BATTERY, "RAMP_RATE_CONTROL")
    law = mode.build(
        ModeInputs(
            PowerLimits(CHARGE_W, DISCHARGE_W, 10_000.0),
            1.0,
            1.0,
            10_000.0,
            mode.settle({"ramp_w_per_min": 600}),
        )
    )
    seen = []
    for tick, net in enumerate((0.0, -3_000.0, -3_000.0, 1_000.0)):
        surroundings = Surroundings(dt_s=1.0, tick=tick)
        law(-net, 0.5, surroundings)  # a tick that is run again begins where it began before
        seen.append(net + law(net, 0.5, surroundings))
    assert seen == pytest.approx([0.0, -10.0, -20.0, -10.0])


def test_reserve_backup_charges_below_the_reserve_and_never_discharges_through_it() -> None:
    reserve: Mapping[str, Scalar] = {"reserve_soc": 0.5}
    assert power_of("RESERVE_BACKUP", 3_000, soc=0.49, parameters=reserve) == CHARGE_W
    assert power_of("RESERVE_BACKUP", 3_000, soc=0.5, parameters=reserve) == 0.0
    assert power_of("RESERVE_BACKUP", 3_000, soc=0.6, parameters=reserve) == -3_000


@given(
    mode=st.sampled_from(sorted(mode.name for mode in BATTERY.modes)),
    net_w=st.floats(-50_000, 50_000),
    factor=st.floats(0, 1),
    soc=st.floats(0, 1),
    frequency_hz=st.floats(47, 52),
)
def test_no_mode_ever_asks_for_more_than_the_scaled_limits(
    mode: str, net_w: float, factor: float, soc: float, frequency_hz: float
) -> None:
    power = power_of(mode, net_w, factor=factor, soc=soc, frequency_hz=frequency_hz)
    scale = 1.0 if mode == "OUTAGE_SUPPLY" else factor
    assert -DISCHARGE_W * scale - 1e-9 <= power <= CHARGE_W * scale + 1e-9
    if mode in ("NON_EXPORT", "GRID_SUPPORT_IMPORT", "FORCED_CHARGE"):
        assert power >= 0
    if mode in ("PEAK_SHAVING", "GRID_SUPPORT_EXPORT", "FORCED_DISCHARGE"):
        assert power <= 0


def a_site(load_w: float = 3_000.0, batteries: int = 1) -> Engine:
    plans = [
        DevicePlan(
            f"battery{number}" if number else "battery",
            BATTERY,
            BatteryParams(10_000.0, CHARGE_W, DISCHARGE_W, 6_000.0),
            BatteryCommands(active_power_setpoint_w=1_000.0, **NO_DERATING),
        )
        for number in range(batteries)
    ]
    return Engine(SitePlan("test", (*plans, DevicePlan("load", LOAD, LoadParams(load_w)))))


def test_a_mode_answers_the_net_load_of_the_same_tick() -> None:
    engine = a_site()
    engine.submit(SelectMode("battery", "SELF_CONSUMPTION"))
    for _ in range(3):
        engine.step()
        assert engine.surroundings.grid_w == pytest.approx(0.0)
    engine.submit(Write("load", {"extra_w": 700.0}))
    engine.step()
    assert engine.surroundings.grid_w == pytest.approx(0.0)
    assert engine.telemetry("battery").active_power_w == pytest.approx(3_700.0)


def test_a_mode_shows_in_the_snapshot_with_the_setpoint_it_gives() -> None:
    engine = a_site()
    engine.submit(SelectMode("battery", "FORCED_DISCHARGE", 0.5))
    engine.step()
    shown = engine.snapshot().device("battery")
    assert (shown.mode, shown.factor) == ("FORCED_DISCHARGE", 0.5)
    assert shown.commands.active_power_setpoint_w == 2_000.0
    assert any("mode FORCED_DISCHARGE f=0.50" in entry.text for entry in engine.log)


def test_two_batteries_share_the_net_load_instead_of_answering_it_twice() -> None:
    engine = a_site(load_w=6_000.0, batteries=2)
    engine.submit(SelectMode("battery", "SELF_CONSUMPTION"))
    engine.submit(SelectMode("battery1", "SELF_CONSUMPTION"))
    engine.step()
    assert engine.surroundings.grid_w == pytest.approx(0.0)
    assert engine.telemetry("battery").active_power_w == pytest.approx(4_000.0)
    assert engine.telemetry("battery1").active_power_w == pytest.approx(2_000.0)


def test_a_setpoint_written_directly_ends_the_mode_and_the_log_says_so() -> None:
    engine = a_site()
    engine.submit(SelectMode("battery", "SELF_CONSUMPTION"))
    engine.step()
    engine.submit(Write("battery", {"active_power_setpoint_w": -500.0}, origin="10.0.0.7:51234"))
    engine.step()
    assert engine.snapshot().device("battery").mode == ""
    assert engine.telemetry("battery").active_power_w == -500.0
    (entry,) = [e for e in engine.log if "ends" in e.text]
    assert entry.text == "mode SELF_CONSUMPTION ends: a setpoint was written"
    assert entry.origin == "10.0.0.7:51234"


def test_other_writes_leave_the_mode_alone_but_switching_off_is_obeyed() -> None:
    engine = a_site()
    engine.submit(SelectMode("battery", "SELF_CONSUMPTION"))
    engine.submit(Write("battery", {"start_stop": 2}))
    engine.step()
    assert engine.snapshot().device("battery").mode == "SELF_CONSUMPTION"
    assert engine.telemetry("battery").active_power_w == 0.0


def test_giving_up_a_mode_brings_the_direct_commands_back() -> None:
    engine = a_site()
    before = engine.devices["battery"].commands
    engine.submit(SelectMode("battery", "SELF_CONSUMPTION"))
    engine.advance(1.0)
    engine.submit(SelectMode("battery", ""))
    assert engine.devices["battery"].commands == before
    assert engine.snapshot().device("battery").mode == ""


def test_a_forced_setpoint_stays_forced_under_a_mode() -> None:
    engine = a_site()
    engine.submit(SelectMode("battery", "SELF_CONSUMPTION"))
    engine.submit(Pin("battery", "active_power_setpoint_w", 250.0))
    engine.advance(1.0)
    assert engine.telemetry("battery").active_power_w == 250.0


def test_a_battery_in_mode_fault_takes_no_mode_but_idle() -> None:
    engine = a_site()
    engine.submit(SelectMode("battery", "FAULT"))
    with pytest.raises(CommandError, match="is in mode FAULT: only IDLE is accepted"):
        engine.submit(SelectMode("battery", "FORCED_CHARGE"))
    engine.submit(SelectMode("battery", "IDLE"))
    engine.submit(SelectMode("battery", "FORCED_CHARGE"))


def test_mode_fault_holds_against_a_setpoint_until_it_is_given_up() -> None:
    engine = a_site()
    engine.submit(SelectMode("battery", "FAULT"))
    engine.submit(Write("battery", {"active_power_setpoint_w": 1_500.0}, origin="10.0.0.7:51234"))
    engine.advance(10.0)
    assert engine.snapshot().device("battery").mode == "FAULT"
    assert engine.telemetry("battery").active_power_w == 0.0
    assert any("FAULT holds" in entry.text and entry.origin == "10.0.0.7:51234" for entry in engine.log)
    engine.submit(SelectMode("battery", ""))
    assert engine.devices["battery"].commands.active_power_setpoint_w == 1_500.0


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (SelectMode("battery", "SELF_CONSUMTION"), "did you mean SELF_CONSUMPTION"),
        (SelectMode("battery", "IDLE", 1.3), "factor 1.3 is not in 0 … 1"),
        (SelectMode("battery", "IDLE", math.nan), "factor nan is not in"),
        (SelectMode("battery", "PEAK_SHAVING", 1.0, {"target_w": 1.0}), "did you mean peak_target_w"),
        (SelectMode("battery", "PEAK_SHAVING", 1.0, {"peak_target_w": math.inf}), "finite number"),
        (SelectMode("battery", "RESERVE_BACKUP", 1.0, {"reserve_soc": 30.0}), "reserve_soc takes 0 … 1"),
        (SelectMode("battery", "FREQUENCY_REGULATION", 1.0, {"product": "fcr"}), "takes one of fcr_n"),
        (SelectMode("load", "IDLE"), "a load has no operation modes"),
        (ReportStatus("battery", {"soc": 1.2}), "reported soc takes 0 … 1"),
        (ReportStatus("battery", {"factor": 0.2}), "without its mode"),
        (ReportStatus("battery", {"temperature": 20.0}), "cannot take over a reported temperature"),
        (ReportStatus("battery", {}), "is empty"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_nearest_right_name(
    event: SelectMode | ReportStatus, message: str
) -> None:
    engine = a_site()
    with pytest.raises(CommandError, match=message.replace("(", r"\(")):
        engine.submit(event)
    assert not engine.log


def test_older_names_of_modes_still_work() -> None:
    assert find_mode(BATTERY, "CHARGE").name == "FORCED_CHARGE"
    assert find_mode(BATTERY, "DISCHARGE").name == "FORCED_DISCHARGE"
    assert find_mode(BATTERY, "ALLOW_DISCHARGE").name == "PEAK_SHAVING"
    assert find_mode(BATTERY, "self-consumption").name == "SELF_CONSUMPTION"


def test_a_reported_power_beyond_the_rating_is_held_at_it() -> None:
    engine = a_site()
    engine.submit(ReportStatus("battery", {"power_w": 1e9}))
    assert engine.telemetry("battery").active_power_w == engine.devices["battery"].params.max_discharge_w
    engine.submit(ReportStatus("battery", {"power_w": -1e9}))
    assert engine.telemetry("battery").active_power_w == -engine.devices["battery"].params.max_charge_w


def test_a_reported_status_brings_the_twin_to_what_the_real_device_says() -> None:
    engine = a_site()
    engine.submit(ReportStatus("battery", {"soc": 0.73, "power_w": -1_200.0}))
    assert engine.telemetry("battery").soc == pytest.approx(0.73)
    engine.step()
    assert engine.telemetry("battery").active_power_w == pytest.approx(-1_200.0)
    engine.submit(ReportStatus("battery", {"mode": "FORCED_CHARGE", "factor": 0.5}))
    engine.step()
    assert engine.telemetry("battery").active_power_w == pytest.approx(-2_500.0)


def test_a_mode_is_chosen_in_one_line_of_python() -> None:
    assets = [{"type": "battery", "name": "battery"}, {"type": "load", "base_kw": 3}]
    twin = Twin.from_dict({"name": "x", "step": 1, "real_time": False, "assets": assets})
    twin.device("battery").select_mode("PEAK_SHAVING", peak_target_w=1_000)
    twin.advance(10)
    assert twin.device("battery").telemetry.active_power_w == pytest.approx(2_000.0)


def test_a_reserve_is_kept_to_the_last_watt_hour_by_cells_that_have_aged() -> None:
    params = BatteryParams(10_000.0, CHARGE_W, DISCHARGE_W, 6_000.0, initial_soc=0.5, ageing_speed=3e5)
    plans = (
        DevicePlan("battery", BATTERY, params, BatteryCommands(**NO_DERATING)),
        DevicePlan("load", LOAD, LoadParams(9_000.0)),
    )
    engine = Engine(SitePlan("test", plans, dt_s=60.0))
    engine.submit(SelectMode("battery", "RESERVE_BACKUP", 1.0, {"reserve_soc": 0.3}))
    engine.step()
    state = engine.devices["battery"].state
    level = []
    for _ in range(120):
        engine.step()
        state = engine.devices["battery"].state
        level.append(state.energy_wh / state.ageing.capacity_wh)
    assert state.ageing.capacity_wh < 8_000.0
    assert min(level) >= 0.3 - 0.04 * 60 / 3600  # a step may take its losses below the reserve
    assert level[-1] == pytest.approx(0.3, abs=1e-3)
    assert abs(state.active_power_w) < 10.0  # it does not alternate between charging and discharging
