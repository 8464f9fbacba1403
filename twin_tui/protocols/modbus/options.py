"""The keys of Modbus in a site file."""

from typing import Annotated, Any, get_args

from pydantic import Field

from twin_tui.documents.model import Model, empty_dict
from twin_tui.documents.values import (
    Accepts,
    Duration,
    Host,
    Positive,
    TcpPort,
    Text,
    choice,
    refuse_unknown,
    texts,
    whole,
)
from twin_tui.errors import shown
from twin_tui.protocols.connector import LinkSettings, ProtocolEntry
from twin_tui.protocols.modbus.endpoints import IDENTITY_KEYS, ClientPolicy, Framing, MissingUnit, Parity

LOOPBACK = "127.0.0.1"


def _to_identity(found: Any) -> dict[int, str]:
    if not isinstance(found, dict):
        raise ValueError(f"expected an object with keys like vendor_name, found {shown(found)}")
    refuse_unknown(found, IDENTITY_KEYS)
    for key, text in found.items():
        if not (isinstance(text, str) and text.isascii() and len(text) <= 200):
            raise ValueError(f"{key}: expected ASCII text, found {shown(text)}")
    return {IDENTITY_KEYS.index(key): text for key, text in found.items()}


_ROLES = texts("an object with roles as keys and asset names")
_IDENTITY = {
    "type": "object",
    "properties": {key: {"type": "string", "maxLength": 200} for key in IDENTITY_KEYS},
    "additionalProperties": False,
}


def to_map(found: Any) -> Any:
    """Return the name of a register map, or the map itself."""
    if not isinstance(found, str | dict) or not found:
        raise ValueError(f"expected the name of a register map, found {shown(found)}")
    return found


_MAP = {"type": ["string", "object"], "minLength": 1, "minProperties": 1}
MapName = Annotated[Any, Accepts(to_map, _MAP)] | None


ANY = "any"
"""The unit number of a device that ignores it."""
_UNIT = whole(0, 255)


def _to_unit(found: Any) -> int | str:
    if isinstance(found, str) and found != ANY:
        raise ValueError(f"expected {ANY} or a whole number from 0 to 255, found {shown(found)}")
    return ANY if found == ANY else int(_UNIT.check(found))


UnitNumber = Annotated[int | str, Accepts(_to_unit, {"anyOf": [_UNIT.schema, {"const": ANY}]})]


class UnitEntry(ProtocolEntry):
    """The keys of a unit on a port or line."""

    register_map: MapName = None
    devices: Annotated[dict[str, str], _ROLES] = Field(default_factory=empty_dict)
    identity: Annotated[dict[int, str], Accepts(_to_identity, _IDENTITY)] = Field(default_factory=empty_dict)


class TlsFiles(Model):
    """The files of Modbus/TCP Security, relative to the site file."""

    certificate: Text
    key: Text
    ca: Text | None = None


class TcpSettings(LinkSettings):
    """The options of TCP ports: for the whole site under ``links``, or for one entry."""

    framing: Annotated[Framing, choice(*get_args(Framing))] = "mbap"
    max_clients: Annotated[int, whole(1, 100_000)] | None = None
    policy: Annotated[ClientPolicy, choice(*get_args(ClientPolicy))] = "drop_oldest"
    idle_timeout: Duration | None = None
    missing_unit: Annotated[MissingUnit, choice(*get_args(MissingUnit))] = "exception"
    tls: TlsFiles | None = None


class ModbusTcpEntry(UnitEntry, TcpSettings):
    """``kind: modbus_tcp``."""

    ip: Host = LOOPBACK
    port: TcpPort
    unit_id: UnitNumber = 1


class ModbusRtuEntry(UnitEntry):
    """``kind: modbus_rtu``."""

    port: Text
    unit_id: Annotated[int, whole(1, 247)] = 1
    baudrate: Annotated[int, whole(50, 4_000_000)] = 9600
    parity: Annotated[Parity, choice(*get_args(Parity))] = "N"
    stopbits: Annotated[int, whole(1, 2)] = 1
    bytesize: Annotated[int, whole(8, 8)] = 8
    timeout: Positive | None = None
