"""A battery in conversation with an energy manager over a real WebSocket."""

import asyncio
import json
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from s2_cem import Cem, Remote, dialling, reaches

from twin_tui.engine.devices.battery import BATTERY, BatteryCommands, BatteryParams
from twin_tui.engine.devices.load import LOAD, LoadParams
from twin_tui.engine.engine import Engine
from twin_tui.engine.s2.model import (
    Actuator,
    ControlType,
    Element,
    ModeDescription,
    OperationMode,
    PowerRange,
    Storage,
    Timer,
    Transition,
)
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.errors import ConfigError
from twin_tui.protocols.s2.connector import check_address
from twin_tui.protocols.s2.conversation import Conversation, S2State
from twin_tui.protocols.s2.names import NIL

START_UNIX_S = 1_800_000_000.0
FRBC = "FILL_RATE_BASED_CONTROL"


def flat(start_w: float, end_w: float) -> tuple[Element, ...]:
    return (Element((PowerRange(start_w, end_w),), 0.0, 1.0),)


TIMED = ModeDescription(
    ControlType.FRBC,
    (
        Actuator(
            "a",
            (
                OperationMode("off", flat(0, 0)),
                OperationMode("on", flat(0, 3_000)),
                OperationMode("boost", flat(4_000, 5_000), abnormal_only=True),
            ),
            (
                Transition("off-on", "off", "on", ("hold",), duration_ms=2_000),
                Transition("on-off", "on", "off", blocking_timers=("hold",)),
                Transition("on-boost", "on", "boost", abnormal_only=True),
            ),
            (Timer("hold", 10_000),),
        ),
    ),
    Storage(0.0, 1.0),
)


def an_engine(description: ModeDescription | None = None) -> Engine:
    battery = DevicePlan(
        "battery",
        BATTERY,
        BatteryParams(10_000.0, 5_000.0, 4_000.0, 6_000.0),
        BatteryCommands(active_power_setpoint_w=700.0),
        s2=(description,) if description is not None else (),
    )
    load = DevicePlan("load", LOAD, LoadParams(1_000.0))
    return Engine(SitePlan("test", (battery, load), dt_s=0.5, start_unix_s=START_UNIX_S))


async def controlled(cem: Cem) -> Remote:
    await cem.shake_hands()
    assert (await cem.select(FRBC))["status"] == "OK"
    return Remote(cem, await cem.expect("FRBC.SystemDescription"))


def power_w(engine: Engine) -> float:
    return -engine.telemetry("battery").active_power_w


async def test_a_battery_introduces_itself_and_follows_instructions() -> None:
    engine = an_engine()
    async with Cem() as cem, dialling(engine, cem.url) as manager:
        details = await cem.shake_hands()
        assert details["available_control_types"] == [FRBC]
        assert details["roles"] == [{"role": "ENERGY_STORAGE", "commodity": "ELECTRICITY"}]
        assert details["name"] == "battery"
        assert (await cem.select(FRBC))["status"] == "OK"
        remote = Remote(cem, await cem.expect("FRBC.SystemDescription"))
        assert set(remote.modes) == {"idle", "charge", "discharge"}
        status = await cem.expect("FRBC.ActuatorStatus")
        assert status["active_operation_mode_id"] == remote.modes["idle"]
        assert (await cem.expect("PowerMeasurement"))["values"][0]["value"] == 0.0
        assert (await cem.expect("FRBC.StorageStatus"))["present_fill_level"] == pytest.approx(0.5)
        name, answer = await remote.instruct("charge", 0.4)
        assert answer["status"] == "OK"
        for expected in ("ACCEPTED", "STARTED"):
            await remote.status(name, expected)
        status = await cem.expect("FRBC.ActuatorStatus")
        assert status["active_operation_mode_id"] == remote.modes["charge"]
        assert status["operation_mode_factor"] == 0.4
        assert status["previous_operation_mode_id"] == remote.modes["idle"]
        assert "transition_timestamp" in status
        await remote.status(name, "SUCCEEDED")
        engine.advance(2.0)
        assert power_w(engine) == pytest.approx(2_000.0)
        measured = await cem.expect("PowerMeasurement")
        assert measured["values"] == [
            {"commodity_quantity": "ELECTRIC.POWER.3_PHASE_SYMMETRIC", "value": pytest.approx(2_000.0)}
        ]
        assert manager.status.state == S2State.CONTROLLED.value
        assert manager.status.control == "FRBC"


