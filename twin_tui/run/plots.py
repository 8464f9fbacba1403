"""Plots in plain text, and what they are drawn from: the course of signals over a run."""

from collections.abc import Sequence

from twin_tui.engine.engine import Engine
from twin_tui.errors import CommandError, did_you_mean

MOST_POINTS = 1024
_ASCII = str.maketrans("─│┌┐└┘┤┬├┴┼", "-|+++++++++")


def plot(points: Sequence[tuple[float, float]], width: int, height: int, *, marker: str = "hd") -> str:
    """Return a line plot of (time, value) in plain text; with a marker of plain ASCII that is all it has."""
    import plotext  # noqa: PLC0415 - 25 ms that only who looks at a plot pays

    plotext.clear_figure()
    plotext.theme("clear")
    plotext.limit_size(False, False)  # the caller knows the room; plotext would ask the terminal
    plotext.plotsize(width, height)
    values = [value for _, value in points]
    plotext.plot([time for time, _ in points], values, marker=marker)
    low, high = min(values), max(values)
    missing = 0.02 * max(1.0, abs(high)) - (high - low)
    if missing > 0:
        plotext.ylim(low - missing / 2, high + missing / 2)
    text: str = plotext.uncolorize(plotext.build())
    return text.translate(_ASCII) if marker.isascii() and len(marker) == 1 else text


class Course:
    """The course of one signal, of a device, of "grid" or of "weather", thinned out as the run grows."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.name = name
        self.device, _, self.signal = name.partition(".")
        self._engine = engine
        self.unit = self._look_up_unit()
        self.times: list[float] = []
        self.values: list[float] = []
        self._every = 1
        self._seen = 0
        engine.watch(engine.dt_s, self._look)

    def _look_up_unit(self) -> str:
        declared = self._engine.signals(self.device).values()
        units = {s.name: s.unit for s in declared if s.type in (float, int) and not s.command}
        if self.signal not in units:
            hint = did_you_mean(self.signal, units)
            raise CommandError(f"{self.device} has no numeric signal {self.signal!r}{hint}")
        return units[self.signal]

    def _look(self) -> None:
        self._seen += 1
        if self._seen % self._every:
            return
        engine = self._engine
        self.times.append(engine.time_s)
        self.values.append(float(getattr(engine.telemetry(self.device), self.signal)))
        if len(self.times) >= MOST_POINTS:
            del self.times[::2], self.values[::2]
            self._every *= 2

    def draw(self, width: int, height: int, *, unicode: bool = True) -> str:
        """Return the plot with its title, in user units: kW, kWh, percent."""
        if not self.times:
            return f"{self.name}: nothing to draw yet"
        factor, unit = 1.0, self.unit
        if unit == "1":
            factor, unit = 100.0, "%"
        elif unit in ("W", "Wh", "VA", "var") and max(map(abs, self.values)) >= 1000.0:
            factor, unit = 0.001, f"k{unit}"
        hours = self.times[-1] > 2 * 3600.0
        points = [
            (time / 3600.0 if hours else time, number * factor)
            for time, number in zip(self.times, self.values, strict=True)
        ]
        drawn = plot(points, width, height, marker="hd" if unicode else "*")
        return f"{self.name}{f' in {unit}' if unit else ''} over {'hours' if hours else 'seconds'}\n{drawn}"
