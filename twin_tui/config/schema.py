"""The JSON Schema of site files: the keys of each type of asset, its commands, modes and protocols."""

import dataclasses
from typing import Any

from pydantic.fields import FieldInfo

from twin_tui.config.assets import asset_model
from twin_tui.config.derive import Sets
from twin_tui.config.events import EVENT_KEYS
from twin_tui.config.grid_codes import GridCodeFile, grid_code_names
from twin_tui.config.named import NO_GRID_CODE
from twin_tui.config.top import SiteFile
from twin_tui.config.world import ExternalModels, grid_model, weather_model
from twin_tui.documents.described import field_texts, unit_of
from twin_tui.documents.model import Model
from twin_tui.documents.schema import Schema, by_word, embed, schema_of
from twin_tui.documents.values import DURATION_SCHEMA
from twin_tui.engine.device import AnyDeviceType, registry
from twin_tui.engine.events import EVENT_TYPES
from twin_tui.engine.grid import GridParams
from twin_tui.engine.signals import Signal, signals_of
from twin_tui.engine.weather import WeatherParams
from twin_tui.protocols.registry import connectors


def site_schema() -> Schema:
    """Return the schema of a site file, with the types and protocols that are registered."""
    top = schema_of(SiteFile)
    keys = top["properties"]
    grid_code = schema_of(GridCodeFile)
    embed(top, grid_code, "GridCodeFile")
    embed(top, _grid_code(), "grid_code")
    entries = {}
    for kind, connector in connectors.entries().items():
        assert connector.entry is not None
        entries[kind] = ([kind], embed(top, schema_of(connector.entry), f"{kind}_entry"))
    embed(top, {"type": "array", "items": by_word("kind", entries)}, "protocols")
    assets = {}
    for kind in sorted(registry.kinds()):
        device_type = registry[kind]
        assets[kind] = ([kind, *device_type.aliases], embed(top, _asset(device_type), kind))
    keys["assets"] |= {"items": by_word("type", assets)}
    keys["grid_code"] |= {"$ref": "#/$defs/grid_code"}
    keys["events"] |= {"items": _event()}
    for key, part in (
        ("grid", schema_of(grid_model(), _parameters(GridParams))),
        ("weather", schema_of(weather_model(), _parameters(WeatherParams))),
        ("external_models", schema_of(ExternalModels)),
        ("links", schema_of(connectors.links_model())),
    ):
        keys[key] |= embed(top, part, key)
    return top


def _asset(device_type: AnyDeviceType) -> Schema:
    found = schema_of(asset_model(device_type), _parameters(device_type.params))
    keys = found["properties"]
    keys["type"] = {"description": f"{device_type.title}.", "enum": [device_type.kind, *device_type.aliases]}
    del keys["protocols"]["items"]
    keys["protocols"] |= {"$ref": "#/$defs/protocols"}
    if "grid_code" in keys:
        keys["grid_code"] |= {"$ref": "#/$defs/grid_code"}
    commands = [_command(signal) for signal in signals_of(device_type.commands).values()]
    keys["commands"] |= {"properties": dict(commands), "additionalProperties": False}
    modes = [word for mode in device_type.modes for word in (mode.name, *mode.aliases)]
    if modes:
        form = {"properties": {"name": {"enum": modes}, "factor": {"type": "number"}, "parameters": {}}}
        named = {"type": "object", "required": ["name"], "additionalProperties": False, **form}
        keys["mode"].pop("type", None)
        keys["mode"] |= {"anyOf": [{"enum": modes}, named]}
    return found


def _parameters(params: type[Any]) -> Any:
    """Return the function that describes a key: the text of its parameter, with the unit of the key."""
    texts = field_texts(params)
    required = {each.name for each in dataclasses.fields(params)}

    def explain(model: type[Model], name: str, field: FieldInfo) -> str:
        sets = [item.parameter for item in field.metadata if isinstance(item, Sets)]
        text = next((texts[parameter] for parameter in sets if parameter in texts), "")
        unit = unit_of(name) if set(sets) & required else ""
        if unit in ("", "1"):
            return text
        return f"{text.rstrip('.')} ({unit})" if text else f"In {unit}."

    return explain


def _command(signal: Signal) -> tuple[str, Schema]:
    unit = f" ({signal.unit})" if signal.unit not in ("", "1") else ""
    options = ", ".join(f"{code} = {text}" for code, text in (signal.options or {}).items())
    found: Schema = {"description": signal.meaning + unit + (f": {options}" if options else "")}
    if signal.type is str:
        return signal.name, found | {"type": "string"}
    if signal.type is bool:
        return signal.name, found | {"enum": [0, 1, True, False]}
    found["type"] = "integer" if signal.type is int else "number"
    bounds = {"minimum": signal.low, "maximum": signal.high}
    return signal.name, found | {key: bound for key, bound in bounds.items() if bound is not None}


def _grid_code() -> Schema:
    switches = {key: {"type": "boolean"} for key in ("volt_var", "volt_watt")}
    name = {
        "anyOf": [{"enum": [*grid_code_names(), NO_GRID_CODE]}, {"type": "string", "pattern": r"\.ya?ml$"}]
    }
    named = {"type": "object", "required": ["name"], "properties": {"name": name, **switches}}
    return {
        "description": "A shipped grid code, a file of one, a code written out, or none.",
        "anyOf": [*name["anyOf"], named | {"additionalProperties": False}, {"$ref": "#/$defs/GridCodeFile"}],
    }


def _event() -> Schema:
    at = {"at": {"anyOf": DURATION_SCHEMA["anyOf"], "description": "When, from the start of the run."}}
    do = {"do": {"type": "string", "description": "A command, as in the console."}}
    event = {"event": {"enum": list(EVENT_TYPES)}, **{key: {} for key in EVENT_KEYS}}
    return {
        "type": "object",
        "required": ["at"],
        "oneOf": [
            {"required": ["do"], "properties": at | do, "additionalProperties": False},
            {"required": ["event"], "properties": at | event, "additionalProperties": False},
        ],
    }
