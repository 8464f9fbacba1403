"""Grid codes as files: shipped ones by name, a user's own by path."""

from importlib.resources import files
from math import inf
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from twin_tui.engine import grid_code
from twin_tui.engine.grid_code import GridCode, Quantity
from twin_tui.errors import ConfigError, did_you_mean

Voltage = Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)]
Frequency = Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]
PerUnit = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]
Droop = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]


class _Entry(BaseModel):
    """A group of numbers with one source: confirmed in it, recalled without it at hand, or the user's own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str = ""
    status: Literal["confirmed", "recalled", "own"] = "own"


class _Stage(_Entry):
    name: str = Field(min_length=1)
    quantity: Quantity
    above: float | None = Field(default=None, ge=0, le=100, allow_inf_nan=False)
    below: float | None = Field(default=None, ge=0, le=100, allow_inf_nan=False)
    clearing_s: Seconds

    @model_validator(mode="after")
    def _one_limit(self) -> Self:
        if (self.above is None) == (self.below is None):
            raise ValueError("give either above or below")
        if self.below is not None and self.quantity in {Quantity.MEAN_VOLTAGE, Quantity.ROCOF}:
            raise ValueError(f"{self.quantity.value} trips above its limit only")
        voltage = self.quantity in {Quantity.VOLTAGE, Quantity.MEAN_VOLTAGE}
        if voltage and max(self.above or 0.0, self.below or 0.0) > 2.0:
            raise ValueError("voltages are per unit, at most 2")
        return self


class _Cessation(_Entry):
    at_or_below_pu: Voltage | None = None
    above_pu: Voltage | None = None


class _FrequencyMeasurement(_Entry):
    needs_pu: Voltage


class _EnterService(_Entry):
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
    enabled: bool = True
    over_deadband_hz: Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)]
    over_droop: Droop
    under_deadband_hz: Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)] | None = None
    under_droop: Droop | None = None
    of: Literal["rating", "power"] = "rating"
    response_s: Seconds

    @model_validator(mode="after")
    def _both_or_neither(self) -> Self:
        if (self.under_deadband_hz is None) != (self.under_droop is None):
            raise ValueError("give both under_deadband_hz and under_droop, or neither")
        return self


class _Curve(_Entry):
    enabled: bool
    points: list[tuple[Voltage, PerUnit]] = Field(min_length=2)
    response_s: Seconds

    @model_validator(mode="after")
    def _rising(self) -> Self:
        voltages = [voltage for voltage, _ in self.points]
        if voltages != sorted(voltages):
            raise ValueError("the voltages of the points must rise")
        return self


class _GridCodeFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    nominal_hz: Literal[50, 60]
    sources: dict[str, str] = Field(default_factory=dict)
    stages: list[_Stage]
    momentary_cessation: _Cessation | None = None
    frequency_measurement: _FrequencyMeasurement | None = None
    enter_service: _EnterService
    frequency_droop: _FrequencyDroop | None = None
    volt_var: _Curve | None = None
    volt_watt: _Curve | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [stage.name for stage in self.stages]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two stages are named {name!r}")
        entries: list[_Entry | None] = [
            *self.stages,
            self.enter_service,
            self.momentary_cessation,
            self.frequency_measurement,
        ]
        entries += [self.frequency_droop, self.volt_var, self.volt_watt]
        for entry in entries:
            if entry is not None and entry.source and entry.source not in self.sources:
                raise ValueError(f"unknown source {entry.source!r}{did_you_mean(entry.source, self.sources)}")
        return self


def grid_code_names() -> tuple[str, ...]:
    """Return the names of the shipped grid codes."""
    shipped = files("twin_tui").joinpath("data", "grid_codes").iterdir()
    return tuple(sorted(item.name.removesuffix(".yaml") for item in shipped if item.name.endswith(".yaml")))


def load_grid_code(
    name: str,
    base: Path | None = None,
    *,
    nominal_hz: float | None = None,
    volt_var: bool | None = None,
    volt_watt: bool | None = None,
) -> GridCode:
    """Return the grid code of a shipped name, or of a YAML file whose path is taken from `base`.

    A code for another frequency than `nominal_hz` is refused. `volt_var` and `volt_watt` switch these
    functions on or off; None leaves them as the file has them.
    """
    given = name
    if name.endswith((".yaml", ".yml")):
        path = (base or Path()) / name
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not UTF-8 text"
            raise ConfigError(f"{path}: the grid code cannot be read: {reason}") from None
        where, name = str(path), path.stem
    elif name in grid_code_names():
        where = f"{name}.yaml"
        text = files("twin_tui").joinpath("data", "grid_codes", where).read_text(encoding="utf-8")
    else:
        raise ConfigError(
            f"unknown grid code {name!r}{did_you_mean(name, grid_code_names())}"
            " (a file of your own needs a path that ends in .yaml)"
        )
    code = parse_grid_code(text, where, name, volt_var=volt_var, volt_watt=volt_watt)
    if nominal_hz is not None and nominal_hz != code.nominal_hz:
        raise ConfigError(
            f"grid code {given!r} is for {code.nominal_hz:g} Hz, the grid has {nominal_hz:g} Hz"
        )
    return code


def parse_grid_code(
    text: str, where: str, name: str, *, volt_var: bool | None = None, volt_watt: bool | None = None
) -> GridCode:
    """Return the grid code of a YAML text; `where` stands at the head of every error."""
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise ConfigError(f"{where}{line}: not YAML: {getattr(error, 'problem', error)}") from None
    if not isinstance(content, dict):
        raise ConfigError(f"{where}: a grid code is a mapping with title, nominal_hz, stages, enter_service")
    try:
        parsed = _GridCodeFile.model_validate(content)
    except ValidationError as error:
        raise ConfigError("\n".join(_sentence(where, dict(item)) for item in error.errors())) from None
    return _build(parsed, name, volt_var, volt_watt)


def _build(file: _GridCodeFile, name: str, volt_var: bool | None, volt_watt: bool | None) -> GridCode:
    optional: dict[str, Any] = {}
    if file.momentary_cessation is not None:
        low, high = file.momentary_cessation.at_or_below_pu, file.momentary_cessation.above_pu
        if low is not None:
            optional["cease_low_pu"] = low
        if high is not None:
            optional["cease_high_pu"] = high
    if file.frequency_measurement is not None:
        optional["frequency_needs_pu"] = file.frequency_measurement.needs_pu
    service = file.enter_service
    return GridCode(
        name=name,
        title=file.title,
        nominal_hz=float(file.nominal_hz),
        stages=tuple(_stage(stage) for stage in file.stages),
        enter_service=grid_code.EnterService(
            v_low_pu=service.v_low_pu,
            v_high_pu=service.v_high_pu,
            f_low_hz=service.f_low_hz,
            f_high_hz=service.f_high_hz,
            delay_s=service.delay_s,
            ramp_s=service.ramp_s,
        ),
        frequency_droop=_droop(file.frequency_droop),
        volt_var=_curve(file.volt_var, volt_var, f"{name} has no volt_var curve to switch on"),
        volt_watt=_curve(file.volt_watt, volt_watt, f"{name} has no volt_watt curve to switch on"),
        **optional,
    )


def _stage(stage: _Stage) -> grid_code.TripStage:
    over = stage.above is not None
    limit = stage.above if stage.above is not None else stage.below
    assert limit is not None
    return grid_code.TripStage(stage.name, stage.quantity, over, limit, stage.clearing_s)


def _droop(entry: _FrequencyDroop | None) -> grid_code.FrequencyDroop | None:
    if entry is None or not entry.enabled:
        return None
    return grid_code.FrequencyDroop(
        over_deadband_hz=entry.over_deadband_hz,
        over_droop=entry.over_droop,
        of_power=entry.of == "power",
        under_deadband_hz=inf if entry.under_deadband_hz is None else entry.under_deadband_hz,
        under_droop=entry.under_droop or entry.over_droop,
        response_s=entry.response_s,
    )


def _curve(entry: _Curve | None, wanted: bool | None, missing: str) -> grid_code.VoltageCurve | None:
    if entry is None:
        if wanted:
            raise ConfigError(missing)
        return None
    if not (entry.enabled if wanted is None else wanted):
        return None
    return grid_code.VoltageCurve(points=tuple(entry.points), response_s=entry.response_s)


def _sentence(where: str, error: dict[str, Any]) -> str:
    """Say a validation error in one line: file, place, value, what was expected, the nearest name."""
    place: list[str] = []
    for key in error["loc"]:
        if isinstance(key, int) and place:
            place[-1] += f"[{key + 1}]"
        else:
            place.append(str(key))
    if error["type"] == "extra_forbidden":
        known = _fields_at(error["loc"][:-1])
        return f"{where}: {'.'.join(place)}: unknown key{did_you_mean(place[-1], known)}"
    message = error["msg"].removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    given = error["input"]
    shown = f" (found {given!r})" if isinstance(given, str | int | float | bool) else ""
    return f"{where}: {'.'.join(place) or 'the file'}: {message}{shown}"


def _fields_at(location: tuple[int | str, ...]) -> list[str]:
    entries: dict[str, type[BaseModel]] = {
        "stages": _Stage,
        "momentary_cessation": _Cessation,
        "frequency_measurement": _FrequencyMeasurement,
        "enter_service": _EnterService,
        "frequency_droop": _FrequencyDroop,
        "volt_var": _Curve,
        "volt_watt": _Curve,
    }
    found = entries.get(str(location[0]), _GridCodeFile) if location else _GridCodeFile
    return list(found.model_fields)
