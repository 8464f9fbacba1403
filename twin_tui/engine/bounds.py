"""Bounds of parameters: what a model is built from must make sense before the first step."""

from dataclasses import fields
from math import inf, isfinite
from typing import Annotated, Any

from twin_tui.engine.signals import value
from twin_tui.errors import ConfigError

NO_LIMIT_W = 1e9
"""A power limit that is none."""
LARGEST = 1e18
"""Squares, products and quotients of such numbers and of their inverses are still finite."""


@value
class Range:
    """The finite numbers that a parameter may be: from ``low``, or above ``above``, to ``high``."""

    low: float | None = None
    high: float = inf
    above: float = -inf

    def require(self, name: str, found: float, what: str) -> None:
        """Raise ConfigError, naming the parameter and what it is of, for a number outside."""
        least = self.above if self.low is None else self.low
        if LARGEST < abs(found) < inf:
            raise ConfigError(f"{name} {found:g} of {what} is larger than {LARGEST:g}")
        if 0.0 < abs(found) < 1.0 / LARGEST:
            raise ConfigError(f"{name} {found:g} of {what} is smaller than {1.0 / LARGEST:g}, and not 0")
        if isfinite(found) and least <= found <= self.high and found > self.above:
            return
        if self.low is None:
            missed = f"not above {self.above:g}" + (f" up to {self.high:g}" if isfinite(self.high) else "")
        else:
            missed = f"not in {self.low:g} … {self.high:g}" if isfinite(self.high) else f"below {self.low:g}"
        raise ConfigError(f"{name} {found:g} of {what} is {missed}")


Positive = Annotated[float, Range(above=0.0)]
NotNegative = Annotated[float, Range(0.0)]
Share = Annotated[float, Range(0.0, 1.0)]
Efficiency = Annotated[float, Range(above=0.0, high=1.0)]


def check(params: Any, what: str) -> None:
    """Raise ConfigError unless each parameter whose type is annotated with a range is in it, or is None."""
    for item in fields(params):
        for allowed in getattr(item.type, "__metadata__", ()):
            found = getattr(params, item.name)
            if found is not None:
                allowed.require(item.name, found, what)


def rising(params: Any, what: str, *names: str) -> None:
    """Raise ConfigError unless these parameters rise, or stay, from the first to the last."""
    before = -inf
    for name in names:
        found = getattr(params, name)
        if not before <= found:
            order = " ≤ ".join(names)
            values = ", ".join(f"{getattr(params, each):g}" for each in names)
            raise ConfigError(f"expected {order} of {what}, found {values}")
        before = found
