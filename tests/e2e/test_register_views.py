"""What the inspector says of a register: who wrote it last, what became of that, and whether it changed."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.protocols.modbus.plant import RawClient, connect, write_registers
from twin_tui import Twin
from twin_tui.engine.events import Write
from twin_tui.protocols.modbus.server import ModbusTcpServer
from twin_tui.session.link_views import LinkViews
from twin_tui.session.write_traces import WriteTraces

SETPOINT, LIMIT = "on_grid_power_setpoint", "soc_lower_limit_1"
SITE: dict[str, Any] = {
    "name": "looked_at",
    "real_time": False,
    "assets": [
        {
            "type": "bess",
            "name": "bess",
            "capacity_kwh": 10.0,
            "protocols": [{"kind": "modbus_tcp", "port": 0}],
        }
    ],
}


class Looked:
    """A running site, two clients, and what a screen is shown of its registers."""

    def __init__(self, twin: Twin, first: RawClient, second: RawClient) -> None:
        self.twin, self.first, self.second = twin, first, second
        self.views = LinkViews(twin, WriteTraces(twin.engine))
        self.at = {info.name: index for index, info in enumerate(self.views.infos("bess"))}
        self.address = {info.name: info.address for info in self.views.infos("bess")}

    def last_write(self, name: str) -> tuple[str, str]:
        """Return who wrote a register last, and what became of it."""
        (value,) = self.views.registers("bess", [self.at[name]], ())
        assert value.write_age_s is None or value.write_age_s >= 0.0
        return value.writer, value.verdict


@pytest.fixture
async def looked() -> AsyncIterator[Looked]:
    async with Twin.from_dict(SITE) as twin:
        (server,) = twin.links.servers
        assert isinstance(server, ModbusTcpServer)
        first, second = await connect(server), await connect(server)
        yield Looked(twin, first, second)
        first.writer.close()
        second.writer.close()


async def test_a_refused_write_shows_with_its_own_author(looked: Looked) -> None:
    address = looked.address[LIMIT]
    assert looked.last_write(LIMIT) == ("", "")
    await looked.first.ask(write_registers(address, 200))
    assert looked.last_write(LIMIT) == (looked.first.name, "ok")
    await looked.second.ask(write_registers(address, 1500))
    writer, verdict = looked.last_write(LIMIT)
    assert writer == looked.second.name
    assert verdict.startswith("refused: ")
    await looked.first.ask(write_registers(address, 300))
    assert looked.last_write(LIMIT) == (looked.first.name, "ok")


async def test_a_later_write_of_somebody_else_ends_a_refusal(looked: Looked) -> None:
    await looked.second.ask(write_registers(looked.address[LIMIT], 1500))
    looked.twin.submit(Write("bess", {LIMIT: 0.1}, origin="console"))
    assert looked.last_write(LIMIT) == ("console", "")


async def test_only_registers_that_changed_lately_count_as_changed(looked: Looked) -> None:
    now_s = 100.0
    views = LinkViews(looked.twin, WriteTraces(looked.twin.engine), lambda: now_s)
    assert views.changed("bess", 5.0) == ()
    looked.twin.submit(Write("bess", {"active_power_setpoint_w": 1000.0}))
    assert views.changed("bess", 5.0) == (looked.at[SETPOINT],)
    now_s += 5.0
    assert views.changed("bess", 5.0) == (looked.at[SETPOINT],)
    now_s += 0.1
    assert views.changed("bess", 5.0) == ()
    assert views.changed("bess", None) == ()
