"""The verbs about devices: modes, commands, forced values, cars."""

from collections.abc import Callable, Mapping
from typing import Any

from twin_tui.commands import values
from twin_tui.commands.slots import Given, Group, Phrase, ScreenCommand, Slot, Takes, Verb, number
from twin_tui.engine.events import Pin, Scalar, SelectMode, Unpin, Write
from twin_tui.engine.formats import quantity
from twin_tui.engine.signals import Signal, short
from twin_tui.engine.view import Command, DeviceView, Freeze, ParameterView, SiteView
from twin_tui.errors import CommandError

PLUG = "plug"
"""The command of a charging station: 1 plugs the car in, 2 out."""


def device_names(given: Given) -> list[str]:
    return [device.name for device in given.site.devices]


def _read_device(word: str, given: Given) -> str:
    return values.name(word, device_names(given), "device")


def device_slot(
    having: Callable[[DeviceView], object] = lambda device: True, *, optional: bool = False
) -> Slot:
    """Return the slot of a device; only those that have what the verb is about are proposed."""

    def words(given: Given) -> dict[str, str]:
        return {device.name: device.title for device in given.site.devices if having(device)}

    return Slot(
        "device", "DEVICE", "a device", words=words, noun="device", read=_read_device, optional=optional,
        label="Device",
    )  # fmt: skip


def _signals(given: Given) -> dict[str, Signal]:
    device = given.device
    return {**device.commands, **device.telemetry} if device is not None else {}


def _commands(given: Given) -> Mapping[str, Signal]:
    return given.device.commands if given.device is not None else {}


def _explained(given: Given, signals: Mapping[str, Signal]) -> dict[str, str]:
    """Return signals with their meanings, and the registers behind which clients find them."""
    registers: dict[str, str] = {}
    for info in given.device.registers if given.device is not None else ():
        before = registers.get(info.signal, "")
        registers[info.signal] = f"{before}{', ' if before else ''}{info.address} {info.name}"
    return {
        name: f"{signal.meaning} ({registers[name]})" if name in registers else signal.meaning
        for name, signal in signals.items()
    }


def _signal_slot(shown: str, noun: str, known: Callable[[Given], Mapping[str, Signal]], **rest: Any) -> Slot:
    """Return the slot of a signal, also by the name or the address of a register that shows it."""

    def read(word: str, given: Given) -> str:
        signals, device = known(given), given.device
        meant = {
            info.signal: info.unit
            for info in (device.registers if device is not None else ())
            if info.signal in signals and word.casefold() in (info.name.casefold(), str(info.address))
        }
        if word not in signals and len(meant) > 1:
            raise CommandError(f"register {word} is not one signal but {' and '.join(sorted(meant))}")
        if word not in signals and meant:
            given.units.update(meant)
            return next(iter(meant))
        found = values.name(word, signals, f"{noun} of {given['device']}")
        given.units.pop(found, None)
        return found

    return Slot(
        "signal", shown, f"a {noun}", words=lambda given: _explained(given, known(given)), read=read,
        noun=f"{noun} of {{device}}", label=noun.capitalize(), **rest,
    )  # fmt: skip


def _signal(*, optional: bool = False) -> Slot:
    return _signal_slot("SIGNAL", "signal", _signals, optional=optional)


def _options(given: Given) -> dict[str, str]:
    signal = _signals(given).get(given["signal"])
    if signal is not None and signal.type is bool:
        return {"on": "", "off": ""}
    options = signal.options if signal is not None and signal.options else {}
    return {text if " " not in text else str(key): text for key, text in options.items()}


def _value_hint(given: Given) -> str:
    signal = _signals(given).get(given["signal"])
    if signal is None or signal.options or signal.type is bool:
        return ""
    default = signal.default if signal.command else None
    shown_unit = given.units.get(signal.name, "")
    if shown_unit != signal.unit and values.is_unit(shown_unit, signal.unit) and shown_unit:
        return f"in {shown_unit} as the register shows it, or with a unit"
    return values.range_hint(signal.unit, signal.low, signal.high, default)


_VALUE = Slot(
    "value", "VALUE", "a value for {signal}", words=_options,
    read=lambda word, given: values.signal_value(
        _signals(given)[given["signal"]], word, given.units.get(given["signal"], ""), given["device"]
    ),
    label="Value", hint=_value_hint,
)  # fmt: skip


def _modes(given: Given) -> dict[str, str]:
    modes = given.device.modes if given.device is not None else {}
    return (
        {"off": "no mode: its own setpoints", **{name: mode.meaning for name, mode in modes.items()}}
        if modes
        else {}
    )


def _read_mode(word: str, given: Given) -> str:
    if word.casefold() in ("off", "none"):
        return ""
    modes = _modes(given)
    try:
        return values.name(word, modes, f"operation mode of {given['device']}")
    except CommandError as error:
        if ";" in str(error) or not modes:  # the nearest name is said
            raise
        raise CommandError(f"{error}; known: {', '.join(modes)}") from None


def _parameters(given: Given) -> Mapping[str, ParameterView]:
    modes = given.device.modes if given.device is not None else {}
    return modes[given["mode"]].parameters if given["mode"] in modes else {}


def _read_parameter(word: str, given: Given) -> tuple[str, Scalar]:
    key, _, text = word.partition("=")
    known = _parameters(given)
    key = values.name(key, known, f"parameter of {given['mode']}")
    return key, values.number(text, key, known[key].unit) if known[key].unit else text


