"""Makes the moving picture at the head of the README: ``python -m docs.make_cast [FILE] [--still SECOND]``.

Half a minute of the console on the demo site, stepped by hand: an SVG that moves without scripts, a row drawn
once for all the time that it is seen.
"""

import argparse
import asyncio
from collections import defaultdict
from html import escape
from pathlib import Path

from rich.style import Style
from textual.pilot import Pilot

from docs.stage import Stage, console_of, shown

FILE = Path(__file__).parent / "screenshots" / "console.svg"
SIZE = (100, 30)
FRAME_S = 0.4
CELL, LINE = 8.4, 17.0
GROUND, TEXT = "#11151c", "#d7dde8"
FONTS = "'Fira Code', 'DejaVu Sans Mono', Menlo, Consolas, monospace"
LAST_S = 2.0
"""How long the last frame stays."""
Run = tuple[int, str, str, str, bool]
"""Column, text, its colour, its ground, and whether it is bold."""
Row = tuple[Run, ...]


class Cast:
    """Rows by the frames in which they were seen."""

    def __init__(self) -> None:
        self.frames: list[list[Row]] = []

    def take(self, pilot: Pilot[int], caption: str) -> None:
        """Keep what is on the screen, and beneath it what is going on."""
        strips = pilot.app.screen._compositor.render_strips()
        rows = [_row([(text, style or Style.null()) for text, style, _ in strip]) for strip in strips]
        self.frames.append([*rows, (), ((1, caption, "#ffffff", GROUND, True),)])

    def svg(self, still: int | None = None) -> str:
        """Return the moving picture, or one frame of it."""
        width, height = SIZE[0] * CELL + 2 * CELL, (SIZE[1] + 2.5) * LINE
        length_s = len(self.frames) * FRAME_S + LAST_S
        seen: dict[tuple[int, Row], list[int]] = defaultdict(list)
        for number, rows in enumerate(self.frames):
            for y, row in enumerate(rows):
                if row and (still is None or still == number):
                    seen[y, row].append(number)
        styles: dict[tuple[str, bool], str] = {}
        drawn = [
            _group(
                y, row, _spans(numbers, len(self.frames), length_s) if still is None else [], length_s, styles
            )
            for (y, row), numbers in seen.items()
        ]
        rules = "".join(
            f".{name}{{fill:{colour}{';font-weight:bold' if bold else ''}}}"
            for (colour, bold), name in styles.items()
        )
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}">'
            f"<style>text{{font:14px {FONTS};white-space:pre}}{rules}</style>"
            f'<rect width="100%" height="100%" rx="8" fill="{GROUND}"/>'
            f'<g transform="translate({CELL},{LINE / 2})">' + "\n".join(drawn) + "</g></svg>\n"
        )


def _row(parts: list[tuple[str, Style]]) -> Row:
    """Return what is to be drawn of a row: neighbours that look the same together, no blanks at the ends."""
    runs: list[Run] = []
    x = 0
    for text, style in parts:
        front = style.color.get_truecolor().hex if style.color else TEXT
        back = style.bgcolor.get_truecolor(foreground=False).hex if style.bgcolor else GROUND
        if style.reverse:
            front, back = back, front
        bold = bool(style.bold)
        last = runs[-1] if runs else (0, "", "", "", False)
        if last[2:] == (front, back, bold) and last[0] + len(last[1]) == x:
            runs[-1] = last[0], last[1] + text, front, back, bold
        elif text.strip() or back != GROUND:
            runs.append((x, text, front, back, bold))
        x += len(text)
    return tuple(runs)


def _spans(numbers: list[int], frames: int, length_s: float) -> list[tuple[float, float]]:
    """Return from when to when a row is seen, as parts of the whole length."""
    spans: list[tuple[float, float]] = []
    for number in numbers:
        begins = number * FRAME_S / length_s
        ends = 1.0 if number == frames - 1 else (number + 1) * FRAME_S / length_s
        if spans and abs(spans[-1][1] - begins) < 1e-9:
            spans[-1] = spans[-1][0], ends
        else:
            spans.append((begins, ends))
    return spans


