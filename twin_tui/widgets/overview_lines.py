"""The devices of a site as rows of a table: pure drawing."""

from collections.abc import Sequence
from dataclasses import dataclass

from twin_tui.engine import formats
from twin_tui.engine.view import Energy, Frame
from twin_tui.engine.why import NO_KEYS, Keys
from twin_tui.widgets.glyphs import Glyphs, bar, diverging, round_up
from twin_tui.widgets.history import GRID, POWER, History
from twin_tui.widgets.log_text import in_room
from twin_tui.widgets.model import DeviceRow, device_row, grid_row
from twin_tui.widgets.spans import HUNG, Line, named

FRESH_S = 3.0
"""How long a write is drawn inverted."""
BAR_WIDTH = 6
LEAST_SPARK = 8
LEAST_NAME = len("device")
LEAST_WH = 5.0
"""The energy from which a direction is shown: 0.01 kWh."""
MOST_SPARK = 40
RANGE, WRITE = 7, 8
"""The columns of the range of a sparkline, and of the age of a write or who has set the setpoint."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns a table of some width has; 0 or False is none."""

    name: int
    setpoint: bool
    spark: int
    """The width of the sparkline without its range."""
    soc: bool
    bar: bool
    today: int
    """The width of the energy of the day."""
    write: bool
    writer: int
    why: int

    @classmethod
    def of(cls, width: int, longest_name: int, *, stores: bool = True, energy: int = 0) -> "Columns":
        """Return the columns that fit.

        ``stores`` says whether any device has a state of charge, ``energy`` is the longest energy of the day.
        """
        name = max(LEAST_NAME, min(longest_name, 10 if width < 60 else 14 if width < 120 else 24))
        setpoint, soc, write = width >= 64, width >= 44 and stores, width >= 56
        wide = width >= 72 and soc
        writer = 22 if width >= 150 else 9 if width >= 96 else 0
        room = width - (3 + name + 1 + 9 + 8 + 9 * setpoint + 6 * soc + (BAR_WIDTH + 2) * wide) - 1
        room -= WRITE * write + (writer + 1) * (writer > 0)
        today = energy if energy and room - energy - 2 >= LEAST_SPARK + 22 else 0
        room -= (today + 2) * (today > 0)
        why = max(0, room - 40) if width >= 110 else 0
        why = min(60, why) if why >= 16 else 0
        spark = min(MOST_SPARK, room - 2 - RANGE - (why + 2) * (why > 0))
        if wide and spark < LEAST_SPARK <= spark + BAR_WIDTH + 2:
            wide, spark = False, spark + BAR_WIDTH + 2
        return cls(name, setpoint, spark if spark >= LEAST_SPARK else 0, soc, wide, today, write, writer, why)


def rows_of(frame: Frame) -> list[DeviceRow]:
    """Return the rows of the overview: every device, then the grid."""
    return [
        *(device_row(device, frame) for device in frame.snapshot.devices),
        grid_row(frame.snapshot, frame.energy.get("")),
    ]


def window_s(frame: Frame) -> float:
    """Return how much simulated time a sparkline spans: a minute at the speed of the run."""
    return 60.0 * max(1.0, min(frame.speed, 1440.0))


def heading(columns: Columns, frame: Frame) -> Line:
    """Return the line over the table."""
    text = " # " + formats.fit("device", columns.name + 1) + formats.fit("state", 9) + "P kW".rjust(8)
    if columns.setpoint:
        text += "set kW".rjust(9)
    if columns.spark:
        text += (
            "  "
            + formats.fit(f"last {formats.duration(window_s(frame))}", columns.spark)
            + formats.fit(" range", RANGE)
        )
    if columns.soc:
        text += "SOC".rjust(6)
    if columns.bar:
        text += " " * (BAR_WIDTH + 2)
    if columns.today:
        text += "  " + "today kWh".rjust(columns.today)
    if columns.why:
        text += "  " + formats.fit("why", columns.why)
    if columns.write:
        text += "EMS".rjust(WRITE)
    if columns.writer:
        text += " " + formats.fit("client", columns.writer)
    return [(text, "label")]


def table(
    frame: Frame, history: History, width: int, glyphs: Glyphs, selected: int = -1, keys: Keys = NO_KEYS
) -> list[Line]:
    """Return the heading and one line a device; ``keys`` are those in force by the names of their actions."""
    rows = rows_of(frame)
    stores = any(row.soc is not None for row in rows)
    energies = [formats.columns(energy_text(row.energy, glyphs)) for row in rows]
    energy = max(9, *energies) if any(energies) else 0
    longest = max(formats.columns(row.name) for row in rows)
    columns = Columns.of(width, longest, stores=stores, energy=energy)
    lines = [heading(columns, frame)]
    for number, row in enumerate(rows):
        lines.append(_row(number, row, columns, frame, history, glyphs, keys, number == selected))
    return lines


