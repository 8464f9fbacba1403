"""Bounds of parameters: what a model is built from must make sense before the first step."""

from math import inf, isfinite
from typing import Any

from twin_tui.errors import ConfigError


def above_0(params: Any, what: str, *names: str) -> None:
    """Raise ConfigError unless each of these parameters is a finite number above 0."""
    for name in names:
        found = getattr(params, name)
        if not (isfinite(found) and found > 0.0):
            raise ConfigError(f"{name} {found:g} of {what} is not above 0")


def from_0(params: Any, what: str, *names: str) -> None:
    """Raise ConfigError unless each of these parameters is a finite number of at least 0."""
    for name in names:
        found = getattr(params, name)
        if not (isfinite(found) and found >= 0.0):
            raise ConfigError(f"{name} {found:g} of {what} is below 0")


def within(params: Any, what: str, **ranges: tuple[float, float]) -> None:
    """Raise ConfigError unless each of these parameters is in its range, ends included."""
    for name, (low, high) in ranges.items():
        found = getattr(params, name)
        if not low <= found <= high:
            raise ConfigError(f"{name} {found:g} of {what} is not in {low:g} … {high:g}")


def efficiencies(params: Any, what: str, *names: str) -> None:
    """Raise ConfigError unless each of these parameters is above 0 up to 1."""
    for name in names:
        found = getattr(params, name)
        if not 0.0 < found <= 1.0:
            raise ConfigError(f"{name} {found:g} of {what} is not above 0 up to 1")


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
