"""Product name and version, as reported to peers."""

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed

MAKER = "Twin TUI"


def version() -> str:
    """Return the version of the installed package, "0" when it is not installed."""
    try:
        return installed("twin-tui")
    except PackageNotFoundError:
        return "0"
