"""S2 as a connector: its keys, and a wire for each device with an energy manager."""

from collections.abc import Iterable, Mapping
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import SecretStr, model_validator

from twin_tui.documents.values import Accepts, choice, to_text
from twin_tui.engine.link_view import LinkView
from twin_tui.engine.s2.descriptions import offered
from twin_tui.engine.signals import value
from twin_tui.engine.snapshot import LogKind
from twin_tui.errors import ConfigError, LinkError
from twin_tui.protocols.address import split_address, without_login
from twin_tui.protocols.connector import (
    NO_DEVICES,
    Connector,
    EntryContext,
    Flag,
    LinkSettings,
    NamedFile,
    ProtocolEntry,
    Wire,
    Wiring,
    WrittenFile,
)
from twin_tui.protocols.s2.log import ConversationLog
from twin_tui.protocols.secrets import given_token, plain_text, warn_if_exposed

if TYPE_CHECKING:
    from twin_tui.protocols.s2.manager import ResourceManager

Clock = Literal["wall", "site"]
TOKEN_VARIABLE = "TWIN_S2_TOKEN"


@value
class S2:
    """One device as an S2 resource, connected to an energy manager."""

    kind: ClassVar[str] = "s2"
    devices: ClassVar[Mapping[str, str]] = NO_DEVICES
    device: str
    cem: str
    token: str = field(default="", repr=False)
    clock: Clock = "wall"
    """Clock of the times in messages: wall-clock time, as real energy managers expect, or simulated time."""
    token_file: Path | None = None


class CemAddress(str):
    """The address of an energy manager; its representation has no user and password."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(without_login(self))


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
    str,
    Accepts(
        lambda it: CemAddress(check_address(to_text(it))), {"type": "string", "pattern": "^[Ww][Ss][Ss]?://"}
    ),
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
    token_file: NamedFile | None = None
    clock: Annotated[Clock, choice("wall", "site")] = "wall"

    @model_validator(mode="after")
    def _one_token(self) -> "S2Entry":
        if self.token is not None and self.token_file is not None:
            raise ValueError("give token or token_file, not both")
        return self


class S2Settings(LinkSettings):
    """``links: {s2: …}``: the energy manager of each controllable device without an entry ``kind: s2``."""

    cem: Annotated[
        Cem | None, Flag("--s2-cem", "Connect every controllable device to this S2 energy manager.", "URL")
    ] = None
    token: Annotated[
        SecretStr | None,
        Flag("--s2-token", "Bearer token for --s2-cem.", "TEXT", needs="cem", instead_of="token_file"),
    ] = None
    token_file: Annotated[
        NamedFile | None,
        Flag(
            "--s2-token-file",
            f"Read that token from FILE; {TOKEN_VARIABLE} may hold it too.",
            "FILE",
            needs="cem",
            instead_of="token",
        ),
    ] = None
    clock: Annotated[Clock, choice("wall", "site")] = "wall"
    log: Annotated[
        WrittenFile | None, Flag("--s2-log", "Log the S2 conversations to FILE.", "FILE", writes=True)
    ] = None


class S2Connector(Connector):
    """Devices as S2 resources."""

    kind = S2.kind
    entry = S2Entry
    settings = S2Settings

    def plan(self, entry: S2Entry, context: EntryContext) -> S2:
        return S2(context.device, entry.cem, plain_text(entry.token), entry.clock, entry.token_file)

    def source(self, endpoint: S2) -> dict[str, Any]:
        return {"kind": self.kind, "cem": without_login(endpoint.cem), "clock": endpoint.clock}

    def wires(self, wiring: Wiring) -> Iterable[Wire]:
        """Return a wire for each endpoint and, with a site-wide CEM, for every other controllable device."""
        endpoints: list[S2] = list(wiring.endpoints)
        settings: S2Settings = wiring.settings or S2Settings()
        if settings.cem is not None:
            taken = {endpoint.device for endpoint in endpoints}
            endpoints += [
                S2(name, settings.cem, plain_text(settings.token), settings.clock, settings.token_file)
                for name, device in wiring.engine.devices.items()
                if name not in taken and offered(device)
            ]
        if settings.log is not None and not endpoints:
            return [NothingToLog(settings.log)]
        log = None if settings.log is None else ConversationLog(settings.log, wiring.engine)
        return [S2Wire(wiring, endpoint, log) for endpoint in endpoints]


class NothingToLog(Wire):
    """The S2 log of a site in which no device speaks S2: it refuses to start, as it would stay empty."""

    def __init__(self, log: Path) -> None:
        self._log = log

    async def open(self) -> None:
        text = "no device has an S2 energy manager; give --s2-cem, or cem under links.s2"
        raise LinkError(f"S2 log {self._log}: {text}")


class S2Wire(Wire):
    """The connection of one device to its energy manager; ``manager`` is None while it is closed."""

    def __init__(self, wiring: Wiring, endpoint: S2, log: ConversationLog | None) -> None:
        self.endpoints = (endpoint,)
        self.endpoint = endpoint
        self.manager: ResourceManager | None = None
        self._wiring = wiring
        self._log = log
        self._lost = ""

    async def open(self) -> None:
        from twin_tui.protocols.s2.manager import ResourceManager  # noqa: PLC0415 - few sites have one

        endpoint = self.endpoint
        token = given_token(endpoint.token, endpoint.token_file, TOKEN_VARIABLE)
        warn_if_exposed(endpoint.token_file, self._wiring.log(endpoint.device, kind=LogKind.S2))
        engine, wall_clock = self._wiring.engine, endpoint.clock == "wall"
        manager = ResourceManager(
            engine, endpoint.device, endpoint.cem, token, wall_clock=wall_clock, log=self._log
        )
        await manager.start()
        self.manager = manager

    async def close(self) -> None:
        manager, self.manager = self.manager, None
        if manager is not None:
            await manager.stop()
            self._lost = manager.lost()

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

    def failure(self) -> str:
        return self.manager.failure() if self.manager is not None else ""

    def lost(self) -> str:
        return self._lost
