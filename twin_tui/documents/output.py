"""Files that a run writes: under a new name, a little at a time, with one reason when the disk refuses."""

import contextlib
import fcntl
import os
import stat
import zlib
from pathlib import Path

from twin_tui.errors import ConfigError, file_name

MOST_WAITING = 1 << 16
GZIP = 31
"""What zlib calls a gzip file with the largest window."""


DELETED = "it was deleted while it was being written"
CHANGED = "another program changed it while it was being written"


class ExistingFileError(ConfigError):
    """A file that would be lost by writing to its name."""


def reason(error: Exception) -> str:
    """Return why the system refused, without the path."""
    number = getattr(error, "errno", None)
    return os.strerror(number) if number else str(error)


def refused(path: Path, error: Exception) -> ConfigError:
    """Return the message for a file that cannot be written."""
    return ConfigError(f"{file_name(path)}: cannot be written: {reason(error)}")


def check_new(path: Path, *, force: bool = False, folder: bool = False, whole: bool = False) -> None:
    """Raise ConfigError unless a file, or a folder of files, can be made there; change nothing.

    ``whole`` is for ``write_whole``: a pipe will do, and a file is replaced by a new one beside it.
    """
    try:
        kind = path.stat().st_mode
    except FileNotFoundError:
        if path.is_symlink():
            raise ConfigError(
                f"{file_name(path)}: is a link to nowhere; expected the name of a new file"
            ) from None
        _check_folder(path)
        return
    except (OSError, ValueError) as error:
        raise refused(path, error) from None
    if stat.S_ISCHR(kind) or (whole and stat.S_ISFIFO(kind)):
        return
    if stat.S_ISDIR(kind) and not folder:
        raise ConfigError(f"{file_name(path)}: is a folder; expected the name of a file")
    if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
        raise ConfigError(f"{file_name(path)}: is not a regular file (a named pipe, socket or disk)")
    if not force:
        raise ExistingFileError(
            f"{file_name(path)}: exists already; choose another name, or overwrite it with --force"
        )
    if not os.access(path, os.W_OK):
        raise ConfigError(f"{file_name(path)}: cannot be written: Permission denied")
    if whole:
        _check_folder(path.resolve())


def _check_folder(path: Path) -> None:
    parent = path.parent
    if not parent.is_dir():
        raise ConfigError(f"{file_name(path)}: the folder {file_name(parent)} does not exist")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise ConfigError(f"{file_name(path)}: no permission to write to the folder {file_name(parent)}")


def _unchanged(path: str, flags: int) -> int:
    """Open a file without emptying it."""
    return os.open(path, flags & ~os.O_TRUNC, 0o666)


def lock(path: Path, handle: int) -> None:
    """Reserve an open file or folder for this run; raise ConfigError when another run writes to it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ConfigError(f"{file_name(path)}: another run is writing to it; choose another name") from None
    except OSError:
        return  # a file system without locks
    if not os.path.samestat(os.fstat(handle), path.stat()):
        raise ConfigError(f"{file_name(path)}: was replaced by another program; start again")


class Output:
    """A file that grows in whole pieces, gzipped if asked; every method may raise OSError."""

    def __init__(self, path: Path, *, force: bool = False, gzipped: bool = False) -> None:
        check_new(path, force=force)
        self.path = path
        self._size: int | None = None
        """The bytes in the file, where they can be checked."""
        try:
            self._made = not path.exists()
            self._file = open(  # noqa: SIM115 - closed by close and abandon
                path, "xb" if self._made else "wb", buffering=0, opener=_unchanged
            )
            if path.is_file():
                self._reserve()
        except (OSError, ValueError) as error:
            raise refused(path, error) from None
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
        if self._size is not None:
            self._check_untouched(self._size)
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
        if remove and self._made:  # before another run can reserve it
            with contextlib.suppress(OSError):
                self.path.unlink()
        with contextlib.suppress(OSError):
            self._file.close()

    def _reserve(self) -> None:
        """Empty the file, once it is known that no other run writes to it."""
        try:
            lock(self.path, self._file.fileno())
            self._file.truncate()
            if os.fstat(self._file.fileno()).st_nlink:  # which some network file systems do not count
                self._size = 0
        except BaseException:
            self._file.close()
            raise

    def _check_untouched(self, size: int) -> None:
        """Raise OSError when another program has deleted, emptied or continued the file."""
        found = os.fstat(self._file.fileno())
        if not found.st_nlink:
            raise OSError(DELETED)
        if found.st_size != size:
            raise OSError(CHANGED)

    def _put(self, data: bytes | bytearray) -> None:
        if self._size is not None:
            self._size += len(data)
        left = memoryview(data)
        while left:
            left = left[self._file.write(left) or 0 :]
