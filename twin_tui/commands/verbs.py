"""One command language for the `:` line, the palette, the key dialogs and scenarios."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from twin_tui.commands import values as words
from twin_tui.engine.disturbance import Disturbance, Shape, Target
from twin_tui.engine.events import (
    ClearDisturbance,
    ClearEverything,
    ClearFault,
    ClearLinkFault,
    Disturb,
    Event,
    Fault,
    LinkFault,
    Mark,
    Pin,
    Scalar,
    SelectMode,
    Unpin,
    Write,
)
from twin_tui.engine.view import (
    Command,
    DeviceView,
    Freeze,
    JumpTo,
    Pause,
    Resume,
    SetSpeed,
    SiteView,
    StartRecording,
    Step,
    StopRecording,
)
from twin_tui.errors import CommandError, ConfigError, did_you_mean

MOST_STEPS = 100_000


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb: how it is written, what it does, how its words are read and completed."""

    usage: str
    help: str
    read: "Callable[[Words, SiteView], Command]"
    slots: tuple[str, ...] = ()
    """What each word after the verb may be, for completion."""


class Words:
    """The words of one command, taken one by one."""

    def __init__(self, given: Sequence[str], verb: str) -> None:
        self._given = list(given)
        self.verb = verb

    def __len__(self) -> int:
        return len(self._given)

    def take(self, what: str) -> str:
        """Return the next word; CommandError when there is none."""
        if not self._given:
            usage = VERBS[self.verb].usage
            raise CommandError(f"{self.verb}: {what} is missing; usage: {usage}")
        return self._given.pop(0)

    def maybe(self) -> str | None:
        """Return the next word, if there is one."""
        return self._given.pop(0) if self._given else None

    def give_back(self, word: str) -> None:
        """Put a word that was taken back in front."""
        self._given.insert(0, word)

    def skip(self, *fillers: str) -> None:
        """Leave out a filler word such as "grid" if it comes next."""
        if self._given and self._given[0].casefold() in fillers:
            self._given.pop(0)

    def rest(self) -> str:
        """Return everything that is left as one text."""
        text = " ".join(self._given)
        self._given.clear()
        return text

    def options(self, **readers: Callable[[str], object]) -> dict[str, object]:
        """Read "keyword value" pairs in any order; a word without a keyword is the duration."""
        found: dict[str, object] = {}
        while self._given:
            word = self._given.pop(0)
            key = word.casefold()
            if key in readers:
                taken = readers[key](self.take(f"a value after {key}"))
            elif word[0].isdigit() or word[0] in "+-.−":
                if "for" not in readers:
                    raise CommandError(f"{self.verb}: {word!r} is too many; usage: {VERBS[self.verb].usage}")
                key, taken = "for", readers["for"](word)
            else:
                hint = did_you_mean(key, readers)
                raise CommandError(f"{self.verb}: unexpected {word!r}{hint}; usage: {VERBS[self.verb].usage}")
            if key in found:
                raise CommandError(f"{self.verb}: {key} is given twice")
            found[key] = taken
        return found

    def end(self) -> None:
        """Refuse words that are left over."""
        if self._given:
            usage = VERBS[self.verb].usage
            raise CommandError(f"{self.verb}: {self._given[0]!r} is too many; usage: {usage}")


def parse(line: str, site: SiteView, origin: str = "console") -> Command:
    """Return the command that a line means on this site; raise CommandError with the nearest right word."""
    given = words.split(line.strip().removeprefix(":"))
    if not given:
        raise CommandError("an empty command; try help")
    verb = given[0].casefold()
    if verb not in VERBS:
        raise CommandError(f"unknown command {given[0]!r}{did_you_mean(verb, VERBS) or '; ? lists them'}")
    taken = Words(given[1:], verb)
    command = VERBS[verb].read(taken, site)
    taken.end()
    return replace(command, origin=origin) if isinstance(command, Event) else command


def parse_event(line: str, site: SiteView, origin: str = "scenario") -> Event:
    """Return the event that a line means, for a scenario; refuse what only steers the run or the screen."""
    command = parse(line, site, origin)
    if not isinstance(command, Event):
        raise CommandError(f"{line.split(maxsplit=1)[0]!r} steers the run and is no event")
    return command


def _device(taken: Words, site: SiteView) -> DeviceView:
    wanted = taken.take("a device")
    found = site.device(words.name(wanted, [device.name for device in site.devices], "device"))
    assert found is not None
    return found


def _phases(word: str) -> str:
    named = word.casefold().replace(",", "").replace("l1", "a").replace("l2", "b").replace("l3", "c")
    phases = "".join(sorted(set(named)))
    if not phases or set(phases) - set("abc"):
        raise CommandError(f"phases are among a, b, c; not {word!r}")
    return phases