def _row(
    number: int,
    row: DeviceRow,
    columns: Columns,
    frame: Frame,
    history: History,
    glyphs: Glyphs,
    keys: Keys,
    selected: bool,
) -> Line:
    why = formats.clean(row.why.sentence(keys, brief=True)) or row.alarm
    line: Line = [
        (key_mark(number, row, glyphs, selected), "focus" if selected else "label"),
        (named(row.name, columns.name, glyphs.cut) + " ", row.colour),
        state(row, glyphs, 9),
        (formats.kilowatts(row.power_w, 8), "strong"),
    ]
    if columns.setpoint:
        setpoint = row.extra if row.kind == "grid" else formats.kilowatts(row.setpoint_w)
        line.append((setpoint.rjust(9), "label"))
    if columns.spark:
        line.append(("  ", "plain"))
        binds = row.look == "alarm" or row.status == "WAITING" or (row.why.differs and row.why.constraints)
        if binds and why and not columns.why:
            reason = why if row.look == "alarm" else formats.clean(row.why.reasons(keys, brief=True)) or why
            line.append((_words(reason, columns.spark + RANGE, glyphs), row.look))
        else:
            line += power_spark(row, frame, history, columns.spark, glyphs)
    if columns.soc:
        text = f"{row.soc * 100:.0f}%{'*' * row.soc_forced}" if row.soc is not None else ""
        line.append((text.rjust(6), "plain"))
    if columns.bar:
        drawn = bar(row.soc, BAR_WIDTH, glyphs) if row.soc is not None else ""
        line.append((" " + formats.fit(drawn, BAR_WIDTH) + " ", row.colour))
    if columns.today:
        line.append(("  " + energy_text(row.energy, glyphs).rjust(columns.today), "plain"))
    if columns.why:
        role = "alarm" if row.look == "alarm" else "label"
        line.append(("  " + _words(why or formats.clean(row.mode), columns.why, glyphs), role))
    if columns.write:
        line += _written(row, columns, glyphs)
    return line


def _words(text: str, width: int, glyphs: Glyphs) -> str:
    """Return a text at exactly so many columns; numbers and words are whole or not there."""
    return formats.fit(in_room(text, width, glyphs.cut), width)


def _written(row: DeviceRow, columns: Columns, glyphs: Glyphs) -> Line:
    """Return the age of the last write by a client and its address, or who else has set the setpoint."""
    age = formats.age(row.write_age_s) if row.write_age_s is not None else ""
    who = short_address(row.writer, columns.writer)
    if row.setter:
        age, who = (
            ("", setter(row.setter, columns.writer))
            if columns.writer
            else (setter(row.setter, WRITE - 1), "")
        )
    line: Line = [(" " * (WRITE - formats.columns(age)), "plain"), (age, write_role(row))]
    return [*line, (" " + formats.fit(who, columns.writer, glyphs.cut), "label")] if columns.writer else line


def setter(who: str, room: int) -> str:
    """Return who has set a setpoint in so much room: "mode PEAK_SHAVING", or "mode"."""
    who = formats.clean(who)
    return who if formats.columns(who) <= room else who.partition(" ")[0][:room]


def key_mark(number: int, row: DeviceRow, glyphs: Glyphs, selected: bool) -> str:
    """Return the cursor and the key that chooses a device."""
    key = str(number + 1) if number < 9 and row.kind != "grid" else " "
    return f"{glyphs.cursor if selected else ' '}{key} "


def state(row: DeviceRow, glyphs: Glyphs, width: int) -> tuple[str, str]:
    """Return the state, quiet while all is well, with a mark where something is forced."""
    mark = glyphs.alarm if row.look == "alarm" else ""
    return formats.fit(mark + row.status + ("*" if row.pinned else ""), width, glyphs.cut), row.look


def write_role(row: DeviceRow) -> str:
    """Return the role of the last write by a client: inverted while it is fresh."""
    if row.write_age_s is None or row.setter:
        return "label"
    return "fresh" if row.write_age_s < FRESH_S else "written"


def short_address(writer: str, room: int) -> str:
    """Return a client's address, only its port where there is no room for more."""
    writer = formats.clean(writer)
    return writer if len(writer) <= room else ":" + writer.rpartition(":")[2]


def power_spark(
    row: DeviceRow, frame: Frame, history: History, width: int, glyphs: Glyphs, unit: str = ""
) -> Line:
    """Return the power of a device lately about a zero line, and the range it is drawn in.

    A consumer's bars stand, for it consumes; charging hangs, discharging stands.
    """
    signal = (GRID, "active_power_w") if row.kind == "grid" else (row.name, POWER)
    values = history.columns(*signal, width, window_s(frame))
    if row.consumes:
        values = [None if value is None else -value for value in values]
    largest = max([abs(value) for value in values if value is not None and value == value] or [0.0])  # noqa: PLR0124
    scale = round_up(max(largest, 10.0))
    line: Line = []
    for text, sign in diverging(values, scale, glyphs):
        role = row.colour if sign > 0 else row.colour + HUNG if sign < 0 else "axis"
        if line and line[-1][1] == role:
            line[-1] = line[-1][0] + text, role
        else:
            line.append((text, role))
    signed = any(value is not None and value < -0.005 * scale for value in values)
    mark = ("±" if glyphs.unicode else "+-") if signed else ""
    text = f" {mark}{scale / 1000:g}"
    text = f"{text} {unit}" if unit and len(text) <= 5 else text
    line.append((formats.fit(text, 8 if unit else RANGE), "label"))
    return line


def energy_text(energy: Energy | None, glyphs: Glyphs) -> str:
    """Return what went into the bus and what out of it, in kWh, only one of them where that is all."""
    if energy is None:
        return ""
    parts = [
        f"{arrow} {formats.kilowatts(amount_wh)}"
        for arrow, amount_wh in ((glyphs.into, energy.into_wh), (glyphs.out_of, energy.out_wh))
        if amount_wh >= LEAST_WH
    ]
    return " ".join(parts) or formats.kilowatts(0.0)


def soc_text(row: DeviceRow) -> str:
    """Return the state of charge with one decimal, or nothing."""
    forced = " forced" if row.soc_forced else ""
    return f"{formats.percent(row.soc)} %{forced}" if row.soc is not None else ""


def fits(count: int, width: int, height: int, card: tuple[int, int]) -> bool:
    """Return whether so many cards of a least width and a height have room at once."""
    across = max(1, width // card[0])
    return card[1] * -(-count // across) <= height


def joined(parts: Sequence[Line]) -> Line:
    """Return lines beside each other as one."""
    return [span for part in parts for span in part]
