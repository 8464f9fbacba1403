"""The errors of this package, in one tree."""

import difflib
import re
from collections.abc import Iterable
from enum import IntEnum
from heapq import nsmallest
from typing import SupportsFloat

CUT_AT = 80
"""The longest value or name in a message."""
LONGEST_FILE_NAME = 200
"""The longest path in a message."""
LONGEST_LINE = 1000
"""Of a message: many names may be listed, a value is not longer for it."""
MOST_COMPARED = 500
"""Names that a wrong one is compared with."""
MOST_ERRORS = 100
"""Errors of one file that are listed."""


class ExitCode(IntEnum):
    """How the process ends, with its meaning."""

    meaning: str

    def __new__(cls, number: int, meaning: str) -> "ExitCode":
        """Keep the meaning beside the number."""
        code = int.__new__(cls, number)
        code._value_ = number
        code.meaning = meaning
        return code

    OK = 0, "everything went well"
    NO = 1, "the answer is no: an expectation failed, a replay or a comparison differs"
    INPUT = 2, "what was given is wrong: an option, a file, a port or peer that is not available at the start"
    FAILED = 3, "the run itself failed: engine error, output or recording not written, server ended"
    LOST = 4, "attach: the connection to the running twin was lost (reserved)"
    REFUSED = 5, "attach: the running twin refused the connection (reserved)"
    VERSION = 6, "attach: the running twin has another version (reserved)"
    HUP = 129, "ended by SIGHUP: the terminal or session was closed"
    INT = 130, "ended by SIGINT, Ctrl+C"
    PIPE = 141, "the reader of the output has gone"
    TERM = 143, "ended by SIGTERM"


class TwinError(Exception):
    """An error that the user can correct; its text is one clear message, with hostile values cut."""

    exit_code = ExitCode.INPUT

    def __init__(self, text: str = "") -> None:
        super().__init__(readable(text))


class ConfigError(TwinError):
    """An invalid site, register map, scenario or option."""


class CommandError(TwinError):
    """An event that the engine refuses: unknown name, wrong type or invalid value."""


class LinkError(TwinError):
    """A port, serial line or peer that is not available."""


class RunError(TwinError):
    """A run that failed: its engine, its recording or its results."""

    exit_code = ExitCode.FAILED


class ArgumentError(TwinError, TypeError):
    """An argument of the wrong type in a call from Python."""


_QUOTED = re.compile(r"""(?<!\w)(?:'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*\")""")
_UNBROKEN = re.compile(r"[^\s'\"]{201,}")


def readable(text: str) -> str:
    """Return a message with every value in it cut: quoted at 80 characters, a path at its beginning."""
    if len(text) <= CUT_AT:
        return text
    text = _QUOTED.sub(_cut_quoted, text)
    text = _UNBROKEN.sub(lambda found: file_name(found[0]), text)
    return "\n".join(
        line if len(line) <= LONGEST_LINE else line[: LONGEST_LINE - 3] + "..." for line in text.split("\n")
    )


def _cut_quoted(found: re.Match[str]) -> str:
    quoted = found[0]
    return quoted if len(quoted) <= CUT_AT + 2 else f"{quoted[: CUT_AT - 3]}...{quoted[-1]}"


def check_argument(fits: bool, expected: str, found: object) -> None:
    """Raise ArgumentError unless an argument fits."""
    if not fits:
        raise ArgumentError(f"{expected}, not {shown(found)}")


def shown(found: object) -> str:
    """Return a value as text for a message, cut to a readable length."""
    try:
        text = repr(found[: CUT_AT + 1] if isinstance(found, str | bytes) else found)
    except ValueError:
        return "a number of thousands of digits"
    return text if len(text) <= CUT_AT else text[: CUT_AT - 3] + "..."


def named(found: object) -> str:
    """Return a key or name as text for a message: unchanged if printable and short."""
    plain = isinstance(found, str) and found.isprintable() and len(found) <= CUT_AT
    return str(found) if plain else shown(found)


def file_name(path: object) -> str:
    """Return a path as text for a message; a longer one loses its beginning."""
    text = str(path)
    if not text.isprintable():
        return shown(text)
    return text if len(text) <= LONGEST_FILE_NAME else "..." + text[3 - LONGEST_FILE_NAME :]


_LIBRARY, _OURS = (file.rpartition("/")[0] for file in (difflib.__file__, __file__))


def raised_at(error: BaseException) -> str:
    """Return the place in the code of another package that raised an error, as `` (file.py, line 3)``."""
    place, trace = "", error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        library = file.startswith(_LIBRARY) and "-packages" not in file
        if not (library or file.startswith(("<", _OURS)) or "/pydantic/" in file):
            place = f" ({file.rpartition('/')[2]}, line {trace.tb_lineno})"
        trace = trace.tb_next
    return place


def unexpected(error: BaseException) -> str:
    """Return what an unexpected error says, and where another package raised it."""
    return ": ".join(filter(None, (type(error).__name__, str(error)))) + raised_at(error)


def number(found: object) -> bool:
    """Return whether an argument is a number: of Python or of another package, but not true or false."""
    return isinstance(found, SupportsFloat) and not isinstance(found, bool)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean X?"`` for the nearest known name, or a short list of known names."""
    names = list(known)
    close = difflib.get_close_matches(name[:CUT_AT], _alike(name, names), n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; known: {', '.join(sorted(names))}" if 0 < len(names) <= 12 else ""


def _alike(name: str, names: list[str]) -> list[str]:
    """Return those names among very many that are worth comparing letter by letter, which is slow."""
    if len(names) <= MOST_COMPARED:
        return names
    return nsmallest(
        MOST_COMPARED, names, key=lambda each: (each[:1] != name[:1], abs(len(each) - len(name)))
    )
