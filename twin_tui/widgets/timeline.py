"""What was asked and what it did: setpoint and power of the chosen device, and when things happened to it."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from twin_tui.engine import formats
from twin_tui.engine.snapshot import LogEntry, LogKind
from twin_tui.engine.view import Frame
from twin_tui.widgets.chart import LEAST_WIDTH, Curve, Note, chart, margin_of, marks, points_across, times
from twin_tui.widgets.glyphs import Glyphs
from twin_tui.widgets.history import GRID, POWER, SETPOINT, History
from twin_tui.widgets.log_text import with_effect
from twin_tui.widgets.looks import FrameLines, Looks, SlowLines
from twin_tui.widgets.model import (
    is_client,
    last_ems_write,
    last_write,
    log_look,
    setpoint_author,
    setpoint_w,
)
from twin_tui.widgets.overview_lines import window_s
from twin_tui.widgets.spans import Line, rule
from twin_tui.widgets.themes import role_of

MARKS: dict[LogKind, tuple[str, str]] = {
    LogKind.MODE: ("M", "strong"),
    LogKind.S2: ("M", "strong"),
    LogKind.MARK: ("m", "strong"),
    LogKind.WRITE: ("W", "written"),
    LogKind.INJECT: ("!", "strong"),
    LogKind.FORCE: ("!", "strong"),
    LogKind.FAULT: ("▲", "alarm"),
    LogKind.TRIP: ("▲", "alarm"),
    LogKind.CEASE: ("▲", "alarm"),
    LogKind.ALARM: ("▲", "alarm"),
}
"""The letter under a chart for each kind of entry; later kinds hide earlier ones in one column."""
MARGIN = 1.25
"""Setpoints up to so many times the rating have their place on the axis."""
MARK_ORDER = {kind: place for place, kind in enumerate(MARKS)}


def device_chart(
    name: str,
    colour: str,
    history: History,
    entries: Sequence[LogEntry],
    span_s: float,
    width: int,
    height: int,
    glyphs: Glyphs,
    rated_w: float = math.inf,
) -> list[Line]:
    """Return power and setpoint of a device with the marks of its log under them; GRID is the grid.

    Setpoints far beyond what it can give do not stretch the axis: they are at its edge, with their value.
    """
    if height < 2 or width < LEAST_WIDTH:
        return []
    many = points_across(width, glyphs)
    power = history.columns(name, POWER if name else "active_power_w", many, span_s, paged=True)
    asked = history.columns(name, SETPOINT, many, span_s, paged=True)
    most_w = MARGIN * max([rated_w, *(abs(value) for value in power if value is not None)])
    curves = [
        Curve([None if value is None else value / 1000 for value in power], colour),
        Curve(
            [None if value is None else max(-most_w, min(most_w, value)) / 1000 for value in asked],
            "label",
            dashed=True,
        ),
    ]
    feet = 2 if height >= 6 else 0
    notes = _beyond(asked, most_w, glyphs)
    lines = chart(curves, width, height - feet, glyphs, zero=True, least_span=0.01, notes=notes)
    if not feet:
        return lines
    margin, end_s = margin_of(lines[0]), history.end_s(many, span_s)
    begins = bisect_left(entries, end_s - span_s, key=lambda entry: entry.time_s)
    ends = bisect_right(entries, end_s, key=lambda entry: entry.time_s)
    here = [entry for entry in entries[begins:ends] if entry.kind in MARKS and entry.device in (name, "grid")]
    here.sort(key=lambda entry: MARK_ORDER[entry.kind])
    places = []
    for entry in here:
        letter, role = MARKS[entry.kind]
        role = log_look(entry) if entry.kind is LogKind.WRITE else role
        letter = {"▲": glyphs.alarm, "!": glyphs.inject}.get(letter, letter)
        places.append((1.0 - (end_s - entry.time_s) / span_s, letter, role))
    return [*lines, marks(places, width, margin), times(end_s, span_s, width, margin)]


def _beyond(asked: Sequence[float | None], most_w: float, glyphs: Glyphs) -> list[Note]:
    """Return the newest setpoint above and below the axis, each with its value where it ends."""
    found: dict[bool, Note] = {}
    for place, value in enumerate(asked, 1):
        if value is not None and abs(value) > most_w:
            text = f"{glyphs.beyond[value < 0]} set {formats.kilowatts(value)} kW "
            found[value > 0] = Note(text, value > 0, place / len(asked))
    return list(found.values())


class Timeline(FrameLines, can_focus=True):
    """The chart of the chosen device, and the last write with its effect."""

    def __init__(self, looks: Looks) -> None:
        super().__init__(looks, id="timeline")
        self.device = ""

    def draw(self, frame: Frame) -> None:
        width, glyphs, looks = self.size.width, self.looks.glyphs, self.looks
        span_s = looks.window_s or window_s(frame)
        legend = "P kW ── set ╌╌" if glyphs.braille else "P kW, set dotted"
        title = rule(
            formats.clean(self.device) or "grid",
            width,
            glyphs.line,
            f"{legend}  last {formats.duration(span_s)}  W write {glyphs.inject} inject {glyphs.alarm} trip",
        )
        if len(title) == 1:
            title = rule(formats.clean(self.device) or "grid", width, glyphs.line, "P kW")
        height = self.size.height - 1
        said = self._effect(frame, width) if height >= 11 else []
        lines = device_chart(
            self.device or GRID,
            looks.colour(self.device),
            looks.history,
            looks.journal.entries,
            span_s,
            width,
            height - len(said),
            glyphs,
            looks.rated_w(self.device),
        )
        self.show([title, *lines, *said])

    def _effect(self, frame: Frame, width: int) -> list[Line]:
        """Return the last write and what followed, or what has set the setpoint since."""
        trace, glyphs = last_write(frame, self.device), self.looks.glyphs
        device = next((each for each in frame.snapshot.devices if each.name == self.device), None)
        author = setpoint_author(device) if device is not None else None
        if author is not None and device is not None and (trace is None or author.since_s > trace.time_s):
            when = f" since {formats.clock(author.since_s, tenths=False)} "
            asked = f" sets {formats.kilowatts(setpoint_w(device))} kW"
            return [[(when, "label"), (formats.clean(author.who), "strong"), (asked, "plain")]]
        if trace is None:
            return []
        when = f" W {formats.age(trace.age_s)} ago "
        text, who, effect = with_effect(
            *map(formats.clean, (trace.text, trace.origin, trace.effect)), width - len(when), glyphs.cut
        )
        followed: Line = [(f"  {glyphs.into} ", "label"), (effect, "strong")] if effect else []
        role = "written" if is_client(trace.origin) else "strong"
        return [[(when, role), (text, "plain"), (who, "label"), *followed]]


class Charts(SlowLines):
    """The same for the other devices, as many as have room, those first that are written to."""

    def __init__(self, looks: Looks) -> None:
        super().__init__(looks, id="charts")
        self.device = ""
        """The device that has its own chart already."""

    def draw(self, frame: Frame) -> None:
        width, height, glyphs, looks = self.size.width, self.size.height, self.looks.glyphs, self.looks
        others = [device for device in frame.snapshot.devices if device.name != self.device]
        others.sort(key=lambda device: (not device.flow_group, last_ems_write(frame, device.name) is None))
        count = max(1, min(len(others) + 1, height // 9))
        span_s = looks.window_s or window_s(frame)
        lines: list[Line] = []
        chosen = [(device.name, role_of(device.flow_group or "Grid", device.role)) for device in others]
        shown = [*chosen[: count - 1], (GRID, "grid")] if self.device else chosen[:count]
        for place, (name, colour) in enumerate(shown):
            room = (height - len(lines)) // (len(shown) - place)
            lines.append(rule(formats.clean(name) or "grid", width, glyphs.line, "kW"))
            lines += device_chart(
                *(name, colour, looks.history, looks.journal.entries, span_s, width, room - 1, glyphs),
                looks.rated_w(name),
            )
        self.show(lines[:height])
