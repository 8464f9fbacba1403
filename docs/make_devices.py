"""Writes docs/devices.md from the declarations of the device types: `python -m docs.make_devices`."""

import dataclasses
import types
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

import twin_tui.engine.devices  # noqa: F401 - registers the types
from docs.device_laws import LAWS, SETTINGS_LAWS
from docs.pages import NO_BOUND, commanded, law, measured_row, shown, table
from twin_tui.config.assets import asset_model
from twin_tui.config.assets.base import Asset
from twin_tui.config.derive import Sets
from twin_tui.config.named import CONVERTERS
from twin_tui.documents.described import field_texts, unit_of
from twin_tui.documents.loader import read_document
from twin_tui.documents.model import Model
from twin_tui.documents.shipped import shipped_folder
from twin_tui.engine.device import AnyDeviceType, Status, registry
from twin_tui.engine.devices.ev_session import ChargingSession
from twin_tui.engine.devices.pv_inputs import PvString
from twin_tui.engine.devices.time_window import Window
from twin_tui.engine.grid_code import GridCode
from twin_tui.engine.grid_settings import GridSettings, GridTied
from twin_tui.engine.physics.battery import CELLS, CellType, ConverterLosses
from twin_tui.engine.signals import signals_of
from twin_tui.engine.steering import Mode
from twin_tui.engine.weather import Series

PAGE = Path(__file__).parent / "devices.md"

_OTHER_UNITS = {"accuracy_class": "%", "levelized_cost_of_storage_kwh": ""}
_FORMS: dict[Any, str] = {
    bool: "yes or no",
    GridCode: "grid code",
    Series: "series",
    CellType: ", ".join(CELLS),
    ConverterLosses: ", ".join(CONVERTERS),
    tuple[ChargingSession, ...]: "list of sessions",
    tuple[Window, ...]: "list of windows",
    tuple[PvString, ...]: "list of strings",
    tuple[float, ...]: "list",
}
_SPANS = ("duration", "horizon")

DEFAULT_CODES = "en50549-1 at 50 Hz, ieee1547-2018-cat-iii at 60 Hz"
WORKED_OUT = {
    ("battery", "rated_va"): "1.1 times the larger power",
    ("battery", "charge_efficiency"): "root of `round_trip_eff`",
    ("battery", "discharge_efficiency"): "root of `round_trip_eff`",
    ("battery", "thermal_capacity_j_per_k"): "7,300 for each kWh, NMC 6,000",
    ("battery", "thermal_conductance_w_per_k"): "2 for each kWh, in a container 10",
    ("battery", "housing"): "open with one of the two keys above, container from 200 kWh up, else indoors",
    ("battery", "container_j_per_k"): "640,000 for 1 MWh, by the area",
    ("battery", "container_w_per_k"): "115 for 1 MWh, by the area",
    ("battery", "heating_w"): "15 for each kWh",
    ("battery", "cooling_w"): "30 for each kWh",
    **{(kind, "grid_code"): DEFAULT_CODES for kind in ("battery", "pv", "chp")},
    ("pv", "peak_w"): "`rated_kw`",
    ("load", "base_w"): "5, or 0 with another course",
}
"""Defaults that follow from other keys."""

