"""The verbs about devices: faults of theirs and of their links, modes, commands, forced values."""

from collections.abc import Callable

from twin_tui.commands import values
from twin_tui.commands.slots import Given, Group, Phrase, Slot, Takes, Verb, duration, number
from twin_tui.engine.disturbance import Target
from twin_tui.engine.events import (
    ClearDisturbance,
    ClearEverything,
    ClearFault,
    ClearLinkFault,
    Fault,
    LinkFault,
    Pin,
    Scalar,
    SelectMode,
    Unpin,
    Write,
)
from twin_tui.engine.signals import Signal
from twin_tui.engine.view import Command, DeviceView, Freeze
from twin_tui.errors import CommandError, did_you_mean

CHOOSE = "up and down choose"
PLUG = "plug"
"""The command of a charging station: 1 plugs the car in, 2 out."""


def _names(given: Given) -> list[str]:
    return [device.name for device in given.site.devices]


def _read_device(word: str, given: Given) -> str:
    return values.name(word, _names(given), "device")


def _device(having: Callable[[DeviceView], object] = lambda device: True, *, optional: bool = False) -> Slot:
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


def _read_rule(word: str, given: Given) -> tuple[str, object]:
    key, _, text = word.partition("=")
    return key, text if key == "label" else values.plain_value(text, key)


def _link(given: Given) -> LinkFault:
    rule = {"kind": given["kind"], **(given["rule"] or {})}
    return LinkFault(given["device"], rule, rule.pop("label", ""), given["duration"])


def _plug(verb: str, action: int, title: str) -> Phrase:
    def make(given: Given) -> Write:
        device = given.device
        assert device is not None
        if PLUG not in device.commands:
            raise CommandError(f"{device.name} is a {device.kind}: no car can be plugged in there")
        return Write(device.name, {PLUG: action})

    return Phrase(make, (_device(lambda device: PLUG in device.commands),), title=title, about=verb)


def _write(given: Given) -> Write:
    return Write(given["device"], {found["signal"]: found["value"] for found in given.rounds})


def _read_clearable(word: str, given: Given) -> str:
    names = _names(given)
    try:
        return values.name(word, names, "device")
    except CommandError:
        if word.casefold() == "everything" or word.rpartition("-")[0] in {target.value for target in Target}:
            return word
        hint = did_you_mean(word, ["all", "grid", "link", *names])
        raise CommandError(
            f"clear: {word!r} is neither all, grid, link, a device nor a disturbance's label{hint}"
        ) from None


def _clear(given: Given) -> Command:
    what = given["device"] or "everything"
    if given.device is None:
        return ClearEverything() if what.casefold() == "everything" else ClearDisturbance(what)
    return ClearFault(what, given["fault"] or "")


def _fault(*, optional: bool = False) -> Slot:
    return Slot(
        "fault", "FAULT", "a fault",
        words=lambda given: list(given.device.faults) if given.device is not None else [],
        noun="fault of {device}", optional=optional, label="Fault", hint=CHOOSE,
    )  # fmt: skip


FAULTS = Group(
    "Faults",
    Verb(
        "fault",
        "bring about a device fault",
        Phrase(
            lambda given: Fault(given["device"], given["fault"], given["duration"]),
            (_device(lambda device: device.faults), _fault(), duration("30s", default="")),
            title="Device fault",
            about="bring about a fault of a device",
        ),
        examples=(
            ("fault battery over_temperature 30s", "the cause lasts 30 s; a latched fault stays"),
            ("fault pv isolation", "until it is cleared"),
        ),
    ),
    Verb(
        "link",
        "make the wire misbehave; functions=3,4 addresses=100..110 count=3 probability=50% narrow it down",
        Phrase(
            _link,
            (
                _device(),
                Slot(
                    "kind", "FAULT", "a link fault",
                    words=lambda given: given.site.link_faults, noun="link fault",
                    label="Fault", default="silence", hint=CHOOSE,
                ),
                duration("5s"),
                Slot(
                    "rule", "key=value ...", takes=Takes.PAIRS, optional=True, read=_read_rule,
                    words=lambda given: [f"{option}=" for option in given.site.link_options],
                ),
            ),
            title="Link fault",
            about="make the wire to a device misbehave",
        ),
        examples=(
            ("link battery silence 5s executes=yes", "no answer for 5 s, but writes take effect"),
            (
                "link battery exception code=6 functions=6,16 count=3",
                "the next three requests of these functions",
            ),
            ("link meter delay delay_s=0.8 jitter_s=0.4", "until it is cleared"),
            ("link meter frozen addresses=40..60 probability=0.5", "half of the reads that touch 40 to 60"),
        ),
    ),
)  # fmt: skip

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
                _device(lambda device: device.modes),
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
                _device(),
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
            (_device(), _signal(), _value("20kW, 43%")),
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
        Phrase(lambda given: Freeze(given["device"], given["signal"]), (_device(), _signal())),
        examples=(("freeze battery soc", ""),),
    ),
    Verb(
        "release",
        "let go what was forced",
        Phrase(
            lambda given: Unpin(given["device"] or "", given["signal"] or ""),
            (_device(optional=True), _signal(optional=True)),
        ),
        examples=(
            ("release battery soc", ""),
            ("release battery", "all signals of the device"),
            ("release", "all of the site"),
        ),
    ),
)  # fmt: skip

CLEARING = Group(
    "Ending it",
    Verb(
        "clear",
        "end what was injected",
        Phrase(
            _clear,
            (
                Slot("device", "LABEL|DEVICE", words=_names, read=_read_clearable, optional=True),
                _fault(optional=True),
            ),
        ),
        Phrase(lambda given: ClearEverything(), word="all"),
        Phrase(lambda given: ClearDisturbance(), word="grid"),
        Phrase(
            lambda given: ClearLinkFault(given["label"] or ""),
            (Slot("label", "LABEL", optional=True),),
            word="link",
        ),
        examples=(
            ("clear", "everything that was injected or forced"),
            ("clear grid", "all disturbances"),
            ("clear voltage-1", "the disturbance of this label"),
            ("clear battery", "all fault causes of a device"),
            ("clear battery fan", "one of them"),
            ("clear link", "all link faults"),
        ),
    ),
)
