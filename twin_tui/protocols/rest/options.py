"""The keys of the HTTP server: where it listens, who may speak to it."""

import ipaddress
from typing import Annotated

from pydantic import SecretStr, model_validator

from twin_tui.documents.values import Host, TcpPort
from twin_tui.protocols.connector import Flag, Settings

LOOPBACK = "127.0.0.1"
PORT = 8503
"""EOS's own, so that what speaks to EOS finds the twin."""


class RestOptions(Settings):
    """``links: {rest: …}``: where the server listens; port 0 takes a free one."""

    port: Annotated[TcpPort, Flag("--rest", "Answer over HTTP on PORT.", "PORT")] = PORT
    host: Annotated[
        Host, Flag("--rest-host", "Where; this computer only if not given.", "HOST", needs="port")
    ] = LOOPBACK
    token: Annotated[
        SecretStr | None,
        Flag("--rest-token", "Bearer token that clients must show.", "TEXT", needs="port"),
    ] = None

    @model_validator(mode="after")
    def _open_to_others_with_a_token_only(self) -> "RestOptions":
        if not self.local and not self.secret:
            raise ValueError(
                f"REST on {self.host} can be reached from other computers: give it a token, "
                f"or let it listen on {LOOPBACK}"
            )
        return self

    @property
    def secret(self) -> str:
        """The token in clear, "" when there is none."""
        return self.token.get_secret_value() if self.token is not None else ""

    @property
    def local(self) -> bool:
        """Whether only this computer can reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def url_on(self, port: int) -> str:
        """Return the address of the server on a port."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{port}"
