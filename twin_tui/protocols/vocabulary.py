"""The names in a site, for screen, scenarios and command line."""

import dataclasses
import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from twin_tui.engine.device import DevicePlan
from twin_tui.engine.signals import signals_of
from twin_tui.engine.site import SitePlan
from twin_tui.engine.steering import ModeParameter
from twin_tui.engine.view import DeviceView, ModeView, ParameterView, RegisterInfo, SiteView
from twin_tui.protocols.modbus.fault_rules import OPTIONS, LinkFaultKind, LinkOption, LinkRule

Registers = Callable[[str], tuple[RegisterInfo, ...]]


def site_view(
    plan: SitePlan,
    registers: Registers = lambda _device: (),
    link_faults: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
) -> SiteView:
    """Return the names in a site: its devices, their signals, faults, modes, registers and link faults."""
    return SiteView(
        name=plan.name,
        devices=tuple(
            _device(device, registers(device.name), link_faults.get(device.name, {}))
            for device in plan.devices
        ),
        link_faults={kind.value: kind.meaning.replace("`", "") for kind in LinkFaultKind},
        link_options={name: _link_option(name, option) for name, option in OPTIONS.items()},
    )


def _device(
    device: DevicePlan, registers: tuple[RegisterInfo, ...], link_faults: Mapping[str, str]
) -> DeviceView:
    kind = device.type
    limits = kind.steering.limits(device.params) if kind.steering is not None else None
    return DeviceView(
        name=device.name,
        kind=kind.kind,
        title=kind.title,
        commands=signals_of(kind.commands),
        telemetry=signals_of(kind.telemetry),
        faults={fault.name: fault.meaning for fault in kind.faults},
        modes={
            mode.name: ModeView(mode.meaning, {each.name: _parameter(each) for each in mode.parameters})
            for mode in kind.modes
        },
        link_faults={kind: meaning.replace("`", "") for kind, meaning in link_faults.items()},
        registers=registers,
        role=kind.role.value,
        flow_group=kind.flow_title,
        rated_w=max(limits.charge_w, limits.discharge_w) if limits is not None else math.inf,
    )


def _parameter(each: ModeParameter) -> ParameterView:
    return ParameterView(each.meaning, each.unit, each.default, each.low, each.high, each.choices)


_DEFAULTS: dict[str, Any] = {each.name: each.default for each in dataclasses.fields(LinkRule)}


def _link_option(name: str, option: LinkOption) -> ParameterView:
    default = _DEFAULTS.get(name)
    choices = ("no", "yes") if isinstance(default, bool) else ()
    shown = choices[int(default)] if isinstance(default, bool) else default
    kinds = tuple(kind.value for kind in option.kinds)
    low, high = (option.low, option.high) if option.high else (None, None)
    return ParameterView(option.meaning.replace("`", ""), option.unit, shown, low, high, choices, kinds)
