"""Values that are a name or file in a site file and an object in the engine."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from twin_tui.config.context import Context
from twin_tui.config.grid_codes import grid_code_of, load_grid_code
from twin_tui.config.schedule import to_session, to_window
from twin_tui.config.series import to_series
from twin_tui.documents.loader import Document
from twin_tui.documents.values import Accepts, refuse_unknown, to_number, to_switch
from twin_tui.engine.devices.ev_session import ChargingSession
from twin_tui.engine.devices.time_window import Window
from twin_tui.engine.grid_code import GridCode
from twin_tui.engine.physics.battery import CELLS, NOTTON, SUNGROW_SC1000TL, CellType, ConverterLosses
from twin_tui.engine.weather import Series
from twin_tui.errors import shown

T = TypeVar("T")
_SWITCHES = ("volt_var", "volt_watt")
NO_GRID_CODE = "none"


def to_grid_code(found: Any, context: Context) -> GridCode | None:
    """Return a grid code by name or file, with its curves switched, or in full; None for "none"."""
    if found == NO_GRID_CODE:
        return None
    if isinstance(found, str):
        found = {"name": found}
    if not isinstance(found, dict):
        raise ValueError(f"expected the name of a grid code, found {shown(found)}")
    switches = {key: to_switch(found[key]) for key in _SWITCHES if isinstance(found.get(key), bool | str)}
    if "stages" in found:
        return grid_code_of(Document(found, ""), "own")
    refuse_unknown(found, ("name", *_SWITCHES))
    name = found.get("name")
    if not isinstance(name, str):
        raise ValueError("missing key name")
    if name.endswith((".yaml", ".yml")):
        context.file(name)
    return load_grid_code(
        name, context.folder, read=context.document, nominal_hz=context.nominal_hz, **switches
    )


CONVERTERS = {"sungrow_sc1000tl": SUNGROW_SC1000TL, "notton": NOTTON}


def to_converter(found: Any, context: Context) -> ConverterLosses:
    """Return a converter's loss curve, by name or from its four coefficients."""
    if isinstance(found, dict):
        known = [item.name for item in fields(ConverterLosses)]
        refuse_unknown(found, known)
        missing = [key for key in known if key not in found]
        if missing:
            raise ValueError(f"missing key {missing[0]}")
        values = {key: to_number(found[key]) for key in known}
        if any(not 0 <= value <= 1 for value in values.values()):
            raise ValueError(f"expected coefficients from 0 to 1, found {shown(found)}")
        return ConverterLosses(**values)
    return _named(found, CONVERTERS)


def _named(found: Any, known: Mapping[str, T]) -> T:
    for name, item in known.items():
        if isinstance(found, str) and found.lower() == name.lower():
            return item
    raise ValueError(f"expected one of {', '.join(known)}, found {shown(found)}")


_TIME = {"type": ["string", "number"], "description": "A time of day like 08:00, or seconds."}
_SPAN = {"type": ["string", "number"], "description": "A duration like 5h, or seconds."}
_WEEKDAY = {"type": ["string", "integer"], "description": "monday … sunday, or 0 … 6."}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


_WINDOW = _object(
    start_time=_TIME,
    start_s=_TIME,
    duration=_SPAN,
    duration_s=_SPAN,
    day_of_week=_WEEKDAY,
    date={"type": "string"},
)
_SESSION = _object(
    arrival=_TIME,
    departure=_TIME,
    arrival_soc={"type": "number", "minimum": 0, "maximum": 100},
    weekdays={"type": ["string", "integer", "array"], "description": "mon-fri, or a list."},
)
_SERIES = _object(
    csv={"type": "string"},
    column={"type": "string"},
    start={"type": ["string", "number"]},
    step=_SPAN,
    values={"type": "array", "items": {"type": "number"}, "minItems": 2},
    repeats={"type": "boolean"},
    holds={"type": "boolean"},
)
_CELL = {"enum": [*map(str.lower, CELLS), *map(str.upper, CELLS)]}

NAMED: Mapping[Any, Accepts] = {
    Window: Accepts(to_window, _WINDOW),
    ChargingSession: Accepts(to_session, _SESSION),
    GridCode: Accepts(to_grid_code),
    Series: Accepts(to_series, {"anyOf": [{"type": "string", "description": "A CSV file."}, _SERIES]}),
    CellType: Accepts(lambda found, context: _named(found, CELLS), _CELL),
    ConverterLosses: Accepts(to_converter, {"anyOf": [{"enum": list(CONVERTERS)}, {"type": "object"}]}),
}
"""What a site file may have for a value of the engine; each check takes the value and its context."""
