"""The S2 log of a site: every message of its conversations, in one file."""

import contextlib
import json
from pathlib import Path
from typing import IO, Any

from twin_tui.documents.output import check_new, reason, refused
from twin_tui.engine.engine import Engine
from twin_tui.engine.snapshot import LogKind
from twin_tui.errors import file_name


class ConversationLog:
    """Writes messages in and out until the disk refuses; open while a device of the site uses it."""

    def __init__(self, path: Path, engine: Engine) -> None:
        self.path = path
        self._engine = engine
        self._file: IO[str] | None = None
        self._users = 0
        self.failed = ""
        """Why writing stopped, "" while all is well."""

    def open(self) -> None:
        """Open the file for one more device; raise ConfigError when that is refused."""
        if self._file is None and not self.failed:
            check_new(self.path, force=True)
            try:
                # a lone surrogate is written as a JSON escape
                self._file = self.path.open(
                    "a", encoding="utf-8", errors="backslashreplace", newline="\n", buffering=1
                )
            except OSError as error:
                raise refused(self.path, error) from None
        self._users += 1

    def write(self, device: str, direction: str, message: Any) -> None:
        """Write a message of a device; what the disk refuses ends the log with one alarm, not the run."""
        if self._file is None:
            return
        entry = {"t": round(self._engine.time_s, 6), "device": device, direction: message}
        try:
            text = json.dumps(entry, separators=(",", ":"), ensure_ascii=False)
        except RecursionError:  # what could just be read cannot always be written
            text = json.dumps({**entry, direction: "nested too deeply"}, separators=(",", ":"))
        try:
            self._file.write(text + "\n")
        except OSError as error:
            self._fail(reason(error))

    def close(self) -> None:
        """Close the file when the last device has left it."""
        self._users -= 1
        if self._users == 0:
            self._shut()

    def _fail(self, why: str) -> None:
        self._shut()
        self.failed = f"{file_name(self.path)}: the S2 log is incomplete: {why}"
        text = f"S2 log failed: {file_name(self.path)}: {why}; the run goes on without it"
        self._engine.note(LogKind.ALARM, "", text)

    def _shut(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):  # what failed to be written is tried again
                file.close()
