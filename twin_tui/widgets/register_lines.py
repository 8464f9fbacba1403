"""The register inspector: rows, filter, number formats, the detail of one register. Pure drawing."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from twin_tui.engine import formats
from twin_tui.engine.log import REFUSED
from twin_tui.engine.snapshot import Snapshot
from twin_tui.engine.view import Frame, RegisterInfo, RegisterValue, WriteTrace
from twin_tui.widgets.glyphs import Glyphs
from twin_tui.widgets.log_text import in_lines, port_of, with_origin, without_middle
from twin_tui.widgets.model import is_client
from twin_tui.widgets.spans import Line

FRESH_S = 3.0


class NumberFormat(Enum):
    """How raw words are written."""

    HEX = "hex"
    DEC = "dec"
    BITS = "bits"

    def next(self) -> "NumberFormat":
        """Return the format that the key switches to."""
        order = list(NumberFormat)
        return order[(order.index(self) + 1) % len(order)]


@dataclass(frozen=True, slots=True)
class RegisterFilter:
    """Which registers are shown: a text in name, signal or address, and changed ones only."""

    text: str = ""
    changed_only: bool = False

    def indices(self, registers: Sequence[RegisterInfo], changed: Sequence[int]) -> list[int]:
        """Return the registers that pass, by index: what a client may write comes first."""
        wanted = self.text.casefold().split()
        lately = set(changed)
        return [
            index
            for index, info in sorted(enumerate(registers), key=lambda pair: not pair[1].writable)
            if (not self.changed_only or index in lately)
            and all(
                word in f"{info.address} {info.name} {info.signal} {info.table}".casefold() for word in wanted
            )
        ]


def raw_text(words: Sequence[int], number_format: NumberFormat) -> str:
    """Return the words of a register as they are on the wire."""
    if number_format is NumberFormat.HEX:
        return "0x" + "".join(f"{word:04X}" for word in words) if words else "-"
    if number_format is NumberFormat.BITS:
        return " ".join(f"{word >> 8:08b}.{word & 255:08b}" for word in words) or "-"
    return " ".join(str(word) for word in words) or "-"


def value_text(register: RegisterValue) -> str:
    """Return the value in the unit of the map, and the name of an option in place of its number."""
    return f"{register.text} {register.option}".rstrip() if register.option else register.text


def short_table(table: str) -> str:
    """Return one letter for a table, none for holding registers."""
    return "" if table.startswith("holding") else table[:1]


@dataclass(frozen=True, slots=True)
class RegisterColumns:
    """How wide the columns of the registers are; 0 leaves one out."""

    name: int
    signal: int
    type: int
    raw: int
    value: int
    access: int
    who: int

    @classmethod
    def of(
        cls,
        width: int,
        registers: Sequence[RegisterInfo],
        value: int,
        number_format: NumberFormat,
        *,
        number: int = 0,
        who: tuple[int, int] = (0, 0),
    ) -> "RegisterColumns":
        """Return the columns for some width and values so long, ``number`` of which is not to be cut.

        Who has set a register, in the second of ``who`` columns, comes before long names, in the first before
        names; these come before raw words.
        """
        longest = max((formats.columns(info.name) for info in registers), default=4)
        signals = [info.signal for info in registers if info.signal != info.name]
        signal = max(map(len, signals), default=0)
        types = max((len(info.type) for info in registers), default=0)
        raw_least, raw_most = RAW_WIDTH[number_format]
        needed = max(LEAST_WHO, who[1])
        spare = value - min(value, number or value)
        short = min(longest, USUAL_NAME) + 1 + needed - (width - 8 - (value + 1))
        with_raw = short + raw_least + 1
        value -= max(0, min(spare, with_raw if with_raw <= spare else short))
        left = width - 8 - (value + 1)
        by = min(needed, max(0, left - SHORT_NAME - 1, min(who[0], left - LEAST_NAME - 1)))
        left -= by
        name = max(0, min(longest, USUAL_NAME, left - 1))
        left -= name + 1

        def part(wanted: int, least: int = 0) -> int:
            nonlocal left
            given = wanted if left >= wanted else left if least and left >= least else 0
            left -= given
            return given

        raw = part(raw_least + 1)
        by += part(ADDRESS_WHO - by)
        name += part(longest - name, 1)
        by += part(max(0, PORT_WHO - by), 1)
        access = part(3)
        typed = part(types + 1)
        by += part(LONG_WHO - by, 1)
        beside = part(signal + 1, 12) if signal else 0
        if raw:
            raw += part(raw_most + 1 - raw, 1)
        return cls(name, beside, typed, raw, value, access, by + left)


RAW_WIDTH = {NumberFormat.HEX: (10, 18), NumberFormat.DEC: (11, 23), NumberFormat.BITS: (17, 35)}
"""The least and the most columns of raw words."""
LEAST_NAME, SHORT_NAME, USUAL_NAME = 4, 8, 24
MOST_AGE = 4
LEAST_WHO, PORT_WHO, ADDRESS_WHO, LONG_WHO = 7, 14, 22, 28
"""The columns of a write with its age alone, with the client's port, a short and a long address."""


