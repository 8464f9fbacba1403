"""A console in a tmux session, as a user has it: keys in, screen out."""

import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

LIMIT_S = 20.0
TMUX = shutil.which("tmux")


class TmuxConsole:
    """One console of a site file in a tmux server of its own."""

    def __init__(
        self, site: Path, folder: Path, size: tuple[int, int] = (80, 24), **environment: str
    ) -> None:
        self._socket = f"twin-{uuid.uuid4().hex[:8]}"
        self.exit_file = folder / f"exit-{self._socket}"
        settings = {"XDG_CONFIG_HOME": str(folder), "HOME": str(folder)}
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

    def resize(self, width: int, height: int) -> None:
        """Give the terminal another size."""
        self._tmux("resize-window", "-x", str(width), "-y", str(height))

    def screen(self) -> str:
        """Return what stands on the screen."""
        return self._tmux("capture-pane", "-p")

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
