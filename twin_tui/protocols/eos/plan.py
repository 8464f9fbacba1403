"""Energy management plans of EOS: read, validated, and carried out as operation modes."""

import math
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

from twin_tui.documents.loader import read_document
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import Scalar, SelectMode
from twin_tui.engine.policies.modes import find_mode
from twin_tui.engine.signals import value
from twin_tui.engine.steering import Mode
from twin_tui.errors import CommandError, ConfigError, did_you_mean

INSTRUCTIONS = ("FRBCInstruction", "DDBCInstruction", "OMBCInstruction")
ORIGIN = "EOS plan"


@value
class PlanStep:
    """One instruction of a plan."""

    resource: str
    unix_s: float
    mode: str
    factor: float


@value
class Plan:
    """A plan: its instructions, ordered by time."""

    name: str
    valid_from_unix_s: float
    valid_until_unix_s: float | None
    steps: tuple[PlanStep, ...]

    @property
    def resources(self) -> tuple[str, ...]:
        """The resources that the plan instructs, in the order of their first instruction."""
        return tuple(dict.fromkeys(step.resource for step in self.steps))

    def active(self, resource: str, unix_s: float) -> PlanStep | None:
        """Return the instruction in force: the latest one that is due."""
        due = [step for step in self.steps if step.resource == resource and step.unix_s <= unix_s]
        return due[-1] if due else None


def unix_time(written: Any, zone: tzinfo = UTC) -> float:
    """Return the Unix time of a date and time, with T or a space between; without offset it is local time."""
    if not isinstance(written, str):
        raise ValueError(f"{written!r} is not a date and time")
    try:
        when = datetime.fromisoformat(written.strip())
        return (when if when.tzinfo is not None else when.replace(tzinfo=zone)).timestamp()
    except (ValueError, OverflowError):
        raise ValueError(f"{written!r} is not a date and time") from None


def read_plan(path: Path, zone: tzinfo = UTC) -> Plan:
    """Return the plan in a file; raise ConfigError naming file and instruction."""
    data = read_document(path)
    return parse_plan(data, str(path), zone)


def parse_plan(data: Any, name: str = "plan", zone: tzinfo = UTC) -> Plan:
    """Return the plan in data from EOS; raise ConfigError for an invalid one."""
    if not isinstance(data, dict) or not isinstance(data.get("instructions"), list):
        raise ConfigError(f"{name}: not an EOS plan; expected an object with a list of instructions")
    steps = []
    for number, item in enumerate(data["instructions"]):
        try:
            steps.append(_step(item, zone))
        except ValueError as error:
            raise ConfigError(f"{name}: instructions[{number}]: {error}") from None
    steps.sort(key=lambda step: step.unix_s)
    first = steps[0].unix_s if steps else 0.0
    try:
        begin = unix_time(data["valid_from"], zone) if data.get("valid_from") is not None else first
        end = unix_time(data["valid_until"], zone) if data.get("valid_until") is not None else None
    except ValueError as error:
        raise ConfigError(f"{name}: {error}") from None
    return Plan(str(data.get("id", name)), begin, end, tuple(steps))


def _step(item: Any, zone: tzinfo) -> PlanStep:
    if not isinstance(item, dict):
        raise ValueError(f"{item!r} is not an object")
    kind = item.get("type", item.get("message_type"))
    if kind not in INSTRUCTIONS:
        hint = did_you_mean(str(kind), INSTRUCTIONS)
        raise ValueError(f"unknown instruction type {kind!r}{hint}")
    resource = item.get("resource_id", item.get("actuator_id"))
    if not isinstance(resource, str) or not resource:
        raise ValueError("missing resource_id")
    mode = item.get("operation_mode_id", item.get("operation_mode"))
    if not isinstance(mode, str) or not mode:
        raise ValueError("missing operation_mode_id")
    factor = item.get("operation_mode_factor", 1.0)
    try:
        number = math.nan if factor is None else float(factor)
    except (TypeError, ValueError):
        number = math.nan
    if not 0.0 <= number <= 1.0:
        raise ValueError(f"operation_mode_factor {factor!r} is not in 0 … 1")
    return PlanStep(resource, unix_time(item.get("execution_time"), zone), mode, number)


def parameters_of(mode: Mode) -> dict[str, Scalar]:
    """Return the parameters of a mode in EOS, where a forced charge also accepts PV surplus."""
    if any(parameter.name == "pv_surplus" for parameter in mode.parameters):
        return {"pv_surplus": "yes"}
    return {}


def event_of(engine: Engine, step: PlanStep) -> SelectMode:
    """Return the event for an instruction; raise ConfigError for an unknown device or mode."""
    device = engine.devices.get(step.resource)
    if device is None:
        known = [d.name for d in engine.devices.values() if d.type.modes]
        hint = did_you_mean(step.resource, known)
        raise ConfigError(f"unknown resource {step.resource!r} in the plan{hint}")
    try:
        mode = find_mode(device.type, step.mode)
        return SelectMode(device.name, mode.name, step.factor, parameters_of(mode), ORIGIN)
    except CommandError as error:
        raise ConfigError(f"resource {step.resource} in the plan: {error}") from None


def schedule(engine: Engine, plan: Plan) -> int:
    """Submit every instruction for its time; return how many.

    Of the past instructions, the latest of each resource takes effect at once.
    """
    events = [(step, event_of(engine, step)) for step in plan.steps]
    now = engine.plan.start_unix_s + engine.time_s
    current = {step.resource: event for step, event in events if step.unix_s <= now}
    for event in current.values():
        engine.submit(event)
    later = [(step, event) for step, event in events if step.unix_s > now]
    for step, event in later:
        # a plan knows nothing of steps: an instruction is in force from the tick that its time falls into
        ticks = math.floor((step.unix_s - engine.plan.start_unix_s) / engine.dt_s + 1e-6)
        engine.submit(event, at_s=ticks * engine.dt_s)
    return len(current) + len(later)
