"""DER Twin in the same environment, in the same process: as the real device beside which a twin is put."""

import asyncio
import socket
from typing import Any

import pytest

from benchmarks.against_dertwin import ONE
from tests.protocols.maps.site import MAPS, bound, shipped
from twin_tui.protocols.maps.compare import Address, lines, read_real

controllers = pytest.importorskip("dertwin.controllers.site_controller", reason="DER Twin is not installed")


def der_twin(port: int) -> Any:
    """Return DER Twin's site of one battery, served on a port."""
    (battery,) = ONE["assets"]
    (protocol,) = battery["protocols"]
    assets = [{**battery, "protocols": [{**protocol, "port": port}]}]
    site = controllers.SiteController({**ONE, "assets": assets, "register_map_root": str(MAPS)})
    site.build()
    return site


async def test_compare_reads_every_register_of_der_twin_over_modbus() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    site = der_twin(port)
    (server,) = site.protocols
    await server.run_server()
    while not server._server.transport:  # noqa: ASYNC110 - it has no event for that
        await asyncio.sleep(0)
    try:
        for _ in range(10):
            await site.engine.step_once()
        twin = bound(shipped("bess_modbus"))
        readings = await read_real(twin, Address("127.0.0.1", port))
        found = {line.register.name: line for line in lines(twin, readings)}
    finally:
        await server.shutdown()
    assert (found["system_soc"].real, found["system_soc"].twin) == ("40.0 %", "50.0 %")
    assert found["system_soc"].difference == "+10 %"
    assert len(found) == 30
    assert all("exception" not in line.real for line in found.values())
