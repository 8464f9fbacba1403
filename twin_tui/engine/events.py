"""Everything that changes a run. Site, seed and events determine it to the byte."""

from dataclasses import MISSING, asdict, field, fields
from typing import Any, get_type_hints

from twin_tui.engine.disturbance import Disturbance
from twin_tui.engine.signals import value
from twin_tui.errors import CommandError, did_you_mean

Scalar = float | int | bool | str
END_OF_DURATION = "end of duration"
"""The origin of what ends by itself."""


@value
class Write:
    """Set commands of one device, all of them or none."""

    device: str
    values: dict[str, Scalar]
    origin: str = "console"
    detail: str = ""


@value
class Pin:
    """Force a signal, telemetry or command, to a value until it is released."""

    device: str
    signal: str
    value: Scalar
    origin: str = "console"


@value
class Unpin:
    """Release one forced signal, all of a device (signal "") or all of the site (device "")."""

    device: str = ""
    signal: str = ""
    origin: str = "console"


@value
class Disturb:
    """Start a disturbance of the surroundings."""

    disturbance: Disturbance
    origin: str = "console"


@value
class ClearDisturbance:
    """End the disturbance with this label, or all of them."""

    label: str = ""
    origin: str = "console"


@value
class Fault:
    """Bring about a device fault's cause, for a while or until it is cleared."""

    device: str
    fault: str
    duration_s: float | None = None
    origin: str = "console"


@value
class ClearFault:
    """Remove a fault's cause (fault "" is all of the device, device "" all of the site)."""

    device: str = ""
    fault: str = ""
    origin: str = "console"


@value
class LinkFault:
    """Make the wire of a device misbehave; ``rule`` is the protocol's own description of how."""

    device: str
    rule: dict[str, Any]
    label: str = ""
    duration_s: float | None = None
    origin: str = "console"


@value
class ClearLinkFault:
    """End a link fault by its label, or all of them."""

    label: str = ""
    origin: str = "console"


@value
class ClearEverything:
    """End every disturbance, fault cause, link fault and forced value."""

    origin: str = "console"


@value
class SelectMode:
    """Give a device an operation mode and factor; mode "" returns it to its direct setpoints."""

    device: str
    mode: str
    factor: float = 1.0
    parameters: dict[str, Scalar] = field(default_factory=dict)
    origin: str = "console"


@value
class ReportStatus:
    """Bring the twin to what a real device reports of itself."""

    device: str
    status: dict[str, Scalar]
    origin: str = "console"


@value
class SelectControl:
    """Give a device to an energy manager under an S2 control type ("FRBC"); "" ends it."""

    device: str
    control: str
    origin: str = "console"


@value
class Instruct:
    """Give a device under an S2 control type an instruction: id, time, and what the type wants."""

    device: str
    instruction: dict[str, Any]
    origin: str = "console"


@value
class Revoke:
    """Take back an S2 instruction that waits for its time."""

    device: str
    instruction: str
    origin: str = "console"


@value
class Wake:
    """Have the control type of a device do what is due; the engine gives itself this one."""

    device: str
    origin: str = "engine"


@value
class Mark:
    """Put a note into the log and the recording."""

    note: str
    origin: str = "console"


Event = (
    Write
    | Pin
    | Unpin
    | Disturb
    | ClearDisturbance
    | Fault
    | ClearFault
    | LinkFault
    | ClearLinkFault
    | ClearEverything
    | SelectMode
    | ReportStatus
    | SelectControl
    | Instruct
    | Revoke
    | Wake
    | Mark
)

EVENT_TYPES: dict[str, type[Any]] = {
    cls.__name__: cls
    for cls in (
        Write,
        Pin,
        Unpin,
        Disturb,
        ClearDisturbance,
        Fault,
        ClearFault,
        LinkFault,
        ClearLinkFault,
        ClearEverything,
        SelectMode,
        ReportStatus,
        SelectControl,
        Instruct,
        Revoke,
        Mark,
    )
}


def to_dict(event: Event) -> dict[str, Any]:
    """Return the event as plain data, its class under "event"."""
    data = {"event": type(event).__name__, **asdict(event)}
    if isinstance(event, Disturb):
        data["disturbance"] = event.disturbance.to_dict()
    return data


def from_dict(data: dict[str, Any]) -> Event:
    """Build the event that ``to_dict`` wrote; raise CommandError for what is not one."""
    rest = dict(data)
    name = str(rest.pop("event", ""))
    cls = EVENT_TYPES.get(name)
    if cls is None:
        raise CommandError(f"unknown event {name!r}{did_you_mean(name, EVENT_TYPES)}")
    known, needed = _KEYS[name]
    for key, item in rest.items():
        if key not in known:
            raise CommandError(f"unknown key {key!r} in {name}{did_you_mean(key, known)}")
        if not isinstance(item, known[key]) or (isinstance(item, bool) and bool not in known[key]):
            raise CommandError(f"{name}: {key} takes {_words(known[key])}, not {item!r}")
    missing = [key for key in needed if key not in rest]
    if missing:
        raise CommandError(f"{name}: missing {', '.join(missing)}")
    if cls is Disturb:
        rest["disturbance"] = Disturbance.from_dict(rest["disturbance"])
    event: Event = cls(**rest)
    return event


_TEXT, _NUMBER, _OBJECT, _NOTHING = (str,), (int, float), (dict,), (type(None),)
_TAKEN: dict[Any, tuple[type, ...]] = {
    str: _TEXT,
    float: _NUMBER,
    float | None: (*_NUMBER, *_NOTHING),
    Scalar: (*_NUMBER, bool, *_TEXT),
}
"""What plain data may stand for a field of an event; everything else is an object."""


def _keys(cls: type[Any]) -> tuple[dict[str, tuple[type, ...]], tuple[str, ...]]:
    """Return the keys of an event with what each takes, and those that must be there."""
    kinds = get_type_hints(cls)
    known = {item.name: _TAKEN.get(kinds[item.name], _OBJECT) for item in fields(cls)}
    needed = [
        item.name for item in fields(cls) if item.default is MISSING and item.default_factory is MISSING
    ]
    return known, tuple(needed)


def _words(taken: tuple[type, ...]) -> str:
    if bool in taken:
        return "a number, true, false or text"
    if int in taken:
        return "a number"
    return "text" if taken == _TEXT else "an object"


_KEYS = {name: _keys(cls) for name, cls in EVENT_TYPES.items()}
