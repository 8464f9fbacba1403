"""Grid code files: shipped ones by name, others by path."""

from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, model_validator

from twin_tui.documents.loader import Document, open_document
from twin_tui.documents.model import Complaints, FileModel, Model
from twin_tui.documents.values import Accepts, Switch, Text, choice, number, number_schema, to_number
from twin_tui.engine.frequency_meter import FrequencyMeter
from twin_tui.engine.grid_code import (
    EnterService,
    FrequencyDroop,
    GridCode,
    PowerFactorCurve,
    Quantity,
    TripStage,
    VoltageCurve,
)
from twin_tui.engine.grid_code_settings import LEAST_FACTOR
from twin_tui.errors import ConfigError, did_you_mean, shown

CURVES = ("volt_var", "volt_watt", "watt_pf")
"""What a site file can switch on and off beside the name of a code."""
_FOLDER = Path(__file__).parent.parent / "data" / "grid_codes"

Voltage = Annotated[float, number(0, 2, unit="pu")]
Frequency = Annotated[float, number(above=0, high=100, unit="Hz")]
Deadband = Annotated[float, number(0, 10, unit="Hz")]
Limit = Annotated[float, number(0, 100)]
Seconds = Annotated[float, number(0, 86_400, unit="s")]
Droop = Annotated[float, number(above=0, high=1)]


def _to_label(found: Any) -> str:
    if isinstance(found, str) and found:
        return found
    raise ValueError(f"expected a name, found {shown(found)}")


def _to_nominal(found: Any) -> float:
    if not isinstance(found, bool) and found in (50, 60):
        return float(found)
    raise ValueError(f"expected 50 or 60, found {shown(found)}")


def _to_pairs(
    found: Any, what: str, rising: str, allowed: str, fits: Callable[[float, float], bool]
) -> tuple[tuple[float, float], ...]:
    if not isinstance(found, list) or len(found) < 2:
        raise ValueError(f"expected a list of at least two points, found {shown(found)}")
    points = []
    for point in found:
        if not isinstance(point, list) or len(point) != 2:
            raise ValueError(f"expected points of {what}, found {shown(point)}")
        x, y = (to_number(item) for item in point)
        if not fits(x, y):
            raise ValueError(f"expected {allowed}, found {shown(point)}")
        points.append((x, y))
    if points != sorted(points, key=lambda point: point[0]):
        raise ValueError(f"expected points whose {rising} rise")
    return tuple(points)


def _to_points(found: Any) -> tuple[tuple[float, float], ...]:
    allowed = "voltages from 0 to 2 and powers from -1 to 1"
    return _to_pairs(
        found,
        "voltage and power (pu)",
        "voltages",
        allowed,
        lambda voltage, power: 0 <= voltage <= 2 and -1 <= power <= 1,
    )


def _to_factors(found: Any) -> tuple[tuple[float, float], ...]:
    allowed = f"powers from 0 to 1 and power factors from {LEAST_FACTOR:g} to 1 of either sign"
    return _to_pairs(
        found,
        "power (pu) and power factor",
        "powers",
        allowed,
        lambda power, factor: 0 <= power <= 1 and LEAST_FACTOR <= abs(factor) <= 1,
    )


def _to_sources(found: Any) -> dict[str, str]:
    if isinstance(found, dict) and all(isinstance(item, str) for pair in found.items() for item in pair):
        return found
    raise ValueError(f"expected an object of names and titles, found {shown(found)}")


_FACTOR = {
    "type": "array",
    "prefixItems": [
        number_schema(0, 1),
        {"anyOf": [number_schema(LEAST_FACTOR, 1), number_schema(-1, -LEAST_FACTOR)]},
    ],
    "minItems": 2,
    "maxItems": 2,
}
Factors = Annotated[
    tuple[tuple[float, float], ...], Accepts(_to_factors, {"type": "array", "items": _FACTOR, "minItems": 2})
]
_POINT = {
    "type": "array",
    "prefixItems": [number_schema(0, 2), number_schema(-1, 1)],
    "minItems": 2,
    "maxItems": 2,
}
Points = Annotated[
    tuple[tuple[float, float], ...], Accepts(_to_points, {"type": "array", "items": _POINT, "minItems": 2})
]
Label = Annotated[str, Accepts(_to_label, {"type": "string", "minLength": 1})]


