"""What is visible of a run: the snapshot of a site, a device as it is shown, copies of the surroundings."""

import pytest

from twin_tui.engine.devices.battery import BATTERY, BatteryCommands, BatteryParams
from twin_tui.engine.devices.load import LOAD, LoadParams
from twin_tui.engine.disturbance import Disturbance, Target
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Disturb, Fault, Mark, Pin, SelectControl, SelectMode, Write
from twin_tui.engine.grid import GridParams
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.engine.weather import WeatherParams
from twin_tui.errors import CommandError

HOUR = 3600.0
MIDNIGHT = 1_781_913_600.0


def an_engine(dt_s: float = 0.5, offset_h: float = 0.0) -> Engine:
    battery = BatteryParams(10_000.0, 5_000.0, 5_000.0, 5_000.0)
    devices = (
        DevicePlan("battery", BATTERY, battery, BatteryCommands(start_stop=1, active_power_setpoint_w=500.0)),
        DevicePlan("load", LOAD, LoadParams(2_000.0, power_factor=0.8)),
    )
    plan = SitePlan(
        "shown",
        devices,
        dt_s=dt_s,
        start_unix_s=MIDNIGHT + 23 * HOUR,
        utc_offset_s=offset_h * HOUR,
        grid=GridParams(nominal_hz=60.0, nominal_v=120.0),
        weather=WeatherParams(ambient_mean_c=11.0, ambient_amplitude_k=0.0, wind_m_s=4.0),
    )
    return Engine(plan)


def test_a_snapshot_is_the_site_at_its_tick() -> None:
    engine = an_engine()
    engine.advance(10.0)
    seen = engine.snapshot()
    assert (seen.site, seen.tick, seen.time_s, seen.dt_s) == ("shown", 20, 10.0, 0.5)
    assert seen.unix_s == MIDNIGHT + 23 * HOUR + 10.0
    assert (seen.grid.active_power_w, seen.grid.reactive_power_var) == pytest.approx((1_500.0, 1_500.0))
    assert (seen.grid.nominal_hz, seen.grid.nominal_v, seen.grid.frequency_hz) == (60.0, 120.0, 60.0)
    assert seen.grid.voltages_pu == (1.0, 1.0, 1.0)
    assert (seen.grid.live, seen.grid.islanded) == (True, False)
    assert (seen.weather.ambient_c, seen.weather.wind_m_s, seen.weather.ghi_w_m2) == (11.0, 4.0, 0.0)
    assert [device.name for device in seen.devices] == ["battery", "load"]
    with pytest.raises(KeyError):
        seen.device("laod")


@pytest.mark.parametrize(("offset_h", "hour"), [(0.0, 23), (2.0, 1), (-5.0, 18)])
def test_the_time_of_day_is_the_local_one(offset_h: float, hour: int) -> None:
    engine = an_engine(offset_h=offset_h)
    engine.advance(0.5)
    assert engine.snapshot().day_s == pytest.approx(hour * HOUR + 0.5)


def test_the_log_of_a_snapshot_is_its_newest_entries() -> None:
    engine = an_engine()
    for number in range(5):
        engine.submit(Mark(str(number)))
    assert [entry.text for entry in engine.snapshot(log=2).log] == ["3", "4"]
    assert [entry.text for entry in engine.snapshot(log=9).log] == ["0", "1", "2", "3", "4"]
    assert engine.snapshot(log=0).log == ()


def test_a_device_is_shown_with_its_status_power_faults_pins_and_mode() -> None:
    engine = an_engine()
    engine.step()
    shown = engine.snapshot().device("battery")
    assert (shown.kind, shown.title, shown.role, shown.flow_group) == (
        "battery",
        "Battery",
        "STORAGE",
        "Battery",
    )
    assert (shown.status, shown.active_power_w, shown.mode, shown.factor) == ("RUN", 500.0, "", 1.0)
    assert (shown.faults, shown.pinned, shown.explanation, shown.control) == ((), (), "", None)
    load = engine.snapshot().device("load")
    assert (load.active_power_w, load.reactive_power_var) == pytest.approx((-2_000.0, -1_500.0))
    engine.submit(SelectMode("battery", "SELF_CONSUMPTION", 0.25))
    engine.submit(Pin("battery", "soc", 0.75))
    engine.submit(Fault("battery", "isolation"))
    engine.step()
    shown = engine.snapshot().device("battery")
    assert (shown.status, shown.mode, shown.factor) == ("FAULT", "SELF_CONSUMPTION", 0.25)
    assert (shown.faults, shown.pinned, shown.explanation) == (("isolation",), ("soc",), "isolation")
    assert shown.telemetry.soc == 0.75
    engine.submit(SelectControl("battery", "FRBC"))
    control = engine.snapshot().device("battery").control
    assert control is not None
    assert control.control == "FRBC"


