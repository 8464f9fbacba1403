"""The HTTP server, over real connections."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from twin_tui import Twin
from twin_tui.engine.events import SelectControl
from twin_tui.errors import ConfigError, LinkError
from twin_tui.protocols.rest.options import RestOptions
from twin_tui.protocols.rest.server import RestServer

SITE: dict[str, Any] = {
    "name": "house",
    "step": 1,
    "real_time": False,
    "timezone": "Europe/Berlin",
    "start": "2026-06-20T10:00:00",
    "assets": [
        {"name": "battery", "type": "battery", "capacity_kwh": 10, "max_charge_kw": 5, "max_discharge_kw": 5},
        {"name": "ev", "type": "ev_charger", "vehicle_phases": 1},
        {"name": "load", "type": "load", "base_kw": 1},
        {"name": "pv", "type": "pv", "rated_kw": 5},
    ],
}
STATUS = "/v1/resource/status"


@asynccontextmanager
async def serving(**options: Any) -> AsyncIterator[tuple[Twin, httpx.AsyncClient]]:
    twin = Twin.from_dict(SITE)
    server = RestServer(twin.engine, RestOptions(port=0, **options))
    await server.start()
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
        yield twin, client
    await server.stop()


async def put(client: httpx.AsyncClient, resource: str, **message: Any) -> httpx.Response:
    return await client.put(STATUS, params={"resource_id": resource}, json=message)


async def test_the_server_lists_devices_and_telemetry() -> None:
    async with serving() as (twin, client):
        twin.advance(60)
        health = (await client.get("/v1/health")).json()
        assert (health["status"], health["site"], health["tick"]) == ("alive", "house", 60)
        assert health["time"] == "2026-06-20T10:01:00+02:00"
        resources = {r["resource_id"]: r for r in (await client.get("/v1/resources")).json()}
        assert set(resources) == {"battery", "ev", "load", "pv"}
        assert "SELF_CONSUMPTION" in resources["battery"]["modes"]
        assert resources["battery"]["s2_control_types"] == ["FILL_RATE_BASED_CONTROL"]
        seen = (await client.get("/v1/telemetry", params={"resource_id": "load"})).json()
        assert seen["resources"]["load"]["active_power_w"] == pytest.approx(-1_000.0)
        for name in ("grid", "weather"):
            assert set(seen[name]) == set(twin.engine.signals(name))
        assert seen["grid"]["frequency_hz"] == pytest.approx(50.0, abs=0.5)
        assert set(seen["resources"]) == {"load"}
        paths = (await client.get("/openapi.json")).json()["paths"]
        assert {"/v1/health", "/v1/resources", STATUS, "/v1/telemetry", "/v1/commands", "/v1/events"} <= set(
            paths
        )


async def test_a_reported_status_moves_the_twin() -> None:
    async with serving() as (twin, client):
        answer = await put(client, "battery", type="FRBCStorageStatus", present_fill_level=0.73)
        assert answer.status_code == 200
        assert twin.device("battery").telemetry.soc == pytest.approx(0.73)
        answer = await put(
            client,
            "battery",
            message_type="FRBCActuatorStatus",
            active_operation_mode_id="FORCED_DISCHARGE",
            operation_mode_factor="0.5",
            previous_operation_mode_id="IDLE",
            transistion_timestamp="20260620T100000",
        )
        assert answer.json()["status"] == {"mode": "FORCED_DISCHARGE", "factor": 0.5}
        twin.advance(5)
        assert twin.device("battery").telemetry.active_power_w == pytest.approx(2_500.0)
        entry = next(e for e in twin.engine.log if e.text.startswith("mode FORCED_DISCHARGE"))
        assert entry.origin.startswith("rest 127.0.0.1:")


async def test_a_reported_power_is_applied_with_the_sign_of_eos() -> None:
    async with serving() as (twin, client):
        values = [{"commodity_quantity": "ELECTRIC.POWER.3_PHASE_SYM", "value": "-1500"}]
        answer = await put(
            client,
            "battery",
            type="PowerMeasurement",
            measurement_timestamp="2026-06-20 10:00:00",
            values=values,
        )
        assert answer.json() == {"resource_id": "battery", "status": {"power_w": -1500.0}, "warnings": []}
        twin.advance(5)
        assert twin.device("battery").telemetry.active_power_w == pytest.approx(-1_500.0)
        values = [
            {"commodity_quantity": f"ELECTRIC.POWER.{phase}", "value": -100} for phase in ("L1", "L2", "L2")
        ]
        answer = await put(client, "battery", type="PowerMeasurement", values=values)
        assert answer.json()["status"] == {"power_w": -200.0}
        assert answer.json()["warnings"] == [
            "ELECTRIC.POWER.L2 is given more than once; the last value is used"
        ]


async def test_a_reported_power_beyond_the_device_is_limited_with_a_warning() -> None:
    async with serving() as (twin, client):
        values = [{"commodity_quantity": "ELECTRIC.POWER.L1", "value": 1e30}]
        answer = await put(client, "battery", type="PowerMeasurement", values=values)
        assert answer.json()["warnings"] == [
            "1e+30 W is outside the limits of battery, -5000 … 5000 W; limited"
        ]
        soc = twin.device("battery").telemetry.soc
        twin.advance(2)
        assert twin.device("battery").telemetry.soc == pytest.approx(soc, abs=0.001)


async def test_the_status_comes_back_in_the_form_of_eos() -> None:
    async with serving() as (twin, client):
        await put(client, "battery", type="FRBCActuatorStatus", active_operation_mode_id="CHARGE")
        twin.advance(5)
        seen = {}
        for kind in ("FRBCActuatorStatus", "FRBCStorageStatus", "PowerMeasurement"):
            answer = await client.get(STATUS, params={"resource_id": "battery", "type": kind})
            seen[kind] = answer.json()
        assert seen["FRBCActuatorStatus"]["active_operation_mode_id"] == "FORCED_CHARGE"
        assert 0.5 < seen["FRBCStorageStatus"]["present_fill_level"] < 0.51
        assert seen["PowerMeasurement"]["values"] == [
            {"commodity_quantity": "ELECTRIC.POWER.3_PHASE_SYMMETRIC", "value": pytest.approx(-5_000.0)}
        ]
        phases = (await client.get(STATUS, params={"resource_id": "ev", "type": "PowerMeasurement"})).json()
        assert [value["commodity_quantity"] for value in phases["values"]] == ["ELECTRIC.POWER.L1"]
        load = (await client.get(STATUS, params={"resource_id": "load"})).json()
        assert sum(value["value"] for value in load["values"]) == pytest.approx(1_000.0)
        missing = await client.get(STATUS, params={"resource_id": "load", "type": "FRBCStorageStatus"})
        assert missing.status_code == 404


@pytest.mark.parametrize(
    ("resource", "message", "status", "detail"),
    [
        ("batery", {"type": "FRBCStorageStatus", "present_fill_level": 0.5}, 404, "did you mean battery"),
        (
            "battery",
            {"type": "FRBCStorageStatus", "present_fill_level": 73},
            400,
            "a fraction of the capacity",
        ),
        ("battery", {"type": "FRBCStorageStatus"}, 400, "missing present_fill_level"),
        ("battery", {"type": "FRBCStorageStatus", "present_fill_level": "nan"}, 400, "finite number"),
        ("battery", {"type": "FRBCStorage"}, 400, "did you mean FRBCStorageStatus"),
        ("battery", {"type": "FRBCActuatorStatus"}, 400, "missing active_operation_mode_id"),
        (
            "battery",
            {"type": "FRBCActuatorStatus", "active_operation_mode_id": "IDLE", "operation_mode_factor": 1.3},
            400,
            "operation_mode_factor 1.3 is not in 0 … 1",
        ),
        ("battery", {"type": "FRBCActuatorStatus", "active_operation_mode_id": "X"}, 400, "has no mode 'X'"),
        ("battery", {"type": "PowerMeasurement", "values": []}, 400, "missing values"),
        (
            "battery",
            {"type": "PowerMeasurement", "values": [{"commodity_quantity": "ELECTRIC.POWER.L4", "value": 1}]},
            400,
            "did you mean ELECTRIC.POWER.L",
        ),
        (
            "battery",
            {"type": "FRBCStorageStatus", "present_fill_level": 0.5, "transition_timestamp": "soon"},
            400,
            "'soon' is not a date and time",
        ),
        (
            "load",
            {"type": "FRBCStorageStatus", "present_fill_level": 0.5},
            400,
            "cannot take over a reported soc",
        ),
    ],
)
async def test_an_invalid_report_is_refused(
    resource: str, message: dict[str, Any], status: int, detail: str
) -> None:
    async with serving() as (twin, client):
        answer = await put(client, resource, **message)
        assert answer.status_code == status
        assert detail in answer.json()["detail"]
        assert not twin.engine.log


async def test_any_event_can_be_submitted() -> None:
    async with serving() as (twin, client):
        write = {
            "event": "Write",
            "device": "battery",
            "values": {"start_stop": 1, "active_power_setpoint_w": -2000},
        }
        assert (await client.post("/v1/events", json=write)).status_code == 202
        twin.advance(5)
        assert twin.device("battery").telemetry.active_power_w == pytest.approx(-2_000.0)
        later = {"event": "SelectMode", "device": "battery", "mode": "IDLE", "at_s": 60}
        assert (await client.post("/v1/events", json=later)).status_code == 202
        twin.advance(60)
        assert twin.snapshot().device("battery").mode == "IDLE"


@pytest.mark.parametrize(
    ("event", "detail"),
    [
        ({"event": "Wirte"}, "did you mean Write"),
        (
            {"event": "Write", "device": "battery", "values": {"setpoint": 1}},
            "battery has no command 'setpoint'",
        ),
        ({"event": "Mark", "note": "x", "at_s": "soon"}, "is not a number of seconds"),
        ({"event": "Mark", "note": "x", "at_s": 1.5}, "time 1.5 s is not a multiple of the step 1 s"),
        (
            {"event": "Fault", "device": "battery", "fault": "fan", "duration_s": 0.5},
            "duration 0.5 s is not a multiple of the step 1 s; nearest: 1 s; or set step: 0.5",
        ),
        ({"event": "Write", "device": "battery", "values": 3}, "values takes an object, not 3"),
        ({"event": "Pin", "device": "battery", "signal": "soc", "value": [1]}, "value takes a number, true"),
        ({"event": "Fault"}, "Fault: missing device, fault"),
        ({"event": "Fault", "device": ["battery"], "fault": "x"}, "device takes text"),
        ({"event": "Fault", "device": "battery", "fault": "fan", "duration_s": True}, "takes a number"),
        (
            {"event": "SelectMode", "device": "battery", "mode": "IDLE", "factor": "1"},
            "factor takes a number",
        ),
        ({"event": "Instruct", "device": "battery", "instruction": 3}, "instruction takes an object"),
        ({"event": "Instruct", "device": "battery", "instruction": {}}, "no control type is selected"),
        ({"event": "SelectMode", "device": "battery", "mode": 3}, "mode takes text, not 3"),
        (
            {"event": "LinkFault", "device": "battery", "rule": {"kind": "silence"}, "label": "x" * 60_000},
            "a label has up to 80 characters, not 60,000",
        ),
    ],
)
async def test_a_wrong_event_is_refused_with_the_nearest_name(event: dict[str, Any], detail: str) -> None:
    async with serving() as (_, client):
        answer = await client.post("/v1/events", json=event)
        assert answer.status_code == 400
        assert detail in answer.json()["detail"]


async def test_a_body_that_is_not_a_json_object_is_refused() -> None:
    async with serving() as (_, client):
        for content in (b"{", b"[1]", b"", b"NaN", b"[Infinity]"):
            answer = await client.post(
                "/v1/events", content=content, headers={"Content-Type": "application/json"}
            )
            assert answer.status_code == 422


@pytest.mark.parametrize("every_s", ["nan", "inf", "1e308", "0", "-1", "soon"])
async def test_a_stream_with_an_invalid_interval_is_refused(every_s: str) -> None:
    async with serving() as (_, client):
        accept = {"Accept": "text/event-stream"}
        answer = await client.get("/v1/telemetry", headers=accept, params={"every_s": every_s})
        assert answer.status_code == 422


async def test_a_lone_surrogate_is_refused() -> None:
    async with serving() as (twin, client):
        answer = await client.post(
            "/v1/events",
            content=rb'{"event": "Mark", "note": "\ud83d"}',
            headers={"Content-Type": "application/json"},
        )
        assert answer.status_code == 400
        assert "invalid event Mark" in answer.json()["detail"]
        assert not twin.engine.log


async def test_an_instruction_with_an_endless_duration_is_refused() -> None:
    async with serving() as (twin, client):
        twin.engine.submit(SelectControl("pv", "PEBC"))
        body = (
            b'{"event": "Instruct", "device": "pv", "instruction": {"id": "i1", "elements": [[1e999, 0, 0]]}}'
        )
        answer = await client.post("/v1/events", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400
        assert "no PEBC instruction" in answer.json()["detail"]


async def test_telemetry_streams_with_the_simulated_time() -> None:
    async with serving() as (twin, client):
        accept = {"Accept": "text/event-stream"}
        async with client.stream("GET", "/v1/telemetry", headers=accept, params={"every_s": 10}) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            lines = answer.aiter_lines()
            seen = []
            async with asyncio.timeout(10.0):
                for _ in range(3):
                    line = await anext(lines)
                    while not line.startswith("data: "):
                        line = await anext(lines)
                    seen.append(json.loads(line.removeprefix("data: "))["time_s"])
                    twin.advance(10)
        assert seen == [0.0, 10.0, 20.0]


async def test_a_token_is_required_and_checked() -> None:
    async with serving(token="secret") as (_, client):
        assert (await client.get("/v1/health")).status_code == 401
        wrong = {"Authorization": "Bearer wrong"}
        assert (await client.get("/v1/health", headers=wrong)).status_code == 401
        bare = {"Authorization": "secret"}
        assert (await client.get("/v1/health", headers=bare)).status_code == 401
        lower = {"Authorization": "bearer secret"}
        assert (await client.get("/v1/health", headers=lower)).status_code == 200
        right = {"Authorization": "Bearer secret"}
        assert (await client.get("/v1/health", headers=right)).status_code == 200


async def test_a_foreign_name_for_this_computer_is_refused() -> None:
    async with serving() as (_, client):
        answer = await client.get("/v1/health", headers={"Host": "evil.example"})
        assert answer.status_code == 400


def test_other_computers_may_come_in_with_a_token_only() -> None:
    with pytest.raises(ConfigError, match="is open to other computers; give a token"):
        Twin.from_dict({**SITE, "links": {"rest": {"host": "0.0.0.0"}}})
    twin = Twin.from_dict({**SITE, "links": {"rest": {"host": "0.0.0.0", "token": "secret"}}})
    options = twin.site.links["rest"]
    assert isinstance(options, RestOptions)
    assert options.local is False


async def test_a_port_in_use_is_reported() -> None:
    twin = Twin.from_dict(SITE)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(LinkError, match=f"REST could not listen on 127.0.0.1:{port}"):
            await RestServer(twin.engine, RestOptions(port=port)).start()
