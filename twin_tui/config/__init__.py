"""Site files: read once at the edge, checked, and turned into what engine and protocols take."""

from twin_tui.config.site import Site, dump_site, find_site, load_site, without_endpoints
from twin_tui.documents.shipped import shipped, shipped_folder, shipped_names

__all__ = [
    "Site",
    "dump_site",
    "find_site",
    "load_site",
    "shipped",
    "shipped_folder",
    "shipped_names",
    "without_endpoints",
]
