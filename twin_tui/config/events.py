"""The events of a site file."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import fields
from functools import partial
from typing import Any, cast

from twin_tui.commands.parser import parse_event
from twin_tui.config.context import Context
from twin_tui.config.derive import build
from twin_tui.documents.csv_text import points_of_csv
from twin_tui.documents.durations import parse_duration
from twin_tui.documents.model import Complaints, join
from twin_tui.documents.values import refuse_unknown
from twin_tui.engine.disturbance import Target, is_absolute
from twin_tui.engine.events import EVENT_TYPES, Event
from twin_tui.engine.running import Device, Run, device_named
from twin_tui.engine.site import SitePlan
from twin_tui.engine.steps import whole_steps
from twin_tui.engine.view import SiteView
from twin_tui.errors import CommandError, TwinError, did_you_mean, named, shown
from twin_tui.protocols.modbus.fault_rules import check_link_fault
from twin_tui.protocols.vocabulary import site_view

ORIGIN = "site file"
EVENT_KEYS = sorted({key.name for cls in EVENT_TYPES.values() for key in fields(cls)})


def read_events(
    listed: list[Any],
    modes: Mapping[str, tuple[str, Any]],
    plan: SitePlan,
    devices: Mapping[str, Device],
    linked: Mapping[str, Collection[str]],
    complaints: Complaints,
) -> tuple[tuple[float, Event], ...]:
    """Return (seconds after the start, event) for each entry, validated against the site.

    ``modes`` has the initial modes of assets, place → (name, mode), selected before any event; ``devices``
    are those of the assets in their initial state, and ``linked`` has the link faults of each.
    """
    site = _Start(plan, devices, partial(check_link_fault, linked=linked))
    view = site_view(plan)
    entries = [
        (place, {"at": 0, "event": "SelectMode", "device": name, **mode})
        for place, (name, mode) in modes.items()
    ]
    entries += [(join("events", position), data) for position, data in enumerate(listed)]
    found: list[tuple[float, Event]] = []
    for place, data in entries:
        try:
            at_s, event = _one(data, view, complaints.context)
            whole_steps(at_s, plan.dt_s, "time")
            event.check_duration(plan.dt_s)
            event.check(cast(Run, site))
            found.append((at_s, event))
        except (TwinError, ValueError) as error:
            complaints.add(place, str(error))
    return tuple(found)


class _Start:
    """A site before its first tick, for validating events without an engine."""

    def __init__(
        self, plan: SitePlan, devices: Mapping[str, Device], check_link_fault: Callable[[Any], object]
    ) -> None:
        self.devices = {each.name: devices.get(each.name) or Device(each, 0, 1.0) for each in plan.devices}
        self.surroundings = plan.surroundings()
        self.check_link_fault = check_link_fault

    def device(self, name: str) -> Device:
        """Return the device of that name, or raise CommandError with the nearest one."""
        return device_named(name, self.devices)


def _one(data: Any, view: SiteView, context: Context) -> tuple[float, Event]:
    if not isinstance(data, dict):
        raise CommandError(f"expected an object with at and event or do, found {shown(data)}")
    rest = {"origin": ORIGIN, **data}
    if "at" not in rest:
        raise CommandError("missing key at")
    at = rest.pop("at")
    if not isinstance(at, int | float | str):
        raise CommandError(f"at: expected a duration like 90, 0.5s, 20m, found {shown(at)}")
    at_s = parse_duration(at)
    if "do" in data:
        refuse_unknown(data, ("at", "do"))
        if not isinstance(data["do"], str):
            raise CommandError(f"do: expected a command, found {shown(data['do'])}")
        return at_s, parse_event(data["do"], view, ORIGIN)
    if "event" not in rest:
        known = ("at", "do", "event", *EVENT_KEYS)
        for key in data.keys() - set(known):
            hint = did_you_mean(str(key), known) or "; expected at and do, or at and event"
            raise CommandError(f"unknown key {named(key)}{hint}")
        raise CommandError("missing key event, or do with a command")
    name = rest.pop("event")
    cls = EVENT_TYPES.get(name) if isinstance(name, str) else None
    if cls is None:
        raise CommandError(f"unknown event {shown(name)}{did_you_mean(str(name), EVENT_TYPES)}")
    disturbance = rest.get("disturbance")
    if isinstance(disturbance, dict) and isinstance(disturbance.get("points"), str):
        path = context.file(disturbance["points"])
        points = context.once((path, "points"), lambda: points_of_csv(path))
        rest["disturbance"] = disturbance = {**disturbance, "points": points}
    if isinstance(disturbance, dict) and disturbance.get("points"):
        rest["disturbance"] = {**_playback(disturbance), **disturbance}
    event: Event = build(cls, rest, context)
    return at_s, event


def _playback(disturbance: dict[str, Any]) -> dict[str, Any]:
    """Return the keys that are optional in a disturbance with points."""
    points = disturbance["points"]
    try:
        absolute = is_absolute(Target(disturbance.get("target")), points)
        return {"magnitude": points[0][1], "shape": "playback", "absolute": absolute}
    except (TypeError, ValueError, LookupError):
        return {}
