"""What the fuzz feeds: good inputs of each kind, and the code that reads a damaged one."""

import asyncio
import contextlib
import functools
import io
import json
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
CODES = "twin_tui/data/grid_codes"
LONGEST_LINE = 2_000
MOST_MESSAGES = 500
LINES = """\
sag 0.7 2s
sag grid 0.95 period 1s 1m
swell 1.1 2s over 1s
interrupt 5s phases ab
freq step -0.2 10s
freq ramp -0.5 over 5s for 30s
phase 30 2s
unbalance 2% 1m
fault battery over_temperature 10s
clear all
write battery active_power_setpoint_w -5kW
force battery soc 50%
release battery
mode battery SELF_CONSUMPTION 0.5
link battery delay seconds=1 for 10s
mark hello
irradiance 0.5 10s
load 5kW 10s
play frequency scenarios/frequency_dip.csv
plug ev
unplug ev""".splitlines()
# none writes a file or calls another computer: a damaged one must not either
COMMANDS = """\
run demo --headless --seed 4 --inject '0.5s sag 0.7 0.2s' --plot battery.soc --quiet
run --headless --scenario ride_through --seed 2
run one_battery --headless --hz 4 --glyphs vt --read-only
registers demo --device battery
check demo ride_through bess_modbus
schema site
replay run.jsonl
replay-plan demo plan.json --headless
run demo --headless --s2-cem ws://127.0.0.1:1 --eos http://127.0.0.1:1 --eos-every 15m""".splitlines()
TALKERS = ("battery", "car", "dishwasher", "heat_pump", "pv")
EVENTS: list[dict[str, Any]] = [
    {"event": "Write", "device": "battery", "values": {"active_power_setpoint_w": -5000}},
    {"event": "Fault", "device": "battery", "fault": "over_temperature", "duration_s": 5, "at_s": 3},
    {"event": "ClearFault", "device": "battery", "fault": "over_temperature"},
    {
        "event": "Disturb",
        "disturbance": {"target": "voltage", "magnitude": 0.5, "duration_s": 1, "label": "a"},
    },
    {"event": "Disturb", "disturbance": {"target": "load", "magnitude": 5000, "duration_s": 10}},
    {"event": "Disturb", "disturbance": {"target": "frequency", "magnitude": -0.2, "ramp_s": 1}},
    {"event": "LinkFault", "device": "battery", "rule": {"kind": "delay", "delay_s": 1}, "duration_s": 2},
    {"event": "SelectMode", "device": "battery", "mode": "SELF_CONSUMPTION", "factor": 0.5},
    {"event": "Pin", "device": "battery", "signal": "soc", "value": 0.5},
    {"event": "Mark", "note": "hello"},
]
STATUSES: list[dict[str, Any]] = [
    {"type": "FRBCStorageStatus", "present_fill_level": 0.5},
    {
        "message_type": "FRBCActuatorStatus",
        "active_operation_mode_id": "FORCED_DISCHARGE",
        "operation_mode_factor": "0.5",
        "previous_operation_mode_id": "IDLE",
        "transition_timestamp": "2026-06-20T12:00:00Z",
    },
    {"type": "PowerMeasurement", "values": [{"commodity_quantity": "ELECTRIC.POWER.L1", "value": 500.0}]},
]


def seeds(kind: str) -> list[bytes]:
    """Return the good inputs of a kind."""
    folders = {"site": "sites", "map": "register_maps", "scenario": "scenarios", "grid_code": CODES}
    if kind in folders:
        files = sorted((ROOT / folders[kind]).iterdir())
        return [path.read_bytes() for path in files if path.suffix in (".yaml", ".json")]
    if kind == "csv":
        return [
            (ROOT / "scenarios/frequency_dip.csv").read_bytes(),
            b"time,ghi\n2026-06-20T12:00,5\n2026-06-20T12:15,6\n",
        ]
    if kind == "recording":
        return [_recording(name) for name in ("one_battery", "demo")]
    if kind == "s2":
        return [conversation_of(device) for device in TALKERS]
    lines = {"line": LINES, "command": COMMANDS, "rest": map(json.dumps, (*EVENTS, *STATUSES))}
    return [line.encode() for line in lines[kind]]


