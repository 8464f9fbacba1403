"""The verbs that disturb the grid, the weather and the site's load."""

from pathlib import Path

from twin_tui.commands import values
from twin_tui.commands.slots import Given, Group, Phrase, Read, Slot, Verb, duration, number, seconds
from twin_tui.documents.csv_text import points_of_csv
from twin_tui.engine.disturbance import Disturbance, Shape, Target
from twin_tui.engine.events import Disturb
from twin_tui.errors import CommandError, ConfigError


def _phases(word: str, given: Given) -> str:
    named = word.casefold().replace(",", "").replace("l1", "a").replace("l2", "b").replace("l3", "c")
    phases = "".join(sorted(set(named)))
    if not phases or set(phases) - set("abc"):
        raise CommandError(f"phases are among a, b, c; not {word!r}")
    return phases


def _sag(word: str, given: Given) -> float:
    magnitude = values.number(word, "voltage", "pu")
    if not 0 <= magnitude < 1:
        meant = f"did you mean {magnitude:g}%?" if 2 < magnitude < 100 else "above 1 is a swell"
        raise CommandError(
            f"a sag leaves 0 to below 1 pu, or 0 to below 100 %, not {magnitude:g} pu; {meant}"
        )
    return magnitude


def _swell(word: str, given: Given) -> float:
    magnitude = values.number(word, "voltage", "pu")
    if not 1 < magnitude <= 2:
        raise CommandError(f"a swell rises above 1 and to at most 2 pu, not {magnitude:g}; below 1 is a sag")
    return magnitude


def _size(shown: str, missing: str, read: Read, label: str = "", hint: str = "") -> Slot:
    return Slot("magnitude", shown, missing, read=read, label=label, hint=hint, default=shown)


def _over(shown: str) -> Slot:
    hint = "0.5s; empty: at once"
    read = seconds("ramp time")
    return Slot("over", shown, keyword="over", optional=True, read=read, label="Ramp", hint=hint)


_PHASES = Slot(
    "phases", "ab", keyword="phases", optional=True, read=_phases,
    words=lambda given: ("abc", "a", "b", "c", "ab", "bc", "ac"),
    label="Phases", default="abc", implied="abc", hint="among a, b, c",
)  # fmt: skip
_PERIOD = Slot("period", "1s", keyword="period", optional=True, read=seconds("period"))
_WITHIN = Slot(
    "over", "5s", keyword="over", read=seconds("ramp time"),
    label="Within", default="5s", hint="the time to get there",
)  # fmt: skip
_EVERY = Slot("period", "10s", keyword="period", read=seconds("period"), label="Period", default="10s")


def _phrase(target: Target, *slots: Slot, word: str = "", title: str = "", about: str = "") -> Phrase:
    """Return the phrase of a disturbance; one without a magnitude takes the quantity away."""

    def make(given: Given) -> Disturb:
        if given["over"] and given["period"]:
            raise CommandError("give over for a ramp or period for a sine, not both")
        disturbance = Disturbance(
            target=target,
            magnitude=given["magnitude"] or 0.0,
            duration_s=given["duration"],
            shape=Shape.RAMP if given["over"] else Shape.SINE if given["period"] else Shape.STEP,
            ramp_s=given["over"] or 0.0,
            period_s=given["period"] or 1.0,
            phases=given["phases"] or "abc",
        )
        disturbance.check()
        return Disturb(disturbance)

    needs = "load" if target is Target.LOAD else ""
    return Phrase(make, slots, word=word, title=title, about=about, needs=needs)


def _play(given: Given) -> Disturb:
    try:
        points = tuple((time, magnitude) for time, magnitude in points_of_csv(Path(given["file"])))
    except ConfigError as error:
        raise CommandError(str(error)) from None
    lasting = given["duration"] if given["duration"] is not None else points[-1][0] - points[0][0]
    target = Target(given["quantity"])
    disturbance = Disturbance.playback(target, points, lasting)
    disturbance.check()
    return Disturb(disturbance)


_VOLTAGE = (duration("2s"), _over("1s"), _PERIOD, _PHASES)
_HERTZ = number("deviation", "Hz")
_QUANTITY = Slot(
    "quantity", "QUANTITY", "what to move, such as frequency",
    words=lambda given: [target.value for target in Target], noun="quantity",
)  # fmt: skip


def _deviation(shown: str, label: str = "Deviation", hint: str = "Hz, + or -") -> Slot:
    return _size(shown, "the deviation in Hz, such as -0.2", _HERTZ, label, hint)


def _frequency_phrases(target: Target, *titles: tuple[str, str]) -> tuple[Phrase, ...]:
    """Return step, ramp and sine of a frequency, each with its title and what it is for."""
    slots = {
        "step": (_deviation("-0.2"), duration("10s")),
        "ramp": (_deviation("-0.5"), _WITHIN, duration("30s", bare=False, label="In all")),
        "sine": (_deviation("0.1", "Amplitude", "Hz"), _EVERY, duration("60s", bare=False)),
    }
    return tuple(
        _phrase(target, *each, word=word, title=title, about=about)
        for (word, each), (title, about) in zip(slots.items(), titles, strict=True)
    )


