"""What an energy manager can write into log, S2 log and recording: nothing that draws or breaks them."""

import json
import re
import uuid
from pathlib import Path
from typing import Any

import pytest
from s2_cem import Cem, dialling, reaches

from twin_tui import Twin
from twin_tui.engine.log import LONGEST_TEXT
from twin_tui.protocols.s2.conversation import S2State
from twin_tui.protocols.s2.log import ConversationLog
from twin_tui.run import recording

SITE: dict[str, Any] = {
    "name": "house",
    "real_time": False,
    "assets": [{"type": "battery", "name": "battery", "capacity_kwh": 10}],
}
BAD = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
EVIL = (
    "\x1b[2J\x1b]0;title\x07",
    "a\u202eb\u2066c",
    "nul\0nul",
    "two\nlines\r\n",
    "x" * 10_000,
    "=cmd|' /C calc'!A0",
)


def hostile_messages(evil: str, actuator: str) -> list[dict[str, Any]]:
    """Return messages with a text of the energy manager in every place that takes one."""
    number = str(uuid.uuid4())
    return [
        {
            "message_type": "ReceptionStatus",
            "subject_message_id": evil,
            "status": "INVALID_CONTENT",
            "diagnostic_label": evil,
        },
        {"message_type": evil, "message_id": number},
        {
            "message_type": "Handshake",
            "message_id": number,
            "role": evil,
            "supported_protocol_versions": [evil],
        },
        {"message_type": "SelectControlType", "message_id": number, "control_type": evil},
        {
            "message_type": "RevokeObject",
            "message_id": number,
            "object_type": "FRBC.Instruction",
            "object_id": evil,
        },
        {
            "message_type": "FRBC.Instruction",
            "message_id": number,
            "id": evil,
            "actuator_id": actuator,
            "operation_mode": evil,
            "operation_mode_factor": 0.5,
            "execution_time": evil,
            "abnormal_condition": False,
        },
        {evil: evil},
    ]


@pytest.mark.parametrize("evil", EVIL, ids=["escape", "bidi", "nul", "lines", "long", "formula"])
async def test_an_energy_manager_with_hostile_texts_leaves_clean_logs_and_a_recording_that_replays(
    evil: str, tmp_path: Path
) -> None:
    path, log = tmp_path / "run.jsonl", tmp_path / "s2.jsonl"
    twin = Twin.from_dict(SITE)
    twin.record(path)
    async with Cem() as cem, dialling(twin.engine, cem.url, log=log) as manager:
        await cem.shake_hands()
        await cem.select("FILL_RATE_BASED_CONTROL")
        description = await cem.expect("FRBC.SystemDescription")
        for message in hostile_messages(evil, description["actuators"][0]["id"]):
            await cem.send_raw(json.dumps(message))
            await cem.send_raw(json.dumps(message, ensure_ascii=False))
            await cem.send_raw(json.dumps(message).replace('"status"', '"\\ud800"'))
            twin.advance(1)
        await cem.send_raw(evil)
        label = {"request": "TERMINATE", "diagnostic_label": evil}
        await cem.send_raw(
            json.dumps({"message_type": "SessionRequest", "message_id": str(uuid.uuid4()), **label})
        )
        await reaches(manager, S2State.CLOSED)
    twin.stop_recording()
    for entry in twin.engine.log:
        assert BAD.findall(entry.text + entry.origin) == []
        assert len(entry.text) <= LONGEST_TEXT
    assert len([json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]) > 20
    head, rows = recording.read(path)
    assert list(recording.replay(recording.fresh_engine(head, "run"), rows)) == []


def test_a_message_that_is_nested_too_deeply_for_the_log_does_not_end_the_connection(tmp_path: Path) -> None:
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    log = ConversationLog(tmp_path / "s2.jsonl", Twin.from_dict(SITE).engine)
    log.open()
    log.write("battery", "in", deep)
    log.write("battery", "in", {"a": 1})
    log.close()
    lines = [json.loads(line) for line in (tmp_path / "s2.jsonl").read_text().splitlines()]
    assert [line["in"] for line in lines] == ["nested too deeply", {"a": 1}]
