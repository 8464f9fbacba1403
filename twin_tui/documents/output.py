"""Files that a run writes: under a new name, a little at a time, with one reason when the disk refuses."""

import contextlib
import os
import stat
import zlib
from pathlib import Path

from twin_tui.errors import ConfigError

MOST_WAITING = 1 << 16
LONGEST_NAME = 200
GZIP = 31
"""What zlib calls a gzip file with the largest window."""


class ExistingFileError(ConfigError):
    """A file that would be lost by writing to its name."""


def cut(path: Path) -> str:
    """Return a path for a message, without the middle of a very long one."""
    text = str(path)
    half = LONGEST_NAME // 2
    return text if len(text) <= LONGEST_NAME else f"{text[:half]}...{text[-half:]}"


def reason(error: Exception) -> str:
    """Return why the system refused, without the path."""
    number = getattr(error, "errno", None)
    return os.strerror(number) if number else str(error)


def refused(path: Path, error: Exception) -> ConfigError:
    """Return the message for a file that cannot be written."""
    return ConfigError(f"{cut(path)}: cannot be written: {reason(error)}")


def check_new(path: Path, *, force: bool = False, folder: bool = False) -> None:
    """Raise ConfigError unless a file, or a folder of files, can be made there; change nothing."""
    try:
        kind = path.stat().st_mode
    except FileNotFoundError:
        if path.is_symlink():
            raise ConfigError(f"{cut(path)}: is a link to nowhere; expected the name of a new file") from None
        _check_folder(path)
        return
    except (OSError, ValueError) as error:
        raise refused(path, error) from None
    if stat.S_ISCHR(kind):
        return
    if stat.S_ISDIR(kind) and not folder:
        raise ConfigError(f"{cut(path)}: is a folder; expected the name of a file")
    if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
        raise ConfigError(f"{cut(path)}: is not a regular file (a named pipe, socket or disk)")
    if not force:
        raise ExistingFileError(
            f"{cut(path)}: exists already; choose another name, or overwrite it with --force"
        )
    if not os.access(path, os.W_OK):
        raise ConfigError(f"{cut(path)}: cannot be written: Permission denied")


def _check_folder(path: Path) -> None:
    parent = path.parent
    if not parent.is_dir():
        raise ConfigError(f"{cut(path)}: the folder {cut(parent)} does not exist")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise ConfigError(f"{cut(path)}: no permission to write to the folder {cut(parent)}")


class Output:
    """A file that grows in whole pieces, gzipped if asked; every method may raise OSError."""

    def __init__(self, path: Path, *, force: bool = False, gzipped: bool = False) -> None:
        check_new(path, force=force)
        self.path = path
        try:
            existed = path.exists()
            self._file = path.open("wb" if existed else "xb", buffering=0)
        except (OSError, ValueError) as error:
            raise refused(path, error) from None
        self._made = not existed
        self._squeeze = zlib.compressobj(1, zlib.DEFLATED, GZIP) if gzipped else None
        self._waiting = bytearray()

    def write(self, piece: bytes) -> None:
        """Add a piece; it reaches the file with the next flush, or before when much waits."""
        self._waiting += piece
        if len(self._waiting) >= MOST_WAITING:
            self.flush()

    def flush(self) -> None:
        """Give the system all that waits."""
        waiting, self._waiting = self._waiting, bytearray()
        if waiting and self._squeeze is not None:
            waiting = bytearray(self._squeeze.compress(waiting) + self._squeeze.flush(zlib.Z_SYNC_FLUSH))
        self._put(waiting)

    def close(self) -> None:
        """Write what waits and close the file."""
        try:
            self.flush()
            if self._squeeze is not None:
                self._put(self._squeeze.flush(zlib.Z_FINISH))
        finally:
            self._file.close()

    def abandon(self, *, remove: bool = False) -> None:
        """Close the file as it is; with ``remove`` delete it unless it was there before."""
        with contextlib.suppress(OSError):
            self._file.close()
        if remove and self._made:
            with contextlib.suppress(OSError):
                self.path.unlink()

    def _put(self, data: bytes | bytearray) -> None:
        left = memoryview(data)
        while left:
            left = left[self._file.write(left) or 0 :]
