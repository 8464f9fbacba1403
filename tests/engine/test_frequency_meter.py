"""How a device measures the frequency, and what its droop makes of a spike."""

from dataclasses import replace

import pytest

from twin_tui.config.grid_codes import grid_code_of, load_grid_code
from twin_tui.documents.loader import open_document
from twin_tui.engine.device import DevicePlan
from twin_tui.engine.devices.battery import BATTERY, ON, BatteryCommands, BatteryParams
from twin_tui.engine.disturbance import Disturbance, Target
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Disturb, Write
from twin_tui.engine.frequency_meter import FrequencyMeter, Heard, measure
from twin_tui.engine.site import SitePlan


def measured(meter: FrequencyMeter, course: list[float], dt_s: float = 0.1) -> list[float]:
    heard: Heard = ()
    found = []
    for hz in course:
        heard, seen = measure(meter, heard, hz, dt_s)
        found.append(seen)
    return found


def test_a_meter_without_window_delay_and_resolution_shows_the_frequency_itself() -> None:
    course = [50.0, 49.123456789, 50.7, 0.0]
    assert measured(FrequencyMeter(), course) == course


def test_a_resolution_finer_than_a_float_changes_nothing() -> None:
    assert measured(FrequencyMeter(resolution_hz=5e-324), [50.1, 0.0]) == [50.1, 0.0]


def test_a_window_shows_the_mean_of_its_steps() -> None:
    found = measured(FrequencyMeter(window_s=0.5), [50.0] * 5 + [49.0] * 6)
    assert found == pytest.approx([50.0] * 5 + [49.8, 49.6, 49.4, 49.2, 49.0, 49.0])


def test_a_delay_shows_the_frequency_so_much_later_and_the_window_comes_on_top() -> None:
    course = [50.0] * 3 + [49.0] * 8
    assert measured(FrequencyMeter(delay_s=0.3), course) == [50.0] * 6 + [49.0] * 5
    both = measured(FrequencyMeter(window_s=0.2, delay_s=0.3), course)
    assert both == pytest.approx([50.0] * 6 + [49.5] + [49.0] * 4)


def test_a_resolution_rounds_to_its_steps() -> None:
    assert measured(FrequencyMeter(resolution_hz=0.005), [49.9976, 49.9974]) == pytest.approx([50.0, 49.995])


def test_a_meter_begins_as_if_its_first_frequency_had_been_there_for_ever() -> None:
    assert measured(FrequencyMeter(window_s=1.0, delay_s=1.0), [49.7, 49.7]) == [49.7, 49.7]


def test_a_steady_frequency_is_shown_to_the_last_bit_and_remembers_the_same_object() -> None:
    meter, hz = FrequencyMeter(window_s=0.7), 49.999999999999
    heard, seen = measure(meter, (), hz, 0.1)
    again, seen_again = measure(meter, heard, hz, 0.1)
    assert again is heard
    assert (seen, seen_again) == (hz, hz)


def battery_with(meter: FrequencyMeter | None) -> Engine:
    code = load_grid_code("en50549-1")
    assert code.frequency_droop is not None
    droop = replace(code.frequency_droop, response_s=0.0)
    params = BatteryParams(1e6, 1e5, 1e5, 1e5, grid_code=replace(code, frequency_droop=droop, meter=meter))
    told = BatteryCommands(start_stop=ON)
    return Engine(SitePlan("site", (DevicePlan("b", BATTERY, params, told),), dt_s=0.1))


def lowest_w(engine: Engine) -> float:
    """Return the least power within 2 s of a phase jump of 18°, which a 0.1 s step sees as 0.5 Hz more."""
    engine.advance(1.0)
    engine.submit(Disturb(Disturbance(Target.PHASE, 18.0)))
    found = []
    for _ in range(20):
        engine.step()
        found.append(engine.devices["b"].state.active_power_w)
    return min(found)


def test_a_droop_answers_a_spike_that_it_measures_in_one_step_and_not_one_over_a_longer_window() -> None:
    # 0.5 Hz less the deadband of 0.2 Hz, over 50 Hz x 5 %, of 100 kVA; over 0.5 s the spike is 0.1 Hz
    assert lowest_w(battery_with(None)) == pytest.approx(-12_000.0)
    assert lowest_w(battery_with(FrequencyMeter(window_s=0.5))) == 0.0


def test_the_measurement_is_a_setting_that_acts_at_run_time_and_off_is_as_before() -> None:
    engine = battery_with(None)
    engine.submit(Write("b", {"measure_window_s": 0.5}))
    assert lowest_w(engine) == 0.0
    engine.submit(Write("b", {"measure_window_s": 0.0}))
    engine.submit(Disturb(Disturbance(Target.PHASE, 18.0)))
    engine.step()
    assert engine.devices["b"].state.active_power_w == pytest.approx(-12_000.0)


def test_a_frequency_that_stays_is_answered_after_the_delay_of_the_measurement() -> None:
    engine = battery_with(FrequencyMeter(delay_s=0.5))
    engine.advance(1.0)
    engine.submit(Disturb(Disturbance(Target.FREQUENCY, 0.45)))
    engine.advance(0.5)
    assert engine.devices["b"].state.active_power_w == 0.0
    engine.step()
    assert engine.devices["b"].state.active_power_w == pytest.approx(-10_000.0)


def test_a_grid_code_file_gives_the_measurement(tmp_path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(
        "title: own\nnominal_hz: 50\nstages: []\n"
        "frequency_measurement: {needs_pu: 0.3, window_s: 0.5, delay_s: 0.1, resolution_hz: 0.005}\n"
        "enter_service: {v_low_pu: 0.9, v_high_pu: 1.1, f_low_hz: 49, f_high_hz: 51, delay_s: 0, ramp_s: 0}\n"
    )
    code = grid_code_of(open_document(path), "own")
    assert code.meter == FrequencyMeter(0.5, 0.1, 0.005)
    assert load_grid_code("en50549-1").meter is None
