"""The dialogs: a menu of injections, a form with a preview, a question with Cancel first, a text."""

from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, OptionList, Static
from textual.widgets.option_list import Option

from twin_tui.commands.forms import Form, preview
from twin_tui.engine.view import SiteView
from twin_tui.widgets.glyphs import Glyphs, sparkline
from twin_tui.widgets.looks import PlainScrollBar

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
    Dialog .row { height: 1; }
    Dialog .row > .label { width: 14; }
    Dialog .row > .hint { color: $role-label; }
    Dialog Input { width: 26; height: 1; border: none; padding: 0; background: $background; }
    Dialog Input:focus { background: $role-chosen; }
    Dialog .buttons { height: 1; }
    Dialog Button { height: 1; min-width: 12; border: none; margin-right: 2; }
    Dialog Button:focus { text-style: bold reverse; }
    Dialog OptionList { height: auto; max-height: 16; border: none; padding: 0; background: $surface; }
    Dialog .preview { height: auto; max-height: 4; color: $success; margin-top: 1; }
    Dialog .preview.-wrong { color: $error; }
    Dialog .course { height: 1; color: $role-label; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Cancel", show=False)]

    def on_mount(self) -> None:
        """Take away a message that would cover the dialog."""
        self.app.clear_notifications()
        if self.app.has_class("-ascii") or self.app.has_class("-vt"):
            for scrolled in self.query(".box, OptionList"):
                scrolled.vertical_scrollbar.renderer = PlainScrollBar  # type: ignore[misc]

    def action_leave(self) -> None:
        self.dismiss(None)


class FieldInput(Input):
    """A field; up and down go through what is possible, enter goes to the button."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "choose(1)", show=False),
        Binding("up", "choose(-1)", show=False),
    ]

    def action_choose(self, by: int) -> None:
        """Take the next possible word, or go to the next field where anything may be typed."""
        screen = self.screen
        if not isinstance(screen, FormDialog):
            return
        choices = list(screen.choices(self.id or ""))
        if choices:
            place = choices.index(self.value) + by if self.value in choices else 0
            self.value = choices[place % len(choices)]
            self.cursor_position = len(self.value)
        elif by > 0:
            screen.focus_next()
        else:
            screen.focus_previous()


class FormDialog(Dialog[str]):
    """A form: fields, what it would do, Inject and Cancel. Its result is a command line, or None."""

    def __init__(
        self, form: Form, site: SiteView, glyphs: Glyphs, answers: dict[str, str], start: str = ""
    ) -> None:
        super().__init__()
        self.start = start
        """The field that is to be filled in first; the first one when empty."""
        self.form = form
        self.site = site
        self.glyphs = glyphs
        self.answers = {field.key: answers.get(field.key) or field.default for field in form.fields}
        for field in form.fields:
            possible = self.choices(field.key)
            if possible and self.answers[field.key] not in possible:
                self.answers[field.key] = possible[0]

    def choices(self, key: str) -> Sequence[str]:
        """Return the words that are possible in a field."""
        field = next((field for field in self.form.fields if field.key == key), None)
        return self.form.choices(field, self.site, self.answers) if field is not None else ()

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="box", can_focus=False) as box:
            box.border_title = self.form.phrase.title
            yield Static(f"[$role-label]{self.form.phrase.about}[/]")
            for field in self.form.fields:
                with Horizontal(classes="row"):
                    yield Label(field.label, classes="label")
                    yield FieldInput(self.answers[field.key], id=field.key, compact=True, max_length=80)
                    yield Label(" " + field.hint, classes="hint", markup=False)
            yield Static("", classes="course", markup=False)
            yield Static("", classes="preview", markup=False)
            yield Static("[$role-label]tab: next field, enter twice: inject, escape: cancel[/]")
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="cancel", compact=True)
                yield Button("Inject", id="inject", variant="warning", compact=True)

    def on_mount(self) -> None:
        self._preview()
        if self.start:
            self.query_one(f"#{self.start}", Input).focus()

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        key = event.input.id or ""
        if self.answers.get(key) == event.value:
            return
        self.answers[key] = event.value
        keys = [field.key for field in self.form.fields]
        for later in keys[keys.index(key) + 1 :]:
            possible = self.choices(later)
            if possible and self.answers[later] not in possible:
                self.answers[later] = possible[0]
                self.query_one(f"#{later}", Input).value = possible[0]
        self._preview()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        button = self.query_one("#inject", Button)
        if self.focused is button:
            # the second of two quick presses was still on its way to the field
            self._inject()
        elif self._preview():
            self.set_focus(button)

    @on(Button.Pressed, "#cancel")
    def _cancel(self) -> None:
        self.dismiss(None)

    @on(Button.Pressed, "#inject")
    def _inject(self) -> None:
        if self._preview():
            self.dismiss(self.line)

    @property
    def line(self) -> str:
        return self.form.build(self.answers)

    def _preview(self) -> bool:
        text, course, valid = preview(self.line, self.site)
        shown = self.query_one(".preview", Static)
        shown.update(f":{self.line}\n{text}" if valid else f"Not possible: {text}")
        shown.set_class(not valid, "-wrong")
        drawn = ""
        if course:
            low, high = min(course), max(course)
            ends = f"{low:g} to {high:g}" if low != high else f"{low:g}"
            drawn = f"{sparkline(course, low, high, self.glyphs)}  {ends}"
        self.query_one(".course", Static).update(drawn)
        self.query_one("#inject", Button).disabled = not valid
        return valid


class Choices(OptionList):
    """A list in which j and k move the cursor too."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", show=False),
        Binding("k", "cursor_up", show=False),
    ]


class MenuDialog(Dialog[str]):
    """A list to choose from; its result is the chosen id, or None."""

    def __init__(self, title: str, choices: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self.box_title = title
        self.choices = choices

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = self.box_title
            options = (Option(text, id=key) for key, text in self.choices)
            yield Choices(*options, markup=False, compact=True)
            yield Static("[$role-label]enter chooses, escape leaves[/]")

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option.id)


class QuestionDialog(Dialog[bool]):
    """A question; Cancel comes first and has the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,right,up,down,h,l", "other", show=False),
        Binding("n", "leave", show=False),
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

    def __init__(self, title: str, label: str, preset: str = "") -> None:
        super().__init__()
        self.box_title = title
        self.label = label
        self.preset = preset

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = self.box_title
            yield Label(self.label, markup=False)
            yield Input(self.preset, compact=True, max_length=500, id="answer")
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