class _Entry(Model):
    """A group of numbers with one source."""

    source: Text = ""
    """A key of sources."""
    status: Annotated[str, choice("confirmed", "recalled", "own")] = "own"
    """Numbers read in the source (confirmed), from memory (recalled), or user-defined (own)."""

    def values(self) -> dict[str, Any]:
        """Return the numbers, without what is said of them."""
        return self.model_dump(exclude={"source", "status"})


def _limit(one: str, other: str) -> dict[str, Any]:
    return {
        "required": [one],
        "properties": {one: {"not": {"type": "null"}}, other: {"type": "null"}},
    }


def _measuring(*quantities: Quantity) -> dict[str, Any]:
    return {"properties": {"quantity": {"enum": [quantity.value for quantity in quantities]}}}


_ONE_LIMIT: dict[str, Any] = {
    "oneOf": [_limit("above", "below"), _limit("below", "above")],
    "allOf": [
        {"if": _measuring(Quantity.MEAN_VOLTAGE, Quantity.ROCOF), "then": {"required": ["above"]}},
        {
            "if": _measuring(Quantity.VOLTAGE, Quantity.MEAN_VOLTAGE),
            "then": {"properties": {"above": {"maximum": 2}, "below": {"maximum": 2}}},
        },
    ],
}


class _Stage(_Entry):
    """One stage of the protection: a limit, and how long it may be exceeded."""

    model_config = ConfigDict(json_schema_extra=_ONE_LIMIT)

    name: Label
    """Unique in the code; the log names it when it trips."""
    quantity: Annotated[str, choice(*(quantity.value for quantity in Quantity))]
    """The quantity that is compared with the limit."""
    above: Limit | None = None
    """Trips above this: voltages per unit, frequencies in Hz, rocof in Hz/s."""
    below: Limit | None = None
    """Trips below this."""
    clearing_s: Seconds
    """How long the limit may be exceeded before the device has disconnected."""

    @model_validator(mode="after")
    def _one_limit(self) -> Self:
        if (self.above is None) == (self.below is None):
            raise ValueError("give either above or below")
        measured = Quantity(self.quantity)
        if self.below is not None and measured in {Quantity.MEAN_VOLTAGE, Quantity.ROCOF}:
            raise ValueError(f"{self.quantity} trips above its limit only")
        if measured in {Quantity.VOLTAGE, Quantity.MEAN_VOLTAGE} and (self.above or self.below or 0.0) > 2.0:
            raise ValueError("voltages are per unit, at most 2")
        return self

    def built(self) -> TripStage:
        """Return the stage as the engine has it."""
        over = self.above is not None
        limit = self.above if over else self.below
        return TripStage(self.name, Quantity(self.quantity), over, limit or 0.0, self.clearing_s)


class _Cessation(_Entry):
    """The voltages at which the device stops power at once and remains connected."""

    at_or_below_pu: Voltage | None = None
    below_pu: Voltage | None = None
    """In place of at_or_below_pu: the limit itself excluded."""
    above_pu: Voltage | None = None
    back_s: Seconds = 0.0
    """How long the voltage has to be within the limits before power flows again."""

    @model_validator(mode="after")
    def _one_lower_limit(self) -> Self:
        if self.at_or_below_pu is not None and self.below_pu is not None:
            raise ValueError("give at_or_below_pu or below_pu, not both")
        return self


class _FrequencyMeasurement(_Entry):
    """The minimum voltage for frequency protection, and how the frequency of the droop is measured."""

    needs_pu: Voltage
    window_s: Annotated[float, number(0, 60, unit="s")] = 0.0
    """The mean of so long is measured; 0 is the frequency itself."""
    delay_s: Annotated[float, number(0, 60, unit="s")] = 0.0
    resolution_hz: Annotated[float, number(0, 1, unit="Hz")] = 0.0


