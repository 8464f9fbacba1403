"""What is sent to the terminal for a drawing: the cells that differ, and styles only where they change.

Textual sends a row of a widget from its left end on, whether it differs or not, and every piece of it with
its whole style and a reset. Most of what an SSH line carries would be that.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain
from typing import Any

from rich.color import Color, ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate

from twin_tui.engine.formats import columns, one_column_each

GAP = 8
"""Over so many cells that are the same it costs less to write on than to go to the next that differs."""
_PLAIN = Style.null()


class Painter:
    """Knows what is on the terminal, cell by cell."""

    def __init__(self) -> None:
        self._rows: dict[int, tuple[list[str], list[Style]]] = {}
        """The characters and styles of each row; the second cell of a wide character has no text."""
        self._styles: dict[Style, Style] = {}
        """One object for each style, so that cells are compared without calling Python."""

    def forget(self) -> None:
        """Take it that nothing is known of the terminal any more."""
        self._rows.clear()
        self._styles.clear()

    def lean(self, update: Any) -> Any:
        """Return an update of Textual as one that writes little, anything else as it is."""
        if type(update) is ChopsUpdate:
            return _Parts(self, update)
        if type(update) is LayoutUpdate:
            return _Whole(self, update)
        return update

    def paint(self, pieces: "Iterable[_Piece]", system: ColorSystem | None) -> str:
        """Return what brings these pieces to the terminal, and take it that they are there."""
        written: list[str] = []
        before = _PLAIN
        for x, y, segments in pieces:
            texts, styles = self._cells(segments)
            known_texts, known_styles = self._rows.setdefault(y, ([], []))
            unknown = x + len(texts) - len(known_texts)
            known_texts += ["?"] * unknown
            known_styles += [_UNKNOWN] * unknown
            seen = slice(x, x + len(texts))
            for first, behind in _runs(known_texts[seen], known_styles[seen], texts, styles):
                written.append(f"\x1b[{y + 1};{x + first + 1}H")
                for place in range(first, behind):
                    style = styles[place]
                    if style is not before:
                        written.append(_change(before, style, system))
                        before = style
                    written.append(texts[place])
            known_texts[seen], known_styles[seen] = texts, styles
        written.append(_change(before, _PLAIN, system))
        return "".join(written)

    def _cells(self, segments: Iterable[Segment]) -> tuple[list[str], list[Style]]:
        """Return a text and a style a cell; what is combined with a character is in one cell with it."""
        texts: list[str] = []
        styles: list[Style] = []
        for text, style, control in segments:
            if control:
                continue
            if one_column_each(text):
                texts += text
            else:
                for character in text:
                    wide = columns(character)
                    if not wide and texts:
                        texts[-1 if texts[-1] else -2] += character
                    texts += [character, ""][:wide]
            same = self._styles.setdefault(style, style) if style is not None else _PLAIN
            styles += [same] * (len(texts) - len(styles))
        return texts, styles


_Piece = tuple[int, int, Iterable[Segment]]
"""Column, row and what is drawn from there on."""
_UNKNOWN = Style(meta={"unknown": True})


class _Parts(ChopsUpdate):
    """Parts of some rows."""

    def __init__(self, painter: Painter, update: ChopsUpdate) -> None:
        super().__init__(update.chops, update.spans, update.chop_ends)
        self._painter = painter

    def render_segments(self, console: Console) -> str:
        """Return what is written to the terminal."""
        return self._painter.paint(self._pieces(), console._color_system)

    def _pieces(self) -> Iterator[_Piece]:
        for y, first, last in self.spans:
            for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                if strip is not None and x < last and end > first:
                    yield x, y, strip


class _Whole(LayoutUpdate):
    """All rows of the screen, whatever the terminal had."""

    def __init__(self, painter: Painter, update: LayoutUpdate) -> None:
        super().__init__(update.strips, update.region)
        self._painter = painter

    def render_segments(self, console: Console) -> str:
        """Return what is written to the terminal."""
        self._painter.forget()
        rows = enumerate(self.strips, self.region.y)
        pieces = ((self.region.x, y, chain.from_iterable(row)) for y, row in rows)
        return self._painter.paint(pieces, console._color_system)


def _runs(
    old_texts: list[str], old_styles: list[Style], texts: list[str], styles: list[Style]
) -> Iterator[tuple[int, int]]:
    """Yield the runs of cells, first and behind the last, that differ."""
    if old_texts == texts and old_styles == styles:
        return
    first = behind = -1
    for place, text in enumerate(texts):
        if text != old_texts[place] or styles[place] is not old_styles[place]:
            if first >= 0 and place - behind > GAP:
                yield first, behind
                first = -1
            if first < 0:
                first = place - (not text and place > 0)  # a wide character is written from its first cell on
            behind = place + 1
    if first >= 0:
        yield first, behind


@lru_cache(maxsize=4096)
def _change(before: Style, after: Style, system: ColorSystem | None) -> str:
    """Return the control sequence from one style to another."""
    if after == before or system is None:
        return ""
    if before.without_color != after.without_color:
        whole = after.update_link(None).render("x", color_system=system).partition("x")[0]
        return f"\x1b[0;{whole[2:]}" if whole else "\x1b[0m"
    codes = [
        *(_codes(after.color, system, foreground=True) if before.color != after.color else ()),
        *(_codes(after.bgcolor, system, foreground=False) if before.bgcolor != after.bgcolor else ()),
    ]
    return f"\x1b[{';'.join(codes)}m" if codes else ""


def _codes(color: Color | None, system: ColorSystem, *, foreground: bool) -> tuple[str, ...]:
    if color is None:
        return ("39" if foreground else "49",)
    return color.downgrade(system).get_ansi_codes(foreground=foreground)