INTRODUCTION = """\
# Devices

<!-- written by `python -m docs.make_devices`; edit the declarations, not this page -->

Every type of device: its site file keys, its signals and commands, and its faults.
[site-files.md](site-files.md) has what all assets share (`name`, `started`, `mode`, `commands`,
`protocols` …) and the form of series, sessions and windows, [commands.md](commands.md) the commands that use
these names.

**Keys.** Names in one row set the same thing, each in its own unit: give one of them. The default is in the
unit of the first. Durations are seconds or a form like `2h`; the unit 1 is a fraction.

**Signals** are in SI units; the unit 1 is a fraction. Power is positive from the device into the site: a
discharging battery and PV are positive, consumers negative; a meter is positive on import. Register maps,
scenarios, Python and the console use these names. A momentary command acts once and falls back to its
default.

**Faults** have a code, which the signal `fault_code` shows where there is one. A latched fault stays when its
cause is gone, until it is reset; the others end with their cause.

**Laws** are the equations behind the numbers, from the functions that compute them, each with its source and
its limits.

**Numbers** without a source at their law are defaults of our own, to be set where they matter: taper, ramp,
efficiency and least state of charge of vehicles; quality, pauses and hysteresis of heat pumps; times, ramps
and buffer temperatures of CHPs; the thermal ones of PV inverters; all times and windows of islands. From
memory, since nobody has read the standard: contactors open at 0.5 and close at 0.85 pu (IEC 60947-4-1),
motors stall at 0.6 pu and are 0.1 + 0.1j pu then (NERC's motor D), limits of synchronism (IEEE Std 1547-2018,
table 5), and what `twin-tui check` calls recalled in a grid code.

**Status** of any device: {statuses}.
"""


def page() -> str:
    """Return the page."""
    statuses = ", ".join(f"`{status.value}`" for status in Status)
    parts = [INTRODUCTION.format(statuses=statuses)]
    maps = _maps()
    for kind in sorted(registry.kinds()):
        parts.append("\n".join(_device(registry[kind], maps.get(kind, []))))
    parts.append("\n".join(_settings()))
    return "\n".join(parts)


def _device(kind: AnyDeviceType, maps: list[str]) -> Iterator[str]:
    names = ", ".join(f"`{name}`" for name in (kind.kind, *kind.aliases))
    yield f"## {kind.title}\n"
    facts = [f"Type in a site file: {names}."]
    controls = kind.s2
    if maps:
        facts.append("Shipped register maps: " + ", ".join(f"`{name}`" for name in maps) + ".")
    if controls:
        facts.append("S2: " + ", ".join(control.name for control in controls) + ".")
    yield "\n".join(facts) + "\n"
    yield "### Keys\n"
    yield from table(("key", "unit", "default", "meaning"), _keys(kind))
    yield "### Telemetry\n"
    yield from table(
        ("signal", "unit", "range", "meaning"), map(measured_row, signals_of(kind.telemetry).values())
    )
    yield "### Commands\n"
    yield from table(
        ("command", "unit", "range", "default", "meaning"),
        map(commanded, (each for each in signals_of(kind.commands).values() if not each.group)),
    )
    if issubclass(kind.commands, GridTied):
        yield "[Settings of the grid code](#settings-of-a-grid-code) are commands too.\n"
    if kind.faults:
        yield "### Faults\n"
        rows = [
            (f"`{fault.name}`", f"{fault.code} (0x{fault.code:04X})", shown(fault.latched), fault.meaning)
            for fault in kind.faults
        ]
        yield from table(("fault", "code", "latched", "meaning"), rows)
    if kind.modes:
        yield "### Operation modes\n"
        yield "[energy-managers.md](energy-managers.md) has who commands, and the law of each.\n"
        rows = [(f"`{mode.name}`", mode.meaning, _parameters(mode)) for mode in kind.modes]
        yield from table(("mode", "meaning", "parameters"), rows)
        aliases = ", ".join(f"`{alias}` is `{mode.name}`" for mode in kind.modes for alias in mode.aliases)
        if aliases:
            yield f"Other names: {aliases}.\n"
    if kind.kind in LAWS:
        yield "### Laws\n"
        for function in LAWS[kind.kind]:
            yield law(function)


SETTINGS = """## Settings of a grid code

Batteries, PV plants and CHPs with a grid code have these commands; they begin with the numbers of their code.
A write acts from the next step on, all of it or nothing: limits that contradict each other are refused. Stage
1 of a quantity is the one nearer to nominal; further stages of a code keep their numbers. A droop is of the
rating; with `droop_of_power`, a generator's answer to a high frequency is of its power before.
"""


