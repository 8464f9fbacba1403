"""S2 as a connector: each device with an energy manager has one wire."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin_tui.engine.s2.descriptions import offered
from twin_tui.engine.view import LinkView
from twin_tui.protocols.address import without_login
from twin_tui.protocols.connector import Connector, EntryContext, Wire, Wiring
from twin_tui.protocols.s2.options import S2, S2Entry, S2Settings

if TYPE_CHECKING:
    from twin_tui.protocols.s2.manager import ResourceManager


class S2Connector(Connector):
    """Devices as S2 resources."""

    kind = S2.kind
    entry = S2Entry
    settings = S2Settings

    def plan(self, entry: S2Entry, context: EntryContext) -> S2:
        return S2(context.device, entry.cem, _token_of(entry), entry.clock)

    def source(self, endpoint: S2) -> dict[str, Any]:
        """Return the endpoint as an entry without its token."""
        return {"kind": self.kind, "cem": without_login(endpoint.cem), "clock": endpoint.clock}

    def wires(self, wiring: Wiring) -> Iterable[Wire]:
        """Return a wire for each endpoint and, with a site-wide CEM, for every other controllable device."""
        endpoints: list[S2] = list(wiring.endpoints)
        settings: S2Settings = wiring.settings or S2Settings()
        if settings.cem is not None:
            taken = {endpoint.device for endpoint in endpoints}
            endpoints += [
                S2(name, settings.cem, _token_of(settings), settings.clock)
                for name, device in wiring.engine.devices.items()
                if name not in taken and offered(device)
            ]
        return [S2Wire(wiring, endpoint, settings.log) for endpoint in endpoints]


class S2Wire(Wire):
    """The connection of one device to its energy manager; ``manager`` is None while it is closed."""

    def __init__(self, wiring: Wiring, endpoint: S2, log: Path | None) -> None:
        self.endpoints = (endpoint,)
        self.endpoint = endpoint
        self.manager: ResourceManager | None = None
        self._engine = wiring.engine
        self._log = log

    async def open(self) -> None:
        from twin_tui.protocols.s2.manager import ResourceManager, S2Options  # noqa: PLC0415 - few sites have one

        endpoint = self.endpoint
        wall_clock = endpoint.clock == "wall"
        options = S2Options(endpoint.cem, endpoint.token, wall_clock=wall_clock, log=self._log)
        manager = ResourceManager(self._engine, endpoint.device, options)
        await manager.start()
        self.manager = manager

    async def close(self) -> None:
        manager, self.manager = self.manager, None
        if manager is not None:
            await manager.stop()

    def lines(self) -> Iterable[str]:
        yield f"S2 to {without_login(self.endpoint.cem)}  {self.endpoint.device}"

    def views(self, now_s: float) -> Iterable[LinkView]:
        if self.manager is not None:
            status = self.manager.status
            retries = f"attempt {status.attempts}" if status.attempts > 1 else ""
            yield LinkView(
                status.device,
                without_login(status.cem),
                "S2",
                requests=status.received,
                state=" ".join(part for part in (status.state, status.version, retries) if part),
                fault=status.detail,
                steers=True,
            )


def _token_of(options: S2Entry | S2Settings) -> str | None:
    return options.token.get_secret_value() if options.token is not None else None