async def test_every_message_but_a_reception_status_gets_one() -> None:
    engine = an_engine()
    async with Cem() as cem, dialling(engine, cem.url):
        remote = await controlled(cem)
        await cem.send_raw("no json {")
        refused = await cem.expect("ReceptionStatus", lambda m: m["subject_message_id"] == NIL)
        assert refused["status"] == "INVALID_DATA"
        await cem.send_raw('["a", "list"]')
        refused = await cem.expect("ReceptionStatus", lambda m: m["subject_message_id"] == NIL)
        assert refused["diagnostic_label"] == "no message_id"
        for invalid in ("!", "", 7):
            await cem.send_raw(json.dumps({"message_type": "SelectControlType", "message_id": invalid}))
            refused = await cem.expect("ReceptionStatus", lambda m: m["subject_message_id"] == NIL)
            assert refused["diagnostic_label"] == "invalid message_id"
        await cem.send_raw(r'{"message_type": "half a \ud83d", "message_id": "m1"}')
        refused = await cem.expect("ReceptionStatus", lambda m: m["subject_message_id"] == NIL)
        assert refused["status"] == "INVALID_DATA"
        await cem.send_raw("[" * 100_000)
        refused = await cem.expect("ReceptionStatus", lambda m: m["subject_message_id"] == NIL)
        assert refused["status"] == "INVALID_DATA"
        _, answer = await remote.instruct("charge", 10**400)
        assert answer["status"] == "INVALID_MESSAGE"
        _, answer = await remote.instruct("charge", execution_time="9999-12-31T23:59:59-14:00")
        assert answer["status"] == "OK"
        assert (await cem.send("FRBC.Nonsense"))["status"] == "INVALID_MESSAGE"
        assert (await cem.send("SelectControlType"))["status"] == "INVALID_MESSAGE"
        assert (await cem.send("FRBC.StorageStatus", present_fill_level=1))["status"] == "INVALID_CONTENT"
        for factor in (1.3, -0.1, float("nan"), float("inf")):
            _, answer = await remote.instruct("charge", factor)
            assert answer["status"] == "INVALID_CONTENT"
            assert "is not in 0 … 1" in answer["diagnostic_label"]
        _, answer = await remote.instruct("charge", "1")
        assert answer["status"] == "INVALID_MESSAGE"
        _, answer = await remote.instruct("no-such-mode")
        assert answer["status"] == "INVALID_CONTENT"
        _, answer = await remote.instruct("charge", actuator_id="somebody")
        assert answer["status"] == "INVALID_CONTENT"
        name, answer = await remote.instruct("charge")
        assert answer["status"] == "OK"
        _, answer = await remote.instruct("charge", id=name)
        assert answer["status"] == "INVALID_CONTENT"
        assert "sent before" in answer["diagnostic_label"]
        assert (await cem.select("OPERATION_MODE_BASED_CONTROL"))["status"] == "INVALID_CONTENT"
        answer = await cem.send(
            "OMBC.Instruction",
            id="i-ombc",
            operation_mode_id="m1",
            operation_mode_factor=1,
            execution_time="2020-01-01T00:00:00Z",
            abnormal_condition=False,
        )
        assert answer["diagnostic_label"] == "OMBC.Instruction while FRBC is selected"


async def test_an_instruction_before_the_selection_is_refused() -> None:
    engine = an_engine()
    async with Cem() as cem, dialling(engine, cem.url):
        await cem.expect("Handshake")
        assert (await cem.select(FRBC))["status"] == "INVALID_CONTENT"
        await cem.send("HandshakeResponse", selected_protocol_version=cem.version)
        unknown = {"id": "aa", "operation_modes": [], "timers": []}
        remote = Remote(cem, {"message_type": "FRBC.SystemDescription", "actuators": [unknown]})
        _, answer = await remote.instruct("mm")
        assert answer["diagnostic_label"] == "FRBC.Instruction before a control type is selected"
        assert answer["status"] == "INVALID_CONTENT"