def _disturbance(target: Target, magnitude: float, options: dict[str, object]) -> Disturb:
    if "over" in options and "period" in options:
        raise CommandError("give over for a ramp or period for a sine, not both")
    shape = Shape.RAMP if "over" in options else Shape.SINE if "period" in options else Shape.STEP
    disturbance = Disturbance(
        target=target,
        magnitude=magnitude,
        duration_s=_float(options.get("for")),
        shape=shape,
        ramp_s=_float(options.get("over")) or 0.0,
        period_s=_float(options.get("period")) or 1.0,
        phases=str(options.get("phases", "abc")),
    )
    disturbance.check()
    return Disturb(disturbance)


def _float(found: object) -> float | None:
    return float(found) if isinstance(found, int | float) else None


def _span(what: str) -> Callable[[str], float]:
    return lambda word: words.seconds(word, what)


_FOR, _OVER, _PERIOD = _span("duration"), _span("ramp time"), _span("period")


def _sag(taken: Words, site: SiteView) -> Disturb:
    taken.skip("grid")
    magnitude = words.number(taken.take("the remaining voltage, such as 0.7"), "voltage", "pu")
    if not 0 <= magnitude < 1:
        raise CommandError(f"a sag leaves 0 to below 1 pu, not {magnitude:g}; above 1 is a swell")
    return _disturbance(
        Target.VOLTAGE,
        magnitude,
        taken.options(**{"for": _FOR, "over": _OVER, "period": _PERIOD, "phases": _phases}),
    )


def _swell(taken: Words, site: SiteView) -> Disturb:
    taken.skip("grid")
    magnitude = words.number(taken.take("the voltage, such as 1.15"), "voltage", "pu")
    if not 1 < magnitude <= 2:
        raise CommandError(f"a swell rises above 1 and to at most 2 pu, not {magnitude:g}; below 1 is a sag")
    return _disturbance(
        Target.VOLTAGE,
        magnitude,
        taken.options(**{"for": _FOR, "over": _OVER, "period": _PERIOD, "phases": _phases}),
    )


def _interrupt(taken: Words, site: SiteView) -> Disturb:
    taken.skip("grid")
    return _disturbance(Target.VOLTAGE, 0.0, taken.options(**{"for": _FOR, "phases": _phases}))


def _freq(taken: Words, site: SiteView) -> Disturb:
    taken.skip("grid")
    shape = taken.take("step, ramp or sine")
    if shape[:1].isdigit() or shape[:1] in "+-.−":
        taken.give_back(shape)
        shape = "step"
    shape = words.name(shape, ("step", "ramp", "sine"), "shape")
    magnitude = words.number(taken.take("the deviation in Hz, such as -0.2"), "deviation", "Hz")
    options = taken.options(**{"for": _FOR, "over": _OVER, "period": _PERIOD})
    for key, wanted in (("over", "ramp"), ("period", "sine")):
        if shape == wanted and key not in options:
            raise CommandError(f"freq {shape}: say {key} how long, such as {key} 5s")
        if shape != wanted and key in options:
            raise CommandError(f"freq {shape}: {key} belongs to {wanted}")
    return _disturbance(Target.FREQUENCY, magnitude, options)


def _plain(target: Target, what: str, unit: str) -> Callable[[Words, SiteView], Disturb]:
    def read(taken: Words, site: SiteView) -> Disturb:
        magnitude = words.number(taken.take(what), target.value, unit)
        return _disturbance(target, magnitude, taken.options(**{"for": _FOR, "over": _OVER}))

    return read


def _play(taken: Words, site: SiteView) -> Disturb:
    from twin_tui.documents.csv_text import points_of_csv  # noqa: PLC0415 - site files hold commands themselves

    targets = {target.value: target for target in Target}
    target = targets[words.name(taken.take("what to move, such as frequency"), targets, "quantity")]
    path = Path(taken.take("a CSV file with a time column"))
    options = taken.options(**{"for": _FOR})
    try:
        points = tuple((time, magnitude) for time, magnitude in points_of_csv(path))
    except ConfigError as error:
        raise CommandError(str(error)) from None
    wanted = _float(options.get("for"))
    lasting = wanted if wanted is not None else points[-1][0] - points[0][0]
    disturbance = Disturbance(target, points[0][1], lasting, Shape.PLAYBACK, points=points)
    disturbance.check()
    return Disturb(disturbance)


def _fault(taken: Words, site: SiteView) -> Fault:
    device = _device(taken, site)
    known = words.name(taken.take("a fault"), device.faults, f"fault of {device.name}")
    return Fault(device.name, known, _float(taken.options(**{"for": _FOR}).get("for")))


