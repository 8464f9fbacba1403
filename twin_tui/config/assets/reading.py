"""The assets of a site file: each read by the model of its type, then checked against the others."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import twin_tui.engine.devices  # noqa: F401 (registers the device types)
from twin_tui.config.assets import Asset, asset_model
from twin_tui.config.assets.battery import BatteryAsset
from twin_tui.documents.model import Complaints, join
from twin_tui.documents.values import to_text
from twin_tui.engine.device import AnyDeviceType, registry
from twin_tui.engine.running import Device
from twin_tui.errors import ConfigError, TwinError, did_you_mean, shown
from twin_tui.protocols.connector import Endpoint
from twin_tui.protocols.guard import errors_of


@dataclass(slots=True)
class ReadAsset:
    """One asset as read so far."""

    place: str
    type: AnyDeviceType
    model: Asset
    data: dict[str, Any]
    name: str = ""
    endpoints: tuple[Endpoint, ...] = ()
    device: Device | None = None
    """The device in its initial state, which takes commands and events on trial."""


def read_assets(listed: Any, complaints: Complaints) -> list[ReadAsset]:
    """Return the valid entries of ``assets`` with their names."""
    assets = list(_each(listed, complaints)) if isinstance(listed, list) else []
    _name(assets, complaints)
    return assets


def _each(listed: list[Any], complaints: Complaints) -> Iterator[ReadAsset]:
    for position, data in enumerate(listed):
        place = join("assets", position)
        if not isinstance(data, dict):
            complaints.add(place, f"expected an object with keys, found {shown(data)}")
            continue
        kind = data.get("type")
        if kind is None:
            text = f"missing key type in {place}; known: {', '.join(sorted(registry.kinds()))}"
            complaints.add("", text, at=place)
            continue
        try:
            device_type = registry[to_text(kind)]
        except (ConfigError, ValueError) as error:
            complaints.add(join(place, "type"), str(error))
            continue
        try:
            with errors_of(f"device type {device_type.kind}", "making its keys"):
                keys = asset_model(device_type)
        except TwinError as error:
            complaints.add(place, str(error))
            continue
        model = complaints.checked(keys, data, place)
        if model is not None:
            yield ReadAsset(place, device_type, model, data)


def _name(assets: list[ReadAsset], complaints: Complaints) -> None:
    owners: dict[str, str] = {}
    for asset in assets:
        name = asset.model.given_name
        if name is not None:
            first = owners.setdefault(name, asset.place)
            if first != asset.place:
                complaints.add(asset.place, f"the name {name!r} is already used by {first}")
            asset.name = name
    numbers: dict[str, Iterator[int]] = defaultdict(lambda: count(1))
    for asset in assets:
        kind = asset.type.kind
        if not asset.name:
            asset.name = next(name for n in numbers[kind] if (name := f"{kind}-{n}") not in owners)


def step_first_load(assets: list[ReadAsset]) -> None:
    """Let load steps act on the first load only, unless the file has ``takes_steps``."""
    key = "takes_steps"
    loads = [each for each in assets if each.type.takes_load_steps and key not in each.model.model_fields_set]
    for asset in loads[1:]:
        asset.model = asset.model.model_copy(update={key: False})
        asset.model.model_fields_set.add(key)


def share_inverters(assets: list[ReadAsset], complaints: Complaints) -> None:
    """Multiply the efficiencies of a battery by those of the inverter in front of it."""
    batteries = {asset.name: asset for asset in assets if asset.type.kind == "battery"}
    for asset in assets:
        name = getattr(asset.model, "battery_id", None)
        if name is None:
            continue
        battery = batteries.get(name)
        if battery is None:
            text = f"no battery is named {name!r}{did_you_mean(name, batteries)}"
            complaints.add(join(asset.place, "battery_id"), text)
        elif isinstance(battery.model, BatteryAsset):
            inverter: Any = asset.model
            battery.model = battery.model.behind(
                inverter.ac_to_dc_efficiency or 1.0, inverter.dc_to_ac_efficiency or 1.0
            )


def check_references(assets: list[ReadAsset], complaints: Complaints) -> None:
    """Report names of assets that no asset has."""
    names = {asset.name for asset in assets} | {"load"}
    for asset in assets:
        references = [
            (join("meters", at), name) for at, name in enumerate(getattr(asset.model, "meters", ()))
        ]
        for at, endpoint in enumerate(asset.endpoints):
            roles = endpoint.devices.items()
            references += [(join("protocols", at, "devices", role), name) for role, name in roles]
        for where, name in references:
            if name not in names:
                text = f"no asset is named {name!r}{did_you_mean(name, names)}"
                complaints.add(f"{asset.place}.{where}", text)


def check_island(shed_order: tuple[str, ...], assets: list[ReadAsset], complaints: Complaints) -> None:
    """Report settings of an island that no asset can form, and loads to shed that are none."""
    if not any(getattr(asset.model, "grid_forming", False) for asset in assets):
        complaints.add("island", "no asset of this site is grid_forming")
    loads = [asset.name for asset in assets if asset.type.shed_by]
    for at, name in enumerate(shed_order):
        if name not in loads:
            text = f"no load is named {name!r}{did_you_mean(name, loads)}"
            complaints.add(join("island", "shed_order", at), text)
