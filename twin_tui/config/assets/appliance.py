"""A home appliance in a site file."""

from typing import Annotated, Any

from pydantic import ValidationInfo

from twin_tui.config.assets.base import Asset
from twin_tui.config.context import NO_CONTEXT
from twin_tui.config.derive import Sets
from twin_tui.config.schedule import to_windows
from twin_tui.documents.values import Accepts, Duration, Positive
from twin_tui.engine.devices.time_window import Window
from twin_tui.errors import TwinError


def _to_windows(found: Any, info: ValidationInfo) -> tuple[Window, ...]:
    try:
        return to_windows(found, info.context or NO_CONTEXT)
    except TwinError as error:
        raise ValueError(str(error)) from None


Windows = Annotated[tuple[Window, ...], Accepts(_to_windows, {"type": ["array", "object"]}, informed=True)]


class ApplianceAsset(Asset):
    """An appliance with a programme of known energy and duration, also in EOS's form."""

    duration: Annotated[Duration | None, Sets("duration_s")] = None
    duration_h: Annotated[Positive | None, Sets("duration_s", 3600.0)] = None
    windows: Annotated[Windows | None, Sets("windows")] = None
    time_windows: Annotated[Windows | None, Sets("windows")] = None
    horizon: Annotated[Duration | None, Sets("horizon_s")] = None
