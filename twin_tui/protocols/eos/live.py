"""Following an EOS server: report the devices, fetch the plan, carry it out; again every few minutes."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import timedelta, timezone
from typing import TYPE_CHECKING, Any

from twin_tui.engine.agenda import Watcher
from twin_tui.engine.engine import Engine
from twin_tui.engine.signals import value
from twin_tui.engine.snapshot import LogKind
from twin_tui.errors import CommandError, ConfigError, LinkError
from twin_tui.protocols.clock import PeerClock
from twin_tui.protocols.connector import StateLog
from twin_tui.protocols.eos.options import check_url
from twin_tui.protocols.eos.plan import Plan, Step, event_of, parse_plan
from twin_tui.protocols.eos.status import level_of, reports_of, stamp

if TYPE_CHECKING:
    import httpx

PATIENCE_S = 10.0
LOOK_EVERY_S = 1.0


@value
class EosStatus:
    """How the twin stands with its EOS server."""

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
            "following an EOS server needs the httpx package: install twin-tui with its extra rest "
            "(pip install 'twin-tui[rest]')"
        ) from None
    return httpx


class EosFollower:
    """Keeps a site in step with an EOS server."""

    def __init__(
        self,
        engine: Engine,
        url: str,
        every_s: float = 900.0,
        *,
        wall_clock: bool = True,
    ) -> None:
        self._engine = engine
        self._base = check_url(url)
        self._log = StateLog(engine, "", self._base)
        self._every_s = every_s
        self._zone = timezone(timedelta(seconds=engine.plan.utc_offset_s))
        self._clock = PeerClock(engine, wall_clock)
        self._httpx = _httpx()
        self._plan: Plan | None = None
        self._applied: dict[str, Step] = {}
        self._state, self._detail = "waiting", ""
        self._task: asyncio.Task[None] | None = None
        self._watchers: tuple[Watcher, ...] = ()
        self._due = asyncio.Event()
        self.turns = 0
        """How often it has reported and fetched, successfully or not."""
        self.turned: Callable[[], None] = lambda: None
        """Called after each turn."""

    @property
    def status(self) -> EosStatus:
        """How the twin stands with its EOS server now."""
        name = self._plan.name if self._plan is not None else ""
        return EosStatus(self._base, self._state, self._detail, name)

    async def start(self) -> None:
        """Begin at once, then after each interval of simulated time."""
        self._due.set()
        self._watchers = (
            self._engine.watch(self._every_s, self._due.set),
            self._engine.watch(LOOK_EVERY_S, self.follow),
        )
        self._task = self._log.watch(asyncio.create_task(self._keep_up(), name="EOS"))

    async def stop(self) -> None:
        """Leave the server alone; the modes that are in force stay."""
        for watcher in self._watchers:
            self._engine.unwatch(watcher)
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def follow(self) -> None:
        """Carry out what has become due since the last look."""
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
        async with self._httpx.AsyncClient(
            base_url=self._base, timeout=PATIENCE_S, trust_env=False
        ) as client:
            while True:
                await self._due.wait()
                self._due.clear()
                await self._turn(client)
                self.turns += 1
                self.turned()

    async def _turn(self, client: "httpx.AsyncClient") -> None:
        try:
            refused = await self._report(client)
            plan = await self._fetch(client)
        except (self._httpx.HTTPError, self._httpx.InvalidURL) as error:
            self._set("failing", f"{self._base} cannot be reached: {error or type(error).__name__}")
            return
        except ConfigError as error:
            self._set("failing", str(error))
            return
        if plan is not None:
            self._plan = plan
            self._set("following", refused)
            self.follow()

    async def _report(self, client: "httpx.AsyncClient") -> str:
        """Report every device; return what the server refused, "" when nothing."""
        refused = ""
        now = stamp(self._clock.simulated_unix_s + self._clock.ahead_s(), self._engine.plan.utc_offset_s)
        for device in self._engine.devices.values():
            if not device.type.modes:
                continue
            resource = device.name
            for report in reports_of(device, now):
                answer = await client.put(
                    "/v1/resource/status", params={"resource_id": resource}, json=report
                )
                refused = refused or _refusal(answer, f"{report['type']} of {resource}")
            level = level_of(device)
            if level is not None:
                key = f"{resource}-soc-factor"
                answer = await client.put(
                    "/v1/measurement/value", params={"datetime": now, "key": key, "value": level}
                )
                refused = refused or _refusal(answer, key)
        return refused

    async def _fetch(self, client: "httpx.AsyncClient") -> Plan | None:
        answer = await client.get("/v1/energy-management/plan")
        if answer.status_code != 200:
            self._set("waiting" if answer.status_code == 404 else "failing", _refusal(answer, "the plan"))
            return None
        with contextlib.suppress(ValueError, RecursionError):
            return parse_plan(answer.json(), f"{self._base} plan", self._zone)
        raise ConfigError(f"{self._base}: the plan is not JSON")

    def _set(self, state: str, detail: str) -> None:
        self._state, self._detail = state, detail
        self._log(f"EOS: {detail or state}")


def _refusal(answer: "httpx.Response", what: str) -> str:
    if answer.is_success:
        return ""
    text = " ".join(answer.text.split())[:200]
    return f"the server answers {answer.status_code} to {what}: {text}"
