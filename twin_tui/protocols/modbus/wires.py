"""The TCP ports and serial lines of a twin, with their units."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

from twin_tui.engine.events import LinkFault
from twin_tui.engine.link_view import ClientView, LinkView, TrafficLine
from twin_tui.engine.physics.noise import generator
from twin_tui.protocols.connector import StateLog, Wire, Wiring
from twin_tui.protocols.maps.parse import read_map
from twin_tui.protocols.maps.registers import Registers, SiteRegisters
from twin_tui.protocols.modbus.decode import describe
from twin_tui.protocols.modbus.endpoints import ModbusRtu, ModbusTcp
from twin_tui.protocols.modbus.fault_rules import LinkRule
from twin_tui.protocols.modbus.memory import UnitMemory
from twin_tui.protocols.modbus.server import ModbusTcpServer
from twin_tui.protocols.modbus.station import RngFactory
from twin_tui.protocols.modbus.traffic import RateMeter, Ring

if TYPE_CHECKING:
    from twin_tui.protocols.modbus.rtu import ModbusRtuServer

TRAFFIC_LINES = 300
CLIENTS_KEPT = 64

E = TypeVar("E", ModbusTcp, ModbusRtu)
S = TypeVar("S", ModbusTcpServer, "ModbusRtuServer")


@dataclass(slots=True)
class Unit:
    """One device with a unit number on a port or line."""

    device: str
    registers: Registers
    identity: Mapping[int, str]


class ModbusWire(Wire, Generic[E, S]):
    """One TCP port or serial line with its units; ``server`` is set while it serves."""

    def __init__(self, wiring: Wiring, endpoints: Sequence[E]) -> None:
        self.endpoint: E = endpoints[0]
        self.endpoints = endpoints
        self.server: S | None = None
        self.units: dict[int, Unit] = {}
        site = wiring.share(SiteRegisters)
        for endpoint in endpoints:
            register_map = read_map(endpoint.register_map, endpoint.device)
            registers = site.of(register_map, endpoint.device, endpoint.devices)
            self.units[endpoint.unit] = Unit(endpoint.device, registers, endpoint.identity)
        self._engine = wiring.engine
        self._log = StateLog(wiring.engine, "", self.name)
        self._rate = RateMeter()
        self._rules: dict[str, list[str]] = {}
        self._ring: Ring | None = None
        """The frames kept for a traffic view; a capture to a file is independent of them."""

    @property
    def name(self) -> str:
        """Protocol, address, port."""
        raise NotImplementedError

    def make(self, make_rng: RngFactory) -> S:
        """Return a server that has not started yet."""
        raise NotImplementedError

    @property
    def memories(self) -> dict[int, UnitMemory]:
        """The registers of each unit."""
        return {number: unit.registers for number, unit in self.units.items()}

    @property
    def identities(self) -> dict[int, Mapping[int, str]]:
        """The device identification of each unit: that of its map, and what the site says in its place."""
        return {number: {**unit.registers.identity, **unit.identity} for number, unit in self.units.items()}

    def number_text(self, number: int) -> str:
        """Return a unit's number, or that it answers to any."""
        return str(number)

    async def open(self) -> None:
        server = self.make(partial(generator, self._engine.plan.seed, self.name))
        try:
            await server.start()
        except asyncio.CancelledError:
            await server.stop()
            raise
        self.server = server
        self._log = StateLog(self._engine, "", self.name)

    async def close(self) -> None:
        server, self.server = self.server, None
        self._rules.clear()
        if server is not None:
            await server.stop()

    def lines(self) -> Iterable[str]:
        """Yield one line with all units."""
        units = ", ".join(
            f"{self.number_text(number)}: {unit.device} ({unit.registers.map.name})"
            for number, unit in sorted(self.units.items())
        )
        yield f"{self.name}  unit {units}"

    def views(self, now_s: float) -> Iterable[LinkView]:
        """Yield a view of every unit; the first one lists the clients."""
        server = self.server
        if server is None:
            return
        clients = tuple(
            ClientView(link.client, now_s - link.last_seen_s, link.requests) for link in server.links
        )
        requests = server.requests
        rate = self._rate.rate(now_s, requests)
        protocol, _, address = self.name.partition(" on ")
        for place, (number, unit) in enumerate(sorted(self.units.items())):
            yield LinkView(
                device=unit.device,
                address=f"{address} unit {self.number_text(number)}",
                protocol=protocol,
                clients=clients if place == 0 else (),
                requests=requests if place == 0 else 0,
                requests_per_s=rate if place == 0 else 0.0,
                fault=self._fault_text(server, number),
            )

    def traffic(self, device: str, now_s: float) -> Sequence[TrafficLine] | None:
        """Return the newest frames of the whole port or line."""
        if all(unit.device != device for unit in self.units.values()):
            return None
        if self.server is None:
            return ()
        ring = self.server.station.ring
        if ring is None:
            ring = self._ring = self.server.station.start_capture()
        return [
            TrafficLine(
                number,
                now_s - frame.time_s,
                frame.client,
                ("> " if frame.incoming else "< ")
                + describe(frame.data, ring.framing, incoming=frame.incoming),
                frame.data.hex(" "),
            )
            for number, frame in enumerate(ring.frames()[-TRAFFIC_LINES:])
        ]

    def stop_traffic(self) -> None:
        """Stop keeping frames, unless a capture to a file needs them."""
        if self.server is not None and self.server.station.ring is self._ring:
            self.server.station.stop_capture()

    def impose(self, fault: LinkFault) -> None:
        """Apply a link fault to the links of its device."""
        rule = LinkRule.parse(fault.rule)
        for number, unit in self.units.items():
            if unit.device == fault.device and self.server is not None:
                rule_id = f"{fault.label} unit {number}"
                self.server.station.add_fault(rule_id, replace(rule, unit=number))
                self._rules.setdefault(fault.label, []).append(rule_id)

    def lift(self, label: str) -> None:
        """End the link fault of that label, or all of them."""
        for each in [label] if label else list(self._rules):
            for rule_id in self._rules.pop(each, []):
                if self.server is not None:
                    self.server.station.remove_fault(rule_id)

    def _fault_text(self, server: S, unit: int) -> str:
        """Return the kinds of the faults active on a unit's link."""
        faults = server.station.faults
        rules = faults.rules.values() if faults is not None else ()
        return ", ".join(rule.kind.value for rule in rules if rule.unit in {None, unit})


