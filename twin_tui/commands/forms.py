"""What can be injected, as forms: fields in, one command line out. A dialog shows them, a test reads them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from twin_tui.commands.verbs import PLUG, parse
from twin_tui.engine.disturbance import NEUTRAL, Disturbance, Shape
from twin_tui.engine.events import Disturb
from twin_tui.engine.view import SiteView
from twin_tui.errors import TwinError

Answers = Mapping[str, str]
PREVIEW_POINTS = 40


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that a form asks for."""

    key: str
    label: str
    default: str = ""
    hint: str = ""
    choices: Callable[[SiteView, Answers], Sequence[str]] | None = None
    """Words that are possible here; the arrow keys go through them."""


@dataclass(frozen=True, slots=True)
class Form:
    """One kind of injection: what it asks and the command line that the answers make."""

    key: str
    title: str
    about: str
    fields: tuple[Field, ...]
    build: Callable[[Answers], str]
    possible: Callable[[SiteView], bool] = lambda site: True


def preview(line: str, site: SiteView) -> tuple[str, tuple[float, ...], bool]:
    """Return what a line would do, the course of a disturbance for drawing, and whether it is valid."""
    try:
        command = parse(line, site)
    except TwinError as error:
        return str(error), (), False
    if isinstance(command, Disturb):
        return command.disturbance.text(), course(command.disturbance), True
    return f"does: {line}", (), True


def course(disturbance: Disturbance) -> tuple[float, ...]:
    """Return the magnitude over the disturbance's time, a little before and after it included."""
    lasting = disturbance.duration_s
    if lasting is None:
        periods = 2 * disturbance.period_s if disturbance.shape is Shape.SINE else 0.0
        lasting = periods or 2 * disturbance.ramp_s or 10.0
        after = disturbance
    else:
        after = None
    neutral = NEUTRAL[disturbance.target]
    points = []
    for place in range(PREVIEW_POINTS):
        elapsed = (place / (PREVIEW_POINTS - 1) * 1.3 - 0.15) * lasting
        inside = elapsed >= 0 and (elapsed < lasting or after is not None)
        points.append(disturbance.at(elapsed) if inside else neutral)
    return tuple(points)


def _devices(site: SiteView, answers: Answers) -> list[str]:
    return [device.name for device in site.devices]


def _faulty(site: SiteView, answers: Answers) -> list[str]:
    return [device.name for device in site.devices if device.faults]


def _faults(site: SiteView, answers: Answers) -> list[str]:
    device = site.device(answers.get("device", ""))
    return list(device.faults) if device is not None else []


def _link_faults(site: SiteView, answers: Answers) -> list[str]:
    return list(site.link_faults)


def _moded(site: SiteView, answers: Answers) -> list[str]:
    return [device.name for device in site.devices if device.modes]


def _modes(site: SiteView, answers: Answers) -> list[str]:
    device = site.device(answers.get("device", ""))
    return [*device.modes, "off"] if device is not None else []


def _chargers(site: SiteView, answers: Answers) -> list[str]:
    return [device.name for device in site.devices if PLUG in device.commands]


def _signals(site: SiteView, answers: Answers) -> list[str]:
    device = site.device(answers.get("device", ""))
    return [*device.commands, *device.telemetry] if device is not None else []


def _commands(site: SiteView, answers: Answers) -> list[str]:
    device = site.device(answers.get("device", ""))
    return list(device.commands) if device is not None else []


def _phases(site: SiteView, answers: Answers) -> list[str]:
    return ["abc", "a", "b", "c", "ab", "bc", "ac"]


def _plugging(site: SiteView, answers: Answers) -> list[str]:
    return ["plug", "unplug"]


def _line(verb: str, *parts: str, **options: str) -> Callable[[Answers], str]:
    """Return a builder: the verb, the answers in ``parts``, then "keyword answer" where one was given."""

    def build(answers: Answers) -> str:
        words = [verb, *(_quoted(answers.get(part, "")) for part in parts)]
        for key, word in options.items():
            given = answers.get(key, "").strip()
            if given and not (key == "phases" and given == "abc"):
                words.append(f"{word} {_quoted(given)}".strip())
        return " ".join(word for word in words if word)

    return build


def _quoted(answer: str) -> str:
    answer = answer.strip().replace('"', "")
    return f'"{answer}"' if any(c.isspace() or c in "'\\" for c in answer) else answer


_DURATION = Field("duration", "Duration", "2s", "2s, 500ms, 2m; empty: until cleared")
_OVER = Field("over", "Ramp", "", "0.5s; empty: at once")
_PHASES = Field("phases", "Phases", "abc", "among a, b, c", _phases)


def _device(choices: Callable[[SiteView, Answers], Sequence[str]]) -> Field:
    return Field("device", "Device", "", "up and down choose", choices)


