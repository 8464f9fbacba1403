"""Values that a site file gives by name or file, and the engine takes as objects."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from twin_tui.config.context import Context
from twin_tui.config.series import to_series
from twin_tui.config.values import shown, to_switch
from twin_tui.engine.grid_code import GridCode
from twin_tui.engine.weather import Series
from twin_tui.errors import did_you_mean
from twin_tui.grid_codes import load_grid_code, parse_grid_code

_SWITCHES = ("volt_var", "volt_watt")


def to_grid_code(found: Any, context: Context) -> GridCode:
    """Return a grid code: by name or file, with volt_var and volt_watt switched, or written out."""
    if isinstance(found, str):
        return load_grid_code(found, context.folder, nominal_hz=context.nominal_hz)
    if not isinstance(found, dict):
        raise ValueError(f"expected the name of a grid code, found {shown(found)}")
    switches = {key: to_switch(found[key]) for key in _SWITCHES if isinstance(found.get(key), bool | str)}
    if "stages" in found:
        return parse_grid_code(json.dumps(found), "grid_code", "own")
    for key in found:
        if key not in ("name", *_SWITCHES):
            raise ValueError(f"unknown key {key}{did_you_mean(str(key), ('name', *_SWITCHES))}")
    name = found.get("name")
    if not isinstance(name, str):
        raise ValueError("missing key name")
    return load_grid_code(name, context.folder, nominal_hz=context.nominal_hz, **switches)


READERS: Mapping[type, Callable[[Any, Context], Any]] = {GridCode: to_grid_code, Series: to_series}
