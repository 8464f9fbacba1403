"""S2 as a connector: its keys, and a wire for each device with an energy manager."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import SecretStr

from twin_tui.documents.values import Accepts, choice, to_text
from twin_tui.engine.s2.descriptions import offered
from twin_tui.engine.signals import value
from twin_tui.engine.view import LinkView
from twin_tui.errors import ConfigError
from twin_tui.protocols.address import split_address, without_login
from twin_tui.protocols.connector import (
    NO_DEVICES,
    Connector,
    EntryContext,
    Flag,
    LinkSettings,
    OutputFile,
    ProtocolEntry,
    Wire,
    Wiring,
)

if TYPE_CHECKING:
    from twin_tui.protocols.s2.manager import ResourceManager

Clock = Literal["wall", "site"]


@value
class S2:
    """One device as an S2 resource, connected to an energy manager."""

    kind: ClassVar[str] = "s2"
    devices: ClassVar[Mapping[str, str]] = NO_DEVICES
    device: str
    cem: str
    token: str | None = None
    clock: Clock = "wall"
    """Clock of the times in messages: wall-clock time, as real energy managers expect, or simulated time."""


def check_address(cem: str) -> str:
    """Return the address of a WebSocket; raise ConfigError for any other."""
    scheme = cem.partition("://")[0]
    if scheme in ("http", "https"):
        raise ConfigError(
            f"S2 energy manager {cem!r}: S2 Connect pairing over {scheme} is not supported; "
            "give the ws:// or wss:// address of its WebSocket"
        )
    split_address(cem, "S2 energy manager", "a ws:// or wss:// address", ("ws", "wss"))
    return cem


def _refuse_s2_connect(found: Any) -> None:
    raise ValueError("pairing and certificate pinning of S2 Connect are not supported; give cem and token")


Cem = Annotated[
    str, Accepts(lambda it: check_address(to_text(it)), {"type": "string", "pattern": "^[Ww][Ss][Ss]?://"})
]
NotSupported = Annotated[None, Accepts(_refuse_s2_connect, {"type": "null"})]


class S2Entry(ProtocolEntry):
    """``kind: s2``: this device connects to an energy manager."""

    pairing: NotSupported = None
    pairing_token: NotSupported = None
    certificate_pin: NotSupported = None
    certificate_fingerprint: NotSupported = None
    cem: Cem
    token: SecretStr | None = None
    clock: Annotated[Clock, choice("wall", "site")] = "wall"


class S2Settings(LinkSettings):
    """``links: {s2: …}``: the energy manager of each controllable device without an entry ``kind: s2``."""

    cem: Annotated[
        Cem | None, Flag("--s2-cem", "Connect every controllable device to this S2 energy manager.", "URL")
    ] = None
    token: Annotated[
        SecretStr | None, Flag("--s2-token", "Bearer token for --s2-cem.", "TEXT", needs="cem")
    ] = None
    clock: Annotated[Clock, choice("wall", "site")] = "wall"
    log: Annotated[OutputFile | None, Flag("--s2-log", "Log the S2 conversations to FILE.", "FILE")] = None


class S2Connector(Connector):
    """Devices as S2 resources."""

    kind = S2.kind
    entry = S2Entry
    settings = S2Settings

    def plan(self, entry: S2Entry, context: EntryContext) -> S2:
        return S2(context.device, entry.cem, _token_of(entry), entry.clock)

    def source(self, endpoint: S2) -> dict[str, Any]:
        """Return the endpoint as an entry without its token."""
        return {"kind": self.kind, "cem": without_login(endpoint.cem), "clock": endpoint.clock}

    def wires(self, wiring: Wiring) -> Iterable[Wire]:
        """Return a wire for each endpoint and, with a site-wide CEM, for every other controllable device."""
        endpoints: list[S2] = list(wiring.endpoints)
        settings: S2Settings = wiring.settings or S2Settings()
        if settings.cem is not None:
            taken = {endpoint.device for endpoint in endpoints}
            endpoints += [
                S2(name, settings.cem, _token_of(settings), settings.clock)
                for name, device in wiring.engine.devices.items()
                if name not in taken and offered(device)
            ]
        return [S2Wire(wiring, endpoint, settings.log) for endpoint in endpoints]


class S2Wire(Wire):
    """The connection of one device to its energy manager; ``manager`` is None while it is closed."""

    def __init__(self, wiring: Wiring, endpoint: S2, log: Path | None) -> None:
        self.endpoints = (endpoint,)
        self.endpoint = endpoint
        self.manager: ResourceManager | None = None
        self._engine = wiring.engine
        self._log = log

    async def open(self) -> None:
        from twin_tui.protocols.s2.manager import ResourceManager, S2Options  # noqa: PLC0415 - few sites have one

        endpoint = self.endpoint
        wall_clock = endpoint.clock == "wall"
        options = S2Options(endpoint.cem, endpoint.token, wall_clock=wall_clock, log=self._log)
        manager = ResourceManager(self._engine, endpoint.device, options)
        await manager.start()
        self.manager = manager

    async def close(self) -> None:
        manager, self.manager = self.manager, None
        if manager is not None:
            await manager.stop()

    def lines(self) -> Iterable[str]:
        yield f"S2 to {without_login(self.endpoint.cem)}  {self.endpoint.device}"

    def views(self, now_s: float) -> Iterable[LinkView]:
        if self.manager is not None:
            status = self.manager.status
            retries = f"attempt {status.attempts}" if status.attempts > 1 else ""
            yield LinkView(
                status.device,
                without_login(status.cem),
                "S2",
                requests=status.received,
                state=" ".join(part for part in (status.state, status.version, retries) if part),
                fault=status.detail,
                steers=True,
            )


def _token_of(options: S2Entry | S2Settings) -> str | None:
    return options.token.get_secret_value() if options.token is not None else None
