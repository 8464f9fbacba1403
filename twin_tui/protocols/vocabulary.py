"""The names in a site, for screen, scenarios and command line."""

from collections.abc import Callable

from twin_tui.engine.device import AnyDeviceType
from twin_tui.engine.signals import signals_of
from twin_tui.engine.site import SitePlan
from twin_tui.engine.view import DeviceView, ModeView, RegisterInfo, SiteView
from twin_tui.protocols.modbus.faults import LINK_OPTIONS, LinkFaultKind

Registers = Callable[[str], tuple[RegisterInfo, ...]]


def site_view(plan: SitePlan, registers: Registers = lambda _device: ()) -> SiteView:
    """Return the names in a site: its devices, their signals, faults, modes and registers."""
    return SiteView(
        name=plan.name,
        devices=tuple(_device(device.name, device.type, registers(device.name)) for device in plan.devices),
        link_faults=tuple(kind.value for kind in LinkFaultKind),
        link_options=LINK_OPTIONS,
    )


def _device(name: str, kind: AnyDeviceType, registers: tuple[RegisterInfo, ...]) -> DeviceView:
    return DeviceView(
        name=name,
        kind=kind.kind,
        title=kind.title,
        commands=signals_of(kind.commands),
        telemetry=signals_of(kind.telemetry),
        faults={fault.name: fault.meaning for fault in kind.faults},
        modes={
            mode.name: ModeView(mode.meaning, {each.name: each.unit for each in mode.parameters})
            for mode in kind.modes
        },
        registers=registers,
        role=kind.role.value,
        flow_group=kind.flow_title,
    )
