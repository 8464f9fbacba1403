"""Files on disk: whether one is there, and writing one as a whole."""

import contextlib
import os
from pathlib import Path

from twin_tui.errors import ConfigError, RunError, file_name


def present(path: Path) -> bool:
    """Return whether a path exists, or might: opening it reports a folder without permission."""
    try:
        return path.exists()
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False


def check_writable(path: Path) -> None:
    """Raise ConfigError unless a file could be written there later."""
    name, folder = file_name(path), path.parent
    try:
        if path.is_dir():
            raise ConfigError(f"{name}: is a directory; expected a file")
        if not folder.is_dir():
            raise ConfigError(f"{name}: no such folder: {file_name(folder)}")
        if not os.access(path if path.exists() else folder, os.W_OK):
            raise ConfigError(f"{name}: no permission to write")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"{name}: could not write: {reason}") from None


def write_whole(path: Path, text: str) -> None:
    """Write a text to a file that keeps its old content until the new one is complete; raise RunError.

    What is no regular file, such as /dev/stdout, is written directly.
    """
    data = text.encode("utf-8")
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(data)
            return
        target = path.resolve()
        beside = target.with_name(f".{target.name[:200]}.{os.getpid()}.tmp")
        try:
            with beside.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(target)
        except BaseException:
            with contextlib.suppress(OSError):
                beside.unlink()
            raise
    except OSError as error:
        raise RunError(f"{file_name(path)}: could not write: {error.strerror}") from None
