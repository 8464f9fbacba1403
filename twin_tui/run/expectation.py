"""What a scenario expects: a signal compared with a number or a status."""

import operator
import re
from collections.abc import Callable
from typing import Any

from twin_tui.commands import values as words
from twin_tui.engine.device import Status
from twin_tui.engine.engine import Engine
from twin_tui.engine.signals import value
from twin_tui.errors import CommandError, did_you_mean

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
}
_EXPECTATION = re.compile(
    r"\s*(?P<magnitude>\|)?(?P<device>[^\s|]+)\.(?P<signal>\w+)\|?\s*(?P<compare><=|>=|==|!=|<|>)\s*"
    r"(?P<wanted>[^±]+?)\s*(?:(?:±|\+-)\s*(?P<band>.+?))?\s*"
)


@value
class Expectation:
    """A comparison of a signal with a number: ``battery-1.soc >= 60%``, ``grid.frequency_hz == 50 ± 0.1``."""

    device: str
    signal: str
    compare: str
    wanted: float | str
    band: float = 0.0
    magnitude: bool = False
    unit: str = ""

    @classmethod
    def parse(cls, text: str, engine: Engine) -> "Expectation":
        """Read an expectation for a site; raise CommandError for what is none or what does not exist."""
        match = _EXPECTATION.fullmatch(text)
        if match is None:
            raise CommandError("that is no expectation such as 'battery-1.soc >= 60%'")
        device, signal, compare = match["device"], match["signal"], match["compare"]
        if signal == "status" and device in engine.devices:
            wanted, known = match["wanted"].strip().upper(), {status.value for status in Status}
            if wanted not in known:
                raise CommandError(f"unknown status {wanted!r}{did_you_mean(wanted, known)}")
            if compare not in ("==", "!="):
                raise CommandError("a status is compared with == or !=")
            return cls(device, signal, compare, wanted)
        unit = _unit(engine, device, signal)
        band = abs(words.number(match["band"], signal, unit)) if match["band"] else 0.0
        if band and compare != "==":
            raise CommandError("± goes with ==")
        number = words.number(match["wanted"], signal, unit)
        return cls(device, signal, compare, number, band, match["magnitude"] is not None, unit)

    def look(self, engine: Engine) -> float | str:
        """Return what the signal shows now."""
        if self.signal == "status":
            return engine.device(self.device).state.status.value
        seen = engine.telemetry(self.device)
        if not hasattr(seen, self.signal):
            seen = engine.device(self.device).commands
        return float(getattr(seen, self.signal))

    def met(self, seen: Any) -> bool:
        """Return whether it holds for what is seen."""
        if self.magnitude:
            seen = abs(seen)
        if self.band:
            return bool(abs(seen - self.wanted) <= self.band)
        return _COMPARE[self.compare](seen, self.wanted)


def shown(number: float, unit: str) -> str:
    """Return a number as a user writes it: a fraction in percent, thousands of W in kW."""
    if unit == "1":
        return f"{number * 100:.4g}%"
    if unit in ("W", "Wh", "VA", "var") and abs(number) >= 1000.0:
        return f"{number / 1000:.6g} k{unit}"
    return f"{number:.6g} {unit}".rstrip()


def _unit(engine: Engine, device: str, signal: str) -> str:
    signals = engine.signals(device)
    if signal not in signals:
        known = [*signals, "status"] if device in engine.devices else signals
        raise CommandError(f"{device} has no signal {signal!r}{did_you_mean(signal, known)}")
    if signals[signal].type is str:
        raise CommandError(f"{device}.{signal} is a text and cannot be compared with a number")
    return signals[signal].unit
