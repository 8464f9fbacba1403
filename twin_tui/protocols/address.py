"""Addresses of peers that the twin dials."""

import re
from urllib.parse import SplitResult, urlsplit

from twin_tui.errors import ConfigError


def split_address(address: str, what: str, expected: str, schemes: tuple[str, ...]) -> SplitResult:
    """Return the parts of an address whose host and port are possible; raise ConfigError otherwise."""
    refusal = f"{what} {address!r} is not {expected}"
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        host.encode("idna")
    except ValueError:
        raise ConfigError(f"{refusal}: impossible host name") from None
    if parts.scheme not in schemes or not host or " " in address or not address.isprintable():
        raise ConfigError(refusal)
    try:
        possible = parts.port != 0
    except ValueError:
        possible = False
    if not possible:
        raise ConfigError(f"{refusal}: expected a port from 1 to 65535")
    return parts


def without_login(address: str) -> str:
    """Return an address as it may be shown: without user name and password."""
    return re.sub(r"(?<=://)[^/?#]*@", "", address, count=1)
