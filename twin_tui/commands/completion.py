"""What may come next on a command line, and what was typed before."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from twin_tui.commands.verbs import VERBS
from twin_tui.engine.disturbance import Target
from twin_tui.engine.view import DeviceView, SiteView

SPEEDS = ("0.1", "0.5", "1", "2", "5", "10", "60", "100", "300", "1000", "max")


def completions(line: str, site: SiteView, more_verbs: Sequence[str] = ()) -> list[str]:
    """Return the words that may stand where the line ends, best first; the whole words, not their rests."""
    typed = line.removeprefix(":").lstrip().split(" ")
    if len(typed) == 1:
        return _matching(typed[0], [*VERBS, *more_verbs])
    verb = VERBS.get(typed[0].casefold())
    if verb is None:
        return []
    place = len(typed) - 2
    slots = verb.slots
    if slots[-1:] == ("value",) and place > 0:
        slot = slots[1 + (place - 1) % 2]
    elif slots[-1:] == ("rule",) and place >= len(slots) - 1:
        slot = "rule"
    else:
        slot = slots[place] if place < len(slots) else ""
    return _matching(typed[-1], _words(slot, typed, site))


def complete(line: str, site: SiteView, more_verbs: Sequence[str] = ()) -> str:
    """Return the line with its last word completed as far as that is certain."""
    found = completions(line, site, more_verbs)
    if not found:
        return line
    head, blank, _ = line.rpartition(" ")
    if len(found) == 1:
        return f"{head}{blank}{found[0]} "
    shared = found[0]
    for word in found[1:]:
        while not word.startswith(shared):
            shared = shared[:-1]
    return f"{head}{blank}{shared}" if len(shared) > len(line) - len(head) - len(blank) else line


def _matching(begun: str, known: Sequence[str]) -> list[str]:
    plain = begun.casefold().replace("_", "-")
    return [word for word in known if word.casefold().replace("_", "-").startswith(plain)]


def _words(slot: str, typed: Sequence[str], site: SiteView) -> list[str]:
    names = [device.name for device in site.devices]
    device = _device_of(typed, site)
    fixed = {
        "device": names,
        "clearable": ["all", "grid", "link", *names],
        "shape": ["step", "ramp", "sine"],
        "quantity": [target.value for target in Target],
        "record": ["start", "stop"],
        "speed": list(SPEEDS),
        "link": list(site.link_faults),
        "rule": [f"{option}=" for option in site.link_options],
    }
    if slot in fixed:
        return fixed[slot]
    if device is None:
        return []
    if slot == "value":
        signal = device.commands.get(typed[-2]) or device.telemetry.get(typed[-2])
        if signal is None or not signal.options:
            return []
        return [text if " " not in text else str(key) for key, text in signal.options.items()]
    return list(
        {
            "fault": device.faults,
            "command": device.commands,
            "signal": {**device.telemetry, **device.commands},
            "mode": {**device.modes, "off": ""},
        }.get(slot, {})
    )


def _device_of(typed: Sequence[str], site: SiteView) -> DeviceView | None:
    wanted = typed[1].casefold().replace("_", "-")
    for device in site.devices:
        if device.name.casefold().replace("_", "-") == wanted:
            return device
    return None


@dataclass
class LineHistory:
    """The command lines of this session, newest last, and the place while walking through them."""

    lines: list[str] = field(default_factory=list)
    most: int = 200
    _place: int = 0
    _draft: str = ""

    def add(self, line: str) -> None:
        """Remember a line that was carried out; a repeated one is kept once."""
        if line in self.lines:
            self.lines.remove(line)
        self.lines.append(line)
        del self.lines[: -self.most]
        self.leave()

    def leave(self) -> None:
        """Stand behind the newest line again."""
        self._place = len(self.lines)

    def older(self, draft: str) -> str:
        """Return the line before; ``draft`` is kept for the way back."""
        if self._place >= len(self.lines):
            self._place = len(self.lines)
            self._draft = draft
        self._place = max(0, self._place - 1)
        return self.lines[self._place] if self.lines else draft

    def newer(self) -> str:
        """Return the line after, and at the end what had been typed."""
        self._place = min(len(self.lines), self._place + 1)
        return self.lines[self._place] if self._place < len(self.lines) else self._draft
