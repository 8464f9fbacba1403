"""The servers of one site: every endpoint of its file, all started or none."""

import asyncio
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from twin_tui.config import ModbusRtu, ModbusTcp, Site
from twin_tui.engine.engine import Engine
from twin_tui.engine.snapshot import RegisterRow
from twin_tui.errors import ConfigError, LinkError
from twin_tui.protocols.maps.binding import Binding, bind
from twin_tui.protocols.maps.parse import load_map, parse_map
from twin_tui.protocols.modbus.server import ModbusTcpServer

Server = ModbusTcpServer


@dataclass
class Port:
    """What stands behind one TCP port or serial line."""

    make: Callable[[dict[int, Binding]], Server]
    units: dict[int, Binding] = field(default_factory=dict)


class Links:
    """Binds a site's devices to their register maps and serves them."""

    def __init__(self, site: Site, engine: Engine) -> None:
        self._engine = engine
        self._ports: dict[Hashable, Port] = {}
        self.bindings: dict[str, list[Binding]] = {}
        """The register maps of each device, in the order of its endpoints."""
        self.servers: list[Server] = []
        """What is serving now."""
        for number, endpoint in enumerate(site.endpoints):
            if isinstance(endpoint, ModbusTcp):
                key: Hashable = (endpoint.host, endpoint.port or f"free {number}")
                port = self._ports.setdefault(key, Port(_tcp(endpoint)))
            elif isinstance(endpoint, ModbusRtu):
                raise ConfigError(f"{endpoint.device}: Modbus RTU is not built yet")
            else:
                raise ConfigError(f"{endpoint.device}: S2 is not built yet")
            source = endpoint.register_map
            register_map = load_map(source) if isinstance(source, Path) else parse_map(source)
            binding = bind(register_map, engine, endpoint.device)
            port.units[endpoint.unit] = binding
            self.bindings.setdefault(endpoint.device, []).append(binding)

    async def start(self) -> None:
        """Start every server; raise LinkError, with none of them left running, when one cannot."""
        try:
            for port in self._ports.values():
                server = port.make(port.units)
                await server.start()
                self.servers.append(server)
        except LinkError:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop every server and drop its clients."""
        servers, self.servers = self.servers, []
        await asyncio.gather(*(server.stop() for server in servers))

    def registers(self, device: str, window: range | None = None) -> list[RegisterRow]:
        """Return the registers of a device's first map as an inspector shows them."""
        bindings = self.bindings.get(device)
        return bindings[0].rows(window) if bindings else []

    def lines(self) -> Iterable[str]:
        """Yield one line of text for each server."""
        for server, port in zip(self.servers, self._ports.values(), strict=True):
            units = ", ".join(f"{unit}: {binding.map.name}" for unit, binding in sorted(port.units.items()))
            yield f"Modbus TCP on {server.host}:{server.port}  unit {units}"


def _tcp(endpoint: ModbusTcp) -> Callable[[dict[int, Binding]], Server]:
    options = endpoint.options

    def make(units: dict[int, Binding]) -> ModbusTcpServer:
        return ModbusTcpServer(
            endpoint.host,
            endpoint.port,
            {unit: binding.bank for unit, binding in units.items()},
            framing=options.framing,
            max_clients=options.max_clients,
            policy=options.policy,
            idle_timeout_s=options.idle_timeout_s,
            missing_unit=options.missing_unit,
        )

    return make
