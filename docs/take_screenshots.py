"""Takes the pictures of the README from the running demo: ``python docs/take_screenshots.py``."""

import asyncio
import re
import socket
import threading
from pathlib import Path

from textual.pilot import Pilot

from twin_tui.console.app import ConsoleApp
from twin_tui.console.settings import Settings
from twin_tui.session.thread import TwinThread
from twin_tui.twin import Twin

FOLDER = Path(__file__).parent / "screenshots"
SETPOINTS_KW = (-6.0, 4.0, -12.0, 9.0)
_WEB_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def ems(port: int, ended: threading.Event) -> None:
    """Poll the battery and write a setpoint now and then, as an energy manager does."""
    read = bytes([0, 1, 0, 0, 0, 6, 1, 4, *(32_000).to_bytes(2, "big"), 0, 3])
    with socket.create_connection(("127.0.0.1", port)) as connection:
        number = 0
        while not ended.wait(0.2):
            connection.sendall(read)
            connection.recv(256)
            if number % 15 == 0:
                raw = round(SETPOINTS_KW[number // 15 % len(SETPOINTS_KW)] * 10).to_bytes(
                    4, "big", signed=True
                )
                head = bytes([0, 2, 0, 0, 0, 11, 1, 16, *(10_126).to_bytes(2, "big"), 0, 2, 4])
                connection.sendall(head + raw)
                connection.recv(256)
            number += 1


async def take(thread: TwinThread, size: tuple[int, int], keys: tuple[str, ...], name: str) -> None:
    """Open the console, let it run for a while, press keys, save the picture."""
    app = ConsoleApp(thread, Settings(glyphs="unicode"))
    async with app.run_test(size=size) as pilot:
        await _command(pilot, "speed 10")
        await asyncio.sleep(5)
        await _command(pilot, "speed 1")
        await _command(pilot, "sag grid 0.92 5s")
        await asyncio.sleep(8)
        for key in keys:
            await pilot.press(key)
            await pilot.pause(0.6)
        picture = _WEB_FONTS.sub("", app.export_screenshot(title="Twin TUI"))
        (FOLDER / f"{name}.svg").write_text(picture, encoding="utf-8")


async def _command(pilot: Pilot[int], line: str) -> None:
    app = pilot.app
    assert isinstance(app, ConsoleApp)
    await app.carry_out(line)
    await pilot.pause()


def main() -> None:
    """Take every picture."""
    FOLDER.mkdir(exist_ok=True)
    twin = Twin.from_file("demo")
    thread = TwinThread(twin)
    thread.start()
    ended = threading.Event()
    client = threading.Thread(target=ems, args=(twin.links.servers[0].port, ended))
    client.start()
    try:
        asyncio.run(take(thread, (80, 24), (), "overview-80x24"))
        asyncio.run(take(thread, (160, 48), (), "overview-160x48"))
        asyncio.run(take(thread, (80, 24), ("v",), "sag-80x24"))
        asyncio.run(take(thread, (160, 48), ("enter",), "device-160x48"))
    finally:
        ended.set()
        client.join()
        thread.stop()


if __name__ == "__main__":
    main()
