"""Values that are a name or file in a site file and an object in the engine."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from twin_tui.config.context import Context
from twin_tui.config.grid_codes import CURVES, grid_code_of, load_grid_code
from twin_tui.config.schedule import DAYS, to_session, to_window
from twin_tui.config.series import to_series
from twin_tui.documents.loader import Document
from twin_tui.documents.values import (
    DURATION_SCHEMA,
    SWITCH_SCHEMA,
    Accepts,
    any_case,
    either,
    number_schema,
    or_null,
    refuse_unknown,
    to_number,
    to_switch,
)
from twin_tui.engine.devices.ev_session import ChargingSession
from twin_tui.engine.devices.time_window import Window
from twin_tui.engine.grid_code import GridCode
from twin_tui.engine.physics.battery import CELLS, NOTTON, SUNGROW_SC1000TL, CellType, ConverterLosses
from twin_tui.engine.weather import Series
from twin_tui.errors import shown

T = TypeVar("T")
NO_GRID_CODE = "none"


def to_grid_code(found: Any, context: Context) -> GridCode | None:
    """Return a grid code by name or file, with its curves switched, or in full; None for "none"."""
    if found == NO_GRID_CODE:
        return None
    if isinstance(found, str):
        found = {"name": found}
    if not isinstance(found, dict):
        raise ValueError(f"expected the name of a grid code, found {shown(found)}")
    if "stages" in found:
        return grid_code_of(Document(found, ""), "own")
    refuse_unknown(found, ("name", *CURVES))
    switches = {key: to_switch(found[key]) for key in CURVES if key in found}
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


_HOURS = r"^\s*(([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)?|24:00(:00(\.[0-9]+)?)?)\s*$"
_TIME = {
    **number_schema(0, 86_400),
    "pattern": _HOURS,
    "description": "A time of day like 08:00, or seconds.",
}
_SPAN = {"anyOf": DURATION_SCHEMA["anyOf"], "description": "A duration like 5h, or seconds."}
_DAY = "|".join(day[:3] + "".join(f"({letter}" for letter in day[3:]) + ")?" * len(day[3:]) for day in DAYS)
_ANY_DAY = "".join(f"[{letter.upper()}{letter}]" if letter.isalpha() else letter for letter in _DAY)
_WEEKDAY = {
    "anyOf": [
        {"type": "integer", "minimum": 0, "maximum": 6},
        {"type": "string", "pattern": f"^({_ANY_DAY})$"},
    ],
    "description": "monday … sunday, or 0 … 6.",
}
_DAY_RANGE = {"type": "string", "pattern": f"^\\s*({_ANY_DAY})\\s*-\\s*({_ANY_DAY})\\s*$"}


def _object(*required: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


_WINDOW = _object(
    start_time=or_null(_TIME),
    start_s=or_null(_TIME),
    duration=or_null(_SPAN),
    duration_s=or_null(_SPAN),
    day_of_week=or_null(_WEEKDAY),
    date={"type": ["string", "null"], "pattern": "^[0-9]{4}-?(W?[0-9]{2})-?[0-9]{1,2}$"},
) | {"allOf": [either("start_time", "start_s"), either("duration", "duration_s")]}
_WINDOWS = {"type": "array", "items": _WINDOW}
WINDOWS_SCHEMA = {"anyOf": [_WINDOWS, _object("windows", windows=_WINDOWS)]}
_SESSION = _object(
    "arrival",
    "departure",
    arrival=_TIME,
    departure=_TIME,
    arrival_soc=or_null(number_schema(0, 100)),
    weekdays={
        "anyOf": [*_WEEKDAY["anyOf"], _DAY_RANGE, {"type": "array", "items": _WEEKDAY}],
        "description": "mon-fri, or a list.",
    },
)
_SERIES = _object(
    csv={"type": "string"},
    column={"type": ["string", "null"]},
    start={"type": ["string", "number"]},
    step=_SPAN,
    values={"type": "array", "items": number_schema(), "minItems": 2},
    repeats=SWITCH_SCHEMA,
    holds=SWITCH_SCHEMA,
    typical_year_ahead_s={**number_schema(), "description": "Clock of a typical year ahead of UTC, s."},
) | {"anyOf": [{"required": ["csv"]}, {"required": ["values", "step"]}]}
_LOSSES = [item.name for item in fields(ConverterLosses)]
_CONVERTER = {
    "anyOf": [
        *any_case(*CONVERTERS)["anyOf"],
        _object(*_LOSSES, **dict.fromkeys(_LOSSES, number_schema(0, 1))),
    ]
}

NAMED: Mapping[Any, Accepts] = {
    Window: Accepts(to_window, _WINDOW),
    ChargingSession: Accepts(to_session, _SESSION),
    GridCode: Accepts(to_grid_code),
    Series: Accepts(to_series, {"anyOf": [{"type": "string", "description": "A CSV file."}, _SERIES]}),
    CellType: Accepts(lambda found, context: _named(found, CELLS), any_case(*CELLS)),
    ConverterLosses: Accepts(to_converter, _CONVERTER),
}
"""What a site file may have for a value of the engine; each check takes the value and its context."""
