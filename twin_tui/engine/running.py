"""What an engine keeps while it runs: its devices as they are now, and those who look at them regularly."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from twin_tui.engine.device import AnyDeviceType, State
from twin_tui.engine.policies.guide import Guide
from twin_tui.engine.policies.handles import Handle
from twin_tui.engine.s2.control import Control
from twin_tui.engine.signals import signals_of
from twin_tui.engine.site import DevicePlan
from twin_tui.engine.surroundings import Surroundings


class Device:
    """One running device: what it is, how it is, what it was told."""

    __slots__ = (
        "_observed",
        "_observed_tick",
        "advice",
        "commands",
        "control",
        "direct",
        "guide",
        "handle",
        "momentary",
        "name",
        "params",
        "pins",
        "plan",
        "state",
        "step",
        "type",
    )

    def __init__(self, plan: DevicePlan, seed: int, dt_s: float) -> None:
        self.plan = plan
        self.name = plan.name
        self.type: AnyDeviceType = plan.type
        prepare = plan.type.prepare
        self.params: Any = plan.params if prepare is None else prepare(plan.params, plan.name, seed, dt_s)
        self.state: State = plan.type.initial(self.params)
        self.commands: Any = plan.commands if plan.commands is not None else plan.type.commands()
        self.step = plan.type.step
        self.pins: dict[str, Any] = {}
        self.advice = ""
        """What was last said of its commands."""
        self.guide: Guide | None = None
        """What steers the device in place of direct setpoints, if anything does."""
        self.handle: Handle | None = None
        self.control: Control | None = None
        """The S2 control type that an energy manager has selected, if any."""
        self.direct: dict[str, Any] = {}
        """The commands that come back when the guide hands the device back."""
        self.momentary: dict[str, Any] = {
            signal.name: signal.default
            for signal in signals_of(plan.type.commands).values()
            if signal.momentary
        }
        self._observed: Any = None
        self._observed_tick = -1

    def telemetry(self, surroundings: Surroundings) -> Any:
        """Return the telemetry of this tick, forced values in place; worked out on the first look."""
        if self._observed_tick != surroundings.tick:
            seen = self.type.observe(self.params, self.state, self.commands, surroundings)
            forced = {name: pin for name, pin in self.pins.items() if hasattr(seen, name)}
            self._observed = replace(seen, **forced) if forced else seen
            self._observed_tick = surroundings.tick
        return self._observed

    def forget_observation(self) -> None:
        """Have the telemetry worked out anew at the next look: a command or pin changed between ticks."""
        self._observed_tick = -1


class Watcher:
    """Someone who looks at the engine at regular simulated times: a recording, a trend, a verdict."""

    __slots__ = ("due", "every", "look")

    def __init__(self, every: int, look: Callable[[], None]) -> None:
        self.every = every
        self.due = every
        self.look = look
