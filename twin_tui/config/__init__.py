"""Site files: read once at the edge, checked, and turned into what engine and protocols take."""

from twin_tui.config.site import Site, find_site, load_site
from twin_tui.documents.shipped import shipped, shipped_folder, shipped_names

__all__ = [
    "Site",
    "find_site",
    "load_site",
    "shipped",
    "shipped_folder",
    "shipped_names",
]
