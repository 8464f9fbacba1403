"""Modbus endpoints of devices: address, unit, register map, options of the port or line."""

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any, ClassVar, Literal

from twin_tui.engine.signals import value

MapSource = Path | Mapping[str, Any]
"""A register map: its file or its content."""

Framing = Literal["mbap", "rtu"]
ClientPolicy = Literal["drop_oldest", "refuse", "busy"]
MissingUnit = Literal["exception", "silent"]
Parity = Literal["N", "E", "O"]


IDENTITY_KEYS = (
    "vendor_name",
    "product_code",
    "revision",
    "vendor_url",
    "product_name",
    "model_name",
    "user_application_name",
)
"""The objects of Modbus device identification, by number."""


@value
class Tls:
    """The files of Modbus/TCP Security; with ``ca`` clients need a certificate."""

    certificate: Path
    key: Path
    ca: Path | None = None


@value
class TcpOptions:
    """The options of a TCP port, the same for all its units."""

    framing: Framing = "mbap"
    max_clients: int | None = None
    policy: ClientPolicy = "drop_oldest"
    """What one more client gets: the place of the oldest, no connection, or exception 06 while it waits."""
    idle_timeout_s: float | None = None
    """Clients without a request for so long are disconnected."""
    missing_unit: MissingUnit = "exception"
    any_unit: bool = False
    """Whether the only unit answers to every unit number."""
    tls: Tls | None = None


@value
class SerialOptions:
    """The options of a serial line, the same for all its units."""

    baudrate: int = 9600
    parity: Parity = "N"
    stopbits: float = 1
    bytesize: int = 8
    timeout_s: float | None = None
    """Longest wait for the rest of a frame; None: what an adapter needs at this baud rate."""


@value
class ModbusTcp:
    """One device as a unit of a Modbus TCP port; port 0 is a free port for this unit alone."""

    kind: ClassVar[str] = "modbus_tcp"
    device: str
    host: str
    port: int
    unit: int
    register_map: MapSource
    options: TcpOptions = TcpOptions()
    devices: Mapping[str, str] = field(default_factory=dict)
    """Further devices of the same unit: role in the register map → name."""
    identity: Mapping[int, str] = field(default_factory=dict)
    """Device identification (function 43/14): object number → text."""


@value
class ModbusRtu:
    """One device as a unit on a serial line."""

    kind: ClassVar[str] = "modbus_rtu"
    device: str
    line: str
    unit: int
    register_map: MapSource
    options: SerialOptions = SerialOptions()
    devices: Mapping[str, str] = field(default_factory=dict)
    identity: Mapping[int, str] = field(default_factory=dict)
