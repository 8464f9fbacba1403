"""What is visible of a run, computed on access."""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from twin_tui.engine.grid_code import GridCode
from twin_tui.engine.running import Device, Run
from twin_tui.engine.snapshot import (
    GRID,
    NOTHING,
    Author,
    DeviceSnapshot,
    GridSnapshot,
    LogEntry,
    Snapshot,
    WeatherSnapshot,
)
from twin_tui.engine.surroundings import Surroundings
from twin_tui.engine.weather import DAY_S


def observe_grid(surroundings: Surroundings) -> GridSnapshot:
    """Return the point of connection as it is now."""
    source_a, source_b, source_c, source_hz = surroundings.source or (
        surroundings.va_pu,
        surroundings.vb_pu,
        surroundings.vc_pu,
        surroundings.frequency_hz,
    )
    dead = surroundings.supply == GRID and not surroundings.grid_live
    return GridSnapshot(
        frequency_hz=surroundings.frequency_hz,
        voltage_a_pu=surroundings.va_pu,
        voltage_b_pu=surroundings.vb_pu,
        voltage_c_pu=surroundings.vc_pu,
        active_power_w=surroundings.grid_w,
        reactive_power_var=surroundings.grid_var,
        live=surroundings.grid_live,
        islanded=surroundings.islanded,
        supply=NOTHING if dead else surroundings.supply,
        source_voltage_a_pu=source_a,
        source_voltage_b_pu=source_b,
        source_voltage_c_pu=source_c,
        source_frequency_hz=source_hz,
        applied_frequency_hz=surroundings.applied_hz or surroundings.frequency_hz,
        loss_w=surroundings.loss_w,
        slip_deg=surroundings.slip_deg,
        nominal_hz=surroundings.nominal_hz,
        nominal_v=surroundings.nominal_v,
    )


def observe_weather(surroundings: Surroundings) -> WeatherSnapshot:
    """Return the weather as it is now."""
    return WeatherSnapshot(
        ghi_w_m2=surroundings.ghi_w_m2,
        ambient_c=surroundings.ambient_c,
        clear_sky_w_m2=surroundings.clear_sky_w_m2,
        wind_m_s=surroundings.wind_m_s,
    )


SITE_TELEMETRY: Mapping[str, tuple[type[Any], Callable[[Surroundings], Any]]] = {
    "grid": (GridSnapshot, observe_grid),
    "weather": (WeatherSnapshot, observe_weather),
}
"""What has signals without being a device, by name: where they are declared, and how they are observed."""


def observe_site(run: Run, site: str, log: deque[LogEntry], length: int) -> Snapshot:
    """Return the whole site as it is at this tick, with the newest ``length`` entries of the log."""
    surroundings = run.surroundings
    entries = tuple(log)
    unix_s = run.start_unix_s + run.tick * run.dt_s  # the weather's own is as old as the weather
    return Snapshot(
        site=site,
        tick=run.tick,
        time_s=run.tick * run.dt_s,
        dt_s=run.dt_s,
        unix_s=unix_s,
        day_s=(unix_s + surroundings.utc_offset_s) % DAY_S,
        devices=tuple(_device(device, run) for device in run.devices.values()),
        grid=observe_grid(surroundings),
        weather=observe_weather(surroundings),
        disturbances=run.grid.active(run.tick),
        log=entries[max(0, len(entries) - length) :],
    )


def _device(device: Device, run: Run) -> DeviceSnapshot:
    state, kind, guide = device.state, device.type, device.guide
    why = device.why(run.surroundings)
    return DeviceSnapshot(
        name=device.name,
        kind=kind.kind,
        title=kind.title,
        status=state.status.value,
        active_power_w=state.active_power_w,
        reactive_power_var=state.reactive_power_var,
        faults=kind.fault_names(state.faults),
        telemetry=device.telemetry(run.surroundings),
        commands=device.commands,
        pinned=tuple(device.pins),
        role=kind.role.value,
        flow_group=kind.flow_title,
        mode=guide.mode if guide is not None else "",
        factor=guide.factor if guide is not None else 1.0,
        explanation=why.reasons(None),
        why=why,
        grid_code=_grid_code(device),
        control=device.control.shown(run.tick) if device.control is not None else None,
        authors=_authors(device, run.dt_s),
    )


def _authors(device: Device, dt_s: float) -> dict[str, Author]:
    names = dict.fromkeys((*device.authors, *device.pins))
    if device.guide is not None and device.type.steering is not None:
        names.update(dict.fromkeys(sorted(device.type.steering.setpoints)))
    found = {name: device.author(name, dt_s) for name in names}
    return {name: author for name, author in found.items() if author is not None}


def _grid_code(device: Device) -> str:
    code: GridCode | None = getattr(device.params, "grid_code", None)
    if code is None:
        return ""
    return f"{code.title}; recalled: {', '.join(code.recalled)}" if code.recalled else code.title
