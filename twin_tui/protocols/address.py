"""Addresses of peers that the twin connects to."""

import re
from urllib.parse import SplitResult, urlsplit

from twin_tui.errors import ConfigError


def split_address(address: str, what: str, expected: str, schemes: tuple[str, ...]) -> SplitResult:
    """Return the parts of an address; raise ConfigError for an invalid one."""
    refusal = f"{what} {address!r} is not {expected}"
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        host.encode("idna")
    except ValueError:
        raise ConfigError(f"{refusal}: invalid host name") from None
    if parts.scheme not in schemes or not host or " " in address or not address.isprintable():
        raise ConfigError(refusal)
    try:
        valid_port = parts.port != 0
    except ValueError:
        valid_port = False
    if not valid_port:
        raise ConfigError(f"{refusal}: expected a port from 1 to 65535")
    return parts


def without_login(address: str) -> str:
    """Return an address without user name and password, for display."""
    return re.sub(r"(?<=://)[^/?#]*@", "", address, count=1)
