"""The servers of one site: every endpoint of its file, all started or none."""

import asyncio
import random
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from twin_tui.config import S2, ModbusRtu, ModbusTcp, Site
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import ClearLinkFault, Event, LinkFault
from twin_tui.engine.physics.noise import generator
from twin_tui.engine.s2.descriptions import offered
from twin_tui.errors import TwinError
from twin_tui.protocols.eos.live import EosFollower
from twin_tui.protocols.maps.binding import Binding, bind
from twin_tui.protocols.maps.parse import read_map
from twin_tui.protocols.modbus.bank import Bank
from twin_tui.protocols.modbus.capture import Capture
from twin_tui.protocols.modbus.faults import LinkRule, check_link_fault
from twin_tui.protocols.modbus.rtu import ModbusRtuServer
from twin_tui.protocols.modbus.server import ModbusTcpServer
from twin_tui.protocols.modbus.tls import server_context
from twin_tui.protocols.rest.server import RestOptions, RestServer
from twin_tui.protocols.s2.manager import ResourceManager, S2Options, check_address

Server = ModbusTcpServer | ModbusRtuServer


@dataclass(slots=True)
class Unit:
    """One device under its number on a port or line."""

    device: str
    binding: Binding


@dataclass(slots=True)
class Port:
    """One TCP port or serial line, with the units behind it; ``server`` is there while it serves."""

    endpoint: ModbusTcp | ModbusRtu
    units: dict[int, Unit] = field(default_factory=dict)
    server: Server | None = None

    @property
    def name(self) -> str:
        """How a user names it: protocol, address, port."""
        if isinstance(self.endpoint, ModbusRtu):
            return f"Modbus RTU on {self.endpoint.port}"
        port = self.server.port if isinstance(self.server, ModbusTcpServer) else self.endpoint.port
        return f"Modbus TCP on {self.endpoint.host}:{port}"

    def make(self, rng: random.Random) -> Server:
        """Return a server for the port that has not started yet."""
        banks: dict[int, Bank] = {number: unit.binding.bank for number, unit in self.units.items()}
        endpoint = self.endpoint
        if isinstance(endpoint, ModbusRtu):
            serial = endpoint.options
            return ModbusRtuServer(
                endpoint.port,
                banks,
                baudrate=serial.baudrate,
                parity=serial.parity,
                stopbits=2 if serial.stopbits == 2 else 1,
                rng=rng,
            )
        options, tls = endpoint.options, endpoint.options.tls
        return ModbusTcpServer(
            endpoint.host,
            endpoint.port,
            banks,
            framing=options.framing,
            ssl_context=server_context(tls.certificate, tls.key, tls.ca) if tls is not None else None,
            max_clients=options.max_clients,
            policy=options.policy,
            idle_timeout_s=options.idle_timeout_s,
            missing_unit=options.missing_unit,
            rng=rng,
        )