FORMS: tuple[Form, ...] = (
    Form(
        "sag",
        "Voltage sag",
        "lower the grid voltage for a while",
        (Field("to", "Down to", "0.7", "pu or %, 0 to 1"), _DURATION, _OVER, _PHASES),
        _line("sag grid", "to", duration="", over="over", phases="phases"),
    ),
    Form(
        "swell",
        "Voltage swell",
        "raise the grid voltage for a while",
        (Field("to", "Up to", "1.15", "pu or %, above 1"), _DURATION, _OVER, _PHASES),
        _line("swell grid", "to", duration="", over="over", phases="phases"),
    ),
    Form(
        "interrupt",
        "Interruption",
        "take the grid away",
        (_DURATION, _PHASES),
        _line("interrupt grid", duration="", phases="phases"),
    ),
    Form(
        "freq",
        "Frequency step",
        "move the grid frequency at once",
        (
            Field("by", "Deviation", "-0.2", "Hz, + or -"),
            Field("duration", "Duration", "10s", _DURATION.hint),
        ),
        _line("freq step", "by", duration=""),
    ),
    Form(
        "ramp",
        "Frequency ramp",
        "move the grid frequency little by little",
        (
            Field("by", "Deviation", "-0.5", "Hz, + or -"),
            Field("over", "Within", "5s", "the time to get there"),
            Field("duration", "In all", "30s", "empty: until cleared"),
        ),
        _line("freq ramp", "by", over="over", duration="for"),
    ),
    Form(
        "sine",
        "Frequency oscillation",
        "let the grid frequency swing",
        (
            Field("by", "Amplitude", "0.1", "Hz"),
            Field("period", "Period", "10s", ""),
            Field("duration", "Duration", "60s", "empty: until cleared"),
        ),
        _line("freq sine", "by", period="period", duration="for"),
    ),
    Form(
        "fault",
        "Device fault",
        "bring about a fault of a device",
        (
            _device(_faulty),
            Field("fault", "Fault", "", "up and down choose", _faults),
            Field("duration", "Duration", "", "empty: until cleared"),
        ),
        _line("fault", "device", "fault", duration=""),
        lambda site: bool(_faulty(site, {})),
    ),
    Form(
        "link",
        "Link fault",
        "make the wire to a device misbehave",
        (
            _device(_devices),
            Field("kind", "Fault", "silence", "up and down choose", _link_faults),
            Field("duration", "Duration", "5s", "empty: until cleared"),
        ),
        _line("link", "device", "kind", duration=""),
        lambda site: bool(site.link_faults),
    ),
    Form(
        "cloud",
        "Cloud",
        "leave a fraction of the sun",
        (
            Field("to", "What remains", "0.3", "fraction or %"),
            Field("duration", "Duration", "2m", _DURATION.hint),
            _OVER,
        ),
        _line("cloud", "to", duration="", over="over"),
    ),
    Form(
        "ambient",
        "Ambient temperature",
        "make it warmer or colder",
        (
            Field("by", "Deviation", "+15", "K, + or -"),
            Field("duration", "Duration", "1h", _DURATION.hint),
            _OVER,
        ),
        _line("ambient", "by", duration="", over="over"),
    ),
    Form(
        "load",
        "Load step",
        "add consumption",
        (
            Field("by", "Power", "+5kW", "W or kW"),
            Field("duration", "Duration", "60s", _DURATION.hint),
            _OVER,
        ),
        _line("load", "by", duration="", over="over"),
        lambda site: any(device.kind == "load" for device in site.devices),
    ),
    Form(
        "plug",
        "Car",
        "plug a car in or out",
        (_device(_chargers), Field("what", "Do", "plug", "up and down choose", _plugging)),
        lambda answers: f"{answers.get('what', '')} {_quoted(answers.get('device', ''))}",
        lambda site: bool(_chargers(site, {})),
    ),
    Form(
        "mode",
        "Operation mode",
        "select an operation mode and its factor",
        (
            _device(_moded),
            Field("mode", "Mode", "", "up and down choose", _modes),
            Field("factor", "Factor", "1", "0 to 1"),
        ),
        lambda answers: _line(
            "mode", "device", "mode", **({} if answers.get("mode") == "off" else {"factor": ""})
        )(answers),
        lambda site: bool(_moded(site, {})),
    ),
    Form(
        "force",
        "Force a value",
        "pin a signal until it is released",
        (
            _device(_devices),
            Field("signal", "Signal", "", "up and down choose", _signals),
            Field("value", "Value", "", "with its unit: 20kW, 43%"),
        ),
        _line("force", "device", "signal", "value"),
    ),
    Form(
        "write",
        "Write a command",
        "set a command as an EMS would",
        (
            _device(_devices),
            Field("command", "Command", "", "up and down choose", _commands),
            Field("value", "Value", "", "with its unit: -20kW"),
        ),
        _line("write", "device", "command", "value"),
    ),
)
BY_KEY: Mapping[str, Form] = {form.key: form for form in FORMS}
INJECTIONS = tuple(form for form in FORMS if form.key not in ("force", "write"))
