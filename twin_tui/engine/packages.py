"""What installed packages add: connectors and device types, each under an entry point of its own."""

from collections.abc import Iterator
from importlib.metadata import entry_points
from typing import TypeVar

from twin_tui.errors import ConfigError

P = TypeVar("P")


def from_packages(group: str, kind: type[P], what: str) -> Iterator[tuple[str, P]]:
    """Yield what the entry points of a group name, each with words for its origin; raise ConfigError."""
    for entry in entry_points(group=group):
        package = f", package {entry.dist.name}" if entry.dist is not None else ""
        origin = f"{what} {entry.name} ({entry.value}{package})"
        try:
            found = entry.load()
        except (Exception, SystemExit) as error:  # whatever the module of another package raises
            text = f"{origin} could not be loaded: {str(error) or type(error).__name__}"
            raise ConfigError(text) from error
        if not isinstance(found, kind):
            raise ConfigError(f"{origin}: expected a {kind.__name__}, found {found!r}")
        yield origin, found
