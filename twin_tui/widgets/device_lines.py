"""One device in full: what it shows, what it was told, its faults and clients. Pure drawing."""

from twin_tui.engine.snapshot import DeviceSnapshot
from twin_tui.engine.view import DeviceView, Frame
from twin_tui.widgets import formats
from twin_tui.widgets.glyphs import Glyphs
from twin_tui.widgets.model import SignalRow, command_rows, device_row, last_ems_write, telemetry_rows
from twin_tui.widgets.spans import Line, rule


def device_lines(
    device: DeviceSnapshot, view: DeviceView, frame: Frame, width: int, glyphs: Glyphs
) -> list[Line]:
    """Return the whole device as lines: in two columns where there is room."""
    row = device_row(device, frame)
    head: Line = [
        (f" {formats.clean(device.name)} ", "title"),
        (f"{device.title}  ", "dim"),
        (f"{device.status} ", row.look),
        (f" {formats.kilowatts(row.power_w)} kW {row.direction}", "plain"),
    ]
    if device.mode:
        head.append((f"  mode {device.mode} factor {device.factor:g}", "accent"))
    lines = [head]
    if device.explanation:
        lines.append([(f" {formats.clean(device.explanation)}", "warn")])
    lines += _faults(device, view, glyphs)
    telemetry = [rule("shows", width if width < 110 else width // 2, glyphs.line)]
    commands = [rule("was told", width if width < 110 else width - width // 2, glyphs.line)]
    half = width if width < 110 else width // 2
    telemetry += [_signal_line(item, half, glyphs) for item in telemetry_rows(device)]
    commands += [_signal_line(item, half, glyphs) for item in command_rows(device)]
    commands += [[], *_clients(device, frame, glyphs, half)]
    if width < 110:
        return lines + telemetry + commands
    return lines + _beside(telemetry, commands, half)


def _signal_line(item: SignalRow, width: int, glyphs: Glyphs) -> Line:
    signal = item.signal
    value = formats.quantity(item.value, signal.unit)
    if signal.options and isinstance(item.value, int):
        value = f"{signal.options.get(item.value, '?')} ({item.value})"
    held = " HELD" if item.pinned else ""
    name = 30 if width >= 60 else 24
    meaning = width - name - 22
    line: Line = [
        (" " + formats.fit(signal.name, name - 1, glyphs.cut), "dim"),
        (formats.fit(formats.clean(value), 15, glyphs.cut).rjust(15), "plain"),
        (formats.fit(held, 6), "warn"),
    ]
    if meaning > 8:
        line.append((formats.fit(signal.meaning, meaning, glyphs.cut), "dim"))
    return line


def _faults(device: DeviceSnapshot, view: DeviceView, glyphs: Glyphs) -> list[Line]:
    return [
        [(f" {glyphs.alarm} {fault}", "bad"), (f"  {view.faults.get(fault, '')}", "plain")]
        for fault in device.faults
    ]


def _clients(device: DeviceSnapshot, frame: Frame, glyphs: Glyphs, width: int) -> list[Line]:
    lines = [rule("links and clients", width, glyphs.line)]
    links = [link for link in frame.links if link.device == device.name]
    for link in links:
        fault = f"  fault: {link.fault}" if link.fault else ""
        lines.append([(f" {link.protocol} {link.address}", "plain"), (fault, "bad")])
        for client in link.clients:
            text = f"   {client.name}  {client.requests} requests, last {formats.age(client.quiet_s)} ago"
            lines.append([(text, "accent")])
    if not links:
        lines.append([(" no link: this device is only simulated", "dim")])
    elif not any(link.clients for link in links):
        lines.append([(" nobody is connected", "dim")])
    trace = last_ems_write(frame, device.name)
    if trace is not None:
        lines.append([(f" last write {formats.age(trace.age_s)} ago: {formats.clean(trace.text)}", "plain")])
        if trace.effect:
            lines.append([(f"   {glyphs.into} {trace.effect}", "good")])
    return lines


def _beside(left: list[Line], right: list[Line], width: int) -> list[Line]:
    lines = []
    for place in range(max(len(left), len(right))):
        one = left[place] if place < len(left) else []
        used = sum(len(text) for text, _ in one)
        lines.append([*one, (" " * (width - used), "plain"), *(right[place] if place < len(right) else [])])
    return lines
