"""From the plain data of a site file to a plan, endpoints and a source; all errors are reported."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache, partial
from itertools import count
from pathlib import Path
from typing import Any

import twin_tui.engine.devices  # noqa: F401 (registers the device types)
from twin_tui.config.assets import Asset, asset_model
from twin_tui.config.assets.battery import BatteryAsset
from twin_tui.config.assets.kinds import PvAsset
from twin_tui.config.context import Context
from twin_tui.config.derive import empty_keys, missing_keys
from twin_tui.config.events import read_events
from twin_tui.config.grid_codes import default_grid_code, load_grid_code
from twin_tui.config.links import LinkReader, check_together
from twin_tui.config.named import to_grid_code
from twin_tui.config.source import entries_of, source_of
from twin_tui.config.top import SiteFile
from twin_tui.config.world import (
    NO_EXTERNAL_MODELS,
    ExternalModels,
    GridModel,
    IslandModel,
    WeatherModel,
    clock_changes,
    grid_model,
    grid_of_external,
    island_model,
    start_of,
    weather_model,
    weather_of,
    zone_of,
)
from twin_tui.documents.loader import Document
from twin_tui.documents.model import Complaints, M, join, known_keys
from twin_tui.documents.values import to_text
from twin_tui.engine.device import AnyDeviceType, Stage, registry
from twin_tui.engine.grid import GridParams
from twin_tui.engine.grid_code import GridCode
from twin_tui.engine.running import Device
from twin_tui.engine.s2.model import ControlType, Description
from twin_tui.engine.signals import value
from twin_tui.engine.site import DevicePlan, SitePlan
from twin_tui.engine.transfer import IslandParams
from twin_tui.engine.weather import WeatherParams
from twin_tui.errors import ConfigError, TwinError, did_you_mean, shown, unexpected
from twin_tui.protocols.connector import Endpoint, LinkSettings
from twin_tui.protocols.guard import errors_of
from twin_tui.protocols.registry import connectors
from twin_tui.protocols.s2.described import descriptions_of

BASE_LOAD_W = 5000.0
"""DER Twin's load for a site file without a base load."""


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
    """The device in its initial state, for validating commands and events."""


@value
class Site:
    """A validated site, ready to run."""

    plan: SitePlan
    endpoints: tuple[Endpoint, ...]
    embed: Callable[[], Mapping[str, Any]] = field(compare=False, repr=False)
    """Returns ``source``; only a recording needs it."""
    real_time: bool = True
    speed: float = 1.0
    """Simulated seconds per second of a paced run; infinite means as fast as possible."""
    files: frozenset[Path] = frozenset()
    """The site file and every file that it names to be read."""
    links: Mapping[str, LinkSettings] = field(default_factory=dict)
    """The site-wide settings of each connector, by kind."""

    @property
    def source(self) -> Mapping[str, Any]:
        """The site as plain data without references to files of the user; ``load_site`` accepts it.

        Series, grid codes and register maps are embedded with their content at the time of loading.
        """
        return self.embed()


DERTWINS_PERMITTED_LOAD = 1.0
"""DER Twin's CHP accepts a setpoint up to max_load_percent and delivers no more than 100 %."""


