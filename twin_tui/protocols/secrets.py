"""Tokens: given directly, in a file of their own, or in the environment."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

from pydantic import SecretStr

from twin_tui.errors import LinkError

LONGEST_TOKEN = 4096


def plain_text(token: SecretStr | None) -> str:
    """Return a token in plain text, "" for none."""
    return token.get_secret_value() if token is not None else ""


def given_token(token: str, file: Path | None, variable: str) -> str:
    """Return the token that was given, else that of the file, else that of the environment variable, or "".

    Raises LinkError for a file without a token, and for a token that no client could send.
    """
    if not token and file is not None:
        return _read(file)
    found = token or token_in(variable)
    if not found.isprintable():
        raise LinkError(f"{'token' if token else variable}: expected one line without control characters")
    return found


def token_in(variable: str) -> str:
    """Return the token in an environment variable, "" for none; blanks are none."""
    return os.environ.get(variable, "").strip()


def warn_if_exposed(file: Path | None, warn: Callable[[str], None]) -> None:
    """Warn when every user of this computer can read a token file."""
    if file is not None and os.name == "posix" and file.stat().st_mode & stat.S_IROTH:
        warn(f"token file {file} is readable by every user of this computer: chmod 600 {file}")


def _read(file: Path) -> str:
    try:
        if not file.is_file() and file.exists():
            raise LinkError(f"token file {file}: expected a regular file")
        with file.open("rb") as opened:
            text = opened.read(LONGEST_TOKEN + 1).decode().strip()
    except OSError as error:
        raise LinkError(f"token file {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise LinkError(f"token file {file}: expected text") from None
    if not text:
        raise LinkError(f"token file {file} is empty")
    if len(text) > LONGEST_TOKEN or not text.isprintable() or not text.isascii():
        raise LinkError(f"token file {file}: expected one line of at most {LONGEST_TOKEN} ASCII characters")
    return text
