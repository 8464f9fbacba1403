"""The keys of S2: for one device, and for the whole site."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import PlainValidator, SecretStr

from twin_tui.documents.values import Accepts, choice, to_text
from twin_tui.engine.signals import value
from twin_tui.errors import ConfigError
from twin_tui.protocols.address import split_address
from twin_tui.protocols.connector import NO_DEVICES, Flag, LinkSettings, OutputFile, ProtocolEntry

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


def check_address(cem: str) -> None:
    """Raise ConfigError unless an address is one of a WebSocket."""
    scheme = cem.partition("://")[0]
    if scheme in ("http", "https"):
        raise ConfigError(
            f"S2 energy manager {cem!r}: S2 Connect pairing over {scheme} is not supported; "
            "give the ws:// or wss:// address of its WebSocket"
        )
    split_address(cem, "S2 energy manager", "a ws:// or wss:// address", ("ws", "wss"))


def _to_cem(found: Any) -> str:
    cem = to_text(found)
    try:
        check_address(cem)
    except ConfigError as error:
        raise ValueError(str(error)) from None
    return cem


def _refuse_s2_connect(found: Any) -> None:
    raise ValueError("pairing and certificate pinning of S2 Connect are not supported; give cem and token")


Cem = Annotated[str, Accepts(_to_cem, {"type": "string", "pattern": "^[Ww][Ss][Ss]?://"})]
NotSupported = Annotated[None, PlainValidator(_refuse_s2_connect)]


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
        Cem | None,
        Flag("--s2-cem", "Connect every controllable device to this S2 energy manager.", "URL"),
    ] = None
    token: Annotated[
        SecretStr | None, Flag("--s2-token", "Bearer token for --s2-cem.", "TEXT", needs="cem")
    ] = None
    clock: Annotated[Clock, choice("wall", "site")] = "wall"
    log: Annotated[OutputFile | None, Flag("--s2-log", "Log the S2 conversations to FILE.", "FILE")] = None
