"""The writing rules of SunSpec: limits with their timers, storage rates, curves that are adopted."""

import math
import zlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from twin_tui.engine.agenda import Watcher
from twin_tui.engine.events import Write
from twin_tui.engine.log import REFUSED
from twin_tui.engine.signals import Scalar
from twin_tui.engine.snapshot import LogKind
from twin_tui.errors import CommandError
from twin_tui.protocols.maps.image import Cell
from twin_tui.protocols.maps.model import OWN
from twin_tui.protocols.maps.standards import Consequence, NamedCells
from twin_tui.protocols.sunspec.controls import (
    CONTROLS,
    LIMIT,
    POWER_SETTINGS,
    RAMP_SETTINGS,
    STORAGE,
    PointControl,
)
from twin_tui.protocols.sunspec.curves import Curves
from twin_tui.protocols.sunspec.effects import Number, effect, enabled, ramp

ORIGIN = "SunSpec"
_COMPLETED, _FAILED = 1, 2
_REQUESTS = {"Req": "Rslt"}
Written = Mapping[str, bytes]


class SunSpecRules:
    """The rules of one device: what follows from writes, and what from the time since them."""

    def __init__(self, cells: NamedCells, named: Mapping[str, Cell]) -> None:
        self._engine = cells.engine
        self._device = cells.devices[OWN]
        self._cells = named
        self._controls = tuple(control for control in CONTROLS if control.enable in named)
        self._curves = Curves(named)
        self._requests = {
            f"m{model}_{name}Req": (model, name)
            for model in self._curves.models()
            for name in ("AdptCrv", "AdptCtl")
        }
        self._due: dict[str, tuple[int, Callable[[], None], str]] = {}
        """What waits: its key → the tick, what to do then, and the register with the seconds left."""
        self._watcher: Watcher | None = None

    def derive(self, written: Written) -> Consequence:
        """Return what follows from written registers: commands, contents of others, timers."""
        found = Consequence()
        todo: list[Callable[[], None]] = []
        self._apply_settings(written, found)
        for control in self._controls:
            if not control.names.isdisjoint(written):
                self._apply(control, written, found, todo)
        for name, (model, kind) in self._requests.items():
            if name in written:
                self._adopt(model, kind, written, found, todo)
        return Consequence(found.commands, found.contents, partial(_do, todo))

    def refresh(self) -> None:
        """Update the seconds that are left of running timers."""
        for tick, _, rest in self._due.values():
            if rest:
                left_s = (tick - self._engine.tick) * self._engine.dt_s
                self._put(rest, max(0.0, math.ceil(left_s - 1e-9)))

    def _apply_settings(self, written: Written, found: Consequence) -> None:
        """Keep a setting that two models have equal in both, and give it its effect."""
        number = self._numbers(written)
        for names in (POWER_SETTINGS, RAMP_SETTINGS):
            for name in set(names) & written.keys():
                value = number(name)
                assert value is not None
                for other in set(names) - {name}:
                    if other in self._cells:
                        found.contents[other] = self._packed(other, value)
        changed = self._numbers({**written, **found.contents})
        if not set(RAMP_SETTINGS).isdisjoint(written):
            found.commands["ramp_pu_per_s"] = ramp(changed)
        if not set(POWER_SETTINGS).isdisjoint(written):
            found.commands.update(effect(LIMIT, self._device.params, self._controls, changed))

    def _apply(
        self, control: PointControl, written: Written, found: Consequence, todo: list[Callable[[], None]]
    ) -> None:
        """Add what a control does now, or file it for later."""
        number, before = self._numbers(written), self._numbers({})
        if not (enabled(control, number) or enabled(control, before)):
            return
        window_s = number(control.window) or 0.0
        key = control.enable
        if window_s:
            todo.append(
                partial(
                    self._file, f"{key} applies", self._at_random(key, window_s), self._carry_out, control
                )
            )
        else:
            todo.append(partial(self._forget, f"{key} applies"))
            found.commands.update(self._effect(control, number))
            self._add_ramp(control, number, found.commands, todo)
        revert_s = number(control.revert) or 0.0
        if enabled(control, number) and revert_s:
            todo.append(
                partial(self._file, f"{key} reverts", revert_s, self._revert, control, rest=control.rest)
            )
        else:
            todo.append(partial(self._forget, f"{key} reverts"))

    def _effect(self, control: PointControl, number: Number) -> dict[str, Scalar]:
        """Return the commands of a control's function; the control written last comes before others."""
        controls = (control, *(each for each in self._controls if each is not control))
        return effect(control.function, self._device.params, controls, number)

    def _add_ramp(
        self,
        control: PointControl,
        number: Number,
        commands: dict[str, Scalar],
        todo: list[Callable[[], None]],
    ) -> None:
        """Have the power move to a new limit in the time of the control."""
        ramp_s = number(control.ramp) or 0.0
        if not ramp_s or control.function not in (LIMIT, STORAGE):
            return
        commands["ramp_pu_per_s"] = max(1e-6, self._distance(commands) / ramp_s)
        todo.append(partial(self._file, "ramp ends", ramp_s, self._end_ramp))

    def _distance(self, commands: Mapping[str, Scalar]) -> float:
        """Return how far the device has to move for new limits, as a share of its rating."""
        now = self._device.commands
        if "active_power_limit_pu" in commands:
            return float(abs(float(commands["active_power_limit_pu"]) - now.active_power_limit_pu))
        power_w = self._device.state.active_power_w
        least_w, most_w = -float(commands["charge_limit_w"]), float(commands["discharge_limit_w"])
        goal_w = min(max(power_w, least_w), most_w)
        return float(abs(goal_w - power_w) / self._device.params.rated_va) or 1.0

    def _end_ramp(self) -> None:
        self._submit({"ramp_pu_per_s": ramp(self._numbers({}))}, "ramp ends")

    def _carry_out(self, control: PointControl) -> None:
        commands = self._effect(control, self._numbers({}))
        todo: list[Callable[[], None]] = []
        self._add_ramp(control, self._numbers({}), commands, todo)
        self._submit(commands, f"{control.enable}: within its time window")
        _do(todo)

    def _revert(self, control: PointControl) -> None:
        """Let a control fall back after its time."""
        for point, other in control.fallback.items():
            if point in self._cells and other in self._cells:
                self._cells[point].data = self._cells[other].data
        if control.enable not in control.fallback and self._cells[control.enable].reader.signal is None:
            self._put(control.enable, 0.0)
        number = self._numbers({})
        if not control.fallback:  # a connection is a command, not a register of its own
            controls = tuple(each for each in self._controls if each is not control)
            commands = effect(control.function, self._device.params, controls, number)
        else:
            commands = self._effect(control, number)
        self._submit(commands, f"{control.revert} has passed")

    def _adopt(
        self, model: str, kind: str, written: Written, found: Consequence, todo: list[Callable[[], None]]
    ) -> None:
        """Make the points of a stored curve the settings in force; the result says whether they fit."""
        number = self._numbers(written)
        curve = int(number(f"m{model}_{kind}Req") or 0)
        result = f"m{model}_{kind}Rslt"
        if curve < 2:
            return
        before = {name: getattr(self._device.commands, name) for name in self._curves.settings(model)}
        try:
            values = self._settings(model, curve, written)
        except CommandError as error:
            self._engine.note(
                LogKind.WRITE, self._device.name, f"{REFUSED}m{model} curve {curve}: {error}", ORIGIN
            )
            found.contents[result] = self._packed(result, _FAILED)
            return
        found.commands.update(values)
        found.contents[result] = self._packed(result, _COMPLETED)
        revert_s = number(f"m{model}_RvrtTms") or 0.0
        key = f"m{model} reverts"
        if revert_s:
            rest = f"m{model}_RvrtRem"
            todo.append(partial(self._file, key, revert_s, self._revert_curve, model, before, rest=rest))
        else:
            todo.append(partial(self._forget, key))

    def _settings(self, model: str, curve: int, written: Written) -> dict[str, Scalar]:
        """Return the settings of a curve; raise CommandError where the device refuses them."""

        def content(name: str) -> bytes | None:
            cell = self._cells.get(name)
            return None if cell is None else written.get(name, cell.data)

        values = self._curves.values(model, curve, content)
        accepted = {name: self._device.accept(name, wanted, "command") for name, wanted in values.items()}
        self._device.check({**accepted, **self._device.pinned_commands()})
        return values

    def _revert_curve(self, model: str, before: dict[str, Scalar]) -> None:
        """Adopt the curve for after the time; without one the settings before come back."""
        number = self._numbers({})
        curve = int(number(f"m{model}_RvrtCrv") or number(f"m{model}_RvrtCtl") or 0)
        try:
            values = self._settings(model, curve, {}) if curve > 1 else before
        except CommandError:
            values = before
        self._submit(values, f"m{model}_RvrtTms has passed")

    def _numbers(self, written: Written) -> Number:
        """Return a function from the name of a point to its value in its unit."""

        def number(name: str) -> float | None:
            cell = self._cells.get(name)
            if cell is None:
                return None
            register, data = cell.writer or cell.reader, written.get(name, cell.data)
            if data == register.not_available:
                return None
            return float(register.scale * register.layout.unpack(data) + register.offset)  # type: ignore[operator]

        return number

    def _packed(self, name: str, value: float) -> bytes:
        register = self._cells[name].reader
        raw = round(value / float(register.scale))
        return register.layout.pack(int(min(max(raw, register.lowest), register.highest)))

    def _put(self, name: str, value: float) -> None:
        self._cells[name].data = self._packed(name, value)

    def _at_random(self, key: str, window_s: float) -> float:
        """Return a time within a window, which follows from the seed of the site."""
        engine = self._engine
        text = f"{engine.plan.seed} {self._device.name} {key} {engine.tick}"
        return window_s * zlib.crc32(text.encode()) / 2**32

    def _submit(self, commands: dict[str, Scalar], detail: str) -> None:
        try:
            self._engine.submit(Write(self._device.name, commands, origin=ORIGIN, detail=detail))
        except CommandError as error:
            self._engine.note(LogKind.WRITE, self._device.name, f"{REFUSED}{error}  {detail}", ORIGIN)

    def _file(
        self, key: str, seconds: float, what: Callable[..., None], *arguments: Any, rest: str = ""
    ) -> None:
        engine = self._engine
        tick = engine.tick + max(1, round(seconds / engine.dt_s))
        self._due[key] = (tick, partial(what, *arguments), rest if rest in self._cells else "")
        if self._watcher is None:
            self._watcher = engine.watch(engine.dt_s, self._look)

    def _forget(self, key: str) -> None:
        found = self._due.pop(key, None)
        if found is not None and found[2]:
            self._put(found[2], 0.0)

    def _look(self) -> None:
        """Do what is due."""
        tick = self._engine.tick
        for key, (due, what, _) in list(self._due.items()):
            if due <= tick and key in self._due:
                self._forget(key)
                what()
        if not self._due and self._watcher is not None:
            self._engine.unwatch(self._watcher)
            self._watcher = None


def _do(todo: list[Callable[[], None]]) -> None:
    for each in todo:
        each()


def rules(cells: NamedCells) -> SunSpecRules:
    """Return the rules of a device's registers; names of points are those of the registers of a map."""
    return SunSpecRules(cells, cells.named())
