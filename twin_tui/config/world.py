"""Grid, weather and clock of a site file, converted for the engine."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from hashlib import blake2b
from math import sqrt
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field

from twin_tui.config.derive import ParameterModel, Sets, complete
from twin_tui.documents.model import Model
from twin_tui.documents.values import (
    Accepts,
    Hour,
    NotNegative,
    Number,
    Positive,
    Seed,
    Text,
    any_case,
    number,
)
from twin_tui.engine.grid import GRIDS, GridParams
from twin_tui.engine.transfer import IslandParams
from twin_tui.engine.weather import CLIMATES, Sky, WeatherParams
from twin_tui.errors import did_you_mean, shown

FIRST_DAY = datetime(2026, 6, 20)
FREQUENCY_TAU_S, FREQUENCY_DRIFT_TAU_S = 5.0, 300.0
VOLTAGE_TAU_S, VOLTAGE_DRIFT_TAU_S = 10.0, 600.0
"""The time constants of DER Twin's grid models, which its format does not contain."""


class PowerModel(Model):
    """``external_models.power``."""

    base_load_w: NotNegative | None = None


class IrradianceModel(ParameterModel):
    """``external_models.irradiance``: a half sine."""

    peak: Annotated[NotNegative, Sets("peak_w_m2")] = 1000.0
    sunrise: Annotated[Hour, Sets("sunrise_h")] = 6.0
    sunset: Annotated[Hour, Sets("sunset_h")] = 18.0


class TemperatureModel(ParameterModel):
    """``external_models.ambient_temperature``."""

    mean: Annotated[Number, Sets("ambient_mean_c")] = 20.0
    amplitude: Annotated[Number, Sets("ambient_amplitude_k")] = 5.0
    peak_hour: Annotated[Hour, Sets("ambient_peak_h")] = 15.0


class FrequencyModel(Model):
    """``external_models.grid_frequency``: noise in Hz, drift in Hz per √s with a time constant of 300 s."""

    nominal_hz: Positive = 50.0
    noise_std: NotNegative = 0.0
    drift_std: NotNegative = 0.0
    seed: Seed | None = None


class GridVoltageModel(Model):
    """``external_models.grid_voltage``: noise in V between lines, drift in V per √s, time constant 600 s."""

    nominal_v_ll: Positive | None = None
    nominal_voltage_ll: Positive | None = None
    noise_std: NotNegative = 0.0
    drift_std: NotNegative = 0.0
    seed: Seed | None = None


class ExternalModels(Model):
    """``external_models`` of DER Twin's format."""

    power: PowerModel = Field(default_factory=PowerModel)
    irradiance: IrradianceModel | None = None
    ambient_temperature: TemperatureModel | None = None
    grid_frequency: FrequencyModel | None = None
    grid_voltage: GridVoltageModel | None = None


NO_EXTERNAL_MODELS = ExternalModels.model_construct(power=PowerModel.model_construct())
"""For a site without them; constructed without validation, which saves start-up time."""

_OTHER_NAMES = {"50hz": "stiff_50hz", "60hz": "stiff_60hz"}


def _to_preset(found: Any) -> str:
    name = found.lower().replace("-", "_") if isinstance(found, str) else ""
    name = _OTHER_NAMES.get(name, name)
    if name in GRIDS:
        return name
    raise ValueError(f"expected one of {', '.join(GRIDS)}, found {shown(found)}")


_PRESETS = any_case(*dict.fromkeys((*(name.replace("_", "-") for name in GRIDS), *GRIDS)), *_OTHER_NAMES)


class GridModel(ParameterModel):
    """``grid``: a preset, and any parameter of the grid."""

    preset: Annotated[str, Accepts(_to_preset, _PRESETS)] = "stiff_50hz"
    nominal_v_ll: Annotated[Positive | None, Sets("nominal_v", 1.0 / sqrt(3.0))] = None
    short_circuit_mva: Annotated[NotNegative | None, Sets("short_circuit_va", 1e6)] = None
    transformer_uk_percent: Annotated[NotNegative | None, Sets("transformer_short_circuit_pu", 0.01)] = None

    def params(self) -> GridParams:
        return replace(GRIDS[self.preset], **self.parameters())


class IslandModel(ParameterModel):
    """``island``: any parameter of the transfer switch and of the operation without the grid."""

    def params(self) -> IslandParams:
        return IslandParams(**self.parameters())


def _to_months(found: Any) -> tuple[float, ...]:
    climate = CLIMATES.get(found.lower()) if isinstance(found, str) else None
    if climate is not None:
        return climate
    if not isinstance(found, list | tuple) or len(found) != 12:
        raise ValueError(f"expected twelve numbers or one of {', '.join(CLIMATES)}, found {shown(found)}")
    return tuple(map(number(0, 1.5).check, found))


_MONTHS = {
    "anyOf": [
        *any_case(*CLIMATES)["anyOf"],
        {"type": "array", "items": number(0, 1.5).schema, "minItems": 12, "maxItems": 12},
    ]
}


class WeatherModel(ParameterModel):
    """``weather``: any parameter of the weather."""

    clear_sky_index_by_month: Annotated[tuple[float, ...] | None, Accepts(_to_months, _MONTHS)] = None
    """Mean clear-sky index of each month, or the name of a climate, in place of ``clear_sky_index``."""
    file: Text | None = None
    """Weather file (EPW, PVGIS TMY, TMY3): light, temperature, wind, and the place of a site without one."""


@cache
def grid_model() -> type[GridModel]:
    """Return the model of ``grid``, created only for a site that has one."""
    return complete(GridModel, GridParams, "Grid")


