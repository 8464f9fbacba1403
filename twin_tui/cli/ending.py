"""How the process ends: its signals, its standard streams, its exit code."""

import asyncio
import contextlib
import errno
import io
import os
import signal
import sys
import traceback
from collections.abc import Callable
from types import FrameType, TracebackType

import click

from twin_tui.cli.printing import discard
from twin_tui.engine.formats import clean_lines
from twin_tui.errors import ExitCode, RunError, TwinError, readable

SIGNALS = {signal.SIGHUP: ExitCode.HUP, signal.SIGINT: ExitCode.INT, signal.SIGTERM: ExitCode.TERM}
PATIENCE = 3
"""The number of signals that end the process at once."""


class Signals:
    """Notes SIGHUP, SIGINT and SIGTERM from now on, so that results are written before the process ends.

    The second one changes nothing, because shells and wrappers often send two; the third ends at once.
    """

    def __init__(self) -> None:
        self.code: ExitCode | None = None
        """The exit code of the first one."""
        self._count = 0
        self._noted = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._before: dict[signal.Signals, Callable[..., object] | int | None] = {}

    def __enter__(self) -> "Signals":
        for number in SIGNALS:
            if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
                continue  # nohup
            with contextlib.suppress(ValueError):  # not in the main thread
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    async def wait(self) -> None:
        """Wait for the first one."""
        await self._noted.wait()

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._count += 1
        if self._count >= PATIENCE:
            os._exit(SIGNALS[signal.Signals(number)])
        self.code = self.code or SIGNALS[signal.Signals(number)]
        self._loop.call_soon_threadsafe(self._noted.set)


def end(work: Callable[[], object]) -> ExitCode | int:
    """Do the work of the process; print every error as one message; return the exit code."""
    _open_closed_streams()
    code: ExitCode | int = ExitCode.OK
    message = fault = ""
    try:
        work()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else ExitCode.OK
    except click.exceptions.Exit as ended:
        code = ended.exit_code
    except click.ClickException as error:
        code = error.exit_code
        usage = io.StringIO()
        error.show(file=usage)
        with contextlib.suppress(OSError):
            click.echo(clean_lines(readable(usage.getvalue())), nl=False, err=True)
    except (KeyboardInterrupt, click.Abort):
        code = ExitCode.INT
    except TwinError as error:
        code, message = error.exit_code, str(error)
    except BrokenPipeError:
        code = ExitCode.PIPE
    except OSError as error:
        code, message = ExitCode.FAILED, _unwritten(error)
        fault = "" if message else traceback.format_exc()
    except MemoryError:
        code, message = ExitCode.FAILED, "not enough memory"
    except Exception:
        code, fault = ExitCode.FAILED, traceback.format_exc()
    try:
        sys.stdout.flush()
    except OSError as error:
        discard(sys.stdout.fileno())
        code = code or (ExitCode.PIPE if isinstance(error, BrokenPipeError) else ExitCode.FAILED)
        message = message or _unwritten(error)
    try:
        if message or fault:
            click.echo(fault or f"twin-tui: {clean_lines(message)}", err=True)
        sys.stderr.flush()
    except OSError:
        discard(sys.stderr.fileno())
    return code


def output_error(error: OSError) -> Exception:
    """Return the error of a run whose standard output takes no more."""
    return error if isinstance(error, BrokenPipeError) else RunError(_unwritten(error) or str(error))


def _unwritten(error: OSError) -> str:
    """Return the message for output that cannot be written, "" for any other error."""
    full = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF)
    return f"standard output: could not write: {error.strerror}" if error.errno in full else ""


def _open_closed_streams() -> None:
    """Open closed standard streams on the null device, or the next file opened would take their place."""
    for descriptor, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free descriptor, which is this one
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(descriptor, mode, closefd=False, encoding="utf-8"))