def _settings() -> Iterator[str]:
    yield SETTINGS
    yield from table(
        ("command", "unit", "range", "without a code", "meaning"),
        map(commanded, signals_of(GridSettings).values()),
    )
    yield "### Laws\n"
    for function in SETTINGS_LAWS:
        yield law(function)


def _keys(kind: AnyDeviceType) -> Iterator[tuple[str, ...]]:
    """Yield a row for each parameter with all keys that set it, and for each key that sets none."""
    model = asset_model(kind)
    written = field_texts(model)
    explained = field_texts(kind.params)
    hints = get_type_hints(kind.params)
    by_parameter: dict[str, list[str]] = {}
    alone: list[str] = []
    for key, item in model.model_fields.items():
        if key in Asset.model_fields:
            continue
        sets = [each.parameter for each in item.metadata if isinstance(each, Sets)]
        for parameter in sets:
            by_parameter.setdefault(parameter, []).append(key)
        if not sets:
            alone.append(key)
    for parameter, found in by_parameter.items():
        keys = sorted(found, key=lambda key: (model.model_fields[key].default is None, "_k" not in key))
        default = _default(kind, parameter, keys[0])
        units = dict.fromkeys(_unit(key, hints[parameter]) for key in keys)
        named = ", ".join(f"`{key}`" for key in keys)
        yield (
            named,
            " or ".join(filter(None, units)),
            default,
            explained.get(parameter, ""),
        )
    for key in alone:
        item = model.model_fields[key]
        found = item.get_default(call_default_factory=True, validated_data={})
        default = "" if found in (None, ()) else shown(found)
        if isinstance(found, Model):
            default = ", ".join(f"{name} {shown(part)}" for name, part in found.model_dump().items())
        yield f"`{key}`", _unit(key, item.annotation), default, written.get(key, "")


def _default(kind: AnyDeviceType, parameter: str, key: str) -> str:
    model = asset_model(kind)
    item = model.model_fields[key]
    factor = next((s.factor for s in item.metadata if isinstance(s, Sets) and s.parameter == parameter), 1.0)
    if (kind.kind, parameter) in WORKED_OUT:
        return WORKED_OUT[kind.kind, parameter]
    if item.default is not None and not item.is_required():
        return shown(item.default)
    field = next(each for each in dataclasses.fields(kind.params) if each.name == parameter)
    if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
        return "must be given"
    factory = field.default_factory
    found = field.default if factory is dataclasses.MISSING else factory()
    if isinstance(found, float):
        return "none" if found >= NO_BOUND else shown(found / factor)
    return shown(found)


def _unit(key: str, hint: Any) -> str:
    options = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    for option in options:
        if option in _FORMS:
            return _FORMS[option]
        if isinstance(option, type) and issubclass(option, Enum):
            return ", ".join(str(member.value) for member in option)
    if key in _OTHER_UNITS:
        return _OTHER_UNITS[key]
    if key in _SPANS:
        return "s"
    if float in options and "soc" in key.split("_"):
        return "%"
    return unit_of(key)


def _parameters(mode: Mode) -> str:
    found = []
    for parameter in mode.parameters:
        text = f"`{parameter.name}`: {parameter.meaning}"
        notes = [parameter.unit if parameter.unit != "1" else "0 to 1"] if parameter.unit else []
        if parameter.choices:
            notes.append("one of " + ", ".join(parameter.choices))
        if parameter.default is not None:
            notes.append(f"{shown(parameter.default)} if not given")
        found.append(text + (f" ({'; '.join(notes)})" if notes else ""))
    return "; ".join(found)


def _maps() -> dict[str, list[str]]:
    """Return the shipped register maps that serve each kind alone."""
    found: dict[str, list[str]] = {}
    for path in sorted(shipped_folder("register_maps").iterdir()):
        served = read_document(path).get("device_type", "")
        kind = {"pv_inverter": "pv", "hybrid_inverter": "pv"}.get(served) or registry[served].kind
        found.setdefault(kind, []).append(path.stem)
    return found


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
