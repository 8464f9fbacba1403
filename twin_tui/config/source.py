"""A site as plain data that stands alone: names given, register maps of the user's inside."""

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from twin_tui.config.context import Context
from twin_tui.config.series import to_series
from twin_tui.documents.csv_text import points_of_csv
from twin_tui.documents.loader import read_document
from twin_tui.engine.weather import Series
from twin_tui.protocols.connector import Endpoint
from twin_tui.protocols.registry import connectors

_LINK_KEYS = ("ip", "port", "unit_id", "register_map", "protocols")
_NAME_KEYS = ("name", "asset_id", "device_id")


def source_of(
    data: Mapping[str, Any],
    assets: Iterable[tuple[str, Mapping[str, Any], tuple[Endpoint, ...]]],
    context: Context,
) -> dict[str, Any]:
    """Return the site's data with its assets named and all they need from other files put in."""
    kept = {
        key: _embedded(key, _simple(value), context)
        for key, value in data.items()
        if key not in ("register_map_root", "assets", "links")
    }
    kept["assets"] = [
        {
            "name": name,
            **{
                key: _embedded(key, value, context)
                for key, value in asset.items()
                if key not in _LINK_KEYS + _NAME_KEYS
            },
            "protocols": [connectors[endpoint.kind].source(endpoint) for endpoint in endpoints],
        }
        for name, asset, endpoints in assets
    ]
    return kept


def _embedded(key: str, value: Any, context: Context) -> Any:
    """Return a value with the content of the files it names: grid codes, series, points of a playback."""
    if isinstance(value, list):
        return [_embedded(key, item, context) for item in value]
    if key in _OWN_FILES:
        return _OWN_FILES[key](value, context)
    if isinstance(value, dict) and "csv" not in value:
        return {inner: _embedded(inner, item, context) for inner, item in value.items()}
    if isinstance(value, str) and key == "points":
        return points_of_csv(context.folder / value)
    if isinstance(value, dict) or (isinstance(value, str) and value.lower().endswith(".csv")):
        return _written_out(to_series(value, context))
    return value


def _grid_code(value: Any, context: Context) -> Any:
    name = value.get("name") if isinstance(value, dict) else value
    if not (isinstance(name, str) and name.endswith((".yaml", ".yml"))):
        return value
    code = read_document(context.folder / name)
    for part in ("volt_var", "volt_watt"):
        if isinstance(value, dict) and part in value and isinstance(code.get(part), dict):
            code[part]["enabled"] = value[part]
    return code


def _s2_description(value: Any, context: Context) -> Any:
    return read_document(context.folder / value) if isinstance(value, str) else value


_OWN_FILES = {"grid_code": _grid_code, "s2_description": _s2_description}


def _written_out(series: Series) -> dict[str, Any]:
    start = series.start_s if series.relative else datetime.fromtimestamp(series.start_s, UTC).isoformat()
    shape = {"repeats": series.repeats, "holds": series.holds}
    return {"start": start, "step": series.step_s, "values": list(series.values), **shape}


def _simple(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return "max" if value == math.inf else value
