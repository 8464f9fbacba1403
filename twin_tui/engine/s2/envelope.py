"""PEBC: control by limits of the power over time."""

import bisect
import math
from collections.abc import Mapping
from typing import Any

from twin_tui.engine.running import Device, Run
from twin_tui.engine.s2.control import Control, Instruction
from twin_tui.engine.s2.machine import steps
from twin_tui.engine.s2.model import ControlType, EnvelopeDescription, InstructionStatus
from twin_tui.engine.signals import value
from twin_tui.engine.surroundings import Surroundings
from twin_tui.errors import CommandError

_ROUNDING_W = 1e-6


@value
class Envelope:
    """Limits one after the other: for how long, the upper and the lower one in W."""

    elements: tuple[tuple[int, float, float], ...]


class EnvelopeControl(Control):
    """Keeps the production of a device within the envelope of the latest instruction."""

    kind = ControlType.PEBC

    def __init__(self, run: Run, device: Device, description: EnvelopeDescription) -> None:
        super().__init__(run, device)
        self.description = description
        self._running: Instruction | None = None
        self._ends: list[int] = []

    @property
    def mode(self) -> str:
        """Return whether an envelope is in force."""
        return "limited" if self._running is not None else "free"

    def power_w(self, device: Device, surroundings: Surroundings, bus_w: float) -> float:
        """Return the most that the device may put into the bus now, W; infinite when nothing limits."""
        if self._running is None:
            return math.inf
        position = bisect.bisect_right(self._ends, self._run.tick)
        elements = self._running.content.elements
        return math.inf if position >= len(elements) else max(0.0, -elements[position][2])

    def _parse(self, data: Mapping[str, Any]) -> Envelope:
        if data.get("quantity", self.description.quantity) != self.description.quantity:
            raise CommandError(f"the envelope is for {data['quantity']}, not {self.description.quantity}")
        elements = tuple(
            (int(duration_ms), float(upper), float(lower)) for duration_ms, upper, lower in data["elements"]
        )
        for duration_ms, upper, lower in elements:
            if duration_ms <= 0 or not (math.isfinite(upper) and math.isfinite(lower)) or lower > upper:
                raise CommandError(f"invalid power limits: {lower:g} … {upper:g} W for {duration_ms} ms")
            for name, limit, (low, high) in (
                ("upper", upper, self.description.upper),
                ("lower", lower, self.description.lower),
            ):
                if not low - _ROUNDING_W <= limit <= high + _ROUNDING_W:
                    raise CommandError(f"the {name} limit {limit:g} W is not in {low:g} … {high:g} W")
        if not elements:
            raise CommandError("an envelope without elements")
        return Envelope(elements)

    def _begin(self, instruction: Instruction, moment: int) -> int:
        if self._running is not None:
            self._tell(self._running, InstructionStatus.ABORTED, moment, "another envelope follows")
        self._running = instruction
        self._ends = []
        end = moment
        for duration_ms, _, _ in instruction.content.elements:
            end += steps(duration_ms, self._run.dt_s)
            self._ends.append(end)
            self._wake_at(end)
        return end

    def _elapsed(self, moment: int) -> None:
        if self._running is not None:
            if moment >= self._ends[-1]:
                self._tell(self._running, InstructionStatus.SUCCEEDED, moment)
                self._running = None
            self.follow()

    def _text(self, content: Any) -> str:
        _, _, lower = content.elements[0]
        return f"at most {max(0.0, -lower):g} W, {len(content.elements)} steps"