def _clear(taken: Words, site: SiteView) -> Command:
    wanted = taken.maybe()
    if wanted is None or wanted.casefold() in ("all", "everything"):
        return ClearEverything()
    if wanted.casefold() == "grid":
        return ClearDisturbance()
    if wanted.casefold() == "link":
        return ClearLinkFault(taken.maybe() or "")
    names = [device.name for device in site.devices]
    try:
        known = words.name(wanted, names, "device")
    except CommandError:
        if wanted.rpartition("-")[0] in {target.value for target in Target}:
            return ClearDisturbance(wanted)
        raise CommandError(
            f"clear: {wanted!r} is neither all, grid, link, a device nor a disturbance's label"
            f"{did_you_mean(wanted, ['all', 'grid', 'link', *names])}"
        ) from None
    device = site.device(known)
    assert device is not None
    fault = taken.maybe()
    return ClearFault(known, words.name(fault, device.faults, f"fault of {known}") if fault else "")


def _write(taken: Words, site: SiteView) -> Write:
    device = _device(taken, site)
    values: dict[str, Scalar] = {}
    while not values or len(taken):
        known = words.name(taken.take("a command"), device.commands, f"command of {device.name}")
        values[known] = words.signal_value(device.commands[known], taken.take(f"a value for {known}"))
    return Write(device.name, values)


def _signal(taken: Words, device: DeviceView) -> str:
    return words.name(
        taken.take("a signal"), [*device.telemetry, *device.commands], f"signal of {device.name}"
    )


def _force(taken: Words, site: SiteView) -> Pin:
    device = _device(taken, site)
    known = _signal(taken, device)
    declared = device.telemetry.get(known) or device.commands[known]
    return Pin(device.name, known, words.signal_value(declared, taken.take(f"a value for {known}")))


def _release(taken: Words, site: SiteView) -> Unpin:
    if not len(taken):
        return Unpin()
    device = _device(taken, site)
    return Unpin(device.name, _signal(taken, device) if len(taken) else "")


def _freeze(taken: Words, site: SiteView) -> Freeze:
    device = _device(taken, site)
    return Freeze(device.name, _signal(taken, device))


def _mode(taken: Words, site: SiteView) -> SelectMode:
    device = _device(taken, site)
    wanted = taken.take("a mode, or off")
    if wanted.casefold() in ("off", "none"):
        return SelectMode(device.name, "")
    known = words.name(wanted, device.modes, f"operation mode of {device.name}")
    units = device.modes[known].parameters
    factor = 1.0
    parameters: dict[str, Scalar] = {}
    while (word := taken.maybe()) is not None:
        key, equals, given = word.partition("=")
        if equals:
            key = words.name(key, units, f"parameter of {known}")
            parameters[key] = words.number(given, key, units[key]) if units[key] else given
        else:
            factor = words.number(word, "factor", "1")
    if not 0 <= factor <= 1:
        raise CommandError(f"factor: expected 0 to 1, not {factor:g}")
    return SelectMode(device.name, known, factor, parameters)


PLUG = "plug"
"""The command of a charging station: 1 plugs the car in, 2 out."""


def _plug(action: int) -> Callable[[Words, SiteView], Write]:
    def read(taken: Words, site: SiteView) -> Write:
        device = _device(taken, site)
        if PLUG not in device.commands:
            raise CommandError(f"{device.name} is a {device.kind}: no car can be plugged in there")
        return Write(device.name, {PLUG: action})

    return read


def _link(taken: Words, site: SiteView) -> LinkFault:
    device = _device(taken, site)
    rule: dict[str, object] = {"kind": words.name(taken.take("a link fault"), site.link_faults, "link fault")}
    label, duration_s = "", None
    while (word := taken.maybe()) is not None:
        key, equals, given = word.partition("=")
        if not equals:
            if word.casefold() != "for":
                duration_s = words.seconds(word)
        elif key == "label":
            label = given
        else:
            rule[key] = words.plain_value(given, key)
    return LinkFault(device.name, rule, label, duration_s)


def _step(taken: Words, site: SiteView) -> Step:
    wanted = words.number(taken.maybe() or "1", "steps")
    if wanted != int(wanted) or not 1 <= wanted <= MOST_STEPS:
        raise CommandError(f"steps: expected a whole number from 1 to {MOST_STEPS}, not {wanted:g}")
    return Step(int(wanted))


def _speed(taken: Words, site: SiteView) -> SetSpeed:
    wanted = taken.take("a factor such as 60, or max").casefold().removeprefix("x").removeprefix("×")
    if wanted == "max":
        return SetSpeed(float("inf"))
    factor = words.number(wanted, "speed")
    if not 0.01 <= factor <= 1e6:
        raise CommandError(f"speed: expected 0.01 to 1000000 or max, not {wanted}")
    return SetSpeed(factor)


