"""One actuator: which mode it is in, which timers run, whether a change is permitted.

Time is counted in moments, the boundaries between ticks: moment m is m time steps after the start.
"""

import math

from twin_tui.engine.s2.model import Actuator, Element, OperationMode, Transition


def steps(duration_ms: int, dt_s: float) -> int:
    """Return the time steps that last at least ``duration_ms``."""
    return math.ceil(duration_ms / 1000.0 / dt_s - 1e-9)


class ActuatorMachine:
    """Moves one actuator through its operation modes."""

    def __init__(self, actuator: Actuator, dt_s: float, moment: int = 0) -> None:
        self.actuator = actuator
        self._dt_s = dt_s
        initial = actuator.mode(actuator.initial) if actuator.initial else actuator.modes[0]
        assert initial is not None
        self.mode: OperationMode = initial
        self.factor = actuator.initial_factor
        self.previous: OperationMode | None = None
        self.since: int | None = None
        """The moment at which the last transition began."""
        self.settles = 0
        """The moment from which the device behaves according to the mode."""
        self._previous_factor = 0.0
        self.finishes = {t.id: moment + steps(t.left_ms, dt_s) for t in actuator.timers if t.left_ms > 0}
        """The moment at which each timer that was ever started is finished."""

    def running(self, moment: int) -> tuple[str, ...]:
        """Return the timers that are not finished."""
        return tuple(timer for timer, finish in self.finishes.items() if moment < finish)

    def in_transition(self, moment: int) -> bool:
        """Return whether a transition takes its time still."""
        return moment < self.settles

    def transition(self, target: str, abnormal: bool) -> Transition | None:
        """Return the transition to a mode that the condition permits; None when there is none."""
        return next(
            (
                t
                for t in self.actuator.transitions
                if t.source == self.mode.id and t.target == target and (abnormal or not t.abnormal_only)
            ),
            None,
        )

    def obstacle(self, target: OperationMode, level: float, abnormal: bool, moment: int) -> str:
        """Return what forbids a mode now, in a sentence; "" when nothing does."""
        if target.abnormal_only and not abnormal:
            return f"mode {target.id} is for abnormal conditions only"
        if target.element(level) is None:
            return f"mode {target.id} has no element at fill level {level:.3g}"
        return "" if target.id == self.mode.id else self._barrier(target.id, abnormal, moment)

    def _barrier(self, target: str, abnormal: bool, moment: int) -> str:
        change = f"{self.mode.id} → {target}"
        transition = self.transition(target, abnormal)
        if transition is None:
            if self.transition(target, True) is not None:
                return f"the transition {change} is for abnormal conditions only"
            return f"there is no transition {change}"
        for timer in transition.blocking_timers:
            left = self.finishes.get(timer, 0) - moment
            if left > 0:
                return f"timer {timer} blocks {change} for {left * self._dt_s:g} s"
        return ""

    def enter(self, target: OperationMode, factor: float, abnormal: bool, moment: int) -> tuple[str, ...]:
        """Begin to go to a mode that has no obstacle; return the timers that this starts."""
        if target.id == self.mode.id:
            self.factor = factor
            return ()
        transition = self.transition(target.id, abnormal)
        assert transition is not None
        for timer in transition.start_timers:
            self.finishes[timer] = moment + steps(self.actuator.timer(timer).duration_ms, self._dt_s)
        self.previous, self._previous_factor = self.mode, self.factor
        self.mode, self.factor = target, factor
        self.since = moment
        self.settles = moment + steps(transition.duration_ms, self._dt_s)
        return transition.start_timers

    def active(self, level: float, moment: int) -> tuple[Element | None, float]:
        """Return the element and factor by which the device behaves at a fill level."""
        if moment < self.settles and self.previous is not None and not self.actuator.device_takes_time:
            return self.previous.element(level), self._previous_factor
        return self.mode.element(level), self.factor

    def power_w(self, level: float, moment: int) -> float:
        """Return the power that the active element asks for, W, positive while consuming; 0 outside all."""
        element, factor = self.active(level, moment)
        return 0.0 if element is None else element.power_w(factor)

    def supply(self, level: float, moment: int) -> float:
        """Return the supply of the active element, as DDBC counts it."""
        element, factor = self.active(level, moment)
        return 0.0 if element is None else element.rate(factor)

    def ended(self, moment: int) -> OperationMode | None:
        """Return the mode that follows automatically now, if one does."""
        if self.mode.ends_in and not self.in_transition(moment) and not self.running(moment):
            return self.actuator.mode(self.mode.ends_in)
        return None

    def next_modes(self, level: float, moment: int) -> tuple[str, ...]:
        """Return the modes that an instruction could reach now, in a normal condition."""
        return tuple(
            mode.id
            for mode in self.actuator.modes
            if mode.id != self.mode.id and not self.obstacle(mode, level, False, moment)
        )