class Links:
    """Binds a site's devices to their register maps and serves them."""

    def __init__(self, site: Site, engine: Engine) -> None:
        self._engine = engine
        self._seed = site.plan.seed
        self.ports: list[Port] = []
        self._faults: dict[str, list[tuple[Port, str]]] = {}
        self.s2 = [endpoint for endpoint in site.endpoints if isinstance(endpoint, S2)]
        """The devices that dial an energy manager."""
        self.s2_log: Path | None = None
        """A file for the conversations with energy managers."""
        self.managers: list[ResourceManager] = []
        """The connections to energy managers while they are kept up."""
        self.eos: EosFollower | None = None
        """The EOS server that the site follows, if any."""
        self._capture: Capture | None = None
        self.rest: RestServer | None = None
        """The HTTP server, if there is to be one."""
        ports: dict[Hashable, Port] = {}
        for number, endpoint in enumerate(site.endpoints):
            if isinstance(endpoint, ModbusTcp):
                key: Hashable = (endpoint.host, endpoint.port or f"free {number}")
            elif isinstance(endpoint, ModbusRtu):
                key = endpoint.port
            else:
                continue
            port = ports.setdefault(key, Port(endpoint))
            register_map = read_map(endpoint.register_map, endpoint.device)
            binding = bind(
                register_map, engine, endpoint.device, devices=endpoint.devices, identity=endpoint.identity
            )
            port.units[endpoint.unit] = Unit(endpoint.device, binding)
        self.ports = list(ports.values())
        linked = {unit.device for port in self.ports for unit in port.units.values()}
        engine.check_link_fault = partial(check_link_fault, linked=linked)
        engine.link_fault = self._link_fault

    @property
    def servers(self) -> list[Server]:
        """What is serving now."""
        return [port.server for port in self.ports if port.server is not None]

    async def start(self) -> None:
        """Start every server; raise LinkError, with none of them left running, when one cannot."""
        try:
            for port in self.ports:
                server = port.make(generator(self._seed, port.name))
                await server.start()
                port.server = server
            if self._capture is not None:
                self._capture.start([(port.name, port.server.station) for port in self.ports if port.server])
            for fault, _ in self._engine.link_faults.values():
                self._impose(fault)
            for endpoint in self.s2:
                options = S2Options(
                    endpoint.cem, endpoint.token, wall_clock=endpoint.clock == "wall", log=self.s2_log
                )
                manager = ResourceManager(self._engine, endpoint.device, options)
                await manager.start()
                self.managers.append(manager)
            if self.eos is not None:
                await self.eos.start()
            if self.rest is not None:
                await self.rest.start()
        except TwinError:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop every server and drop its clients."""
        servers = self.servers
        self._faults.clear()
        if self._capture is not None:
            self._capture.finish()
        for port in self.ports:
            port.server = None
        managers, self.managers = self.managers, []
        for service in (self.eos, self.rest):
            if service is not None:
                await service.stop()
        await asyncio.gather(*(server.stop() for server in servers), *(m.stop() for m in managers))

    def capture(self, path: Path) -> None:
        """Write what is said on the Modbus links to a .pcapng or .txt file when they stop."""
        self._capture = Capture(path)

    def serve_rest(self, options: RestOptions) -> None:
        """Have the site answer over HTTP from the start on."""
        self.rest = RestServer(self._engine, options)

    def follow(self, url: str, every_s: float) -> None:
        """Have the site follow an EOS server from the start on."""
        self.eos = EosFollower(self._engine, url, every_s)

    def dial(self, cem: str, token: str | None = None) -> None:
        """Have every controllable device that has no energy manager yet dial this one, from the start on."""
        check_address(cem)
        taken = {endpoint.device for endpoint in self.s2}
        self.s2 += [
            S2(name, cem, token)
            for name, device in self._engine.devices.items()
            if name not in taken and offered(device)
        ]

    def bindings(self, device: str) -> list[Binding]:
        """Return the register maps of a device, in the order of its endpoints."""
        return [unit.binding for port in self.ports for unit in port.units.values() if unit.device == device]

    def lines(self) -> Iterator[str]:
        """Yield one line of text for each port."""
        for port in self.ports:
            units = ", ".join(
                f"{number}: {unit.device} ({unit.binding.map.name})"
                for number, unit in sorted(port.units.items())
            )
            yield f"{port.name}  unit {units}"
        for endpoint in self.s2:
            yield f"S2 to {endpoint.cem}  {endpoint.device}"
        if self.eos is not None:
            yield f"EOS at {self.eos.status.url}"
        if self.rest is not None:
            yield f"REST on {self.rest.url}"

    def _link_fault(self, event: Event) -> None:
        """Let the links of a device misbehave, or behave again, as an event says."""
        if isinstance(event, ClearLinkFault):
            for label in [event.label] if event.label else list(self._faults):
                self._lift(label)
        elif isinstance(event, LinkFault):
            self._lift(event.label)
            self._impose(event)

    def _impose(self, fault: LinkFault) -> None:
        rule = LinkRule.parse(fault.rule)
        for port in self.ports:
            for number, unit in port.units.items():
                if unit.device == fault.device and port.server is not None:
                    rule_id = f"{fault.label} unit {number}"
                    port.server.station.add_fault(rule_id, replace(rule, unit=number))
                    self._faults.setdefault(fault.label, []).append((port, rule_id))

    def _lift(self, label: str) -> None:
        for port, rule_id in self._faults.pop(label, []):
            if port.server is not None:
                port.server.station.remove_fault(rule_id)
