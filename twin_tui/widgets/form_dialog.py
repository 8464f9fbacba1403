"""A form: fields with what they may be, what they would do together, checked by the twin, and a button."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.events import DescendantBlur, DescendantFocus
from textual.widgets import Button, Input, Label, OptionList, Static
from textual.widgets.input import Selection

from twin_tui.commands.forms import Form, preview
from twin_tui.commands.slots import Given, Slot
from twin_tui.engine.formats import clean, columns
from twin_tui.engine.view import SiteView
from twin_tui.widgets.dialogs import Dialog
from twin_tui.widgets.glyphs import Glyphs, sparkline
from twin_tui.widgets.pick_list import PickList, ranked

Check = Callable[[str], Awaitable[str]]
"""Returns why a command line would be refused now, "" when it would be carried out."""
LEAST_LABEL = 15
LEAST_FIELD, MOST_FIELD = 26, 44
"""Columns of a field, where the screen has them."""
OTHER_ROWS = 9
"""What the dialog needs besides fields and list: border, about, detail, course, preview, keys and buttons."""
LEAST_LIST, MOST_LIST = 3, 10
WIDEST, SHORT_HEIGHT = 110, 18


class FieldInput(Input):
    """A field; up and down go through what is possible, enter goes on to the button."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "choose(1)", show=False),
        Binding("up", "choose(-1)", show=False),
    ]

    def __init__(self, field: Slot, text: str) -> None:
        super().__init__(
            text, field.implied, id=field.key, compact=True, max_length=200, select_on_focus=False
        )
        self.field = field
        self.shown = text
        """What the dialog put in or has dealt with: anything else was typed since."""
        self.searched = False
        """Whether somebody typed since the field got the focus."""

    def put(self, text: str) -> None:
        """Show a text from its start."""
        self.shown = self.value = text
        self._from_start(chosen=self.has_focus)

    def on_focus(self) -> None:
        """Select everything, so that typing replaces it, with the cursor at the start, so that it is seen."""
        self.searched = False
        self._from_start(chosen=True)

    def _from_start(self, *, chosen: bool) -> None:
        self.selection = Selection(len(self.value) if chosen else 0, 0)

    def action_choose(self, by: int) -> None:
        """Choose the next possible word, or go to the next field where anything may be typed."""
        screen = self.screen
        if not isinstance(screen, FormDialog):
            return
        if screen.list.display and screen.list.words:
            screen.choose(screen.list.move(by))
        elif by > 0:
            screen.focus_next()
        else:
            screen.focus_previous()


