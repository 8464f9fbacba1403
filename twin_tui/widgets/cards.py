"""The devices of a site as cards, and the power between them: pure drawing."""

from twin_tui.engine import formats
from twin_tui.engine.snapshot import Snapshot
from twin_tui.engine.view import Frame
from twin_tui.engine.why import NO_KEYS, Keys
from twin_tui.widgets.glyphs import Glyphs, bar
from twin_tui.widgets.history import History
from twin_tui.widgets.model import DeviceRow, power_flow
from twin_tui.widgets.overview_lines import (
    joined,
    key_mark,
    power_spark,
    rows_of,
    short_address,
    soc_text,
    state,
    write_role,
)
from twin_tui.widgets.spans import Line, cut

CARD_HEIGHT = 5
CARD_WIDTH = 36
SOC_BAR = 8


def cards(
    frame: Frame, history: History, width: int, glyphs: Glyphs, selected: int = -1, keys: Keys = NO_KEYS
) -> list[Line]:
    """Return the devices as boxes side by side, ``CARD_HEIGHT`` lines each."""
    rows = rows_of(frame)
    across = max(1, width // CARD_WIDTH)
    size = width // across
    lines: list[Line] = []
    for start in range(0, len(rows), across):
        drawn = [
            _card(number, rows[number], frame, history, size, glyphs, keys, number == selected)
            for number in range(start, min(start + across, len(rows)))
        ]
        lines += [joined(parts) for parts in zip(*drawn, strict=True)]
    return lines


def _card(
    number: int,
    row: DeviceRow,
    frame: Frame,
    history: History,
    width: int,
    glyphs: Glyphs,
    keys: Keys,
    selected: bool,
) -> list[Line]:
    edge = "focus" if selected else "rule"
    inner = width - 5
    said, look = state(row, glyphs, len(row.status) + 2)
    said = said.strip()
    mark = key_mark(number, row, glyphs, selected).strip()
    key = f"{mark} " if mark else ""
    name = formats.fit(formats.clean(row.name), min(formats.columns(row.name), inner - 12), glyphs.cut)
    dashes = width - 8 - len(key) - formats.columns(name) - len(said)
    top: Line = [
        (glyphs.box[0] + glyphs.line + " ", edge),
        (key, "focus" if selected else "label"),
        (name + " ", row.colour),
        (glyphs.line * max(0, dashes), edge),
        (f" {said} ", look),
        (glyphs.box[1] + " ", edge),
    ]
    setpoint = f"set {formats.kilowatts(row.setpoint_w)}" if row.setpoint_w is not None else row.extra
    charge = soc_text(row)
    drawn = bar(row.soc, SOC_BAR, glyphs) + " " if row.soc is not None and inner >= 36 else ""
    left: Line = [(f"{formats.kilowatts(row.power_w, 8)} kW  ", "strong"), (setpoint, "label")]
    right: Line = [(drawn, row.colour), (charge, "plain")]
    spark = power_spark(row, frame, history, max(4, inner - 8), glyphs)
    write = f"W {formats.age(row.write_age_s)} {_port(row.writer)}" if row.write_age_s is not None else ""
    why = (
        row.why.sentence(keys, brief=True)
        or row.alarm
        or "  ".join(part for part in (row.direction, row.mode) if part)
    )
    room = inner - len(write) - 1
    foot: Line = [
        (formats.fit(formats.clean(why), room, glyphs.cut) + " ", "alarm" if row.look == "alarm" else "label")
    ]
    return [
        top,
        _boxed(_between(left, right, inner), inner, edge, glyphs),
        _boxed(spark, inner, edge, glyphs),
        _boxed([*foot, (write, write_role(row))], inner, edge, glyphs),
        [(glyphs.box[2] + glyphs.line * (width - 3) + glyphs.box[3] + " ", edge)],
    ]


def _port(writer: str) -> str:
    return short_address(writer, 6)


def _between(left: Line, right: Line, width: int) -> Line:
    """Return two lines at the two ends of one; the right one gives way."""
    used = sum(formats.columns(text) for text, _ in left)
    needed = sum(formats.columns(text) for text, _ in right)
    if used + needed > width:
        return left
    return [*left, (" " * (width - used - needed), "plain"), *right]


def _boxed(line: Line, inner: int, edge: str, glyphs: Glyphs) -> Line:
    return [(glyphs.upright + " ", edge), *cut(line, inner, glyphs.cut), (" " + glyphs.upright + " ", edge)]


def flow(snapshot: Snapshot, width: int, glyphs: Glyphs) -> list[Line]:
    """Return the power of each kind as bars from a bus in the middle: right into it, left out of it."""
    groups = power_flow(snapshot)
    largest = max([abs(power) for _, power, _ in groups] + [1.0])
    name = max(len(title) for title, _, _ in groups) + 2
    room = max(4, (width - name - 2 * 9 - 1) // 2)
    lines: list[Line] = []
    for title, power_w, colour in groups:
        idle = abs(power_w) < 0.5
        drawn = "" if idle else bar(abs(power_w) / largest, room, glyphs).rstrip() or glyphs.bar[1]
        number = formats.kilowatts(power_w)
        line: Line = [(" " + formats.fit(title, name - 1), colour)]
        if power_w < 0 and not idle:
            full = glyphs.bar[-1] * max(1, round(abs(power_w) / largest * room))
            line += [(f"{number} ".rjust(9 + room - len(full)), "plain"), (full, colour)]
            line.append((glyphs.upright, "axis"))
        else:
            line += [(" " * (9 + room), "plain"), (glyphs.upright, "axis"), (drawn, colour)]
            line.append((f" {number}", "plain" if not idle else "label"))
        lines.append(line)
    return lines


def balance(snapshot: Snapshot) -> str:
    """Return what flows into the bus, what out of it, and what is lost in the connection, in kW."""
    powers = [power for _, power, _ in power_flow(snapshot)]
    into = sum(power for power in powers if power > 0)
    out = -sum(power for power in powers if power < 0)
    lost = snapshot.grid.loss_w
    said = f"in {formats.kilowatts(into)}  out {formats.kilowatts(out)}"
    return said + (f"  lost {formats.kilowatts(lost)}" if lost >= 1.0 else "") + " kW"


def flow_line(snapshot: Snapshot, glyphs: Glyphs) -> Line:
    """Return the power flow in one line."""
    line: Line = [(" ", "plain")]
    for title, power_w, colour in power_flow(snapshot):
        arrow = glyphs.into if power_w > 0.5 else glyphs.out_of if power_w < -0.5 else " "
        line += [(f"{title} ", colour), (f"{arrow}{formats.kilowatts(abs(power_w))}  ", "plain")]
    return [*line, ("kW  ", "label"), (f"{glyphs.into} feeds {glyphs.out_of} takes", "label")]
