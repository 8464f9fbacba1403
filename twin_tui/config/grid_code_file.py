"""The keys of a grid code file."""

from math import inf
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, model_validator

from twin_tui.documents.model import FileModel, Model, empty_dict
from twin_tui.documents.values import (
    Accepts,
    Switch,
    Text,
    choice,
    either,
    number,
    number_schema,
    texts,
    to_number,
)
from twin_tui.engine.grid_code import (
    EnterService,
    FrequencyDroop,
    PowerFactorCurve,
    Quantity,
    TripStage,
    VoltageCurve,
)
from twin_tui.engine.grid_code_settings import LEAST_FACTOR
from twin_tui.errors import did_you_mean, shown

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


def _pairs(what: str, rising: str, allowed: str, x: tuple[float, float], *y: tuple[float, float]) -> Accepts:
    """Return a type for points with rising x: the range of x, and the ranges of y."""

    def check(found: Any) -> tuple[tuple[float, float], ...]:
        if not isinstance(found, list) or len(found) < 2:
            raise ValueError(f"expected a list of at least two points, found {shown(found)}")
        points = []
        for point in found:
            if not isinstance(point, list) or len(point) != 2:
                raise ValueError(f"expected points of {what}, found {shown(point)}")
            at, value = (to_number(item) for item in point)
            if not x[0] <= at <= x[1] or not any(low <= value <= high for low, high in y):
                raise ValueError(f"expected {allowed}, found {shown(point)}")
            points.append((at, value))
        if points != sorted(points, key=lambda point: point[0]):
            raise ValueError(f"expected points whose {rising} rise")
        return tuple(points)

    ranges = [number_schema(low, high) for low, high in y]
    pair = [number_schema(*x), ranges[0] if len(ranges) == 1 else {"anyOf": ranges}]
    items = {"type": "array", "prefixItems": pair, "minItems": 2, "maxItems": 2}
    return Accepts(check, {"type": "array", "items": items, "minItems": 2})


_FACTORS = f"powers from 0 to 1 and power factors from {LEAST_FACTOR:g} to 1 of either sign"
Factors = Annotated[
    tuple[tuple[float, float], ...],
    _pairs(
        *("power (pu) and power factor", "powers", _FACTORS),
        *((0, 1), (LEAST_FACTOR, 1), (-1, -LEAST_FACTOR)),
    ),
]
_VOLTAGES = "voltages from 0 to 2 and powers from -1 to 1"
Points = Annotated[
    tuple[tuple[float, float], ...], _pairs("voltage and power (pu)", "voltages", _VOLTAGES, (0, 2), (-1, 1))
]
Label = Annotated[str, Accepts(_to_label, {"type": "string", "minLength": 1})]


class _Entry(Model):
    """A group of numbers with one source."""

    source: Text = ""
    """A key of sources."""
    status: Annotated[str, choice("confirmed", "recalled", "own")] = "own"
    """Numbers read in the source (confirmed), from memory (recalled), or user-defined (own)."""


def _measuring(*quantities: Quantity) -> dict[str, Any]:
    return {"properties": {"quantity": {"enum": [quantity.value for quantity in quantities]}}}


_ONE_LIMIT: dict[str, Any] = {
    **either("above", "below"),
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
        """Return it as the engine has it."""
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

    def built(self) -> EnterService:
        """Return it as the engine has it."""
        return EnterService(**self.model_dump(exclude={"source", "status"}))


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

    def built(self) -> FrequencyDroop:
        """Return it as the engine has it."""
        return FrequencyDroop(
            over_deadband_hz=self.over_deadband_hz,
            over_droop=self.over_droop,
            of_power=self.of == "power",
            under_deadband_hz=inf if self.under_deadband_hz is None else self.under_deadband_hz,
            under_droop=self.under_droop or self.over_droop,
            under_storage_only=self.under_for == "storage",
            response_s=self.response_s,
        )


class _Curve(_Entry):
    """Power as a function of voltage."""

    enabled: Switch
    points: Points
    """[voltage, power] pairs, both per unit."""
    response_s: Seconds

    def built(self) -> VoltageCurve:
        """Return it as the engine has it."""
        return VoltageCurve(self.points, self.response_s)


class _FactorCurve(_Entry):
    """Power factor as a function of active power, cos φ(P), in place of volt-var."""

    enabled: Switch
    points: Factors
    """[active power over the rating, power factor] pairs; + injects vars, − takes them."""
    response_s: Seconds

    def built(self) -> PowerFactorCurve:
        """Return it as the engine has it."""
        return PowerFactorCurve(self.points, self.response_s)


Switched = _FrequencyDroop | _Curve | _FactorCurve
"""What supports the grid when it is switched on."""


class GridCodeFile(FileModel):
    """A grid code file."""

    title: Text
    nominal_hz: Annotated[float, Accepts(_to_nominal, {"enum": [50, 60]})]
    """The frequency of the grid that the code is for, Hz."""
    sources: Annotated[dict[str, str], texts("an object of names and titles")] = Field(
        default_factory=empty_dict
    )
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