def heading(columns: RegisterColumns) -> Line:
    """Return the line over the registers."""
    who = "rw written by" if columns.access else "written by"
    text = "".join(
        (
            " ",
            formats.fit("addr", 7),
            formats.fit("name", columns.name + 1),
            formats.fit("signal", columns.signal),
            formats.fit("type", columns.type),
            formats.fit("raw", columns.raw),
            formats.fit("value", columns.value + 1),
            formats.fit(who if columns.who >= len("written by") else "by", columns.access + columns.who),
        )
    )
    return [(text, "label")]


def register_line(
    info: RegisterInfo,
    register: RegisterValue | None,
    columns: RegisterColumns,
    number_format: NumberFormat,
    glyphs: Glyphs,
    selected: bool = False,
) -> Line:
    """Return one register as a row: its name, the signal behind it where that differs, and its value."""
    mark = glyphs.cursor if selected else " "
    changed = register is not None and register.changed_age_s is not None and register.changed_age_s < FRESH_S
    raw = raw_text(register.words, number_format) if register is not None else "…"
    shown = value_text(register) if register is not None else ""
    signal = info.signal if info.signal != info.name else ""
    name = without_middle(formats.clean(info.name), columns.name, glyphs.cut)
    line: Line = [
        (mark, "focus"),
        (formats.fit(f"{info.address}{short_table(info.table)}", 7), "label"),
        (formats.fit(name, columns.name, glyphs.cut) + " ", "plain"),
    ]
    for text, width in ((signal, columns.signal), (info.type, columns.type), (raw, columns.raw)):
        if width:
            line.append((formats.fit(text, width - 1, glyphs.cut) + " ", "label"))
    value = formats.fit(formats.clean(shown), columns.value, glyphs.cut) + " "
    line.append((value, "strong" if changed else "plain"))
    if columns.access:
        line.append((f"{'r' if info.readable else '-'}{'w' if info.writable else ' '} ", "label"))
    if register is not None:
        line += _provenance(register, columns.who)
    return line


def provenance(register: RegisterValue) -> list[tuple[str, str]]:
    """Return who has set a register, longer and shorter, with roles; no form cuts an author or a port."""
    held = f"{register.held.upper()} " if register.held else ""
    if register.author:
        author = formats.clean(register.author)
        kind, _, name = author.partition(" ")
        return [(held + form, "strong") for form in (author, port_of(author), name or kind, kind)]
    if register.write_age_s is None:
        return [(held, "strong")]
    age, writer = formats.age(register.write_age_s), formats.clean(register.writer)
    refused = register.verdict.startswith(REFUSED)
    word = "refused" if refused else "W"
    fresh = "fresh" if register.write_age_s < FRESH_S else "written"
    role = "alarm" if refused else fresh if is_client(writer) else "strong"
    port = port_of(writer)
    forms = (f"{word} {age} {writer}", f"{word} {age} {port}", f"{word} {port}", port, f"{word} {age}", word)
    return [(held + form, role) for form in forms]


def who_columns(register: RegisterValue) -> tuple[int, int]:
    """Return the columns that who has set a register needs: the author or port alone, and with an age."""
    widths = [formats.columns(text) for text, _ in provenance(register)]
    if register.author:
        return widths[2], widths[1]
    if register.write_age_s is None:
        return widths[0], widths[0]
    return widths[3], widths[1] + MOST_AGE - len(formats.age(register.write_age_s))


def _provenance(register: RegisterValue, room: int) -> Line:
    """Return who has set a register, in so many columns; an age is whole or not there."""
    held = f"{register.held.upper()} " if register.held else ""
    forms = provenance(register)
    text, role = next((form for form in forms if formats.columns(form[0]) <= room), ("", "plain"))
    if not text:
        return [(formats.fit(held, max(0, room), ""), "strong")]
    if held and role != "strong":
        return [(held, "strong"), (text.removeprefix(held), role)]
    return [(text, role)]


