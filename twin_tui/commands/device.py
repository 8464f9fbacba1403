"""The verbs about devices: modes, commands, forced values, cars."""

from collections.abc import Callable

from twin_tui.commands import values
from twin_tui.commands.slots import Given, Group, Phrase, Slot, Takes, Verb, number
from twin_tui.engine.events import Pin, Scalar, SelectMode, Unpin, Write
from twin_tui.engine.signals import Signal
from twin_tui.engine.view import DeviceView, Freeze
from twin_tui.errors import CommandError

CHOOSE = "up and down choose"
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

    def words(given: Given) -> list[str]:
        return [device.name for device in given.site.devices if having(device)]

    return Slot(
        "device", "DEVICE", "a device", words=words, noun="device", read=_read_device, optional=optional,
        label="Device", hint=CHOOSE,
    )  # fmt: skip


def _signals(given: Given) -> dict[str, Signal]:
    device = given.device
    return {**device.commands, **device.telemetry} if device is not None else {}


def _signal(*, optional: bool = False) -> Slot:
    return Slot(
        "signal", "SIGNAL", "a signal", words=lambda given: list(_signals(given)), noun="signal of {device}",
        optional=optional, label="Signal", hint=CHOOSE,
    )  # fmt: skip


def _options(given: Given) -> list[str]:
    signal = _signals(given).get(given["signal"])
    options = signal.options if signal is not None and signal.options else {}
    return [text if " " not in text else str(key) for key, text in options.items()]


def _value(example: str) -> Slot:
    return Slot(
        "value", "VALUE", "a value for {signal}", words=_options,
        read=lambda word, given: values.signal_value(_signals(given)[given["signal"]], word),
        label="Value", hint=f"with its unit: {example}",
    )  # fmt: skip


def _modes(given: Given) -> list[str]:
    modes = given.device.modes if given.device is not None else {}
    return [*modes, "off"] if modes else []


def _read_mode(word: str, given: Given) -> str:
    if word.casefold() in ("off", "none"):
        return ""
    return values.name(word, _modes(given), f"operation mode of {given['device']}")


def _parameters(given: Given) -> dict[str, str]:
    modes = given.device.modes if given.device is not None else {}
    return dict(modes[given["mode"]].parameters) if given["mode"] in modes else {}


def _read_parameter(word: str, given: Given) -> tuple[str, Scalar]:
    key, _, text = word.partition("=")
    units = _parameters(given)
    key = values.name(key, units, f"parameter of {given['mode']}")
    return key, values.number(text, key, units[key]) if units[key] else text


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

    return Phrase(make, (device_slot(lambda device: PLUG in device.commands),), title=title, about=verb)


def _write(given: Given) -> Write:
    return Write(given["device"], {found["signal"]: found["value"] for found in given.rounds})


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
                    "mode", "MODE", "a mode, or off", words=_modes, read=_read_mode, label="Mode", hint=CHOOSE
                ),
                Slot(
                    "factor", "FACTOR", optional=True, read=number("factor", "1", 0, 1),
                    label="Factor", default="1", hint="0 to 1",
                ),
                Slot(
                    "parameters", "key=value ...", takes=Takes.PAIRS, optional=True, read=_read_parameter,
                    words=lambda given: [f"{key}=" for key in _parameters(given)],
                ),
            ),
            title="Operation mode",
            about="select an operation mode and its factor",
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
                Slot(
                    "signal", "COMMAND", "a command",
                    words=lambda given: list(given.device.commands) if given.device is not None else [],
                    noun="command of {device}", label="Command", hint=CHOOSE,
                ),
                _value("-20kW"),
            ),
            repeats=2,
            title="Write a command",
            about="set a command as an EMS would",
            injects=False,
        ),
        examples=(
            ("write battery active_power_setpoint_w -5kW", "charge with 5 kW"),
            ("write battery start_stop standby", "an option by its name or number"),
            ("write pv active_power_limit_pu 60% on yes", "two commands as one event"),
        ),
    ),
    Verb(
        "force",
        "pin a signal to a value",
        Phrase(
            lambda given: Pin(given["device"], given["signal"], given["value"]),
            (device_slot(), _signal(), _value("20kW, 43%")),
            title="Force a value",
            about="pin a signal until it is released",
            injects=False,
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
