"""From the plain data of a site file to a plan, endpoints and a source; all errors are reported."""

import math
from collections.abc import Callable, Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Any

import twin_tui.engine.devices  # noqa: F401 (registers the device types)
from twin_tui.config.assets.reading import (
    ReadAsset,
    check_island,
    check_references,
    read_assets,
    share_inverters,
    step_first_load,
)
from twin_tui.config.context import Context
from twin_tui.config.devices import DeviceReader
from twin_tui.config.links import LinkReader, check_together
from twin_tui.config.load_profiles import with_holidays
from twin_tui.config.source import Embedding, entries_of
from twin_tui.config.top import SiteFile
from twin_tui.config.weather_files import read_weather_file
from twin_tui.config.world import (
    FIRST_DAY,
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
from twin_tui.engine.grid import GridParams
from twin_tui.engine.signals import value
from twin_tui.engine.site import SitePlan
from twin_tui.engine.transfer import IslandParams
from twin_tui.engine.weather import WeatherParams
from twin_tui.errors import ConfigError, TwinError
from twin_tui.protocols.connector import Endpoint, LinkSettings
from twin_tui.protocols.registry import connectors, link_faults


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
    file: Path | None = None
    """The site file, None for a site from Python."""

    @property
    def source(self) -> Mapping[str, Any]:
        """The site as plain data without references to files of the user; ``load_site`` accepts it.

        Series, grid codes and register maps are embedded with their content at the time of loading.
        """
        return self.embed()


class SiteReader:
    """Reads one site."""

    def __init__(
        self, document: Document, folder: Path, file: Path | None, *, allow_outside: bool = False
    ) -> None:
        self._data: dict[str, Any] = document.data
        self._file = file
        context = Context(folder, zone_of(self._data.get("timezone")), allow_outside=allow_outside)
        self._complaints = Complaints(document, context)
        self._links: Mapping[str, LinkSettings] = {}
        self._external = NO_EXTERNAL_MODELS
        self._weather_keys: WeatherModel | None = None

    def read(self) -> Site:
        """Return the content of the file, or raise one ConfigError with all errors."""
        complaints = self._complaints
        top = complaints.checked(SiteFile, self._data)
        self._external = self._given("external_models", lambda: ExternalModels) or NO_EXTERNAL_MODELS
        read_weather_file(self._data, complaints)
        self._weather_keys = self._given("weather", weather_model)
        grid = self._grid(self._given("grid", grid_model))
        island = self._island(self._given("island", island_model))
        complaints.context = replace(complaints.context, nominal_hz=grid.nominal_hz)
        listed = self._data.get("assets")
        if top is not None and top.region is not None:
            listed = with_holidays(listed, top.region, (top.start or FIRST_DAY).year, complaints)
        assets = read_assets(listed, complaints)
        if top is None:
            complaints.settle()
        assert top is not None
        self._check_pairs(top)
        devices = DeviceReader(top, assets, complaints)
        self._link(assets, top)
        share_inverters(assets, complaints)
        step_first_load(assets)
        plans = tuple(devices.plans(self._external.power.base_load_w))
        check_references(assets, complaints)
        if self._data.get("island") is not None:
            check_island(island.shed_order, assets, complaints)
        weather = self._weather(top)
        complaints.settle()
        start_unix_s, utc_offset_s = start_of(top.start, top.start_time_h, top.timezone)
        changes = clock_changes(start_unix_s, top.timezone)
        name = top.name or top.site_name or "site"
        plan = SitePlan(
            name,
            plans,
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
        linked = link_faults(endpoints)
        running = {asset.name: asset.device for asset in assets if asset.device is not None}
        if top.events or modes:
            from twin_tui.config.events import read_events  # noqa: PLC0415 - with every verb of the console

            plan = replace(plan, events=read_events(top.events, modes, plan, running, linked, complaints))
        complaints.settle()
        named = [(asset.name, asset.data, self._sources(asset)) for asset in assets]
        complaints.settle()
        embed = Embedding(self._data, named, complaints.context)
        speed = top.speed if top.speed is not None else 1.0 if top.real_time else math.inf
        read = complaints.context.files | {path for path in complaints.context.kept if isinstance(path, Path)}
        files = frozenset(read | ({self._file} if self._file is not None else set()))
        return Site(plan, endpoints, embed, top.real_time, speed, files, self._links, self._file)

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
            asset.endpoints = reader.read(asset)
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

    def _weather(self, top: SiteFile) -> WeatherParams:
        written = self._weather_keys
        try:
            return weather_of(written, self._external, top.latitude, top.longitude)
        except ConfigError as error:
            self._complaints.add("external_models" if written is None else "weather", str(error))
            return WeatherParams()
