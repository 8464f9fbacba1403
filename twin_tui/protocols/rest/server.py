"""The HTTP server of a twin: where it listens, who may speak to it."""

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from twin_tui.engine.engine import Engine
from twin_tui.errors import ConfigError, LinkError

if TYPE_CHECKING:
    import uvicorn

LOOPBACK = "127.0.0.1"
PORT = 8503
"""EOS's own, so that what speaks to EOS finds the twin."""


@dataclass(slots=True, frozen=True)
class RestOptions:
    """Where the server listens; port 0 takes a free one."""

    host: str = LOOPBACK
    port: int = PORT
    token: str | None = None

    @property
    def local(self) -> bool:
        """Whether only this computer can reach the server."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Return whether a host name or address means this computer alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class RestServer:
    """Serves the engine over HTTP in the loop that runs it."""

    def __init__(self, engine: Engine, options: RestOptions) -> None:
        if not options.local and not options.token:
            raise ConfigError(
                f"REST on {options.host} can be reached from other computers: give it a token, "
                f"or let it listen on {LOOPBACK}"
            )
        self._engine = engine
        self.options = options
        self.port = options.port
        self._uvicorn, self._make_app = _packages()
        self._server: uvicorn.Server | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Where the server can be reached."""
        host = f"[{self.options.host}]" if ":" in self.options.host else self.options.host
        return f"http://{host}:{self.port}"

    async def start(self) -> None:
        """Bind and serve; raise LinkError when the port cannot be had."""
        listener = self._bind()
        self.port = listener.getsockname()[1]
        app = self._make_app(self._engine, self.options)
        config = self._uvicorn.Config(
            app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1
        )
        self._server = _quiet(self._uvicorn)(config)
        self._task = asyncio.create_task(self._server.serve(sockets=[listener]), name="rest")

    async def stop(self) -> None:
        """Stop serving and drop every client."""
        task, self._task = self._task, None
        if self._server is not None and task is not None:
            self._server.should_exit = True
            await asyncio.gather(task, return_exceptions=True)

    def _bind(self) -> socket.socket:
        host, port = self.options.host, self.options.port
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
            listener.listen(100)
        except OSError as error:
            listener.close()
            raise LinkError(f"REST cannot listen on {host}:{port}: {error.strerror or error}") from None
        listener.setblocking(False)
        return listener


def _packages() -> tuple[Any, Any]:
    try:
        import uvicorn  # noqa: PLC0415

        from twin_tui.protocols.rest.app import make_app  # noqa: PLC0415
    except ImportError:
        raise LinkError(
            "REST needs the fastapi and uvicorn packages: install twin-tui with its extra rest "
            "(pip install 'twin-tui[rest]')"
        ) from None
    return uvicorn, make_app


def _quiet(uvicorn: Any) -> Any:
    from contextlib import nullcontext  # noqa: PLC0415

    class Server(uvicorn.Server):  # type: ignore[misc]
        """Leaves the signals to the twin."""

        def capture_signals(self) -> Any:
            return nullcontext()

    return Server
