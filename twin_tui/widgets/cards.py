"""The devices of a site as cards, and the power between them: pure drawing."""

from twin_tui.engine import formats
from twin_tui.engine.snapshot import Snapshot
from twin_tui.engine.view import Frame
from twin_tui.engine.why import NO_KEYS, Keys
from twin_tui.widgets.glyphs import Glyphs, bar
from twin_tui.widgets.history import History
from twin_tui.widgets.log_text import in_room
from twin_tui.widgets.model import DeviceRow, flow_energy, power_flow
from twin_tui.widgets.overview_lines import (
    energy_text,
    joined,
    key_mark,
    power_spark,
    rows_of,
    short_address,
    soc_text,
    state,
    write_role,
)
from twin_tui.widgets.spans import Line, cut, named

CARD_HEIGHT = 5
CARD_WIDTH = 36
LONGEST_KIND = 14
"""The most columns of the name of a kind in the power flow."""
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
    most = width - 8 - len(key) - len(said)
    name = named(row.name, min(formats.columns(formats.clean(row.name)), most), glyphs.cut)
    dashes = most - formats.columns(name)
    top: Line = [
        (glyphs.box[0] + glyphs.line + " ", edge),
        (key, "focus" if selected else "label"),
        (name + " ", row.colour),
        (glyphs.line * max(0, dashes), edge),
        (f" {said} ", look),
        (glyphs.box[1] + " ", edge),
    ]
    setpoint = f"set {formats.kilowatts(row.setpoint_w)}" if row.setpoint_w is not None else row.extra
    left: Line = [(f"{formats.kilowatts(row.power_w, 8)} kW  ", "strong"), (setpoint, "label")]
    charge: Line = [(soc_text(row), "plain")]
    bars: Line = []
    if row.soc is not None:
        bars = [(bar(row.soc, SOC_BAR, glyphs), row.colour), (glyphs.bar_end, "axis")]
    spark = power_spark(row, frame, history, max(4, inner - 8), glyphs, "kW")
    why, write = _why(row, keys, inner), _write(row)
    alarms = row.look == "alarm" and bool(row.why.constraints or row.alarm)
    room = inner - formats.columns(write)
    beside = bool(write) and formats.columns(why) < room
    room = room if beside else inner
    foot: Line = [(formats.fit(in_room(why, room, glyphs.cut), room), "alarm" if alarms else "label")]
    foot += [(write, write_role(row))] if beside else []
    return [
        top,
        _boxed(_between(left, ([*bars, *charge], charge), inner), inner, edge, glyphs),
        _boxed(spark, inner, edge, glyphs),
        _boxed(foot, inner, edge, glyphs),
        _bottom(row, "" if beside else write, width, edge, glyphs),
    ]


def _write(row: DeviceRow) -> str:
    """Return the last write by a client with its TCP port, or who else has set the setpoint."""
    if row.setter:
        return formats.clean(row.setter)
    if row.write_age_s is None:
        return ""
    return f"W {formats.age(row.write_age_s)} {short_address(row.writer, 6)}"


def _bottom(row: DeviceRow, write: str, width: int, edge: str, glyphs: Glyphs) -> Line:
    """Return the lower edge with the energy of the day, and the last write that had no room; that is kept."""
    energy = energy_text(row.energy, glyphs)
    mark = [(f" {write} ", write_role(row)), (glyphs.line, edge)] if write else []
    used = sum(formats.columns(text) for text, _ in mark) + 4
    energies = (f" today {energy} kWh ", f" {energy} kWh ") if energy else ()
    today = next((text for text in energies if formats.columns(text) + used <= width), "")
    dashes = glyphs.line * (width - used - formats.columns(today))
    start: Line = [(glyphs.box[2] + glyphs.line, edge), (today, "label"), (dashes, edge)]
    return [*start, *mark, (glyphs.box[3] + " ", edge)]


def _why(row: DeviceRow, keys: Keys, room: int) -> str:
    """Return why a device gives what it gives, for so much room: what was asked and is given goes first."""
    why = row.why
    texts = [why.sentence(keys, brief=True) or row.alarm]
    if not texts[0]:
        return formats.clean("  ".join(part for part in (row.direction, row.mode) if part))
    if why.constraints:
        texts += [why.reasons(keys, brief=True), why.constraints[0].sentence(keys, brief=True)]
    texts = [formats.clean(text) for text in texts]
    return next((text for text in texts if formats.columns(text) <= room), texts[-1])


def _between(left: Line, rights: tuple[Line, ...], width: int) -> Line:
    """Return two lines at the two ends of one: of those for the right end the first that has room."""
    used = sum(formats.columns(text) for text, _ in left)
    for right in rights:
        gap = width - used - sum(formats.columns(text) for text, _ in right)
        if gap >= 1:
            return [*left, (" " * gap, "plain"), *right]
    return left


def _boxed(line: Line, inner: int, edge: str, glyphs: Glyphs) -> Line:
    return [(glyphs.upright + " ", edge), *cut(line, inner, glyphs.cut), (" " + glyphs.upright + " ", edge)]


def flow(frame: Frame, width: int, glyphs: Glyphs) -> list[Line]:
    """Return the power of each kind as bars from a bus in the middle: right into it, left out of it.

    With room the energy of the day is at the right end.
    """
    groups = power_flow(frame.snapshot)
    energies = flow_energy(frame)
    texts = [energy_text(energies.get(title), glyphs) for title, _, _ in groups]
    numbers = [formats.kilowatts(power_w) for _, power_w, _ in groups]
    largest = max([abs(power) for _, power, _ in groups] + [1.0])
    name = min(LONGEST_KIND, max(formats.columns(title) for title, _, _ in groups)) + 2
    number = max(map(len, numbers)) + 1
    energy = max(map(formats.columns, texts)) + 2
    energy = energy if energy > 2 and width >= name + 2 * number + energy + 30 else 0
    room = max(4, (width - name - 2 * number - 1 - energy) // 2)
    lines: list[Line] = []
    for (title, power_w, colour), said, today in zip(groups, numbers, texts, strict=True):
        idle = abs(power_w) < 0.5
        drawn = (
            "" if idle else bar(abs(power_w) / largest, room, glyphs, ends=False).rstrip() or glyphs.bar[1]
        )
        line: Line = [(" " + formats.fit(title, name - 1, glyphs.cut), colour)]
        if power_w < 0 and not idle:
            full = glyphs.bar[-1] * max(1, round(abs(power_w) / largest * room))
            line += [(f"{said} ".rjust(number + room - len(full)), "plain"), (full, colour)]
            line.append((glyphs.upright, "axis"))
            used = 0
        else:
            line += [(" " * (number + room), "plain"), (glyphs.upright, "axis"), (drawn, colour)]
            line.append((f" {said}", "plain" if not idle else "label"))
            used = formats.columns(drawn) + 1 + len(said)
        if energy:
            line.append((" " * (room + number - used) + today.rjust(energy), "plain"))
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
    lost_w = snapshot.grid.loss_w
    if lost_w >= 1.0:
        line.append((f"lost {formats.kilowatts(lost_w)}  ", "plain"))
    return [*line, ("kW  ", "label"), (f"{glyphs.into} feeds {glyphs.out_of} takes", "label")]


def since(frame: Frame) -> str:
    """Return the heading of the energies of the day, with the time of day where they begin later."""
    snapshot = frame.snapshot
    begun_s = snapshot.day_s - snapshot.time_s + frame.energy_since_s
    if begun_s < 60.0:
        return "today, kWh"
    return f"since {formats.clock(begun_s, tenths=False)[:5]}, kWh"