class _EnterService(_Entry):
    """Voltage and frequency windows and delay before the device reconnects; then its ramp."""

    v_low_pu: Voltage
    v_high_pu: Voltage
    f_low_hz: Frequency
    f_high_hz: Frequency
    delay_s: Seconds
    ramp_s: Seconds

    @model_validator(mode="after")
    def _windows(self) -> Self:
        if self.v_low_pu >= self.v_high_pu or self.f_low_hz >= self.f_high_hz:
            raise ValueError("the lower limit of a window must be below the upper one")
        return self


class _FrequencyDroop(_Entry):
    """How power follows the frequency outside a deadband."""

    enabled: Switch = True
    over_deadband_hz: Deadband
    over_droop: Droop
    under_deadband_hz: Deadband | None = None
    under_droop: Droop | None = None
    under_for: Annotated[str, choice("all", "storage")] = "all"
    """The devices that answer a low frequency."""
    of: Annotated[str, choice("rating", "power")] = "rating"
    """What a generator's droop is a fraction of at a high frequency: the rating, or its present power."""
    response_s: Seconds

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if (self.under_deadband_hz is None) != (self.under_droop is None):
            raise ValueError("give both under_deadband_hz and under_droop, or neither")
        return self


class _Curve(_Entry):
    """Power as a function of voltage."""

    enabled: Switch
    points: Points
    """[voltage, power] pairs, both per unit."""
    response_s: Seconds


class _FactorCurve(_Entry):
    """Power factor as a function of active power, cos φ(P), in place of volt-var."""

    enabled: Switch
    points: Factors
    """[active power over the rating, power factor] pairs; + injects vars, − takes them."""
    response_s: Seconds


class GridCodeFile(FileModel):
    """A grid code file."""

    title: Text
    nominal_hz: Annotated[float, Accepts(_to_nominal, {"enum": [50, 60]})]
    """The frequency of the grid that the code is for, Hz."""
    sources: Annotated[
        dict[str, str], Accepts(_to_sources, {"type": "object", "additionalProperties": {"type": "string"}})
    ] = Field(default_factory=dict)
    """Sources of the numbers: short name → title."""
    stages: list[_Stage]
    """The protection's stages."""
    momentary_cessation: _Cessation | None = None
    frequency_measurement: _FrequencyMeasurement | None = None
    enter_service: _EnterService
    frequency_droop: _FrequencyDroop | None = None
    volt_var: _Curve | None = None
    volt_watt: _Curve | None = None
    watt_pf: _FactorCurve | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [stage.name for stage in self.stages]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two stages are named {name!r}")
        for entry in self._entries().values():
            if entry.source and entry.source not in self.sources:
                raise ValueError(f"unknown source {entry.source!r}{did_you_mean(entry.source, self.sources)}")
        return self

    def _entries(self) -> dict[str, _Entry]:
        groups = {key: getattr(self, key) for key in type(self).model_fields}
        return {
            **{stage.name: stage for stage in self.stages},
            **{key: group for key, group in groups.items() if isinstance(group, _Entry)},
        }

    def recalled(self) -> tuple[str, ...]:
        """Return the entries whose numbers were written from memory."""
        return tuple(name for name, entry in self._entries().items() if entry.status == "recalled")


