"""The HTTP server of a twin."""

import asyncio
import socket
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from twin_tui.engine.engine import Engine
from twin_tui.errors import LinkError
from twin_tui.protocols.rest.options import TOKEN_VARIABLE, RestOptions
from twin_tui.protocols.secrets import given_token

if TYPE_CHECKING:
    import uvicorn


class RestServer:
    """Serves the engine over HTTP in the event loop that runs it."""

    def __init__(
        self, engine: Engine, options: RestOptions, log: Callable[[str], None] = lambda text: None
    ) -> None:
        self._engine = engine
        self.options = options
        self.port = options.port
        self._log = log
        self._uvicorn, self._make_app = _packages()
        self._server: uvicorn.Server | None = None
        self.task: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Address of the server."""
        return self.options.url_on(self.port)

    @property
    def requests(self) -> int:
        """Number of requests since the start."""
        return self._server.server_state.total_requests if self._server is not None else 0

    async def start(self) -> None:
        """Start serving; raise LinkError when the port or the token is not available."""
        from twin_tui.protocols.rest.guarded import LONGEST_HEADERS, GuardedHttp  # noqa: PLC0415

        token = given_token(self.options.secret, self.options.token_file, TOKEN_VARIABLE)
        listener = self._listener = self._bind()
        self.port = listener.getsockname()[1]
        config = self._uvicorn.Config(
            self._make_app(self._engine, token, self._log),
            http=partial(GuardedHttp, self._log),
            ws="none",
            h11_max_incomplete_event_size=LONGEST_HEADERS,
            proxy_headers=False,  # a client would choose the address that the log has for it
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        self._server = _quiet(self._uvicorn)(config)
        self.task = asyncio.create_task(self._server.serve(sockets=[listener]), name="rest")

    async def stop(self) -> None:
        """Stop serving and drop every client."""
        task, self.task = self.task, None
        server, self._server = self._server, None
        if server is None or task is None:
            return
        if task.get_loop().is_closed():
            self._listener.close()
        else:
            server.should_exit = True
            await asyncio.wait([task])

    def _bind(self) -> socket.socket:
        host, port = self.options.host, self.options.port
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
            listener.listen(100)
        except (OSError, UnicodeError) as error:
            listener.close()
            reason = getattr(error, "strerror", None) or error
            raise LinkError(f"REST could not listen on {host}:{port}: {reason}") from None
        listener.setblocking(False)
        return listener


def _packages() -> tuple[Any, Any]:
    try:
        import uvicorn  # noqa: PLC0415

        from twin_tui.protocols.rest.app import make_app  # noqa: PLC0415
    except ImportError:
        raise LinkError(
            "REST needs the fastapi and uvicorn packages; install the extra rest: "
            "pip install 'twin-tui[rest]'"
        ) from None
    return uvicorn, make_app


def _quiet(uvicorn: Any) -> Any:
    from contextlib import nullcontext  # noqa: PLC0415

    class Server(uvicorn.Server):  # type: ignore[misc]
        """A server that installs no signal handlers; the twin has them."""

        def capture_signals(self) -> Any:
            return nullcontext()

    return Server
