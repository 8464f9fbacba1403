"""The devices of a site as rows or as cards, and the power flow between them: pure drawing."""

from collections.abc import Sequence
from dataclasses import dataclass

from twin_tui.engine import formats
from twin_tui.engine.snapshot import Snapshot
from twin_tui.engine.view import Frame
from twin_tui.widgets.glyphs import Glyphs, bar, sparkline
from twin_tui.widgets.history import GRID, History
from twin_tui.widgets.model import DeviceRow, device_row, grid_row, power_flow
from twin_tui.widgets.spans import Line

CARD_HEIGHT = 5
CARD_WIDTH = 34
FRESH_S = 2.0


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns a table of some width has; 0 is none."""

    name: int
    setpoint: bool
    soc: bool
    write: bool
    power_spark: int
    side: int

    @classmethod
    def of(cls, width: int, longest_name: int) -> "Columns":
        """Return the columns that fit."""
        name = min(longest_name, 10 if width < 60 else 14 if width < 120 else 24)
        setpoint, soc, write = width >= 64, width >= 44, width >= 56
        room = width - (3 + name + 1 + 8 + 9 + 9 * setpoint + 7 * soc + 8 * write) - 1
        side = min(24, room // 3) if room >= 27 else 0
        return cls(name, setpoint, soc, write, max(0, room - side - 2) if room >= 8 else 0, side)


def rows_of(frame: Frame) -> list[DeviceRow]:
    """Return the rows of the overview: every device, then the grid."""
    return [*(device_row(device, frame) for device in frame.snapshot.devices), grid_row(frame.snapshot)]


def window_s(frame: Frame) -> float:
    """Return how much simulated time a sparkline spans: a minute at the speed of the run."""
    return 60.0 * max(1.0, min(frame.speed, 1440.0))


def heading(columns: Columns, frame: Frame) -> Line:
    """Return the line over the table."""
    span = formats.duration(window_s(frame))
    last = f"last {span}"
    text = " # " + formats.fit("device", columns.name + 1) + formats.fit("state", 8) + "P kW".rjust(9)
    if columns.setpoint:
        text += "P* kW".rjust(9)
    if columns.power_spark:
        text += "  " + formats.fit(last, columns.power_spark)
    if columns.soc:
        text += "SOC %".rjust(7)
    if columns.side:
        text += "  " + formats.fit(last if columns.side > len(last) + 2 else span, columns.side - 2)
    if columns.write:
        text += "EMS W".rjust(8)
    return [(text, "label")]


def table(frame: Frame, history: History, width: int, glyphs: Glyphs, selected: int = -1) -> list[Line]:
    """Return the heading and one line a device."""
    rows = rows_of(frame)
    columns = Columns.of(width, max(formats.columns(row.name) for row in rows))
    lines = [heading(columns, frame)]
    for number, row in enumerate(rows):
        lines.append(_row(number, row, columns, frame, history, glyphs, number == selected))
    return lines


def _row(
    number: int,
    row: DeviceRow,
    columns: Columns,
    frame: Frame,
    history: History,
    glyphs: Glyphs,
    selected: bool,
) -> Line:
    key = str(number + 1) if number < 9 and row.kind != "grid" else " "
    mark = glyphs.cursor if selected else " "
    line: Line = [
        (f"{mark}{key} ", "focus" if selected else "label"),
        (
            formats.fit(formats.clean(row.name), columns.name, glyphs.cut) + " ",
            row.colour,
        ),
        (formats.fit(row.status + ("*" if row.pinned else ""), 8), row.look),
        (formats.kilowatts(row.power_w, 9), "plain"),
    ]
    if columns.setpoint:
        setpoint = row.extra if row.kind == "grid" else formats.kilowatts(row.setpoint_w)
        line.append((setpoint.rjust(9), "plain" if row.setpoint_w is not None or row.extra else "label"))
    if columns.power_spark:
        drawn = power_spark(row, frame, history, columns.power_spark - 2, glyphs)
        line.append(("  " + formats.fit(drawn, columns.power_spark), row.colour))
    if columns.soc:
        line.append((formats.percent(row.soc, 7), "plain" if row.soc is not None else "label"))
    if columns.side:
        line += _side(row, frame, history, columns.side, glyphs)
    if columns.write:
        fresh = row.write_age_s is not None and row.write_age_s < FRESH_S
        text = ("W " if fresh else "") + formats.age(row.write_age_s)
        line.append((text.rjust(8), "fresh" if fresh else "label"))
    return line


def _side(row: DeviceRow, frame: Frame, history: History, width: int, glyphs: Glyphs) -> Line:
    room = width - 2
    if row.alarm:
        return [("  " + formats.fit(f"{glyphs.alarm}{row.alarm}", room, glyphs.cut), "alarm")]
    if row.mode:
        return [("  " + formats.fit(row.mode, room, glyphs.cut), "strong")]
    if row.soc is None:
        return [(" " * width, "plain")]
    return [("  " + soc_spark(row, frame, history, room, glyphs), row.colour)]


def power_spark(row: DeviceRow, frame: Frame, history: History, width: int, glyphs: Glyphs) -> str:
    """Return the power of a device lately, from its least to its greatest value, zero included."""
    values = history.signal(GRID if row.kind == "grid" else row.name, "active_power_w")
    drawn = history.columns(values, width, window_s(frame))
    known = [value for value in drawn if value is not None]
    low, high = min([0.0, *known]), max([0.0, *known])
    return sparkline(drawn, low, high, glyphs)


def soc_spark(row: DeviceRow, frame: Frame, history: History, width: int, glyphs: Glyphs) -> str:
    """Return the state of charge lately, on a fixed scale from empty to full."""
    drawn = history.columns(history.signal(row.name, "soc"), width, window_s(frame))
    return sparkline(drawn, 0.0, 1.0, glyphs)


def cards(frame: Frame, history: History, width: int, glyphs: Glyphs, selected: int = -1) -> list[Line]:
    """Return the devices as cards side by side, ``CARD_HEIGHT`` lines each, no line beneath the last."""
    rows = rows_of(frame)
    across = max(1, width // CARD_WIDTH)
    size = width // across
    lines: list[Line] = []
    for start in range(0, len(rows), across):
        drawn = [
            _card(number, rows[number], frame, history, size, glyphs, number == selected)
            for number in range(start, min(start + across, len(rows)))
        ]
        for parts in zip(*drawn, strict=True):
            lines.append([span for part in parts for span in part])
    return lines


def _card(
    number: int, row: DeviceRow, frame: Frame, history: History, width: int, glyphs: Glyphs, selected: bool
) -> list[Line]:
    inner = width - 2
    key = str(number + 1) if number < 9 and row.kind != "grid" else " "
    mark = glyphs.cursor if selected else " "
    name = formats.fit(formats.clean(row.name), inner - 13, glyphs.cut)
    role = "focus" if selected else "label"
    title: Line = [
        (f"{mark}{key} ", role),
        (name + " ", row.colour),
        (formats.fit(row.status + ("*" if row.pinned else ""), 9), row.look),
        ("  ", "plain"),
    ]
    setpoint = f"set {formats.kilowatts(row.setpoint_w)}" if row.setpoint_w is not None else row.extra
    power = f"{formats.kilowatts(row.power_w, 8)} kW"
    power_line: Line = [
        ("   P ", "label"),
        (formats.fit(power, max(0, inner - 5 - len(setpoint))), "plain"),
        (setpoint, "label"),
        ("  ", "plain"),
    ]
    spark = power_spark(row, frame, history, inner - 5, glyphs)
    spark_line: Line = [("     ", "plain"), (formats.fit(spark, inner - 5), row.colour), ("  ", "plain")]
    return [title, power_line, spark_line, _soc_line(row, inner, glyphs), _foot(row, inner, glyphs)]


def _soc_line(row: DeviceRow, inner: int, glyphs: Glyphs) -> Line:
    if row.soc is None:
        return [(" " * (inner + 2), "plain")]
    text = formats.percent(row.soc, 6) + " %"
    drawn = bar(row.soc, inner - 6 - len(text), glyphs)
    return [(" SOC ", "label"), (drawn, row.colour), (" " + text, "plain"), ("  ", "plain")]


def _foot(row: DeviceRow, inner: int, glyphs: Glyphs) -> Line:
    if row.alarm:
        return [(formats.fit(f"     {glyphs.alarm} {row.alarm}", inner, glyphs.cut) + "  ", "alarm")]
    write = f"W {formats.age(row.write_age_s)} {row.writer}" if row.write_age_s is not None else ""
    text = "     " + "  ".join(part for part in (row.direction, row.mode, write) if part)
    fresh = row.write_age_s is not None and row.write_age_s < FRESH_S
    return [(formats.fit(text, inner, glyphs.cut) + "  ", "fresh" if fresh else "label")]


def flow(snapshot: Snapshot, width: int, glyphs: Glyphs) -> list[Line]:
    """Return who feeds the bus and who takes from it, widest flow first, with bars to one scale."""
    groups = power_flow(snapshot)
    largest = max([abs(power) for _, power, _ in groups] + [1.0])
    name = max(len(title) for title, _, _ in groups) + 1
    room = max(0, min(30, width - name - 16))
    lines: list[Line] = []
    for title, power_w, look in groups:
        idle = abs(power_w) < 0.5
        arrow = " " if idle else glyphs.into if power_w > 0 else glyphs.out_of
        word = "" if idle else "into bus" if power_w > 0 else "from bus"
        drawn = bar(abs(power_w) / largest, room, glyphs) if room > 3 else ""
        lines.append(
            [
                (" " + formats.fit(title, name), look),
                (f"{formats.kilowatts(abs(power_w), 8)} kW {arrow} ", "plain"),
                (drawn, look),
                (f" {word}" if width >= name + 16 + room + 9 else "", "label"),
            ]
        )
    return lines


def flow_line(snapshot: Snapshot, glyphs: Glyphs) -> Line:
    """Return the power flow in one line."""
    line: Line = [(" ", "plain")]
    for title, power_w, _ in power_flow(snapshot):
        arrow = glyphs.into if power_w > 0.5 else glyphs.out_of if power_w < -0.5 else " "
        line += [(f"{title} ", "label"), (f"{arrow}{formats.kilowatts(abs(power_w))}  ", "plain")]
    return [*line, ("kW  ", "label"), (f"{glyphs.into} feeds {glyphs.out_of} takes", "label")]


def fits(rows: Sequence[DeviceRow], width: int, height: int) -> bool:
    """Return whether all cards have room at once."""
    across = max(1, width // CARD_WIDTH)
    return CARD_HEIGHT * -(-len(rows) // across) <= height
