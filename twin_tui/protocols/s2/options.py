"""The keys of S2: of one device, and for the whole site."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import PlainValidator, SecretStr

from twin_tui.documents.values import choice, to_text
from twin_tui.errors import ConfigError
from twin_tui.protocols.address import split_address
from twin_tui.protocols.connector import NO_DEVICES, Entry, Flag, OutputFile, Settings

Clock = Literal["wall", "site"]


@dataclass(frozen=True, slots=True)
class S2:
    """One device as an S2 resource that dials an energy manager."""

    kind: ClassVar[str] = "s2"
    devices: ClassVar[Mapping[str, str]] = NO_DEVICES
    device: str
    cem: str
    token: str | None = None
    clock: Clock = "wall"
    """Whose time stands on the wire: the wall clock's, as real energy managers expect, or the site's."""


def check_address(cem: str) -> None:
    """Raise ConfigError for an address that cannot be an energy manager's WebSocket."""
    scheme = cem.partition("://")[0]
    if scheme in ("http", "https"):
        raise ConfigError(
            f"S2 energy manager {cem!r}: S2 Connect pairing over {scheme} is not supported; "
            "give the ws:// or wss:// address of the session"
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
    raise ValueError("pairing and certificate pinning of S2 Connect are not supported: give cem and token")


Cem = Annotated[str, PlainValidator(_to_cem)]
NotSupported = Annotated[None, PlainValidator(_refuse_s2_connect)]


class S2Entry(Entry):
    """``kind: s2``: this device dials an energy manager."""

    pairing: NotSupported = None
    pairing_token: NotSupported = None
    certificate_pin: NotSupported = None
    certificate_fingerprint: NotSupported = None
    cem: Cem
    token: SecretStr | None = None
    clock: Annotated[Clock, choice("wall", "site")] = "wall"


class S2Settings(Settings):
    """``links: {s2: …}``: every controllable device that has no energy manager of its own dials this one."""

    cem: Annotated[
        Cem | None,
        Flag("--s2-cem", "Have every controllable device dial this S2 energy manager.", "URL"),
    ] = None
    token: Annotated[
        SecretStr | None, Flag("--s2-token", "Bearer token for --s2-cem.", "TEXT", needs="cem")
    ] = None
    clock: Annotated[Clock, choice("wall", "site")] = "wall"
    log: Annotated[OutputFile | None, Flag("--s2-log", "Log the S2 conversations to FILE.", "FILE")] = None
