"""The register inspector: the registers of one device, and who wrote them."""

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from twin_tui.engine import formats
from twin_tui.engine.view import Frame, RegisterInfo, RegisterValue
from twin_tui.widgets.cursor_view import CursorView
from twin_tui.widgets.line_view import LineView
from twin_tui.widgets.looks import FrameLines, Looks
from twin_tui.widgets.register_lines import (
    RegisterColumns,
    RegisterFilter,
    as_text,
    detail,
    heading,
    register_line,
    value_text,
    who_columns,
)
from twin_tui.widgets.spans import Line, rule

CHANGED_WITHIN_S = 5.0
LEAST_VALUE, MOST_VALUE = 10, 24
"""The columns of the values."""


class RegisterList(CursorView):
    """The registers that pass the filter; only those in the window are requested and drawn."""

    def __init__(self, looks: Looks) -> None:
        super().__init__(looks)
        self.registers: tuple[RegisterInfo, ...] = ()
        self.indices: list[int] = []
        self.filter = RegisterFilter()
        self.values: dict[int, RegisterValue] = {}
        self.widest = LEAST_VALUE
        """The columns that the values in the window need."""
        self.widest_number = LEAST_VALUE
        self.widest_who = 0, 0

    def choose_registers(self, registers: tuple[RegisterInfo, ...]) -> None:
        """Show the registers of another device."""
        self.registers = registers
        self.values.clear()
        self.widest = self.widest_number = LEAST_VALUE
        self.widest_who = 0, 0
        self.indices = []
        self.row = 0
        self.scroll_to(y=0, animate=False)
        self.sift()

    def sift(self) -> None:
        """Show what passes; the cursor stays on its register, or goes to the first that passes."""
        changed, chosen = self.frame.changed if self.frame is not None else (), self.chosen()
        self.indices = self.filter.indices(self.registers, changed)
        if chosen is not None:
            self.row = self.indices.index(chosen) if chosen in self.indices else 0
        self.redraw()
        self.reveal()

    def window(self) -> tuple[int, ...]:
        """Return the registers that can be seen, and the one under the cursor."""
        top = int(self.scroll_offset.y)
        seen = self.indices[top : top + max(1, self.size.height)]
        chosen = self.chosen()
        return tuple(seen) if chosen is None or chosen in seen else (*seen, chosen)

    def chosen(self) -> int | None:
        return self.indices[self.row] if self.row < len(self.indices) else None

    def watch_frame(self) -> None:
        """Take the new values; sift again where the filter looks at changes."""
        if self.frame is not None:
            for register in self.frame.registers:
                self.values[register.index] = register
            self.widest = self.widest_number = LEAST_VALUE
            self.widest_who = 0, 0
            for register in (self.values[index] for index in self.window() if index in self.values):
                whole, number = formats.columns(value_text(register)), formats.columns(register.text)
                self.widest = max(self.widest, min(number if whole > MOST_VALUE else whole, MOST_VALUE))
                self.widest_number = max(self.widest_number, min(number, MOST_VALUE))
                least, usual = who_columns(register)
                self.widest_who = max(self.widest_who[0], least), max(self.widest_who[1], usual)
        if self.filter.changed_only:
            self.sift()
        else:
            self.redraw()

    def watch_scroll_y(self, old: float, new: float) -> None:
        """Draw what has come into view."""
        super().watch_scroll_y(old, new)
        self.redraw()

    def redraw(self) -> None:
        if not self.indices:
            self.show([[(f" {self._nothing()}", "label")]])
            return
        top, height = int(self.scroll_offset.y), self.size.height
        looks, columns = self.looks, self.columns
        empty: Line = []
        lines = [empty] * len(self.indices)
        for place in range(top, min(top + height, len(self.indices))):
            index = self.indices[place]
            lines[place] = register_line(
                self.registers[index],
                self.values.get(index),
                columns,
                looks.number_format,
                looks.glyphs,
                place == self.row,
            )
        self.show(lines, self.row if self.has_focus else -1)

    @property
    def columns(self) -> RegisterColumns:
        """The columns that have room now."""
        width = self.scrollable_content_region.width
        return RegisterColumns.of(
            *(width, self.registers, self.widest, self.looks.number_format),
            number=self.widest_number,
            who=self.widest_who,
        )

    def _nothing(self) -> str:
        if not self.registers:
            return "This device has no registers on any link."
        if self.filter.changed_only:
            every = self.looks.keys["changed"]
            return f"No register has changed in the last {CHANGED_WITHIN_S:g} s; {every} shows all."
        return f"No register matches the filter; {self.looks.keys['back']} ends it."


