"""A console on a pseudo terminal: every byte in and out, and a terminal that does not read or is gone."""

import contextlib
import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path

LIMIT_S = 30.0
ROOT = Path(__file__).parents[2]


class PtyConsole:
    """A console on a pseudo terminal that this test reads, or does not."""

    def __init__(
        self,
        site: Path,
        *options: str,
        size: tuple[int, int] = (200, 50),
        hz: float = 20,
        program: tuple[str, ...] = ("-m", "twin_tui"),
    ) -> None:
        self.master, self.slave = pty.openpty()
        self.resize(*size)
        environment = {**os.environ, "TERM": "xterm-256color", "XDG_CONFIG_HOME": str(site.parent)}
        environment["PYTHONPATH"] = str(ROOT)
        self.process = subprocess.Popen(
            [sys.executable, *program, "run", str(site), "--hz", str(hz), *options],
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            cwd=site.parent,
            env=environment,
            start_new_session=True,
        )
        self._reading = threading.Event()
        self._reading.set()
        self._ended = False
        self.output = bytearray()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @property
    def seen(self) -> int:
        """How many bytes the console has written."""
        return len(self.output)

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            while not self._ended:
                if self._reading.wait(0.1) and select.select([self.master], [], [], 0.1)[0]:
                    self.output += os.read(self.master, 65_536)

    def send(self, data: bytes) -> None:
        """Send bytes as the terminal would."""
        while data:
            data = data[os.write(self.master, data[:1024]) :]

    def wait(self, text: bytes, since: int = 0) -> None:
        """Wait until the console has written a text; fail when it has ended or never does."""
        ends = time.monotonic() + LIMIT_S
        while text not in self.output[since:]:
            assert self.process.poll() is None, (
                f"ended with {self.process.returncode}: {self.end_of_output()}"
            )
            assert time.monotonic() < ends, f"{text!r} not seen: {self.end_of_output()}"
            time.sleep(0.02)

    def end_of_output(self) -> str:
        """Return what was written last."""
        return self.output[-2000:].decode("utf-8", "replace")

    def resize(self, width: int, height: int) -> None:
        """Give the terminal another size."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def stall(self) -> None:
        """Read no more."""
        self._reading.clear()

    def read_on(self) -> None:
        """Read again."""
        self._reading.set()

    def hang_up(self) -> None:
        """Take the terminal away."""
        self._ended = True
        self._thread.join()
        os.close(self.slave)
        os.close(self.master)
        self.master = self.slave = -1

    def close(self) -> None:
        """End everything."""
        self._ended = True
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.master >= 0:
            self._thread.join()
            os.close(self.slave)
            os.close(self.master)