def trace_lines(trace: WriteTrace, width: int, glyphs: Glyphs) -> list[Line]:
    """Return a write and what followed: when, what, by whom, in so many columns without cutting a number."""
    when = f" W {formats.age(trace.age_s):>4} ago "
    text, who = with_origin(
        formats.clean(trace.text), formats.clean(trace.origin), width - len(when), glyphs.cut
    )
    role = "written" if is_client(trace.origin) else "strong"
    lines: list[Line] = [[(when, role), (text, "plain"), (who, "label")]]
    if trace.effect:
        parts = in_lines(trace.effect, max(20, width - 5))
        lines += [
            [(f"   {glyphs.into if not place else ' '} {part}", "plain")] for place, part in enumerate(parts)
        ]
    return lines


def author_lines(register: RegisterValue, snapshot: Snapshot, width: int) -> list[Line]:
    """Return who has set the value and since what time of day, and the last write where it is another."""
    if not register.author or register.since_s is None:
        return []
    since = formats.clock((snapshot.day_s - snapshot.time_s + register.since_s) % 86_400.0, tenths=False)
    text = f" {value_text(register)}, {formats.clean(register.author)} since {since[:5]}"
    if register.writer:
        text += f"; last write W {formats.clean(register.writer)} {register.wrote}".rstrip()
    return [[(f" {part}", "strong")] for part in in_lines(text, max(20, width - 1))]


def detail(
    info: RegisterInfo,
    register: RegisterValue | None,
    frame: Frame,
    glyphs: Glyphs,
    width: int = 80,
) -> list[Line]:
    """Return everything about one register: meaning, bits, limits, the last writes and what followed."""
    lines: list[Line] = [[(f" {formats.clean(info.meaning or info.name)}", "focus")]]
    place = f"{info.table} {info.address}" + (f"–{info.address + info.count - 1}" if info.count > 1 else "")
    access = {(True, True): "read and write", (True, False): "read only"}.get(
        (info.readable, info.writable), "write only"
    )
    signal = f", signal {info.signal}" if info.signal else ""
    lines.append([(f" {place}, {info.type}, {access}{signal}", "label")])
    if register is not None:
        bits = raw_text(register.words, NumberFormat.BITS)
        dec = raw_text(register.words, NumberFormat.DEC)
        lines.append([(f" {raw_text(register.words, NumberFormat.HEX)}  {dec}  bits {bits}", "plain")])
        lines += author_lines(register, frame.snapshot, width)
    limits = _limits(info)
    if limits:
        lines.append([(f" takes {limits}", "label")])
    if info.options:
        options = ", ".join(f"{key} = {text}" for key, text in info.options.items())
        lines.append([(f" {options}", "label")])
    if register is not None and register.reads is not None and info.readable:
        often = f"{register.reads} reads" if register.reads != 1 else "1 read"
        none = " no client has read it since this device is shown"
        lines.append(
            [(f" {often} by clients since this device is shown" if register.reads else none, "label")]
        )
    if register is not None and register.verdict not in ("", "ok"):
        lines.append([(f" last write {formats.clean(register.verdict)}", "alarm")])
    own = [trace for trace in traces_of(frame, info.device) if info.signal and info.signal in trace.signals]
    for trace in reversed(own[-5:]):
        lines += trace_lines(trace, width, glyphs)
    if not own and info.writable:
        lines.append([(" nobody has written it yet", "label")])
    return lines


def _limits(info: RegisterInfo) -> str:
    unit = f" {info.unit}" if info.unit else ""
    if info.low is not None and info.high is not None:
        return f"{info.low:g} to {info.high:g}{unit}"
    if info.low is not None:
        return f"{info.low:g}{unit} or more"
    return f"up to {info.high:g}{unit}" if info.high is not None else ""


def traces_of(frame: Frame, device: str) -> list[WriteTrace]:
    """Return the writes to one device, oldest first."""
    return [trace for trace in frame.traces if trace.device == device]


def as_text(
    registers: Sequence[RegisterInfo], values: Sequence[RegisterValue], number_format: NumberFormat
) -> str:
    """Return registers as tab-separated text with a heading, for export and copy."""
    lines = ["table\taddress\tname\ttype\traw\tvalue\twritten by"]
    for register in values:
        info = registers[register.index]
        raw = raw_text(register.words, number_format)
        lines.append(
            formats.table_row(
                info.table, info.address, info.name, info.type, raw, value_text(register), register.writer
            )
        )
    return "\n".join(lines) + "\n"
