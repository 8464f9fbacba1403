"""Status reports in the form of EOS: of a simulated device, and of a real device that the twin follows.

Storage, PV and CHP report power positive into the site (a charging battery is negative), everything else its
consumption as a positive number.
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from functools import reduce
from operator import add
from typing import Any

from twin_tui.engine.device import Role
from twin_tui.engine.events import Scalar
from twin_tui.engine.policies.modes import find_mode
from twin_tui.engine.running import Device
from twin_tui.engine.s2.model import L1, SYMMETRIC
from twin_tui.engine.signals import bounds
from twin_tui.errors import CommandError, did_you_mean, shown

Message = dict[str, Any]

ACTUATOR_TYPES = ("FRBCActuatorStatus", "OMBCStatus", "DDBCActuatorStatus")
TYPES = (*ACTUATOR_TYPES, "FRBCStorageStatus", "PowerMeasurement")
PHASES = (L1, "ELECTRIC.POWER.L2", "ELECTRIC.POWER.L3")
_SPELLINGS = {"ELECTRIC.POWER.3_PHASE_SYM": SYMMETRIC}
_TIMES = ("transition_timestamp", "transistion_timestamp", "measurement_timestamp")


def sign_of(device: Device) -> float:
    """Return the factor from power into the bus to reported power, and back."""
    return -1.0 if device.type.role is Role.CONSUMER else 1.0


def stamp(unix_s: float, utc_offset_s: float) -> str:
    """Return a Unix time as a date and time with the offset of the site."""
    zone = timezone(timedelta(seconds=utc_offset_s)) if utc_offset_s else UTC
    return datetime.fromtimestamp(unix_s, zone).isoformat(timespec="seconds")


def reports_of(device: Device, now: str) -> list[Message]:
    """Return the status of a device: its mode, its fill level if it has one, its power."""
    reports: list[Message] = []
    if device.guide is not None and any(mode.name == device.guide.mode for mode in device.type.modes):
        reports.append(
            {
                "type": f"{'FRBC' if device.type.role is Role.STORAGE else 'DDBC'}ActuatorStatus",
                "actuator_id": device.name,
                "active_operation_mode_id": device.guide.mode,
                "operation_mode_factor": device.guide.factor,
            }
        )
    level = level_of(device)
    if level is not None:
        reports.append({"type": "FRBCStorageStatus", "storage_id": device.name, "present_fill_level": level})
    shares = device.type.shares
    power = sign_of(device) * device.state.active_power_w
    split = shares(device.params, device.state) if shares is not None else (1 / 3, 1 / 3, 1 / 3)
    if max(split) - min(split) < 1e-9:
        values = [{"commodity_quantity": SYMMETRIC, "value": power}]
    else:
        values = [
            {"commodity_quantity": quantity, "value": power * share}
            for quantity, share in zip(PHASES, split, strict=True)
            if share
        ]
    reports.append({"type": "PowerMeasurement", "measurement_timestamp": now, "values": values})
    return reports


def level_of(device: Device) -> float | None:
    """Return the fill level of a storage, None for other devices."""
    steering = device.type.steering
    if steering is None or "soc" not in steering.report:
        return None
    return steering.level(device.params, device.state)


def parse_report(device: Device, message: Mapping[str, Any]) -> tuple[dict[str, Scalar], list[str]]:
    """Return the content of a report as data for the engine, and warnings; raise CommandError."""
    kind = message.get("type", message.get("message_type"))
    kind = str(kind).replace(".", "")
    if kind not in TYPES:
        raise CommandError(f"unknown status type {kind!r}{did_you_mean(kind, TYPES)}")
    for name in _TIMES:
        if message.get(name) is not None:
            check_time(message[name], name)
    if kind == "FRBCStorageStatus":
        level = _number(message, "present_fill_level")
        if not 0.0 <= level <= 1.0:
            raise CommandError(
                f"present_fill_level {level:g} is not in 0 … 1; expected a fraction of the capacity"
            )
        return {"soc": level}, []
    if kind == "PowerMeasurement":
        return _power(device, message)
    mode = message.get("active_operation_mode_id")
    if not isinstance(mode, str):
        raise CommandError("missing active_operation_mode_id")
    factor = _number(message, "operation_mode_factor") if "operation_mode_factor" in message else 1.0
    if not 0.0 <= factor <= 1.0:
        raise CommandError(f"operation_mode_factor {factor:g} is not in 0 … 1")
    previous = message.get("previous_operation_mode_id")
    if previous is not None:
        find_mode(device.type, str(previous))
    return {"mode": find_mode(device.type, mode).name, "factor": factor}, []


def _power(device: Device, message: Mapping[str, Any]) -> tuple[dict[str, Scalar], list[str]]:
    values = message.get("values")
    if not isinstance(values, list) or not values:
        raise CommandError("missing values, a list of commodity_quantity and value")
    found: dict[str, float] = {}
    warnings = []
    for number, item in enumerate(values):
        if not isinstance(item, dict):
            raise CommandError(f"values[{number}] is not an object")
        quantity = str(item.get("commodity_quantity"))
        quantity = _SPELLINGS.get(quantity, quantity)
        if quantity not in (*PHASES, SYMMETRIC):
            hint = did_you_mean(quantity, (*PHASES, SYMMETRIC))
            raise CommandError(f"values[{number}]: unknown commodity_quantity {quantity!r}{hint}")
        if quantity in found:
            warnings.append(f"{quantity} is given more than once; the last value is used")
        found[quantity] = _number(item, "value")
    if SYMMETRIC in found and len(found) > 1:
        raise CommandError(f"{SYMMETRIC} and single phases exclude each other")
    power_w = sign_of(device) * reduce(
        add, found.values()
    )  # not sum, which rounds differently from Python 3.12 on
    if device.type.steering is not None:
        limits = device.type.steering.limits(device.params)
        if not -limits.charge_w <= power_w <= limits.discharge_w:
            allowed = bounds(-limits.charge_w, limits.discharge_w)
            warnings.append(f"{power_w:g} W is outside the limits of {device.name}, {allowed} W; limited")
    return {"power_w": power_w}, warnings


def _number(message: Mapping[str, Any], name: str) -> float:
    if name not in message:
        raise CommandError(f"missing {name}")
    found = message[name]
    try:
        number = math.nan if isinstance(found, bool) else float(found)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise CommandError(f"{name} {shown(found)} is not a finite number")
    return number


def check_time(written: Any, name: str) -> None:
    """Raise CommandError unless it is an ISO date and time, basic or extended, with or without offset."""
    try:
        datetime.fromisoformat(str(written).strip())
    except ValueError:
        raise CommandError(f"{name} {written!r} is not a date and time") from None
