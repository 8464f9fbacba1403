"""Files on disk: whether one is there, and writing one as a whole."""

import contextlib
import os
import stat
from pathlib import Path

from twin_tui.errors import RunError, file_name


def present(path: Path) -> bool:
    """Return whether a path exists, or might: opening it reports a folder without permission."""
    try:
        return path.exists()
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False


def identity(path: Path) -> object:
    """Return the identity of a file, the same under any name; None for a device such as /dev/null."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return path.absolute()
    return None if stat.S_ISCHR(found.st_mode) else (found.st_dev, found.st_ino)


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
