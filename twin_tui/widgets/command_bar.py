"""The `:` line with completion and history, and the `/` line for filters."""

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Hide, Key, Paste
from textual.widgets import Input

from twin_tui.commands.completion import LineHistory, complete, next_word
from twin_tui.commands.slots import Screen
from twin_tui.engine.view import SiteView
from twin_tui.widgets.command_lines import LEAST_ROWS, ROWS, command_lines
from twin_tui.widgets.line_view import LineView
from twin_tui.widgets.looks import Looks, TextMessage
from twin_tui.widgets.pick_list import ranked

LONGEST_LINE = 500
CUT = f"the line was cut at {LONGEST_LINE} characters or while many keys waited; escape leaves it"
HIGH = 18
"""The height of the screen from which the `:` line has all its explanations."""
COMMAND_EXAMPLE = "sag grid 0.7 2s     tab completes, up recalls, escape leaves"
FILTER_EXAMPLE = "words to look for"


class CommandInput(Input):
    """The text field; tab completes, up and down go through what was typed before."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", show=False, priority=True),
        Binding("up", "older", show=False),
        Binding("down", "newer", show=False),
        Binding("ctrl+c", "leave", show=False),
    ]

    def __init__(self, bar: "CommandBar") -> None:
        super().__init__(id="line", compact=True, max_length=LONGEST_LINE)
        self.bar = bar

    async def _on_key(self, event: Key) -> None:
        """Close the line in its turn: a binding's turn comes after all keys of a burst."""
        if event.key in ("enter", "escape"):
            event.stop()
            event.prevent_default()
            if event.key == "enter":
                self.bar.submit()
            else:
                self.action_leave()
        elif event.is_printable and len(self.value) >= LONGEST_LINE and self.selection.is_empty:
            self.bar.note_cut()

    def _on_paste(self, event: Paste) -> None:
        """Note when not all of the line that is pasted has room; Textual inserts what has."""
        line = next(iter(event.text.splitlines()), "")
        if len(self.value) - len(self.selected_text) + len(line) > LONGEST_LINE:
            self.bar.note_cut()

    def _on_hide(self, event: Hide) -> None:
        """Keep the focus where the line has been opened again since it was hidden."""
        if self.bar.display:
            event.prevent_default()

    def action_complete(self) -> None:
        if self.bar.mode == ":":
            self._take(complete(self.value, self.bar.site(), self.bar.screen_words(), ranked))

    def action_older(self) -> None:
        if self.bar.mode == ":":
            self._take(self.bar.history.older(self.value))

    def action_newer(self) -> None:
        if self.bar.mode == ":":
            self._take(self.bar.history.newer())

    def action_leave(self) -> None:
        self.bar.close(cancelled=True)

    def _take(self, line: str) -> None:
        self.value = line
        self.cursor_position = len(line)


class CommandBar(Vertical):
    """One line to type in, with what may come next above it, over the view."""

    DEFAULT_CSS = """
    CommandBar { layer: above; dock: bottom; height: auto; display: none; background: $panel; }
    CommandBar > .next { height: 1; background: $panel; }
    CommandBar > Input { height: 1; border: none; padding: 0 1; background: $panel; }
    """

    class Entered(TextMessage):
        """A command line was entered."""

    class Sifted(TextMessage):
        """The filter's text has changed."""

    def __init__(
        self,
        looks: Looks,
        site: Callable[[], SiteView],
        screen_words: Callable[[], Screen],
        give_focus_back: Callable[[], None],
    ) -> None:
        super().__init__(id="bar")
        self.site = site
        self.cut = looks.glyphs.cut
        self.screen_words = screen_words
        self.give_focus_back = give_focus_back
        self.mode = ""
        self.is_cut = False
        """Whether keys for this line were dropped: what it says then is not what was meant."""
        self.history = LineHistory()
        self.next_line = LineView(classes="next")
        self.input = CommandInput(self)

    def compose(self) -> ComposeResult:
        yield self.next_line
        yield self.input

    def open(self, mode: str, text: str = "") -> None:
        """Open the line for a command or a filter."""
        self.mode, self.is_cut = mode, False
        self.input.placeholder = COMMAND_EXAMPLE if mode == ":" else FILTER_EXAMPLE
        self.history.leave()
        self.input.value = text
        self.input.cursor_position = len(text)
        self.display = True
        # at once, not after the next turn: the keys of a burst belong to the line
        self.screen.set_focus(self.input)
        self._show_next()

    def close(self, *, cancelled: bool = False) -> None:
        if self.mode == "/" and cancelled:
            self.post_message(self.Sifted(""))
        self.mode = ""
        self.display = False
        self.give_focus_back()

    def note_cut(self) -> None:
        """Note that keys for this line are missing, until it is empty."""
        if self.mode:
            self.is_cut = True
            self._show_next()

    def submit(self) -> None:
        """Close the line and have done what it says, unless it was cut."""
        if self.mode == ":" and self.is_cut:
            self._show_next()
            return
        line, mode = self.input.value.strip(), self.mode
        self.close()
        if mode == "/":
            self.post_message(self.Sifted(line))
        elif line:
            self.history.add(line)
            self.post_message(self.Entered(line))

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.is_cut = self.is_cut and bool(event.value)
        if self.mode == "/":
            self.post_message(self.Sifted(event.value))
        self._show_next()

    def on_resize(self) -> None:
        """Share the new size."""
        if self.mode:
            self._show_next()

    def _show_next(self) -> None:
        if self.mode == "/":
            self.next_line.styles.height = 1
            self.next_line.show(
                [[("/ filter: every word must occur; enter keeps it, escape ends it", "label")]]
            )
            return
        if self.is_cut:
            self.next_line.styles.height = 1
            self.next_line.show([[(CUT, "alarm")]])
            return
        width, height = self.app.size
        rows = ROWS if height >= HIGH else LEAST_ROWS
        word = next_word(self.input.value, self.site(), self.screen_words())
        self.next_line.styles.height = rows
        self.next_line.show(command_lines(word, width, rows, self.cut))
