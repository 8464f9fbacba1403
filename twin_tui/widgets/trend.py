"""Trends of chosen signals, one panel each, so that no two units share an axis."""

from collections.abc import Sequence

from twin_tui.engine.signals import Signal
from twin_tui.engine.view import Frame
from twin_tui.widgets.chart import Curve, chart, margin_of, points_across, times
from twin_tui.widgets.looks import Looks, SlowLines
from twin_tui.widgets.model import shown
from twin_tui.widgets.spans import Line, rule
from twin_tui.widgets.themes import role_of

WINDOWS_S = (60.0, 300.0, 900.0, 3600.0)
PANELS = 3
LEAST_PANEL = 4
LEAST_WIDTH = 24


class Trend(SlowLines):
    """The course of up to three signals of a device over the last minutes of simulated time."""

    DEFAULT_CSS = "Trend { height: 12; }"

    def __init__(self, looks: Looks) -> None:
        super().__init__(looks)
        self.device = ""
        self.chosen: tuple[str, ...] = ("active_power_w",)
        self.window_s = WINDOWS_S[0]

    @property
    def colour(self) -> str:
        """The role of the device's kind."""
        view = self.looks.site.device(self.device)
        return role_of(view.flow_group, view.role) if view is not None else "load"

    def signals(self) -> dict[str, Signal]:
        """Return the signals that can be drawn, by name."""
        view = self.looks.site.device(self.device)
        if view is None:
            return {}
        return {n: s for n, s in view.telemetry.items() if s.type in (float, int) and not s.options}

    def choose(self, names: Sequence[str]) -> None:
        self.chosen = tuple(names[:PANELS])
        self.redraw()

    def next_window(self) -> None:
        """Draw the next longer window of time, then the shortest again."""
        self.window_s = WINDOWS_S[(WINDOWS_S.index(self.window_s) + 1) % len(WINDOWS_S)]
        self.redraw()

    def draw(self, frame: Frame) -> None:
        width, height = self.size.width, self.size.height
        known = self.signals()
        names = [name for name in self.chosen if name in known] or list(known)[:1]
        names = names[: max(1, height // LEAST_PANEL)]
        if width < LEAST_WIDTH or height < LEAST_PANEL:
            self.show([])
            return
        if not names:
            self.show([[(" This device shows nothing that could be drawn over time.", "label")]])
            return
        lines: list[Line] = []
        for place, name in enumerate(names):
            panel = (height - len(lines)) // (len(names) - place)
            lines += self._panel(known[name], width, panel, last=place == len(names) - 1)
        self.show(lines)

    def _is_forced(self, signal: str) -> bool:
        found = self.frame.snapshot.devices if self.frame is not None else ()
        return any(each.name == self.device and signal in each.pinned for each in found)

    def _panel(self, signal: Signal, width: int, height: int, *, last: bool) -> list[Line]:
        history, glyphs = self.looks.history, self.looks.glyphs
        factor, unit = _scale(signal.unit)
        many = points_across(width, glyphs)
        seen = history.columns(self.device, signal.name, many, self.window_s, paged=True)
        values = [None if value is None else value * factor for value in seen]
        newest = history.newest(self.device, signal.name)
        now = (
            ""
            if newest is None
            else f"now {shown(newest, signal.unit)}{' forced' * self._is_forced(signal.name)}"
        )
        title = f"{signal.name} {unit}".rstrip()
        feet = 1 if last and height >= LEAST_PANEL else 0
        drawn = chart(
            [Curve(values, self.colour)],
            width,
            max(1, height - 1 - feet),
            glyphs,
            zero=unit.startswith("kW"),
            least_span=0.01 if unit == "%" else 0.0,
        )
        end_s = history.end_s(many, self.window_s)
        foot = [times(end_s, self.window_s, width, margin_of(drawn[0]))] if feet else []
        return [rule(title, width, glyphs.line, now), *drawn, *foot]


def _scale(unit: str) -> tuple[float, str]:
    if unit in ("W", "VA", "var", "Wh"):
        return 0.001, f"k{unit}"
    if unit == "1":
        return 100.0, "%"
    return 1.0, "°C" if unit == "degC" else unit
