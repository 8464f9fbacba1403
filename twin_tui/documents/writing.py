"""Writing a file as a whole: it is complete or it is not there."""

import contextlib
import os
from pathlib import Path

from twin_tui.errors import ConfigError, RunError, shown


def check_writable(path: Path) -> None:
    """Raise ConfigError unless a file could be written there later."""
    folder = path.parent
    if path.is_dir():
        raise ConfigError(f"{_named(path)}: is a directory; expected a file")
    if not folder.is_dir():
        raise ConfigError(f"{_named(path)}: no such folder: {_named(folder)}")
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise ConfigError(f"{_named(path)}: no permission to write")


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
        raise RunError(f"{_named(path)}: could not write: {error.strerror}") from None


def _named(path: Path) -> str:
    text = str(path)
    return text if text.isprintable() and len(text) <= 200 else shown(text)
