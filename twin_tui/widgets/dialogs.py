"""The dialogs: a menu of injections, a question with Cancel first, a line of text, a text."""

from collections.abc import Mapping
from typing import ClassVar, Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, OptionList, Static

from twin_tui.widgets.glyphs import Glyphs
from twin_tui.widgets.looks import PlainScrollBar
from twin_tui.widgets.pick_list import PickList, ranked

T = TypeVar("T")


class Dialog(ModalScreen[T], Generic[T]):
    """A box in the middle; escape leaves it with nothing done."""

    DEFAULT_CSS = """
    Dialog { align: center middle; background: $background 60%; }
    Dialog > .box {
        width: 72; max-width: 100%; height: auto; max-height: 100%; padding: 0 1;
        background: $surface; border: round $primary;
    }
    Dialog Label { width: 1fr; }
    Dialog Input { width: 1fr; height: 1; border: none; padding: 0; background: $background; }
    Dialog Input:focus { background: $role-chosen; }
    Dialog .buttons { height: 1; }
    Dialog .box, Dialog .fields, Dialog OptionList {
        scrollbar-size-vertical: 1; scrollbar-color: $role-axis; scrollbar-color-hover: $role-axis;
        scrollbar-color-active: $role-axis; scrollbar-background: $surface;
        scrollbar-background-hover: $surface; scrollbar-background-active: $surface;
    }
    Dialog Button { height: 1; min-width: 12; border: none; margin-right: 2; }
    Dialog Button:focus { text-style: bold reverse; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Cancel", show=False)]

    def on_mount(self) -> None:
        """Take away a message that would cover the dialog."""
        self.app.clear_notifications()
        if self.app.has_class("-ascii") or self.app.has_class("-vt"):
            for scrolled in self.query(".box, .fields, OptionList"):
                scrolled.vertical_scrollbar.renderer = PlainScrollBar  # type: ignore[misc]

    def action_leave(self) -> None:
        self.dismiss(None)


class SearchInput(Input):
    """The line in which a list is searched; up and down move the list's cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "move(1)", show=False),
        Binding("up", "move(-1)", show=False),
        Binding("pagedown", "move(5)", show=False),
        Binding("pageup", "move(-5)", show=False),
    ]

    def action_move(self, by: int) -> None:
        self.screen.query_one(PickList).move(by)


class MenuDialog(Dialog[str]):
    """A list to choose from, searched while somebody types; its result is the chosen id, or None."""

    def __init__(
        self, title: str, choices: Mapping[str, tuple[str, str]], glyphs: Glyphs, chosen: str = ""
    ) -> None:
        """Take the titles and explanations by id; the cursor begins on the one that is chosen."""
        super().__init__()
        self.box_title = title
        self.chosen = choices[chosen][0] if chosen in choices else ""
        self.keys = {title: key for key, (title, _) in choices.items()}
        self.choices = dict(choices.values())
        self.list = PickList(glyphs.cut)

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = self.box_title
            yield SearchInput(placeholder="type to search", compact=True, max_length=80, id="search")
            yield self.list
            yield Static("[$role-label]up, down: move   enter: choose   escape: leave[/]", classes="keys")

    def on_mount(self) -> None:
        self.list.offer(list(self.choices), self.choices, self.chosen)

    def on_resize(self) -> None:
        self.list.styles.max_height = max(3, self.size.height - 5)

    @on(Input.Changed)
    def _search(self, event: Input.Changed) -> None:
        self.list.offer(ranked(event.value, self.choices), self.choices)

    @on(Input.Submitted)
    @on(OptionList.OptionSelected)
    def _chosen(self) -> None:
        if self.list.word:
            self.dismiss(self.keys[self.list.word])


class QuestionDialog(Dialog[bool]):
    """A question; Cancel comes first and has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,right,up,down", "other", show=False),
    ]

    def __init__(self, question: str, do: str) -> None:
        super().__init__()
        self.question = question
        self.do = do

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Label(self.question, markup=False)
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="cancel", compact=True)
                yield Button(self.do, id="do", variant="error", compact=True)

    def on_mount(self) -> None:
        self.query_one("#cancel", Button).focus()

    def action_other(self) -> None:
        self.focus_next()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "do")


class AskDialog(Dialog[str]):
    """One line of text; its result is the text, or None."""

    DEFAULT_CSS = "AskDialog .refusal { color: $role-alarm; height: auto; }"

    def __init__(self, title: str, label: str, preset: str = "", refusal: str = "") -> None:
        """Take why the preset was refused, if it was: it is then to be mended, not replaced."""
        super().__init__()
        self.box_title = title
        self.label = label
        self.preset = preset
        self.refusal = refusal

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = self.box_title
            yield Label(self.label, markup=False)
            mended = bool(self.refusal)
            yield Input(self.preset, compact=True, max_length=500, id="answer", select_on_focus=not mended)
            if mended:
                yield Static(f"Not possible: {self.refusal}", classes="refusal", markup=False)
            yield Static("[$role-label]enter accepts, escape leaves[/]")

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value)


class TextDialog(Dialog[None]):
    """A text to read: help."""

    DEFAULT_CSS = """
    TextDialog > .box { width: 78; }
    TextDialog Static { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,q,enter,space", "leave", show=False),
        Binding("j,down", "scroll(1)", show=False),
        Binding("k,up", "scroll(-1)", show=False),
        Binding("pagedown", "scroll(10)", show=False),
        Binding("pageup", "scroll(-10)", show=False),
    ]

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self.box_title = title
        self.text = text

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="box") as box:
            box.border_title = self.box_title
            box.border_subtitle = "escape leaves"
            yield Static(self.text)

    def action_scroll(self, by: int) -> None:
        self.query_one(".box", VerticalScroll).scroll_relative(y=by, animate=False)