def _recording(site: str) -> bytes:
    from twin_tui import Twin  # noqa: PLC0415 - the parent process needs none of it

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "run.jsonl")
        twin = Twin.from_file(site)
        twin.record(path)
        twin.inject("1s sag 0.7 2s")
        twin.advance(6)
        twin.stop_recording()
        return path.read_bytes()


@functools.cache
def _site(name: str) -> Any:
    from twin_tui.config import load_site  # noqa: PLC0415

    return load_site(name)


def _conversation(device: str) -> tuple[Any, Any]:
    """Return a fresh engine and a conversation of one of its devices."""
    from twin_tui.engine.engine import Engine  # noqa: PLC0415
    from twin_tui.protocols.s2.conversation import Conversation  # noqa: PLC0415
    from twin_tui.protocols.s2.names import Names  # noqa: PLC0415

    engine = Engine(_site("home").plan)
    talk = Conversation(engine, device, Names(engine.plan.name, device), lambda: 0.0)
    talk.begin()
    return engine, talk


def conversation_of(device: str) -> bytes:
    """Return what an energy manager says to a device, message by message: the device first, as a line."""
    _, talk = _conversation(device)
    said = [device]

    def say(kind: str, **content: Any) -> list[dict[str, Any]]:
        message = {"message_type": kind, "message_id": f"m{len(said)}", **content}
        said.append(json.dumps(message))
        talk.receive(said[-1])
        sent = list(talk.outbox)
        talk.outbox.clear()
        return sent

    say("Handshake", role="CEM", supported_protocol_versions=["0.0.2-beta"])
    details = say("HandshakeResponse", selected_protocol_version="0.0.2-beta")
    (types,) = (each["available_control_types"] for each in details if "available_control_types" in each)
    for kind in types:
        sent = say("SelectControlType", control_type=kind)
        for description in sent:
            for actuator in description.get("actuators", [{"id": "none"}]):
                for mode in actuator.get("operation_modes", description.get("operation_modes", []))[:4]:
                    family = description["message_type"].partition(".")[0]
                    content = {
                        "id": f"i{len(said)}",
                        "execution_time": "2026-06-20T12:00:00Z",
                        "operation_mode": mode.get("id"),
                        "operation_mode_factor": 0.5,
                        "abnormal_condition": False,
                        "actuator_id": actuator["id"],
                    }
                    if family == "OMBC":
                        del content["actuator_id"]
                    if family != "FRBC":
                        content["operation_mode_id"] = content.pop("operation_mode")
                    say(f"{family}.Instruction", **content)
                    say("RevokeObject", object_type=f"{family}.Instruction", object_id=content["id"])
    said.append(json.dumps({"message_type": "ReceptionStatus", "subject_message_id": "m1", "status": "OK"}))
    say("SessionRequest", request="RECONNECT", diagnostic_label="bye")
    return "\n".join(said).encode()


@contextlib.contextmanager
def _quiet() -> Iterator[io.StringIO]:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        yield printed


def _command(*words: str) -> None:
    """Run a command line as a process does; raise what a user would see as a traceback."""
    from twin_tui.cli.ending import end  # noqa: PLC0415
    from twin_tui.cli.main import PROGRAM, invoke  # noqa: PLC0415
    from twin_tui.errors import ExitCode  # noqa: PLC0415

    before, sys.argv = sys.argv, [PROGRAM, *words]
    try:
        with _quiet() as printed:
            code = end(invoke)
    finally:
        sys.argv = before
    text = printed.getvalue()
    if code not in tuple(ExitCode) or "Traceback (most" in text:
        raise AssertionError(f"exit code {code}\n{text[:6000]}")
    longest = max(text.splitlines(), key=len, default="")
    if len(longest) > LONGEST_LINE:
        raise AssertionError(f"a line of {len(longest):,} characters: {longest[:300]}")