def grid_code_names() -> tuple[str, ...]:
    """Return the names of the shipped grid codes."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.yaml")))


def default_grid_code(nominal_hz: float | None, *, peer_format: bool = False) -> str | None:
    """Return the name of the code of a device without one, None for an uncommon frequency.

    A site file in DER Twin's form keeps the windows that it has there.
    """
    if nominal_hz == 50.0:
        return "dertwin" if peer_format else "en50549-1"
    return "ieee1547-2018-cat-iii" if nominal_hz == 60.0 else None


def load_grid_code(
    name: str,
    base: Path | None = None,
    *,
    read: Callable[[Path], Document] = open_document,
    nominal_hz: float | None = None,
    **enabled: bool,
) -> GridCode:
    """Return a shipped grid code, or that of a YAML file with a path relative to `base`.

    A code for another frequency than `nominal_hz` is refused. `enabled` switches `volt_var`, `volt_watt` and
    `watt_pf` on or off; without it, the setting of the file holds. `read` opens the user's file.
    """
    if name.endswith((".yaml", ".yml")):
        document = read((base or Path()) / name)
    elif name in grid_code_names():
        document = open_document(_FOLDER / f"{name}.yaml", f"{name}.yaml")
    else:
        raise ConfigError(
            f"unknown grid code {name!r}{did_you_mean(name, grid_code_names())}"
            " (the path of your own file must end in .yaml)"
        )
    stem = name.removesuffix(".yaml").removesuffix(".yml")
    code = grid_code_of(document, Path(stem).name, **enabled)
    if nominal_hz is not None and nominal_hz != code.nominal_hz:
        raise ConfigError(
            f"grid code {name!r} is for {code.nominal_hz:g} Hz, but the grid has {nominal_hz:g} Hz"
        )
    return code


def grid_code_of(document: Document, name: str, **enabled: bool) -> GridCode:
    """Return the grid code of a document; raise one ConfigError with all its errors."""
    file = Complaints(document).required(GridCodeFile, document.data)
    optional: dict[str, Any] = {}
    if file.momentary_cessation is not None:
        found = file.momentary_cessation
        low = found.at_or_below_pu if found.below_pu is None else found.below_pu
        optional = {"cease_low_pu": low, "cease_high_pu": found.above_pu}
        optional["cease_at_low"] = found.below_pu is None
        optional["cease_back_s"] = found.back_s
    if file.frequency_measurement is not None:
        measured = file.frequency_measurement
        optional["frequency_needs_pu"] = measured.needs_pu
        if measured.window_s or measured.delay_s or measured.resolution_hz:
            optional["meter"] = FrequencyMeter(measured.window_s, measured.delay_s, measured.resolution_hz)
    for kind in CURVES:
        optional |= _switched(kind, _curve(getattr(file, kind)), getattr(file, kind), enabled.get(kind), name)
    if optional["volt_var"] and optional["watt_pf"]:
        raise ConfigError(f"{name} has both volt_var and watt_pf switched on; switch one of them off")
    return GridCode(
        name=name,
        title=file.title,
        nominal_hz=file.nominal_hz,
        stages=tuple(stage.built() for stage in file.stages),
        enter_service=EnterService(**file.enter_service.values()),
        recalled=file.recalled(),
        **_switched("droop", _droop(file.frequency_droop), file.frequency_droop, None),
        **{key: limit for key, limit in optional.items() if limit is not None},
    )


def _switched(
    kind: str,
    function: Any,
    entry: _FrequencyDroop | _Curve | _FactorCurve | None,
    enabled: bool | None,
    name: str = "",
) -> dict[str, Any]:
    """Return a support function where the engine looks for one that is on, or for one that is off."""
    if entry is None and enabled:
        raise ConfigError(f"{name} has no {kind} curve to switch on")
    is_on = entry is not None and (entry.enabled if enabled is None else enabled)
    on = "frequency_droop" if kind == "droop" else kind
    return {on: function if is_on else None, f"spare_{kind}": None if is_on else function}


def _droop(entry: _FrequencyDroop | None) -> FrequencyDroop | None:
    if entry is None:
        return None
    return FrequencyDroop(
        over_deadband_hz=entry.over_deadband_hz,
        over_droop=entry.over_droop,
        of_power=entry.of == "power",
        under_deadband_hz=inf if entry.under_deadband_hz is None else entry.under_deadband_hz,
        under_droop=entry.under_droop or entry.over_droop,
        under_storage_only=entry.under_for == "storage",
        response_s=entry.response_s,
    )


def _curve(entry: _Curve | _FactorCurve | None) -> VoltageCurve | PowerFactorCurve | None:
    if entry is None:
        return None
    curve_type = VoltageCurve if isinstance(entry, _Curve) else PowerFactorCurve
    return curve_type(entry.points, entry.response_s)
