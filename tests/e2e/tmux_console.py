"""A console in a tmux session, as a user has it: keys in, screen out."""

import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

LIMIT_S = 90.0
"""Much longer than anything takes: a busy machine must not fail a test."""
TMUX = shutil.which("tmux")


class TmuxConsole:
    """One console of a site file in a tmux server of its own."""

    def __init__(
        self, site: Path, folder: Path, size: tuple[int, int] = (80, 24), **environment: str
    ) -> None:
        self._socket = f"twin-{uuid.uuid4().hex[:8]}"
        self.exit_file = folder / f"exit-{self._socket}"
        state = folder / "state"
        (state / "twin-tui").mkdir(parents=True, exist_ok=True)
        (state / "twin-tui" / "tour-shown").touch()
        settings = {"XDG_CONFIG_HOME": str(folder), "XDG_STATE_HOME": str(state), "HOME": str(folder)}
        settings |= {"COLUMNS": "80", "LINES": "24"}  # as some shells export them; the terminal counts
        settings |= environment
        variables = " ".join(f"{name}={value!r}" for name, value in settings.items())
        command = (
            f"cd {str(folder)!r}; env {variables} {sys.executable} -m twin_tui run {str(site)!r}; "
            f"echo $? > {str(self.exit_file)!r}; stty -a; echo SHELL IS BACK; exec sleep 60"
        )
        width, height = size
        python_path = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        self._tmux("new-session", "-d", "-x", str(width), "-y", str(height), command, environment=python_path)

    def _tmux(self, *words: str, environment: dict[str, str] | None = None) -> str:
        assert TMUX is not None
        line = [TMUX, "-L", self._socket, "-f", "/dev/null", *words]
        done = subprocess.run(line, capture_output=True, text=True, check=False, env=environment)
        return done.stdout

    def press(self, *keys: str) -> None:
        """Press keys one after the other, by their tmux names."""
        for key in keys:
            self._tmux("send-keys", key)

    def type(self, text: str) -> None:
        """Type a text."""
        self._tmux("send-keys", "-l", text)

    def paste(self, data: bytes, file: Path) -> None:
        """Send bytes as the terminal would, by way of a file."""
        file.write_bytes(data)
        self._tmux("load-buffer", str(file))
        self._tmux("paste-buffer", "-r")

    def click(self, text: str) -> None:
        """Click on the first place where a text is on the screen."""
        for y, line in enumerate(self.screen().splitlines(), 1):
            if text in line:
                x = line.index(text) + 1
                self.type(f"\x1b[<0;{x};{y}M\x1b[<0;{x};{y}m")
                return
        raise AssertionError(f"{text} is not on the screen:\n{self.screen()}")

    def resize(self, width: int, height: int) -> None:
        """Give the terminal another size."""
        self._tmux("resize-window", "-x", str(width), "-y", str(height))

    def screen(self, *, styles: bool = False) -> str:
        """Return what is on the screen, if wanted with the sequences that style it."""
        return self._tmux("capture-pane", "-p", *(["-e"] if styles else []))

    def wait(self, seen: Callable[[str], bool] | str, limit_s: float = LIMIT_S) -> str:
        """Return the screen as soon as it shows something; fail with the last screen if it never does."""
        check = seen if callable(seen) else (lambda screen: seen in screen)
        ends = time.monotonic() + limit_s
        while True:
            screen = self.screen()
            if check(screen):
                return screen
            if time.monotonic() > ends:
                raise AssertionError(f"not seen within {limit_s:g} s; the screen is:\n{screen}")
            time.sleep(0.05)

    def close(self) -> None:
        """End the session and everything in it."""
        self._tmux("kill-server")
