"""Where a device can be reached over Modbus: what its port or line needs to be opened."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

MapSource = Path | Mapping[str, Any]
"""A register map: the file it stands in, or its content."""

Framing = Literal["mbap", "rtu"]
ClientPolicy = Literal["drop_oldest", "refuse", "busy"]
MissingUnit = Literal["exception", "silent"]


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


@dataclass(frozen=True, slots=True)
class Tls:
    """The files of Modbus/TCP Security; with ``ca`` clients must show a certificate."""

    certificate: Path
    key: Path
    ca: Path | None = None


@dataclass(frozen=True, slots=True)
class TcpOptions:
    """How a TCP port behaves, the same for all units behind it."""

    framing: Framing = "mbap"
    max_clients: int | None = None
    policy: ClientPolicy = "drop_oldest"
    idle_timeout_s: float | None = None
    missing_unit: MissingUnit = "exception"
    tls: Tls | None = None


@dataclass(frozen=True, slots=True)
class SerialOptions:
    """How a serial line is set, the same for all units on it."""

    baudrate: int = 9600
    parity: Literal["N", "E", "O"] = "N"
    stopbits: float = 1
    bytesize: int = 8
    timeout_s: float | None = None
    """How long the rest of a frame may take; None: as long as an adapter needs at this rate."""


@dataclass(frozen=True, slots=True)
class ModbusTcp:
    """One device as a unit of a Modbus TCP port; port 0 takes a free one of its own."""

    kind: ClassVar[str] = "modbus_tcp"
    device: str
    host: str
    port: int
    unit: int
    register_map: MapSource
    options: TcpOptions = TcpOptions()
    devices: Mapping[str, str] = field(default_factory=dict)
    """Further devices behind the same unit: role in the register map → name."""
    identity: Mapping[int, str] = field(default_factory=dict)
    """Device identification (function 43/14): object number → text."""


@dataclass(frozen=True, slots=True)
class ModbusRtu:
    """One device as a unit on a serial line."""

    kind: ClassVar[str] = "modbus_rtu"
    device: str
    port: str
    unit: int
    register_map: MapSource
    options: SerialOptions = SerialOptions()
    devices: Mapping[str, str] = field(default_factory=dict)
    identity: Mapping[int, str] = field(default_factory=dict)
