"""Descriptions in site files, written as S2 messages."""

import math
from collections.abc import Mapping
from typing import Any

from twin_tui.engine.s2.model import (
    Actuator,
    ControlType,
    Description,
    Element,
    EnvelopeDescription,
    FillTarget,
    Leakage,
    ModeDescription,
    OperationMode,
    PowerRange,
    Storage,
    Timer,
    Transition,
    Usage,
)
from twin_tui.errors import ConfigError, did_you_mean
from twin_tui.protocols.s2.schema import fault_of

SYSTEMS = {
    f"{kind.name}.SystemDescription": kind for kind in (ControlType.FRBC, ControlType.OMBC, ControlType.DDBC)
}
CONSTRAINTS = "PEBC.PowerConstraints"
BEHAVIOUR = ("FRBC.LeakageBehaviour", "FRBC.UsageForecast", "FRBC.FillLevelTargetProfile")


def descriptions_of(found: Any, place: str) -> tuple[Description, ...]:
    """Return the descriptions in one message or a list of them; raise ConfigError naming the place.

    Message ids and times are optional; the twin uses its own. The behaviour of a storage belongs to the FRBC
    description of the same list.
    """
    messages = [
        _checked(item, f"{place}[{number}]" if isinstance(found, list) else place)
        for number, item in enumerate(found if isinstance(found, list) else [found])
    ]
    behaviour = {m["message_type"]: m for m in messages if m["message_type"] in BEHAVIOUR}
    made: list[Description] = []
    for message in messages:
        kind = message["message_type"]
        if kind in SYSTEMS:
            description = _system(message, SYSTEMS[kind], behaviour)
            description.check(place)
            made.append(description)
        elif kind == CONSTRAINTS:
            made.append(_envelope(message, place))
    if not made:
        raise ConfigError(f"{place}: expected one of {', '.join((*SYSTEMS, CONSTRAINTS))}")
    if len({description.control for description in made}) < len(made):
        raise ConfigError(f"{place}: two descriptions of one control type")
    return tuple(made)


def _checked(found: Any, place: str) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise ConfigError(f"{place}: expected an S2 message, found {found!r}")
    known = (*SYSTEMS, CONSTRAINTS, *BEHAVIOUR)
    kind = found.get("message_type")
    if kind not in known:
        raise ConfigError(
            f"{place}: message_type {kind!r} is not a description of a device{did_you_mean(str(kind), known)}"
        )
    time_key = "start_time" if kind in BEHAVIOUR[1:] else "valid_from"
    message = {"message_id": "description", time_key: "2000-01-01T00:00:00Z", **found}
    fault = fault_of(message)
    if fault:
        raise ConfigError(f"{place}: {fault}")
    return message


def _system(
    message: Mapping[str, Any], control: ControlType, behaviour: Mapping[str, Mapping[str, Any]]
) -> ModeDescription:
    if control is ControlType.OMBC:
        return ModeDescription(control, (_actuator({"id": "device", **message}, control),))
    actuators = tuple(_actuator(item, control) for item in message["actuators"])
    if control is ControlType.DDBC:
        demand = message.get("present_demand_rate", {"start_of_range": 0.0, "end_of_range": 0.0})
        return ModeDescription(control, actuators, demand=_range(demand))
    return ModeDescription(control, actuators, _storage(message["storage"], behaviour))


def _storage(storage: Mapping[str, Any], behaviour: Mapping[str, Mapping[str, Any]]) -> Storage:
    leakage, usage, targets = (behaviour.get(kind, {}).get("elements", []) for kind in BEHAVIOUR)
    return Storage(
        *_range(storage["fill_level_range"]),
        label=storage.get("diagnostic_label", ""),
        fill_label=storage.get("fill_level_label", "fill level"),
        leakage=tuple(Leakage(*_range(e["fill_level_range"]), e["leakage_rate"]) for e in leakage),
        usage=tuple(Usage(e["duration"], e["usage_rate_expected"]) for e in usage),
        targets=tuple(FillTarget(e["duration"], *_range(e["fill_level_range"])) for e in targets),
    )


def _actuator(item: Mapping[str, Any], control: ControlType) -> Actuator:
    misspelt = control is ControlType.DDBC  # in the standard
    return Actuator(
        id=item["id"],
        label=item.get("diagnostic_label", ""),
        commodities=tuple(
            item.get("supported_commodites" if misspelt else "supported_commodities", ("ELECTRICITY",))
        ),
        modes=tuple(_mode(mode, control) for mode in item["operation_modes"]),
        transitions=tuple(
            Transition(
                id=t["id"],
                source=t["from"],
                target=t["to"],
                start_timers=tuple(t["start_timers"]),
                blocking_timers=tuple(t["blocking_timers"]),
                duration_ms=int(t.get("transition_duration", 0)),
                costs=t.get("transition_costs"),
                abnormal_only=t["abnormal_condition_only"],
            )
            for t in item["transitions"]
        ),
        timers=tuple(
            Timer(timer["id"], int(timer["duration"]), timer.get("diagnostic_label", ""))
            for timer in item["timers"]
        ),
    )


def _mode(item: Mapping[str, Any], control: ControlType) -> OperationMode:
    if control is ControlType.FRBC:
        elements = tuple(
            _element(e, e["fill_rate"], *_range(e["fill_level_range"])) for e in item["elements"]
        )
    else:
        elements = (_element(item, item.get("supply_range")),)
    return OperationMode(
        id=item["Id"] if control is ControlType.DDBC else item["id"],
        elements=elements,
        label=item.get("diagnostic_label", ""),
        abnormal_only=item["abnormal_condition_only"],
    )


def _element(
    item: Mapping[str, Any], rate: Mapping[str, Any] | None, low: float = -math.inf, high: float = math.inf
) -> Element:
    rates = _range(rate) if rate is not None else (0.0, 0.0)
    powers = tuple(PowerRange(*_range(p), p["commodity_quantity"]) for p in item["power_ranges"])
    costs = item.get("running_costs")
    return Element(powers, low, high, *rates, _range(costs) if costs is not None else None)


def _envelope(message: Mapping[str, Any], place: str) -> EnvelopeDescription:
    bounds: dict[str, tuple[float, float]] = {}
    quantities = {limit["commodity_quantity"] for limit in message["allowed_limit_ranges"]}
    for limit in message["allowed_limit_ranges"]:
        if limit["limit_type"] in bounds or len(quantities) > 1:
            raise ConfigError(
                f"{place}: the twin supports one range for each limit_type, all of one commodity_quantity"
            )
        bounds[limit["limit_type"]] = _range(limit["range_boundary"])
    if len(bounds) < 2:
        raise ConfigError(f"{place}: expected a range for UPPER_LIMIT and one for LOWER_LIMIT")
    return EnvelopeDescription(
        bounds["UPPER_LIMIT"], bounds["LOWER_LIMIT"], quantities.pop(), message["consequence_type"]
    )


def _range(found: Mapping[str, Any]) -> tuple[float, float]:
    return float(found["start_of_range"]), float(found["end_of_range"])
