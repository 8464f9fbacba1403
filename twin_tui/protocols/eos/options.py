"""The keys of following an EOS server."""

from typing import Annotated, Any

from twin_tui.documents.durations import parse_duration
from twin_tui.documents.values import DURATION_SCHEMA, Accepts, shown, to_text
from twin_tui.errors import ConfigError
from twin_tui.protocols.address import split_address
from twin_tui.protocols.connector import Flag, LinkSettings

PORT = 8503
EVERY_S = 900.0


def check_url(url: str) -> str:
    """Return the base address of an EOS server, its port filled in; raise ConfigError."""
    parts = split_address(url, "EOS server", "an http:// address", ("http", "https"))
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}:{parts.port or PORT}"


def _to_url(found: Any) -> str:
    try:
        return check_url(to_text(found))
    except ConfigError as error:
        raise ValueError(str(error)) from None


def _to_interval(found: Any) -> float:
    try:
        every_s = parse_duration(found) if isinstance(found, int | float | str) else 0.0
    except ConfigError as error:
        raise ValueError(str(error)) from None
    if not every_s > 0:
        raise ValueError(f"expected a duration above 0 like 15m, found {shown(found)}")
    return every_s


class EosSettings(LinkSettings):
    """``links: {eos: …}``: the site reports to an EOS server and follows its plans."""

    url: Annotated[
        str,
        Accepts(_to_url, {"type": "string", "pattern": "^[Hh][Tt][Tt][Pp][Ss]?://"}),
        Flag(
            "--eos", "Follow the plans of this EOS server and report the status of the devices to it.", "URL"
        ),
    ]
    every: Annotated[
        float,
        Accepts(_to_interval, DURATION_SCHEMA),
        Flag("--eos-every", "Interval for --eos, 15m by default.", "TIME"),
    ] = EVERY_S
