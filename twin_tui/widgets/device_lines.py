"""One device in full: its telemetry and commands, faults, links and writes. Pure drawing."""

from collections.abc import Sequence

from twin_tui.engine import formats
from twin_tui.engine.snapshot import DeviceSnapshot
from twin_tui.engine.view import DeviceView, Frame
from twin_tui.engine.why import NO_KEYS, Keys
from twin_tui.widgets.glyphs import Glyphs
from twin_tui.widgets.model import SignalRow, device_row, last_ems_write, shown
from twin_tui.widgets.register_lines import trace_lines, traces_of
from twin_tui.widgets.spans import Line, rule


def head_lines(
    device: DeviceSnapshot, view: DeviceView, frame: Frame, glyphs: Glyphs, keys: Keys = NO_KEYS
) -> list[Line]:
    """Return name, condition, power, mode, then why it is so and every fault with its meaning."""
    row = device_row(device, frame)
    setpoint = f", asked {formats.power(row.setpoint_w)}" if row.setpoint_w is not None else ""
    direction = f", {row.direction}" if row.direction else ""
    head: Line = [
        (f" {formats.clean(device.name)} ", "focus"),
        (f"{device.title}  ", "label"),
        (f"{device.status} ", row.look),
        (f" {formats.power(row.power_w)}{setpoint}{direction}", "plain"),
    ]
    if row.soc is not None:
        forced = " forced" if row.soc_forced else ""
        head.append((f"  SOC {formats.percent(row.soc)} %{forced}", "strong" if forced else "plain"))
    if device.mode:
        head.append((f"  mode {device.mode} f {device.factor:g}", "strong"))
    lines = [head]
    if why := device.why.sentence(keys):
        lines.append([(f" {formats.clean(why)}", "strong")])
    for fault in device.faults:
        meaning = view.faults.get(fault, "")
        lines.append([(f" {glyphs.alarm} {fault}", "alarm"), (f"  {formats.clean(meaning)}", "plain")])
    if device.grid_code:
        lines.append([(f" grid code: {formats.clean(device.grid_code)}", "label")])
    return lines


LONGEST_NAME, SHORT_NAME, VALUE = 31, 22, 17
"""The most columns of the name of a signal, also in little room, and of its value with a blank."""


def value_of(item: SignalRow) -> str:
    """Return the value of a signal, an option by its name."""
    options = item.signal.options
    if options and isinstance(item.value, int):
        return f"{options.get(item.value, '?')} ({item.value})"
    return shown(item.value, item.signal.unit)


def signal_line(
    item: SignalRow,
    actual: SignalRow | None,
    width: int,
    glyphs: Glyphs,
    *,
    selected: bool = False,
    drawn: bool = False,
    columns: tuple[int, int] = (LONGEST_NAME, VALUE),
) -> Line:
    """Return one signal as a row: name, value, how it is held, meaning; a setpoint with its actual value."""
    signal, value = item.signal, value_of(item)
    name, value_width = min(columns[0], LONGEST_NAME if width >= 60 else SHORT_NAME), columns[1]
    access = "<" if signal.command else " "
    mark = glyphs.cursor if selected else glyphs.dot if drawn else access
    line: Line = [
        (f"{mark} ", "focus"),
        (formats.fit(signal.name, name, glyphs.cut) + " ", "plain" if signal.command else "label"),
        (formats.fit(formats.clean(value), value_width - 1, glyphs.cut) + " ", "plain"),
        (formats.fit("HELD" if item.pinned else "", 5), "strong"),
    ]
    if actual is not None:
        line.append((f"actual {shown(actual.value, actual.signal.unit)}  ", "plain"))
    used = sum(len(text) for text, _ in line)
    if width - used > 8:
        line.append((formats.fit(signal.meaning, width - used, glyphs.cut), "label"))
    return line


def actual_of(item: SignalRow, rows: Sequence[SignalRow]) -> SignalRow | None:
    """Return the telemetry that a setpoint aims at, if the device shows it."""
    if not item.signal.command or "setpoint" not in item.signal.name:
        return None
    wanted = item.signal.name.replace("_setpoint", "")
    return next((row for row in rows if row.signal.name == wanted and not row.signal.command), None)


def side_lines(device: DeviceSnapshot, frame: Frame, width: int, glyphs: Glyphs) -> list[Line]:
    """Return links and clients, the energy manager's control and the last writes with their effects."""
    lines = [rule("links and clients", width, glyphs.line)]
    links = [link for link in frame.links if link.concerns(device.name)]
    for link in links:
        lines.append([(f" {link.protocol} {formats.clean(link.address)} {link.state}", "plain")])
        if link.fault:
            lines.append([(f"   {glyphs.alarm} {formats.clean(link.fault)}", "alarm")])
        for client in link.clients:
            text = f"   {client.name}  {client.requests} requests, last {formats.age(client.quiet_s)} ago"
            lines.append([(text, "plain")])
    if not links:
        lines.append([(" no link: this device is only simulated", "label")])
    elif not any(link.clients for link in links):
        lines.append([(" no client is connected", "label")])
    lines += control_lines(device, width, glyphs)
    lines.append(rule("last writes", width, glyphs.line))
    for trace in reversed(traces_of(frame, device.name)[-6:]):
        lines += trace_lines(trace, width, glyphs)
    if last_ems_write(frame, device.name) is None:
        lines.append([(" no EMS has written yet", "label")])
    return lines


def control_lines(device: DeviceSnapshot, width: int, glyphs: Glyphs) -> list[Line]:
    """Return what an energy manager has in hand, by S2, or the mode that runs."""
    control = device.control
    if control is None:
        if not device.mode:
            return []
        return [
            rule("operation mode", width, glyphs.line),
            [(f" {device.mode}", "strong"), (f"  factor {device.factor:g}", "plain")],
        ]
    lines = [
        rule(f"S2 {control.control}", width, glyphs.line),
        [(f" {control.mode or 'no mode yet'}", "strong"), (f"  factor {control.factor:g}", "plain")],
    ]
    if control.next_modes:
        lines.append([(f" can go to {', '.join(control.next_modes)}", "label")])
    lines += [[(f" timer {name}: {formats.age(left_s)} left", "strong")] for name, left_s in control.timers]
    if control.last:
        lines.append([(f" last: {formats.clean(control.last)}", "plain")])
    if control.refused:
        lines.append([(f" refused: {formats.clean(control.refused)}", "alarm")])
    return lines
