"""What can be done to the surroundings on purpose: sags, frequency deviations, clouds, load steps."""

import itertools
import math
from bisect import bisect_right
from dataclasses import asdict, field, fields
from enum import Enum
from typing import Any

from twin_tui.engine.signals import value
from twin_tui.engine.steps import check_duration
from twin_tui.errors import CommandError, did_you_mean

SHORTEST_PERIOD_S = 0.001
LONGEST_LABEL = 80


def check_label(label: str) -> None:
    """Raise CommandError for a label that no list could show; it is part of every snapshot."""
    if len(label) > LONGEST_LABEL:
        raise CommandError(f"a label has up to {LONGEST_LABEL} characters, not {len(label):,}")


class Target(Enum):
    """The quantity that a disturbance changes, with the unit of its magnitude."""

    VOLTAGE = "voltage"
    """Magnitude is the remaining voltage in per unit: 0.7 a sag, 1.15 a swell, 0 an interruption."""
    FREQUENCY = "frequency"
    """Magnitude is the deviation in Hz."""
    APPLIED = "applied_frequency"
    """Magnitude is the deviation in Hz of a test signal: frequency reserves answer it, not the grid's."""
    PHASE = "phase"
    """Magnitude is the jump of the voltage angle in degrees; a frequency meter sees it as a short spike."""
    UNBALANCE = "unbalance"
    """Magnitude is the negative sequence over the positive: phase a rises, b and c fall."""
    IRRADIANCE = "irradiance"
    """Magnitude is the remaining fraction of the irradiance."""
    TEMPERATURE = "temperature"
    """Magnitude is the deviation of the ambient temperature in K."""
    LOAD = "load"
    """Magnitude is the additional consumption in W."""

    @property
    def neutral(self) -> float:
        """The magnitude that changes nothing."""
        return 1.0 if self in (Target.VOLTAGE, Target.IRRADIANCE) else 0.0


class Shape(Enum):
    """How a disturbance moves between its start and its end."""

    STEP = "step"
    RAMP = "ramp"
    """Grows linearly over ``ramp_s``, holds, and ends at once."""
    SINE = "sine"
    """Oscillates with ``period_s`` about the undisturbed value."""
    PLAYBACK = "playback"
    """Follows ``points``, (seconds after the start, magnitude), linearly."""


_MAGNITUDES = {
    Target.VOLTAGE: (0.0, 2.0, " pu"),
    Target.FREQUENCY: (-10.0, 10.0, " Hz"),
    Target.APPLIED: (-10.0, 10.0, " Hz"),
    Target.PHASE: (-180.0, 180.0, "°"),
    Target.UNBALANCE: (-0.5, 0.5, " of the positive sequence"),
    Target.IRRADIANCE: (0.0, 2.0, " of the sun"),
    Target.TEMPERATURE: (-60.0, 60.0, " K"),
    Target.LOAD: (-1e9, 1e9, " W"),
}
"""The least and the greatest magnitude, and its unit as a sentence has it."""
_ABSOLUTE = {Target.FREQUENCY: (10.0, 100.0), Target.APPLIED: (10.0, 100.0)}
"""The same for magnitudes that are the quantity itself; no deviation is that large."""