class RegisterDetail(FrameLines):
    """Everything about the register under the cursor."""

    DEFAULT_CSS = "RegisterDetail { height: 9; border-top: none; }"

    def __init__(self, looks: Looks, registers: RegisterList) -> None:
        super().__init__(looks)
        self.registers = registers
        self.device = ""

    def draw(self, frame: Frame) -> None:
        index = self.registers.chosen()
        if index is None:
            self.show([])
            return
        info, value = self.registers.registers[index], self.registers.values.get(index)
        lines = detail(info, value, frame, self.looks.glyphs, self.size.width)
        self.show(lines[: self.size.height])


class RegisterPane(Vertical):
    """Heading, registers and the detail of one device."""

    DEFAULT_CSS = """
    RegisterPane { height: 1fr; }
    RegisterPane > .title { height: 1; }
    RegisterPane > RegisterList { height: 1fr; }
    """

    class Wanted(Message):
        """The window has moved: other registers are wanted at once, not at the next refresh."""

    def __init__(self, looks: Looks, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.looks = looks
        self.device = ""
        self.title_line = LineView(classes="title")
        self.heading_line = LineView(classes="title")
        self.list = RegisterList(looks)
        self.detail = RegisterDetail(looks, self.list)

    def compose(self) -> ComposeResult:
        yield self.title_line
        yield self.heading_line
        yield self.list
        yield self.detail

    def choose_device(self, device: str) -> None:
        """Show the registers of another device."""
        if device == self.device:
            return
        self.device = self.detail.device = device
        found = self.looks.site.device(device)
        self.list.choose_registers(found.registers if found is not None else ())
        self.detail.redraw()
        self.retitle()
        self.want()

    def want(self) -> None:
        """Ask for what is seen now: the console itself, for what a parent causes never passes that parent."""
        self.app.post_message(self.Wanted())

    def forget(self) -> None:
        """Forget all values and ask for those of the time that is shown."""
        self.list.values.clear()
        self.want()

    def present(self, frame: Frame) -> None:
        self.list.frame = frame
        if not self.list.values:
            self.list.watch_frame()  # of another device, whose registers may be equal
        self.detail.frame = frame
        self.retitle()

    def on_cursor_view_moved(self) -> None:
        self.detail.redraw()
        self.want()

    def on_resize(self) -> None:
        """Ask for the registers that have come into view."""
        self.retitle()
        self.want()

    def retitle(self) -> None:
        """Say which device and link, what is filtered, and who is connected."""
        frame, width = self.list.frame, self.size.width
        links = [link for link in frame.links if link.device == self.device] if frame is not None else []
        where = ", ".join(link.address for link in links) or "no link"
        said = []
        if self.looks.history.until_s is not None:
            said.append(f"as at {formats.clock(self.looks.history.until_s)}")
        if self.list.filter.text:
            said.append(f"filter: {self.list.filter.text}")
        if self.list.filter.changed_only:
            said.append("changed only")
        clients = sum(len(link.clients) for link in links)
        if clients:
            rate = sum(link.requests_per_s for link in links)
            said.append(f"{clients} client{'s' * (clients > 1)} {formats.rate(rate)}")
        said += [f"link fault: {link.fault}" for link in links if link.fault]
        keys = self.looks.keys
        nothing = f"choose a device: {keys['device-1']} to {keys['device-9']}"
        title = f"{self.device}  {where}" if self.device else nothing
        self.title_line.show([rule(title, width, self.looks.glyphs.line, "  ".join(said))])
        self.heading_line.show([heading(self.list.columns)] if self.list.registers else [])

    @property
    def filter_text(self) -> str:
        return self.list.filter.text

    def set_filter(self, text: str) -> None:
        """Show only registers in whose name, signal or address every word occurs."""
        self.list.filter = RegisterFilter(text, self.list.filter.changed_only)
        self.list.sift()
        self.retitle()
        self.want()

    def toggle_changed_only(self) -> bool:
        """Show changed registers only, or all; return which."""
        now = not self.list.filter.changed_only
        self.list.filter = RegisterFilter(self.list.filter.text, now)
        self.list.sift()
        self.retitle()
        return now

    def chosen(self) -> RegisterInfo | None:
        index = self.list.chosen()
        return self.list.registers[index] if index is not None else None

    def as_text(self) -> str:
        values = [self.list.values[i] for i in self.list.indices if i in self.list.values]
        return as_text(self.list.registers, values, self.looks.number_format)
