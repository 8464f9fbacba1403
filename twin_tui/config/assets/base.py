"""What all assets of a site file have: a type, a name, protocols, and parameters in a user's units."""

from typing import Annotated, Any, ClassVar

from pydantic import Field, model_validator

from twin_tui.config.derive import Settings
from twin_tui.documents.values import Accepts, Host, Name, Switch, Text, refuse_unknown, shown, whole
from twin_tui.engine.device import AnyDeviceType


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


def _to_protocols(found: Any) -> list[Any]:
    if isinstance(found, list):
        return found
    raise ValueError(f"expected a list, found {shown(found)}")


_STARTS: dict[str, Any] = {"start_stop": 1, "run": True, "on": True, "enabled": True}
"""The commands that make a device run, whichever of them it has."""


class Asset(Settings):
    """One device of a site: here what every type has, in subclasses the keys of one type."""

    default_map: ClassVar[str] = ""
    """The register map that serves a device of this type when the site names none."""
    device_type: ClassVar[AnyDeviceType]

    type: Text
    """What it is."""
    name: Name | None = None
    """Its type and a number if not given."""
    asset_id: Name | None = None
    """DER Twin's word for the name."""
    device_id: Name | None = None
    """EOS's word for the name."""
    comment: Any = None
    """For readers of the file."""
    protocols: Annotated[list[Any], Accepts(_to_protocols, {"type": "array"})] = Field(default_factory=list)
    """How it is reached."""
    ip: Host | None = None
    """Of its Modbus TCP port, in place of protocols."""
    port: Annotated[int, whole(0, 65535)] | None = None
    """Of Modbus TCP, in place of protocols; 0 takes a free one."""
    unit_id: Annotated[int, whole(0, 255)] | None = None
    """Of Modbus, in place of protocols."""
    register_map: Any = None
    """The name of a register map, or one written out, in place of protocols."""
    started: Switch = False
    """Whether it runs at the start."""
    mode: Annotated[dict[str, Any] | None, Accepts(_to_mode, {"type": ["string", "object"]})] = None
    """The operation mode at the start: its name, or an object with name, factor and parameters."""
    s2_description: Any = None
    """S2 messages, or a file of them, in place of what the type says of itself to an energy manager."""
    commands: Annotated[dict[str, Any], Accepts(_to_commands, {"type": "object"})] = Field(
        default_factory=dict
    )
    """Commands at the start, in SI units."""

    @property
    def given_name(self) -> str | None:
        """The name that the file gives this asset."""
        return self.name or self.asset_id or self.device_id

    @model_validator(mode="after")
    def _one_name(self) -> "Asset":
        if len({name for name in (self.name, self.asset_id, self.device_id) if name is not None}) > 1:
            raise ValueError("give one of name, asset_id and device_id, not several")
        return self

    def first_commands(self) -> dict[str, Any]:
        """Return the commands that the keys of this asset set at the start, in SI units."""
        if not self.started:
            return {}
        return {name: on for name, on in _STARTS.items() if name in self.device_type.signals}
