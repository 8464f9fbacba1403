"""The messages of S2 JSON and their validation, in and out.

Each message is one line: fields with their types, ``?`` after the name of an optional one, ``[…]`` for lists
with their least and greatest length. Based on the schemas of S2 JSON v0.0.2-beta and v1.0.0-beta,
https://github.com/flexiblepower/s2-ws-json; the misspelt names are the standard's own.
"""

import re
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, TypeGuard

from twin_tui.errors import shown

VERSIONS = ("0.0.2-beta", "1.0.0-beta")

_ENUMS = {
    "Role": "CEM RM",
    "ControlType": "POWER_ENVELOPE_BASED_CONTROL POWER_PROFILE_BASED_CONTROL OPERATION_MODE_BASED_CONTROL "
    "FILL_RATE_BASED_CONTROL DEMAND_DRIVEN_BASED_CONTROL NOT_CONTROLABLE NO_SELECTION",
    "Reception": "INVALID_DATA INVALID_MESSAGE INVALID_CONTENT TEMPORARY_ERROR PERMANENT_ERROR OK",
    "InstructionStatus": "NEW ACCEPTED REJECTED REVOKED STARTED SUCCEEDED ABORTED",
    "Session": "RECONNECT TERMINATE",
    "ResourceRole": "ENERGY_PRODUCER ENERGY_CONSUMER ENERGY_STORAGE",
    "Commodity": "GAS HEAT ELECTRICITY OIL",
    "Quantity": "ELECTRIC.POWER.L1 ELECTRIC.POWER.L2 ELECTRIC.POWER.L3 ELECTRIC.POWER.3_PHASE_SYMMETRIC "
    "NATURAL_GAS.FLOW_RATE HYDROGEN.FLOW_RATE HEAT.TEMPERATURE HEAT.FLOW_RATE HEAT.THERMAL_POWER "
    "OIL.FLOW_RATE",
    "Limit": "UPPER_LIMIT LOWER_LIMIT",
    "Consequence": "VANISH DEFER",
    "Sequence": "NOT_SCHEDULED SCHEDULED EXECUTING INTERRUPTED FINISHED ABORTED",
    "Revokable": "PEBC.PowerConstraints PEBC.EnergyConstraint PEBC.Instruction PPBC.PowerProfileDefinition "
    "PPBC.ScheduleInstruction PPBC.StartInterruptionInstruction PPBC.EndInterruptionInstruction "
    "OMBC.SystemDescription OMBC.Instruction FRBC.SystemDescription FRBC.Instruction DDBC.SystemDescription "
    "DDBC.Instruction",
}

_TIMES = "execution_time:time abnormal_condition:bool"
_STATUS = (
    "active_operation_mode_id:id operation_mode_factor:num previous_operation_mode_id?:id "
    "transition_timestamp?:time"
)
_PROFILE = f"id:id power_profile_id:id sequence_container_id:id power_sequence_id:id {_TIMES}"


def _spread(name: str, middle: str) -> str:
    upper = ["upper_limit", "upper_95PPR", "upper_68PPR"]
    lower = ["lower_68PPR", "lower_95PPR", "lower_limit"]
    return " ".join([*(f"{name}_{u}?:num" for u in upper), middle, *(f"{name}_{w}?:num" for w in lower)])


_OBJECTS = {
    "Range": "start_of_range:num end_of_range:num",
    "PowerRange": "start_of_range:num end_of_range:num commodity_quantity:Quantity",
    "PowerValue": "commodity_quantity:Quantity value:num",
    "ForecastValue": _spread("value", "value_expected:num") + " commodity_quantity:Quantity",
    "ForecastElement": "duration:ms power_values:[ForecastValue]1..10",
    "RoleOf": "role:ResourceRole commodity:Commodity",
    "Timer": "id:id diagnostic_label?:str duration:ms",
    "Transition": "id:id from:id to:id start_timers:[id]0..1000 blocking_timers:[id]0..1000 "
    "transition_costs?:num transition_duration?:ms abnormal_condition_only:bool",
    "FrbcElement": "fill_level_range:Range fill_rate:Range power_ranges:[PowerRange]1..10 "
    "running_costs?:Range",
    "FrbcMode": "id:id diagnostic_label?:str elements:[FrbcElement]1..100 abnormal_condition_only:bool",
    "FrbcActuator": "id:id diagnostic_label?:str supported_commodities:[Commodity]1..4 "
    "operation_modes:[FrbcMode]1..100 transitions:[Transition]0..1000 timers:[Timer]0..1000",
    "FrbcStorage": "diagnostic_label?:str fill_level_label?:str provides_leakage_behaviour:bool "
    "provides_fill_level_target_profile:bool provides_usage_forecast:bool fill_level_range:Range",
    "LeakageElement": "fill_level_range:Range leakage_rate:num",
    "UsageElement": "duration:ms " + _spread("usage_rate", "usage_rate_expected:num"),
    "TargetElement": "duration:ms fill_level_range:Range",
    "OmbcMode": "id:id diagnostic_label?:str power_ranges:[PowerRange]1..10 running_costs?:Range "
    "abnormal_condition_only:bool",
    "DdbcMode": "Id:id diagnostic_label?:str power_ranges:[PowerRange]1..10 supply_range:Range "
    "running_costs?:Range abnormal_condition_only:bool",
    "DdbcActuator": "id:id diagnostic_label?:str supported_commodites:[Commodity]1..4 "
    "operation_modes:[DdbcMode]1..100 transitions:[Transition]0..1000 timers:[Timer]0..1000",
    "DemandElement": "duration:ms " + _spread("demand_rate", "demand_rate_expected:num"),
    "LimitRange": "commodity_quantity:Quantity limit_type:Limit range_boundary:Range "
    "abnormal_condition_only:bool",
    "EnvelopeElement": "duration:ms upper_limit:num lower_limit:num",
    "Envelope": "id:id commodity_quantity:Quantity power_envelope_elements:[EnvelopeElement]1..288",
    "SequenceElement": "duration:ms power_values:[ForecastValue]1..10",
    "PowerSequence": "id:id elements:[SequenceElement]1..288 is_interruptible:bool max_pause_before?:ms "
    "abnormal_condition_only:bool",
    "SequenceContainer": "id:id power_sequences:[PowerSequence]1..288",
    "ContainerStatus": "power_profile_id:id sequence_container_id:id selected_sequence_id?:id progress?:ms "
    "status:Sequence",
}

