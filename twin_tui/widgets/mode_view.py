"""Operation modes and energy managers: what steers each device now, and what could."""

from twin_tui.engine import formats
from twin_tui.engine.view import Frame
from twin_tui.widgets.cursor_view import CursorView
from twin_tui.widgets.device_lines import control_lines
from twin_tui.widgets.looks import Looks
from twin_tui.widgets.spans import Line, rule


class ModeList(CursorView):
    """One device after the other; enter selects a mode for the chosen one."""

    def __init__(self, looks: Looks) -> None:
        super().__init__(looks, id="modes")
        self.shown_devices: list[str] = []
        self._tops: list[int] = []

    @property
    def rows(self) -> int:
        return len(self.shown_devices)

    @property
    def device(self) -> str:
        return self.shown_devices[self.row] if self.row < len(self.shown_devices) else ""

    def draw(self, frame: Frame) -> None:
        width, glyphs, keys = self.size.width, self.looks.glyphs, self.looks.keys
        moded = [view for view in self.looks.site.devices if view.modes]
        self.shown_devices = [view.name for view in moded]
        if not moded:
            self.show([[(" No device of this site has operation modes.", "label")]])
            return
        self.row = min(self.row, len(moded) - 1)
        lines: list[Line] = [rule("operation modes and S2", width, glyphs.line)]
        self._tops = []
        for place, view in enumerate(moded):
            self._tops.append(len(lines))
            device = next((d for d in frame.snapshot.devices if d.name == view.name), None)
            if device is None:
                continue
            mark = glyphs.cursor if place == self.row else " "
            steered = "an energy manager" if device.control else "a mode" if device.mode else "its setpoints"
            lines.append(
                [
                    (f"{mark} ", "focus"),
                    (formats.fit(formats.clean(device.name), 14, glyphs.cut) + " ", "focus"),
                    (f"steered by {steered}", "plain"),
                    (f"  {formats.kilowatts(device.active_power_w)} kW", "label"),
                ]
            )
            for link in frame.links:
                if link.steers and link.concerns(device.name):
                    lines.append([(f"   {formats.clean(link.address)}  {link.state}", "plain")])
                    if link.fault:
                        lines.append([(f"   {glyphs.alarm} {formats.clean(link.fault)}", "alarm")])
            lines += [[("  ", "plain"), *line] for line in control_lines(device, width - 2, glyphs)]
            lines.append([(f"   modes: {', '.join(view.modes)}", "label")])
            lines.append([])
        how = f" {keys['mode']} or {keys['open']} selects a mode for the chosen device"
        lines.append([(f"{how}; mode off returns its setpoints", "label")])
        self.show(lines, self._tops[self.row] if self.has_focus else -1)

    def reveal(self) -> None:
        if self.row < len(self._tops):
            self.scroll_to(y=max(0, self._tops[self.row] - 1), animate=False)

    def row_at(self, y: int) -> int:
        line = y + int(self.scroll_offset.y)
        return max((place for place, top in enumerate(self._tops) if top <= line), default=0)
