"""What installed packages add: connectors and device types, each under an entry point of its own."""

from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint, distributions, entry_points
from typing import TypeVar

from twin_tui.engine.signals import value
from twin_tui.errors import ConfigError, raised_at, shown

P = TypeVar("P")


@value
class Broken:
    """An entry point whose package failed: its name, and what is wrong with it."""

    name: str
    text: str


def from_packages(group: str, kind: type[P], what: str, add: Callable[[P], None]) -> tuple[Broken, ...]:
    """Call ``add`` with what each entry point of a group names; return those that failed.

    They are reported only where a site uses them: another package must not block every site.
    """
    broken = []
    for entry in _entries(group):
        origin = f"{what} {entry.name} ({entry.value}{_package(entry)})"
        try:
            found = entry.load()
            if not isinstance(found, kind):
                raise ConfigError(f"expected a {kind.__name__}, found {shown(found)}")
            add(found)
        except ConfigError as error:
            broken.append(Broken(entry.name, f"{origin}: {error}"))
        except (Exception, SystemExit) as error:  # whatever the module of another package raises
            text = f"{str(error) or type(error).__name__}{raised_at(error)}"
            broken.append(Broken(entry.name, f"{origin} could not be loaded: {text}"))
    return tuple(broken)


def why_missing(kind: str, broken: tuple[Broken, ...]) -> str:
    """Return the errors of the packages that may provide a kind: the one of that name, or else all."""
    return "; ".join(each.text for each in broken if each.name == kind) or "; ".join(
        each.text for each in broken
    )


def _entries(group: str) -> Iterator[EntryPoint]:
    try:
        yield from entry_points(group=group)
    except (TypeError, ValueError, AttributeError):  # the metadata of one package is damaged
        for package in distributions():
            try:
                yield from (entry for entry in package.entry_points if entry.group == group)
            except (TypeError, ValueError, AttributeError):
                continue


def _package(entry: EntryPoint) -> str:
    try:
        return f", package {entry.dist.name}" if entry.dist is not None else ""
    except (TypeError, KeyError, AttributeError):  # a package without METADATA
        return ""