def pair_slots(parameters: Mapping[str, ParameterView]) -> list[Slot]:
    """Return the slots of a form for what may be given as key=value."""

    def slot(key: str, each: ParameterView) -> Slot:
        limits = values.range_hint(each.unit, each.low, each.high, each.default)
        hint = f"{each.meaning}; {limits}" if limits else each.meaning
        usual = "" if each.default is None else short(each.default)
        return Slot(
            key, key, words=lambda given: each.choices, optional=True, label=key, implied=usual, hint=hint,
        )  # fmt: skip

    return [slot(key, each) for key, each in parameters.items()]


def _select(given: Given) -> SelectMode:
    factor = given["factor"] if given["factor"] is not None else 1.0
    if not given["mode"] and (factor != 1.0 or given["parameters"]):
        raise CommandError("mode off takes no factor and no parameter")
    return SelectMode(given["device"], given["mode"], factor, given["parameters"] or {})


def _plug(verb: str, action: int, title: str) -> Phrase:
    def make(given: Given) -> Write:
        device = given.device
        assert device is not None
        if PLUG not in device.commands:
            raise CommandError(f"{device.name} is a {device.kind}: no car can be plugged in there")
        return Write(device.name, {PLUG: action})

    return Phrase(
        make,
        (device_slot(lambda device: PLUG in device.commands),),
        title=title,
        about=verb,
        button=verb.partition(" a")[0].partition(" the")[0].capitalize(),
    )


def _write(given: Given) -> Write:
    return Write(given["device"], {found["signal"]: found["value"] for found in given.rounds})


def outcome(command: Command | ScreenCommand, site: SiteView) -> str:
    """Return what a line that sets values does, with the units that it left out; "" where there are none."""
    device = site.device(command.device) if isinstance(command, Pin | Write) else None
    if device is None or not isinstance(command, Pin | Write):
        return ""
    wanted = {command.signal: command.value} if isinstance(command, Pin) else command.values
    signals = {**device.commands, **device.telemetry}
    is_set = "forced to" if isinstance(command, Pin) else "="
    return ", ".join(
        f"{device.name} {name} {is_set} {quantity(found, signals[name].unit)}"
        for name, found in wanted.items()
        if name in signals and signals[name].unit
    )


DEVICES = Group(
    "Devices",
    Verb("plug", "plug a car in", _plug("plug a car in", 1, "Car"), examples=(("plug car", ""),)),
    Verb("unplug", "unplug the car", _plug("unplug the car", 2, "Car gone"), examples=(("unplug car", ""),)),
    Verb(
        "mode",
        "select an operation mode and how much of its power; off returns the device to its setpoints",
        Phrase(
            _select,
            (
                device_slot(lambda device: device.modes),
                Slot(
                    "mode", "MODE", "a mode, or off", words=_modes, read=_read_mode, label="Mode",
                    noun="operation mode of {device}",
                ),
                Slot(
                    "factor", "FACTOR", optional=True, read=number("factor", "1", 0, 1),
                    label="Factor", default="1", implied="1",
                    hint="share of the device's power limits, 0 to 1; default 1",
                ),
                Slot(
                    "parameters", "key=value ...", takes=Takes.PAIRS, optional=True, read=_read_parameter,
                    words=lambda given: {f"{key}=": each.meaning for key, each in _parameters(given).items()},
                    parts=lambda given: pair_slots(_parameters(given)),
                ),
            ),
            title="Operation mode",
            about="select an operation mode and its factor",
            button="Select",
        ),
        examples=(
            ("mode battery SELF_CONSUMPTION", ""),
            ("mode battery FORCED_CHARGE 0.5", "with half the power"),
            ("mode battery PEAK_SHAVING peak_target_w=8kW", "with a parameter"),
            ("mode battery off", "back to its own setpoints"),
        ),
    ),
    Verb(
        "write",
        "set commands as an EMS would",
        Phrase(
            _write,
            (
                device_slot(),
                _signal_slot("COMMAND", "command", _commands),
                _VALUE,
            ),
            repeats=2,
            title="Write a command",
            about="set a command as an EMS would",
            injects=False,
            button="Write",
        ),
        examples=(
            ("write battery active_power_setpoint_w -5kW", "charge with 5 kW"),
            ("write battery start_stop standby", "an option by its name or number"),
            ("write pv active_power_limit_pu 60% on yes", "two commands as one event"),
        ),
    ),
    Verb(
        "force",
        "pin a signal to a value; the name or address of its register does as well",
        Phrase(
            lambda given: Pin(given["device"], given["signal"], given["value"]),
            (device_slot(), _signal(), _VALUE),
            title="Force a value",
            about="pin a signal until it is released",
            injects=False,
            button="Force",
        ),
        examples=(
            ("force meter active_power_w 12kW", "clients read 12 kW, whatever the site does"),
            ("force battery soc 97%", "what is shown, not the energy in the cells"),
        ),
    ),
    Verb(
        "freeze",
        "pin a signal as it is now",
        Phrase(lambda given: Freeze(given["device"], given["signal"]), (device_slot(), _signal())),
        examples=(("freeze battery soc", ""),),
    ),
    Verb(
        "release",
        "let go what was forced",
        Phrase(
            lambda given: Unpin(given["device"] or "", given["signal"] or ""),
            (device_slot(optional=True), _signal(optional=True)),
        ),
        examples=(
            ("release battery soc", ""),
            ("release battery", "all signals of the device"),
            ("release", "all of the site"),
        ),
    ),
)  # fmt: skip
