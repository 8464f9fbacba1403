"""From a grid code to its settings, and from settings to the code that is in force."""

from copy import copy
from dataclasses import fields, replace
from math import inf
from typing import Any, TypeVar

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
from twin_tui.engine.grid_settings import (
    MOST_HZ,
    MOST_PU,
    NO_DEADBAND_HZ,
    NO_SETTINGS,
    SETTINGS,
    GridSettings,
    GridTied,
)
from twin_tui.engine.signals import derive
from twin_tui.errors import CommandError

P = TypeVar("P")
C = TypeVar("C", bound=GridTied)

_STAGES = {
    "ov": (Quantity.VOLTAGE, True, "_pu", MOST_PU),
    "uv": (Quantity.VOLTAGE, False, "_pu", 0.0),
    "of": (Quantity.FREQUENCY, True, "_hz", MOST_HZ),
    "uf": (Quantity.FREQUENCY, False, "_hz", 0.0),
}
_SINGLE = {
    "ov10min": (Quantity.MEAN_VOLTAGE, True, "_pu", MOST_PU),
    "rocof": (Quantity.ROCOF, True, "_hz_per_s", 100.0),
}
_SLOTS = {
    **{f"{key}{rank}": found for key, found in _STAGES.items() for rank in (1, 2)},
    **_SINGLE,
}
_CURVES = {
    "volt_var": ("v{}_pu", "q{}_pu", 4),
    "volt_watt": ("v{}_pu", "p{}_pu", 2),
    "watt_pf": ("p{}_pu", "pf{}", 2),
}
"""The settings of each corner, and how many corners there are."""
LEAST_FACTOR = 0.1


def _corners(kind: str) -> list[tuple[str, str]]:
    x, y, corners = _CURVES[kind]
    return [(f"{kind}_{x.format(n)}", f"{kind}_{y.format(n)}") for n in range(1, corners + 1)]


def slots_of(code: GridCode) -> dict[str, str]:
    """Return which stage of a code each pair of settings sets, by name; further stages cannot be set."""
    found: dict[str, str] = {}
    for key, (quantity, over, _, _) in {**_STAGES, **_SINGLE}.items():
        stages = [stage for stage in code.stages if stage.quantity is quantity and stage.over is over]
        stages.sort(key=lambda stage: stage.limit if stage.over else -stage.limit)
        slots = (key,) if key in _SINGLE else (f"{key}1", f"{key}2")
        found.update(zip(slots, (stage.name for stage in stages), strict=False))
    return found


def settings_of(code: GridCode) -> GridSettings:
    """Return the settings that a code begins with."""
    found: dict[str, Any] = {}
    stages = {stage.name: stage for stage in code.stages}
    for slot, name in slots_of(code).items():
        stage = stages[name]
        found[f"trip_{slot}{_SLOTS[slot][2]}"] = stage.limit
        found[f"trip_{slot}_s"] = stage.clearing_s
    found["cease_low_pu"] = max(0.0, code.cease_low_pu)
    found["cease_high_pu"] = min(MOST_PU, code.cease_high_pu)
    found["cease_back_s"] = code.cease_back_s
    found.update(
        {f"enter_{item.name}": getattr(code.enter_service, item.name) for item in fields(EnterService)}
    )
    if code.meter is not None:
        found.update(
            {f"measure_{item.name}": getattr(code.meter, item.name) for item in fields(FrequencyMeter)}
        )
    droop = code.frequency_droop or code.spare_droop
    if droop is not None:
        found.update(
            droop_enabled=code.frequency_droop is not None,
            droop_over_deadband_hz=droop.over_deadband_hz,
            droop_over=droop.over_droop,
            droop_under_deadband_hz=min(NO_DEADBAND_HZ, droop.under_deadband_hz),
            droop_under=droop.under_droop,
            droop_of_power=droop.of_power,
            droop_response_s=droop.response_s,
        )
    for kind in _CURVES:
        curve = getattr(code, kind) or getattr(code, f"spare_{kind}")
        if curve is None:
            continue
        found[f"{kind}_enabled"] = getattr(code, kind) is not None
        found[f"{kind}_response_s"] = curve.response_s
        corners = _corners(kind)
        points = (*curve.points, *(curve.points[-1:] * len(corners)))[: len(corners)]
        for names, point in zip(corners, points, strict=True):
            found.update(zip(names, point, strict=True))
    return GridSettings(**found)


