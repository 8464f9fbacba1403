"""How the console ends when the system tells it to."""

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import Callable

END_WITHIN_S = 3.0


def end_on_signals(leave: Callable[[int], None]) -> None:
    """Have SIGTERM and SIGHUP leave with 128 + their number, whether the terminal still takes it or not."""

    def told(code: int) -> None:
        last = threading.Timer(END_WITHIN_S, os._exit, (code,))
        last.daemon = True
        last.start()
        leave(code)

    for name in ("SIGTERM", "SIGHUP"):
        with contextlib.suppress(AttributeError, NotImplementedError, RuntimeError, ValueError):
            number = getattr(signal, name)
            asyncio.get_running_loop().add_signal_handler(number, told, 128 + number)