def _checked(path: Path) -> None:
    _command("check", str(path))


def _site_file(path: Path) -> None:
    from twin_tui import Twin, TwinError  # noqa: PLC0415

    _command("check", str(path))
    with contextlib.suppress(TwinError):
        twin = Twin.from_file(path)
        for _ in range(20):
            twin.step_once()
        twin.snapshot()


def _csv(path: Path) -> None:
    from twin_tui import Twin, TwinError  # noqa: PLC0415

    with contextlib.suppress(TwinError):
        twin = Twin(_site("one_battery"))
        twin.inject(f"0s play frequency '{path}'")
        twin.advance(1)


def _recorded(path: Path) -> None:
    _command("replay", str(path))


def _line(path: Path) -> None:
    from twin_tui import Twin, TwinError  # noqa: PLC0415

    with contextlib.suppress(TwinError):
        twin = Twin(_site("demo"))
        twin.inject("0s " + path.read_bytes().decode("utf-8", "surrogateescape"))
        for _ in range(3):
            twin.step_once()


def _command_line(path: Path) -> None:
    text = path.read_bytes().decode("utf-8", "surrogateescape").replace("\0", "")
    try:
        words = shlex.split(text)
    except ValueError:
        words = text.split()
    if words[:1] == ["run"]:
        words += ["--headless", "--duration", "1s", "--speed", "max"]
        if not any(word.startswith(("--s2", "--eos")) for word in words):
            words.append("--no-servers")
    if words[:1] != ["compare"]:
        _command(*words)


def _rest(path: Path) -> None:
    asyncio.run(_posted(path.read_bytes()))


async def _posted(body: bytes) -> None:
    import httpx  # noqa: PLC0415

    from twin_tui.engine.engine import Engine  # noqa: PLC0415

    app, site = _app()
    site.engine = engine = Engine(_site("demo").plan)
    transport = httpx.ASGITransport(app=app)  # raises what the application raises
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        head = {"content-type": "application/json"}
        for answer in (
            await client.post("/v1/events", content=body, headers=head),
            await client.put(
                "/v1/resource/status", params={"resource_id": "battery"}, content=body, headers=head
            ),
        ):
            if answer.status_code >= 500 or len(answer.text) > LONGEST_LINE:
                raise AssertionError(f"status {answer.status_code}: {answer.text[:500]}")
    for _ in range(3):
        engine.step()
    engine.snapshot()


@functools.cache
def _app() -> tuple[Any, Any]:
    """Return the application, made once, and what holds its engine."""
    from types import SimpleNamespace  # noqa: PLC0415

    from twin_tui.protocols.rest.app import make_app  # noqa: PLC0415

    class Forwarding(SimpleNamespace):
        """Passes everything on to the engine of the case."""

        def __getattr__(self, name: str) -> Any:
            return getattr(self.__dict__["engine"], name)

    site: Any = Forwarding()
    return make_app(site), site


def _s2(path: Path) -> None:
    device, *said = path.read_bytes().decode("utf-8", "surrogateescape").split("\n")
    engine, talk = _conversation(device if device in TALKERS else "battery")
    for text in said[:MOST_MESSAGES]:
        talk.receive(text)
        engine.step()
        talk.publish()
        json.dumps(list(talk.outbox)).encode()
        talk.outbox.clear()
    talk.end()


Target = Callable[[Path], None]
KINDS: dict[str, tuple[str, Target]] = {
    "site": (".yaml", _site_file),
    "map": (".yaml", _checked),
    "scenario": (".yaml", _checked),
    "grid_code": (".yaml", _checked),
    "csv": (".csv", _csv),
    "recording": (".jsonl", _recorded),
    "line": (".txt", _line),
    "command": (".txt", _command_line),
    "rest": (".json", _rest),
    "s2": (".txt", _s2),
}
