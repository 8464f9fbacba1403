"""REST as a connector: one HTTP server for the whole site."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from twin_tui.engine.link_view import LinkView
from twin_tui.protocols.connector import Connector, Wire, Wiring
from twin_tui.protocols.rest.options import RestOptions
from twin_tui.protocols.secrets import warn_if_exposed

if TYPE_CHECKING:
    from twin_tui.protocols.rest.server import RestServer


class RestConnector(Connector):
    """The site over HTTP."""

    kind = "rest"
    settings = RestOptions

    def wires(self, wiring: Wiring) -> Iterable[Wire]:
        return [RestWire(wiring, wiring.settings)] if wiring.settings is not None else []


class RestWire(Wire):
    """The HTTP server; ``server`` is None while it is closed."""

    def __init__(self, wiring: Wiring, options: RestOptions) -> None:
        self._wiring = wiring
        self._options = options
        self.server: RestServer | None = None
        self._log = wiring.log()

    async def open(self) -> None:
        from twin_tui.protocols.rest.server import RestServer  # noqa: PLC0415 - few sites have one

        log = self._wiring.log(origin="rest")
        server = RestServer(self._wiring.engine, self._options, log)
        await server.start()
        assert server.task is not None
        log.watch(server.task)
        self._log = log
        warn_if_exposed(self._options.token_file, log)
        self.server = server

    async def close(self) -> None:
        server, self.server = self.server, None
        if server is not None:
            await server.stop()

    @property
    def url(self) -> str:
        """Address of the server."""
        return self.server.url if self.server is not None else self._options.url_on(self._options.port)

    def lines(self) -> Iterable[str]:
        yield f"REST on {self.url}"

    def views(self, now_s: float) -> Iterable[LinkView]:
        if self.server is not None:
            yield LinkView("", self.url, "REST", requests=self.server.requests)

    def failure(self) -> str:
        return self._log.failure
