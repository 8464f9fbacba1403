"""One large trend, drawn by plotext at a slow rate: it is the dearest thing on the screen."""

import time

from twin_tui.engine.signals import Signal
from twin_tui.widgets import formats
from twin_tui.widgets.looks import FrameLines, Looks
from twin_tui.widgets.spans import Line, rule

EVERY_S = 1.0
WINDOWS_S = (60.0, 300.0, 900.0, 3600.0)


class Trend(FrameLines):
    """The course of one signal of a device over the last minutes of simulated time."""

    DEFAULT_CSS = "Trend { height: 12; }"

    def __init__(self, looks: Looks) -> None:
        super().__init__(looks)
        self.device = ""
        self.signal = "active_power_w"
        self.window_s = WINDOWS_S[0]
        self._drawn_s = 0.0

    def watch_frame(self) -> None:
        """Draw, but not at every frame."""
        now = time.monotonic()
        if now - self._drawn_s >= EVERY_S:
            self._drawn_s = now
            self.redraw()

    def signals(self) -> list[Signal]:
        """Return the signals that can be drawn."""
        view = self.looks.site.device(self.device)
        if view is None:
            return []
        return [s for s in view.telemetry.values() if s.type in (float, int) and not s.options]

    def next_signal(self) -> str:
        """Draw the next signal; return its name."""
        names = [signal.name for signal in self.signals()]
        if names:
            place = names.index(self.signal) + 1 if self.signal in names else 0
            self.signal = names[place % len(names)]
        self.redraw()
        return self.signal

    def next_window(self) -> str:
        """Draw the next window of time; return it in words."""
        place = WINDOWS_S.index(self.window_s) + 1
        self.window_s = WINDOWS_S[place % len(WINDOWS_S)]
        self.redraw()
        return formats.duration(self.window_s)

    def redraw(self) -> None:
        """Plot the signal."""
        width, height = self.size.width, self.size.height
        if self.frame is None or width < 20 or height < 4:
            self.show([])
            return
        signal = next((s for s in self.signals() if s.name == self.signal), None)
        if signal is None:
            self.show([[(" This device shows nothing that could be drawn over time.", "dim")]])
            return
        factor, unit = _scale(signal.unit)
        columns = max(10, width - 10)
        values = self.looks.history.columns(
            self.looks.history.signal(self.device, signal.name), columns, self.window_s
        )
        title = f"{signal.name} in {unit or '1'}, last {formats.duration(self.window_s)}"
        head = rule(title, width, self.looks.glyphs.line, "t signal  T window")
        known = [(place, value * factor) for place, value in enumerate(values) if value is not None]
        if len(known) < 2:
            self.show([head, [(" collecting …", "dim")]])
            return
        text = plot(known, columns, self.window_s, width, height - 1, self.looks.glyphs.unicode)
        lines: list[Line] = [head]
        lines += [[(line, "spark")] for line in text.splitlines()]
        self.show(lines[:height])


def _scale(unit: str) -> tuple[float, str]:
    if unit in ("W", "VA", "var", "Wh"):
        return 0.001, f"k{unit}"
    if unit == "1":
        return 100.0, "%"
    return 1.0, "°C" if unit == "degC" else unit


def plot(
    points: list[tuple[int, float]], columns: int, window_s: float, width: int, height: int, unicode: bool
) -> str:
    """Return a plain-text plot of (column, value); time runs to 0, the present, at the right."""
    import plotext  # noqa: PLC0415 - it takes 50 ms that the first paint need not wait for

    figure = plotext
    figure.clear_figure()
    figure.theme("clear")
    figure.plotsize(width, height)
    step_s = window_s / columns
    times = [(column - columns + 1) * step_s for column, _ in points]
    marker = "hd" if unicode else "*"
    figure.plot(times, [value for _, value in points], marker=marker)
    figure.xlim(-window_s, 0)
    low, high = min(v for _, v in points), max(v for _, v in points)
    if high - low < 1e-6 * max(1.0, abs(high)):
        figure.ylim(low - 1, high + 1)
    text: str = figure.uncolorize(figure.build())
    return text if unicode else text.translate(_ASCII)


_ASCII = str.maketrans(
    {
        "─": "-",
        "│": "|",
        "┌": "+",
        "┐": "+",
        "└": "+",
        "┘": "+",
        "┤": "+",
        "┬": "+",
        "├": "+",
        "┴": "+",
        "┼": "+",
    }
)