def test_a_running_disturbance_is_shown_with_the_time_that_remains() -> None:
    engine = an_engine()
    engine.submit(Disturb(Disturbance(Target.VOLTAGE, 0.7, 3.0, label="dip")))
    engine.submit(Disturb(Disturbance(Target.IRRADIANCE, 0.5)))
    engine.advance(1.0)
    dip, cloud = engine.snapshot().disturbances
    assert (dip.label, dip.target, dip.remaining_s) == ("dip", "voltage", 2.0)
    assert dip.text == "sag to 0.70 pu for 3 s"
    assert (cloud.label, cloud.target, cloud.remaining_s) == ("irradiance-1", "irradiance", None)
    engine.advance(2.0)
    assert [each.remaining_s for each in engine.snapshot().disturbances] == [0.0, None]
    engine.advance(0.5)
    assert [each.label for each in engine.snapshot().disturbances] == ["irradiance-1"]


def test_grid_and_weather_have_signals_like_a_device() -> None:
    engine = an_engine()
    engine.step()
    assert engine.shown("grid")["active_power_w"] == pytest.approx(1_500.0)
    assert engine.shown("weather")["ambient_c"] == 11.0
    assert set(engine.shown("grid")) == set(engine.signals("grid"))
    assert engine.shown("load")["consumption_power_w"] == 2_000.0
    assert "nominal_hz" not in engine.signals("grid")
    for ask in (engine.telemetry, engine.signals, engine.shown):
        with pytest.raises(CommandError, match="did you mean load"):
            ask("laod")


def test_a_device_named_like_the_weather_comes_first() -> None:
    engine = Engine(SitePlan("x", (DevicePlan("weather", LOAD, LoadParams(7.0)),)))
    engine.step()
    assert engine.telemetry("weather").consumption_power_w == 7.0
    assert "consumption_power_w" in engine.signals("weather")


def test_a_copy_of_the_surroundings_stays_as_it_was() -> None:
    engine = an_engine()
    engine.advance(5.0)
    before, shown = engine.surroundings.copy(), engine.surroundings
    assert before == shown
    assert before is not shown
    engine.submit(Write("load", {"extra_w": 100.0}))
    engine.step()
    assert before != shown
    assert before.grid_w == pytest.approx(1_500.0)


def test_labels_are_never_used_twice() -> None:
    engine = an_engine()
    assert [engine.next_label("link"), engine.next_label("voltage")] == ["link-1", "voltage-2"]


def test_a_snapshot_has_the_two_hundred_newest_entries_unless_more_are_wanted() -> None:
    engine = an_engine()
    for number in range(300):
        engine.submit(Mark(str(number)))
    assert [len(engine.snapshot().log), len(engine.snapshot(log=250).log)] == [200, 250]
    assert engine.snapshot().log[0].text == "100"


def test_before_the_first_tick_the_grid_is_there_and_nothing_crosses_it() -> None:
    seen = an_engine().snapshot()
    assert (seen.tick, seen.time_s, seen.unix_s, seen.day_s) == (0, 0.0, MIDNIGHT + 23 * HOUR, 23 * HOUR)
    assert (seen.grid.live, seen.grid.islanded, seen.grid.frequency_hz) == (True, False, 60.0)
    assert seen.grid.voltages_pu == (1.0, 1.0, 1.0)
    assert (seen.grid.active_power_w, seen.grid.reactive_power_var) == (0.0, 0.0)
    assert (seen.weather.ambient_c, seen.weather.wind_m_s) == (11.0, 4.0)
    assert seen.log == ()
