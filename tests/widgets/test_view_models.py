"""What rows, cards and lines say, worked out from frames made by hand."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.widgets.hand_fed import CLIENT, SAG, battery, frame, load, site, snapshot
from tests.widgets.screen import text_of
from twin_tui.commands.forms import FORMS, Form, course
from twin_tui.commands.parser import parse
from twin_tui.engine import formats
from twin_tui.engine.disturbance import Disturbance, Shape, Target
from twin_tui.engine.link_view import LinkView
from twin_tui.engine.snapshot import GridSnapshot, LogEntry, LogKind
from twin_tui.engine.view import RegisterInfo, WriteTrace
from twin_tui.errors import ConfigError
from twin_tui.widgets.cards import cards
from twin_tui.widgets.device_lines import side_lines
from twin_tui.widgets.glyphs import ASCII, UNICODE, VT, bar, choose, sparkline
from twin_tui.widgets.history import History
from twin_tui.widgets.journal import Journal
from twin_tui.widgets.log_lines import LogFilter
from twin_tui.widgets.model import concerned, device_row, grid_row, last_ems_write, power_flow
from twin_tui.widgets.overview_lines import power_spark, table
from twin_tui.widgets.register_lines import NumberFormat, RegisterFilter, raw_text
from twin_tui.widgets.spans import cut
from twin_tui.widgets.status_line import status_line

SETS = (UNICODE, VT, ASCII)


@pytest.mark.parametrize(
    ("number", "unit", "shown"),
    [
        (-20_000.0, "W", "-20.00 kW"),
        (5.25, "W", "5.2 W"),
        (1_500_000.0, "W", "1.500 MW"),
        (0.431, "1", "43.1 %"),
        (49.9876, "Hz", "49.988 Hz"),
        (20.04, "degC", "20.0 °C"),
        (-0.0001, "degC", "0.0 °C"),
        (True, "", "yes"),
        (None, "W", "-"),
        (math.inf, "W", "inf"),
        (90.0, "s", "90 s"),
        (5400.0, "s", "90 min"),
    ],
)
def test_quantities_read_as_an_engineer_writes_them(number: object, unit: str, shown: str) -> None:
    assert formats.quantity(number, unit) == shown


@pytest.mark.parametrize(
    ("power_w", "shown"),
    [(-4.0, "+0.00"), (1_234.5, "+1.23"), (-20_000.0, "-20.00"), (123_456.0, "+123.5"), (2e7, "+20000")],
)
def test_a_power_is_written_in_kw_with_a_sign_where_it_matters(power_w: float, shown: str) -> None:
    assert formats.kilowatts(power_w, plus="+") == shown
    assert formats.kilowatts(power_w) == shown.removeprefix("+")


@given(st.floats(min_value=0, max_value=1e8))
def test_an_age_never_takes_more_than_five_characters(seconds: float) -> None:
    assert len(formats.age(seconds)) <= 5


def test_a_clock_counts_days() -> None:
    assert formats.clock(724.3) == "00:12:04.3"
    assert formats.clock(90_061.0, tenths=False) == "1d 01:01:01"


@given(st.text(max_size=40), st.integers(0, 40))
def test_fitted_text_has_exactly_its_width(text: str, width: int) -> None:
    assert formats.columns(formats.fit(text, width)) == width


@given(
    st.lists(st.tuples(st.text(max_size=10), st.sampled_from(["plain", "dim"])), max_size=6),
    st.integers(1, 40),
)
def test_a_cut_line_has_exactly_its_width(line: list[tuple[str, str]], width: int) -> None:
    assert formats.columns(text_of(cut(line, width))) == width


@given(st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), max_size=60), st.sampled_from(SETS))
def test_a_sparkline_has_one_character_a_value(values: list[float | None], glyphs: object) -> None:
    drawn = sparkline(values, -1e6, 1e6, glyphs)  # type: ignore[arg-type]
    assert len(drawn) == len(values)


def test_a_sparkline_spans_its_limits() -> None:
    assert sparkline([0.0, 0.5, 1.0, None], 0.0, 1.0, UNICODE) == "▁▅█ "


@given(st.floats(-2, 3), st.integers(0, 40), st.sampled_from(SETS))
def test_a_bar_has_exactly_its_width(fraction: float, width: int, glyphs: object) -> None:
    drawn = bar(fraction, width, glyphs)  # type: ignore[arg-type]
    assert len(drawn) in (0, width)


def test_glyphs_follow_the_terminal() -> None:
    assert choose("auto", "utf-8", {"TERM": "xterm-256color"}) is UNICODE
    assert choose("auto", "utf-8", {"TERM": "linux"}) is VT
    assert choose("auto", "latin-1", {"TERM": "xterm"}) is ASCII
    assert choose("ascii", "utf-8", {}) is ASCII
    with pytest.raises(ConfigError, match="did you mean ascii"):
        choose("asci", "utf-8", {})


def test_history_columns_stand_on_fixed_times_so_that_they_move_once_a_column() -> None:
    history = History()
    drawn = []
    for tick in range(200, 240):
        history.add(snapshot(tick / 10, devices=(battery(power_w=tick * 10.0),)))
        drawn.append(tuple(history.columns("bess-1", "active_power_w", 10, 60.0)[:-1]))
    assert len(set(drawn)) == 1 + len({tick // 60 for tick in range(200, 240)}) - 1


def test_each_column_shows_the_value_of_its_own_span_of_time() -> None:
    history = History()
    for second in range(12):
        history.add(snapshot(float(second), devices=(battery(power_w=100.0 * second),)))
    assert history.columns("bess-1", "active_power_w", 5, 5.0) == [700.0, 800.0, 900.0, 1000.0, 1100.0]
    assert history.columns("bess-1", "active_power_w", 3, 6.0) == [700.0, 900.0, 1100.0]
    before = history.columns("bess-1", "active_power_w", 14, 14.0)[:3]
    assert before == [None, None, 0.0], "nothing is known of the time before"


def test_a_column_without_a_sample_repeats_the_one_before_it_even_from_outside_the_window() -> None:
    history = History()
    for second in (0.0, 1.0, 9.0):
        history.add(snapshot(second, devices=(battery(power_w=100.0 * second),)))
    assert history.columns("bess-1", "active_power_w", 4, 4.0) == [100.0, 100.0, 100.0, 900.0]


def test_the_spark_of_a_row_ends_with_the_power_of_now() -> None:
    history = History()
    for second in range(6):
        history.add(snapshot(float(second), devices=(battery(power_w=1_000.0 * (second == 5)),)))
    row = device_row(battery(), frame())
    assert text_of(power_spark(row, frame(), history, 60, UNICODE)) == " " * 54 + "▁▁▁▁▁█" + " 1     "


def test_history_starts_anew_with_the_run_and_ignores_a_frame_it_has_seen() -> None:
    history = History()
    history.add(snapshot(10.0))
    history.add(snapshot(10.0))
    assert list(history.times) == [10.0]
    history.add(snapshot(1.0))
    assert list(history.times) == [1.0]
    assert history.signal("bess-1", "soc") == [0.431]


def test_a_device_that_appears_late_has_no_past() -> None:
    history = History()
    history.add(snapshot(1.0, devices=(battery(),)))
    history.add(snapshot(2.0, devices=(battery(), load())))
    assert history.signal("load", "active_power_w") == [None, -8000.0]
    assert history.signal("nobody", "soc") == [None, None]
    history.add(snapshot(3.0, devices=(load(),)))
    assert history.signal("bess-1", "soc") == [None, None, None]


def test_a_row_picks_setpoint_state_of_charge_and_the_last_ems_write() -> None:
    row = device_row(battery(faults=("over_temperature",)), frame())
    assert (row.setpoint_w, row.soc, row.write_age_s, row.writer) == (-20_000.0, 0.431, 0.4, CLIENT)
    assert row.alarm == "over_temperature"
    assert row.direction == "charging"


@pytest.mark.parametrize("origin", ["console", "scenario", "site file", "watchdog", "python"])
def test_what_the_twin_writes_itself_is_no_ems_write(origin: str) -> None:
    own = WriteTrace("bess-1", 1.0, 0.1, origin, "x", ("active_power_setpoint_w",))
    assert last_ems_write(replace(frame(), traces=(own,)), "bess-1") is None


@pytest.mark.parametrize(
    ("voltages", "hz", "live", "state"),
    [
        ((1.0, 1.0, 1.0), 50.0, True, "OK"),
        ((0.7, 1.0, 1.0), 50.0, True, "SAG"),
        ((1.15, 1.0, 1.0), 50.0, True, "SWELL"),
        ((1.0, 1.0, 1.0), 49.5, True, "FREQ"),
        ((0.0, 0.0, 0.0), 0.0, False, "OUT"),
    ],
)
def test_the_grid_is_named_by_what_is_wrong(
    voltages: tuple[float, float, float], hz: float, live: bool, state: str
) -> None:
    grid = grid_of(voltages, hz, live)
    assert grid_row(snapshot(grid=grid)).status == state


@pytest.mark.parametrize(("supply", "state"), [(2, "TRANSFER"), (3, "ISLAND"), (4, "SYNC")])
def test_a_site_without_the_grid_is_named_by_what_supplies_it(supply: int, state: str) -> None:
    grid = replace(grid_of((1.0, 1.0, 1.0), 49.9, True), supply=supply)
    assert grid_row(snapshot(grid=grid)).status == state
    assert grid_row(snapshot(grid=grid)).look in ("strong", "alarm")


def grid_of(voltages: tuple[float, float, float], hz: float, live: bool) -> GridSnapshot:
    """Return the grid at these voltages and frequency."""
    return GridSnapshot(hz, *voltages, 0.0, 0.0, live, False, 1, *voltages, hz, hz, 0.0, 0.0, 50.0, 230.94)


def test_the_power_flow_sums_to_what_the_grid_gives() -> None:
    flows = {title: power_w for title, power_w, _ in power_flow(snapshot())}
    assert flows == {"Grid": 28_000.0, "Battery": -20_000.0, "Load": -8_000.0}
    assert sum(flows.values()) == 0


@pytest.mark.parametrize("width", range(40, 251, 7))
def test_no_row_and_no_card_is_wider_than_the_screen(width: int) -> None:
    history = History()
    history.add(snapshot())
    for draw in (table, cards):
        for line in draw(frame(), history, width, UNICODE):
            assert len(text_of(line)) <= width


@pytest.mark.parametrize("width", range(20, 251, 5))
def test_the_status_line_fits_and_always_says_whether_the_twin_runs(width: int) -> None:
    busy = replace(frame(), paused=True, overruns=3, marks=2, snapshot=snapshot(disturbances=(SAG,)))
    line = text_of(status_line(busy, width, UNICODE, read_only=True))
    assert len(line) <= width
    assert "PAUSED" in line


def test_registers_are_found_by_address_name_and_signal_and_writable_ones_come_first() -> None:
    registers = site().devices[0].registers
    assert RegisterFilter().indices(registers, ()) == [0, 1, 2, 3]
    assert RegisterFilter("10200").indices(registers, ()) == [2]
    assert RegisterFilter("soc").indices(registers, ()) == [2]
    assert RegisterFilter("setpoint power").indices(registers, ()) == [0]
    assert RegisterFilter("", changed_only=True).indices(registers, (3,)) == [3]
    assert RegisterFilter("", changed_only=True).indices(registers, ()) == []
    read = RegisterInfo("input registers", 1, "a", "u16")
    written = RegisterInfo("holding registers", 2, "b", "u16", writable=True)
    assert RegisterFilter().indices((read, written), ()) == [1, 0]


def test_raw_words_are_written_in_three_ways() -> None:
    assert raw_text((0xFF38,), NumberFormat.HEX) == "0xFF38"
    assert raw_text((0xFF38, 1), NumberFormat.DEC) == "65336 1"
    assert raw_text((0xFF38,), NumberFormat.BITS) == "11111111.00111000"
    assert NumberFormat.BITS.next() is NumberFormat.HEX


def entry(number: int, kind: LogKind = LogKind.STATE, device: str = "bess-1") -> LogEntry:
    return LogEntry(number, number, float(number), kind, device, f"text {number}")


def test_the_log_takes_each_entry_once_and_follows_a_run_begun_anew() -> None:
    def collected(most: int, *log: LogEntry) -> list[int]:
        journal = Journal(most)
        journal.add([entry(1), entry(2)], 10)
        journal.add(log, 10)
        return [e.number for e in journal.entries]

    assert collected(10, entry(2), entry(3)) == [1, 2, 3]
    assert collected(10, entry(1)) == [1]
    assert collected(2, entry(3)) == [2, 3]


def test_alarms_wait_until_they_are_acknowledged() -> None:
    journal = Journal()
    journal.add([entry(1, LogKind.TRIP), entry(2), entry(3, LogKind.FAULT)], 10)
    assert journal.unacknowledged(0) == 2
    assert journal.unacknowledged(1) == 1
    assert journal.unacknowledged(3) == 0


def test_a_filter_needs_every_word_and_none_of_the_unwanted() -> None:
    assert LogFilter("trip bess").passes(entry(1, LogKind.TRIP))
    assert not LogFilter("trip load").passes(entry(1, LogKind.TRIP))
    assert not LogFilter("-trip").passes(entry(1, LogKind.TRIP))


ANSWERS = {
    "value": "1",
    "device": "bess-1",
    "signal": "start_stop",
    "fault": "emergency_stop",
    "mode": "IDLE",
    "scenario": "ride_through",
}


@pytest.mark.parametrize(
    "form", [form for form in FORMS if "plug" not in form.key], ids=lambda form: form.key
)
def test_the_presets_of_every_form_are_a_valid_command(form: Form) -> None:
    chosen = {f.key: f.default or ANSWERS.get(f.key, "") for f in form.fields(site(), ANSWERS)}
    assert parse(form.build(site(), chosen), site())


def test_the_form_of_a_mode_also_ends_it() -> None:
    form = next(form for form in FORMS if form.key == "mode")
    line = form.build(site(), {"device": "bess-1", "mode": "off", "factor": "1"})
    assert parse(line, site())


def test_a_form_quotes_a_name_with_blanks_and_leaves_out_what_changes_nothing() -> None:
    forms = {form.key: form for form in FORMS}
    assert forms["fault"].build(site(), {"device": "my bess", "fault": "fan"}) == 'fault "my bess" fan'
    assert forms["sag"].build(site(), {"magnitude": "0.7", "phases": "abc"}) == "sag grid 0.7"
    assert forms["freq ramp"].build(site(), {"magnitude": "-1", "over": "5s", "duration": "9s"}) == (
        "freq grid ramp -1 over 5s for 9s"
    )


def test_the_course_of_a_sag_goes_down_and_comes_back() -> None:
    drawn = course(Disturbance(Target.VOLTAGE, 0.7, 2.0))
    assert (drawn[0], min(drawn), drawn[-1]) == (1.0, 0.7, 1.0)
    ramp = course(Disturbance(Target.FREQUENCY, -0.5, None, Shape.RAMP, 5.0))
    assert list(ramp) == sorted(ramp, reverse=True)


def test_a_link_of_the_whole_site_is_on_the_screen_of_every_device() -> None:
    links = (
        LinkView("", "http://127.0.0.1:8503", "EOS", state="failing", fault="cannot be reached", steers=True),
        LinkView("other", "ws://cem/", "S2", state="refused", steers=True),
    )
    seen = frame(links=links)
    text = "\n".join(map(text_of, side_lines(seen.snapshot.device("bess-1"), seen, 60, UNICODE)))
    assert "EOS http://127.0.0.1:8503 failing" in text
    assert "cannot be reached" in text
    assert "ws://cem/" not in text


@pytest.mark.parametrize("width", [50, 80, 140])
def test_a_wide_name_shifts_no_column(width: int) -> None:
    seen = frame(snapshot=snapshot(devices=(battery(name="蓄電池が十個"), battery(name="蓄" * 30))))
    head, *rows = ["".join(text for text, _ in line) for line in table(seen, History(), width, UNICODE)]
    for row in rows[:2]:
        assert formats.columns(row[: row.index("RUN")]) == head.index("state")


@pytest.mark.parametrize("width", range(1, 12))
def test_wide_text_fits_to_the_column(width: int) -> None:
    assert formats.columns(formats.fit("蓄電池ab", width)) == width
    line = cut([("a", "dim"), ("蓄電池ab", "plain")], width)
    assert sum(formats.columns(text) for text, _ in line) == width


def test_the_phases_of_a_sag_are_named_where_not_all_sag() -> None:
    grid = snapshot().grid
    one = replace(grid, voltage_a_pu=0.0)
    assert concerned(one) == "a "
    assert concerned(replace(one, voltage_b_pu=0.0)) == "ab "
    assert concerned(replace(one, voltage_b_pu=0.0, voltage_c_pu=0.0)) == concerned(grid) == ""
    assert grid_row(snapshot(grid=one)).extra == "a 0 V"