async def test_timers_durations_and_abnormal_conditions_hold_over_the_wire() -> None:
    engine = an_engine(TIMED)
    async with Cem() as cem, dialling(engine, cem.url):
        remote = await controlled(cem)
        first, _ = await remote.instruct("on")
        await remote.status(first, "STARTED")
        timer = await cem.expect("FRBC.TimerStatus", lambda m: m["timer_id"] == remote.timers["hold"])
        assert datetime.fromisoformat(timer["finished_at"]).timestamp() == START_UNIX_S + 10.0
        engine.advance(2.0)
        assert power_w(engine) == 0.0
        engine.step()
        await remote.status(first, "SUCCEEDED")
        assert power_w(engine) == pytest.approx(3_000.0)
        for mode, condition in (("off", False), ("boost", False), ("off", True)):
            blocked, answer = await remote.instruct(mode, abnormal_condition=condition)
            assert answer["status"] == "OK"
            await remote.status(blocked, "REJECTED")
        boost, _ = await remote.instruct("boost", abnormal_condition=True)
        await remote.status(boost, "SUCCEEDED")
        engine.step()
        assert power_w(engine) == pytest.approx(5_000.0)


async def test_an_instruction_for_later_waits_and_can_be_revoked() -> None:
    engine = an_engine()
    async with Cem() as cem, dialling(engine, cem.url):
        remote = await controlled(cem)
        at = datetime.fromtimestamp(START_UNIX_S + 60.0, UTC).isoformat()
        held, _ = await remote.instruct("charge", execution_time=at)
        await remote.status(held, "ACCEPTED")
        engine.advance(30.0)
        assert power_w(engine) == 0.0
        answer = await cem.send("RevokeObject", object_type="FRBC.Instruction", object_id=held)
        assert answer["status"] == "OK"
        await remote.status(held, "REVOKED")
        again = await cem.send("RevokeObject", object_type="FRBC.Instruction", object_id=held)
        assert again["status"] == "INVALID_CONTENT"
        wrong = await cem.send("RevokeObject", object_type="FRBC.SystemDescription", object_id=held)
        assert wrong["status"] == "INVALID_CONTENT"
        second, _ = await remote.instruct("charge", execution_time=at)
        engine.advance(31.0)
        await remote.status(second, "SUCCEEDED")
        assert power_w(engine) == pytest.approx(5_000.0)


async def test_a_disconnect_restores_the_setpoint_and_the_twin_connects_again() -> None:
    engine = an_engine()
    async with Cem() as cem, dialling(engine, cem.url) as manager:
        remote = await controlled(cem)
        await remote.instruct("charge")
        engine.advance(1.0)
        assert power_w(engine) == pytest.approx(5_000.0)
        await cem.hang_up()
        await cem.shake_hands()
        assert engine.devices["battery"].control is None
        assert engine.devices["battery"].commands.active_power_setpoint_w == 700.0
        assert (await cem.select(FRBC))["status"] == "OK"
        assert cem.connections == 2
        assert manager.status.control == "FRBC"


async def test_the_twin_connects_again_after_a_disconnect_during_the_handshake() -> None:
    engine = an_engine()
    async with Cem() as cem, dialling(engine, cem.url):
        await cem.expect("Handshake")
        await cem.hang_up()
        await controlled(cem)
        assert cem.connections == 2


async def test_one_that_accepts_and_drops_each_connection_gets_longer_and_longer_pauses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sleep, pauses = asyncio.sleep, []

    async def at_once(delay: float, result: Any = None) -> None:
        if delay in (1.0, 2.0, 4.0, 8.0):
            pauses.append(delay)
            delay = 0.0
        await sleep(delay)

    monkeypatch.setattr(asyncio, "sleep", at_once)
    async with Cem() as cem, dialling(an_engine(), cem.url, first_pause_s=1.0, longest_pause_s=60.0):
        for _ in range(4):
            await cem.shake_hands()
            await cem.hang_up()
        await cem.shake_hands()
    assert pauses == [1.0, 2.0, 4.0, 8.0]


@pytest.mark.parametrize("request_", ["RECONNECT", "TERMINATE"])
async def test_a_session_request_is_carried_out(request_: str) -> None:
    engine = an_engine()
    async with Cem() as cem, dialling(engine, cem.url):
        await controlled(cem)
        assert (await cem.send("SessionRequest", request=request_))["status"] == "OK"
        await cem.shake_hands()
        assert cem.connections == 2


async def test_a_wrong_version_is_refused_with_both_sides_named() -> None:
    engine = an_engine()
    async with Cem() as cem, dialling(engine, cem.url) as manager:
        await cem.expect("Handshake")
        answer = await cem.send("HandshakeResponse", selected_protocol_version="9.9")
        assert answer["status"] == "INVALID_CONTENT"
        await reaches(
            manager, S2State.REFUSED, "selected version 9.9; the twin supports 0.0.2-beta, 1.0.0-beta"
        )