def _group(
    y: int, row: Row, spans: list[tuple[float, float]], length_s: float, styles: dict[tuple[str, bool], str]
) -> str:
    parts = []
    for x, text, front, back, bold in row:
        left, wide = x * CELL, len(text) * CELL
        if back != GROUND:
            parts.append(
                f'<rect x="{left:.1f}" y="{y * LINE:.1f}" width="{wide:.1f}" height="{LINE}" fill="{back}"/>'
            )
        bare = text.strip()
        if bare:
            left += (len(text) - len(text.lstrip())) * CELL
            name = styles.setdefault((front, bold), f"c-r{len(styles)}")
            at = f'x="{left:.1f}" y="{y * LINE + 13:.1f}"'
            length = f'textLength="{len(bare) * CELL:.1f}"'
            parts.append(f'<text class="{name}" {at} {length}>{escape(bare, quote=False)}</text>')
    drawn = "".join(parts)
    if not spans or spans == [(0.0, 1.0)]:
        return f"<g>{drawn}</g>"
    values, times = ["hidden"], [0.0]
    for begins, ends in spans:
        if begins > 0:
            values, times = [*values, "visible"], [*times, begins]
        else:
            values[0] = "visible"
        if ends < 1:
            values, times = [*values, "hidden"], [*times, ends]
    shown_first = "" if spans[0][0] == 0 else ' visibility="hidden"'
    moments = ";".join(f"{at:.4f}".rstrip("0").rstrip(".") for at in times)
    animate = (
        '<animate attributeName="visibility" calcMode="discrete" repeatCount="indefinite" '
        f'dur="{length_s:g}s" values="{";".join(values)}" keyTimes="{moments}"/>'
    )
    return f"<g{shown_first}>{animate}{drawn}</g>"


async def record() -> Cast:
    """Play the half minute."""
    cast = Cast()
    async with Stage() as stage, shown(stage, SIZE) as pilot:
        app = console_of(pilot)

        async def play(seconds: float, caption: str, speed: float = 1.0) -> None:
            for _ in range(round(seconds / FRAME_S)):
                await stage.play(app, FRAME_S, speed=speed)
                await pilot.pause()
                cast.take(pilot, caption)

        async def press(caption: str, *keys: str) -> None:
            for key in keys:
                await pilot.press(key)
                await app.intake.idle()
                await play(FRAME_S, caption)

        await stage.play(app, 24)
        await play(2.4, "A site runs: battery, PV, load, meter; an EMS polls it over Modbus TCP")
        await stage.write_kw(4.0)
        await play(
            3.6, "The EMS writes a setpoint: 4 kW. What it did stands in the chart and beside the event"
        )
        await stage.write_kw(-9.0)
        await play(3.6, "It writes -9 kW: the battery charges, with its ramp")
        await press("v: a voltage sag", "v")
        await press("down to 0.3 pu, for 2 s", "0", "full_stop", "3", "tab", "2", "s")
        await press("enter twice injects it", "enter", "enter")
        await play(3.2, "The grid code trips the devices; each says why, and when it is back")
        await press("+ for a faster run", "plus", "plus", "plus")
        await play(5.6, "Ten times faster: the wait until the grid code lets them in again", speed=10)
        await play(4.0, "Back, along the ramp of the grid code", speed=10)
        await press("= for real time", "equals_sign")
        await play(1.2, "Back, along the ramp of the grid code")
    return cast


def main() -> None:
    """Make it from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("file", type=Path, nargs="?", default=FILE)
    parser.add_argument(
        "--still", type=float, metavar="SECOND", help="write the picture of one moment instead"
    )
    given = parser.parse_args()
    cast = asyncio.run(record())
    number = None if given.still is None else min(len(cast.frames) - 1, int(given.still / FRAME_S))
    given.file.write_text(cast.svg(number), encoding="utf-8")
    seconds = len(cast.frames) * FRAME_S + LAST_S
    print(f"{given.file}: {seconds:.0f} s, {given.file.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
