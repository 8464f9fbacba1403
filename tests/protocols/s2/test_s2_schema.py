"""Validation of S2 messages, compared with the official schemas."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from s2_reference import official_fault

from twin_tui.protocols.s2.schema import MESSAGES, VERSIONS, fault_of

RANGE = {"start_of_range": 0.0, "end_of_range": 1.0}
POWER = {"start_of_range": 0, "end_of_range": 5000, "commodity_quantity": "ELECTRIC.POWER.L1"}
TRANSITION = {
    "id": "t1",
    "from": "m1",
    "to": "m2",
    "start_timers": ["t1"],
    "blocking_timers": [],
    "transition_duration": 1000,
    "abnormal_condition_only": False,
}
TIMER = {"id": "t1", "duration": 5000}
NOW = "2026-06-20T12:00:00Z"
TIMES = {"execution_time": NOW, "abnormal_condition": False}
SAMPLES: list[dict[str, Any]] = [
    {"message_type": "Handshake", "role": "CEM", "supported_protocol_versions": ["0.0.2-beta"]},
    {"message_type": "Handshake", "role": "CEM"},
    {"message_type": "HandshakeResponse", "selected_protocol_version": "0.0.2-beta"},
    {"message_type": "SelectControlType", "control_type": "FILL_RATE_BASED_CONTROL"},
    {"message_type": "SessionRequest", "request": "RECONNECT", "diagnostic_label": "why"},
    {"message_type": "RevokeObject", "object_type": "FRBC.Instruction", "object_id": "i1"},
    {
        "message_type": "FRBC.Instruction",
        "id": "i1",
        "actuator_id": "a1",
        "operation_mode": "m1",
        "operation_mode_factor": 0.5,
        **TIMES,
    },
    {
        "message_type": "OMBC.Instruction",
        "id": "i1",
        "operation_mode_id": "m1",
        "operation_mode_factor": 1,
        **TIMES,
    },
    {
        "message_type": "DDBC.Instruction",
        "id": "i1",
        "actuator_id": "a1",
        "operation_mode_id": "m1",
        "operation_mode_factor": 0,
        **TIMES,
    },
    {
        "message_type": "PEBC.Instruction",
        "id": "i1",
        "power_constraints_id": "c1",
        "power_envelopes": [
            {
                "id": "e1",
                "commodity_quantity": "ELECTRIC.POWER.L1",
                "power_envelope_elements": [{"duration": 1000, "upper_limit": 0, "lower_limit": -10.5}],
            }
        ],
        **TIMES,
    },
    {
        "message_type": "PPBC.ScheduleInstruction",
        "id": "i1",
        "power_profile_id": "p1",
        "sequence_container_id": "c1",
        "power_sequence_id": "s1",
        **TIMES,
    },
    {
        "message_type": "OMBC.SystemDescription",
        "valid_from": NOW,
        "operation_modes": [
            {"id": "m1", "power_ranges": [POWER], "abnormal_condition_only": False, "running_costs": RANGE}
        ],
        "transitions": [TRANSITION],
        "timers": [TIMER],
    },
    {
        "message_type": "FRBC.SystemDescription",
        "valid_from": NOW,
        "actuators": [
            {
                "id": "a1",
                "supported_commodities": ["ELECTRICITY"],
                "operation_modes": [
                    {
                        "id": "m1",
                        "elements": [
                            {"fill_level_range": RANGE, "fill_rate": RANGE, "power_ranges": [POWER]}
                        ],
                        "abnormal_condition_only": True,
                    }
                ],
                "transitions": [TRANSITION],
                "timers": [TIMER],
            }
        ],
        "storage": {
            "provides_leakage_behaviour": False,
            "provides_fill_level_target_profile": False,
            "provides_usage_forecast": True,
            "fill_level_range": RANGE,
        },
    },
    {
        "message_type": "DDBC.SystemDescription",
        "valid_from": NOW,
        "actuators": [
            {
                "id": "a1",
                "supported_commodites": ["GAS"],
                "operation_modes": [
                    {
                        "Id": "m1",
                        "power_ranges": [POWER],
                        "supply_range": RANGE,
                        "abnormal_condition_only": False,
                    }
                ],
                "transitions": [TRANSITION],
                "timers": [TIMER],
            }
        ],
        "present_demand_rate": RANGE,
        "provides_average_demand_rate_forecast": False,
    },
    {
        "message_type": "PowerForecast",
        "start_time": NOW,
        "elements": [
            {
                "duration": 900_000,
                "power_values": [
                    {
                        "value_expected": 1,
                        "value_upper_68PPR": 2,
                        "value_lower_limit": -1,
                        "commodity_quantity": "ELECTRIC.POWER.3_PHASE_SYMMETRIC",
                    }
                ],
            }
        ],
    },
]
for number, sample in enumerate(SAMPLES):
    sample["message_id"] = f"message-{number}"
OBJECTS = ("storage", "fill_level_range", "fill_rate", "supply_range", "present_demand_rate", "running_costs")
ODD: list[Any] = [None, "", "x", "ELECTRIC.POWER.3_PHASE_SYM", -1, 1.5, True, [], {}, {"a": 1}]


def positions(item: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path to everything within a message."""
    children = item.items() if isinstance(item, dict) else enumerate(item) if isinstance(item, list) else ()
    return [path, *(deep for key, child in children for deep in positions(child, (*path, key)))]


