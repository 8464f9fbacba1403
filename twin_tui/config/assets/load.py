"""A load in a site file."""

from typing import Annotated

from twin_tui.config.assets.base import Asset
from twin_tui.config.derive import Sets
from twin_tui.config.values import NotNegative


class LoadAsset(Asset):
    """What the site consumes whatever anybody commands."""

    base_kw: Annotated[NotNegative, Sets("base_w", 1e3)] = 5.0
