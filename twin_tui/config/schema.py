"""The JSON Schema of site files: the keys of each type of asset, its commands, modes and protocols."""

import dataclasses
from typing import Any, get_args, get_type_hints

from pydantic.fields import FieldInfo

from twin_tui.config.assets import asset_model
from twin_tui.config.derive import Sets, object_schema
from twin_tui.config.grid_code_file import GridCodeFile
from twin_tui.config.grid_codes import CURVES, grid_code_names
from twin_tui.config.named import NO_GRID_CODE
from twin_tui.config.top import SiteFile
from twin_tui.config.world import ExternalModels, grid_model, island_model, weather_model
from twin_tui.documents.described import field_texts, unit_of
from twin_tui.documents.model import Model
from twin_tui.documents.schema import Schema, by_word, embed, schema_of
from twin_tui.documents.values import (
    DURATION_SCHEMA,
    SWITCH_SCHEMA,
    any_case,
    number_schema,
    or_null,
    without_null,
)
from twin_tui.engine.device import AnyDeviceType, registry
from twin_tui.engine.events import EVENT_TYPES
from twin_tui.engine.grid import GridParams
from twin_tui.engine.signals import Signal, signals_of
from twin_tui.engine.steering import Mode
from twin_tui.engine.transfer import IslandParams
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
    keys["grid_code"] |= or_null({"$ref": "#/$defs/grid_code"})
    keys["events"] |= {"items": _event()}
    for key, part in (
        ("grid", schema_of(grid_model(), _parameters(GridParams))),
        ("island", schema_of(island_model(), _parameters(IslandParams))),
        ("weather", schema_of(weather_model(), _parameters(WeatherParams))),
        ("external_models", schema_of(ExternalModels)),
        ("links", schema_of(connectors.links_model())),
    ):
        part["type"] = ["object", "null"]
        keys[key] |= embed(top, part, key)
    return top


def _asset(device_type: AnyDeviceType) -> Schema:
    found = schema_of(asset_model(device_type), _parameters(device_type.params))
    keys = found["properties"]
    optional = {
        name for name, hint in get_type_hints(device_type.params).items() if type(None) in get_args(hint)
    }
    for key, field in asset_model(device_type).model_fields.items():
        sets = [item.parameter for item in field.metadata if isinstance(item, Sets)]
        if sets and not optional & set(sets):
            keys[key] = without_null(keys[key])
    keys["type"] = {"description": f"{device_type.title}.", "enum": [device_type.kind, *device_type.aliases]}
    del keys["protocols"]["items"]
    keys["protocols"] |= {"$ref": "#/$defs/protocols"}
    if "grid_code" in keys:
        keys["grid_code"] |= {"$ref": "#/$defs/grid_code"}
    commands = [_command(signal) for signal in signals_of(device_type.commands).values()]
    keys["commands"] |= {"properties": dict(commands), "additionalProperties": False}
    keys["mode"].pop("type", None)
    keys["mode"] |= _modes(device_type)
    return found


def _modes(device_type: AnyDeviceType) -> Schema:
    """Return the schema of an operation mode: its name, or with its factor and its parameters."""
    if not device_type.modes:
        return {"type": "null"} if device_type.steering is None else {"enum": ["", None]}
    words = {mode.name: any_case(mode.name, *mode.aliases) for mode in device_type.modes}
    every = dict.fromkeys(word for mode in device_type.modes for word in (mode.name, *mode.aliases))
    names = {"anyOf": [*any_case(*every)["anyOf"], {"const": ""}]}
    choices = [
        {
            "if": {"properties": {"name": words[mode.name]}, "required": ["name"]},
            "then": {"properties": {"parameters": _mode_parameters(mode)}},
        }
        for mode in device_type.modes
    ]
    keys = {"name": names, "factor": number_schema(0, 1), "parameters": {"type": "object"}}
    named = {
        "type": "object",
        "required": ["name"],
        "properties": keys,
        "additionalProperties": False,
        "allOf": choices,
    }
    return {"anyOf": [names, named, {"type": "null"}]}


def _mode_parameters(mode: Mode) -> Schema:
    keys: Schema = {}
    for item in mode.parameters:
        kind: Schema = {"enum": list(item.choices)} if item.choices else number_schema(item.low, item.high)
        unit = f" ({item.unit})" if item.unit else ""
        keys[item.name] = {"description": item.meaning + unit, **kind}
    return {"type": "object", "properties": keys, "additionalProperties": False}


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
    switches = dict.fromkeys(CURVES, SWITCH_SCHEMA)
    name = {
        "anyOf": [{"enum": [*grid_code_names(), NO_GRID_CODE]}, {"type": "string", "pattern": r"\.ya?ml$"}]
    }
    named = {"type": "object", "required": ["name"], "properties": {"name": name, **switches}}
    return {
        "description": "A shipped grid code, a file of one, a code written out, or none.",
        "anyOf": [*name["anyOf"], named | {"additionalProperties": False}, {"$ref": "#/$defs/GridCodeFile"}],
    }


def _event() -> Schema:
    at = {"anyOf": DURATION_SCHEMA["anyOf"], "description": "When, from the start of the run."}
    do = {"type": "string", "description": "A command, as in the console."}
    events = {}
    for name, cls in EVENT_TYPES.items():
        found = object_schema(cls)
        disturbance = found["properties"].get("disturbance")
        if disturbance is not None:  # its points may be a file, and decide what is optional
            for key in disturbance["properties"].values():
                key.pop("x-unit", None)
            disturbance["properties"]["points"] = {"type": ["string", "array"]}
            disturbance["anyOf"] = [
                {"required": disturbance.pop("required")},
                {"required": ["target", "points"]},
            ]
        for key in found["properties"].values():
            key.pop("x-unit", None)
        found["properties"] |= {"at": at, "event": {"const": name}}
        events[name] = ([name], found)
    with_command = {
        "properties": {"at": at, "do": do},
        "required": ["at", "do"],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "required": ["at"],
        "if": {"required": ["do"]},
        "then": with_command,
        "else": by_word("event", events),
    }
