"""The paths of the HTTP server."""

import asyncio
import json
import math
from collections.abc import AsyncGenerator, Callable
from typing import Annotated, Any, cast

from fastapi import Body, FastAPI, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, StreamingResponse
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import Receive, Scope, Send

from twin_tui.engine.engine import Engine
from twin_tui.engine.events import ReportStatus, from_dict
from twin_tui.engine.formats import clean
from twin_tui.engine.observing import SITE_TELEMETRY
from twin_tui.engine.running import Device
from twin_tui.engine.s2.descriptions import offered
from twin_tui.errors import CommandError, TwinError, named
from twin_tui.protocols.eos.status import TYPES, parse_report, reports_of, stamp
from twin_tui.protocols.product import version
from twin_tui.protocols.rest.gate import Gate
from twin_tui.protocols.rest.page import page

KEEP_ALIVE_S = 15.0
LONGEST_INTERVAL_S = 366 * 86_400.0
ResourceId = Annotated[str, Query(description="Name of the device in its site")]


class EventStream(StreamingResponse):
    """A response without end that stops watching the engine as soon as its client is gone."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the client is gone; starlette's own way can miss that while the engine runs flat out."""
        body = cast(AsyncGenerator[str, None], self.body_iterator)
        sending = asyncio.ensure_future(self.stream_response(send))
        gone = asyncio.ensure_future(self.listen_for_disconnect(receive))
        try:
            await asyncio.wait({sending, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sending.cancel()
            gone.cancel()
            await asyncio.gather(sending, gone, return_exceptions=True)
            await body.aclose()


class EngineQueries:
    """Reads the engine for the paths; every request is served between two ticks."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def device(self, resource_id: str) -> Device:
        """Return a device; raise status 404 with the nearest name."""
        try:
            return self.engine.device(resource_id)
        except CommandError as error:
            raise HTTPException(404, str(error)) from None

    def now(self) -> str:
        """Return the simulated time."""
        engine = self.engine
        return stamp(engine.start_unix_s + engine.time_s, engine.surroundings.utc_offset_s)

    def resource(self, device: Device) -> dict[str, Any]:
        """Return description and status of a device."""
        return {
            "resource_id": device.name,
            "type": device.type.kind,
            "title": device.type.title,
            "status": device.state.status.value,
            "faults": list(device.type.fault_names(device.state.faults)),
            "why": device.why(self.engine.surroundings).sentence(),
            "mode": device.guide.mode if device.guide is not None else "",
            "factor": device.guide.factor if device.guide is not None else 1.0,
            "modes": [mode.name for mode in device.type.modes],
            "s2_control_types": [kind.value for kind in offered(device)],
        }

    def telemetry(self, names: list[str]) -> dict[str, Any]:
        """Return the telemetry of devices, grid and weather at this tick."""
        engine = self.engine
        return {
            "time": self.now(),
            "time_s": engine.time_s,
            "tick": engine.tick,
            **{name: _values(engine, name) for name in SITE_TELEMETRY},
            "resources": {
                name: {"status": engine.devices[name].state.status.value, **_values(engine, name)}
                for name in names
            },
        }

    async def stream(self, names: list[str], every_s: float) -> AsyncGenerator[str, None]:
        """Yield the telemetry as server-sent events, in steps of simulated time."""
        due = asyncio.Event()
        watcher = self.engine.watch(every_s, due.set)
        try:
            while True:
                yield f"data: {json.dumps(self.telemetry(names))}\n\n"
                while not due.is_set():
                    try:
                        async with asyncio.timeout(KEEP_ALIVE_S):  # wait_for may lose a cancellation
                            await due.wait()
                    except TimeoutError:
                        yield ": keep-alive\n\n"
                due.clear()
        finally:
            self.engine.unwatch(watcher)


def make_app(engine: Engine, secret: str = "", refused: Callable[[str], None] = lambda text: None) -> FastAPI:
    """Return the application for an engine; serve it in the event loop that runs the engine.

    With a secret every request needs it; ``refused`` is called with the reason for one that has not.
    """
    app = FastAPI(
        title="Twin TUI",
        version=version(),
        description="One simulated energy site. Quantities are in SI units; fractions run from 0 to 1.",
        docs_url=None,  # their pages load scripts from the internet
        redoc_url=None,
    )
    if not secret:
        # no access for a web page through a host name that resolves to this computer (DNS rebinding)
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=["localhost", "127.0.0.1", "[::1]"])
    app.add_middleware(Gate, secret=secret, refused=refused)

    @app.exception_handler(TwinError)
    async def invalid_event(request: Request, error: TwinError) -> JSONResponse:
        return JSONResponse({"detail": clean(str(error))}, 400)  # half a character would be no JSON

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        # without the input: it may contain values that JSON cannot encode, like NaN
        errors = [{key: item[key] for key in ("type", "loc", "msg")} for item in error.errors()]
        return JSONResponse({"detail": errors}, 422)

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(page(app.openapi()))

    site = EngineQueries(engine)
    _add_queries(app, site)
    _add_commands(app, site)
    return app


def _add_queries(app: FastAPI, site: EngineQueries) -> None:
    @app.get("/v1/health")
    async def health() -> dict[str, Any]:
        """Return that the twin is alive, and its simulated time."""
        engine = site.engine
        return {
            "status": "alive",
            "version": version(),
            "site": engine.plan.name,
            "time": site.now(),
            "time_s": engine.time_s,
            "tick": engine.tick,
        }

    @app.get("/v1/resources")
    async def resources() -> list[dict[str, Any]]:
        """List the devices with type, status and modes."""
        return [site.resource(device) for device in site.engine.devices.values()]

    @app.get("/v1/resource/status")
    async def status(
        resource_id: ResourceId,
        type: Annotated[str | None, Query(description=f"One of {', '.join(TYPES)}")] = None,
    ) -> dict[str, Any]:
        """Return the status of a device as one EOS message, of the requested type or the first available."""
        found = reports_of(site.device(resource_id), site.now())
        matching = [report for report in found if type in (None, report["type"])]
        if not matching:
            known = ", ".join(report["type"] for report in found)
            raise HTTPException(404, f"{resource_id} has no {named(type)} now; available: {known}")
        return matching[0]

    @app.get("/v1/telemetry")
    async def telemetry(
        request: Request,
        resource_id: Annotated[list[str] | None, Query(description="Devices, all by default")] = None,
        every_s: Annotated[
            float, Query(description="Simulated time between two events", gt=0, le=LONGEST_INTERVAL_S)
        ] = 1.0,
    ) -> Any:
        """Return the telemetry; with ``Accept: text/event-stream`` as a stream of events."""
        names = [site.device(name).name for name in resource_id or site.engine.devices]
        if "text/event-stream" not in request.headers.get("accept", ""):
            return site.telemetry(names)
        return EventStream(site.stream(names, every_s), media_type="text/event-stream")

    @app.get("/v1/commands")
    async def commands(resource_id: ResourceId) -> dict[str, Any]:
        """Return the commands of a device and the settings of its grid code as they are now."""
        device = site.device(resource_id)
        known = [name for name, signal in device.type.signals.items() if signal.command]
        if getattr(device.params, "grid_code", None) is None:
            known = [name for name in known if not device.type.signals[name].group]
        values = {name: _plain(getattr(device.commands, name)) for name in known}
        return {"resource_id": resource_id, "commands": values}


def _add_commands(app: FastAPI, site: EngineQueries) -> None:
    engine = site.engine

    @app.put("/v1/resource/status")
    async def report(
        request: Request, resource_id: ResourceId, message: Annotated[dict[str, Any], Body()]
    ) -> dict[str, Any]:
        """Set a device to the status that a real device reports, in the form of EOS."""
        device = site.device(resource_id)
        status, warnings = parse_report(device, message)
        engine.submit(ReportStatus(device.name, status, _origin(request)))
        return {"resource_id": resource_id, "status": status, "warnings": warnings}

    @app.post("/v1/events", status_code=202)
    async def submit(request: Request, event: Annotated[dict[str, Any], Body()]) -> dict[str, Any]:
        """Submit an event: a write, a disturbance, a fault, a mode; with ``at_s`` at a simulated time.

        Example: ``{"event": "Fault", "device": "battery", "fault": "emergency_stop"}``.
        """
        data = dict(event)
        at_s = data.pop("at_s", None)
        if at_s is not None and (isinstance(at_s, bool) or not isinstance(at_s, int | float)):
            raise CommandError(f"at_s {at_s!r} is not a number of seconds")
        if "origin" in data:
            raise CommandError(
                "origin is the address of the client, set by the twin: remove it; Mark takes a note"
            )
        data["origin"] = _origin(request)
        try:
            json.dumps(data, ensure_ascii=False).encode()  # fails for a lone surrogate
            engine.submit(from_dict(data), at_s=at_s)
        except (TypeError, ValueError, ArithmeticError, AttributeError, KeyError) as error:
            raise CommandError(f"invalid event {data.get('event')}: {error}") from None
        return {"accepted": True, "tick": engine.tick}


def _origin(request: Request) -> str:
    client = request.client
    return f"rest {client.host}:{client.port}" if client is not None else "rest"


def _values(engine: Engine, name: str) -> dict[str, Any]:
    return {signal: _plain(found) for signal, found in engine.shown(name).items()}


def _plain(found: Any) -> Any:
    return None if isinstance(found, float) and not math.isfinite(found) else found
