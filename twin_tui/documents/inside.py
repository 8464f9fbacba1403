"""Which files a site file may name: those in its own folder, and the shipped ones."""

from pathlib import Path

from twin_tui.documents.shipped import KINDS, shipped_folder
from twin_tui.errors import shown


def inside(folder: Path, name: str) -> Path:
    """Return the path of a name in a site file; raise ValueError for one outside the folder of the site.

    Symbolic links are followed first.
    """
    path = folder / name
    allowed = (folder, *map(shipped_folder, KINDS))
    try:
        real = path.resolve()
        if any(real.is_relative_to(place.resolve()) for place in allowed):
            return path
    except (OSError, RuntimeError, ValueError) as error:
        raise ValueError(f"invalid file name {shown(name)}: {error}") from None
    outside = f"{real} is outside the folder of the site, {folder.resolve()}"
    raise ValueError(f"{outside}: move it there, or allow it with --allow-outside")
