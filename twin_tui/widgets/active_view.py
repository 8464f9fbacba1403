"""What was injected and is still in force, and the frames of one link."""

from typing import ClassVar

from textual.binding import Binding, BindingType

from twin_tui.engine import formats
from twin_tui.engine.view import Frame
from twin_tui.widgets.cursor_view import CursorView
from twin_tui.widgets.keys import key
from twin_tui.widgets.looks import Looks, TextMessage
from twin_tui.widgets.spans import Line, rule


class ActiveList(CursorView):
    """Active injections with the time they have left; enter clears the chosen one."""

    KEYS: ClassVar[tuple[Binding, ...]] = (
        key("clear-one", "delete", "choose", "Clear it", "clear the chosen injection"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [*KEYS]
    heading = 2

    class Clear(TextMessage):
        """One injection is to end; its text is the command that ends it."""

    def __init__(self, looks: Looks) -> None:
        super().__init__(looks, id="active")

    def items(self) -> list[tuple[str, str, str, str]]:
        """Return (device, text, time left, clearing command) of everything in force."""
        if self.frame is None:
            return []
        found = [
            ("grid", d.text, d.remaining_s, f"clear {d.label}") for d in self.frame.snapshot.disturbances
        ]
        found += [(f.device, f.text, f.remaining_s, f.label) for f in self.frame.injected]
        return [(device, text, formats.remaining(left_s), line) for device, text, left_s, line in found]

    def draw(self, frame: Frame) -> None:
        items, keys = self.items(), self.looks.keys
        title = rule(
            "injections in force", self.size.width, self.looks.glyphs.line, str(len(items) or "none")
        )
        if not items:
            self.show(
                [
                    title,
                    [(f" Nothing is injected. {keys['inject']} injects.", "label")],
                    *self._timeline(frame),
                ]
            )
            return
        self.row = min(self.row, len(items) - 1)
        lines: list[Line] = [
            title,
            [("  " + formats.fit("where", 14) + formats.fit("left", 15) + "what", "label")],
        ]
        for place, (device, text, left, _) in enumerate(items):
            mark = self.looks.glyphs.cursor if place == self.row else " "
            lines.append(
                [
                    (f"{mark} ", "focus"),
                    (formats.fit(formats.clean(device), 13, self.looks.glyphs.cut) + " ", "focus"),
                    (formats.fit(left, 15), "strong"),
                    (formats.clean(text), "plain"),
                ]
            )
        lines.append([])
        lines.append([(f" {keys['open']} clears the chosen one, {keys['clear']} clears everything", "label")])
        lines += self._timeline(frame)
        self.show(lines, self.row + self.heading if self.has_focus else -1)

    def _timeline(self, frame: Frame) -> list[Line]:
        """Return the scenario that is being played: what has been, what comes next, every verdict so far."""
        steps, now_s = frame.timeline, frame.snapshot.time_s
        if not steps:
            return []
        passed = sum(step.state == "passed" for step in steps)
        failed = sum(step.state == "failed" for step in steps)
        said = f"{passed} passed, {failed} failed"
        lines: list[Line] = [[], rule("scenario", self.size.width, self.looks.glyphs.line, said)]
        upcoming = next((step for step in steps if step.state == "to come"), None)
        for step in steps:
            left = f"in {formats.duration(step.at_s - now_s)}" if step is upcoming else step.state
            look = {"passed": "plain", "failed": "alarm", "open": "strong"}.get(step.state, "label")
            role = "focus" if step is upcoming else look
            seen = f"  seen: {step.seen}" if step.state == "failed" and step.seen else ""
            when = formats.clock(step.at_s, tenths=False)
            text = formats.clean(step.text) + seen
            lines.append([(f" {when} ", "label"), (formats.fit(left, 11), role), (text, "plain")])
        return lines

    @property
    def rows(self) -> int:
        return len(self.items())

    def action_choose(self) -> None:
        items = self.items()
        if self.row < len(items):
            self.post_message(self.Clear(items[self.row][3]))


class TrafficList(CursorView):
    """The newest frames of one link, decoded."""

    def __init__(self, looks: Looks) -> None:
        super().__init__(looks, id="traffic")
        self.device = ""

    def draw(self, frame: Frame) -> None:
        if not frame.traffic:
            nothing = " No frame yet: the capture runs while this view is open."
            self.show([[(f" Traffic of {self.device or 'no device'}", "focus")], [(nothing, "label")]])
            return
        lines: list[Line] = [[(f" Traffic of {self.device}: > came in, < went out", "focus")]]
        room = max(1, self.size.height - 1)
        for item in frame.traffic[-room:]:
            incoming = item.text.startswith(">")
            lines.append(
                [
                    (f" {formats.age(item.age_s):>5} ", "label"),
                    (formats.fit(item.client, 22, self.looks.glyphs.cut) + " ", "label"),
                    (formats.clean(item.text), "written" if incoming else "plain"),
                ]
            )
        self.show(lines)

    def as_text(self) -> str:
        seen = self.frame.traffic if self.frame is not None else ()
        return "".join(formats.table_row(item.client, item.text, item.raw) + "\n" for item in seen)