async def test_another_resource_manager_is_not_an_energy_manager() -> None:
    engine = an_engine()
    async with Cem() as cem, dialling(engine, cem.url) as manager:
        await cem.expect("Handshake")
        assert (await cem.send("Handshake", role="RM"))["status"] == "INVALID_CONTENT"
        await reaches(manager, S2State.REFUSED, "is not an energy manager")


async def test_a_permanent_error_ends_the_connection() -> None:
    engine = an_engine()
    async with Cem() as cem, dialling(engine, cem.url) as manager:
        first = await cem.expect("Handshake")
        answer = {
            "message_type": "ReceptionStatus",
            "subject_message_id": first["message_id"],
            "status": "PERMANENT_ERROR",
            "diagnostic_label": "unknown device",
        }
        await cem.send_raw(json.dumps(answer))
        await reaches(manager, S2State.REFUSED, "answered PERMANENT_ERROR: unknown device")


async def test_a_rejected_token_is_reported() -> None:
    engine = an_engine()
    async with Cem(token="right") as cem:
        async with dialling(engine, cem.url, token="wrong") as manager:
            await reaches(manager, S2State.REFUSED, "rejected the token (HTTP 401)")
        async with dialling(engine, cem.url, token="right"):
            await cem.shake_hands()


async def test_the_twin_keeps_connecting_while_the_energy_manager_is_absent() -> None:
    engine = an_engine()
    async with Cem() as cem:
        url = cem.url
    async with dialling(engine, url) as manager:
        await reaches(manager, S2State.CONNECTING, "could not connect")
        assert manager.status.state == "connecting"


async def test_the_newer_version_is_used_when_selected() -> None:
    engine = an_engine()
    async with Cem(version="1.0.0-beta") as cem, dialling(engine, cem.url) as manager:
        remote = await controlled(cem)
        await remote.instruct("discharge", 0.0)
        engine.step()
        assert power_w(engine) == pytest.approx(-4_000.0)
        assert manager.status.version == "1.0.0-beta"


async def test_the_conversation_is_logged_and_two_runs_log_the_same(tmp_path: Path) -> None:
    def sent(path: Path) -> list[Any]:
        entries = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        assert all(entry["device"] == "battery" for entry in entries)
        assert any("in" in entry for entry in entries)
        out = [entry for entry in entries if "out" in entry]
        # a reception status names a message of the energy manager, whose ids differ from run to run
        return [entry for entry in out if entry["out"]["message_type"] != "ReceptionStatus"]

    async def talk(path: Path) -> list[Any]:
        engine = an_engine()
        async with Cem() as cem, dialling(engine, cem.url, log=path):
            remote = await controlled(cem)
            await cem.send_raw(r'"half a character, \ud83d"')
            name, _ = await remote.instruct("charge", 0.5, id=str(uuid.UUID(int=1)))
            await remote.status(name, "SUCCEEDED")
            engine.advance(20.0)
            await remote.cem.expect("PowerMeasurement", lambda m: m["values"][0]["value"] > 0)
            # its reception status comes after everything sent before
            await cem.send("SelectControlType", control_type="NO_SELECTION")
        return sent(path)

    assert await talk(tmp_path / "one.jsonl") == await talk(tmp_path / "two.jsonl")


async def test_an_internal_error_is_not_blamed_on_the_energy_manager(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stumble(conversation: Conversation, text: str | bytes) -> None:
        raise RuntimeError("stumbled")

    monkeypatch.setattr(Conversation, "receive", stumble)
    engine = an_engine()
    async with Cem() as cem, dialling(engine, cem.url) as manager:
        await cem.expect("Handshake")
        await cem.send_raw("{}")
        await reaches(manager, S2State.CONNECTING, "internal error of the twin")
    assert any("RuntimeError('stumbled')" in entry.text for entry in engine.log)


async def test_a_wall_clock_instruction_for_now_is_carried_out_at_once() -> None:
    engine = an_engine()
    async with Cem() as cem, dialling(engine, cem.url, wall_clock=True):
        remote = await controlled(cem)
        name, _ = await remote.instruct("charge", execution_time=datetime.now(UTC).isoformat())
        started = await remote.status(name, "STARTED")
        assert (
            abs(datetime.fromisoformat(started["timestamp"]).timestamp() - datetime.now(UTC).timestamp()) < 60
        )


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("https://cem.local/pairing", "S2 Connect pairing over https is not supported"),
        ("cem.local:8080", "is not a ws:// or wss:// address"),
        ("ws://", "is not a ws:// or wss:// address"),
    ],
)
def test_an_address_that_is_not_a_websocket_is_refused(address: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        check_address(address)
