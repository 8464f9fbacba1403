"""Plots in plain text, and what they are drawn from: the course of signals over a run."""

from collections.abc import Sequence

from twin_tui.engine.engine import Engine
from twin_tui.errors import CommandError, did_you_mean

MOST_POINTS = 1024
_ASCII = str.maketrans("─│┌┐└┘┤┬├┴┼", "-|+++++++++")


def plot(
    times: Sequence[float],
    values: Sequence[float],
    width: int,
    height: int,
    *,
    span: tuple[float, float] | None = None,
    unicode: bool = True,
) -> str:
    """Return a line plot of ``width`` by ``height`` characters; ``span`` bounds the time axis."""
    import plotext  # noqa: PLC0415 - 75 ms that only who looks at a plot pays

    plotext.clear_figure()
    plotext.theme("clear")
    plotext.plotsize(width, height)
    plotext.plot(list(times), list(values), marker="hd" if unicode else "*")
    if span is not None:
        plotext.xlim(*span)
    low, high = min(values), max(values)
    if high - low < 1e-6 * max(1.0, abs(high)):
        plotext.ylim(low - 1, high + 1)
    text: str = plotext.uncolorize(plotext.build())
    return text if unicode else text.translate(_ASCII)


class Course:
    """The course of one signal, ``device.signal`` or ``grid.signal``, thinned out as the run grows."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.name = name
        self.device, _, self.signal = name.partition(".")
        self._engine = engine
        self.unit = self._look_up_unit()
        self.times: list[float] = []
        self.values: list[float] = []
        self._every = 1
        self._seen = 0
        self._watcher = engine.watch(engine.dt_s, self._look)

    def _look_up_unit(self) -> str:
        device = self._engine.device(self.device)
        signals = {
            s.name: s for s in device.type.signals.values() if s.type in (float, int) and not s.command
        }
        if self.signal not in signals:
            hint = did_you_mean(self.signal, signals)
            raise CommandError(f"{self.device} shows no number {self.signal!r}{hint}")
        return signals[self.signal].unit

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

    def close(self) -> None:
        """Stop looking."""
        self._engine.unwatch(self._watcher)

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
        times = [time / 3600.0 if hours else time for time in self.times]
        drawn = plot(times, [number * factor for number in self.values], width, height, unicode=unicode)
        return f"{self.name}{f' in {unit}' if unit else ''} over {'hours' if hours else 'seconds'}\n{drawn}"
