"""The devices of a twin for Python: their telemetry and commands, their faults and those of their links."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeAlias, TypeVar

from twin_tui.commands.values import signal_value
from twin_tui.engine import devices
from twin_tui.engine.device import AnyDeviceType, DeviceType, Status
from twin_tui.engine.engine import Engine
from twin_tui.engine.events import (
    PYTHON,
    ClearFault,
    ClearLinkFault,
    Event,
    Fault,
    LinkFault,
    Pin,
    Scalar,
    SelectMode,
    Unpin,
    Write,
    check_types,
)
from twin_tui.engine.read_only import read_only
from twin_tui.engine.running import Device
from twin_tui.engine.why import Why
from twin_tui.errors import ArgumentError, CommandError, check_argument, did_you_mean

if TYPE_CHECKING:
    from twin_tui.engine.devices.appliance import ApplianceCommands, ApplianceTelemetry
    from twin_tui.engine.devices.battery_model import BatteryCommands, BatteryTelemetry
    from twin_tui.engine.devices.chp_signals import ChpCommands, ChpTelemetry
    from twin_tui.engine.devices.ev_signals import EvCommands, EvTelemetry
    from twin_tui.engine.devices.heat_pump_signals import HeatPumpCommands, HeatPumpTelemetry
    from twin_tui.engine.devices.load_model import LoadCommands, LoadTelemetry
    from twin_tui.engine.devices.meter import MeterCommands, MeterTelemetry
    from twin_tui.engine.devices.pv_model import PvCommands, PvTelemetry

T = TypeVar("T")
C = TypeVar("C")


class DeviceHandle(Generic[T, C]):
    """One device of a twin: its telemetry and commands, and everything that can be done to it.

    Values are in SI units. A text is read as in the command language: ``write(start_stop="Power On")``,
    ``write(active_power_setpoint_w="-5 kW")``. An invalid value raises CommandError and changes nothing.
    """

    def __init__(self, engine: Engine, device: Device) -> None:
        self._engine = engine
        self._device = device

    def __repr__(self) -> str:
        device = self._device
        return f"<DeviceHandle {device.name!r}: {device.type.kind}, {self.status.value}>"

    def __reduce__(self) -> NoReturn:
        raise ArgumentError("a device of a twin cannot be copied or pickled; copy its telemetry")

    @property
    def name(self) -> str:
        """The device's name in its site."""
        return self._device.name

    @property
    def type(self) -> AnyDeviceType:
        """The device's type: its parameters, signals and faults."""
        return self._device.type

    @property
    def telemetry(self) -> T:
        """The telemetry at this tick, forced values in place: a copy that refuses assignment."""
        seen: T = read_only(self._device.telemetry(self._engine.surroundings))
        return seen

    @property
    def commands(self) -> C:
        """The commands that the device has now: a copy that refuses assignment."""
        commands: C = read_only(self._device.commands)
        return commands

    @property
    def status(self) -> Status:
        """The device's condition."""
        return self._device.state.status

    @property
    def faults(self) -> tuple[str, ...]:
        """The names of the faults that the device reports."""
        return self._device.type.fault_names(self._device.state.faults)

    @property
    def why(self) -> Why:
        """What was asked of the device, what it gives, and what binds it; ``why.sentence()`` is in words."""
        return self._device.why(self._engine.surroundings)

    def write(self, *, origin: str = PYTHON, **values: Scalar) -> None:
        """Set commands by name, all or none."""
        read = {name: self._read(name, wanted) for name, wanted in values.items()}
        self._submit(Write(self.name, read, origin))

    def select_mode(self, mode: str, factor: float = 1.0, **parameters: Scalar) -> None:
        """Give the device an operation mode; "" returns it to its own setpoints."""
        self._submit(SelectMode(self.name, mode, factor, parameters))

    def fault(self, fault: str, duration_s: float | None = None) -> None:
        """Cause a fault, for a while or until it is cleared."""
        self._submit(Fault(self.name, fault, duration_s))

    def clear_fault(self, fault: str = "") -> None:
        """Remove the cause of one fault, or of all."""
        self._submit(ClearFault(self.name, fault))

    def force(self, signal: str, value: Scalar) -> None:
        """Pin a signal, telemetry or command, to a value until it is released."""
        self._submit(Pin(self.name, signal, self._read(signal, value)))

    def release(self, signal: str = "") -> None:
        """Release one forced signal, or all of the device."""
        self._submit(Unpin(self.name, signal))

    @property
    def link_faults(self) -> tuple[str, ...]:
        """The labels of the faults that the device's links have now."""
        faults = self._engine.link_faults
        return tuple(label for label, (fault, _) in faults.items() if fault.device == self.name)

    def link_fault(
        self, kind: str, *, duration_s: float | None = None, label: str = "", **options: Any
    ) -> str:
        """Make the device's Modbus links misbehave, for a while or until it is cleared; return its label.

        ``link_fault("delay", delay_s=2, duration_s=30)``; docs/commands.md lists kinds and options.
        """
        self._submit(LinkFault(self.name, {"kind": kind, **options}, label, duration_s))
        return label or self.link_faults[-1]

    def clear_link_fault(self, label: str = "") -> None:
        """End one fault of the device's links by its label, or all of them."""
        present = self.link_faults
        if label and label not in present:
            raise CommandError(f"{self.name} has no link fault {label!r}{did_you_mean(label, present)}")
        for each in [label] if label else present:
            self._submit(ClearLinkFault(each))

    def _submit(self, event: Event) -> None:
        check_types(event)
        self._engine.submit(event)

    def _read(self, signal: str, wanted: Scalar) -> Scalar:
        """Return a value as its signal takes it; the engine refuses signals that are not there."""
        declared = self._device.type.signals.get(signal)
        if declared is None or not isinstance(wanted, str):
            return wanted
        return signal_value(declared, wanted)


