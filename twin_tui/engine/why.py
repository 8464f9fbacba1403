"""Why a device gives what it gives: what was asked, what binds it, how long still, and what helps."""

from collections.abc import Mapping
from dataclasses import replace

from twin_tui.engine.formats import kilowatts
from twin_tui.engine.signals import Scalar, short, value

Keys = Mapping[str, str]
"""The keys in force by the names of their actions."""
NO_KEYS: Keys = {}

RESET, RELEASE = "reset", "release"
"""Actions of the console that help; which key they have is the user's."""
HELPS = {RESET: "resets", RELEASE: "releases"}
RAMP, ABOUT_TO_TRIP = "ramp", "about to trip"
SAME_W, SAME_SHARE = 10.0, 0.005
"""What was asked and what is given count as equal within the larger of the two."""


@value
class Constraint:
    """One thing that binds a device now."""

    name: str
    """What it is, whatever its values: "reconnection ramp", "SOC upper limit"."""
    text: str = ""
    """The same with its values: "reconnection ramp 38 %"; empty is the name."""
    brief: str = ""
    """For a row of a table; empty is the text."""
    left_s: float | None = None
    """Until it ends, where that is known."""
    action: str = ""
    """The action of the console that ends it."""
    command: tuple[str, Scalar] | None = None
    """The command that ends it, and its value."""
    entry: str = ""
    """For an entry of the log, where it has to stay true; empty is the text."""

    def sentence(self, keys: Keys | None = NO_KEYS, *, brief: bool = False) -> str:
        """Return it in words, with the key that helps or the command; without keys (None) or room neither."""
        text = self.text or self.name
        if brief:
            text = self.brief or text
        if keys is None:
            return text
        if key := keys.get(self.action, ""):
            return f"{text}, {key} {HELPS[self.action]}"
        if brief or self.command is None:
            return text
        name, wanted = self.command
        return f"{text}, write {name} = {short(wanted)}"


@value
class Why:
    """What a device was asked, what it gives, and what binds it, the tightest first."""

    constraints: tuple[Constraint, ...] = ()
    asked_w: float | None = None
    """None is a device that nobody asks for a certain power."""
    gives_w: float = 0.0
    asker: str = ""
    """What asks in place of direct setpoints: "mode PEAK_SHAVING"."""
    quantity: str = ""
    """What is asked for where it is no electrical power: "heat"."""

    @property
    def differs(self) -> bool:
        """Whether the device gives something else than it was asked."""
        asked_w = self.asked_w
        return asked_w is not None and abs(asked_w - self.gives_w) > max(SAME_W, SAME_SHARE * abs(asked_w))

    def reasons(self, keys: Keys | None = NO_KEYS, *, brief: bool = False) -> str:
        """Return what binds the device, "" when nothing does; the brief one has the first and what helps."""
        found = [each for place, each in enumerate(self.constraints) if not (brief and place) or each.action]
        return ", ".join([each.sentence(keys, brief=brief) for each in found])

    def sentence(self, keys: Keys | None = NO_KEYS, *, brief: bool = False) -> str:
        """Return one sentence: "asked 5.00 kW, gives 1.90: reconnection ramp 38 %"; "" when all is usual.

        The brief one is for a row that has the state and the mode of the device: it leaves out what was asked
        of a device that gives nothing, and who asked.
        """
        reasons = self.reasons(keys, brief=brief)
        asker = "" if brief else self.asker
        found = asker
        if (
            self.asked_w is not None
            and (self.differs or asker)
            and not (brief and reasons and not self.gives_w)
        ):
            unit = "" if brief else f" kW {self.quantity}".rstrip()
            found = f"{f'{asker} asks' if asker else 'asked'} {_kilowatts(self.asked_w, brief=brief)}{unit}"
            if self.differs:
                found += f", gives {_kilowatts(self.gives_w, brief=brief)}"
        return ": ".join(filter(None, (found, reasons)))

    @property
    def entry(self) -> str:
        """What binds the device, as an entry of the log has it."""
        return ", ".join(each.entry or each.sentence(None) for each in self.constraints)

    def without(self, name: str) -> "Why":
        """Return the same without the constraint of that name."""
        return replace(self, constraints=tuple(each for each in self.constraints if each.name != name))

    def helps(self, action: str) -> Constraint | None:
        """Return the constraint that an action of the console ends, if there is one."""
        return next((each for each in self.constraints if each.action == action), None)


NOTHING_BINDS = Why()


def explained(found: Why | str) -> Why:
    """Return what a type says, which may be plain text."""
    if isinstance(found, str):
        return Why((Constraint(found),)) if found else NOTHING_BINDS
    return found


def _kilowatts(power_w: float, *, brief: bool) -> str:
    """Return a power in kW, the brief one with a decimal less where that changes nothing."""
    text = kilowatts(power_w)
    return text[:-1] if brief and text.endswith("0") and "." in text[:-2] else text


def held_by_ramp(from_w: float, to_w: float, w_per_s: float, dt_s: float) -> tuple[Constraint, ...]:
    """Return the ramp that holds a power back from where it goes, if one does."""
    way_w = abs(to_w - from_w)
    if way_w <= max(SAME_W, SAME_SHARE * abs(to_w)) or w_per_s * dt_s >= way_w:
        return ()
    return (Constraint(RAMP, f"ramp {kilowatts(w_per_s)} kW/s", left_s=way_w / w_per_s),)
