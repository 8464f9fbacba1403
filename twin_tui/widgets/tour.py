"""The tour of a first run: five steps beside the running twin; each is done by doing it."""

from collections.abc import Callable, Mapping

from twin_tui.engine.signals import value
from twin_tui.engine.snapshot import LogKind
from twin_tui.engine.view import Frame
from twin_tui.widgets.line_view import LineView
from twin_tui.widgets.spans import Line


@value
class TourStep:
    """One step: what to do, why, and how it shows that it was done."""

    title: str
    press: str
    """With the names of keys in braces."""
    meaning: str
    done: Callable[[Frame, Frame, str], bool]
    """(frame at the step's beginning, frame now, name of the view) → whether it was done."""


def _injections(frame: Frame) -> int:
    """Return the number of the newest injection in the log."""
    return max((entry.number for entry in frame.snapshot.log if entry.kind is LogKind.INJECT), default=0)


def _forced(frame: Frame) -> int:
    return sum(len(device.pinned) for device in frame.snapshot.devices)


STEPS = (
    TourStep(
        "Inject",
        "{sag}, then enter twice",
        "the grid falls to 0.7 pu of its voltage for 2 s; {inject} lists all injections",
        lambda before, now, view: _injections(now) > _injections(before),
    ),
    TourStep(
        "See the writes",
        "{registers}",
        "every register with its last writer: W 0.4s 10.0.0.7:51234; beneath, what the device did",
        lambda before, now, view: view == "registers",
    ),
    TourStep(
        "Force a register",
        "{force}, a value, enter twice",
        "clients read this value, whatever the device does, until {release} releases it",
        lambda before, now, view: _forced(now) > _forced(before),
    ),
    TourStep(
        "Speed",
        "{faster}",
        "simulated time runs faster; {slower} slower, {real-time} as the clock, {pause} pauses",
        lambda before, now, view: now.speed != before.speed,
    ),
    TourStep(
        "Quit",
        "{quit} when you are done",
        "{help} explains each screen, {command} takes any command, :tour shows this again",
        lambda before, now, view: False,
    ),
)


class Tour(LineView):
    """Two lines that say what to try next; it goes on when that was done, and escape ends it."""

    DEFAULT_CSS = "Tour { height: 2; display: none; background: $panel; }"

    def __init__(self, keys: Mapping[str, str]) -> None:
        super().__init__(id="tour")
        self.keys = keys
        self.step = 0
        self._before: Frame | None = None

    def begin(self) -> None:
        """Show the first step."""
        self.step, self._before = 0, None
        self.display = True
        self.redraw()

    def end(self) -> None:
        """Take the tour away."""
        self.display = False

    def look(self, frame: Frame, view: str) -> None:
        """Go on to the next step when this one was done."""
        if not self.display:
            return
        if self._before is None:
            self._before = frame
        elif STEPS[self.step].done(self._before, frame, view):
            self.step, self._before = self.step + 1, frame
            self.redraw()

    def on_resize(self) -> None:
        self.redraw()

    def redraw(self) -> None:
        """Draw the step."""
        step = STEPS[self.step]
        place = f" {self.step + 1}/{len(STEPS)} {step.title}: "
        press = f"press {step.press.format_map(self.keys)}"
        lines: list[Line] = [
            [(place, "focus"), (press, "strong"), (f"   {self.keys['back']} ends the tour", "label")],
            [(f" {step.meaning.format_map(self.keys)}", "plain")],
        ]
        self.show(lines)
