"""What is painted: a terminal shows what was drawn, and little is sent where little has changed."""

import re
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from twin_tui.console.painting import Painter
from twin_tui.engine.formats import columns

WIDTH, HEIGHT, PANE = 24, 3, 12
STYLES = [
    Style.parse(text)
    for text in ("none", "red", "red on blue", "bold red on blue", "reverse", "on #102030", "bold #aabbcc")
]
TEXTS = ("a", "bc", "  ", "      ", "\u754c", "\xe9", "e\u0301", "\u754c\u0301", "\u2581\u2588")
UPDATES = st.lists(
    st.tuples(
        st.sampled_from([0, PANE]),
        st.integers(0, HEIGHT - 1),
        st.lists(st.tuples(st.sampled_from(TEXTS), st.sampled_from(STYLES)), max_size=9),
    ),
    max_size=12,
)
"""Rows of two panes, drawn one after the other."""
Row = list[tuple[str, str]]
Terminal = dict[int, Row]


def shown(style: Style) -> str:
    """Return a style as a terminal has it."""
    return style.render("x", color_system=ColorSystem.TRUECOLOR).partition("x")[0]


def blank() -> Terminal:
    return {y: [(" ", shown(Style.null()))] * WIDTH for y in range(HEIGHT)}


def draw(terminal: Terminal, x: int, y: int, segments: Sequence[Segment]) -> None:
    """Put text on a terminal, which combines a character with the one before it."""
    for text, style, _ in segments:
        for character in text:
            wide = columns(character)
            if not wide and x:
                base = x - 1 if terminal[y][x - 1][0] else x - 2
                terminal[y][base] = terminal[y][base][0] + character, terminal[y][base][1]
            for place in range(wide):
                terminal[y][x + place] = character if not place else "", shown(style or Style.null())
            x += wide


def read(terminal: Terminal, written: str) -> None:
    """Draw what is written to a terminal."""
    style, x, y = Style.null(), 0, 0
    for sequence, text in re.findall(r"\x1b\[([\d;]*[Hm])|([^\x1b]+)", written):
        if sequence.endswith("H"):
            y, x = (int(number) - 1 for number in sequence[:-1].split(";"))
        elif sequence:
            style = _styled(style, [int(number or 0) for number in sequence[:-1].split(";")])
        else:
            draw(terminal, x, y, [Segment(text, style)])
            x += columns(text)
    assert style == Style.null(), "what is written after it has no style of it"


def _styled(style: Style, codes: list[int]) -> Style:
    while codes:
        code = codes.pop(0)
        if code == 0:
            style = Style.null()
        elif code in (1, 7):
            style += Style(bold=True) if code == 1 else Style(reverse=True)
        else:
            ground = code >= 40
            if code in (38, 48):
                kind = codes.pop(0)
                numbers = [codes.pop(0) for _ in range(3 if kind == 2 else 1)]
                name = "#{:02x}{:02x}{:02x}".format(*numbers) if kind == 2 else f"color({numbers[0]})"
            else:
                name = "default" if code in (39, 49) else f"color({code % 10})"
            style += Style(bgcolor=name) if ground else Style(color=name)
            if name == "default":
                keep = Style(bold=style.bold, reverse=style.reverse)
                style = keep + Style(
                    color=None if not ground else style.color, bgcolor=None if ground else style.bgcolor
                )
    return style


def whole() -> LayoutUpdate:
    row = [Strip([Segment(" " * WIDTH, Style.null())])]
    return LayoutUpdate([row] * HEIGHT, Region(0, 0, WIDTH, HEIGHT))


def part(x: int, y: int, strip: Strip) -> ChopsUpdate:
    """Return the update of a row of one pane."""
    chops: list[dict[int, Strip | None]] = [{0: None, PANE: None} for _ in range(HEIGHT)]
    chops[y][x] = strip
    return ChopsUpdate(chops, [(y, x, x + PANE)], [[PANE, WIDTH]] * HEIGHT)


def written(painter: Painter, update: LayoutUpdate | ChopsUpdate) -> str:
    terminal = Console(force_terminal=True, color_system="truecolor")
    return str(painter.lean(update).render_segments(terminal))


@given(UPDATES)
def test_a_terminal_shows_what_was_drawn(updates: list[tuple[int, int, list[tuple[str, Style]]]]) -> None:
    painter, wanted, terminal = Painter(), blank(), blank()
    read(terminal, written(painter, whole()))
    for x, y, texts in updates:
        strip = Strip(Segment(text, style) for text, style in texts).adjust_cell_length(PANE, Style.null())
        draw(wanted, x, y, list(strip))
        read(terminal, written(painter, part(x, y, strip)))
        assert terminal == wanted
    assert written(painter, whole()).count(" ") == WIDTH * HEIGHT, (
        "a whole screen is written whatever is known"
    )


def test_only_cells_that_differ_are_written_and_styles_only_where_they_change() -> None:
    painter = Painter()
    written(painter, whole())
    red = Style.parse("red on #102030")
    first = written(painter, part(0, 1, Strip([Segment("P  4.00 kW ", red), Segment(" ", red)])))
    assert first == "\x1b[2;1H\x1b[31;48;2;16;32;48mP  4.00 kW  \x1b[39;49m"
    assert written(painter, part(0, 1, Strip([Segment("P  4.00 kW  ", red)]))) == ""
    assert written(painter, part(0, 1, Strip([Segment("P  4.50 kW  ", red)]))) == (
        "\x1b[2;6H\x1b[31;48;2;16;32;48m5\x1b[39;49m"
    )
    bold = Style.parse("bold red on #102030")
    assert written(painter, part(0, 1, Strip([Segment("P ", bold), Segment(" 4.50 kW  ", red)]))) == (
        "\x1b[2;1H\x1b[0;1;31;48;2;16;32;48mP \x1b[0m"
    )
    painter.forget()
    assert "4.50 kW" in written(painter, part(0, 1, Strip([Segment("P  4.50 kW  ", red)])))


def test_without_colours_no_style_is_written() -> None:
    strip = Strip([Segment("P  4.00 kW  ", Style.parse("bold red"))])
    update = Painter().lean(part(0, 0, strip))
    assert update.render_segments(Console(force_terminal=True, color_system=None)) == "\x1b[1;1HP  4.00 kW  "