@value
class Disturbance:
    """One disturbance: what, how much, for how long, in which shape, on which phases ("abc")."""

    target: Target
    magnitude: float
    duration_s: float | None = None
    shape: Shape = Shape.STEP
    ramp_s: float = 0.0
    period_s: float = 1.0
    phases: str = "abc"
    points: tuple[tuple[float, float], ...] = field(default_factory=tuple)
    label: str = ""
    absolute: bool = False
    """Whether magnitudes are the frequency itself, Hz, which it has then instead of the grid's own."""

    def check(self) -> None:
        """Raise CommandError, naming the field, when the disturbance is invalid."""
        check_label(self.label)
        low, high, _ = _MAGNITUDES[self.target]
        if self.absolute:
            if self.target not in _ABSOLUTE or self.shape not in (Shape.STEP, Shape.PLAYBACK):
                raise CommandError("absolute goes with a step or playback of a frequency")
            low, high = _ABSOLUTE[self.target]
        magnitudes = [self.magnitude, *(magnitude for _, magnitude in self.points)]
        for magnitude in magnitudes:
            if not (math.isfinite(magnitude) and low <= magnitude <= high):
                raise CommandError(
                    f"{self.target.value} magnitude {magnitude:g} is outside {low:g} to {high:g}"
                )
        check_duration(self.duration_s)
        if self.shape is Shape.RAMP and not (math.isfinite(self.ramp_s) and self.ramp_s > 0):
            raise CommandError(f"a ramp takes ramp_s above 0, not {self.ramp_s:g}")
        if self.shape is Shape.SINE and not SHORTEST_PERIOD_S <= self.period_s < math.inf:
            raise CommandError(f"a sine takes period_s from {SHORTEST_PERIOD_S:g} s, not {self.period_s:g}")
        if not self.phases or set(self.phases) - set("abc"):
            raise CommandError(f"phases {self.phases!r} are not among a, b, c")
        if self.shape is Shape.PLAYBACK:
            times = [time for time, _ in self.points]
            if len(times) < 2 or any(not math.isfinite(t) for t in times):
                raise CommandError("a playback takes at least two points of finite time")
            if any(later < earlier for earlier, later in itertools.pairwise(times)):
                raise CommandError("the times of a playback must not decrease")

    def at(self, elapsed_s: float) -> float:
        """Return the magnitude ``elapsed_s`` seconds after the start."""
        if self.shape is Shape.STEP:
            return self.magnitude
        neutral = self.target.neutral
        if self.shape is Shape.RAMP:
            return neutral + (self.magnitude - neutral) * min(1.0, elapsed_s / self.ramp_s)
        if self.shape is Shape.SINE:
            return neutral + (self.magnitude - neutral) * math.sin(2 * math.pi * elapsed_s / self.period_s)
        return self._played(elapsed_s)

    def _played(self, elapsed_s: float) -> float:
        points = self.points
        after = bisect_right(points, (elapsed_s, math.inf))
        if after == 0:
            return points[0][1]
        if after == len(points):
            return points[-1][1]
        (t0, y0), (t1, y1) = points[after - 1], points[after]
        return y0 + (y1 - y0) * (elapsed_s - t0) / (t1 - t0)

    def text(self) -> str:
        """Return one line for the log and the status bar."""
        if self.target is Target.VOLTAGE:
            if self.shape is Shape.PLAYBACK:
                what = "voltage"
            elif self.magnitude == 0:
                what = "interruption"
            else:
                what = f"{'sag' if self.magnitude < 1 else 'swell'} to {self.magnitude:.2f} pu"
            if self.phases != "abc":
                what += f" on {','.join(self.phases)}"
        else:
            _, _, unit = _MAGNITUDES[self.target]
            sign = "" if self.target is Target.IRRADIANCE else "+"
            sign = "" if self.absolute else sign
            played, name = self.shape is Shape.PLAYBACK, self.target.value.replace("_", " ")
            what = name if played else f"{name} {self.magnitude:{sign}g}{unit}"
        if self.shape is not Shape.STEP:
            what += f" {self.shape.value}"
        return what + (f" for {self.duration_s:g} s" if self.duration_s is not None else "")

    @classmethod
    def playback(
        cls, target: Target, points: tuple[tuple[float, float], ...], duration_s: float | None
    ) -> "Disturbance":
        """Return the playback of points; frequencies from 10 Hz up are the frequency itself."""
        absolute = is_absolute(target, points)
        return cls(target, points[0][1], duration_s, Shape.PLAYBACK, points=points, absolute=absolute)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that ``from_dict`` reads."""
        return {**asdict(self), "target": self.target.value, "shape": self.shape.value}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Disturbance":
        """Build a disturbance from plain data; raise CommandError for what is not one."""
        known = {item.name for item in fields(cls)}
        for key in data:
            if key not in known:
                raise CommandError(f"unknown key {key!r} in a disturbance{did_you_mean(key, known)}")
        targets = {target.value: target for target in Target}
        shapes = {shape.value: shape for shape in Shape}
        target, shape = data.get("target"), data.get("shape", "step")
        if target not in targets:
            raise CommandError(f"unknown disturbance target {target!r}{did_you_mean(str(target), targets)}")
        if shape not in shapes:
            raise CommandError(f"unknown disturbance shape {shape!r}{did_you_mean(str(shape), shapes)}")
        rest = {key: data[key] for key in data if key not in ("target", "shape", "points")}
        try:
            points = tuple((float(time), float(magnitude)) for time, magnitude in data.get("points", ()))
            built = cls(target=targets[target], shape=shapes[shape], points=points, **rest)
            built.check()
        except (TypeError, ValueError) as error:
            raise CommandError(f"disturbance: {error}") from None
        return built


def is_absolute(target: Target, points: tuple[tuple[float, float], ...]) -> bool:
    """Return whether the points of a playback are frequencies, not deviations of them."""
    low, _ = _ABSOLUTE.get(target, (math.inf, math.inf))
    return bool(points) and all(magnitude >= low for _, magnitude in points)
