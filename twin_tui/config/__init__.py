"""Site files: read once, validated, and converted into plans for engine and protocols."""

from twin_tui.config.reader import Site
from twin_tui.config.site import find_site, load_site
from twin_tui.documents.shipped import shipped, shipped_folder, shipped_names

__all__ = ["Site", "find_site", "load_site", "shipped", "shipped_folder", "shipped_names"]
