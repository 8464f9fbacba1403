"""The keys of the HTTP server: port, host, token."""

import ipaddress
from typing import Annotated

from pydantic import SecretStr, model_validator

from twin_tui.documents.values import Host, TcpPort
from twin_tui.protocols.connector import Flag, LinkSettings

LOOPBACK = "127.0.0.1"
PORT = 8503
"""The port of EOS, so that its clients find the twin."""


class RestOptions(LinkSettings):
    """``links: {rest: …}``: the HTTP server; port 0 selects a free one."""

    port: Annotated[TcpPort, Flag("--rest", "Serve REST over HTTP on this TCP port.", "PORT")] = PORT
    host: Annotated[
        Host,
        Flag(
            "--rest-host",
            "Listen on this host; by default only this computer can connect.",
            "HOST",
            needs="port",
        ),
    ] = LOOPBACK
    token: Annotated[
        SecretStr | None,
        Flag("--rest-token", "Bearer token that clients must send.", "TEXT", needs="port"),
    ] = None

    @model_validator(mode="after")
    def _open_to_others_with_a_token_only(self) -> "RestOptions":
        if not self.local and not self.secret:
            raise ValueError(
                f"REST on {self.host} is open to other computers; give a token, or the host {LOOPBACK}"
            )
        return self

    @property
    def secret(self) -> str:
        """The token in plain text, "" without one."""
        return self.token.get_secret_value() if self.token is not None else ""

    @property
    def local(self) -> bool:
        """Whether only this computer can connect."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def url_on(self, port: int) -> str:
        """Return the address of the server on a port."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{port}"