GRID = Group(
    "Grid",
    Verb(
        "sag",
        "lower the grid voltage to 0.7 pu: over a time as a ramp, or with a period as a sine",
        _phrase(
            Target.VOLTAGE,
            _size("0.7", "the remaining voltage, such as 0.7", _sag, "Down to", "0 to 1 pu, or 0 to 100 %"),
            *_VOLTAGE,
            title="Voltage sag",
            about="lower the grid voltage for a while",
        ),
        filler="grid",
        examples=(
            ("sag 0.7 2s", "70 % of the voltage remain for 2 s"),
            ("sag 40% 200ms phases a", "one phase"),
            ("sag 0.85 1m over 10s", "reached linearly within 10 s; then held; ends at once"),
            ("sag 0.97 1m period 2s", "a voltage that swings by ± 3 %, every 2 s"),
        ),
    ),
    Verb(
        "swell",
        "raise the grid voltage",
        _phrase(
            Target.VOLTAGE,
            _size("1.15", "the voltage, such as 1.15", _swell, "Up to", "pu or %, above 1"),
            *_VOLTAGE,
            title="Voltage swell",
            about="raise the grid voltage for a while",
        ),
        filler="grid",
        examples=(("swell 1.15 500ms phases ab", "two phases"),),
    ),
    Verb(
        "interrupt",
        "take the grid voltage away",
        _phrase(Target.VOLTAGE, duration("2s"), _PHASES, title="Interruption", about="take the grid away"),
        filler="grid",
        examples=(("interrupt 5s", "no voltage for 5 s"), ("interrupt", "until it is cleared")),
    ),
    Verb(
        "freq",
        "move the grid frequency, in Hz",
        *_frequency_phrases(
            Target.FREQUENCY,
            ("Frequency step", "move the grid frequency at once"),
            ("Frequency ramp", "move the grid frequency little by little"),
            ("Frequency oscillation", "let the grid frequency swing"),
        ),
        filler="grid",
        examples=(
            ("freq step -0.2 10s", "0.2 Hz below what it would be"),
            ("freq ramp -0.5 over 5s for 30s", "0.1 Hz/s for 5 s; held until 30 s are over"),
            ("freq sine 0.1 period 10s for 60s", "± 0.1 Hz"),
        ),
    ),
    Verb(
        "applied",
        "feed frequency reserves a test signal in place of the grid's frequency: its deviation in Hz",
        *_frequency_phrases(Target.APPLIED, ("", ""), ("", ""), ("", "")),
        examples=(
            ("applied step -0.1 5m", "reserves answer 49.9 Hz; the grid and its protection do not change"),
            ("applied ramp -0.9 over 3.75s for 60s", "0.24 Hz/s, as in a prequalification"),
        ),
    ),
    Verb(
        "phase",
        "jump the voltage angle, in degrees",
        _phrase(Target.PHASE, _size("30", "an angle", number("phase", "deg")), duration("2s"), _over("1s")),
        examples=(("phase 30 2s", "30° for 2 s"),),
    ),
    Verb(
        "unbalance",
        "add this negative sequence: phase a rises, b and c fall",
        _phrase(
            Target.UNBALANCE,
            _size("2%", "the negative over the positive sequence, such as 2%", number("unbalance", "1")),
            duration("1m"),
            _over("10s"),
        ),
        examples=(("unbalance 2% 1m", "phase a 4 % higher, b and c 2 % lower"),),
    ),
    Verb(
        "play",
        "let a quantity follow a file: voltage in pu, frequency in Hz or as a deviation in Hz",
        Phrase(
            _play,
            (
                _QUANTITY,
                Slot("file", "FILE.csv", "a CSV file with a time column"),
                duration("10m", bare=False),
            ),
        ),
        examples=(
            ("play frequency scenarios/frequency_dip.csv", "a dip and its recovery, from a file"),
            ("play applied_frequency scenarios/frequency_dip.csv", "the same, for frequency reserves only"),
        ),
    ),
)

WEATHER = Group(
    "Weather and load",
    Verb(
        "cloud",
        "leave this fraction of the sun",
        _phrase(
            Target.IRRADIANCE,
            _size(
                "0.3",
                "the fraction that remains, such as 0.3",
                number("irradiance", "1"),
                "What remains",
                "fraction or %",
            ),
            duration("2m"),
            _over("10s"),
            title="Cloud",
            about="leave a fraction of the sun",
        ),
        examples=(("cloud 0.3 2m over 10s", "30 % of the sun remain"),),
    ),
    Verb(
        "ambient",
        "move the ambient temperature, in K",
        _phrase(
            Target.TEMPERATURE,
            _size("+15", "a deviation in K", number("temperature", "K"), "Deviation", "K, + or -"),
            duration("1h"),
            _over("10m"),
            title="Ambient temperature",
            about="make it warmer or colder",
        ),
        examples=(("ambient +15 1h over 10m", "15 K warmer"),),
    ),
    Verb(
        "load",
        "add consumption to the site's load",
        _phrase(
            Target.LOAD,
            _size("+5kW", "a power such as +5kW", number("load", "W"), "Power", "W or kW"),
            duration("60s"),
            _over("5s"),
            title="Load step",
            about="add consumption",
        ),
        examples=(("load +5kW 60s", "5 kW more consumption"),),
    ),
)