class FormDialog(Dialog[str]):
    """A form: fields, what it would do, a button and Cancel. Its result is a command line, or None."""

    DEFAULT_CSS = """
    FormDialog .fields { height: auto; }
    FormDialog .row { height: 1; }
    FormDialog .hint, FormDialog .detail, FormDialog .keys, FormDialog .about { color: $role-label; }
    FormDialog .hint, FormDialog .about, FormDialog .keys { height: 1; text-wrap: nowrap; }
    FormDialog .hint, FormDialog .about, FormDialog .keys { text-overflow: ellipsis; }
    FormDialog .detail { height: auto; max-height: 2; }
    FormDialog .preview { height: auto; max-height: 4; }
    FormDialog .preview.-valid { text-style: bold; }
    FormDialog .preview.-wrong { color: $role-alarm; }
    FormDialog .course { height: 1; color: $role-label; }
    FormDialog.-narrow .hint { display: none; }
    FormDialog.-short .about, FormDialog.-short .keys, FormDialog.-short .course { display: none; }
    """

    def __init__(
        self,
        form: Form,
        site: SiteView,
        glyphs: Glyphs,
        answers: Mapping[str, str],
        check: Check,
        start: str = "",
    ) -> None:
        super().__init__()
        self.start = start
        """The field that is to be filled in first; the first one when empty."""
        self.form = form
        self.site = site
        self.glyphs = glyphs
        self.check = check
        self.answers: dict[str, str] = {}
        self.touched: set[str] = set()
        """The fields in which somebody has typed or chosen anything."""
        self.list = PickList(glyphs.cut)
        for _ in range(2):  # parameters of a mode are there once the mode is
            for field in self.fields:
                wanted = answers.get(field.key) or field.default
                self.answers.setdefault(field.key, self._possible(field, wanted))

    def take_site(self, site: SiteView) -> None:
        """Offer what a site has now; leave when the device that was chosen is no longer in it."""
        self.site = site
        if "device" in self.answers and site.device(self.answers["device"]) is None:
            self.dismiss(None)
        else:
            self._offer("")

    @property
    def fields(self) -> tuple[Slot, ...]:
        """What is asked for after the answers so far."""
        return self.form.fields(self.site, self.answers)

    @property
    def line(self) -> str:
        return self.form.build(self.site, self.answers)

    @property
    def given(self) -> Given:
        return Given(self.site, self.answers)

    def choices(self, key: str) -> Mapping[str, str]:
        """Return the words that are possible in a field, with their explanations."""
        field = next((field for field in self.fields if field.key == key), None)
        return field.choices(self.given) if field is not None else {}

    def _possible(self, field: Slot, wanted: str) -> str:
        """Return the answer that is wanted, or the first possible one where a word is needed."""
        found = field.choices(self.given)
        if not found or field.optional or (wanted and field.accepts(wanted, self.given)):
            return wanted
        return wanted if wanted in found else next(iter(found))

    def compose(self) -> ComposeResult:
        with Vertical(classes="box") as box:
            box.border_title = self.form.phrase.title
            yield Static(self.form.phrase.about, classes="about", markup=False)
            with VerticalScroll(classes="fields", can_focus=False):
                yield from self._rows(self.fields)
            yield Static("", classes="detail", markup=False)
            yield self.list
            yield Static("", classes="course", markup=False)
            yield Static("", classes="preview", markup=False)
            does = self.form.phrase.button
            keys = f"tab: next field, enter twice: {does.lower()}, escape: cancel"
            yield Static(keys, classes="keys")
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="cancel", compact=True)
                yield Button(does, id="inject", variant="primary", compact=True, disabled=True)

    def _rows(self, fields: tuple[Slot, ...]) -> Iterator[Horizontal]:
        words = [word for field in fields for word in field.choices(self.given)]
        width = min(MOST_FIELD, max([LEAST_FIELD, *(columns(word) + 1 for word in words)]))
        for field in fields:
            box = FieldInput(field, self.answers[field.key])
            box.styles.width = width if self.app.size.width >= 72 else "1fr"
            label = Label(field.label, classes="label", markup=False)
            label.styles.width = self._label_width
            yield Horizontal(label, box, Label("", classes="hint", markup=False), classes="row")

    @property
    def _label_width(self) -> int:
        """The columns of the labels: one more than the longest, so that none runs into its value."""
        return max(LEAST_LABEL, *(columns(field.label) + 1 for field in self.fields))

    def on_mount(self) -> None:
        self.list.display = False
        if self.start:  # at once: the next key may have come already
            self.set_focus(self.query_one(f"#{self.start}", Input))
        self._show()

    def on_resize(self) -> None:
        """Share the height between fields and list; the preview and the buttons always stay."""
        width, height = self.size
        self.set_class(height < SHORT_HEIGHT, "-short")
        self.set_class(width < 72, "-narrow")
        self.query_one(".box").styles.width = min(width, max(72, min(WIDEST, width * 6 // 10)))
        room = max(LEAST_LIST + 2, height - (OTHER_ROWS if height >= SHORT_HEIGHT else 6))
        listed = max(LEAST_LIST, min(MOST_LIST, room - len(self.fields)))
        self.list.styles.max_height = listed
        self.query_one(".fields").styles.max_height = max(2, room - listed)

    @on(DescendantFocus)
    def _focused(self) -> None:
        self._offer("")

    @on(DescendantBlur)
    def _left(self, event: DescendantBlur) -> None:
        if isinstance(event.widget, FieldInput):
            event.widget.put(self.answers[event.widget.field.key])

    @on(Input.Changed)
    async def _changed(self, event: Input.Changed) -> None:
        box = event.input
        if not isinstance(box, FieldInput) or event.value == box.shown:
            return
        box.shown, box.searched = event.value, True
        await self._answer(box.field, self._meant(box.field, event.value))
        self._offer(event.value)

    def _meant(self, field: Slot, text: str) -> str:
        """Return the answer that a text means: itself, or the word that it matches best."""
        found, word = field.choices(self.given), text.strip()
        if not found or not word or word in found:
            return word if found else text
        if field.accepts(word, self.given):
            value = field.value(word, self.given)
            return value if isinstance(value, str) and value in found else word
        return next(iter(ranked(word, found)), word)

    @work(group="answer")
    async def choose(self, word: str) -> None:
        """Take a word of the list as the answer of the field that has the focus."""
        box = self.focused
        if isinstance(box, FieldInput) and word:
            box.put(word)
            await self._answer(box.field, word)

    @on(OptionList.OptionSelected)
    def _picked(self) -> None:
        self.choose(self.list.word)

    async def _answer(self, field: Slot, answer: str) -> None:
        """Take an answer; what depends on it begins anew with its default."""
        self.touched.add(field.key)
        before = {
            each.key: (dict(each.choices(self.given)), each.hint_for(self.given)) for each in self.fields
        }
        self.answers[field.key] = answer
        keys = [each.key for each in self.fields]
        for each in self.fields[keys.index(field.key) + 1 :]:
            now = dict(each.choices(self.given)), each.hint_for(self.given)
            if each.key not in self.answers or before.get(each.key) != now:
                self.answers[each.key] = self._possible(each, each.default)
        if keys != list(before):
            await self._ask_for(self.fields)
        for box in self.query(FieldInput):
            if box.field.key != field.key and box.shown != self.answers[box.field.key]:
                box.put(self.answers[box.field.key])
        self._show()

    async def _ask_for(self, fields: tuple[Slot, ...]) -> None:
        """Replace the rows of parameters by those that the answers call for."""
        own = len([slot for slot in self.form.phrase.slots if slot.label])
        container = self.query_one(".fields")
        for row in list(container.children)[own:]:
            await row.remove()
        await container.mount(*self._rows(fields[own:]))
        for label in self.query(".row > .label"):
            label.styles.width = self._label_width
        self.on_resize()

    def _offer(self, typed: str) -> None:
        """Show what is possible in the field that has the focus, the best matches of what is typed first."""
        box = self.focused
        field = box.field if isinstance(box, FieldInput) else None
        found = field.choices(self.given) if field is not None else {}
        self.list.display = bool(found)
        if field is not None:
            answer = self.answers[field.key]
            words = ranked(typed, found) if typed and typed != answer else list(found)
            self.list.offer(words, found, answer)
        self._show()

    def _show(self) -> None:
        """Show hints, and in a moment what the twin says."""
        details = ""
        for row in self.query(".row"):
            box, label = row.query_one(FieldInput), row.query_one(".hint", Label)
            hint = self._hint(box.field)
            label.update(f" {hint}")
            cut = columns(hint) >= label.size.width or not label.display
            if box is self.focused and cut:
                details = hint
        self.query_one(".detail", Static).update(details)
        self.query_one(".detail", Static).display = bool(details)
        self._preview_soon()

    @work(exclusive=True, group="preview")
    async def _preview_soon(self) -> None:
        await self._preview()

    def _hint(self, field: Slot) -> str:
        found = field.choices(self.given)
        return clean(found.get(self.answers[field.key], "") or field.hint_for(self.given))

    def _missing(self) -> Slot | None:
        """Return the first field that needs an answer and has none."""
        return next((f for f in self.fields if not f.optional and not self.answers[f.key].strip()), None)

    async def _preview(self) -> bool:
        """Show what the line would do; return whether the twin would carry it out now."""
        line, missing = self.line, self._missing()
        refusal = "" if missing else await self.check(line)
        if line != self.line:
            return False  # typed meanwhile: the next preview is on its way
        valid = missing is None and not refusal
        text, course = preview(line, self.site) if valid else ("", ())
        if missing is not None:
            text = f"{missing.label}: {missing.hint_for(self.given) or 'choose one'}"
            refusal = text if missing.key in self.touched else ""
        if refusal:
            text = f"{'Not possible' if self.touched else 'To be changed'}: {refusal}"
        elif missing is not None:
            pass
        else:
            text = f":{line}\n{text}".rstrip()
        shown = self.query_one(".preview", Static)
        shown.update(text)
        shown.set_class(bool(refusal and self.touched), "-wrong")
        shown.set_class(valid, "-valid")
        drawn = ""
        if course:
            low, high = min(course), max(course)
            ends = f"{low:g} to {high:g}" if low != high else f"{low:g}"
            drawn = f"{sparkline(course, low, high, self.glyphs)}  {ends}"
        self.query_one(".course", Static).update(drawn)
        self.query_one(".course", Static).display = bool(drawn)
        self.query_one("#inject", Button).disabled = not valid
        return valid

    @on(Input.Submitted)
    async def _submitted(self, event: Input.Submitted) -> None:
        button = self.query_one("#inject", Button)
        if self.focused is button:
            # the second of two quick presses was still on its way to the field
            await self._inject()
            return
        box = event.input
        if isinstance(box, FieldInput):
            self.touched.add(box.field.key)
            picked = box.searched and bool(box.field.choices(self.given))
            box.put(self.answers[box.field.key])
            if picked and box.field is not self.fields[-1]:
                self.focus_next(FieldInput)
                return
        if await self._preview():
            self.set_focus(button)
        elif (missing := self._missing()) is not None:
            self.query_one(f"#{missing.key}", Input).focus()

    @on(Button.Pressed, "#cancel")
    def _cancel(self) -> None:
        self.dismiss(None)

    @on(Button.Pressed, "#inject")
    async def _inject(self) -> None:
        if await self._preview():
            self.dismiss(self.line)
