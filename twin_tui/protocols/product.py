"""What the twin tells peers of itself."""

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed

MAKER = "Twin TUI"


def version() -> str:
    """Return the version of the installed package, "0" when it runs from its sources alone."""
    try:
        return installed("twin-tui")
    except PackageNotFoundError:
        return "0"