if TYPE_CHECKING:
    Appliance: TypeAlias = DeviceHandle[ApplianceTelemetry, ApplianceCommands]
    Battery: TypeAlias = DeviceHandle[BatteryTelemetry, BatteryCommands]
    Chp: TypeAlias = DeviceHandle[ChpTelemetry, ChpCommands]
    EvCharger: TypeAlias = DeviceHandle[EvTelemetry, EvCommands]
    HeatPump: TypeAlias = DeviceHandle[HeatPumpTelemetry, HeatPumpCommands]
    Load: TypeAlias = DeviceHandle[LoadTelemetry, LoadCommands]
    Meter: TypeAlias = DeviceHandle[MeterTelemetry, MeterCommands]
    Pv: TypeAlias = DeviceHandle[PvTelemetry, PvCommands]


def __getattr__(name: str) -> Any:
    """Return the handle of a built-in type by its name here; each type is loaded when it is first needed."""
    kind = _KINDS.get(name)
    if kind is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = devices.registry[kind]
    return DeviceHandle[found.telemetry, found.commands]  # type: ignore[name-defined]


_BUILT_IN = ("appliance", "battery", "chp", "ev_charger", "heat_pump", "load", "meter", "pv")
_KINDS = {kind.title().replace("_", ""): kind for kind in _BUILT_IN}


class DeviceAccess:
    """The devices of a twin by name: ``twin["bess"]``, or typed with ``twin.battery("bess")``.

    The typed ways also work without a name where the site has one such device only: ``twin.meter()``.
    """

    engine: Engine

    def __getitem__(self, name: str) -> DeviceHandle[Any, Any]:
        """Return a device by name; its kind is in the site file, so only the typed ways can have its type."""
        return DeviceHandle(self.engine, self.engine.device(name))

    def __contains__(self, name: object) -> bool:
        return name in self.engine.devices

    def __iter__(self) -> Iterator[str]:
        return iter(self.engine.devices)

    def devices(self) -> tuple[DeviceHandle[Any, Any], ...]:
        """Return every device of the site."""
        return tuple(DeviceHandle(self.engine, found) for found in self.engine.devices.values())

    def device(self, name: str, kind: DeviceType[Any, Any, C, T] | None = None) -> DeviceHandle[T, C]:
        """Return a device by name; with its type given, telemetry and commands are typed."""
        found = self.engine.device(name)
        fits = kind is None or isinstance(kind, DeviceType)
        check_argument(fits, "device takes a device type such as twin_tui.BATTERY", kind)
        if kind is not None and found.type is not kind:
            raise CommandError(f"{name} is a {found.type.kind}, not a {kind.kind}")
        return DeviceHandle(self.engine, found)

    def appliance(self, name: str = "") -> "Appliance":
        """Return a home appliance."""
        return self._named_or_only(name, devices.APPLIANCE)

    def battery(self, name: str = "") -> "Battery":
        """Return a battery."""
        return self._named_or_only(name, devices.BATTERY)

    def chp(self, name: str = "") -> "Chp":
        """Return a combined heat and power unit."""
        return self._named_or_only(name, devices.CHP)

    def ev_charger(self, name: str = "") -> "EvCharger":
        """Return a charging station."""
        return self._named_or_only(name, devices.EV_CHARGER)

    def heat_pump(self, name: str = "") -> "HeatPump":
        """Return a heat pump."""
        return self._named_or_only(name, devices.HEAT_PUMP)

    def load(self, name: str = "") -> "Load":
        """Return a load."""
        return self._named_or_only(name, devices.LOAD)

    def meter(self, name: str = "") -> "Meter":
        """Return an energy meter."""
        return self._named_or_only(name, devices.METER)

    def pv(self, name: str = "") -> "Pv":
        """Return a PV inverter."""
        return self._named_or_only(name, devices.PV)

    def _named_or_only(self, name: str, kind: DeviceType[Any, Any, C, T]) -> DeviceHandle[T, C]:
        if name:
            return self.device(name, kind)
        names = [device.name for device in self.engine.devices.values() if device.type is kind]
        if not names:
            raise CommandError(f"the site has no device of type {kind.kind}")
        if len(names) > 1:
            found = f"{len(names)} devices of type {kind.kind}"
            raise CommandError(f"the site has {found}, give a name: {', '.join(names)}")
        return self.device(names[0], kind)
