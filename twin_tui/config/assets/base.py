"""The keys that all assets of a site file share."""

from typing import Annotated, Any, ClassVar

from pydantic import Field, WithJsonSchema, model_validator

from twin_tui.config.derive import ParameterModel
from twin_tui.documents.model import empty_dict, empty_list
from twin_tui.documents.values import Accepts, Host, Name, Switch, Text, refuse_unknown, whole
from twin_tui.engine.device import AnyDeviceType
from twin_tui.errors import shown
from twin_tui.protocols.modbus.options import MapName, UnitNumber


def _to_commands(found: Any) -> dict[str, Any]:
    if isinstance(found, dict) and all(isinstance(key, str) for key in found):
        return found
    raise ValueError(f"expected an object of command names and values, found {shown(found)}")


def _to_mode(found: Any) -> dict[str, Any] | None:
    if found is None or isinstance(found, str):
        return found if found is None else {"mode": found}
    if not isinstance(found, dict):
        raise ValueError(f"expected an operation mode, found {shown(found)}")
    refuse_unknown(found, ("name", "factor", "parameters"))
    if not isinstance(found.get("name"), str):
        raise ValueError("missing key name")
    return {"mode": found["name"], **{key: item for key, item in found.items() if key != "name"}}


_MESSAGES = {"type": ["string", "object", "array", "null"], "minLength": 1}
_STARTS: dict[str, Any] = {"start_stop": 1, "run": True, "on": True, "enabled": True}
"""The commands that start a device; each device type has one of them."""


class Asset(ParameterModel):
    """One device of a site; subclasses add the keys of one type."""

    default_map: ClassVar[str] = ""
    """The register map of a device of this type when the site names none."""
    device_type: ClassVar[AnyDeviceType]

    type: Text
    """Device type."""
    name: Name | None = None
    """Name of the device; by default its type and a number."""
    asset_id: Name | None = None
    """DER Twin's key for name."""
    device_id: Name | None = None
    """EOS's key for name."""
    comment: Any = None
    """Comment, not evaluated."""
    protocols: list[Any] = Field(default_factory=empty_list)
    """The protocols of the device."""
    ip: Host | None = None
    """Host of its Modbus TCP port, instead of protocols."""
    port: Annotated[int, whole(0, 65535)] | None = None
    """Modbus TCP port, instead of protocols; 0 selects a free one."""
    unit_id: UnitNumber | None = None
    """Modbus unit, instead of protocols."""
    register_map: MapName = None
    """Name of a register map, or the map itself, instead of protocols."""
    started: Switch = False
    """Whether it runs at the start."""
    mode: Annotated[dict[str, Any] | None, Accepts(_to_mode, {"type": ["string", "object"]})] = None
    """The operation mode at the start: its name, or an object with name, factor and parameters."""
    s2_description: Annotated[Any, WithJsonSchema(_MESSAGES)] = None
    """S2 messages, or a file of them, that replace the built-in S2 description."""
    commands: Annotated[dict[str, Any], Accepts(_to_commands, {"type": "object"})] = Field(
        default_factory=empty_dict
    )
    """Commands at the start, in SI units."""

    @property
    def given_name(self) -> str | None:
        return self.name or self.asset_id or self.device_id

    @model_validator(mode="after")
    def _one_name(self) -> "Asset":
        if len({name for name in (self.name, self.asset_id, self.device_id) if name is not None}) > 1:
            raise ValueError("give one of name, asset_id and device_id, not several")
        return self

    def first_commands(self) -> dict[str, Any]:
        """Return the commands at the start that the keys of this asset set, in SI units."""
        if not self.started:
            return {}
        return {name: on for name, on in _STARTS.items() if name in self.device_type.signals}