MESSAGES = {
    "Handshake": "message_id:id role:Role supported_protocol_versions?:[str]1..1000",
    "HandshakeResponse": "message_id:id selected_protocol_version:str",
    "ReceptionStatus": "subject_message_id:id status:Reception diagnostic_label?:str",
    "SessionRequest": "message_id:id request:Session diagnostic_label?:str",
    "ResourceManagerDetails": "message_id:id resource_id:id name?:str roles:[RoleOf]1..3 manufacturer?:str "
    "model?:str serial_number?:str firmware_version?:str instruction_processing_delay:ms "
    "available_control_types:[ControlType]1..5 currency?:str provides_forecast:bool "
    "provides_power_measurement_types:[Quantity]1..10",
    "SelectControlType": "message_id:id control_type:ControlType",
    "PowerMeasurement": "message_id:id measurement_timestamp:time values:[PowerValue]1..10",
    "PowerForecast": "message_id:id start_time:time elements:[ForecastElement]1..288",
    "InstructionStatusUpdate": "message_id:id instruction_id:id status_type:InstructionStatus timestamp:time",
    "RevokeObject": "message_id:id object_type:Revokable object_id:id",
    "FRBC.SystemDescription": "message_id:id valid_from:time actuators:[FrbcActuator]1..10 "
    "storage:FrbcStorage",
    "FRBC.ActuatorStatus": f"message_id:id actuator_id:id {_STATUS}",
    "FRBC.StorageStatus": "message_id:id present_fill_level:num",
    "FRBC.LeakageBehaviour": "message_id:id valid_from:time elements:[LeakageElement]1..288",
    "FRBC.UsageForecast": "message_id:id start_time:time elements:[UsageElement]1..288",
    "FRBC.FillLevelTargetProfile": "message_id:id start_time:time elements:[TargetElement]1..288",
    "FRBC.TimerStatus": "message_id:id timer_id:id actuator_id:id finished_at:time",
    "FRBC.Instruction": f"message_id:id id:id actuator_id:id operation_mode:id "
    f"operation_mode_factor:num {_TIMES}",
    "OMBC.SystemDescription": "message_id:id valid_from:time operation_modes:[OmbcMode]1..100 "
    "transitions:[Transition]0..1000 timers:[Timer]0..1000",
    "OMBC.Status": f"message_id:id {_STATUS}",
    "OMBC.TimerStatus": "message_id:id timer_id:id finished_at:time",
    "OMBC.Instruction": f"message_id:id id:id operation_mode_id:id operation_mode_factor:num {_TIMES}",
    "DDBC.SystemDescription": "message_id:id valid_from:time actuators:[DdbcActuator]1..10 "
    "present_demand_rate?:Range provides_average_demand_rate_forecast:bool",
    "DDBC.PresentDemandStatus": "message_id:id present_demand_rate:Range",
    "DDBC.ActuatorStatus": f"message_id:id actuator_id:id {_STATUS}",
    "DDBC.AverageDemandRateForecast": "message_id:id start_time:time elements:[DemandElement]1..288",
    "DDBC.TimerStatus": "message_id:id timer_id:id actuator_id:id finished_at:time",
    "DDBC.Instruction": "message_id:id id:id actuator_id:id operation_mode_id:id operation_mode_factor:num "
    f"{_TIMES}",
    "PEBC.PowerConstraints": "message_id:id id:id valid_from:time valid_until?:time "
    "consequence_type:Consequence allowed_limit_ranges:[LimitRange]2..100",
    "PEBC.EnergyConstraint": "message_id:id id:id valid_from:time valid_until:time upper_average_power:num "
    "lower_average_power:num commodity_quantity:Quantity",
    "PEBC.Instruction": f"message_id:id id:id {_TIMES} power_constraints_id:id "
    "power_envelopes:[Envelope]1..10",
    "PPBC.PowerProfileDefinition": "message_id:id id:id start_time:time end_time:time "
    "power_sequences_containers:[SequenceContainer]1..1000",
    "PPBC.PowerProfileStatus": "message_id:id sequence_container_status:[ContainerStatus]1..1000",
    "PPBC.ScheduleInstruction": f"message_id:id {_PROFILE}",
    "PPBC.StartInterruptionInstruction": f"message_id:id {_PROFILE}",
    "PPBC.EndInterruptionInstruction": f"message_id:id {_PROFILE}",
}

