"""Twin TUI: a digital twin of an energy site that lives in a terminal."""

from typing import TYPE_CHECKING, Any

from twin_tui.errors import CommandError, ConfigError, LinkError, TwinError

if TYPE_CHECKING:
    from twin_tui.twin import Twin

__version__ = "0.2.0"
__all__ = ["CommandError", "ConfigError", "LinkError", "Twin", "TwinError", "__version__"]


def __getattr__(name: str) -> Any:
    """Load the twin when it is asked for: importing the engine alone must not bring in the servers."""
    if name == "Twin":
        from twin_tui.twin import Twin  # noqa: PLC0415

        return Twin
    raise AttributeError(name)
