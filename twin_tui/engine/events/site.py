"""Events that concern the whole site: disturbances of its surroundings, marks, the end of everything."""

import math
from dataclasses import replace

from twin_tui.engine.disturbance import Disturbance, Shape, Target
from twin_tui.engine.events.commands import Unpin
from twin_tui.engine.events.faults import ClearFault, ClearLinkFault
from twin_tui.engine.events.registry import event
from twin_tui.engine.running import PYTHON, Event, Run
from twin_tui.engine.snapshot import LogKind
from twin_tui.errors import CommandError


@event
class Disturb(Event):
    """Start a disturbance of the surroundings."""

    disturbance: Disturbance
    origin: str = PYTHON

    def check(self, run: Run) -> None:
        """Refuse an invalid disturbance, and a load step where nothing can step."""
        self.disturbance.check()
        if self.disturbance.target is Target.LOAD and not any(
            device.type.takes_load_steps for device in run.devices.values()
        ):
            raise CommandError("this site has no load whose consumption could step")

    def lasting_s(self) -> float | None:
        """Return the duration of the disturbance; a file is sampled up to its end, wherever that falls."""
        disturbance = self.disturbance
        if disturbance.shape is Shape.PLAYBACK:
            first_s, last_s = disturbance.points[0][0], disturbance.points[-1][0]
            if disturbance.duration_s == last_s - first_s:
                return None
        return disturbance.duration_s

    def carry_out(self, run: Run, tick: int) -> None:
        disturbance = self.disturbance
        if not disturbance.label:
            disturbance = replace(disturbance, label=run.next_label(disturbance.target.value))
        run.grid.add(disturbance, tick)
        run.refresh_weather()
        run.note(LogKind.INJECT, "grid", disturbance.text(), self.origin, tick)


@event
class ClearDisturbance(Event):
    """End the disturbance with this label, or all of them."""

    label: str = ""
    origin: str = PYTHON

    def carry_out(self, run: Run, tick: int) -> None:
        for disturbance in run.grid.clear(self.label):
            run.note(LogKind.CLEAR, "grid", f"{disturbance.text()} cleared", self.origin, tick)
        run.refresh_weather()


@event
class ClearEverything(Event):
    """End every disturbance, fault cause, link fault and forced value."""

    origin: str = PYTHON

    def carry_out(self, run: Run, tick: int) -> None:
        for clear in (ClearDisturbance, ClearFault, Unpin, ClearLinkFault):
            clear(origin=self.origin).carry_out(run, tick)


@event
class Mark(Event):
    """Put a note into the log and the recording."""

    note: str
    origin: str = PYTHON

    def carry_out(self, run: Run, tick: int) -> None:
        run.note(LogKind.MARK, "", self.note, self.origin, tick)


@event
class TimeGap(Event):
    """Note in log and recording that the process was halted while wall time went on; it changes nothing."""

    wall_s: float
    simulated_s: float
    """What was left out at the speed of the run."""
    origin: str = "pacer"

    def check(self, run: Run) -> None:
        if not (math.isfinite(self.wall_s) and math.isfinite(self.simulated_s)):
            raise CommandError("a time gap takes finite times")

    def carry_out(self, run: Run, tick: int) -> None:
        text = (
            f"the process was halted for {self.wall_s:.1f} s (stopped, suspended or without CPU): "
            f"{self.simulated_s:.1f} s of simulated time are left out"
        )
        run.note(LogKind.GAP, "", text, self.origin, tick)