class SiteReader:
    """Reads one site."""

    def __init__(
        self, document: Document, folder: Path, file: Path | None, *, allow_outside: bool = False
    ) -> None:
        self._data: dict[str, Any] = document.data
        self._file = file
        context = Context(folder, zone_of(self._data.get("timezone")), allow_outside=allow_outside)
        self._complaints = Complaints(document, context)
        self._grid_code: GridCode | None = None
        """The code of every device that supports one and has none of its own."""
        self._in_dertwins_form = False
        self._links: Mapping[str, LinkSettings] = {}
        self._external = NO_EXTERNAL_MODELS
        self._weather_keys: WeatherModel | None = None

    def read(self) -> Site:
        """Return the content of the file, or raise one ConfigError with all errors."""
        complaints = self._complaints
        top = complaints.checked(SiteFile, self._data)
        if top is not None and top.start is not None:
            complaints.context = replace(complaints.context, year=top.start.year)
        self._external = self._given("external_models", lambda: ExternalModels) or NO_EXTERNAL_MODELS
        self._weather_keys = self._given("weather", weather_model)
        grid = self._grid(self._given("grid", grid_model))
        island = self._island(self._given("island", island_model))
        complaints.context = replace(complaints.context, nominal_hz=grid.nominal_hz)
        listed = self._data.get("assets")
        assets = list(self._assets(listed)) if isinstance(listed, list) else []
        self._name(assets)
        if top is None:
            complaints.settle()
        assert top is not None
        self._check_pairs(top)
        self._read_grid_code(top, assets)
        self._link(assets, top)
        self._share_inverters(assets)
        devices = [*self._base_load(top, assets), *filter(None, map(self._device, self._steps(assets)))]
        self._check_references(assets)
        self._check_island(island, assets)
        weather = self._weather(top)
        complaints.settle()
        start_unix_s, utc_offset_s = start_of(top.start, top.start_time_h, top.timezone)
        changes = clock_changes(start_unix_s, top.timezone)
        name = top.name or top.site_name or "site"
        plan = SitePlan(
            name,
            tuple(devices),
            top.step,
            top.seed,
            start_unix_s,
            utc_offset_s,
            changes,
            grid=grid,
            island=island,
            weather=weather,
        )
        modes = {join(each.place, "mode"): (each.name, each.model.mode) for each in assets if each.model.mode}
        endpoints = tuple(endpoint for asset in assets for endpoint in asset.endpoints)
        linked = {e.device for e in endpoints if connectors[e.kind].link_faults}
        running = {asset.name: asset.device for asset in assets if asset.device is not None}
        plan = replace(plan, events=read_events(top.events, modes, plan, running, linked, complaints))
        complaints.settle()
        named = [(asset.name, asset.data, self._sources(asset)) for asset in assets]
        complaints.settle()
        embed = cache(partial(source_of, self._data, named, complaints.context))
        speed = top.speed if top.speed is not None else 1.0 if top.real_time else math.inf
        read = complaints.context.files | {path for path in complaints.context.kept if isinstance(path, Path)}
        files = frozenset(read | ({self._file} if self._file is not None else set()))
        return Site(plan, endpoints, embed, top.real_time, speed, files, self._links)

    def _given(self, key: str, model: Callable[[], type[M]]) -> M | None:
        """Return a part of the top level as a model, None if it is missing or invalid."""
        data = self._data.get(key)
        return None if data is None else self._complaints.checked(model(), data, key)

    def _sources(self, asset: ReadAsset) -> list[dict[str, Any]]:
        """Return the protocols of an asset as entries, and keep the files that they name."""
        try:
            return entries_of(asset.endpoints, self._complaints.context)
        except TwinError as error:
            self._complaints.add(asset.place, str(error))
            return []

    def _assets(self, listed: list[Any]) -> Iterator[ReadAsset]:
        for position, data in enumerate(listed):
            place = join("assets", position)
            if not isinstance(data, dict):
                self._complaints.add(place, f"expected an object with keys, found {shown(data)}")
                continue
            kind = data.get("type")
            if kind is None:
                text = f"missing key type in {place}; known: {', '.join(sorted(registry.kinds()))}"
                self._complaints.add("", text, at=place)
                continue
            try:
                device_type = registry[to_text(kind)]
            except (ConfigError, ValueError) as error:
                self._complaints.add(join(place, "type"), str(error))
                continue
            try:
                with errors_of(f"device type {device_type.kind}", "making its keys"):
                    keys = asset_model(device_type)
            except TwinError as error:
                self._complaints.add(place, str(error))
                continue
            model = self._complaints.checked(keys, data, place)
            if model is not None:
                yield ReadAsset(place, device_type, model, data)

    def _name(self, assets: list[ReadAsset]) -> None:
        owners: dict[str, str] = {}
        for asset in assets:
            name = asset.model.given_name
            if name is not None:
                first = owners.setdefault(name, asset.place)
                if first != asset.place:
                    self._complaints.add(asset.place, f"the name {name!r} is already used by {first}")
                asset.name = name
        numbers: dict[str, Iterator[int]] = defaultdict(lambda: count(1))
        for asset in assets:
            kind = asset.type.kind
            if not asset.name:
                free = (name for n in numbers[kind] if (name := f"{kind}-{n}") not in owners)
                asset.name = next(free)

    def _check_pairs(self, top: SiteFile) -> None:
        external, data = self._external, self._data
        has_grid, has_weather = data.get("grid") is not None, data.get("weather") is not None
        for one, other, both in (
            ("name", "site_name", top.name is not None and top.site_name not in (None, top.name)),
            ("start", "start_time_h", top.start is not None and top.start_time_h is not None),
            ("grid", "external_models.grid_frequency", bool(has_grid and external.grid_frequency)),
            ("grid", "external_models.grid_voltage", bool(has_grid and external.grid_voltage)),
            ("weather", "external_models.irradiance", bool(has_weather and external.irradiance)),
            (
                "weather",
                "external_models.ambient_temperature",
                bool(has_weather and external.ambient_temperature),
            ),
        ):
            if both:
                self._complaints.add("", f"give {one} or {other}, not both", at=other)
        if (top.latitude is None) != (top.longitude is None):
            at = "longitude" if top.latitude is None else "latitude"
            self._complaints.add("", "give latitude and longitude, or neither", at=at)
        voltage = external.grid_voltage
        if voltage is not None and None not in (voltage.nominal_v_ll, voltage.nominal_voltage_ll):
            text = "give nominal_v_ll or nominal_voltage_ll, not both"
            self._complaints.add("external_models.grid_voltage", text)

    def _link(self, assets: list[ReadAsset], top: SiteFile) -> None:
        if "links" in top.model_fields_set:
            links = self._without_missing(top.links)
            model = self._complaints.checked(connectors.links_model(), links, "links")
            self._links = connectors.settings_of(model) if model is not None else {}
        reader = LinkReader(self._complaints, self._map_root(top), self._links)
        placed: list[tuple[str, Endpoint]] = []
        for asset in assets:
            asset.endpoints = reader.read(asset.name, asset.type.kind, asset.model, asset.place)
            placed += [(asset.place, endpoint) for endpoint in asset.endpoints]
        check_together(placed, self._complaints)

    def _without_missing(self, links: Any) -> Any:
        """Return ``links`` without the keys of connectors whose package failed, which are reported."""
        if not isinstance(links, dict) or not connectors.broken:
            return links
        known = known_keys(connectors.links_model())
        missing = {key: connectors.why_missing(key) for key in map(str, links) if key not in known}
        for key, why in missing.items():
            self._complaints.add(join("links", key), why)
        return {key: item for key, item in links.items() if str(key) not in missing}

    def _map_root(self, top: SiteFile) -> Path:
        """Return the folder of the register maps; report one that does not exist or is not allowed."""
        name, context = top.register_map_root, self._complaints.context
        try:
            root: Path = context.file(name)
            if not root.is_dir():
                raise ValueError(f"no such folder: {root}; without this key the shipped maps are used")
        except (OSError, ValueError) as error:
            self._complaints.add("register_map_root", str(error))
            return Path(context.folder)
        return root

    def _steps(self, assets: list[ReadAsset]) -> Iterator[ReadAsset]:
        """Apply load steps to the first load only, unless the file has ``takes_steps``."""
        first = True
        for asset in assets:
            if asset.type.takes_load_steps and "takes_steps" not in asset.model.model_fields_set:
                if not first:
                    asset.model = asset.model.model_copy(update={"takes_steps": False})
                    asset.model.model_fields_set.add("takes_steps")
                first = False
            yield asset

    def _share_inverters(self, assets: list[ReadAsset]) -> None:
        """Multiply the efficiencies of a battery by those of the inverter in front of it."""
        batteries = {asset.name: asset for asset in assets if asset.type.kind == "battery"}
        for asset in assets:
            name = getattr(asset.model, "battery_id", None)
            if name is None:
                continue
            battery = batteries.get(name)
            if battery is None:
                text = f"no battery is named {name!r}{did_you_mean(name, batteries)}"
                self._complaints.add(join(asset.place, "battery_id"), text)
            elif isinstance(asset.model, PvAsset) and isinstance(battery.model, BatteryAsset):
                battery.model = battery.model.behind(
                    asset.model.ac_to_dc_efficiency or 1.0, asset.model.dc_to_ac_efficiency or 1.0
                )

    def _device(self, asset: ReadAsset) -> DevicePlan | None:
        try:
            site_wide = {"grid_code": self._grid_code} if _supports_a_grid_code(asset) else {}
            settings = {**site_wide, **asset.model.parameters()}
            if self._in_dertwins_form and settings.get("max_load_pu", 0.0) > DERTWINS_PERMITTED_LOAD:
                settings["max_load_pu"] = DERTWINS_PERMITTED_LOAD
            missing = missing_keys(asset.type.params, settings)
            if missing:
                self._complaints.add("", f"missing key {missing[0]} in {asset.place}", at=asset.place)
                return None
            for name in empty_keys(asset.type.params, settings):
                raise ConfigError(f"{name} has no value; remove its key, or give it one")
            plan = DevicePlan(asset.name, asset.type, asset.type.params(**settings))
            device = Device(plan, 0, 1.0)
        except (TwinError, TypeError, ValueError, ArithmeticError) as error:
            self._complaints.add(asset.place, str(error))
            return None
        except (LookupError, AttributeError, RuntimeError) as error:  # in the code of another package
            self._complaints.add(asset.place, f"device type {asset.type.kind}: {unexpected(error)}")
            return None
        values = asset.model.first_commands()
        for name, requested in asset.model.commands.items():
            try:
                values[name] = device.accept(name, requested, "command")
            except (TwinError, TypeError) as error:
                self._complaints.add(join(asset.place, "commands", name), str(error))
        asset.device = device
        try:
            device.check(values)
            device.change(values)
        except TwinError as error:
            self._complaints.add(join(asset.place, "commands"), str(error))
        commands = device.commands
        meters, s2 = getattr(asset.model, "meters", ()), self._s2_descriptions(asset)
        return replace(plan, commands=commands, meters=meters, s2=s2)

    def _s2_descriptions(self, asset: ReadAsset) -> tuple[Description, ...]:
        found = asset.model.s2_description
        if found is None:
            return ()
        place = join(asset.place, "s2_description")
        try:
            if isinstance(found, str):
                place = found
                context = self._complaints.context
                found = context.document(context.file(found)).data
            descriptions = descriptions_of(found, place)
            steering = asset.type.steering
            if steering is None:
                raise ConfigError(f"{place}: a {asset.type.kind} cannot be controlled")
            if steering.steered_by_supply and any(d.control is not ControlType.DDBC for d in descriptions):
                raise ConfigError(
                    f"{place}: a {asset.type.kind} is controlled by its heat demand; expected DDBC"
                )
        except ConfigError as error:
            self._complaints.add("", str(error))
            return ()
        except ValueError as error:
            self._complaints.add(join(asset.place, "s2_description"), str(error))
            return ()
        return descriptions

    def _read_grid_code(self, top: SiteFile, assets: list[ReadAsset]) -> None:
        found, context = top.grid_code, self._complaints.context
        self._in_dertwins_form = _is_in_dertwins_form(top)
        if "grid_code" not in top.model_fields_set:
            if any(map(_needs_a_grid_code, assets)):
                name = default_grid_code(context.nominal_hz, peer_format=self._in_dertwins_form)
                self._grid_code = None if name is None else load_grid_code(name)
            return
        if found is None:
            return
        try:
            self._grid_code = to_grid_code(found, self._complaints.context)
        except (TwinError, ValueError) as error:
            self._complaints.add("grid_code", str(error))
            return
        if not any(map(_supports_a_grid_code, assets)):
            self._complaints.add("grid_code", "no asset of this site supports a grid code")

    def _base_load(self, top: SiteFile, assets: list[ReadAsset]) -> Iterator[DevicePlan]:
        base_w = self._external.power.base_load_w
        if base_w is None:
            peer_format = _is_in_dertwins_form(top)
            has_load = any(asset.type.takes_load_steps for asset in assets)
            if not peer_format or has_load or not any(asset.type.stage is Stage.METER for asset in assets):
                return
            base_w = BASE_LOAD_W
        if any(asset.name == "load" for asset in assets):
            self._complaints.add(
                "external_models.power", "its base load is named 'load', but an asset has this name"
            )
            return
        load = registry["load"]
        yield DevicePlan("load", load, load.params(base_w=base_w))

    def _check_references(self, assets: list[ReadAsset]) -> None:
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
                    self._complaints.add(f"{asset.place}.{where}", text)

    def _grid(self, written: GridModel | None) -> GridParams:
        try:
            return grid_of_external(self._external) if written is None else written.params()
        except ConfigError as error:
            self._complaints.add("external_models" if written is None else "grid", str(error))
            return GridParams()

    def _island(self, written: IslandModel | None) -> IslandParams:
        try:
            return IslandParams() if written is None else written.params()
        except ConfigError as error:
            self._complaints.add("island", str(error))
            return IslandParams()

    def _check_island(self, island: IslandParams, assets: list[ReadAsset]) -> None:
        """Report settings of an island that no asset can form, and loads to shed that are none."""
        if self._data.get("island") is None:
            return
        if not any(getattr(asset.model, "grid_forming", False) for asset in assets):
            self._complaints.add("island", "no asset of this site is grid_forming")
        loads = [asset.name for asset in assets if asset.type.shed_by]
        for at, name in enumerate(island.shed_order):
            if name not in loads:
                text = f"no load is named {name!r}{did_you_mean(name, loads)}"
                self._complaints.add(join("island", "shed_order", at), text)

    def _weather(self, top: SiteFile) -> WeatherParams:
        written = self._weather_keys
        try:
            return weather_of(written, self._external, top.latitude, top.longitude)
        except ConfigError as error:
            self._complaints.add("external_models" if written is None else "weather", str(error))
            return WeatherParams()


def _is_in_dertwins_form(top: SiteFile) -> bool:
    return top.site_name is not None and top.name is None


def _supports_a_grid_code(asset: ReadAsset) -> bool:
    return any(item.name == "grid_code" for item in fields(asset.type.params))


def _needs_a_grid_code(asset: ReadAsset) -> bool:
    return _supports_a_grid_code(asset) and "grid_code" not in asset.model.model_fields_set
