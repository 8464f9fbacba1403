"""EOS as a connector: its keys, and the one wire of a site that follows a server."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

from twin_tui.documents.durations import parse_duration
from twin_tui.documents.values import DURATION_SCHEMA, Accepts, to_text
from twin_tui.engine.engine import Engine
from twin_tui.engine.link_view import LinkView
from twin_tui.errors import shown
from twin_tui.protocols.address import split_address, without_login
from twin_tui.protocols.connector import Connector, Flag, LinkSettings, Wire, Wiring

if TYPE_CHECKING:
    from twin_tui.protocols.eos.live import EosFollower

PORT = 8503
EVERY_S = 900.0


def check_url(url: str) -> str:
    """Return the base address of an EOS server, with its login and its port filled in; raise ConfigError."""
    parts = split_address(url, "EOS server", "an http:// address", ("http", "https"))
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    login, at, _ = parts.netloc.rpartition("@")
    return f"{parts.scheme}://{login}{at}{host}:{parts.port or PORT}"


def _to_interval(found: Any) -> float:
    every_s = parse_duration(found) if isinstance(found, int | float | str) else 0.0
    if not every_s > 0:
        raise ValueError(f"expected a duration above 0 like 15m, found {shown(found)}")
    return every_s


class EosSettings(LinkSettings):
    """``links: {eos: …}``: the site reports to an EOS server and follows its plans."""

    url: Annotated[
        str,
        Accepts(
            lambda it: check_url(to_text(it)), {"type": "string", "pattern": "^[Hh][Tt][Tt][Pp][Ss]?://"}
        ),
        Flag(
            "--eos", "Follow the plans of this EOS server and report the status of the devices to it.", "URL"
        ),
    ]
    every: Annotated[
        float,
        Accepts(_to_interval, DURATION_SCHEMA),
        Flag("--eos-every", "Interval for --eos, 15m by default.", "TIME"),
    ] = EVERY_S


class EosConnector(Connector):
    """The site as a follower of an EOS server."""

    kind = "eos"
    settings = EosSettings

    def wires(self, wiring: Wiring) -> Iterable[Wire]:
        return [EosWire(wiring.engine, wiring.settings)] if wiring.settings is not None else []


class EosWire(Wire):
    """The connection to an EOS server; ``follower`` is None while it is closed."""

    def __init__(self, engine: Engine, settings: EosSettings) -> None:
        self._engine = engine
        self._settings = settings
        self.follower: EosFollower | None = None

    async def open(self) -> None:
        from twin_tui.protocols.eos.live import EosFollower  # noqa: PLC0415 - few sites have one

        follower = EosFollower(self._engine, self._settings.url, self._settings.every)
        await follower.start()
        self.follower = follower

    async def close(self) -> None:
        follower, self.follower = self.follower, None
        if follower is not None:
            await follower.stop()

    def lines(self) -> Iterable[str]:
        yield f"EOS at {without_login(self._settings.url)}"

    def views(self, now_s: float) -> Iterable[LinkView]:
        if self.follower is not None:
            status = self.follower.status
            state = " ".join(part for part in (status.state, status.plan) if part)
            yield LinkView("", status.url, "EOS", state=state, fault=status.detail, steers=True)

    def failure(self) -> str:
        return self.follower.failure() if self.follower is not None else ""
