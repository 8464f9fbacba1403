"""Links and clients of the whole site, and the energy of the day."""

from twin_tui.engine import formats
from twin_tui.engine.view import Frame
from twin_tui.widgets.looks import Looks, SlowLines
from twin_tui.widgets.spans import Line, named, rule


class Links(SlowLines):
    """Every server and peer with its clients: rate, and how long each has been quiet."""

    def __init__(self, looks: Looks) -> None:
        super().__init__(looks, id="links")

    def draw(self, frame: Frame) -> None:
        width, glyphs = self.size.width, self.looks.glyphs
        clients = sum(len(link.clients) for link in frame.links)
        rate = sum(link.requests_per_s for link in frame.links)
        lines = [rule("links and clients", width, glyphs.line, f"{clients} connected  {formats.rate(rate)}")]
        for link in frame.links:
            busy = f"  {formats.rate(link.requests_per_s)}" if link.requests_per_s else ""
            line: Line = [
                (f" {named(link.device or 'site', 14, glyphs.cut)} ", "plain"),
                (f"{link.protocol} {formats.clean(link.address)} {formats.clean(link.state)}{busy}", "label"),
            ]
            if link.fault:
                line.append((f"  {glyphs.alarm} {formats.clean(link.fault)}", "alarm"))
            lines.append(line)
            for client in link.clients:
                last = f"{client.requests} requests, {formats.age(client.quiet_s)} ago"
                text = f"{formats.clean(client.name)}  {last}"
                lines.append([(" " * 16 + text, "plain")])
        if not frame.links:
            lines.append([(" no link: this site is only simulated", "label")])
        self.show(lines[: max(1, self.size.height)])