@pytest.mark.parametrize("message", SAMPLES, ids=lambda message: message["message_type"])
def test_a_message_that_the_official_schema_accepts_is_accepted(message: dict[str, Any]) -> None:
    assert fault_of(message) == ""
    assert official_fault(message) == ""


@given(message=st.sampled_from(SAMPLES), data=st.data())
def test_a_damaged_message_is_judged_as_the_official_schema_judges_it(
    message: dict[str, Any], data: st.DataObject
) -> None:
    damaged = copy.deepcopy(message)
    path = data.draw(st.sampled_from([p for p in positions(message) if p and p != ("message_type",)]))
    place = damaged
    for key in path[:-1]:
        place = place[key]
    how = data.draw(st.sampled_from(["replace", "remove", "add"]))
    if how == "replace":
        place[path[-1]] = data.draw(st.sampled_from(ODD))
    elif how == "remove":
        del place[path[-1]]
    elif isinstance(place, dict):
        place["surplus"] = 1
    # the official schemas do not check "format" or that an object is one,
    # and require present_demand_rate in 0.0.2 only
    replaced = how == "replace"
    times = path[-1] in ("execution_time", "valid_from", "start_time")
    stricter = replaced and (times or isinstance(path[-1], int) or path[-1] in OBJECTS)
    version_dependent = path == ("present_demand_rate",) and how == "remove"
    if not stricter and not version_dependent:
        assert bool(fault_of(damaged)) == bool(official_fault(damaged)), fault_of(damaged)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_official_message_is_known_with_its_fields(version: str) -> None:
    from s2_reference import _validators  # noqa: PLC0415

    for name, validator in _validators(version).items():
        schema = validator.schema
        if "properties" not in schema or "message_type" not in schema["properties"]:
            continue
        ours = {field.split(":")[0].rstrip("?") for field in MESSAGES[name].split()}
        assert set(schema["properties"]) - {"message_type"} <= ours


@pytest.mark.parametrize(
    ("time", "good"),
    [
        (NOW, True),
        ("2026-06-20T12:00:00+02:00", True),
        ("2026-06-20T12:00:00", False),
        ("soon", False),
        (1, False),
    ],
)
def test_times_need_their_offset(time: Any, good: bool) -> None:
    message = {**SAMPLES[6], "execution_time": time}
    assert (fault_of(message) == "") is good