def code_with(base: GridCode, settings: GridSettings) -> GridCode:
    """Return a code with other settings; raise CommandError for settings that contradict each other.

    What they leave as it is in ``base`` stays the same to the last bit.
    """
    before = settings_of(base)
    if settings == before:
        return base
    changed = {name for name in SETTINGS if getattr(settings, name) != getattr(before, name)}

    def touched(prefix: str) -> bool:
        return any(name.startswith(prefix) for name in changed)

    found: dict[str, Any] = {}
    if touched("trip_"):
        found["stages"] = _stages(base, settings, changed)
    ceasing = {
        "cease_low_pu": settings.cease_low_pu or -inf,
        "cease_high_pu": settings.cease_high_pu if settings.cease_high_pu < MOST_PU else inf,
        "cease_back_s": settings.cease_back_s,
    }
    found.update({name: limit for name, limit in ceasing.items() if name in changed})
    if found.keys() & {"cease_low_pu", "cease_high_pu"}:
        _check_order(settings, "cease_low_pu", "cease_high_pu")
    if touched("enter_"):
        _check_order(settings, "enter_v_low_pu", "enter_v_high_pu")
        _check_order(settings, "enter_f_low_hz", "enter_f_high_hz")
        window = {item.name: getattr(settings, f"enter_{item.name}") for item in fields(EnterService)}
        found["enter_service"] = EnterService(**window)
    if touched("measure_"):
        meter = {item.name: getattr(settings, f"measure_{item.name}") for item in fields(FrequencyMeter)}
        found["meter"] = FrequencyMeter(**meter) if any(meter.values()) else None
    if touched("droop_"):
        droop = _droop_of(base, settings)
        found["frequency_droop"], found["spare_droop"] = (
            (droop, None) if settings.droop_enabled else (None, droop)
        )
    for kind in _CURVES:
        if touched(f"{kind}_"):
            curve = _curve(base, settings, kind, changed)
            is_on = getattr(settings, f"{kind}_enabled")
            found[kind], found[f"spare_{kind}"] = (curve, None) if is_on else (None, curve)
    if settings.volt_var_enabled and settings.watt_pf_enabled:
        raise CommandError("volt_var_enabled and watt_pf_enabled exclude each other")
    return replace(base, **found)


def _check_order(settings: GridSettings, low: str, high: str) -> None:
    if not getattr(settings, low) < getattr(settings, high):
        raise CommandError(
            f"{low} {getattr(settings, low):g} is not below {high} {getattr(settings, high):g}"
        )


def _stages(base: GridCode, settings: GridSettings, changed: set[str]) -> tuple[TripStage, ...]:
    names = slots_of(base)
    stages = {stage.name: stage for stage in base.stages}
    for slot, (quantity, over, unit, off) in _SLOTS.items():
        limit_name, time_name = f"trip_{slot}{unit}", f"trip_{slot}_s"
        if not changed & {limit_name, time_name}:
            continue
        name, limit = names.get(slot, slot.upper()), getattr(settings, limit_name)
        if limit == off:
            stages.pop(name, None)
        else:
            stages[name] = TripStage(name, quantity, over, limit, getattr(settings, time_name))
    return tuple(stages.values())


def _droop_of(base: GridCode, settings: GridSettings) -> FrequencyDroop:
    before = base.frequency_droop or base.spare_droop
    under_hz = settings.droop_under_deadband_hz
    return FrequencyDroop(
        over_deadband_hz=settings.droop_over_deadband_hz,
        over_droop=settings.droop_over,
        of_power=settings.droop_of_power,
        under_deadband_hz=under_hz if under_hz < NO_DEADBAND_HZ else inf,
        under_droop=settings.droop_under,
        under_storage_only=before is not None and before.under_storage_only,
        response_s=settings.droop_response_s,
    )


def _curve(base: GridCode, settings: GridSettings, kind: str, changed: set[str]) -> Any:
    corners = _corners(kind)
    curve_type = PowerFactorCurve if kind == "watt_pf" else VoltageCurve
    response_s = getattr(settings, f"{kind}_response_s")
    before = getattr(base, kind) or getattr(base, f"spare_{kind}")
    if before is not None and not changed & {name for names in corners for name in names}:
        return curve_type(before.points, response_s)
    if before is not None and len(before.points) > len(corners):
        raise CommandError(
            f"the {kind} curve of {base.name} has {len(before.points)} corners; settings have {len(corners)}"
        )
    points = [(getattr(settings, x), getattr(settings, y)) for x, y in corners]
    for (first, _), (second, _), (x_before, _), (x, _) in zip(
        corners, corners[1:], points, points[1:], strict=False
    ):
        if x < x_before:
            raise CommandError(f"{second} {x:g} is below {first} {x_before:g}")
    if kind == "watt_pf":
        for (_, name), (_, factor) in zip(corners, points, strict=True):
            if abs(factor) < LEAST_FACTOR:
                raise CommandError(f"{name} takes {LEAST_FACTOR:g} … 1 of either sign, not {factor:g}")
    return curve_type(tuple(points), response_s)


def with_code(params: P, code: GridCode) -> P:
    """Return the parameters of a device with another grid code."""
    found = copy(params)
    derive(found, grid_code=code)
    return found


def begin(commands: C, params: P) -> tuple[C, P]:
    """Return the commands and parameters of a device at its start: either may say what its settings are."""
    code = getattr(params, "grid_code", None)
    if code is None:
        return commands, params
    if commands.settings == NO_SETTINGS:
        return replace(commands, settings=settings_of(code)), params  # type: ignore[type-var]
    return commands, with_code(params, code_with(code, commands.settings))