@cache
def island_model() -> type[IslandModel]:
    """Return the model of ``island``."""
    return complete(IslandModel, IslandParams, "Island")


@cache
def weather_model() -> type[WeatherModel]:
    """Return the model of ``weather``."""
    return complete(WeatherModel, WeatherParams, "Weather")


def grid_of_external(external: ExternalModels) -> GridParams:
    """Return the engine's grid for DER Twin's two models of it.

    Its drift is a Brownian motion of σ per √s that decays with time constant τ: its spread is σ·√(τ/2).
    """
    frequency = external.grid_frequency or FrequencyModel.model_construct()
    voltage = external.grid_voltage or GridVoltageModel.model_construct()
    nominal_v_ll = voltage.nominal_v_ll or voltage.nominal_voltage_ll or 400.0
    return GridParams(
        nominal_hz=frequency.nominal_hz,
        nominal_v=nominal_v_ll / sqrt(3.0),
        frequency_std_hz=frequency.noise_std,
        frequency_tau_s=FREQUENCY_TAU_S,
        frequency_drift_std_hz=frequency.drift_std * sqrt(FREQUENCY_DRIFT_TAU_S / 2.0),
        frequency_drift_tau_s=FREQUENCY_DRIFT_TAU_S,
        voltage_std_pu=voltage.noise_std / nominal_v_ll,
        voltage_tau_s=VOLTAGE_TAU_S,
        voltage_drift_std_pu=voltage.drift_std * sqrt(VOLTAGE_DRIFT_TAU_S / 2.0) / nominal_v_ll,
        voltage_drift_tau_s=VOLTAGE_DRIFT_TAU_S,
        seed=_joint_seed(frequency.seed, voltage.seed),
    )


def _joint_seed(frequency: int | None, voltage: int | None) -> int | None:
    if voltage is None or voltage == frequency:
        return frequency
    digest = blake2b(f"{frequency}/{voltage}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big")


def weather_of(
    weather: ParameterModel | None, external: ExternalModels, latitude: float | None, longitude: float | None
) -> WeatherParams:
    """Return the engine's weather; a site with latitude and longitude has the sun of its location."""
    found: dict[str, Any] = {}
    if latitude is not None and longitude is not None:
        found = {"latitude_deg": latitude, "longitude_deg": longitude}
        found["sky"] = Sky.CLEAR if external.irradiance is None else Sky.SINE
    for part in (external.irradiance, external.ambient_temperature, weather):
        found.update(part.parameters() if part is not None else {})
    return WeatherParams(**found)


FORTNIGHT_S = 14 * 86_400
TEN_YEARS_S = 3_653 * 86_400


def start_of(
    start: datetime | None, start_time_h: float | None, zone: ZoneInfo | None
) -> tuple[float, float]:
    """Return the Unix time of the start and the site's offset from UTC at that time, both in s.

    In the hour that the clocks leave out, it is the time after it: half past two is half past three.
    """
    local = start if start is not None else FIRST_DAY + timedelta(hours=start_time_h or 0.0)
    if local.tzinfo is None:
        local = local.replace(tzinfo=zone or UTC)
    if zone is not None:
        local = local.astimezone(UTC).astimezone(zone)  # within a zone, Python leaves the clock as it is
    offset = local.utcoffset()
    return local.timestamp(), 0.0 if offset is None else offset.total_seconds()


def clock_changes(start_unix_s: float, zone: ZoneInfo | None) -> tuple[tuple[float, float], ...]:
    """Return when the clocks of a site change in the ten years after its start, and to which offset, s."""
    if zone is None:
        return ()

    def offset_s(unix_s: int) -> float:
        offset = datetime.fromtimestamp(unix_s, zone).utcoffset()
        return 0.0 if offset is None else offset.total_seconds()

    found = []
    before = int(start_unix_s)
    for after in range(before + FORTNIGHT_S, before + TEN_YEARS_S, FORTNIGHT_S):
        low, high = before, after
        if offset_s(low) != offset_s(high):
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (low, middle) if offset_s(middle) != offset_s(low) else (middle, high)
            found.append((float(high), offset_s(high)))
        before = after
    return tuple(found)


def _to_start(found: Any) -> datetime:
    expected = "expected a date and time like 2026-06-20T12:00:00 or 2026-06-20T12:00:00+02:00"
    if isinstance(found, datetime):
        return found
    if not isinstance(found, str):
        raise ValueError(f"{expected}, found {shown(found)}")
    try:
        when = datetime.fromisoformat(found)
        when.timestamp()
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"{expected}, found {shown(found)}") from None
    if not 1970 <= when.year <= 2200:
        raise ValueError(f"expected a year from 1970 to 2200, found {shown(found)}")
    return when


def _to_zone(found: Any) -> ZoneInfo:
    if isinstance(found, str):
        try:
            return ZoneInfo(found)
        except (KeyError, ValueError, OSError):
            raise ValueError(
                f"expected a time zone like Europe/Oslo, found {shown(found)}"
                f"{did_you_mean(found, available_timezones())}"
            ) from None
    raise ValueError(f"expected a time zone like Europe/Oslo, found {shown(found)}")


def zone_of(found: Any) -> tzinfo:
    """Return the time zone of that name, UTC for an invalid name."""
    try:
        return _to_zone(found)
    except ValueError:
        return UTC


Latitude = Annotated[float, number(-90, 90, unit="° north")]
Longitude = Annotated[float, number(-180, 180, unit="° east")]
Start = Annotated[
    datetime, Accepts(_to_start, {"type": "string", "pattern": "^[0-9]{4}-?[0-9]{2}-?[0-9]{2}"})
]
Zone = Annotated[ZoneInfo, Accepts(_to_zone, {"type": "string"})]
