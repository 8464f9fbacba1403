"""Conversion between the engine's control types and S2 messages."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from twin_tui.engine.engine import Engine
from twin_tui.engine.s2.control import ActuatorUpdate, InstructionUpdate, ProfileUpdate, TimerUpdate, Update
from twin_tui.engine.s2.model import (
    Actuator,
    ControlType,
    Description,
    Element,
    EnvelopeDescription,
    OperationMode,
    PowerRange,
    ProfileDescription,
    Storage,
)
from twin_tui.engine.s2.profile import SCHEDULE
from twin_tui.protocols.s2.names import Names

Message = dict[str, Any]

INSTRUCTIONS = {
    "FRBC.Instruction": ControlType.FRBC,
    "OMBC.Instruction": ControlType.OMBC,
    "DDBC.Instruction": ControlType.DDBC,
    "PEBC.Instruction": ControlType.PEBC,
    "PPBC.ScheduleInstruction": ControlType.PPBC,
    "PPBC.StartInterruptionInstruction": ControlType.PPBC,
    "PPBC.EndInterruptionInstruction": ControlType.PPBC,
}
ACTIONS = {
    "PPBC.ScheduleInstruction": SCHEDULE,
    "PPBC.StartInterruptionInstruction": "interrupt",
    "PPBC.EndInterruptionInstruction": "resume",
}
CONSTRAINTS, PROFILE, CONTAINER = "constraints", "profile", "container"


def stamp(unix_s: float) -> str:
    """Return a Unix time in the format of S2, to the millisecond."""
    return (
        datetime.fromtimestamp(round(unix_s, 3), UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )


def unix(text: str) -> float:
    """Return the Unix time of a validated date and time."""
    return datetime.fromisoformat(text).timestamp()


def _range(low: float, high: float) -> Message:
    return {"start_of_range": low, "end_of_range": high}


class MessageConverter:
    """Converts for one resource, with its ids, its clock and its version of the standard."""

    def __init__(self, engine: Engine, names: Names) -> None:
        self._engine = engine
        self.names = names
        self.offset_s = 0.0
        """Time in messages minus simulated time."""
        self.version = ""

    def at(self, moment: int) -> str:
        """Return a tick as a time for messages."""
        return stamp(self._engine.plan.start_unix_s + moment * self._engine.dt_s + self.offset_s)

    def now(self) -> str:
        """Return the present time for messages."""
        return self.at(self._engine.tick)

    def descriptions(self, description: Description) -> list[Message]:
        """Return the messages that describe to the energy manager how to control the resource."""
        if isinstance(description, EnvelopeDescription):
            return [self._constraints(description)]
        if isinstance(description, ProfileDescription):
            return [self._profile(description)]
        head = {"message_type": f"{description.control.name}.SystemDescription", "valid_from": self.now()}
        actuators = [self._actuator(actuator, description.control) for actuator in description.actuators]
        if description.control is ControlType.OMBC:
            (only,) = actuators
            return [{**head, **{key: only[key] for key in ("operation_modes", "transitions", "timers")}}]
        if description.control is ControlType.DDBC:
            demand = {"present_demand_rate": _range(*description.demand)}
            forecast = {"provides_average_demand_rate_forecast": False}
            if self.version == "1.0.0-beta":
                return [{**head, "actuators": actuators, **forecast}]
            return [{**head, "actuators": actuators, **demand, **forecast}]
        storage = description.storage
        assert storage is not None
        return [{**head, "actuators": actuators, "storage": _storage(storage)}, *self._behaviour(storage)]

    def _constraints(self, description: EnvelopeDescription) -> Message:
        def limit(kind: str, bounds: tuple[float, float]) -> Message:
            return {
                "commodity_quantity": description.quantity,
                "limit_type": kind,
                "range_boundary": _range(*bounds),
                "abnormal_condition_only": False,
            }

        return {
            "message_type": "PEBC.PowerConstraints",
            "id": self.names.wire(CONSTRAINTS),
            "valid_from": self.now(),
            "consequence_type": description.consequence,
            "allowed_limit_ranges": [
                limit("UPPER_LIMIT", description.upper),
                limit("LOWER_LIMIT", description.lower),
            ],
        }

    def _profile(self, description: ProfileDescription) -> Message:
        engine = self._engine
        end = engine.tick + math.ceil(description.horizon_ms / 1000.0 / engine.dt_s)
        sequences = [
            {
                "id": self.names.wire(PROFILE, sequence.id),
                "elements": [
                    {
                        "duration": duration_ms,
                        "power_values": [
                            {"value_expected": power_w, "commodity_quantity": sequence.quantity}
                        ],
                    }
                    for duration_ms, power_w in sequence.elements
                ],
                "is_interruptible": False,
                "abnormal_condition_only": sequence.abnormal_only,
            }
            for sequence in description.sequences
        ]
        return {
            "message_type": "PPBC.PowerProfileDefinition",
            "id": self.names.wire(PROFILE),
            "start_time": self.now(),
            "end_time": self.at(end),
            "power_sequences_containers": [{"id": self.names.wire(CONTAINER), "power_sequences": sequences}],
        }

    def _actuator(self, actuator: Actuator, control: ControlType) -> Message:
        ident = actuator.id
        misspelt = control is ControlType.DDBC  # in the standard
        modes = [self._mode(ident, mode, control) for mode in actuator.modes]
        return {
            "id": self.names.wire(ident),
            "diagnostic_label": actuator.label or ident,
            "supported_commodites" if misspelt else "supported_commodities": list(actuator.commodities),
            "operation_modes": modes,
            "transitions": [
                {
                    "id": self.names.wire(ident, "transition", t.id),
                    "from": self.names.wire(ident, "mode", t.source),
                    "to": self.names.wire(ident, "mode", t.target),
                    "start_timers": [self.names.wire(ident, "timer", timer) for timer in t.start_timers],
                    "blocking_timers": [
                        self.names.wire(ident, "timer", timer) for timer in t.blocking_timers
                    ],
                    **({} if t.costs is None else {"transition_costs": t.costs}),
                    "transition_duration": t.duration_ms,
                    "abnormal_condition_only": t.abnormal_only,
                }
                for t in actuator.transitions
            ],
            "timers": [
                {
                    "id": self.names.wire(ident, "timer", timer.id),
                    "diagnostic_label": timer.label or timer.id,
                    "duration": timer.duration_ms,
                }
                for timer in actuator.timers
            ],
        }

    def _mode(self, actuator: str, mode: OperationMode, control: ControlType) -> Message:
        ident = self.names.wire(actuator, "mode", mode.id)
        rest = {"diagnostic_label": mode.label or mode.id, "abnormal_condition_only": mode.abnormal_only}
        only = mode.elements[0]
        if control is ControlType.OMBC:
            return {"id": ident, "power_ranges": _powers(only.powers), **_costs(only), **rest}
        if control is ControlType.DDBC:
            supply = {"supply_range": _range(only.rate_start, only.rate_end)}
            return {"Id": ident, "power_ranges": _powers(only.powers), **supply, **_costs(only), **rest}
        return {"id": ident, "elements": [_element(element) for element in mode.elements], **rest}

    def _behaviour(self, storage: Storage) -> list[Message]:
        leakage = [
            {"fill_level_range": _range(part.low, part.high), "leakage_rate": part.rate}
            for part in storage.leakage
        ]
        usage = [{"duration": u.duration_ms, "usage_rate_expected": u.expected_rate} for u in storage.usage]
        targets = [
            {"duration": t.duration_ms, "fill_level_range": _range(t.low, t.high)} for t in storage.targets
        ]
        parts: list[tuple[str, str, list[Message]]] = [
            ("FRBC.LeakageBehaviour", "valid_from", leakage),
            ("FRBC.UsageForecast", "start_time", usage),
            ("FRBC.FillLevelTargetProfile", "start_time", targets),
        ]
        return [
            {"message_type": kind, since: self.now(), "elements": elements}
            for kind, since, elements in parts
            if elements
        ]

    def update(self, update: Update, control: ControlType) -> Message:
        """Return an update of a control type as a message."""
        if isinstance(update, InstructionUpdate):
            return {
                "message_type": "InstructionStatusUpdate",
                "instruction_id": update.instruction,
                "status_type": update.status.value,
                "timestamp": self.at(update.moment),
            }
        if isinstance(update, ActuatorUpdate):
            return self._actuator_status(update, control)
        if isinstance(update, ProfileUpdate):
            return self._profile_status(update)
        return {
            "message_type": f"{control.name}.TimerStatus",
            "timer_id": self.names.wire(update.actuator, "timer", update.timer),
            **self._actuator_id(update, control),
            "finished_at": self.at(update.finishes),
        }

    def _actuator_id(self, update: ActuatorUpdate | TimerUpdate, control: ControlType) -> Message:
        return {} if control is ControlType.OMBC else {"actuator_id": self.names.wire(update.actuator)}

    def _actuator_status(self, update: ActuatorUpdate, control: ControlType) -> Message:
        body: Message = {
            "active_operation_mode_id": self.names.wire(update.actuator, "mode", update.mode),
            "operation_mode_factor": update.factor,
        }
        if update.previous:
            body["previous_operation_mode_id"] = self.names.wire(update.actuator, "mode", update.previous)
        if update.since is not None:
            body["transition_timestamp"] = self.at(update.since)
        kind = "OMBC.Status" if control is ControlType.OMBC else f"{control.name}.ActuatorStatus"
        return {"message_type": kind, **self._actuator_id(update, control), **body}

    def _profile_status(self, update: ProfileUpdate) -> Message:
        status: Message = {
            "power_profile_id": self.names.wire(PROFILE),
            "sequence_container_id": self.names.wire(CONTAINER),
        }
        if update.sequence:
            status["selected_sequence_id"] = self.names.wire(PROFILE, update.sequence)
        if update.progress_ms is not None:
            status["progress"] = update.progress_ms
        status["status"] = update.status
        return {"message_type": "PPBC.PowerProfileStatus", "sequence_container_status": [status]}

    def instruction(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Return a validated instruction message as data for the engine."""
        kind = message["message_type"]
        data: dict[str, Any] = {
            "id": message["id"],
            "execute_unix_s": unix(message["execution_time"]) - self.offset_s,
            "abnormal": message["abnormal_condition"],
        }
        if kind == "PEBC.Instruction":
            if self.names.name(message["power_constraints_id"]) != CONSTRAINTS:
                data["unknown"] = f"unknown power constraints {message['power_constraints_id']}"
            envelopes = message["power_envelopes"]
            if len(envelopes) != 1:
                data["unknown"] = f"{len(envelopes)} envelopes for one quantity, expected 1"
            data["quantity"] = envelopes[0]["commodity_quantity"]
            data["elements"] = [
                [e["duration"], e["upper_limit"], e["lower_limit"]]
                for e in envelopes[0]["power_envelope_elements"]
            ]
        elif kind.startswith("PPBC."):
            if self.names.name(message["power_profile_id"]) != PROFILE:
                data["unknown"] = f"unknown power profile {message['power_profile_id']}"
            if self.names.name(message["sequence_container_id"]) != CONTAINER:
                data["unknown"] = f"unknown sequence container {message['sequence_container_id']}"
            data["sequence"] = self.names.name(message["power_sequence_id"])
            data["action"] = ACTIONS[kind]
        else:
            wire = message["operation_mode"] if kind == "FRBC.Instruction" else message["operation_mode_id"]
            data["mode"] = self.names.name(wire)
            data["factor"] = message["operation_mode_factor"]
            if "actuator_id" in message:
                data["actuator"] = self.names.name(message["actuator_id"])
        return data


def _powers(ranges: tuple[PowerRange, ...]) -> list[Message]:
    return [{**_range(r.start_w, r.end_w), "commodity_quantity": r.quantity} for r in ranges]


def _element(element: Element) -> Message:
    return {
        "fill_level_range": _range(element.low, element.high),
        "fill_rate": _range(element.rate_start, element.rate_end),
        "power_ranges": _powers(element.powers),
        **_costs(element),
    }


def _costs(element: Element) -> Message:
    return {} if element.costs is None else {"running_costs": _range(*element.costs)}


def _storage(storage: Storage) -> Message:
    return {
        **({"diagnostic_label": storage.label} if storage.label else {}),
        "fill_level_label": storage.fill_label,
        "provides_leakage_behaviour": bool(storage.leakage),
        "provides_fill_level_target_profile": bool(storage.targets),
        "provides_usage_forecast": bool(storage.usage),
        "fill_level_range": _range(storage.low, storage.high),
    }
