"""The verbs that break things and mend them again: faults of devices and of their links."""

from collections.abc import Mapping

from twin_tui.commands import values
from twin_tui.commands.device import device_names, device_slot, pair_slots
from twin_tui.commands.slots import Given, Group, Phrase, Slot, Takes, Verb, duration
from twin_tui.engine.disturbance import Target
from twin_tui.engine.events import (
    ClearDisturbance,
    ClearEverything,
    ClearFault,
    ClearLinkFault,
    Fault,
    LinkFault,
)
from twin_tui.engine.view import Command, ParameterView
from twin_tui.errors import CommandError, did_you_mean


def _read_rule(word: str, given: Given) -> tuple[str, object]:
    key, _, text = word.partition("=")
    option = given.site.link_options.get(key)
    if option is not None and option.high is not None:  # one number: of others a comma makes a list
        values.refuse_comma(text, key)
    return key, text if key == "label" else values.plain_value(text, key)


def _link_faults(given: Given) -> Mapping[str, str]:
    """Return the faults that the links of the device can have."""
    return given.device.link_faults if given.device is not None else {}


def _link_options(given: Given) -> dict[str, ParameterView]:
    """Return what a fault of this kind may be given, its own options first."""
    options = given.site.link_options.items()
    own = {key: each for key, each in options if given["kind"] in each.kinds}
    return {**own, **{key: each for key, each in options if not each.kinds}}


def _link(given: Given) -> LinkFault:
    rule = {"kind": given["kind"], **(given["rule"] or {})}
    return LinkFault(given["device"], rule, rule.pop("label", ""), given["duration"])


def _read_clearable(word: str, given: Given) -> str:
    names = device_names(given)
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
        words=lambda given: given.device.faults if given.device is not None else {},
        noun="fault of {device}", optional=optional, label="Fault",
    )  # fmt: skip


FAULTS = Group(
    "Faults",
    Verb(
        "fault",
        "cause a device fault",
        Phrase(
            lambda given: Fault(given["device"], given["fault"], given["duration"]),
            (device_slot(lambda device: device.faults), _fault(), duration("30s", default="")),
            title="Device fault",
            about="cause a fault of a device",
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
                device_slot(lambda device: device.link_faults),
                Slot(
                    "kind", "FAULT", "a link fault", words=_link_faults, noun="link fault",
                    read=lambda word, given: values.name(word, given.site.link_faults, "link fault"),
                    label="Fault", default="silence",
                ),
                duration("5s"),
                Slot(
                    "rule", "key=value ...", takes=Takes.PAIRS, optional=True, read=_read_rule,
                    words=lambda given: {f"{key}=": o.meaning for key, o in _link_options(given).items()},
                    parts=lambda given: pair_slots(_link_options(given)),
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

CLEARING = Group(
    "Ending it",
    Verb(
        "clear",
        "end what was injected",
        Phrase(
            _clear,
            (
                Slot("device", "LABEL|DEVICE", words=device_names, read=_read_clearable, optional=True),
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
