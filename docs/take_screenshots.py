"""Takes pictures of the running demo, with faults, at six sizes in five styles.

``python -m docs.take_screenshots FOLDER [--before REVISION]`` writes an SVG of each, a PNG where
``rsvg-convert`` is installed, and ``index.html``, which shows each beside the one of an earlier revision.
``--docs`` copies those of README and docs to their place.
"""

import argparse
import asyncio
import os
import re
import shutil
import subprocess
from html import escape, unescape
from pathlib import Path

from textual.pilot import Pilot

from docs.stage import READ, Stage, console_of, shown

DOCS = Path(__file__).parent / "screenshots"
SIZES = ((80, 24), (100, 30), (120, 40), (160, 48), (200, 60), (250, 70))
STYLES: dict[str, dict[str, str]] = {
    "dark": {},
    "light": {"theme": "twin-light"},
    "contrast": {"theme": "twin-contrast"},
    "no-color": {},
    "ascii": {"glyphs": "ascii"},
}
VIEWS = {"device": "enter", "registers": "r", "log": "l", "sag": "v", "help": "question_mark"}
"""The views that are taken besides the overview, in the first style, and the keys that lead there."""
FOR_DOCS = {
    "overview-dark-80x24": "overview-80x24",
    "overview-dark-160x48": "overview-160x48",
    "sag-dark-80x24": "sag-80x24",
    "device-dark-160x48": "device-160x48",
}
"""The pictures of README and docs, and their names there."""
_WEB_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_FONTS = "'Fira Code', 'DejaVu Sans Mono', Menlo, Consolas, monospace"

_TEXT = re.compile(
    r'<text (class="[^"]*-r\d+" )x="([\d.]+)"([^>]*?) textLength="[\d.]+"([^>]*)>([^<]*)</text>'
)
CELL = 12.2
"""The width of a character in a picture."""


async def happen(stage: Stage, pilot: Pilot[int]) -> None:
    """Let the site run, its client write, and things go wrong."""
    app = console_of(pilot)
    for setpoint_kw in (-6.0, 4.0, -12.0):
        await stage.write_kw(setpoint_kw)
        await stage.play(app, 13)
    await app.carry_out("force pv active_power_limit_w 5kW")
    await app.carry_out("fault battery over_temperature 20s")
    await stage.play(app, 6)
    await stage.write_kw(9.0)
    await stage.play(app, 1)
    await app.carry_out("sag grid 0.72 5s")
    await stage.play(app, 2.2)


async def take(folder: Path, style: str) -> None:
    """Take every picture of one style."""
    async with Stage() as stage, shown(stage, SIZES[-1], **STYLES[style]) as pilot:
        await happen(stage, pilot)
        for size in SIZES:
            await _resized(stage, pilot, size)
            _keep(pilot, folder / f"overview-{style}-{size[0]}x{size[1]}.svg")
            for view, key in VIEWS.items() if style == "dark" else ():
                await pilot.press(key)
                await _drawn(stage, pilot)
                _keep(pilot, folder / f"{view}-{style}-{size[0]}x{size[1]}.svg")
                await pilot.press("escape", "o")
                await _drawn(stage, pilot)


async def _resized(stage: Stage, pilot: Pilot[int], size: tuple[int, int]) -> None:
    await pilot.resize_terminal(*size)
    await _drawn(stage, pilot)


async def _drawn(stage: Stage, pilot: Pilot[int]) -> None:
    for _ in range(3):
        await console_of(pilot).intake.idle()
        await pilot.pause()
        await stage.ask(READ)
        await console_of(pilot).refresh_frame()
    await pilot.pause(0.1)


def _keep(pilot: Pilot[int], path: Path) -> None:
    picture = _WEB_FONTS.sub("", pilot.app.export_screenshot(title="Twin TUI"))
    path.write_text(picture.replace("Fira Code, monospace", _FONTS), encoding="utf-8")


def _before(folder: Path, revision: str) -> None:
    """Keep the pictures of an earlier revision, renamed as ours are."""
    for name in _git("ls-tree", "-r", "--name-only", "--full-tree", revision, "docs/screenshots").split():
        text = _git("show", f"{revision}:{name}")
        view, _, rest = Path(name).stem.partition("-")
        rest = rest if rest[:1].isalpha() else f"dark-{rest}"
        (folder / f"before-{view}-{rest}.svg").write_text(_WEB_FONTS.sub("", text), encoding="utf-8")


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], capture_output=True, text=True, check=True, cwd=DOCS)
    return done.stdout


def _into_png(folder: Path) -> None:
    program = shutil.which("rsvg-convert")
    if program is None:
        print("no PNG: rsvg-convert is not installed")
        return
    for path in sorted(folder.glob("*.svg")):
        drawn = _TEXT.sub(_each_alone, path.read_text(encoding="utf-8"))
        target = ["--width", "1600", "--output", str(path.with_suffix(".png"))]
        subprocess.run([program, *target], input=drawn, text=True, check=True)


def _each_alone(found: re.Match[str]) -> str:
    """Return each character of a text at its place: librsvg neither keeps blanks nor stretches a text."""
    kind, x, more, rest, text = found.groups()
    places = enumerate(unescape(text.replace("&#160;", " ")))
    return "".join(
        f'<text {kind}x="{float(x) + CELL * at:.1f}"{more}{rest}>{escape(character)}</text>'
        for at, character in places
        if character != " "
    )


def _sheet(folder: Path) -> None:
    rows = []
    for path in sorted(folder.glob("*.svg")):
        if not path.name.startswith("before-"):
            before = folder / f"before-{path.name}"
            old = f'<img src="{before.name}">' if before.exists() else "no earlier picture"
            rows.append(f'<tr><th colspan="2">{escape(path.stem)}</th></tr>')
            rows.append(f'<tr><td>{old}</td><td><img src="{path.name}"></td></tr>')
    head = "<meta charset=utf-8><title>Twin TUI: pictures</title><style>td{width:50%}img{width:100%}</style>"
    (folder / "index.html").write_text(f"{head}<table>{''.join(rows)}</table>\n", encoding="utf-8")


def main() -> None:
    """Take them from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--before", metavar="REVISION", default="", help="show those of this revision beside them"
    )
    parser.add_argument("--style", choices=STYLES, action="append", help="only this one; may be repeated")
    parser.add_argument(
        "--docs", action="store_true", help="copy those of README and docs to docs/screenshots"
    )
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    for style in given.style or STYLES:
        os.environ.pop("NO_COLOR", None)
        if style == "no-color":
            os.environ["NO_COLOR"] = "1"
        asyncio.run(take(given.folder, style))
    if given.before:
        _before(given.folder, given.before)
    _into_png(given.folder)
    _sheet(given.folder)
    if given.docs:
        for name, there in FOR_DOCS.items():
            shutil.copy(given.folder / f"{name}.svg", DOCS / f"{there}.svg")


if __name__ == "__main__":
    main()
