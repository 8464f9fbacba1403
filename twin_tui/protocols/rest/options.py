"""The keys of the HTTP server: port, host, token."""

import ipaddress
from typing import Annotated

from pydantic import SecretStr, model_validator

from twin_tui.documents.values import Host, TcpPort
from twin_tui.protocols.connector import Flag, LinkSettings, NamedFile
from twin_tui.protocols.secrets import plain_text, token_in

LOOPBACK = "127.0.0.1"
TOKEN_VARIABLE = "TWIN_REST_TOKEN"
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
        Flag(
            "--rest-token",
            "Bearer token that clients must send.",
            "TEXT",
            needs="port",
            instead_of="token_file",
        ),
    ] = None
    token_file: Annotated[
        NamedFile | None,
        Flag(
            "--rest-token-file",
            f"Read that token from FILE; {TOKEN_VARIABLE} may hold it too.",
            "FILE",
            needs="port",
            instead_of="token",
        ),
    ] = None

    @model_validator(mode="after")
    def _open_to_others_with_a_token_only(self) -> "RestOptions":
        if self.token is not None and not self.secret:
            raise ValueError("the token is empty")
        if not (self.local or self.secret or self.token_file or token_in(TOKEN_VARIABLE)):
            raise ValueError(
                f"REST on {self.host} is open to other computers; give a token, or the host {LOOPBACK}"
            )
        return self

    @property
    def secret(self) -> str:
        """The token that was given directly, in plain text."""
        return plain_text(self.token)

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