class TcpWire(ModbusWire[ModbusTcp, ModbusTcpServer]):
    """One TCP port; failed TLS handshakes are logged."""

    def __init__(self, wiring: Wiring, endpoints: Sequence[ModbusTcp]) -> None:
        super().__init__(wiring, endpoints)
        self._handshake_problems: dict[str, str] = {}
        """Why the last TLS handshake of a client failed, by host."""

    @property
    def name(self) -> str:
        return f"Modbus TCP on {self.endpoint.host}:{self.server.port if self.server else self.endpoint.port}"

    def number_text(self, number: int) -> str:
        return "any" if self.endpoint.options.any_unit else str(number)

    def tcp_port(self, device: str, unit: int | None = None) -> int | None:
        if not any(each.device == device and unit in (None, number) for number, each in self.units.items()):
            return None
        return self.server.port if self.server else self.endpoint.port

    def make(self, make_rng: RngFactory) -> ModbusTcpServer:
        endpoint = self.endpoint
        return ModbusTcpServer(
            endpoint.host,
            endpoint.port,
            self.memories,
            endpoint.options,
            identities=self.identities,
            make_rng=make_rng,
            on_handshake=self._handshake_done,
            on_accept=self._accepting,
        )

    def failure(self) -> str:
        return self.server.failure if self.server is not None else ""

    def _accepting(self, problem: str) -> None:
        self._log.accepting(problem)

    def _handshake_done(self, client: str, problem: str) -> None:
        if self._handshake_problems.get(client, "") == problem:
            return
        if len(self._handshake_problems) >= CLIENTS_KEPT:
            self._handshake_problems.clear()
        self._handshake_problems[client] = problem
        self._log(f"TLS handshake with {client} {f'failed: {problem}' if problem else 'done'}")
