"""Following an EOS server: at each interval report the devices, fetch the plan, carry it out."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import timedelta, timezone
from typing import TYPE_CHECKING, Any

from twin_tui.engine.agenda import Watcher
from twin_tui.engine.engine import Engine
from twin_tui.engine.formats import clean
from twin_tui.engine.signals import value
from twin_tui.engine.snapshot import LogKind
from twin_tui.errors import CommandError, ConfigError, LinkError
from twin_tui.protocols.address import without_login
from twin_tui.protocols.clock import PeerClock
from twin_tui.protocols.connector import StateLog, end_tasks
from twin_tui.protocols.eos.plan import Plan, PlanStep, event_of, parse_plan
from twin_tui.protocols.eos.status import level_of, reports_of, stamp

if TYPE_CHECKING:
    import httpx

TIMEOUT_S = 10.0
"""For each read of an answer; a whole answer may take three times as long."""
LARGEST_ANSWER = 16_000_000
"""Bytes; a plan of a large site for two days has less than one million."""
FOLLOW_EVERY_S = 1.0
NO_ERROR = ("", "")


@value
class EosStatus:
    """State of the connection to an EOS server."""

    url: str
    state: str
    """ "waiting", "following" or "failing"."""
    detail: str
    plan: str


def _httpx() -> Any:
    try:
        import httpx  # noqa: PLC0415
    except ImportError:
        raise LinkError(
            "following an EOS server needs the httpx package; install the extra rest: "
            "pip install 'twin-tui[rest]'"
        ) from None
    return httpx


class EosFollower:
    """Follows the plans of an EOS server."""

    def __init__(self, engine: Engine, url: str, every_s: float = 900.0, *, wall_clock: bool = True) -> None:
        self._engine = engine
        self._url = url
        self._base = without_login(url)
        self._log = StateLog(engine, "", self._base)
        self._every_s = every_s
        self._zone = timezone(timedelta(seconds=engine.plan.utc_offset_s))
        self._clock = PeerClock(engine, wall_clock)
        self._httpx = _httpx()
        self._plan: Plan | None = None
        self._applied: dict[str, PlanStep] = {}
        self._state, self._detail = "waiting", ""
        self._task: asyncio.Task[None] | None = None
        self._watchers: tuple[Watcher, ...] = ()
        self._due = asyncio.Event()
        self.turns = 0
        """Number of turns (report and fetch), successful or not."""
        self.turned: Callable[[], None] = lambda: None
        """Called after each turn."""

    @property
    def status(self) -> EosStatus:
        name = self._plan.name if self._plan is not None else ""
        return EosStatus(self._base, self._state, self._detail, name)

    async def start(self) -> None:
        """Start at once; repeat after each interval of simulated time."""
        self._due.set()
        self._watchers = (
            self._engine.watch(self._every_s, self._due.set),
            self._engine.watch(FOLLOW_EVERY_S, self.follow),
        )
        self._task = self._log.watch(asyncio.create_task(self._keep_up(), name="EOS"))

    async def stop(self) -> None:
        """Stop following; the modes in force remain."""
        for watcher in self._watchers:
            self._engine.unwatch(watcher)
        task, self._task = self._task, None
        await end_tasks(task)

    def failure(self) -> str:
        """Return what ended the following, "" if nothing did."""
        return self._log.failure

    def follow(self) -> None:
        """Carry out the instructions that have become due since the last call."""
        if self._plan is None:
            return
        now = self._clock.simulated_unix_s + self._clock.ahead_s()
        for resource in self._plan.resources:
            step = self._plan.active(resource, now)
            if step is None or self._applied.get(resource) == step:
                continue
            self._applied[resource] = step
            try:
                self._engine.submit(event_of(self._engine, step))
            except (ConfigError, CommandError) as error:
                self._engine.note(LogKind.MODE, resource, str(error), "EOS plan")

    async def _keep_up(self) -> None:
        async with self._httpx.AsyncClient(base_url=self._url, timeout=TIMEOUT_S, trust_env=False) as client:
            while True:
                await self._due.wait()
                self._due.clear()
                await self._turn(client)
                self.turns += 1
                self.turned()

    async def _turn(self, client: "httpx.AsyncClient") -> None:
        try:
            rejected = await self._report(client)
            plan = await self._fetch(client)
        except (self._httpx.HTTPError, self._httpx.InvalidURL) as error:
            why = f"could not connect to {self._base}: {str(error) or type(error).__name__}"
            self._set("failing", why, type(error).__name__)
            return
        except ConfigError as error:
            self._set("failing", str(error))
            return
        if plan is not None:
            self._plan = plan
            self._set("following", *rejected)
            self.follow()

    async def _report(self, client: "httpx.AsyncClient") -> tuple[str, str]:
        """Report every device; return the first error from the server as ``_http_error`` does."""
        rejected = NO_ERROR
        now = stamp(
            self._clock.simulated_unix_s + self._clock.ahead_s(), self._engine.surroundings.utc_offset_s
        )
        for device in self._engine.devices.values():
            if not device.type.modes:
                continue
            resource = device.name
            requests: list[tuple[str, str, dict[str, Any], Any]] = [
                (f"{report['type']} of {resource}", "/v1/resource/status", {"resource_id": resource}, report)
                for report in reports_of(device, now)
            ]
            level, key = level_of(device), f"{resource}-soc-factor"
            if level is not None:
                measured = {"datetime": now, "key": key, "value": level}
                requests.append((key, "/v1/measurement/value", measured, None))
            for what, path, params, body in requests:
                error = _http_error(await self._ask(client, "PUT", path, params=params, json=body), what)
                rejected = error if rejected == NO_ERROR else rejected
        return rejected

    async def _fetch(self, client: "httpx.AsyncClient") -> Plan | None:
        answer = await self._ask(client, "GET", "/v1/energy-management/plan")
        if answer.status_code != 200:
            state = "waiting" if answer.status_code == 404 else "failing"
            self._set(state, *_http_error(answer, "the plan"))
            return None
        with contextlib.suppress(ValueError, RecursionError):
            return parse_plan(answer.json(), f"{self._base} plan", self._zone)
        raise ConfigError(f"{self._base}: the plan is not valid JSON")

    async def _ask(
        self, client: "httpx.AsyncClient", method: str, path: str, **request: Any
    ) -> "httpx.Response":
        """Return an answer that has a size and an end; raise ConfigError for any other."""
        body = bytearray()
        try:
            async with asyncio.timeout(3 * TIMEOUT_S), client.stream(method, path, **request) as answer:
                async for part in answer.aiter_bytes():
                    body += part
                    if len(body) > LARGEST_ANSWER:
                        raise ConfigError(f"{self._base}: the answer has more than {LARGEST_ANSWER:,} bytes")
        except TimeoutError:
            raise ConfigError(f"{self._base}: no complete answer within {3 * TIMEOUT_S:g} s") from None
        found: httpx.Response = self._httpx.Response(answer.status_code, content=bytes(body))
        return found

    def _set(self, state: str, detail: str, error: str = "") -> None:
        self._state, self._detail = state, clean(detail)
        self._log(f"EOS: {self._detail or state}", f"{state} {error or detail}")


def _http_error(answer: "httpx.Response", what: str) -> tuple[str, str]:
    """Return the error with the server's words, which may differ each time, and without them."""
    if answer.is_success:
        return NO_ERROR
    error = f"HTTP {answer.status_code} for {what}"
    text = " ".join(answer.text.split())[:200]
    return f"{error}: {text}" if text else error, error
