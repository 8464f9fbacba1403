"""From read assets to the plans of their devices, with grid code, first commands and S2 descriptions."""

from collections.abc import Iterator
from dataclasses import fields, replace

from twin_tui.config.assets.reading import ReadAsset
from twin_tui.config.derive import empty_keys, missing_keys
from twin_tui.config.grid_codes import default_grid_code, load_grid_code
from twin_tui.config.named import to_grid_code
from twin_tui.config.top import SiteFile
from twin_tui.documents.model import Complaints, join
from twin_tui.engine.device import Stage, registry
from twin_tui.engine.grid_code import GridCode
from twin_tui.engine.running import Device
from twin_tui.engine.s2.model import ControlType, Description
from twin_tui.engine.site import DevicePlan
from twin_tui.errors import ConfigError, TwinError, unexpected
from twin_tui.protocols.s2.described import descriptions_of

DERTWINS_BASE_LOAD_W = 5000.0
"""DER Twin's load for a site file without a base load."""
DERTWINS_PERMITTED_LOAD = 1.0
"""DER Twin's CHP accepts a setpoint up to max_load_percent and delivers no more than 100 %."""


class DeviceReader:
    """Makes the devices of one site."""

    def __init__(self, top: SiteFile, assets: list[ReadAsset], complaints: Complaints) -> None:
        self._top = top
        self._assets = assets
        self._complaints = complaints
        self._in_dertwins_form = top.site_name is not None and top.name is None
        self._grid_code = self._read_grid_code()
        """The code of every device that supports one and has none of its own."""

    def plans(self, base_load_w: float | None) -> Iterator[DevicePlan]:
        """Return the plans of all devices whose assets are valid, the base load first."""
        yield from self._base_load(base_load_w)
        yield from filter(None, map(self._plan, self._assets))

    def _read_grid_code(self) -> GridCode | None:
        found, context = self._top.grid_code, self._complaints.context
        if "grid_code" not in self._top.model_fields_set:
            own = (asset for asset in self._assets if "grid_code" not in asset.model.model_fields_set)
            if not any(map(_supports_a_grid_code, own)):
                return None
            name = default_grid_code(context.nominal_hz, peer_format=self._in_dertwins_form)
            return None if name is None else load_grid_code(name)
        if found is None:
            return None
        try:
            code = to_grid_code(found, context)
        except (TwinError, ValueError) as error:
            self._complaints.add("grid_code", str(error))
            return None
        if not any(map(_supports_a_grid_code, self._assets)):
            self._complaints.add("grid_code", "no asset of this site supports a grid code")
        return code

    def _base_load(self, base_w: float | None) -> Iterator[DevicePlan]:
        if base_w is None:
            has_load = any(asset.type.takes_load_steps for asset in self._assets)
            has_meter = any(asset.type.stage is Stage.METER for asset in self._assets)
            if not self._in_dertwins_form or has_load or not has_meter:
                return
            base_w = DERTWINS_BASE_LOAD_W
        if any(asset.name == "load" for asset in self._assets):
            self._complaints.add(
                "external_models.power", "its base load is named 'load', but an asset has this name"
            )
            return
        load = registry["load"]
        yield DevicePlan("load", load, load.params(base_w=base_w))

    def _plan(self, asset: ReadAsset) -> DevicePlan | None:
        try:
            settings = asset.model.parameters()
            if _supports_a_grid_code(asset):
                settings = {"grid_code": self._grid_code, **settings}
            if self._in_dertwins_form and settings.get("max_load_pu", 0.0) > DERTWINS_PERMITTED_LOAD:
                settings["max_load_pu"] = DERTWINS_PERMITTED_LOAD
            missing = missing_keys(asset.type.params, settings)
            if missing:
                self._complaints.add("", f"missing key {missing[0]} in {asset.place}", at=asset.place)
                return None
            for name in empty_keys(asset.type.params, settings):
                raise ConfigError(f"{name} has no value; remove its key, or give it one")
            plan = DevicePlan(asset.name, asset.type, asset.type.params(**settings))
            device = Device(plan, self._top.seed, self._top.step)
        except (TwinError, TypeError, ValueError, ArithmeticError) as error:
            self._complaints.add(asset.place, str(error))
            return None
        except (LookupError, AttributeError, RuntimeError) as error:  # in the code of another package
            self._complaints.add(asset.place, f"device type {asset.type.kind}: {unexpected(error)}")
            return None
        asset.device = device
        self._set_first_commands(asset, device)
        meters, s2 = getattr(asset.model, "meters", ()), self._s2_descriptions(asset)
        return replace(plan, commands=device.commands, meters=meters, s2=s2)

    def _set_first_commands(self, asset: ReadAsset, device: Device) -> None:
        values = asset.model.first_commands()
        for name, requested in asset.model.commands.items():
            try:
                values[name] = device.accept(name, requested, "command")
            except (TwinError, TypeError) as error:
                self._complaints.add(join(asset.place, "commands", name), str(error))
        try:
            device.check(values)
            device.change(values)
        except TwinError as error:
            self._complaints.add(join(asset.place, "commands"), str(error))

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


def _supports_a_grid_code(asset: ReadAsset) -> bool:
    found = {item.name: item for item in fields(asset.type.params)}
    # a vehicle that only charges is a load
    discharges = found.get("max_discharge_power_w")
    if discharges is not None and not asset.model.parameters().get("max_discharge_power_w"):
        return "grid_code" in asset.model.model_fields_set
    return "grid_code" in found