Check = Callable[[Any, str], str]
"""(value, its place) → the error, "" for a valid value."""

_ID = re.compile(r"[a-zA-Z0-9\-_:]{2,64}")
_LIST = re.compile(r"\[(\w+)\](\d+)\.\.(\d+)")


def is_id(item: Any) -> TypeGuard[str]:
    """Return whether something is a valid id."""
    return isinstance(item, str) and _ID.search(item) is not None


def _is_number(item: Any) -> bool:
    return isinstance(item, int | float) and not isinstance(item, bool)


def _is_duration(item: Any) -> bool:
    return _is_number(item) and item >= 0 and (isinstance(item, int) or item.is_integer())


def _is_time(item: Any) -> bool:
    try:
        when = datetime.fromisoformat(item)
        return when.tzinfo is not None and when.timestamp() is not None
    except (TypeError, ValueError, OverflowError):
        return False


_PLAIN: dict[str, tuple[Callable[[Any], bool], str]] = {
    "id": (is_id, "is not an id"),
    "str": (lambda item: isinstance(item, str), "is not text"),
    "num": (_is_number, "is not a number"),
    "bool": (lambda item: isinstance(item, bool), "is neither true nor false"),
    "ms": (_is_duration, "is not a whole number of milliseconds"),
    "time": (_is_time, "is not a date and time with its offset"),
}


def _plain(kind: str) -> Check:
    good, wrong = _PLAIN[kind]

    def checked(item: Any, place: str) -> str:
        if not good(item):
            return f"{place}: {shown(item)} {wrong}"
        too_large = kind == "num" and isinstance(item, int) and abs(item) > sys.float_info.max
        return f"{place}: number out of range" if too_large else ""

    return checked


@cache
def _check_of(kind: str) -> Check:
    if kind in _PLAIN:
        return _plain(kind)
    if kind in _ENUMS:
        return _one_of(tuple(_ENUMS[kind].split()))
    listed = _LIST.fullmatch(kind)
    if listed:
        return _list_of(_check_of(listed[1]), int(listed[2]), int(listed[3]))
    return _object(_OBJECTS[kind])


def _one_of(known: tuple[str, ...]) -> Check:
    return lambda item, place: (
        "" if item in known else f"{place}: {shown(item)} is not one of {', '.join(known)}"
    )


def _list_of(check: Check, least: int, most: int) -> Check:
    def checked(items: Any, place: str) -> str:
        if not isinstance(items, list):
            return f"{place}: {shown(items)} is not a list"
        if not least <= len(items) <= most:
            return f"{place}: {len(items)} entries, expected {least} to {most}"
        wrong = (check(item, f"{place}[{number}]") for number, item in enumerate(items))
        return next((text for text in wrong if text), "")

    return checked


def _object(text: str, free: tuple[str, ...] = ()) -> Check:
    fields: dict[str, tuple[bool, Check]] = {}
    for field in text.split():
        name, kind = field.split(":", 1)
        fields[name.rstrip("?")] = (not name.endswith("?"), _check_of(kind))

    def checked(item: Any, place: str) -> str:
        if not isinstance(item, dict):
            return f"{place}: {shown(item)} is not an object"
        for name in item:
            if name not in fields and name not in free:
                return f"{place}: unknown field {shown(name)}"
        for name, (required, check) in fields.items():
            if name in item:
                wrong = check(item[name], f"{place}.{name}")
                if wrong:
                    return wrong
            elif required:
                return f"{place}: {name} is missing"
        return ""

    return checked


@cache
def _message_check(message_type: str) -> Check:
    return _object(MESSAGES[message_type], ("message_type",))


def fault_of(message: Mapping[str, Any]) -> str:
    """Return what is wrong with a message, "" for a valid one."""
    message_type = message.get("message_type")
    if not isinstance(message_type, str) or message_type not in MESSAGES:
        return f"unknown message type {shown(message_type)}"
    return _message_check(message_type)(message, message_type)
