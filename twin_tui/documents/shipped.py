"""The sites, register maps and scenarios shipped with the package."""

from pathlib import Path
from typing import Literal

from twin_tui.documents.files import present
from twin_tui.errors import ConfigError, did_you_mean, shown

Kind = Literal["sites", "register_maps", "scenarios"]
KINDS: tuple[Kind, ...] = ("sites", "register_maps", "scenarios")

_SUFFIXES = (".yaml", ".yml", ".json")
_SINGULAR: dict[str, str] = {"sites": "site", "register_maps": "register map", "scenarios": "scenario"}


def shipped_folder(kind: Kind) -> Path:
    """Return the folder of the shipped files of a kind: in a wheel, or at the top of a source checkout."""
    package = Path(__file__).parent.parent
    inside = package / "_shipped" / kind
    return inside if inside.is_dir() else package.parent / kind


def shipped_names(kind: Kind) -> tuple[str, ...]:
    """Return the names of the shipped files of a kind, without suffix."""
    folder = shipped_folder(kind)
    if not folder.is_dir():
        return ()
    return tuple(sorted(path.stem for path in folder.iterdir() if path.suffix in _SUFFIXES))


def shipped(kind: Kind, name: str) -> Path:
    """Return the path of a shipped file by its name, with or without suffix."""
    found = find_shipped(kind, name)
    if found is None:
        hint = did_you_mean(Path(name).stem, shipped_names(kind))
        raise ConfigError(f"no shipped {_SINGULAR[kind]} {shown(name)}{hint}")
    return found


def hides_shipped(kind: Kind, name: str | Path, folder: Path = Path()) -> bool:
    """Return whether what has the name of a shipped file in a folder is only a folder, too."""
    try:
        return find_shipped(kind, str(name)) is not None and (folder / name).is_dir()
    except OSError:
        return False


def find_shipped(kind: Kind, name: str) -> Path | None:
    """Return the path of a shipped file, or None for an unknown name."""
    if not name or Path(name).name != name or name.startswith("."):
        return None
    folder = shipped_folder(kind)
    for suffix in ("", *_SUFFIXES):
        path = folder / (name + suffix)
        if path.suffix in _SUFFIXES and present(path):
            return path
    return None
