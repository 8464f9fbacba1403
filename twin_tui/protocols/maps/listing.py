"""Registers as a text table, printed by `twin-tui registers`."""

from itertools import groupby

from twin_tui.documents.tables import table
from twin_tui.protocols.maps.image import Cell
from twin_tui.protocols.maps.registers import Registers

HEAD = ("address", "name", "type", "access", "raw", "value", "signal")


def listing(registers: Registers, device: str, where: str = "") -> str:
    """Return the decoded registers of one device, table by table, with their endpoint."""
    registers.refresh()
    source = registers.map.description or registers.map.name
    place = f"  {where}" if where else ""
    parts = [f"{device}: {source}{place}"]
    for name, cells in groupby(registers.cells, key=lambda cell: cell.reader.table.value):
        parts.append(f"\n{name}\n{table(HEAD, [_row(cell, device) for cell in cells], right=(0,))}")
    return "\n".join(parts)


def _row(cell: Cell, device: str) -> tuple[str, ...]:
    register, data = cell.reader, cell.data
    text, option = register.text(data), register.option(data)
    value = f"{text}  ({option})" if option else text
    signal = register.signal.name if register.signal is not None else ""
    readable = "rw" if register.readable else "wo"
    return (
        str(register.address),
        register.name,
        register.layout.type.name,
        readable if cell.writer is not None else "ro",
        raw_text(cell.words),
        value + ("  FORCED" if signal in cell.device.pins else ""),
        f"{cell.device.name}.{signal}" if signal and cell.device.name != device else signal or "-",
    )


def raw_text(words: tuple[int, ...]) -> str:
    """Return words in hexadecimal, long lists shortened."""
    texts = [f"{word:04X}" for word in words]
    return " ".join(texts) if len(texts) <= 4 else f"{' '.join(texts[:3])} … ({len(texts)} words)"