def _record(taken: Words, site: SiteView) -> Command:
    what = words.name(taken.take("start or stop"), ("start", "stop"), "word after record")
    return StopRecording() if what == "stop" else StartRecording(taken.take("a file"))


def _bare(command: Callable[[], Command]) -> Callable[[Words, SiteView], Command]:
    return lambda taken, site: command()


VERBS: dict[str, Verb] = {
    "sag": Verb(
        "sag [grid] 0.7 [2s] [over 1s] [phases ab] | sag 0.95 period 1s [1m]",
        "lower the grid voltage to 0.7 pu",
        _sag,
    ),
    "swell": Verb(
        "swell [grid] 1.15 [2s] [over 1s] [phases ab] | swell 1.05 period 1s [1m]",
        "raise the grid voltage",
        _swell,
    ),
    "interrupt": Verb("interrupt [grid] [5s] [phases ab]", "take the grid voltage away", _interrupt),
    "freq": Verb(
        "freq step -0.2 [10s] | freq ramp -0.5 over 5s [for 30s] | freq sine 0.1 period 10s [for 60s]",
        "move the grid frequency, in Hz",
        _freq,
        ("shape",),
    ),
    "phase": Verb(
        "phase 30 [2s]", "jump the voltage angle, in degrees", _plain(Target.PHASE, "an angle", "deg")
    ),
    "unbalance": Verb(
        "unbalance 2% [1m] [over 10s]",
        "add this negative sequence: phase a rises, b and c fall",
        _plain(Target.UNBALANCE, "the negative over the positive sequence, such as 2%", "1"),
    ),
    "cloud": Verb(
        "cloud 0.3 [2m] [over 10s]",
        "leave this fraction of the sun",
        _plain(Target.IRRADIANCE, "the fraction that remains, such as 0.3", "1"),
    ),
    "ambient": Verb(
        "ambient +15 [1h] [over 10m]",
        "move the ambient temperature, in K",
        _plain(Target.TEMPERATURE, "a deviation in K", "K"),
    ),
    "load": Verb(
        "load +5kW [60s] [over 5s]",
        "add consumption to the site's load",
        _plain(Target.LOAD, "a power such as +5kW", "W"),
    ),
    "play": Verb(
        "play QUANTITY FILE.csv [for 10m]",
        "let a quantity follow a file: voltage in pu, frequency as a deviation in Hz",
        _play,
        ("quantity",),
    ),
    "fault": Verb("fault DEVICE FAULT [30s]", "bring about a device fault", _fault, ("device", "fault")),
    "clear": Verb(
        "clear [all | grid | LABEL | DEVICE [FAULT] | link [LABEL]]",
        "end what was injected",
        _clear,
        ("clearable", "fault"),
    ),
    "write": Verb(
        "write DEVICE COMMAND VALUE [COMMAND VALUE ...]",
        "set commands as an EMS would",
        _write,
        ("device", "command", "value"),
    ),
    "force": Verb(
        "force DEVICE SIGNAL VALUE", "pin a signal to a value", _force, ("device", "signal", "value")
    ),
    "freeze": Verb("freeze DEVICE SIGNAL", "pin a signal as it is now", _freeze, ("device", "signal")),
    "release": Verb("release [DEVICE [SIGNAL]]", "let go what was forced", _release, ("device", "signal")),
    "mode": Verb(
        "mode DEVICE MODE [FACTOR] [key=value ...] | mode DEVICE off",
        "select an operation mode",
        _mode,
        ("device", "mode"),
    ),
    "plug": Verb("plug DEVICE", "plug a car in", _plug(1), ("device",)),
    "unplug": Verb("unplug DEVICE", "unplug the car", _plug(2), ("device",)),
    "link": Verb(
        "link DEVICE FAULT [5s] [key=value ...]",
        "make the wire misbehave; functions=3,4 addresses=100..110 count=3 probability=50% narrow it down",
        _link,
        ("device", "link", "rule"),
    ),
    "pause": Verb("pause", "let simulated time stand still", _bare(Pause)),
    "run": Verb("run", "let simulated time go on", _bare(Resume)),
    "step": Verb("step [n]", "pause and run n ticks", _step),
    "speed": Verb("speed 60 | speed max", "run at so many times real time", _speed, ("speed",)),
    "jump": Verb(
        "jump 12:00", "run on to a time of day", lambda t, s: JumpTo(words.day_seconds(t.take("a time")))
    ),
    "mark": Verb("mark NOTE", "put a note into log and recording", lambda t, s: Mark(t.rest() or "mark")),
    "record": Verb("record start FILE | record stop", "record the run", _record, ("record",)),
}
