"""EOS as a connector: the whole site follows one server."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from twin_tui.engine.engine import Engine
from twin_tui.engine.view import LinkView
from twin_tui.protocols.connector import Connector, Wire, Wiring
from twin_tui.protocols.eos.options import EosSettings

if TYPE_CHECKING:
    from twin_tui.protocols.eos.live import EosFollower


class EosConnector(Connector):
    """The site as a follower of an EOS server."""

    kind = "eos"
    settings = EosSettings

    def wires(self, wiring: Wiring) -> Iterable[Wire]:
        return [EosWire(wiring.engine, wiring.settings)] if wiring.settings is not None else []


class EosWire(Wire):
    """The connection to an EOS server; ``follower`` is None while it is closed."""

    def __init__(self, engine: Engine, settings: EosSettings) -> None:
        self._engine = engine
        self._settings = settings
        self.follower: EosFollower | None = None

    async def open(self) -> None:
        from twin_tui.protocols.eos.live import EosFollower  # noqa: PLC0415 - few sites have one

        follower = EosFollower(self._engine, self._settings.url, self._settings.every)
        await follower.start()
        self.follower = follower

    async def close(self) -> None:
        follower, self.follower = self.follower, None
        if follower is not None:
            await follower.stop()

    def lines(self) -> Iterable[str]:
        yield f"EOS at {self._settings.url}"

    def views(self, now_s: float) -> Iterable[LinkView]:
        if self.follower is not None:
            status = self.follower.status
            state = " ".join(part for part in (status.state, status.plan) if part)
            yield LinkView("", status.url, "EOS", state=state, fault=status.detail, steers=True)
