"""A site as self-contained data: with names, and with the content of the user's files."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from twin_tui.config.context import Context
from twin_tui.config.grid_codes import CURVES
from twin_tui.config.series import series_key, to_series
from twin_tui.engine.weather import Series
from twin_tui.errors import ConfigError, shown
from twin_tui.protocols.connector import Endpoint
from twin_tui.protocols.guard import errors_of
from twin_tui.protocols.registry import connectors

_LINK_KEYS = ("ip", "port", "unit_id", "register_map", "protocols")
_NAME_KEYS = ("name", "asset_id", "device_id")


def entries_of(endpoints: Iterable[Endpoint], context: Context) -> list[dict[str, Any]]:
    """Return endpoints as entries of a site file, and keep the files that they name; raise TwinError."""
    entries = []
    for endpoint in endpoints:
        name = f"connector {endpoint.kind}"
        with errors_of(name, "source"):
            entry = connectors[endpoint.kind].source(endpoint)
            if not isinstance(entry, dict):
                raise ConfigError(f"{name}: source returned {shown(entry)}; expected a dict")
            json.dumps(entry, default=_content)
            for item in entry.values():
                if isinstance(item, Path):
                    context.keep(item)
        entries.append(entry)
    return entries


def _content(found: Any) -> str:
    if isinstance(found, Path):
        return ""
    raise TypeError(f"expected plain data, found {shown(found)}")


class Embedding:
    """Makes the self-contained data of a site with the first call; unlike a closure it can be pickled."""

    def __init__(
        self,
        data: Mapping[str, Any],
        assets: list[tuple[str, dict[str, Any], list[dict[str, Any]]]],
        context: Context,
    ) -> None:
        self._parts = data, assets, context
        self._made: dict[str, Any] | None = None

    def __call__(self) -> dict[str, Any]:
        """Return the data."""
        if self._made is None:
            self._made = source_of(*self._parts)
        return self._made


def source_of(
    data: Mapping[str, Any],
    assets: Iterable[tuple[str, Mapping[str, Any], Sequence[Mapping[str, Any]]]],
    context: Context,
) -> dict[str, Any]:
    """Return the site's data with names for all assets and with the content of other files.

    Each asset comes with its name and its protocols.
    """
    kept = {
        key: _embedded(key, _simple(value), context)
        for key, value in data.items()
        if key not in ("$schema", "region", "register_map_root", "assets", "links")
    }
    kept["assets"] = [
        {
            "name": name,
            **{
                key: _embedded(key, value, context)
                for key, value in asset.items()
                if key not in _LINK_KEYS + _NAME_KEYS
            },
            "protocols": [
                {
                    key: context.content(value) if isinstance(value, Path) else value
                    for key, value in entry.items()
                }
                for entry in protocols
            ],
        }
        for name, asset, protocols in assets
    ]
    return kept


def _embedded(key: str, value: Any, context: Context) -> Any:
    """Return a value with the content of the files that it names: grid codes, series, playback points."""
    if isinstance(value, list):
        return [_embedded(key, item, context) for item in value]
    if key == "grid_code":
        return _grid_code(value, context)
    if key == "s2_description" and isinstance(value, str):
        return context.content(context.folder / value)
    if key == "points" and isinstance(value, str):
        return context.kept[context.folder / value, "points"]
    if series_key(value, context) in context.kept:
        value = _series_data(to_series(value, context))
    elif isinstance(value, dict):
        value = {inner: _embedded(inner, item, context) for inner, item in value.items()}
    return value


def _grid_code(value: Any, context: Context) -> Any:
    name = value.get("name") if isinstance(value, dict) else value
    if not (isinstance(name, str) and name.endswith((".yaml", ".yml"))):
        return value
    code = context.content(context.folder / name)
    for part in CURVES:
        if isinstance(value, dict) and part in value and isinstance(code.get(part), dict):
            code[part]["enabled"] = value[part]
    return code


def _series_data(series: Series) -> dict[str, Any]:
    ahead_s = series.typical_year_ahead_s
    of_run = series.relative or ahead_s is not None
    start = series.start_s if of_run else datetime.fromtimestamp(series.start_s, UTC).isoformat()
    shape = {"repeats": series.repeats, "holds": series.holds}
    year = {} if ahead_s is None else {"typical_year_ahead_s": ahead_s}
    return {"start": start, "step": series.step_s, "values": list(series.values), **shape, **year}


def _simple(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return "max" if value == math.inf else value
